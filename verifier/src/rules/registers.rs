//! What a kernel says of registers and arithmetic.

use bpfsim_abi::insn::Reg;

use super::{No, R, access, invalid, type_name};
use crate::era::Era;
use crate::state::Value;

pub(crate) fn not_readable(reg: Reg) -> No {
    access(format!("{} !read_ok", R(reg)))
}

pub(crate) fn frame_is_read_only() -> No {
    access("frame pointer is read only")
}

pub(crate) fn partial_copy(reg: Reg) -> No {
    access(format!("{} partial copy of pointer", R(reg)))
}

/// Before v4.14, and for unprivileged loaders only.
pub(crate) fn pointer_arithmetic(reg: Reg) -> No {
    access(format!("{} pointer arithmetic prohibited", R(reg))).before(4, 7)
}

/// `-r`, byte swaps and the like on a pointer: prohibited for the unprivileged in every release.
pub(crate) fn pointer_negation(reg: Reg) -> No {
    access(format!("{} pointer arithmetic prohibited", R(reg)))
}

/// Since v4.14 a pointer that cannot be moved (v5.18 and later spell the type in lower case).
pub(crate) fn pointer_cannot_move(era: Era, reg: Reg, value: Value) -> No {
    let name = match value {
        Value::MapValueOrNull { .. } if !era.since(4, 20) => "PTR_TO_MAP_VALUE_OR_NULL",
        Value::MapPtr { .. } if !era.since(4, 20) => "CONST_PTR_TO_MAP",
        other => type_name(era, other),
    };
    let hint = match value {
        Value::MapValueOrNull { .. } => ", null-check it first",
        _ => "",
    };
    let no = access(format!("{} pointer arithmetic on {name} prohibited{hint}", R(reg)));
    let maybe_value = matches!(value, Value::MapValueOrNull { fuzzy: true, .. });
    if maybe_value { no.before(6, 14) } else { no }
}

pub(crate) fn bitwise_on_pointer(reg: Reg, operator: &str) -> No {
    access(format!("{} bitwise operator {operator} on pointer prohibited", R(reg)))
}

pub(crate) fn operator_on_pointer(reg: Reg, operator: &str) -> No {
    access(format!("{} pointer arithmetic with {operator} operator prohibited", R(reg)))
}

pub(crate) fn pointer_with_pointer(reg: Reg, operator: &str) -> No {
    access(format!("{} pointer {operator} pointer prohibited", R(reg)))
}

pub(crate) fn subtract_from_scalar(reg: Reg) -> No {
    access(format!("{} tried to subtract pointer from scalar", R(reg)))
}

pub(crate) fn subtract_from_stack(reg: Reg) -> No {
    access(format!("{} subtraction from stack pointer prohibited", R(reg)))
}

pub(crate) fn math_with_constant(name: &str, value: i64) -> No {
    invalid(format!("math between {name} pointer and {value} is not allowed"))
}

pub(crate) fn math_with_unbounded(name: &str) -> No {
    invalid(format!(
        "math between {name} pointer and register with unbounded min value is not allowed"
    ))
}

pub(crate) fn makes_pointer_out_of_bounds(value: i64, name: &str) -> No {
    invalid(format!("value {value} makes {name} pointer be out of bounds"))
}

pub(crate) fn narrow_on_pointer(reg: Reg) -> No {
    access(format!("{} 32-bit pointer arithmetic prohibited", R(reg)))
}

pub(crate) fn pointer_comparison(reg: Reg) -> No {
    access(format!("{} pointer comparison prohibited", R(reg)))
}

/// A shift by a constant that is no shift (v4.5, 229394e8e62a).
pub(crate) fn invalid_shift(by: i32) -> No {
    invalid(format!("invalid shift {by}"))
}
