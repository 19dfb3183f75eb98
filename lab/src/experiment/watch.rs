//! The observer: follows the content of every watched slot and the units on it, and tells the
//! class of every lookup as it ends.
//!
//! Units on one slot may overlap. Then the slot has no one version after k of them but a set: the
//! folds over all orders that real time allows. A *configuration* is a content with the set of
//! running units that it already contains; ending a unit keeps those that contain it.

use super::frames::LabFrame;
use super::names::bits_of;
use super::sets::{ABSENT, ContentId, EMPTY, SetId};
use super::setup::{Act, Stage};
use super::verdict;
use crate::class::Class;
use bpfsim_sim::machine::Seen;
use bpfsim_sim::{CopyPlan, Hw, Place, Step};
use smallvec::SmallVec;

/// What is known about one slot.
#[derive(Clone, Debug, PartialEq)]
pub struct SlotWatch {
    /// Where it is; NULL while its key is absent.
    pub place: Place,
    /// What it holds.
    pub content: ContentId,
    /// Units that have begun.
    pub begun: u16,
    /// Units that have ended.
    pub done: u16,
    /// Units in between: actor and unit.
    pub pending: SmallVec<[(u8, u16); 4]>,
    /// Configurations: content, and which of `pending` are in it.
    pub configs: SetId,
    /// Every version so far: how many units, and the content.
    pub history: SetId,
    /// Who wrote each field last; kept where copies split words.
    pub writers: SmallVec<[u32; 4]>,
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
    /// Who wrote the bytes of each field that were read so far; kept where copies split words.
    pub read_from: SmallVec<[ReadFrom; 4]>,
}

/// Whose bytes a lookup has read of one field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadFrom {
    /// None yet.
    Nobody,
    /// One writer's.
    One(u32),
    /// Two writers', each of whom wrote the whole field.
    Torn,
}

/// A lookup in progress.
#[derive(Clone, Debug, PartialEq)]
pub struct Lookup {
    /// The reader.
    pub actor: u8,
    /// Its slots.
    pub slots: SmallVec<[Looking; 2]>,
}

/// Everything that the verdict of a schedule depends on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Watch {
    /// By watched slot.
    pub slots: SmallVec<[SlotWatch; 2]>,
    /// In progress, by reader.
    pub lookups: SmallVec<[Lookup; 1]>,
    /// Classes seen so far.
    pub classes: u64,
}

/// A version in a history: how many units, and the content.
pub(super) const fn version(units: u16, content: ContentId) -> u64 {
    (units as u64) << 32 | content as u64
}

/// The writer of what was there at the start.
const NO_WRITER: u32 = 0;

/// Marks a writer that did not write the whole field.
const PARTIAL: u32 = 1 << 31;

impl Watch {
    /// Nothing has happened yet.
    pub fn new(stage: &Stage) -> Self {
        let slots = (0..stage.slots.len()).map(|slot| {
            let place = stage.place(slot, &stage.root).unwrap_or(Place::NULL);
            let content = stage.content(&stage.root, slot);
            let mut sets = stage.sets.borrow_mut();
            let fields = if stage.splits_words() { stage.fields_of(slot).len() } else { 0 };
            SlotWatch {
                place,
                content,
                begun: 0,
                done: 0,
                pending: SmallVec::new(),
                configs: sets.with(EMPTY, u64::from(content) << 16),
                history: sets.with(EMPTY, version(0, content)),
                writers: SmallVec::from_elem(NO_WRITER, fields),
            }
        });
        Self { slots: slots.collect(), ..Self::default() }
    }

    /// One transition.
    pub fn observe(&mut self, stage: &Stage, seen: &Seen<'_, LabFrame>, hw: &Hw) {
        if seen.began && !seen.handler {
            self.begin(stage, seen.actor, seen.unit);
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
    fn begin(&mut self, stage: &Stage, actor: usize, unit: u16) {
        let Some(call) = stage.unit(actor, unit) else { return };
        for change in &call.changes {
            self.begin_unit(stage, change.slot, (actor, unit));
        }
        if call.judged.is_empty() {
            return;
        }
        let looking = |judged: &super::units::Judged| {
            let slot = &self.slots[judged.slot];
            Looking {
                slot: judged.slot as u8,
                offset: judged.offset,
                lo: slot.done,
                contents: stage.sets.borrow_mut().with(EMPTY, slot.content.into()),
                read_from: SmallVec::from_elem(ReadFrom::Nobody, slot.writers.len()),
            }
        };
        let slots = call.judged.iter().map(looking).collect();
        self.lookups.push(Lookup { actor: actor as u8, slots });
    }

    /// Notes new contents of slots; answers which slots have one, as bits.
    fn follow_contents(&mut self, stage: &Stage, seen: &Seen<'_, LabFrame>, hw: &Hw) -> u64 {
        // A lone load changes nothing, unless unwatched accesses came with it.
        if matches!(seen.step, Some(Step::Load { .. })) && seen.handler {
            return 0;
        }
        let mut changed = 0;
        for index in 0..self.slots.len() {
            let slot = &mut self.slots[index];
            if stage.restructures {
                slot.place = stage.place(index, hw).unwrap_or(Place::NULL);
            }
            let content = match slot.place {
                Place::NULL => ABSENT,
                place => stage.content_at(hw, index, place),
            };
            if content == slot.content {
                continue;
            }
            slot.content = content;
            changed |= 1 << index;
            let mut sets = stage.sets.borrow_mut();
            for looking in self.lookups.iter_mut().flat_map(|lookup| lookup.slots.iter_mut()) {
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
        for index in 0..self.slots.len() {
            let touched = changed >> index & 1 != 0
                || seen.step.is_some_and(|step| self.is_in(stage, index, step));
            let runs = matches!(stage.acts[seen.actor], Act::Run { .. });
            if touched && runs && !self.slots[index].pending.contains(&me) {
                self.begin_unit(stage, index, (seen.actor, seen.unit));
            }
            if !self.slots[index].pending.contains(&me) {
                continue;
            }
            let over = seen.ended
                || (touched
                    && !seen.next.is_some_and(|next| self.is_in(stage, index, next))
                    && !self.touches_again(stage, seen, hw, index));
            if over {
                let failed = matches!(seen.frame, Some(LabFrame::Call(call)) if verdict::errno(call).is_some());
                self.end_unit(stage, index, me, failed && seen.ended);
            }
        }
    }

    fn is_in(&self, stage: &Stage, slot: usize, step: Step) -> bool {
        let (place, bytes) = (self.slots[slot].place.0, stage.slot_bytes(slot));
        step.place().is_some_and(|(at, _)| at.0 >= place && at.0 < place + u64::from(bytes))
    }

    fn touches_again(
        &self,
        stage: &Stage,
        seen: &Seen<'_, LabFrame>,
        hw: &Hw,
        slot: usize,
    ) -> bool {
        let place = self.slots[slot].place;
        seen.frame.is_some_and(|frame| {
            stage.touches_again(frame, hw, seen.actor, place, stage.slot_bytes(slot))
        })
    }

    fn begin_unit(&mut self, stage: &Stage, slot: usize, unit: (usize, u16)) {
        let watch = &mut self.slots[slot];
        if watch.pending.len() >= 16 {
            return;
        }
        watch.pending.push((unit.0 as u8, unit.1));
        watch.begun += 1;
        self.close(stage, slot);
    }

    /// Adds every configuration that the running units allow, and its version to the history.
    fn close(&mut self, stage: &Stage, slot: usize) {
        let watch = &mut self.slots[slot];
        let mut all = stage.sets.borrow().members(watch.configs).to_vec();
        let mut next = 0;
        while let Some(config) = all.get(next).copied() {
            next += 1;
            let (content, mask) = ((config >> 16) as ContentId, config & 0xffff);
            for (index, (actor, unit)) in watch.pending.iter().enumerate() {
                if mask >> index & 1 == 0 {
                    let after = stage.apply((*actor).into(), *unit, slot, content);
                    let config = u64::from(after) << 16 | mask | 1 << index;
                    if !all.contains(&config) {
                        all.push(config);
                    }
                }
            }
        }
        let mut sets = stage.sets.borrow_mut();
        for config in &all {
            let units = watch.done + (config & 0xffff).count_ones() as u16;
            let version = version(units, (config >> 16) as ContentId);
            watch.history = sets.with(watch.history, version);
        }
        watch.configs = sets.set(all);
    }

    /// A unit that failed has changed nothing: what holds is every configuration without it.
    fn end_unit(&mut self, stage: &Stage, slot: usize, unit: (u8, u16), failed: bool) {
        let watch = &mut self.slots[slot];
        let Some(index) = watch.pending.iter().position(|pending| *pending == unit) else {
            return;
        };
        watch.pending.remove(index);
        watch.done += 1;
        let mut sets = stage.sets.borrow_mut();
        let below = (1u64 << index) - 1;
        let without = |config: &u64| {
            let mask = config & 0xffff;
            config & !0xffff | mask & below | mask >> 1 & !below
        };
        let stays = |config: &&u64| (*config >> index & 1 != 0) != failed;
        let kept: Vec<u64> =
            sets.members(watch.configs).iter().filter(stays).map(without).collect();
        for config in &kept {
            let units = watch.done + (config & 0xffff).count_ones() as u16;
            let version = version(units, (config >> 16) as ContentId);
            watch.history = sets.with(watch.history, version);
        }
        watch.configs = sets.set(kept);
    }

    /// Where copies split words: who wrote each field, and whose bytes a lookup has read.
    fn follow_bytes(&mut self, stage: &Stage, seen: &Seen<'_, LabFrame>) {
        if !stage.splits_words() {
            return;
        }
        let Some((step, (at, bytes))) = seen.step.and_then(|s| Some((s, s.place()?))) else {
            return;
        };
        for slot in 0..self.slots.len() {
            if !self.is_in(stage, slot, step) {
                continue;
            }
            let start = (at.0 - self.slots[slot].place.0) as u32;
            for (index, (offset, size)) in stage.fields_of(slot).into_iter().enumerate() {
                if start + bytes <= offset || start >= offset + size {
                    continue;
                }
                if step.writes() {
                    let whole = start <= offset && start + bytes >= offset + size;
                    let writer = writer(stage, seen, whole);
                    self.slots[slot].writers[index] = writer;
                } else {
                    self.read(seen.actor, slot, index);
                }
            }
        }
    }

    fn read(&mut self, actor: usize, slot: usize, field: usize) {
        let writer = self.slots[slot].writers[field];
        let mine = self.lookups.iter_mut().filter(|lookup| usize::from(lookup.actor) == actor);
        for looking in mine.flat_map(|lookup| lookup.slots.iter_mut()) {
            if usize::from(looking.slot) != slot {
                continue;
            }
            let from = &mut looking.read_from[field];
            *from = match *from {
                ReadFrom::Nobody => ReadFrom::One(writer),
                ReadFrom::One(first) if (first | writer) & PARTIAL == 0 && first != writer => {
                    ReadFrom::Torn
                }
                other => other,
            };
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
        out.push(self.classes);
        for slot in &self.slots {
            out.push(u64::from(slot.content) << 32 | u64::from(slot.history));
            out.push(
                u64::from(slot.configs) << 32 | u64::from(slot.begun) << 16 | u64::from(slot.done),
            );
            out.push(slot.place.0);
            out.extend(slot.pending.iter().map(|(a, u)| u64::from(*a) << 16 | u64::from(*u)));
            out.extend(slot.writers.iter().map(|writer| u64::from(*writer)));
            out.push(u64::MAX);
        }
        for lookup in &self.lookups {
            out.push(lookup.actor.into());
            for looking in &lookup.slots {
                out.push(u64::from(looking.lo) << 32 | u64::from(looking.contents));
                out.extend(looking.read_from.iter().map(|from| match from {
                    ReadFrom::Nobody => 0,
                    ReadFrom::One(writer) => 1 | u64::from(*writer) << 2,
                    ReadFrom::Torn => 2,
                }));
            }
        }
    }
}

/// The name of the write that a step is part of: a system call's copy counts as one write of all
/// that it covers, a program's store as one of its own.
fn writer(stage: &Stage, seen: &Seen<'_, LabFrame>, whole: bool) -> u32 {
    let unit = (seen.actor as u32 + 1) << 24 | u32::from(seen.unit) << 12;
    match (&stage.acts[seen.actor], seen.frame) {
        (Act::Run { .. }, Some(LabFrame::Program(frame))) if frame.op.is_none() => {
            unit | frame.pc & 0xfff | if whole { 0 } else { PARTIAL }
        }
        _ => unit,
    }
}

impl Stage {
    /// Some copy has pieces that are smaller than a field, or not aligned to it.
    pub(super) fn splits_words(&self) -> bool {
        match self.core.profile.plan {
            CopyPlan::WordAsc | CopyPlan::Desc => false,
            CopyPlan::ByteAsc | CopyPlan::OverlapTail => true,
        }
    }

    /// Offset and size of each field of a slot.
    pub(super) fn fields_of(&self, slot: usize) -> Vec<(u32, u32)> {
        let def = self.def_of(self.slots[slot].map);
        let size = |field: &crate::scenario::Field| super::units::field_bytes(field.ty) as u32;
        def.map_or_else(Vec::new, |def| def.fields.iter().map(|f| (f.offset, size(f))).collect())
    }

    pub(super) fn slot_bytes(&self, slot: usize) -> u32 {
        self.map_of(slot).map_or(0, |map| map.shape.stride())
    }
}
