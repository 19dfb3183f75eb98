//! What a map type can do, each as one step.

use crate::mover::Plan;
use crate::op::Stop;
use crate::update::Want;
use bpfsim_abi::Errno;
use bpfsim_sim::{Memory, Place, RegionId, Wild};

/// Why an operation fails: an errno, or an access outside every region.
pub type Fail = Stop;

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct By {
    /// Rank of the CPU.
    pub cpu: u32,
    /// A program, by a helper; otherwise a system call.
    pub program: bool,
    /// Somebody explores: what readers may still hold is not used again.
    pub watched: bool,
}

/// A new value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct New {
    /// Where it lies.
    pub value: Place,
    /// What the flags ask for.
    pub want: Want,
    /// Whose values they are.
    pub plan: Plan,
    /// Bytes from one CPU's slot to the next.
    pub stride: u32,
    /// How many CPUs have one.
    pub ranks: u32,
    /// A recycled element keeps the values of the CPUs that are not written.
    pub keeps_stale: bool,
}

impl New {
    /// Moves the bytes into the element.
    pub fn store(&self, memory: &mut Memory, element: Place) -> Result<(), Fail> {
        let plan = &self.plan;
        for rank in plan.first..plan.end {
            let to = element.plus(u64::from(rank) * u64::from(self.stride));
            let from = u64::from(rank - plan.first) * u64::from(plan.buffer_stride);
            memory.copy(self.value.plus(from), to, plan.len)?;
        }
        Ok(())
    }
}

/// Operations that only some types have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// A value joins (`flags` are those of the update).
    Push {
        /// Where it lies.
        value: Place,
        /// As the caller gave them.
        flags: u64,
    },
    /// A value leaves.
    Pop {
        /// Where it goes.
        out: Place,
    },
    /// A value is looked at; what is at `value` may be part of the question.
    Peek {
        /// Where it goes, or comes from.
        value: Place,
    },
}

/// A map type that answers each operation at once. Keys and values lie in memory; the map's own
/// words are those of `region`. What a type does not say is refused as by a type without the
/// operation (`ENOTSUPP`), which its row usually keeps from happening.
pub trait Whole {
    /// The region that holds everything.
    fn region(&self) -> RegionId;

    /// How many words it has at most. They count as one slot under an exploration.
    fn words(&self) -> u32;

    /// True when a lookup by a program leaves a mark.
    fn marks(&self) -> bool {
        false
    }

    /// The element of the key at `key`: the slot of the first CPU.
    fn find(&self, _: &mut Memory, _: By, _key: Place) -> Result<Option<Place>, Fail> {
        Err(Errno::ENOTSUPP.into())
    }

    /// A new value for the key at `key`.
    fn update(&self, _: &mut Memory, _: By, _key: Place, _: &New) -> Result<(), Fail> {
        Err(Errno::ENOTSUPP.into())
    }

    /// Removes the key at `key`.
    fn delete(&self, _: &mut Memory, _: By, _key: Place) -> Result<(), Fail> {
        Err(Errno::ENOTSUPP.into())
    }

    /// Where the key after the one at `key` lies, or the first.
    fn next_key(&self, _: &Memory, _key: Option<Place>) -> Result<Place, Fail> {
        Err(Errno::ENOTSUPP.into())
    }

    /// The value at `value` joins.
    fn push(&self, _: &mut Memory, _value: Place, _flags: u64) -> Result<(), Fail> {
        Err(Errno::ENOTSUPP.into())
    }

    /// A value leaves, to `out`.
    fn pop(&self, _: &mut Memory, _out: Place) -> Result<(), Fail> {
        Err(Errno::ENOTSUPP.into())
    }

    /// A value is copied to `value`, or the one there is asked about.
    fn peek(&self, _: &mut Memory, _value: Place) -> Result<(), Fail> {
        Err(Errno::ENOTSUPP.into())
    }

    /// How many buckets it has, if it is read in batches bucket by bucket.
    fn buckets(&self) -> Option<u32> {
        None
    }

    /// Where the keys of a bucket lie, in the order of its chain.
    fn bucket(&self, _: &Memory, _bucket: u32) -> Result<Vec<Place>, Wild> {
        Ok(Vec::new())
    }

    /// Bytes of kernel memory that the map stands for.
    fn memory_bytes(&self) -> u64;

    /// Where a key's value is now, without a trace: for observers.
    fn observe(&self, _: &Memory, _key: &[u8]) -> Option<Place> {
        None
    }
}

/// A word, by its number within the region.
pub(super) fn load(memory: &Memory, region: RegionId, word: u32) -> Result<u64, Wild> {
    memory.load(Place::new(region, word * 8), 8)
}

/// Writes a word, by its number within the region.
pub(super) fn store(
    memory: &mut Memory,
    region: RegionId,
    word: u32,
    value: u64,
) -> Result<(), Wild> {
    memory.store(Place::new(region, word * 8), 8, value)
}
