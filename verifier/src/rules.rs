//! What a kernel says: one function per rule, with its errno, its message in v4.4 and later, and
//! the release that first lets some programs pass it.
//!
//! Source: the `verbose()` calls of `kernel/bpf/verifier.c`; the messages are part of what a
//! caller of bpf(2) sees. Later wordings were read from the log of a v6.18 kernel.

use std::fmt;

use bpfsim_abi::insn::Reg;
use bpfsim_abi::{Errno, Release, helper_id};

use crate::era::{Era, v};
use crate::scalar::Scalar;
use crate::state::{STACK_BYTES, Value};

/// A rule that an instruction breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct No {
    pub errno: Errno,
    pub message: String,
    /// From this release on a later verifier may accept it, and we cannot judge.
    pub relaxed: Option<Release>,
}

impl No {
    pub fn new(errno: Errno, message: impl Into<String>) -> No {
        No { errno, message: message.into(), relaxed: None }
    }

    /// Holds before `major.minor` only.
    pub fn before(self, major: u8, minor: u8) -> No {
        No { relaxed: Some(v(major, minor)), ..self }
    }

    /// Holds in every release after all, where `always` says so.
    pub fn or_holds(self, always: bool) -> No {
        if always { No { relaxed: None, ..self } } else { self }
    }

    /// Nobody's verdict: we do not know.
    pub fn not_modelled(why: impl Into<String>) -> No {
        No { relaxed: Some(v(0, 0)), ..No::new(Errno::ENOTSUPP, why) }
    }

    /// The rule holds in this release.
    pub fn holds(&self, release: Release) -> bool {
        self.relaxed.is_none_or(|relaxed| release < relaxed)
    }
}

fn access(message: impl Into<String>) -> No {
    No::new(Errno::EACCES, message)
}

fn invalid(message: impl Into<String>) -> No {
    No::new(Errno::EINVAL, message)
}

/// `R3`, as messages spell registers.
pub(crate) struct R(pub Reg);

impl fmt::Display for R {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "R{}", self.0.index())
    }
}

/// `reg_type_str[]`: the name of a register's type.
pub(crate) fn type_name(era: Era, value: Value) -> &'static str {
    match value {
        Value::NotInit => "?",
        Value::Scalar(_) if era.since(5, 18) => "scalar",
        Value::Scalar(scalar) if !era.ranges() && scalar.value().is_some() => "imm",
        Value::Scalar(_) => "inv",
        Value::Ctx { .. } => "ctx",
        Value::MapPtr { .. } => "map_ptr",
        Value::MapValue { .. } => "map_value",
        Value::MapValueOrNull { .. } => "map_value_or_null",
        Value::Frame | Value::Stack { .. } => "fp",
    }
}

// ---- structure ------------------------------------------------------------------------------

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

// ---- registers ------------------------------------------------------------------------------

pub(crate) fn not_readable(reg: Reg) -> No {
    access(format!("{} !read_ok", R(reg)))
}

pub(crate) fn frame_is_read_only() -> No {
    access("frame pointer is read only")
}

// ---- arithmetic -----------------------------------------------------------------------------

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

// ---- memory ---------------------------------------------------------------------------------

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

// ---- packet loads and exit ------------------------------------------------------------------

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

// ---- calls ----------------------------------------------------------------------------------

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_holds_until_it_is_relaxed() {
        let no = misaligned(3, 4);
        assert!(no.holds(v(4, 6)));
        assert!(!no.holds(v(4, 7)));
        assert!(!No::not_modelled("x").holds(v(4, 4)));
        assert!(back_edge(1, 0).holds(v(6, 18)));
    }

    #[test]
    fn types_are_spelled_by_the_release() {
        let five = Value::constant(5);
        assert_eq!(type_name(Era::new(v(4, 4), true), five), "imm");
        assert_eq!(type_name(Era::new(v(4, 4), true), Value::UNKNOWN), "inv");
        assert_eq!(type_name(Era::new(v(4, 14), true), five), "inv");
        assert_eq!(type_name(Era::new(v(5, 18), true), five), "scalar");
    }
}
