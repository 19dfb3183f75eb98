//! What a conditional jump does: which ways it can go, and what each way knows.
//!
//! Source: `check_cond_jmp_op()` of v4.4, `is_branch_taken()` and `reg_set_min_max()` of v4.20.

use bpfsim_abi::insn::{Cond, Op, Operand, Reg};

use crate::era::Era;
use crate::refine;
use crate::require::{self, Cx};
use crate::scalar::Scalar;
use crate::state::{State, Value};

/// The states on both ways; `None` where the jump cannot go.
pub(crate) struct Ways {
    pub fall: Option<State>,
    pub taken: Option<State>,
}

/// One conditional jump.
#[derive(Clone, Copy)]
pub(crate) struct Jump {
    pub wide: bool,
    pub cond: Cond,
    pub dst: Reg,
    pub src: Operand,
}

/// Both ways of `op`; anything but a conditional jump falls through.
pub(crate) fn ways(cx: Cx<'_>, state: State, op: Op) -> Ways {
    let Op::Jump { wide, cond, dst, src, .. } = op else {
        return Ways { fall: Some(state), taken: None };
    };
    let jump = Jump { wide, cond, dst, src };
    if require::is_null_check(&state, op) {
        return null_check(cx.era, state, jump);
    }
    if cx.era.ranges() { ranged(cx.era, state, jump) } else { constant(state, jump) }
}

fn both(fall: State, taken: State) -> Ways {
    Ways { fall: Some(fall), taken: Some(taken) }
}

/// One way is null, the other is a value. v4.4 knows the tested register only, later releases
/// its copies too.
fn null_check(era: Era, state: State, jump: Jump) -> Ways {
    let tested = state.reg(jump.dst);
    let with = |is_null: bool| {
        let mut state = state.clone();
        let known = match tested {
            _ if is_null => Value::constant(0),
            Value::MapValueOrNull { map, .. } => {
                Value::MapValue { map, lo: 0, hi: 0, fuzzy: false }
            }
            other => other,
        };
        match era.ranges() {
            true => state.values_mut().filter(|v| **v == tested).for_each(|v| *v = known),
            false => state.set(jump.dst, known),
        }
        let surely = !matches!(tested, Value::MapValueOrNull { fuzzy: true, .. });
        state.doubt |= is_null && !surely;
        state
    };
    let taken_is_null = jump.cond == Cond::Eq;
    both(with(!taken_is_null), with(taken_is_null))
}

/// v4.4: only a constant that equals the immediate decides, only equality teaches.
fn constant(state: State, jump: Jump) -> Ways {
    let (Operand::Imm(imm), Cond::Eq | Cond::Ne) = (jump.src, jump.cond) else {
        return both(state.clone(), state);
    };
    let equal = Value::constant(imm.into());
    let on_equal = |state: &State| {
        let mut state = state.clone();
        state.set(jump.dst, equal);
        state
    };
    let is_equal = state.reg(jump.dst) == equal;
    match jump.cond {
        Cond::Eq if is_equal => Ways { fall: None, taken: Some(state) },
        Cond::Eq => both(state.clone(), on_equal(&state)),
        _ if is_equal => Ways { fall: Some(state), taken: None },
        _ => both(on_equal(&state), state),
    }
}

fn ranged(era: Era, mut state: State, jump: Jump) -> Ways {
    let left = state.reg(jump.dst);
    let right = require::operand(&state, jump.src);
    let (Value::Scalar(a), Value::Scalar(b)) = (left, right) else {
        return pointers(era, state, jump, left, right);
    };
    let (na, nb) = if jump.wide { (a, b) } else { (narrow(a), narrow(b)) };
    match decide(era, jump, na, nb) {
        Some(true) => return Ways { fall: None, taken: Some(state) },
        Some(false) => return Ways { fall: Some(state), taken: None },
        None => state.doubt |= a.fuzzy || b.fuzzy,
    }
    let way = |cond| refine::refined(era, &state, jump, cond, a, b);
    match refine::negated(jump.cond) {
        Some(cond) => both(way(cond), way(jump.cond)),
        // Bits that are set or not: known to the kernel, not to a range.
        None => both(refine::no_bits(era, &state, jump, a, b), refine::bits(era, &state, jump, a)),
    }
}

/// A map value is not zero (v5.9, cac616db39c2); of other pointers nothing is known.
fn pointers(era: Era, mut state: State, jump: Jump, left: Value, right: Value) -> Ways {
    let is_zero = matches!(right, Value::Scalar(scalar) if scalar.value() == Some(0));
    let is_value = matches!(left, Value::MapValue { .. });
    let decides = jump.wide && era.since(5, 9) && is_zero && is_value;
    match jump.cond {
        Cond::Eq if decides => Ways { fall: Some(state), taken: None },
        Cond::Ne if decides => Ways { fall: None, taken: Some(state) },
        _ => {
            // Some later release decides this one too.
            let later = matches!(left, Value::MapPtr { .. } | Value::MapValueOrNull { .. });
            state.doubt |= later && era.since(5, 9);
            both(state.clone(), state)
        }
    }
}

/// The 32-bit view: unsigned bounds of the low half, and signed ones where they are known.
pub(crate) fn narrow(a: Scalar) -> Scalar {
    let low = a.low32();
    let (smin, smax) = match low.value() {
        Some(value) => (i64::from(value as i32), i64::from(value as i32)),
        None if low.umax <= i32::MAX as u64 => (low.umin as i64, low.umax as i64),
        None => (i32::MIN.into(), i32::MAX.into()),
    };
    Scalar { smin, smax, ..low }
}

/// What the release decides without looking both ways.
fn decide(era: Era, jump: Jump, a: Scalar, b: Scalar) -> Option<bool> {
    if !era.ranges_decide() {
        let equal = a.value().is_some() && a.value() == b.value();
        let by_imm = matches!(jump.src, Operand::Imm(_));
        return match jump.cond {
            Cond::Eq if equal && by_imm => Some(true),
            Cond::Ne if equal && by_imm => Some(false),
            _ => None,
        };
    }
    let knows = match jump.src {
        Operand::Imm(_) => true,
        // v5.3 (fb8d251ee2a6) for constants, v6.8 for ranges.
        Operand::Reg(_) => era.since(6, 8) || era.since(5, 3) && b.value().is_some(),
    };
    if knows { holds(jump.cond, a, b) } else { None }
}

/// Whether the comparison holds for all values, for none, or for some.
pub(crate) fn holds(cond: Cond, a: Scalar, b: Scalar) -> Option<bool> {
    let apart = a.umax < b.umin || b.umax < a.umin || a.smax < b.smin || b.smax < a.smin;
    let equal = a.value().is_some() && a.value() == b.value();
    let (yes, no) = match cond {
        Cond::Eq => (equal, apart),
        Cond::Ne => (apart, equal),
        Cond::Gt => (a.umin > b.umax, a.umax <= b.umin),
        Cond::Ge => (a.umin >= b.umax, a.umax < b.umin),
        Cond::Lt => (a.umax < b.umin, a.umin >= b.umax),
        Cond::Le => (a.umax <= b.umin, a.umin > b.umax),
        Cond::Sgt => (a.smin > b.smax, a.smax <= b.smin),
        Cond::Sge => (a.smin >= b.smax, a.smax < b.smin),
        Cond::Slt => (a.smax < b.smin, a.smin >= b.smax),
        Cond::Sle => (a.smax <= b.smin, a.smin > b.smax),
        Cond::Set => match (a.value(), b.value()) {
            (Some(a), Some(b)) => (a & b != 0, a & b == 0),
            (_, Some(b)) => (false, bits(a.umax) & b as u64 == 0),
            (Some(a), _) => (false, bits(b.umax) & a as u64 == 0),
            _ => (false, false),
        },
    };
    match (yes, no) {
        (true, _) => Some(true),
        (_, true) => Some(false),
        _ => None,
    }
}

/// All bits that a number up to `max` can have.
pub(crate) fn bits(max: u64) -> u64 {
    u64::MAX.checked_shr(max.leading_zeros()).unwrap_or(0)
}
