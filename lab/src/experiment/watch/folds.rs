//! What the units on one slot may have made of it, in every order that real time allows.

use super::super::sets::{ContentId, SetId};
use super::super::setup::Stage;
use super::{SlotWatch, version};
use std::hash::{Hash, Hasher};

/// Most units on one slot at a time: as many bits has the mask of a configuration.
const MOST: usize = 16;

/// A unit that has begun and not ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct PendingUnit {
    /// Whose.
    pub actor: u8,
    /// Rank of the CPU that it began on.
    pub rank: u8,
    /// Which of the actor's.
    pub unit: u16,
}

impl PendingUnit {
    /// Actor and number.
    pub const fn id(&self) -> (u8, u16) {
        (self.actor, self.unit)
    }

    fn word(&self) -> u32 {
        u32::from(self.actor) << 24 | u32::from(self.rank) << 16 | u32::from(self.unit)
    }
}

/// Units that have begun and not ended, in the order in which they began.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pending {
    units: [PendingUnit; MOST],
    len: u8,
}

impl PartialEq for Pending {
    fn eq(&self, other: &Self) -> bool {
        self.units() == other.units()
    }
}

impl Eq for Pending {}

impl Hash for Pending {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.units().iter().for_each(|unit| state.write_u32(unit.word()));
    }
}

impl Pending {
    fn units(&self) -> &[PendingUnit] {
        &self.units[..usize::from(self.len)]
    }

    fn position(&self, (actor, unit): (u8, u16)) -> Option<usize> {
        self.units().iter().position(|known| known.id() == (actor, unit))
    }

    /// True when there is none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// True when the unit is among them.
    pub fn contains(&self, unit: &(u8, u16)) -> bool {
        self.position(*unit).is_some()
    }

    /// Adds one; false when there are too many.
    fn push(&mut self, unit: PendingUnit) -> bool {
        let Some(free) = self.units.get_mut(usize::from(self.len)) else { return false };
        *free = unit;
        self.len += 1;
        true
    }

    /// Takes one out, and says where it was.
    fn remove(&mut self, unit: (u8, u16)) -> Option<usize> {
        let index = self.position(unit)?;
        self.units.copy_within(index + 1.., index);
        self.len -= 1;
        Some(index)
    }

    /// Feeds the list.
    pub(super) fn encode(&self, out: &mut Vec<u64>) {
        out.push(self.len.into());
        out.extend(self.units().iter().map(|unit| u64::from(unit.word())));
    }
}

/// The beginning or end of a unit, with all that it depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fold {
    slot: usize,
    pending: Pending,
    configs: SetId,
    history: SetId,
    done: u16,
    what: What,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum What {
    /// The last pending one has begun.
    Begun,
    /// The one at this position has ended; it may have failed.
    Ended(usize, bool),
}

impl SlotWatch {
    pub(super) fn begin_unit(&mut self, stage: &Stage, slot: usize, unit: PendingUnit) {
        if self.pending.push(unit) {
            self.begun += 1;
            self.fold(stage, slot, What::Begun);
        }
    }

    /// A unit that failed has changed nothing.
    pub(super) fn end_unit(&mut self, stage: &Stage, slot: usize, unit: (u8, u16), failed: bool) {
        if let Some(index) = self.pending.remove(unit) {
            self.done += 1;
            self.fold(stage, slot, What::Ended(index, failed));
        }
    }

    /// The configurations and the history after `what`, which are worked out once.
    fn fold(&mut self, stage: &Stage, slot: usize, what: What) {
        let (pending, configs, history, done) =
            (self.pending, self.configs, self.history, self.done);
        let fold = Fold { slot, pending, configs, history, done, what };
        let known = stage.sets.borrow().folded(&fold);
        (self.configs, self.history) = known.unwrap_or_else(|| {
            let configs = match what {
                What::Begun => fold.begun(stage),
                What::Ended(index, failed) => fold.ended(stage, index, failed),
            };
            let mut sets = stage.sets.borrow_mut();
            let mut history = history;
            for config in &configs {
                let units = done + (config & 0xffff).count_ones() as u16;
                history = sets.with(history, version(units, (config >> 16) as ContentId));
            }
            let after = (sets.set(configs), history);
            sets.note_folded(fold, after);
            after
        });
    }
}

impl Fold {
    /// Every configuration that the running units allow.
    fn begun(&self, stage: &Stage) -> Vec<u64> {
        let mut all = stage.sets.borrow().members(self.configs).to_vec();
        let mut next = 0;
        while let Some(config) = all.get(next).copied() {
            next += 1;
            let (content, mask) = ((config >> 16) as ContentId, config & 0xffff);
            for (index, unit) in self.pending.units().iter().enumerate() {
                if mask >> index & 1 == 0 {
                    let after = stage.apply(*unit, self.slot, content);
                    let config = u64::from(after) << 16 | mask | 1 << index;
                    if !all.contains(&config) {
                        all.push(config);
                    }
                }
            }
        }
        all
    }

    /// The configurations that have the unit at `index`, or those without it if it failed.
    fn ended(&self, stage: &Stage, index: usize, failed: bool) -> Vec<u64> {
        let below = (1u64 << index) - 1;
        let without = |config: &u64| {
            let mask = config & 0xffff;
            config & !0xffff | mask & below | mask >> 1 & !below
        };
        let stays = |config: &&u64| (*config >> index & 1 != 0) != failed;
        let sets = stage.sets.borrow();
        sets.members(self.configs).iter().filter(stays).map(without).collect()
    }
}
