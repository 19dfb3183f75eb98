//! What a kernel says of fields, opcodes, jumps, graphs and maps.

use bpfsim_abi::Errno;

use super::{No, access, invalid};
use crate::era::Era;

/// An instruction uses a field that must be zero.
pub(crate) fn reserved(name: &str) -> No {
    invalid(format!("{name} uses reserved fields"))
}

/// Since v4.17 (5e581dad4fec) every opcode is looked up before anything else.
pub(crate) fn unknown_opcode(code: u8) -> No {
    invalid(format!("unknown opcode {code:02x}"))
}

pub(crate) fn plain(message: &str) -> No {
    invalid(message)
}

pub(crate) fn plain_access(message: &str) -> No {
    access(message)
}

pub(crate) fn invalid_register(number: u8) -> No {
    invalid(format!("R{number} is invalid"))
}

pub(crate) fn jump_out_of_range(from: usize, to: i64) -> No {
    invalid(format!("jump out of range from insn {from} to {to}"))
}

pub(crate) fn back_edge(from: usize, to: usize) -> No {
    invalid(format!("back-edge from insn {from} to {to}"))
}

pub(crate) fn unreachable(pc: usize) -> No {
    invalid(format!("unreachable insn {pc}"))
}

pub(crate) fn into_the_middle(pc: usize) -> No {
    invalid(format!("jump into the middle of ldimm64 insn {pc}"))
}

pub(crate) fn infinite_loop(pc: usize) -> No {
    invalid(format!("infinite loop detected at insn {pc}"))
}

/// v4.4 misspells "processed", and so do its successors up to v4.19. `exact` says that the walk
/// so far is the kernel's, step by step.
pub(crate) fn too_large(era: Era, walked: usize, exact: bool) -> No {
    let word = if era.since(5, 0) { "Processed" } else { "Proccessed" };
    let no = No::new(Errno::E2BIG, format!("BPF program is too large. {word} {walked} insn"));
    if exact { no } else { no.before(4, 7) }
}

pub(crate) fn too_complex(era: Era) -> No {
    let no = No::new(Errno::EFAULT, "BPF program is too complex");
    if era.walk_limit_is_exact() { no } else { no.before(4, 7) }
}

pub(crate) fn bad_map_fd(fd: i32, errno: Errno) -> No {
    No::new(errno, format!("fd {fd} is not pointing to valid bpf_map"))
}

/// `MAX_USED_MAPS` is 64; the kernel says nothing before v5.x.
pub(crate) fn too_many_maps() -> No {
    No::new(Errno::E2BIG, "")
}
