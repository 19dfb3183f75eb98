//! Whether one state implies another: what was verified from `old` need not be walked from `cur`.
//!
//! Source: `states_equal()` of v4.4; with ranges, `regsafe()` of v4.14 without precision marks,
//! which prunes less than the kernel and never more.

use crate::era::Era;
use crate::state::{Byte, Slot, State, Value};

/// Ids of `old` and the ids of `cur` that they stand for.
type IdMap = Vec<(u32, u32)>;

/// Every program that is safe from `old` is safe from `cur`.
pub(crate) fn implies(era: Era, old: &State, cur: &State) -> bool {
    let mut ids = IdMap::new();
    let mut pairs = old.regs().iter().zip(cur.regs());
    let value = |old, cur, ids: &mut IdMap| match era.ranges() {
        true => value_implies(old, cur, ids),
        false => value_implies_v4_4(old, cur),
    };
    pairs.all(|(&old, &cur)| value(old, cur, &mut ids))
        && old.slots().iter().enumerate().all(|(index, old)| {
            let cur = cur.slot(-8 * (index as i64 + 1));
            match era.ranges() {
                true => slot_implies(*old, cur, &mut ids),
                false => slot_implies_v4_4(*old, cur),
            }
        })
}

/// Nothing changed between the two, and the kernel knows no more of them: walking on cannot end.
pub(crate) fn is_stuck(old: &State, cur: &State) -> bool {
    let known = |value: &Value| match value {
        Value::Scalar(scalar) => !scalar.fuzzy,
        Value::MapValue { fuzzy, .. } => !fuzzy,
        Value::NotInit
        | Value::Ctx { .. }
        | Value::MapPtr { .. }
        | Value::MapValueOrNull { .. }
        | Value::Frame
        | Value::Stack { .. } => true,
    };
    old == cur && old.regs().iter().all(known) && old.slots().iter().all(|s| known(&s.spilled))
}

fn value_implies_v4_4(old: Value, cur: Value) -> bool {
    match old {
        Value::NotInit => true,
        Value::Scalar(scalar) if scalar.value().is_none() => cur != Value::NotInit,
        _ => old == cur,
    }
}

fn slot_implies_v4_4(old: Slot, cur: Slot) -> bool {
    let bytes = old.bytes.iter().zip(cur.bytes);
    let same = bytes.into_iter().all(|(&old, cur)| old == Byte::Invalid || old == cur);
    same && (old.bytes[0] == Byte::Invalid || old.spilled == cur.spilled)
}

fn value_implies(old: Value, cur: Value, ids: &mut IdMap) -> bool {
    match (old, cur) {
        (Value::NotInit, _) => true,
        (Value::Scalar(old), Value::Scalar(cur)) => {
            old.covers(cur) && (old.id == 0 || same_id(old.id, cur.id, ids))
        }
        (Value::MapValue { map, lo, hi, .. }, Value::MapValue { map: m, lo: l, hi: h, .. }) => {
            map == m && lo <= l && h <= hi
        }
        (Value::MapValueOrNull { map, id, .. }, Value::MapValueOrNull { map: m, id: i, .. }) => {
            map == m && same_id(id, i, ids)
        }
        (old, cur) => old == cur,
    }
}

fn slot_implies(old: Slot, cur: Slot, ids: &mut IdMap) -> bool {
    let as_data = !cur.spilled.is_pointer();
    let bytes = old.bytes.iter().zip(cur.bytes).all(|(&old, cur)| match (old, cur) {
        (Byte::Invalid, _) => true,
        (Byte::Misc, Byte::Spill) => as_data,
        (Byte::Misc | Byte::Spill, _) => old == cur,
    });
    let spilled = old.bytes[0] != Byte::Spill || value_implies(old.spilled, cur.spilled, ids);
    bytes && spilled
}

fn same_id(old: u32, cur: u32, ids: &mut IdMap) -> bool {
    match ids.iter().find(|&&(known, _)| known == old) {
        Some(&(_, stands_for)) => stands_for == cur,
        None => {
            ids.push((old, cur));
            cur != 0
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::era::v;
    use crate::scalar::Scalar;
    use bpfsim_abi::insn::Reg;
    use rstest::rstest;

    const OLD: Era = Era::new(v(4, 4), true);
    const NEW: Era = Era::new(v(6, 18), true);
    const FIVE: Value = Value::constant(5);
    const BYTE: Value = Value::Scalar(Scalar::up_to(255));
    const CTX: Value = Value::Ctx { off: 0 };

    #[rstest]
    #[case::the_same(FIVE, FIVE, true, true)]
    #[case::another_constant(FIVE, Value::constant(6), false, false)]
    #[case::unknown_covers_a_constant(Value::UNKNOWN, FIVE, true, true)]
    #[case::a_range_covers_a_constant(BYTE, FIVE, true, true)]
    #[case::a_constant_covers_no_range(FIVE, BYTE, false, false)]
    #[case::never_read(Value::NotInit, CTX, true, true)]
    #[case::not_written(CTX, Value::NotInit, false, false)]
    #[case::unknown_for_a_pointer(Value::UNKNOWN, CTX, true, false)]
    fn registers(#[case] old: Value, #[case] cur: Value, #[case] v4_4: bool, #[case] v6: bool) {
        let with = |value| {
            let mut state = State::entry();
            state.set(Reg::R0, value);
            state
        };
        assert_eq!(implies(OLD, &with(old), &with(cur)), v4_4, "v4.4");
        assert_eq!(implies(NEW, &with(old), &with(cur)), v6, "v6.18");
    }

    #[test]
    fn less_stack_implies_more() {
        let less = State::entry();
        let mut more = State::entry();
        more.set_byte(-4, Byte::Misc);
        for era in [OLD, NEW] {
            assert!(implies(era, &less, &more));
            assert!(!implies(era, &more, &less));
        }
    }

    #[test]
    fn copies_must_stay_copies() {
        let copies = |second| {
            let linked = |id| Value::Scalar(Scalar { id, ..Scalar::UNKNOWN });
            let mut state = State::entry();
            state.set(Reg::R0, linked(7));
            state.set(Reg::R1, linked(second));
            state
        };
        assert!(implies(NEW, &copies(7), &copies(7)));
        assert!(!implies(NEW, &copies(7), &copies(8)));
        assert!(implies(NEW, &copies(8), &copies(8)));
    }
}
