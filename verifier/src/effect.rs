//! What an instruction does to a state. Its requirements hold; nothing here can fail.
//!
//! Conditional jumps are in `branch`, since they make two states of one.

use bpfsim_abi::helper::{Arg, Ret};
use bpfsim_abi::insn::{AluOp, AtomicOp, Callee, Flow, Op, Operand, Reg, Size};

use crate::require::{self, Cx};
use crate::scalar::{self, Scalar};
use crate::state::{Byte, STACK_BYTES, State, Value};

/// Ids for what a program makes: lookups and copies. Zero is no id.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ids(u32);

impl Ids {
    fn next(&mut self) -> u32 {
        self.0 += 1;
        self.0
    }
}

/// `BPF_MAP_TYPE_ARRAY` and `BPF_MAP_TYPE_PERCPU_ARRAY`.
const ARRAY: u32 = 2;
const PERCPU_ARRAY: u32 = 6;

/// `BPF_F_RDONLY_PROG`.
const RDONLY_PROG: u32 = 1 << 7;

/// The state after `op` at `pc`, which is neither a conditional jump nor an exit.
pub(crate) fn apply(cx: Cx<'_>, state: &mut State, ids: &mut Ids, pc: usize, op: Op) {
    match op {
        Op::Alu { wide, op, dst, src } => alu(cx, state, ids, wide, op, dst, src),
        Op::Movsx { wide, bits, dst, src } => {
            let value = movsx(state.reg(src), wide, bits);
            state.set(dst, value);
        }
        Op::Neg { dst, .. } | Op::End { dst, .. } => {
            // v6.17 and later track constants through both.
            let known = cx.era.since(6, 0);
            state.set(dst, Value::Scalar(Scalar { fuzzy: known, ..Scalar::UNKNOWN }));
        }
        Op::LoadImm64 { dst, imm } => {
            let value = match require::imm64_value(imm, cx.maps.at[pc]) {
                // v4.4 forgets 64-bit constants.
                Value::Scalar(_) if !cx.era.ranges() => Value::UNKNOWN,
                value => value,
            };
            state.set(dst, value);
        }
        Op::LoadAbs { .. } | Op::LoadInd { .. } => {
            state.clobber();
            state.set(Reg::R0, Value::UNKNOWN);
        }
        Op::Load { size, signed, dst, src, off } => {
            let value = load(cx, state, size, signed, src, off);
            state.set(dst, value);
        }
        Op::LoadAcquire { size, dst, src, off } => {
            let value = load(cx, state, size, false, src, off);
            state.set(dst, value);
        }
        Op::Store { size, dst, off, src } => store(cx, state, ids, size, dst, off, src),
        Op::StoreRelease { size, dst, off, src } => {
            store(cx, state, ids, size, dst, off, Operand::Reg(src));
        }
        Op::Atomic { size, op, fetch, dst, off, src } => {
            scrub(cx, state, dst, off.into(), size.bytes().into());
            if let Some(reg) = fetched(op, fetch, src) {
                state.set(reg, loaded(cx, size));
            }
        }
        Op::Call(Callee::Helper(id)) => call(cx, state, ids, id),
        Op::Call(Callee::Local(_) | Callee::Kfunc(_))
        | Op::Nop
        | Op::Jump { .. }
        | Op::Goto { .. }
        | Op::MayGoto { .. }
        | Op::Exit => {}
    }
}

/// The deepest byte below r10 that `op` may touch.
pub(crate) fn depth(state: &State, op: Op) -> i64 {
    let deepest = match (op.access(), op.flow()) {
        (Some((base, off)), _) => state.reg(base).stack_offset().map(|from| from + i64::from(off)),
        (None, Flow::Call(_)) => {
            state.regs()[1..6].iter().filter_map(|value| value.stack_offset()).min()
        }
        (None, Flow::Next | Flow::Jump(_) | Flow::Branch(_) | Flow::Exit) => None,
    };
    deepest.map_or(0, |off| (-off).clamp(0, STACK_BYTES))
}

fn alu(
    cx: Cx<'_>,
    state: &mut State,
    ids: &mut Ids,
    wide: bool,
    op: AluOp,
    dst: Reg,
    src: Operand,
) {
    if op == AluOp::Mov {
        let value = moved(cx, state, ids, wide, src);
        // Before v4.15 the kernel takes this constant for a sign-extended one (CVE-2017-16995);
        // we follow both branches where it follows one, and rejections are then not its own.
        let negative = matches!(src, Operand::Imm(imm) if imm < 0) && !wide;
        state.doubt |= negative && !cx.era.ranges();
        state.set(dst, value);
        return;
    }
    let (left, right) = (state.reg(dst), require::operand(state, src));
    let result = match cx.era.ranges() {
        true => combined(cx, wide, op, left, right),
        false => match (left, op, src) {
            (Value::Frame, AluOp::Add, Operand::Imm(imm)) if wide => {
                Value::Stack { off: imm.into() }
            }
            _ => Value::UNKNOWN,
        },
    };
    state.set(dst, result);
}

fn moved(cx: Cx<'_>, state: &mut State, ids: &mut Ids, wide: bool, src: Operand) -> Value {
    let from = match src {
        Operand::Imm(imm) if wide || cx.era.ranges() => {
            let value = i64::from(imm);
            return Value::constant(if wide { value } else { i64::from(imm as u32) });
        }
        Operand::Imm(imm) if imm >= 0 => return Value::constant(imm.into()),
        Operand::Imm(_) => return Value::UNKNOWN,
        Operand::Reg(from) => from,
    };
    match (state.reg(from), wide) {
        (Value::Scalar(scalar), _) if cx.era.ranges() => {
            let fits = scalar.umax <= u32::MAX.into();
            // Copies by 32-bit moves are linked since v6.2.
            let links = cx.era.linked_scalars() && (wide || fits && cx.era.since(6, 2));
            if !links {
                let value = if wide { scalar } else { scalar.low32() };
                return Value::Scalar(value.unlinked());
            }
            let linked = linked(scalar, ids);
            state.set(from, linked);
            linked
        }
        (value, true) => value,
        (_, false) if cx.era.ranges() => Value::Scalar(Scalar::up_to(u32::MAX.into())),
        (_, false) => Value::UNKNOWN,
    }
}

/// The scalar with an id that its copy will share. A constant needs none.
fn linked(scalar: Scalar, ids: &mut Ids) -> Value {
    let needs = scalar.id == 0 && scalar.value().is_none();
    let id = if needs { ids.next() } else { scalar.id };
    Value::Scalar(Scalar { id, ..scalar })
}

/// Where an atomic operation leaves the old value.
fn fetched(op: AtomicOp, fetch: bool, src: Reg) -> Option<Reg> {
    match op {
        AtomicOp::Cmpxchg => Some(Reg::R0),
        AtomicOp::Xchg => Some(src),
        AtomicOp::Add | AtomicOp::Or | AtomicOp::And | AtomicOp::Xor => fetch.then_some(src),
    }
}

fn movsx(value: Value, wide: bool, bits: u8) -> Value {
    let Value::Scalar(scalar) = value else { return Value::Scalar(Scalar::FUZZY) };
    let Some(number) = scalar.value() else { return Value::Scalar(Scalar::FUZZY) };
    let shift = 64 - u32::from(bits);
    let signed = number << shift >> shift;
    Value::constant(if wide { signed } else { i64::from(signed as u32) })
}

/// Arithmetic of releases with ranges: numbers stay numbers, pointers move.
fn combined(cx: Cx<'_>, wide: bool, op: AluOp, left: Value, right: Value) -> Value {
    let (pointer, by) = match (left, right) {
        (Value::Scalar(a), Value::Scalar(b)) => {
            let result = scalar::alu(cx.era, wide, op, a, b);
            // Since v6.11 a copy plus a constant is still linked (98d7ca374ba4).
            let follows = a.id != 0 && cx.era.since(6, 11);
            return Value::Scalar(if follows { result.doubted() } else { result });
        }
        (pointer, Value::Scalar(by)) | (Value::Scalar(by), pointer) => (pointer, by),
        _ => return Value::UNKNOWN,
    };
    if !wide {
        return Value::UNKNOWN;
    }
    let by = if op == AluOp::Sub { scalar::alu(cx.era, true, op, ZERO, by) } else { by };
    match pointer {
        Value::Frame => Value::Stack { off: by.smin },
        Value::Stack { off } => Value::Stack { off: off + by.smin },
        Value::Ctx { off } => Value::Ctx { off: off + by.smin },
        Value::MapValue { map, lo, hi, fuzzy } => Value::MapValue {
            map,
            lo: lo.saturating_add(by.smin),
            hi: hi.saturating_add(by.smax),
            fuzzy: fuzzy || by.fuzzy,
        },
        Value::NotInit | Value::Scalar(_) | Value::MapPtr { .. } | Value::MapValueOrNull { .. } => {
            Value::UNKNOWN
        }
    }
}

const ZERO: Scalar = Scalar::constant(0);

/// A number that came from memory.
fn loaded(cx: Cx<'_>, size: Size) -> Value {
    if cx.era.ranges() { Value::Scalar(Scalar::loaded(size.bytes())) } else { Value::UNKNOWN }
}

fn load(cx: Cx<'_>, state: &State, size: Size, signed: bool, src: Reg, off: i16) -> Value {
    let value = match state.reg(src) {
        // The kernel knows what a frozen read-only map holds.
        Value::MapValue { map, .. }
            if cx.maps.shapes[usize::from(map)].flags & RDONLY_PROG != 0 =>
        {
            Value::Scalar(Scalar::FUZZY)
        }
        Value::Frame => from_stack(cx, state, size, off.into()),
        Value::Stack { off: from } => from_stack(cx, state, size, from + i64::from(off)),
        Value::NotInit
        | Value::Scalar(_)
        | Value::Ctx { .. }
        | Value::MapPtr { .. }
        | Value::MapValue { .. }
        | Value::MapValueOrNull { .. } => loaded(cx, size),
    };
    if signed { Value::Scalar(Scalar::FUZZY) } else { value }
}

fn from_stack(cx: Cx<'_>, state: &State, size: Size, at: i64) -> Value {
    if state.byte(at) == Byte::Spill && size == Size::Dw {
        return state.slot(at).spilled;
    }
    match loaded(cx, size) {
        // The kernel may know the bytes: constants, zeroes, parts of spilled numbers.
        Value::Scalar(scalar) if cx.era.ranges() => Value::Scalar(scalar.doubted()),
        value => value,
    }
}

fn store(
    cx: Cx<'_>,
    state: &mut State,
    ids: &mut Ids,
    size: Size,
    dst: Reg,
    off: i16,
    src: Operand,
) {
    let Some(from) = state.reg(dst).stack_offset() else { return };
    let at = from + i64::from(off);
    let value = require::operand(state, src);
    let whole = size == Size::Dw;
    let keeps = match value {
        Value::Scalar(scalar) => {
            let constant = scalar.value().is_some() && cx.era.spills_constants();
            // `st` of a constant is tracked since v6.2 (ecdf985d7615).
            let by_reg = matches!(src, Operand::Reg(_)) || cx.era.since(6, 2);
            whole && by_reg && (constant || cx.era.spills_scalars())
        }
        value => whole && value.is_pointer(),
    };
    scrub(cx, state, dst, off.into(), size.bytes().into());
    if !keeps {
        return;
    }
    let spilled = match (value, src) {
        (Value::Scalar(scalar), Operand::Reg(reg)) if cx.era.since(6, 7) => {
            let value = linked(scalar, ids);
            state.set(reg, value);
            value
        }
        (value, _) => value,
    };
    let slot = state.slot_mut(at);
    slot.bytes = [Byte::Spill; 8];
    slot.spilled = spilled;
}

/// Bytes of stack at `base + off` are overwritten with data. No stack, no effect.
fn scrub(cx: Cx<'_>, state: &mut State, base: Reg, off: i64, size: i64) {
    let Some(from) = state.reg(base).stack_offset() else { return };
    for at in (from + off).max(-STACK_BYTES)..(from + off + size).min(0) {
        let slot = state.slot_mut(at);
        // v4.4 leaves the rest of a spilled register behind as corrupted.
        if cx.era.ranges() && slot.bytes[0] == Byte::Spill {
            slot.bytes = [Byte::Misc; 8];
        }
        slot.spilled = Value::NotInit;
        state.set_byte(at, Byte::Misc);
    }
}

fn call(cx: Cx<'_>, state: &mut State, ids: &mut Ids, id: i32) {
    let Some(proto) = cx.env.helper(id) else { return };
    let map = require::map_of(state, &proto);
    // Before v4.7 a helper's memory holds data, and it still does after the call.
    if cx.era.since(4, 7) {
        helper_memory(cx, state, proto.args, map);
    }
    state.clobber();
    let value = match (proto.ret, map) {
        (Ret::Integer, _) => Value::UNKNOWN,
        (Ret::MapValueOrNull, Some(map)) => {
            // v4.4 knows no copies: equal lookups are equal states.
            let id = if cx.era.ranges() { ids.next() } else { 0 };
            let array = matches!(cx.maps.shapes[usize::from(map)].map_type, ARRAY | PERCPU_ARRAY);
            Value::MapValueOrNull { map, id, fuzzy: array && cx.era.since(6, 14) }
        }
        (Ret::Void | Ret::MapValueOrNull, _) => Value::NotInit,
    };
    state.set(Reg::R0, value);
}

/// Whatever a helper gets to see on the stack it may have written.
fn helper_memory(cx: Cx<'_>, state: &mut State, args: [Arg; 5], map: Option<u16>) {
    let shape = map.map(|map| cx.maps.shapes[usize::from(map)]);
    for (number, arg) in (1..).zip(args) {
        let Some(reg) = Reg::new(number) else { continue };
        let size = match (arg, shape) {
            (Arg::MapKey, Some(shape)) => i64::from(shape.key_size),
            (Arg::MapValue | Arg::UninitMapValue, Some(shape)) => i64::from(shape.value_size),
            (Arg::Stack, _) => match Reg::new(number + 1).map(|next| state.reg(next)) {
                Some(Value::Scalar(scalar)) => scalar.umax.min(STACK_BYTES as u64) as i64,
                _ => 0,
            },
            (Arg::MapKey | Arg::MapValue | Arg::UninitMapValue, None) => 0,
            (Arg::None | Arg::ConstMapPtr | Arg::Ctx, _) => 0,
            (Arg::ConstStackSize | Arg::Anything, _) => 0,
        };
        scrub(cx, state, reg, 0, size);
    }
}
