//! What a kernel says of helper calls and their arguments.

use bpfsim_abi::insn::Reg;
use bpfsim_abi::{Errno, helper_id};

use super::{No, R, access, invalid, type_name};
use crate::era::{Era, v};
use crate::state::{STACK_BYTES, Value};

/// A helper as messages name it: by number, since v4.10 (ebb676daa1a3) by name too.
fn helper(era: Era, id: i32) -> String {
    let known = u32::try_from(id).ok().and_then(|id| helper_id::by_number(id, era.release()));
    match known {
        _ if !era.since(4, 10) => id.to_string(),
        Some(entry) => format!("{}#{id}", entry.name),
        None if id == 0 => "bpf_unspec#0".to_owned(),
        None => format!("unknown#{id}"),
    }
}

pub(crate) fn invalid_helper(era: Era, id: i32) -> No {
    invalid(format!("invalid func {}", helper(era, id)))
}

/// v6.10 says that it is the program's type that the helper does not suit.
pub(crate) fn unknown_helper(era: Era, id: i32) -> No {
    let words = match era.since(6, 10) {
        true => "program of this type cannot use helper",
        false => "unknown func",
    };
    invalid(format!("{words} {}", helper(era, id)))
}

/// The release has this helper, and whom it serves stands in no table here.
pub(crate) fn helper_not_modelled(era: Era, id: i32) -> No {
    No::not_modelled(format!("helper {}", helper(era, id)))
}

/// A tail call into what is no program array: v5.5 (d2e4c1e6c294) looks before the table does.
pub(crate) fn tail_call_map(era: Era, map_type: u32) -> No {
    match era.release() {
        release if release < v(5, 5) => wrong_map_type(era, map_type, "tail_call", 12),
        release if release < v(6, 16) => invalid("kernel subsystem misconfigured verifier"),
        release if release < v(6, 17) => {
            No::new(Errno::EFAULT, "verifier bug: expected array map for tail call(1)")
        }
        _ => invalid("expected prog array map for tail call"),
    }
}

pub(crate) fn gpl_only() -> No {
    invalid("cannot call GPL only function from proprietary program")
}

pub(crate) fn argument_type(era: Era, reg: Reg, value: Value, expected: &str) -> No {
    access(format!("{} type={} expected={expected}", R(reg), type_name(era, value)))
}

/// The types of memory that a helper's pointer argument may have.
pub(crate) fn memory_types(era: Era) -> &'static str {
    match era.release() {
        release if release < v(5, 10) => "fp",
        _ => "fp, pkt, pkt_meta, map_key, map_value",
    }
}

pub(crate) fn argument_stack_bounds(era: Era, reg: Reg, off: i64, size: i64, write: bool) -> No {
    if !era.since(5, 12) {
        return access(format!("invalid stack type {} off={off} access_size={size}", R(reg)));
    }
    let verb = if write { "write to" } else { "read from" };
    let no = access(format!("invalid {verb} stack {} off={off} size={size}", R(reg)));
    // What starts within the stack and ends above it is EINVAL since v6.8 (a833a17aeac7).
    let ends_above = (-STACK_BYTES..0).contains(&off) && era.since(6, 8);
    if ends_above { No { errno: Errno::EINVAL, ..no } } else { no }
}

pub(crate) fn size_may_be_negative(reg: Reg) -> No {
    access(format!("{} min value is negative, either use unsigned or 'var &= const'", R(reg)))
}

pub(crate) fn argument_uninit_stack(era: Era, reg: Reg, off: i64, at: i64, size: i64) -> No {
    if !era.since(5, 12) {
        return access(format!("invalid indirect read from stack off {off}+{at} size {size}"));
    }
    access(format!("invalid indirect read from stack {} off {off}+{at} size {size}", R(reg)))
}

pub(crate) fn wrong_map_type(era: Era, map_type: u32, name: &str, id: u32) -> No {
    let func = if era.since(4, 10) { format!("bpf_{name}#{id}") } else { id.to_string() };
    invalid(format!("cannot pass map_type {map_type} into func {func}"))
}

/// A helper table that asks for a map's key before a map: the table's fault, not the program's.
pub(crate) fn helper_without_map(what: &str) -> No {
    access(format!("invalid map_ptr to access map->{what}"))
}
