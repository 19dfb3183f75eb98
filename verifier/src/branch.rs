//! What a conditional jump does: which ways it can go, and what each way knows.
//!
//! Source: `check_cond_jmp_op()` of v4.4, `is_branch_taken()` and `reg_set_min_max()` of v4.20.

use bpfsim_abi::insn::{Cond, Op, Operand, Reg};

use crate::era::Era;
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
struct Jump {
    wide: bool,
    cond: Cond,
    dst: Reg,
    src: Operand,
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
    let way = |cond| refined(era, &state, jump, cond, a, b);
    let taken = way(jump.cond);
    let fall = match negated(jump.cond) {
        Some(cond) => way(cond),
        // Bits that are not set: known to the kernel, not to a range.
        None => doubtful(&state, jump),
    };
    let taken = if jump.cond == Cond::Set { doubtful(&state, jump) } else { taken };
    both(fall, taken)
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
fn narrow(a: Scalar) -> Scalar {
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
fn holds(cond: Cond, a: Scalar, b: Scalar) -> Option<bool> {
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
fn bits(max: u64) -> u64 {
    u64::MAX.checked_shr(max.leading_zeros()).unwrap_or(0)
}

/// The comparison that holds where `cond` does not; `None` for bit tests.
const fn negated(cond: Cond) -> Option<Cond> {
    Some(match cond {
        Cond::Eq => Cond::Ne,
        Cond::Ne => Cond::Eq,
        Cond::Gt => Cond::Le,
        Cond::Ge => Cond::Lt,
        Cond::Lt => Cond::Ge,
        Cond::Le => Cond::Gt,
        Cond::Sgt => Cond::Sle,
        Cond::Sge => Cond::Slt,
        Cond::Slt => Cond::Sge,
        Cond::Sle => Cond::Sgt,
        Cond::Set => return None,
    })
}

/// The state where `cond` holds between the operands.
fn refined(era: Era, state: &State, jump: Jump, cond: Cond, a: Scalar, b: Scalar) -> State {
    let mut state = state.clone();
    // Two variables teach each other since v6.8 (67420501e868).
    let one_is_known = a.value().is_some() || b.value().is_some();
    if !one_is_known && !era.since(6, 8) {
        return state;
    }
    let (na, nb) = if jump.wide { (a, b) } else { (narrow(a), narrow(b)) };
    let (sa, sb) = sharpened(cond, na, nb);
    if sa.is_empty() || sb.is_empty() {
        // Our bounds contradict each other where the kernel's may not.
        state.doubt = true;
        return state;
    }
    learn(era, &mut state, jump.dst, a, widened(jump.wide, a, sa));
    if let Operand::Reg(src) = jump.src {
        learn(era, &mut state, src, b, widened(jump.wide, b, sb));
    }
    state
}

/// Both operands' bounds where `cond` holds.
fn sharpened(cond: Cond, mut a: Scalar, mut b: Scalar) -> (Scalar, Scalar) {
    match cond {
        Cond::Eq => {
            a.umin = a.umin.max(b.umin);
            a.umax = a.umax.min(b.umax);
            a.smin = a.smin.max(b.smin);
            a.smax = a.smax.min(b.smax);
            (b.umin, b.umax, b.smin, b.smax) = (a.umin, a.umax, a.smin, a.smax);
        }
        Cond::Ne | Cond::Set => {}
        Cond::Gt => {
            a.umin = a.umin.max(b.umin.saturating_add(1));
            b.umax = b.umax.min(a.umax.saturating_sub(1));
        }
        Cond::Ge => {
            a.umin = a.umin.max(b.umin);
            b.umax = b.umax.min(a.umax);
        }
        Cond::Sgt => {
            a.smin = a.smin.max(b.smin.saturating_add(1));
            b.smax = b.smax.min(a.smax.saturating_sub(1));
        }
        Cond::Sge => {
            a.smin = a.smin.max(b.smin);
            b.smax = b.smax.min(a.smax);
        }
        Cond::Lt | Cond::Le | Cond::Slt | Cond::Sle => {
            let mirrored = match cond {
                Cond::Lt => Cond::Gt,
                Cond::Le => Cond::Ge,
                Cond::Slt => Cond::Sgt,
                _ => Cond::Sge,
            };
            let (b, a) = sharpened(mirrored, b, a);
            return (a, b);
        }
    }
    (a, b)
}

/// What a comparison of the low halves says of the whole.
fn widened(wide: bool, whole: Scalar, seen: Scalar) -> Scalar {
    if wide {
        return seen.settled();
    }
    if whole.umax > u32::MAX.into() {
        // The kernel keeps bounds of the low half; we do not.
        return whole.doubted();
    }
    let mut known = Scalar { umin: seen.umin, umax: seen.umax, ..whole };
    if whole.umax <= i32::MAX as u64 {
        (known.smin, known.smax) = (seen.smin.max(0), seen.smax);
    }
    known.settled()
}

/// `reg` and its copies are now known to be `after`.
fn learn(era: Era, state: &mut State, reg: Reg, before: Scalar, after: Scalar) {
    let after = Scalar { id: before.id, ..after };
    state.set(reg, Value::Scalar(after));
    if before.id == 0 || !era.linked_scalars() {
        return;
    }
    for value in state.values_mut() {
        match value {
            Value::Scalar(scalar) if scalar.id == before.id => *scalar = after,
            _ => {}
        }
    }
}

/// A bit test teaches the kernel what a range cannot hold.
fn doubtful(state: &State, jump: Jump) -> State {
    let mut state = state.clone();
    if let Value::Scalar(scalar) = state.reg(jump.dst) {
        state.set(jump.dst, Value::Scalar(scalar.doubted()));
    }
    state
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    const ALL: Scalar = Scalar::UNKNOWN;

    #[rstest]
    #[case::gt(Cond::Gt, ALL, (10, u64::MAX), (0, 9))]
    #[case::ge(Cond::Ge, ALL, (9, u64::MAX), (0, 8))]
    #[case::lt(Cond::Lt, ALL, (0, 8), (9, u64::MAX))]
    #[case::le(Cond::Le, ALL, (0, 9), (10, u64::MAX))]
    #[case::eq(Cond::Eq, ALL, (9, 9), (0, u64::MAX))]
    #[case::of_a_byte(Cond::Gt, Scalar::up_to(255), (10, 255), (0, 9))]
    #[case::signed(Cond::Sgt, Scalar::up_to(255), (10, 255), (0, 9))]
    fn comparisons_teach_both_ways(
        #[case] cond: Cond,
        #[case] a: Scalar,
        #[case] taken: (u64, u64),
        #[case] fall: (u64, u64),
    ) {
        let nine = Scalar::constant(9);
        let (yes, _) = sharpened(cond, a, nine);
        let (no, _) = sharpened(negated(cond).unwrap(), a, nine);
        let (yes, no) = (yes.settled(), no.settled());
        assert_eq!(((yes.umin, yes.umax), (no.umin, no.umax)), (taken, fall));
    }

    #[test]
    fn sharpened_bounds_keep_every_pair_that_holds() {
        let conds = [
            Cond::Eq,
            Cond::Ne,
            Cond::Gt,
            Cond::Ge,
            Cond::Lt,
            Cond::Le,
            Cond::Sgt,
            Cond::Sge,
            Cond::Slt,
            Cond::Sle,
        ];
        let samples = [0i64, 1, 5, 9, 255, -1, -5, i64::MIN, i64::MAX];
        for cond in conds {
            for a in samples {
                for b in samples {
                    let (ca, cb) = (Scalar::constant(a), Scalar::constant(b));
                    let truth = holds(cond, ca, cb).expect("constants decide");
                    let kept =
                        sharpened(if truth { cond } else { negated(cond).unwrap() }, ALL, cb);
                    assert!(kept.0.covers(ca), "{cond:?} {a} {b}");
                }
            }
        }
    }
}
