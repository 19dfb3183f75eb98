//! Where copies split words: who wrote each field, and whose bytes a lookup has read.

use super::super::frames::LabFrame;
use super::super::setup::{Act, Stage};
use super::super::units::field_bytes;
use super::Watch;
use bpfsim_sim::CopyPlan;
use bpfsim_sim::machine::Seen;

/// Marks a writer that did not write the whole field. Writer 0 is the start.
const PARTIAL: u64 = 1 << 31;

/// No bytes of the field were read so far.
const NOBODY: u64 = 0;

/// Bytes of two writers were read, each of whom wrote the whole field. What else a lookup has
/// read is one writer's: the writer, plus one.
pub const TORN: u64 = u64::MAX;

impl Watch {
    pub(super) fn follow_bytes(&mut self, stage: &Stage, seen: &Seen<'_, LabFrame>) {
        if !stage.splits_words() {
            return;
        }
        let Some((step, (at, bytes))) = seen.step.and_then(|s| Some((s, s.place()?))) else {
            return;
        };
        for slot in 0..self.slots.len() {
            if !self.slots[slot].has(step) {
                continue;
            }
            let start = (at.0 - self.slots[slot].place.0) as u32;
            for (index, (offset, size)) in stage.fields_of(slot).enumerate() {
                if start + bytes <= offset || start >= offset + size {
                    continue;
                }
                let whole = start <= offset && start + bytes >= offset + size;
                match step.writes() {
                    true => self.write(stage, slot, index, writer(stage, seen, whole)),
                    false => self.read(stage, seen.actor, slot, index),
                }
            }
        }
    }

    fn write(&mut self, stage: &Stage, slot: usize, field: usize, writer: u64) {
        let mut sets = stage.sets.borrow_mut();
        let writers = &mut self.slots[slot].writers;
        *writers = sets.list_with(*writers, field, writer);
    }

    fn read(&mut self, stage: &Stage, actor: usize, slot: usize, field: usize) {
        let mut sets = stage.sets.borrow_mut();
        let writer = sets.items(self.slots[slot].writers)[field];
        let mine = self.lookups.iter_mut().filter(|lookup| usize::from(lookup.actor) == actor);
        for looking in mine.flat_map(|lookup| &mut lookup.slots) {
            if usize::from(looking.slot) != slot {
                continue;
            }
            let from = match sets.items(looking.read_from)[field] {
                NOBODY => writer + 1,
                TORN => TORN,
                first if ((first - 1) | writer) & PARTIAL == 0 && first - 1 != writer => TORN,
                first => first,
            };
            looking.read_from = sets.list_with(looking.read_from, field, from);
        }
    }
}

/// The name of the write that a step is part of: a system call's copy counts as one write of all
/// that it covers, a program's store as one of its own.
fn writer(stage: &Stage, seen: &Seen<'_, LabFrame>, whole: bool) -> u64 {
    let unit = (seen.actor as u64 + 1) << 24 | u64::from(seen.unit) << 12;
    match (&stage.acts[seen.actor], seen.frame) {
        (Act::Run { .. }, Some(LabFrame::Program(frame))) if frame.op.is_none() => {
            unit | u64::from(frame.pc) & 0xfff | if whole { 0 } else { PARTIAL }
        }
        _ => unit,
    }
}

impl Stage {
    /// Some copy has pieces that are smaller than a field, or not aligned to it.
    fn splits_words(&self) -> bool {
        match self.core.profile.plan {
            CopyPlan::WordAsc | CopyPlan::Desc => false,
            CopyPlan::ByteAsc | CopyPlan::OverlapTail => true,
        }
    }

    /// Of how many fields of a slot it is followed who writes them.
    pub(super) fn followed_fields(&self, slot: usize) -> usize {
        if self.splits_words() { self.fields_of(slot).count() } else { 0 }
    }

    /// Offset and size of each field of a slot.
    fn fields_of(&self, slot: usize) -> impl Iterator<Item = (u32, u32)> + '_ {
        let def = self.def_of(self.slots[slot].map);
        let fields = def.map_or(&[][..], |def| &def.fields);
        fields.iter().map(|field| (field.offset, field_bytes(field.ty) as u32))
    }
}
