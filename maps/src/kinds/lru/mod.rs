//! LRU_HASH and LRU_PERCPU_HASH, v4.10: hashes that throw out what nobody has used of late.
//!
//! ```text
//! buckets    for each: its chain, `element + 1` or 0
//! lists      for each node: the next in the low half, the one before in the high half;
//!            the elements first, then the heads of the lists
//! sets       for each: nodes of its active and inactive list, where rotation goes on
//! steals     for each CPU: whom it asks first when nothing is left
//! elements   chain; hash, list, mark and CPU; key; a value for each CPU
//! ```
//!
//! A new element comes from a free list of the CPU, which takes what it needs from the common
//! lists: their free elements first, then the tail of the inactive list. What a program looks up
//! is marked, and moves to the active list when the lists are rotated. With `BPF_F_NO_COMMON_LRU`
//! every CPU has lists of its own. Source: `kernel/bpf/bpf_lru_list.c` and `hashtab.c`, v4.10,
//! v4.12, v5.2, v6.18 and v7.1.

mod layout;
mod list;
mod pop;
mod table;

use super::row::{Lookup, Take, Update};
use super::whole::{By, Fail, New, Whole};
use super::{Kind, Row, System};
use crate::create::{Around, BPF_F_ZERO_SEED};
use crate::shape::Shape;
use crate::update::Want;
use bpfsim_abi::{Errno, Release};
use bpfsim_sim::{Memory, Place, RegionId, Wild};
use layout::Layout;

/// Hashes have batches since v5.6, and hand out what they delete since v5.14.
const SYSTEM: System = System {
    lookup: Lookup::Element,
    update: Update::Element,
    take: Take::Element(Release::new(5, 14)),
    batch: [Some(Release::new(5, 6)); 4],
};

/// One value for each key.
pub(super) static LRU_HASH: Row = Row {
    number: 9,
    name: "LRU_HASH",
    since: Release::new(4, 10),
    percpu: false,
    build,
    system: SYSTEM,
};

/// One value for each key and CPU.
pub(super) static LRU_PERCPU_HASH: Row = Row {
    number: 10,
    name: "LRU_PERCPU_HASH",
    since: Release::new(4, 10),
    percpu: true,
    build,
    system: SYSTEM,
};

/// Where everything is, and what the release does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lru {
    at: Layout,
    /// What the hash function starts from: an input of the kernel.
    seed: u32,
    /// Every CPU has an active, an inactive and a free list.
    own_lists: bool,
    /// How many elements a CPU takes from the common lists at a time.
    target: u32,
    /// How many nodes are looked at in one go.
    scans: u32,
    /// A lookup by a system call leaves a mark too (up to v5.1, values that are not per-CPU).
    marks_always: bool,
}

/// `BPF_F_NO_COMMON_LRU`.
const BPF_F_NO_COMMON_LRU: u32 = 2;

/// `LOCAL_FREE_TARGET`.
const TARGET: u32 = 128;

fn build(memory: &mut Memory, shape: &Shape, around: &Around<'_>) -> Result<Kind, Errno> {
    let (release, ranks) = (around.release, shape.ranks);
    let own_lists = shape.flags & BPF_F_NO_COMMON_LRU != 0;
    let at = Layout::new(memory, shape, own_lists).ok_or(Errno::ENOMEM)?;
    let seeded = release >= Release::new(4, 19) && shape.flags & BPF_F_ZERO_SEED == 0;
    let own_target = if release < Release::new(4, 12) { 16 } else { 4 };
    let target = match own_lists {
        true => own_target,
        // d4adf1c9ee77: the CPUs hold no more than half of the map.
        false if release >= Release::new(6, 17) => (shape.max_entries / ranks / 2).clamp(1, TARGET),
        false => TARGET,
    };
    let lru = Lru {
        at,
        seed: if seeded { around.seed } else { 0 },
        own_lists,
        target,
        scans: if own_lists { own_target } else { TARGET },
        marks_always: release < Release::new(5, 2) && !shape.percpu,
    };
    lru.populate(memory).map_err(|_| Errno::ENOMEM)?;
    Ok(Kind::Lru(lru))
}

impl Whole for Lru {
    fn region(&self) -> RegionId {
        self.at.region
    }

    fn words(&self) -> u32 {
        self.at.words
    }

    fn marks(&self) -> bool {
        true
    }

    fn find(&self, memory: &mut Memory, by: By, key: Place) -> Result<Option<Place>, Fail> {
        let Some(element) = self.lookup(memory, key)? else { return Ok(None) };
        if by.program || self.marks_always {
            self.set_mark(memory, element, true)?;
        }
        Ok(Some(self.at.value(element)))
    }

    /// A new element is taken before the old one is looked for: an update can throw out the very
    /// element that it would have replaced.
    fn update(&self, memory: &mut Memory, by: By, key: Place, new: &New) -> Result<(), Fail> {
        let hash = self.hash(memory, key)?;
        let takes = !self.at.percpu || new.want != Want::Exist;
        let taken = if takes { self.pop(memory, by.cpu, hash, key)? } else { None };
        if takes && taken.is_none() {
            return Err(Errno::ENOMEM.into());
        }
        if let Some(element) = taken.filter(|_| !self.at.percpu) {
            new.store(memory, self.at.value(element))?;
        }
        let old = self.lookup(memory, key)?;
        let refused = match (old, new.want) {
            (Some(_), Want::NoExist) => Some(Errno::EEXIST),
            (None, Want::Exist) => Some(Errno::ENOENT),
            (Some(_), Want::Any | Want::Exist) | (None, Want::Any | Want::NoExist) => None,
        };
        let left = match (refused, old) {
            (Some(_), _) => taken,
            (None, Some(old)) if self.at.percpu => {
                self.set_mark(memory, old, true)?;
                new.store(memory, self.at.value(old))?;
                taken
            }
            (None, _) => {
                self.put(memory, taken, old, new)?;
                old
            }
        };
        if let Some(element) = left {
            self.push(memory, element)?;
        }
        refused.map_or(Ok(()), |errno| Err(errno.into()))
    }

    fn delete(&self, memory: &mut Memory, _: By, key: Place) -> Result<(), Fail> {
        let element = self.lookup(memory, key)?.ok_or(Errno::ENOENT)?;
        self.unlink(memory, element)?;
        self.push(memory, element)?;
        Ok(())
    }

    fn next_key(&self, memory: &Memory, key: Option<Place>) -> Result<Place, Fail> {
        Ok(self.after(memory, key)?.ok_or(Errno::ENOENT)?)
    }

    fn buckets(&self) -> Option<u32> {
        Some(self.at.buckets)
    }

    fn bucket(&self, memory: &Memory, bucket: u32) -> Result<Vec<Place>, Wild> {
        let chain = self.chain(memory, bucket)?;
        Ok(chain.into_iter().map(|element| self.at.key(element)).collect())
    }

    fn memory_bytes(&self) -> u64 {
        u64::from(self.at.words) * 8
    }

    fn observe(&self, memory: &Memory, key: &[u8]) -> Option<Place> {
        self.search(memory, key).ok().flatten().map(|element| self.at.value(element))
    }
}

impl Lru {
    /// Links the element that was taken, in front of the old one, which goes.
    fn put(
        &self,
        memory: &mut Memory,
        taken: Option<u32>,
        old: Option<u32>,
        new: &New,
    ) -> Result<(), Fail> {
        let Some(element) = taken else { return Ok(()) };
        if self.at.percpu {
            let value = self.at.value(element);
            if !new.keeps_stale && new.plan.end - new.plan.first < new.ranks {
                memory.zero(value, new.stride * new.ranks)?;
            }
            new.store(memory, value)?;
        }
        self.link(memory, element)?;
        if let Some(old) = old {
            self.set_mark(memory, element, true)?;
            self.unlink(memory, old)?;
        }
        Ok(())
    }
}
