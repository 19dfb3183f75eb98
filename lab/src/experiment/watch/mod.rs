//! The observer: follows the content of every watched slot and the units on it, and tells the
//! class of every lookup as it ends.
//!
//! Units on one slot may overlap. Then the slot has no one version after k of them but a set: the
//! folds over all orders that real time allows. A *configuration* is a content with the set of
//! running units that it already contains; ending a unit keeps those that contain it.

mod bytes;
mod folds;

pub use bytes::TORN;
pub use folds::{Fold, Pending, PendingUnit};

use super::frames::LabFrame;
use super::names::bits_of;
use super::sets::{ABSENT, ContentId, EMPTY, ListId, SetId};
use super::setup::{Act, Stage};
use super::units::Judged;
use super::verdict;
use crate::class::Class;
use bpfsim_sim::machine::Seen;
use bpfsim_sim::{Hw, Place, Step};
use smallvec::SmallVec;

/// What is known about one slot. Whatever has no fixed size is kept once, by number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SlotWatch {
    /// Where it is; NULL while its key is absent.
    pub place: Place,
    /// How long.
    pub bytes: u32,
    /// What it holds.
    pub content: ContentId,
    /// Units that have begun.
    pub begun: u16,
    /// Units that have ended.
    pub done: u16,
    /// Units in between, in the order in which they began.
    pub pending: Pending,
    /// Configurations: content, and which of `pending` are in it.
    pub configs: SetId,
    /// Every version so far: how many units, and the content.
    pub history: SetId,
    /// Who wrote each byte last; kept where copies split words.
    pub writers: ListId,
}

/// One slot of a lookup that has begun.
#[derive(Clone, Debug, PartialEq)]
pub struct Looking {
    /// Which.
    pub slot: u8,
    /// Where its value lies in the buffer.
    pub offset: u32,
    /// Units that had ended before.
    pub lo: u16,
    /// Every content during the lookup.
    pub contents: SetId,
    /// Whose bytes of each field were read so far; kept where copies split words.
    pub read_from: ListId,
}

/// A lookup in progress.
#[derive(Debug, PartialEq)]
pub struct Lookup {
    /// The reader.
    pub actor: u8,
    /// Its slots.
    pub slots: SmallVec<[Looking; 2]>,
}

impl Clone for Lookup {
    fn clone(&self) -> Self {
        Self { actor: self.actor, slots: self.slots.clone() }
    }

    fn clone_from(&mut self, other: &Self) {
        self.actor = other.actor;
        self.slots.clone_from(&other.slots);
    }
}

/// Everything that the verdict of a schedule depends on.
#[derive(Debug, Default, PartialEq)]
pub struct Watch {
    /// By watched slot.
    pub slots: SmallVec<[SlotWatch; 2]>,
    /// In progress, by reader.
    pub lookups: SmallVec<[Lookup; 1]>,
    /// Classes seen so far.
    pub classes: u64,
}

impl Clone for Watch {
    fn clone(&self) -> Self {
        Self {
            slots: SmallVec::from_slice(&self.slots),
            lookups: self.lookups.clone(),
            classes: self.classes,
        }
    }

    fn clone_from(&mut self, other: &Self) {
        self.slots.copy_from_slice(&other.slots);
        self.lookups.clone_from(&other.lookups);
        self.classes = other.classes;
    }
}

/// A version in a history: how many units, and the content.
pub(super) const fn version(units: u16, content: ContentId) -> u64 {
    (units as u64) << 32 | content as u64
}

impl Watch {
    /// Nothing has happened yet.
    pub fn new(stage: &Stage) -> Self {
        let slots = (0..stage.slots.len()).map(|slot| {
            let place = stage.place(slot, &stage.root).unwrap_or(Place::NULL);
            let content = stage.content(&stage.root, slot);
            let mut sets = stage.sets.borrow_mut();
            SlotWatch {
                place,
                bytes: stage.slot_bytes(slot),
                content,
                begun: 0,
                done: 0,
                pending: Pending::default(),
                configs: sets.with(EMPTY, u64::from(content) << 16),
                history: sets.with(EMPTY, version(0, content)),
                writers: sets.list(&vec![0; stage.followed_bytes(slot)]),
            }
        });
        Self { slots: slots.collect(), ..Self::default() }
    }

    /// One transition.
    pub fn observe(&mut self, stage: &Stage, seen: &Seen<'_, LabFrame>, hw: &Hw) {
        if seen.began && !seen.handler {
            self.begin(stage, seen, hw);
        }
        self.follow_bytes(stage, seen);
        let changed = self.follow_contents(stage, seen, hw);
        if !seen.handler {
            self.follow_units(stage, seen, hw, changed);
            if seen.ended {
                self.end(stage, seen, hw);
            }
        }
        if seen.trapped.is_some() {
            self.classes |= bits_of(&[Class::WildPointer]);
        }
    }

    /// A system call begins: a lookup, or an update of slots that are known.
    fn begin(&mut self, stage: &Stage, seen: &Seen<'_, LabFrame>, hw: &Hw) {
        let rank = stage.rank_of(seen.actor, hw);
        let Some(call) = stage.unit_on(seen.actor, seen.unit, rank) else { return };
        for change in &call.changes {
            let me = pending(stage, seen, hw);
            self.slots[change.slot].begin_unit(stage, change.slot, me);
        }
        if call.judged.is_empty() {
            return;
        }
        let mut sets = stage.sets.borrow_mut();
        let looking = |judged: &Judged| {
            let slot = &self.slots[judged.slot];
            Looking {
                slot: judged.slot as u8,
                offset: judged.offset,
                lo: slot.done,
                contents: sets.with(EMPTY, slot.content.into()),
                read_from: sets.list(&vec![0; stage.followed_fields(judged.slot)]),
            }
        };
        let slots = call.judged.iter().map(looking).collect();
        self.lookups.push(Lookup { actor: seen.actor as u8, slots });
    }

    /// Notes new contents of slots; answers which slots have one, as bits.
    fn follow_contents(&mut self, stage: &Stage, seen: &Seen<'_, LabFrame>, hw: &Hw) -> u64 {
        let Some((first, last)) = seen.wrote else { return 0 };
        let mut changed = 0;
        for (index, slot) in self.slots.iter_mut().enumerate() {
            let (start, end) = (slot.place.0, slot.place.0 + u64::from(slot.bytes));
            let within = first.0 >= start && last.0 < end;
            if stage.restructures && !within {
                slot.place = stage.place(index, hw).unwrap_or(Place::NULL);
            }
            let content = match slot.place {
                Place::NULL => ABSENT,
                place => stage.content_after(slot.content, hw, index, place),
            };
            if content == slot.content {
                continue;
            }
            slot.content = content;
            changed |= 1 << index;
            let mut sets = stage.sets.borrow_mut();
            for looking in self.lookups.iter_mut().flat_map(|lookup| &mut lookup.slots) {
                if usize::from(looking.slot) == index {
                    looking.contents = sets.with(looking.contents, content.into());
                }
            }
        }
        changed
    }

    /// A run is a unit on every slot that it touches, from its first touch to its last.
    fn follow_units(&mut self, stage: &Stage, seen: &Seen<'_, LabFrame>, hw: &Hw, changed: u64) {
        let me = (seen.actor as u8, seen.unit);
        let runs = matches!(stage.acts[seen.actor], Act::Run { .. });
        for (index, slot) in self.slots.iter_mut().enumerate() {
            let touches = |step: Option<Step>| step.is_some_and(|step| slot.has(step));
            let (touched, next) =
                (changed >> index & 1 != 0 || touches(seen.step), touches(seen.next));
            if touched && runs && !slot.pending.contains(&me) {
                slot.begin_unit(stage, index, pending(stage, seen, hw));
            }
            if !slot.pending.contains(&me) {
                continue;
            }
            let (place, bytes) = (slot.place, slot.bytes);
            let again = |frame| stage.touches_again(frame, hw, seen.actor, place, bytes);
            if seen.ended || touched && !next && !seen.frame.is_some_and(again) {
                let errno = match seen.frame {
                    Some(LabFrame::Call(call)) if seen.ended => verdict::errno(call),
                    Some(LabFrame::Call(_) | LabFrame::Program(_)) | None => None,
                };
                slot.end_unit(stage, index, me, errno.is_some());
            }
        }
    }

    /// A unit of this actor has ended: a lookup gets its verdict.
    fn end(&mut self, stage: &Stage, seen: &Seen<'_, LabFrame>, hw: &Hw) {
        let mine = |lookup: &Lookup| usize::from(lookup.actor) == seen.actor;
        let Some(index) = self.lookups.iter().position(mine) else {
            self.note_failure(seen);
            return;
        };
        let lookup = self.lookups.remove(index);
        let Some(LabFrame::Call(call)) = seen.frame else { return };
        for looking in &lookup.slots {
            let slot = &self.slots[usize::from(looking.slot)];
            self.classes |= 1 << verdict::of(stage, slot, looking, call, hw);
        }
    }

    /// Calls that return no value show their errno.
    fn note_failure(&mut self, seen: &Seen<'_, LabFrame>) {
        if let Some(LabFrame::Call(call)) = seen.frame
            && let Some(errno) = verdict::errno(call)
        {
            self.classes |= bits_of(&[Class::Error(errno)]);
        }
    }

    /// The classes of a schedule that ends here.
    pub fn outcome(&self, stage: &Stage, stuck: bool) -> u64 {
        let mut bits = self.classes;
        if stuck {
            bits |= bits_of(&[Class::NoReturn]);
        }
        for slot in &self.slots {
            let whole = |config: &u64| (config >> 16) as ContentId == slot.content;
            let sets = stage.sets.borrow();
            let lost = slot.pending.is_empty() && !sets.members(slot.configs).iter().any(whole);
            if lost {
                bits |= bits_of(&[Class::LostUpdate]);
            }
        }
        bits
    }

    /// Feeds everything that tells two observers apart.
    pub fn encode(&self, out: &mut Vec<u64>) {
        let pair = |high: u32, low: u32| u64::from(high) << 32 | u64::from(low);
        out.push(self.classes);
        for slot in &self.slots {
            let units = u32::from(slot.begun) << 16 | u32::from(slot.done);
            out.extend([slot.place.0, pair(slot.content, slot.history)]);
            out.extend([pair(slot.configs, units), u64::from(slot.writers)]);
            slot.pending.encode(out);
        }
        for lookup in &self.lookups {
            out.push(lookup.actor.into());
            for looking in &lookup.slots {
                out.push(pair(looking.contents, looking.lo.into()));
                out.push(pair(looking.read_from, looking.slot.into()));
            }
        }
    }
}

/// The unit that moves, as one that has not ended.
fn pending(stage: &Stage, seen: &Seen<'_, LabFrame>, hw: &Hw) -> PendingUnit {
    let rank = stage.rank_of(seen.actor, hw) as u8;
    PendingUnit { actor: seen.actor as u8, rank, unit: seen.unit }
}

impl SlotWatch {
    /// The step is an access to the slot.
    fn has(&self, step: Step) -> bool {
        let (first, end) = (self.place.0, self.place.0 + u64::from(self.bytes));
        step.place().is_some_and(|(at, _)| at.0 >= first && at.0 < end)
    }
}

impl Stage {
    fn slot_bytes(&self, slot: usize) -> u32 {
        self.map_of(slot).map_or(0, |map| map.shape.stride())
    }
}
