//! The assembler of programs in cases.

use bpfsim_abi::{Insn, helper_id};
use bpfsim_conform::Assemble;
use bpfsim_lab::asm::{NameTable, assemble};
use zerocopy::IntoBytes;

/// The lab's assembler; maps are named by the fds of the case.
pub struct Lab;

impl Assemble for Lab {
    fn assemble(&self, source: &str, maps: &[(String, u32)]) -> Result<Vec<u8>, String> {
        let helper = |entry: &bpfsim_abi::tables::Entry| {
            let name = entry.name.strip_prefix("BPF_FUNC_").unwrap_or(entry.name).to_owned();
            i32::try_from(entry.number).ok().map(|number| (name, number))
        };
        let names = NameTable {
            helpers: helper_id::ALL.iter().filter_map(helper).collect(),
            maps: maps.iter().map(|(name, _)| name.clone()).collect(),
        };
        let mut program = assemble(source, &names).map_err(|error| error.to_string())?;
        for map in &program.map_refs {
            let fd = maps.iter().find(|(name, _)| *name == map.map).map_or(0, |(_, fd)| *fd);
            program.insns[map.insn].imm = fd.cast_signed();
        }
        Ok(program.insns.iter().flat_map(bytes).collect())
    }
}

fn bytes(insn: &Insn) -> Vec<u8> {
    insn.as_bytes().to_vec()
}
