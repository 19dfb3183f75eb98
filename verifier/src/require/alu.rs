//! What arithmetic requires. Source: `check_alu_op()` of v4.4, `adjust_ptr_min_max_vals()` of
//! v4.14 and later.

use bpfsim_abi::insn::{AluOp, Op, Operand, Reg};

use super::{Cx, readable, writable};
use crate::rules::{self, No};
use crate::scalar::Scalar;
use crate::state::{State, Value};

/// `BPF_MAX_VAR_OFF`: no pointer moves further.
const FARTHEST: i64 = 1 << 29;

pub(super) fn check(cx: Cx<'_>, state: &State, op: Op) -> Result<(), No> {
    match op {
        Op::Neg { dst, .. } | Op::End { dst, .. } => {
            readable(state, dst)?;
            if cx.is_secret(state, dst) {
                return Err(rules::pointer_negation(dst));
            }
            writable(dst)
        }
        Op::Movsx { dst, src, .. } => {
            readable(state, src)?;
            if state.reg(src).is_pointer() {
                return Err(No::not_modelled("a sign-extending move of a pointer"));
            }
            writable(dst)
        }
        Op::Alu { wide, op: AluOp::Mov, dst, src } => {
            let Operand::Reg(src) = src else { return writable(dst) };
            readable(state, src)?;
            writable(dst)?;
            if !wide && cx.is_secret(state, src) {
                return Err(rules::partial_copy(src));
            }
            Ok(())
        }
        Op::Alu { wide, op, dst, src } => binary(cx, state, wide, op, dst, src),
        _ => Ok(()),
    }
}

fn binary(
    cx: Cx<'_>,
    state: &State,
    wide: bool,
    op: AluOp,
    dst: Reg,
    src: Operand,
) -> Result<(), No> {
    if let Operand::Reg(src) = src {
        readable(state, src)?;
    }
    readable(state, dst)?;
    if let Operand::Imm(imm) = src {
        immediate(cx, wide, op, imm)?;
    }
    // Accepted by v4.4, refused from v4.16 (7891a87efc71) to v4.20.
    if op == AluOp::Arsh && !wide && cx.era.since(4, 16) && !cx.era.since(5, 0) {
        return Err(rules::plain("BPF_ARSH not supported for 32 bit ALU"));
    }
    match cx.era.ranges() {
        true => {
            writable(dst)?;
            pointers(cx, state, wide, op, dst, src)
        }
        false => {
            pointers_v4_4(cx, state, wide, op, dst, src)?;
            writable(dst)
        }
    }
}

fn immediate(cx: Cx<'_>, wide: bool, op: AluOp, imm: i32) -> Result<(), No> {
    let divides = matches!(op, AluOp::Div | AluOp::Mod | AluOp::Sdiv | AluOp::Smod);
    if divides && imm == 0 {
        return Err(rules::plain("div by zero"));
    }
    let width = if wide { 64 } else { 32 };
    let shifts = matches!(op, AluOp::Lsh | AluOp::Rsh | AluOp::Arsh);
    if shifts && !(0..width).contains(&imm) && cx.era.since(4, 5) {
        return Err(rules::invalid_shift(imm));
    }
    Ok(())
}

/// Only `frame += constant` keeps a pointer; for the unprivileged all else is prohibited.
fn pointers_v4_4(
    cx: Cx<'_>,
    state: &State,
    wide: bool,
    op: AluOp,
    dst: Reg,
    src: Operand,
) -> Result<(), No> {
    let is_frame = state.reg(dst) == Value::Frame;
    if wide && op == AluOp::Add && is_frame && matches!(src, Operand::Imm(_)) {
        return Ok(());
    }
    if cx.is_secret(state, dst) {
        return Err(rules::pointer_arithmetic(dst));
    }
    match src {
        Operand::Reg(src) if cx.is_secret(state, src) => Err(rules::pointer_arithmetic(src)),
        _ => Ok(()),
    }
}

fn pointers(
    cx: Cx<'_>,
    state: &State,
    wide: bool,
    op: AluOp,
    dst: Reg,
    src: Operand,
) -> Result<(), No> {
    let left = state.reg(dst);
    let right = operand(state, src);
    let (pointer, by) = match (left, right) {
        (Value::Scalar(_), Value::Scalar(_)) => return Ok(()),
        (pointer, Value::Scalar(by)) | (Value::Scalar(by), pointer) => (pointer, by),
        _ if op == AluOp::Sub && cx.era.privileged() => return Ok(()),
        _ => return Err(rules::pointer_with_pointer(dst, &assignment(op))),
    };
    // Before v4.16 a privileged loader got an unknown number instead of a refusal.
    moves(cx, wide, op, dst, left.is_pointer(), pointer, by)
        .map_err(|no| if cx.era.since(4, 16) { no } else { No::not_modelled(no.message) })
}

fn moves(
    cx: Cx<'_>,
    wide: bool,
    op: AluOp,
    dst: Reg,
    pointer_is_left: bool,
    pointer: Value,
    by: Scalar,
) -> Result<(), No> {
    if !wide {
        let forgets = op == AluOp::Sub && cx.era.privileged();
        return if forgets { Ok(()) } else { Err(rules::narrow_on_pointer(dst)) };
    }
    match pointer {
        Value::MapValueOrNull { .. } | Value::MapPtr { .. } => {
            return Err(rules::pointer_cannot_move(cx.era, dst, pointer));
        }
        Value::NotInit
        | Value::Scalar(_)
        | Value::Ctx { .. }
        | Value::MapValue { .. }
        | Value::Frame
        | Value::Stack { .. } => {}
    }
    if by.fuzzy && !matches!(op, AluOp::Add | AluOp::Sub) {
        // Refused for certain; for which of two reasons is not.
        return Err(No::not_modelled("arithmetic of a pointer and a number that is not tracked"));
    }
    sane_offset(dst, pointer, by, cx)?;
    match op {
        AluOp::Add => {}
        AluOp::Sub if !pointer_is_left => return Err(rules::subtract_from_scalar(dst)),
        AluOp::Sub if pointer.stack_offset().is_some() => {
            return Err(rules::subtract_from_stack(dst));
        }
        AluOp::Sub => {}
        AluOp::And | AluOp::Or | AluOp::Xor => {
            return Err(rules::bitwise_on_pointer(dst, &assignment(op)));
        }
        AluOp::Mul
        | AluOp::Div
        | AluOp::Sdiv
        | AluOp::Lsh
        | AluOp::Rsh
        | AluOp::Mod
        | AluOp::Smod
        | AluOp::Arsh
        | AluOp::Mov => return Err(rules::operator_on_pointer(dst, &assignment(op))),
    }
    stays_near(cx, pointer, by)
}

/// `check_reg_sane_offset()` on what is added.
fn sane_offset(dst: Reg, pointer: Value, by: Scalar, cx: Cx<'_>) -> Result<(), No> {
    let name = rules::type_name(cx.era, pointer);
    match by.value() {
        Some(value) if value.unsigned_abs() >= FARTHEST as u64 => {
            Err(rules::math_with_constant(name, value))
        }
        Some(_) => Ok(()),
        None if by.fuzzy && by.smin.saturating_abs() >= FARTHEST => {
            Err(No::not_modelled(format!("R{} moved by a number that is not tracked", dst.index())))
        }
        None if by.smin == i64::MIN => Err(rules::math_with_unbounded(name)),
        None if by.smin >= FARTHEST || by.smin <= -FARTHEST => {
            Err(rules::makes_pointer_out_of_bounds(by.smin, name))
        }
        None => Ok(()),
    }
}

/// What the result may be is checked where it is used; what cannot be followed ends here.
fn stays_near(cx: Cx<'_>, pointer: Value, by: Scalar) -> Result<(), No> {
    match (pointer, by.value()) {
        (Value::Frame | Value::Stack { .. }, Some(value)) => {
            let to = pointer.stack_offset().unwrap_or(0) + value;
            if cx.era.privileged() || (-512..=0).contains(&to) {
                return Ok(());
            }
            Err(No::not_modelled("an unprivileged stack pointer that leaves the stack"))
        }
        (_, Some(_)) => Ok(()),
        (Value::MapValue { .. }, None) if cx.era.privileged() && by.umax < FARTHEST as u64 => {
            Ok(())
        }
        (Value::MapValue { .. }, None) if cx.era.privileged() => {
            Err(No::not_modelled("a map value moved by a number without an upper bound"))
        }
        (Value::MapValue { .. }, None) => {
            Err(No::not_modelled("a pointer that an unprivileged program moves by a variable"))
        }
        (_, None) => Err(No::not_modelled("a stack or context pointer moved by a variable")),
    }
}

/// `+=`, as messages spell operators.
fn assignment(op: AluOp) -> String {
    format!("{}=", op.sign())
}

/// The second operand as a value.
pub(crate) fn operand(state: &State, src: Operand) -> Value {
    match src {
        Operand::Reg(reg) => state.reg(reg),
        Operand::Imm(imm) => Value::constant(imm.into()),
    }
}
