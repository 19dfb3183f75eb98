//! The class of one slot lookup: the first that matches, in the order of the definitions.

use super::names::bit_of;
use super::sets::{ABSENT, ContentId};
use super::setup::Stage;
use super::watch::{Looking, SlotWatch, TORN};
use crate::class::Class;
use bpfsim_abi::{Errno, Refusal};
use bpfsim_sim::Hw;
use bpfsim_syscall::Started;

/// The errno of a call that failed. Whatever has no errno was refused when the stage was set up.
pub fn errno(call: &Result<Started, Refusal>) -> Option<Errno> {
    match call {
        Ok(started) => started.op.result.err(),
        Err(refusal) => Some(refusal.errno),
    }
}

/// The bit of the class of a lookup that has just ended.
pub fn of(
    stage: &Stage,
    slot: &SlotWatch,
    looking: &Looking,
    call: &Result<Started, Refusal>,
    hw: &Hw,
) -> u32 {
    bit_of(class(stage, slot, looking, call, hw))
}

fn class(
    stage: &Stage,
    slot: &SlotWatch,
    looking: &Looking,
    call: &Result<Started, Refusal>,
    hw: &Hw,
) -> Class {
    if let Some(errno) = errno(call) {
        let throughout = !stage.sets.borrow().has(looking.contents, ABSENT.into());
        return match errno {
            Errno::ENOENT if throughout => Class::Missing,
            other => Class::Error(other),
        };
    }
    let Some(x) = returned(stage, looking, call, hw) else { return Class::StaleMixed };
    value_class(stage, slot, looking, x)
}

/// The content that the caller gets.
fn returned(
    stage: &Stage,
    looking: &Looking,
    call: &Result<Started, Refusal>,
    hw: &Hw,
) -> Option<ContentId> {
    let (from, _, _) = call.as_ref().ok()?.out?;
    let place = from.plus(looking.offset.into());
    Some(stage.content_at(hw, looking.slot.into(), place))
}

/// The partition of `docs/`: v_k by units, then instants within the lookup, then words.
fn value_class(stage: &Stage, slot: &SlotWatch, looking: &Looking, x: ContentId) -> Class {
    let sets = stage.sets.borrow();
    // Versions ascend by units: the latest that is x decides.
    let latest = sets.members(slot.history).iter().rev().find(|known| **known as ContentId == x);
    match latest.map(|known| (known >> 32) as u16) {
        Some(units) if units >= slot.done => return Class::PreciseFresh,
        Some(units) if units >= looking.lo => return Class::PreciseSuperseded,
        Some(_) => return Class::Stale,
        None => {}
    }
    if sets.has(looking.contents, x.into()) {
        return Class::MidUpdate;
    }
    if sets.items(looking.read_from).contains(&TORN) {
        return Class::TornWord;
    }
    let words = sets.words(x).unwrap_or(&[]);
    let was_there = |(index, word): (usize, &u64)| {
        let contents = sets.members(looking.contents);
        contents.iter().any(|content| {
            sets.words(*content as ContentId).and_then(|words| words.get(index)) == Some(word)
        })
    };
    if words.iter().enumerate().all(was_there) { Class::Mixed } else { Class::StaleMixed }
}
