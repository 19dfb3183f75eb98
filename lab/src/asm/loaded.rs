//! Programs as PROG_LOAD takes them: bytes, with the fds of their maps filled in.

use super::{AsmError, NameTable, assemble};
use bpfsim_abi::helper_id;
use bpfsim_abi::tables::Entry;
use zerocopy::IntoBytes;

/// Assembles `text` with every helper of the tables and these maps, each with its fd.
///
/// # Errors
/// As [`assemble`].
pub fn with_fds(text: &str, maps: &[(String, u32)]) -> Result<Vec<u8>, AsmError> {
    let helper = |entry: &Entry| {
        let name = entry.name.trim_start_matches("BPF_FUNC_").trim_start_matches("bpf_");
        i32::try_from(entry.number).ok().map(|number| (name.to_owned(), number))
    };
    let names = NameTable {
        helpers: helper_id::ALL.iter().filter_map(helper).collect(),
        maps: maps.iter().map(|(name, _)| name.clone()).collect(),
    };
    let mut program = assemble(text, &names)?;
    for map in &program.map_refs {
        // The last of two fds with one name, as in the order of calls.
        let fd = maps.iter().rev().find(|(name, _)| *name == map.map);
        program.insns[map.insn].imm = fd.map_or(0, |(_, fd)| fd.cast_signed());
    }
    Ok(program.insns.iter().flat_map(|insn| insn.as_bytes().to_vec()).collect())
}
