//! What steps are worth when there is not room for all.

use crate::class::Class;
use crate::replay::data::{Deed, Origin, Replay, ReplayStep};
use bpfsim_sim::Step;
use std::collections::BTreeSet;

/// How much a row is worth when there is not room for all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Worth {
    /// Beside the point.
    Other,
    /// How it begins.
    First,
    /// What the lookup does, and what it reads from.
    Part,
    /// Around a preemption, and the result.
    Point,
}

/// What each step is worth.
pub fn worths(replay: &Replay) -> Vec<Worth> {
    let steps = &replay.steps;
    let mut worths = vec![Worth::Other; steps.len()];
    let mut raise = |index: usize, worth: Worth| worths[index] = worths[index].max(worth);
    let numbered = |range: std::ops::Range<usize>| {
        range.into_iter().rev().find(|index| steps[*index].number.is_some())
    };
    let call = replay.focus_call().map(|call| (call.actor, call.unit));
    let class = replay.class();
    for (index, step) in steps.iter().enumerate() {
        if step.preempts {
            raise(index, Worth::Point);
            if let Some(before) = numbered(0..index) {
                raise(before, Worth::Point);
            }
        }
        let fails = step.trapped.is_some() || replay.differs == Some(index);
        let returns = step.returned.is_some() && call == Some((step.actor, step.unit));
        if fails || returns && class != Some(Class::LostUpdate) {
            raise(index, Worth::Point);
        }
        let mine = call == Some((step.actor, step.unit)) && step.deed == Deed::Lookup;
        let lost = class == Some(Class::LostUpdate) && step.deed == Deed::Update;
        let stuck = !replay.waiting.is_empty() && matches!(step.step, Some(Step::SendIpi(_)));
        let unplugs = step.deed == Deed::Hotplug;
        if mine || lost || stuck || unplugs {
            raise(index, Worth::Part);
            for origin in step.access.iter().flat_map(|access| &access.from) {
                let wrote = |step: &ReplayStep| step.number.map(Origin::Step) == Some(*origin);
                if let Some(writer) = steps.iter().position(wrote) {
                    raise(writer, Worth::Part);
                }
            }
        }
    }
    if class == Some(Class::LostUpdate) {
        overlapping(replay).into_iter().for_each(|index| raise(index, Worth::Part));
    }
    if let Some(first) = steps.iter().position(|step| step.number.is_some()) {
        raise(first, Worth::First);
    }
    worths
}

/// The steps of runs that were under way while an update wrote the slot.
fn overlapping(replay: &Replay) -> Vec<usize> {
    let steps = &replay.steps;
    let updates = |step: &&ReplayStep| step.deed == Deed::Update;
    let of = |unit: (usize, u16)| {
        let mine = move |index: &usize| (steps[*index].actor, steps[*index].unit) == unit;
        (0..steps.len()).filter(mine).collect::<Vec<_>>()
    };
    let units: BTreeSet<(usize, u16)> = steps
        .iter()
        .filter(|step| step.deed == Deed::Program)
        .map(|step| (step.actor, step.unit))
        .collect();
    let mut all = Vec::new();
    for unit in units {
        let own = of(unit);
        let (Some(first), Some(last)) = (own.first(), own.last()) else { continue };
        if steps[*first..=*last].iter().any(|step| updates(&step)) {
            all.extend(own);
        }
    }
    all
}
