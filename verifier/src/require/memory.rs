//! What loads, stores and atomic operations require. Source: `check_mem_access()`,
//! `check_stack_read()`, `check_stack_write()`, `check_xadd()` of v4.4.

use bpfsim_abi::insn::{Op, Operand, Reg};

use super::{Cx, readable, writable};
use crate::ctx::{self, Answer};
use crate::rules::{self, No};
use crate::scalar::Scalar;
use crate::state::{Byte, STACK_BYTES, State, Value};

/// `BPF_F_RDONLY_PROG` and `BPF_F_WRONLY_PROG` (v5.2).
pub(crate) const RDONLY_PROG: u32 = 1 << 7;
const WRONLY_PROG: u32 = 1 << 8;

/// One access of `size` bytes at `base + off`.
#[derive(Clone, Copy)]
struct Access {
    base: Reg,
    off: i64,
    size: u32,
    kind: Kind,
    /// Must be aligned whatever the memory: atomics, since v4.18 (ca369602879d).
    strict: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Read,
    /// What is stored, when it is a register.
    Write(Option<Reg>),
}

impl Access {
    fn is_write(&self) -> bool {
        self.kind != Kind::Read
    }
}

pub(super) fn check(cx: Cx<'_>, state: &State, op: Op) -> Result<(), No> {
    let access = |base, off: i16, size: bpfsim_abi::insn::Size, kind| {
        let strict = matches!(op, Op::Atomic { .. }) && cx.era.since(4, 18);
        memory(cx, state, Access { base, off: off.into(), size: size.bytes(), kind, strict })
    };
    match op {
        Op::Load { size, dst, src, off, .. } | Op::LoadAcquire { size, dst, src, off } => {
            readable(state, src)?;
            writable(dst)?;
            access(src, off, size, Kind::Read)
        }
        Op::Store { size, dst, off, src: Operand::Reg(src) }
        | Op::StoreRelease { size, dst, off, src } => {
            readable(state, src)?;
            readable(state, dst)?;
            access(dst, off, size, Kind::Write(Some(src)))
        }
        Op::Store { size, dst, off, src: Operand::Imm(_) } => {
            readable(state, dst)?;
            // Refused from v4.16 (f37a8cb84cce) to v6.3 (0d80a619c113).
            if is_ctx(state, dst) && cx.era.since(4, 16) && !cx.era.since(6, 4) {
                return Err(rules::store_into_ctx(cx.era, "BPF_ST", dst));
            }
            access(dst, off, size, Kind::Write(None))
        }
        Op::Atomic { size, op, dst, off, src, .. } => {
            readable(state, src)?;
            readable(state, dst)?;
            if op == bpfsim_abi::insn::AtomicOp::Cmpxchg {
                readable(state, Reg::R0)?;
            }
            if cx.is_secret(state, src) {
                return Err(rules::leaks(src, "mem"));
            }
            if is_ctx(state, dst) && cx.era.since(4, 16) {
                let what = if cx.era.since(5, 12) { "BPF_ATOMIC" } else { "BPF_XADD" };
                return Err(rules::store_into_ctx(cx.era, what, dst));
            }
            access(dst, off, size, Kind::Read)?;
            access(dst, off, size, Kind::Write(None))
        }
        _ => Ok(()),
    }
}

fn is_ctx(state: &State, reg: Reg) -> bool {
    matches!(state.reg(reg), Value::Ctx { .. })
}

fn memory(cx: Cx<'_>, state: &State, access: Access) -> Result<(), No> {
    let Access { base, off, size, .. } = access;
    let value = state.reg(base);
    if let Some(from) = value.stack_offset() {
        if (from + off) % i64::from(size) != 0 {
            return Err(rules::misaligned_stack(cx.era, from, off, size));
        }
        return stack(cx, state, access, from + off);
    }
    if off % i64::from(size) != 0 && !cx.era.ranges() {
        return Err(rules::misaligned(off, size));
    }
    if access.strict {
        aligned(cx, access, value)?;
    }
    match value {
        Value::MapValue { map, lo, hi, fuzzy } => {
            no_leak(cx, state, access, "map")?;
            map_value(cx, access, map, (lo, hi, fuzzy))
        }
        Value::Ctx { off: 0 } => {
            no_leak(cx, state, access, "ctx")?;
            context(cx, access)
        }
        Value::Ctx { .. } => Err(No::not_modelled("an access through a moved context pointer")),
        Value::NotInit
        | Value::Scalar(_)
        | Value::MapPtr { .. }
        | Value::MapValueOrNull { .. }
        | Value::Frame
        | Value::Stack { .. } => Err(bad_base(cx, base, value)),
    }
}

/// `check_generic_ptr_alignment()` for what need not be aligned otherwise.
fn aligned(cx: Cx<'_>, access: Access, value: Value) -> Result<(), No> {
    let Access { base, off, size, .. } = access;
    let misaligned = |at: i64| (at + off) % i64::from(size) != 0;
    let (what, var, fixed) = match value {
        Value::MapValue { lo, hi, .. } if lo == hi => ("value ", Scalar::constant(0), lo),
        Value::MapValue { .. } => {
            return Err(No::not_modelled("an atomic operation at a variable offset"));
        }
        Value::Ctx { off } => ("", Scalar::constant(0), off),
        Value::Scalar(scalar) => ("", scalar, 0),
        Value::MapValueOrNull { fuzzy: true, .. } => return Err(bad_base(cx, base, value)),
        Value::NotInit
        | Value::MapPtr { .. }
        | Value::MapValueOrNull { .. }
        | Value::Frame
        | Value::Stack { .. } => ("", Scalar::constant(0), 0),
    };
    match var.value() {
        Some(at) if !misaligned(at.wrapping_add(fixed) % 8) => Ok(()),
        Some(_) => Err(rules::misaligned_atomic(cx.era, what, var, fixed, off, size)),
        // No number is aligned for certain; which bits are known is not ours to say.
        None if var.fuzzy => Err(bad_base(cx, base, value)),
        None => Err(rules::misaligned_atomic(cx.era, what, var, fixed, off, size)),
    }
}

fn bad_base(cx: Cx<'_>, base: Reg, value: Value) -> No {
    let no = rules::bad_base(cx.era, base, value);
    match value {
        // Null checks spread to copies since v4.10 (57a09bf0a416); moved pointers stay pointers
        // since v4.7 (packets) and v4.9 (map values).
        Value::MapValueOrNull { .. } if !cx.era.ranges() => no.before(4, 10),
        Value::MapValueOrNull { fuzzy: true, .. } => no.before(6, 14),
        Value::Scalar(_) if !cx.era.ranges() => no.before(4, 7),
        // Fields of struct bpf_map may be read since v5.9 (41c48f3a9823).
        Value::MapPtr { .. } => no.before(5, 9),
        _ => no,
    }
}

fn no_leak(cx: Cx<'_>, state: &State, access: Access, into: &str) -> Result<(), No> {
    match access.kind {
        Kind::Write(Some(reg)) if cx.is_secret(state, reg) => Err(rules::leaks(reg, into)),
        Kind::Write(_) | Kind::Read => Ok(()),
    }
}

fn map_value(
    cx: Cx<'_>,
    access: Access,
    map: u16,
    (lo, hi, fuzzy): (i64, i64, bool),
) -> Result<(), No> {
    let shape = cx.maps.shapes[usize::from(map)];
    let Access { base, off, size, .. } = access;
    let forbidden = if access.is_write() { RDONLY_PROG } else { WRONLY_PROG };
    if cx.era.since(5, 2) && shape.flags & forbidden != 0 {
        let verb = if access.is_write() { "write into" } else { "read from" };
        return Err(rules::map_forbidden(verb, shape.value_size, off, size));
    }
    let fits = |at: i64| at >= 0 && at + i64::from(size) <= i64::from(shape.value_size);
    let no = match (fits(lo + off), fits(hi + off)) {
        (true, true) => return Ok(()),
        _ if fuzzy => No::not_modelled("a map value access whose bounds are not tracked"),
        _ if lo != hi && lo < 0 => rules::map_min_negative(base),
        (false, _) => rules::map_bounds(cx.era, base, shape.value_size, lo + off, size),
        (true, false) => rules::map_max_bounds(cx.era, base, shape.value_size, hi + off, size),
    };
    Err(no)
}

fn context(cx: Cx<'_>, access: Access) -> Result<(), No> {
    let what = ctx::Access { off: access.off, size: access.size, write: access.is_write() };
    match ctx::access(cx.era, cx.env.prog_type(), what) {
        Answer::Yes => Ok(()),
        Answer::No => Err(rules::bad_ctx_access(access.off, access.size)),
        Answer::NotModelled(why) => Err(No::not_modelled(why)),
    }
}

/// An aligned access at `r10 + at`.
fn stack(cx: Cx<'_>, state: &State, access: Access, at: i64) -> Result<(), No> {
    if !(-STACK_BYTES..0).contains(&at) {
        let write = access.is_write();
        return Err(rules::stack_bounds(cx.era, access.base, at, access.size, write));
    }
    match access.kind {
        Kind::Read => stack_read(cx, state, at, access.size),
        Kind::Write(reg) => stack_write(cx, state, at, access.size, reg),
    }
}

fn stack_read(cx: Cx<'_>, state: &State, at: i64, size: u32) -> Result<(), No> {
    let slot = state.slot(at);
    if state.byte(at) == Byte::Spill {
        let data = cx.era.ranges() && !slot.spilled.is_pointer();
        return match size {
            8 if slot.bytes.iter().all(|&byte| byte == Byte::Spill) => Ok(()),
            8 => Err(rules::corrupted_spill()),
            _ if data => Ok(()),
            _ => Err(rules::fill_size(cx.era)),
        };
    }
    let readable = |byte| match byte {
        Byte::Misc => true,
        Byte::Invalid => cx.era.reads_uninit_stack(),
        Byte::Spill => cx.era.ranges() && !slot.spilled.is_pointer(),
    };
    match (0..i64::from(size)).find(|i| !readable(state.byte(at + i))) {
        Some(i) => Err(rules::uninit_stack_read(at, i, size)),
        None => Ok(()),
    }
}

fn stack_write(cx: Cx<'_>, state: &State, at: i64, size: u32, reg: Option<Reg>) -> Result<(), No> {
    let slot = state.slot(at);
    let holds_secret = state.byte(at) == Byte::Spill && slot.spilled.is_pointer();
    if !cx.era.privileged() && holds_secret && size != 8 {
        return Err(rules::corrupting_spill());
    }
    match reg {
        Some(reg) if state.reg(reg).is_pointer() && size != 8 => Err(rules::spill_size()),
        _ => Ok(()),
    }
}
