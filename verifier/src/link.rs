//! The first pass: 64-bit immediates are whole, and the maps behind their fds are known.
//!
//! Source: `replace_map_fd_with_map_ptr()` of v4.4, `resolve_pseudo_ldimm64()` of v5.8.

use bpfsim_abi::helper::HelperProto;
use bpfsim_abi::insn::{Insn, code};
use bpfsim_abi::{Errno, helper_id, helper_protos};

use crate::era::Era;
use crate::rules::{self, No};
use crate::{Env, MapShape, ctx, fields};

/// `BPF_LD | BPF_IMM | BPF_DW`.
pub(crate) const LDDW: u8 = code::BPF_LD | code::BPF_IMM | code::BPF_DW;

/// `MAX_USED_MAPS`.
const MAPS_AT_MOST: usize = 64;

/// `BPF_MAP_TYPE_ARRAY`.
const ARRAY: u32 = 2;

/// The maps of a program.
#[derive(Clone, Debug, Default)]
pub(crate) struct Maps {
    /// Handle of [`Env::map`], in the order of first use.
    pub handles: Vec<u32>,
    /// Shape of the same index.
    pub shapes: Vec<MapShape>,
    /// For each instruction, the map that it names.
    pub at: Vec<Option<u16>>,
}

impl Maps {
    fn add(&mut self, handle: u32, shape: MapShape) -> Result<u16, No> {
        let known = self.handles.iter().position(|&known| known == handle);
        let index = match known {
            Some(index) => index,
            None if self.handles.len() >= MAPS_AT_MOST => return Err(rules::too_many_maps()),
            None => {
                self.handles.push(handle);
                self.shapes.push(shape);
                self.handles.len() - 1
            }
        };
        Ok(index as u16)
    }
}

/// Checks every instruction's opcode and resolves every map, in program order.
pub(crate) fn link(era: Era, program: &[Insn], env: &mut dyn Env) -> Result<Maps, (usize, No)> {
    let mut maps = Maps { at: vec![None; program.len()], ..Maps::default() };
    let mut pc = 0;
    while pc < program.len() {
        let insn = program[pc];
        let at = |no| (pc, no);
        if insn.code != LDDW {
            fields::opcode(era, insn).map_err(at)?;
            pc += 1;
            continue;
        }
        let whole = program
            .get(pc + 1)
            .is_some_and(|high| high.code == 0 && high.regs == 0 && high.off == 0);
        if !whole {
            return Err(at(rules::plain("invalid bpf_ld_imm64 insn")));
        }
        maps.at[pc] = resolve(era, program, pc, env, &mut maps).map_err(at)?;
        pc += 2;
    }
    Ok(maps)
}

fn resolve(
    era: Era,
    program: &[Insn],
    pc: usize,
    env: &mut dyn Env,
    maps: &mut Maps,
) -> Result<Option<u16>, No> {
    let (low, high) = (program[pc], program[pc + 1]);
    match low.src() {
        0 => return Ok(None),
        code::BPF_PSEUDO_MAP_FD => {}
        code::BPF_PSEUDO_MAP_VALUE if era.since(5, 2) => {}
        // BTF ids v5.6, functions v5.13, fd arrays v5.14.
        3..=6 if era.since(5, 6) => return Ok(None),
        _ => return Err(rules::plain("unrecognized bpf_ld_imm64 insn")),
    }
    let direct = low.src() == code::BPF_PSEUDO_MAP_VALUE;
    // Before the fd is looked at: resolve_pseudo_ldimm64(), v5.2 to v7.1.
    if !direct && high.imm != 0 && era.since(5, 2) {
        return Err(rules::plain("unrecognized bpf_ld_imm64 insn"));
    }
    let (handle, shape) = env.map(low.imm).map_err(|errno| rules::bad_map_fd(low.imm, errno))?;
    if direct {
        direct_value(shape, high.imm as u32)?;
    }
    maps.add(handle, shape).map(Some)
}

/// An address within the value of a map: only arrays of one element (v5.2, d8eca5bbb2be).
fn direct_value(shape: MapShape, off: u32) -> Result<(), No> {
    if shape.map_type != ARRAY {
        return Err(rules::plain("no direct value access support for this map type"));
    }
    if shape.max_entries != 1 {
        let message = format!(
            "invalid access to map value pointer, value_size={} off={off}",
            shape.value_size
        );
        return Err(No::new(Errno::ENOTSUPP, message));
    }
    if off >= shape.value_size {
        let message = format!(
            "invalid access to map value pointer, value_size={} off={off}",
            shape.value_size
        );
        return Err(No::new(Errno::EINVAL, message));
    }
    Ok(())
}

/// The helper `id`, or what the kernel says of it.
///
/// `__BPF_FUNC_MAX_ID` is one more than the last helper of the release; a series' own helpers are
/// known to `env`.
pub(crate) fn helper(era: Era, env: &dyn Env, id: i32) -> Result<HelperProto, No> {
    if let Some(proto) = env.helper(id) {
        return Ok(proto);
    }
    let number = u32::try_from(id).ok();
    let exists = id == 0 || number.is_some_and(|id| helper_id::exists(id, era.release()));
    let in_tables = helper_protos::protos().iter().any(|row| Some(row.proto.id) == number);
    Err(match (exists, in_tables || id == 0) {
        (false, _) => rules::invalid_helper(era, id),
        // What such a program may call is in no table.
        (true, true) if !ctx::is_modelled(env.prog_type()) => rules::helper_not_modelled(era, id),
        (true, true) => rules::unknown_helper(era, id),
        (true, false) => rules::helper_not_modelled(era, id),
    })
}
