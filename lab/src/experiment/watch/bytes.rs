//! Where copies split words: who wrote each byte, and whose bytes of each field a lookup has read.

use super::super::frames::LabFrame;
use super::super::setup::{Act, Stage};
use super::super::units::field_bytes;
use super::Watch;
use bpfsim_sim::CopyPlan;
use bpfsim_sim::machine::Seen;
use std::ops::Range;

/// Marks a writer that did not write the whole field: its bytes are no sign of a tear. Writer 0
/// is the start.
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
                let shared = start.max(offset)..(start + bytes).min(offset + size);
                match step.writes() {
                    true => self.write(stage, slot, shared, writer(stage, seen, whole)),
                    false => self.read(stage, seen.actor, slot, index, shared),
                }
            }
        }
    }

    fn write(&mut self, stage: &Stage, slot: usize, bytes: Range<u32>, writer: u64) {
        let mut sets = stage.sets.borrow_mut();
        let writers = &mut self.slots[slot].writers;
        for byte in bytes {
            *writers = sets.list_with(*writers, byte as usize, writer);
        }
    }

    fn read(&mut self, stage: &Stage, actor: usize, slot: usize, field: usize, bytes: Range<u32>) {
        let mut sets = stage.sets.borrow_mut();
        let mine = self.lookups.iter_mut().filter(|lookup| usize::from(lookup.actor) == actor);
        for looking in mine.flat_map(|lookup| &mut lookup.slots) {
            if usize::from(looking.slot) != slot {
                continue;
            }
            let writers = sets.items(self.slots[slot].writers);
            let before = sets.items(looking.read_from)[field];
            let from = bytes.clone().fold(before, |from, at| joined(from, writers[at as usize]));
            looking.read_from = sets.list_with(looking.read_from, field, from);
        }
    }
}

/// Whose bytes of a field were read, after one more byte of this writer's.
fn joined(from: u64, writer: u64) -> u64 {
    match from {
        TORN => TORN,
        from if writer & PARTIAL != 0 => from,
        NOBODY => writer + 1,
        first if first - 1 != writer => TORN,
        first => first,
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

    /// Of how many bytes of a slot it is followed who writes them.
    pub(super) fn followed_bytes(&self, slot: usize) -> usize {
        if self.splits_words() { self.slot_bytes(slot) as usize } else { 0 }
    }

    /// Of how many fields of a slot it is followed whose bytes were read.
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
