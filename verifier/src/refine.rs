//! What each way of a conditional jump teaches about its operands.
//!
//! Source: `reg_set_min_max()` of v4.14, `regs_refine_cond_op()` of v6.8.

use bpfsim_abi::insn::{Cond, Operand, Reg};

use crate::branch::{Jump, narrow};
use crate::era::Era;
use crate::scalar::Scalar;
use crate::state::{State, Value};

/// The comparison that holds where `cond` does not; `None` for bit tests.
pub(crate) const fn negated(cond: Cond) -> Option<Cond> {
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
pub(crate) fn refined(
    era: Era,
    state: &State,
    jump: Jump,
    cond: Cond,
    a: Scalar,
    b: Scalar,
) -> State {
    let mut state = state.clone();
    // Two variables teach each other since v6.8 (67420501e868).
    let one_is_known = a.value().is_some() || b.value().is_some();
    if !one_is_known && !era.since(6, 8) {
        return state;
    }
    let (na, nb) = if jump.wide { (a, b) } else { (narrow(a), narrow(b)) };
    let (mut sa, mut sb) = sharpened(cond, na, nb);
    // v6.8 (d028f87517d6) cuts off an edge that is excluded.
    if cond == Cond::Ne && era.since(6, 8) {
        (sa, sb) = (without(na, nb, jump.wide), without(nb, na, jump.wide));
    }
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

/// `a` without the constant `b`, where that is an edge of it.
fn without(mut a: Scalar, b: Scalar, wide: bool) -> Scalar {
    if b.value().is_none() || a.value().is_some() {
        return a;
    }
    a.umin += u64::from(a.umin == b.umin);
    a.umax -= u64::from(a.umax == b.umin);
    a.smin += i64::from(a.smin == b.smin);
    a.smax -= i64::from(a.smax == b.smin);
    if wide { a.settled() } else { a }
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
    } else if (seen.smin, seen.smax) != (i32::MIN.into(), i32::MAX.into()) {
        known.fuzzy = true;
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

/// The state where `a` has some bit of `b`: the kernel may know which.
pub(crate) fn bits(era: Era, state: &State, jump: Jump, a: Scalar) -> State {
    let mut state = state.clone();
    learn(era, &mut state, jump.dst, a, a.doubted());
    state
}

/// The state where `a` has no bit of `b`.
pub(crate) fn no_bits(era: Era, state: &State, jump: Jump, a: Scalar, b: Scalar) -> State {
    let mut state = state.clone();
    let mask = if jump.wide { b.umin } else { b.umin as u32 as u64 };
    let covers = b.value().is_some() && crate::branch::bits(a.umax) & !mask == 0;
    // Then `a` is zero, which its bounds may contradict.
    let known = if covers { Scalar::FUZZY } else { a.doubted() };
    learn(era, &mut state, jump.dst, a, known);
    state
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::branch::holds;
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
