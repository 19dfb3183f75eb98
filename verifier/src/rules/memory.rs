//! What a kernel says of loads, stores and packets.

use bpfsim_abi::insn::Reg;

use super::{No, R, access, invalid, type_name};
use crate::era::Era;
use crate::scalar::Scalar;
use crate::state::Value;

/// v4.4 asks alignment of every access; since v4.7 more and more memory does without.
pub(crate) fn misaligned(off: i64, size: u32) -> No {
    access(format!("misaligned access off {off} size {size}")).before(4, 7)
}

/// The stack's alignment, which every release asks.
pub(crate) fn misaligned_stack(era: Era, base: i64, off: i64, size: u32) -> No {
    let total = base + off;
    if !era.ranges() {
        return access(format!("misaligned access off {total} size {size}"));
    }
    let var = if era.since(6, 0) { "0" } else { "(0x0; 0x0)" };
    access(format!("misaligned stack access off {var}+{base}+{off} size {size}"))
}

/// Known bits as the kernel prints them (`tnum_strn()`), for a number that is known or whose
/// upper bits are zero.
fn known_bits(era: Era, scalar: Scalar) -> String {
    match scalar.value() {
        Some(value @ 0..=0xffff) if era.since(6, 0) => value.to_string(),
        Some(value) if era.since(6, 0) => format!("{value:#x}"),
        Some(value) => format!("({value:#x}; 0x0)"),
        None => format!("(0x0; {:#x})", scalar.umax),
    }
}

/// `what` is "value " for a map's value; `var` is the variable part, `fixed` the constant one.
pub(crate) fn misaligned_atomic(
    era: Era,
    what: &str,
    var: Scalar,
    fixed: i64,
    off: i64,
    size: u32,
) -> No {
    let var = known_bits(era, var);
    access(format!("misaligned {what}access off {var}+{fixed}+{off} size {size}"))
}

pub(crate) fn map_bounds(era: Era, reg: Reg, value_size: u32, off: i64, size: u32) -> No {
    let head =
        format!("invalid access to map value, value_size={value_size} off={off} size={size}");
    if !era.ranges() {
        return access(head);
    }
    access(format!("{head}\n{} min value is outside of the {} memory range", R(reg), {
        if era.since(5, 3) { "allowed" } else { "array" }
    }))
}

pub(crate) fn map_max_bounds(era: Era, reg: Reg, value_size: u32, off: i64, size: u32) -> No {
    let no = map_bounds(era, reg, value_size, off, size);
    No { message: no.message.replace(" min value is", " max value is"), ..no }
}

pub(crate) fn map_min_negative(reg: Reg) -> No {
    access(format!(
        "{} min value is negative, either use unsigned index or do a if (index >=0) check.",
        R(reg)
    ))
}

/// `BPF_F_RDONLY_PROG` or `BPF_F_WRONLY_PROG` (v5.2).
pub(crate) fn map_forbidden(verb: &str, value_size: u32, off: i64, size: u32) -> No {
    access(format!("{verb} map forbidden, value_size={value_size} off={off} size={size}"))
}

pub(crate) fn stack_bounds(era: Era, reg: Reg, off: i64, size: u32, write: bool) -> No {
    if !era.since(5, 12) {
        return access(format!("invalid stack off={off} size={size}"));
    }
    let verb = if write { "write to" } else { "read from" };
    access(format!("invalid {verb} stack {} off={off} size={size}", R(reg)))
}

pub(crate) fn uninit_stack_read(off: i64, at: i64, size: u32) -> No {
    access(format!("invalid read from stack off {off}+{at} size {size}"))
}

pub(crate) fn spill_size() -> No {
    access("invalid size of register spill")
}

/// Half of a spilled register is read; v5.3 (f7cf25b2026d) calls that a fill.
pub(crate) fn fill_size(era: Era) -> No {
    let word = if era.since(5, 3) { "fill" } else { "spill" };
    access(format!("invalid size of register {word}"))
}

pub(crate) fn corrupted_spill() -> No {
    access("corrupted spill memory")
}

pub(crate) fn corrupting_spill() -> No {
    access("attempt to corrupt spilled pointer on stack")
}

pub(crate) fn bad_ctx_access(off: i64, size: u32) -> No {
    access(format!("invalid bpf_context access off={off} size={size}"))
}

pub(crate) fn bad_base(era: Era, reg: Reg, value: Value) -> No {
    access(format!("{} invalid mem access '{}'", R(reg), type_name(era, value)))
}

pub(crate) fn leaks(reg: Reg, into: &str) -> No {
    access(format!("{} leaks addr into {into}", R(reg)))
}

pub(crate) fn two_kinds_of_pointer() -> No {
    invalid("same insn cannot be used with different pointers")
}

/// v4.16 (f37a8cb84cce) refuses stores into the context that are no `stx`.
pub(crate) fn store_into_ctx(era: Era, what: &str, reg: Reg) -> No {
    let ctx = if era.since(4, 18) { "ctx" } else { "context" };
    access(format!("{what} stores into {} {ctx} is not allowed", R(reg)))
}

pub(crate) fn packet_load_not_here() -> No {
    invalid("BPF_LD_[ABS|IND] instructions not allowed for this program type")
}

/// The wording of v4.4, with one bar.
pub(crate) fn packet_load_not_here_v4_4() -> No {
    invalid("BPF_LD_ABS|IND instructions not allowed for this program type")
}

pub(crate) fn packet_load_without_skb() -> No {
    invalid("at the time of BPF_LD_ABS|IND R6 != pointer to skb")
}

pub(crate) fn leaks_at_exit() -> No {
    access("R0 leaks addr as return value")
}

/// r0 is a pointer where a number in a range is asked for. v6.8 put the place first.
pub(crate) fn return_not_known(era: Era, value: Value) -> No {
    let name = type_name(era, value);
    invalid(format!("At program exit the register R0 is not a known value ({name})"))
}

/// r0 is a number out of its range. Up to v6.7 bits are compared, which are known here for
/// constants and where nothing is known; v6.8 compares bounds.
pub(crate) fn return_out_of_range(era: Era, scalar: Scalar, (least, most): (i64, i64)) -> No {
    let at = "At program exit the register R0 has";
    if era.since(6, 8) {
        let mut bounds = String::new();
        if scalar.smin > i64::MIN {
            bounds += &format!(" smin={}", scalar.smin);
        }
        if scalar.smax < i64::MAX {
            bounds += &format!(" smax={}", scalar.smax);
        }
        if bounds.is_empty() {
            bounds += " unknown scalar value";
        }
        return invalid(format!("{at}{bounds} should have been in [{least}, {most}]"));
    }
    let value = match scalar.value() {
        Some(value) => format!("value ({value:#x}; 0x0)"),
        None if scalar.is_unknown() => "unknown scalar value".to_owned(),
        None => return No::not_modelled("the known bits of a return value"),
    };
    let wanted = match era.since(5, 2) {
        true => format!("in ({least:#x}; {:#x})", most - least),
        false => "0 or 1".to_owned(),
    };
    invalid(format!("{at} {value} should have been {wanted}"))
}
