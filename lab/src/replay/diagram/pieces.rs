//! A scalar that is copied in several pieces, with nothing in between, is one row.

use crate::replay::data::{Access, Deed, Replay, ReplayStep, Target};
use std::ops::Range;

/// One past the last step that goes on with what `first` began.
pub fn end(replay: &Replay, first: usize) -> usize {
    let mut end = first + 1;
    while end < replay.steps.len() && goes_on(replay, first, end) {
        end += 1;
    }
    end
}

fn goes_on(replay: &Replay, first: usize, next: usize) -> bool {
    let (start, last, step) = (&replay.steps[first], &replay.steps[next - 1], &replay.steps[next]);
    let (Some(a), Some(b), Some(c)) = (&start.access, &last.access, &step.access) else {
        return false;
    };
    let same = step.slot == start.slot && step.unit == start.unit && step.deed == start.deed;
    let copies = matches!(step.deed, Deed::Lookup | Deed::Update) && a.writes == c.writes;
    let quiet = !step.began && !last.ended && replay.differs != Some(next);
    let adjacent = b.at.plus(b.bytes.into()) == c.at && b.bytes < 8;
    let within =
        field(replay, a).is_some_and(|field| field == self::field(replay, c).unwrap_or(0..0));
    same && copies && quiet && adjacent && within
}

/// The bytes of the scalar in which an access lies whole.
fn field(replay: &Replay, access: &Access) -> Option<Range<u64>> {
    let Target::Value { map, offset, .. } = &access.target else { return None };
    let end = offset + access.bytes;
    let fields = replay.maps[*map].fields.iter();
    let mut around =
        fields.filter(|field| field.offset <= *offset && end <= field.offset + field.ty.bytes());
    let found = around.next()?;
    let start = access.at.0 - u64::from(offset - found.offset);
    Some(start..start + u64::from(found.ty.bytes()))
}

/// The steps as one: the last, which touches all that they touched.
pub fn joined(replay: &Replay, steps: &Range<usize>) -> ReplayStep {
    let mut joined = replay.steps[steps.end - 1].clone();
    let Some(first) = replay.steps[steps.start].access.clone().filter(|_| steps.len() > 1) else {
        return joined;
    };
    let mut all = Access { bytes: 0, old: 0, new: 0, from: Vec::new(), ..first };
    for access in replay.steps[steps.clone()].iter().filter_map(|step| step.access.as_ref()) {
        all.old |= access.old << (all.bytes * 8);
        all.new |= access.new << (all.bytes * 8);
        all.bytes += access.bytes;
        all.from.extend(&access.from);
    }
    all.from.sort_unstable();
    all.from.dedup();
    joined.access = Some(all);
    joined
}
