//! Where the words of an LRU hash are.

use crate::kinds::whole;
use crate::series::ranks_of;
use crate::shape::{MOST_BYTES, Shape};
use bpfsim_sim::{Memory, Place, RegionId, Wild};

/// The lists that a set has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum List {
    /// Used since they were last looked at.
    Active = 0,
    /// To be thrown out.
    Inactive = 1,
    /// Not in the hash.
    Free = 2,
    /// Not in the hash, and kept by a CPU.
    LocalFree = 3,
    /// In the hash, and not yet in a set.
    Pending = 4,
}

impl List {
    const fn from_bits(bits: u64) -> List {
        match bits {
            0 => List::Active,
            1 => List::Inactive,
            2 => List::Free,
            3 => List::LocalFree,
            _ => List::Pending,
        }
    }

    /// Belongs to one CPU beside the common lists.
    pub(super) const fn is_local(self) -> bool {
        matches!(self, List::LocalFree | List::Pending)
    }
}

/// Lists in a set, and lists that a CPU has beside the common set.
const SET: u32 = 3;
const LOCALS: u32 = 2;

/// Words of a set: two counts and the place of rotation.
const SET_WORDS: u32 = 3;

/// Where everything is. Lengths are in words, positions count words of the region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) region: RegionId,
    /// All of them.
    pub(super) words: u32,
    pub(super) buckets: u32,
    /// `max_entries`.
    pub(super) elements: u32,
    pub(super) key_size: u32,
    pub(super) percpu: bool,
    pub(super) ranks: u32,
    /// One for all CPUs, or one for each.
    pub(super) sets: u32,
    lists: u32,
    set_words: u32,
    steals: u32,
    first: u32,
    element: u32,
}

/// What one element is, beside its key and values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) hash: u32,
    pub(super) list: List,
    pub(super) mark: bool,
    pub(super) cpu: u32,
}

impl Layout {
    /// Zero words; `None` where they do not fit. Where every CPU has lists of its own, the entries
    /// are a multiple of the CPUs.
    pub(super) fn new(memory: &mut Memory, shape: &Shape, own_lists: bool) -> Option<Self> {
        let (elements, ranks) = (shape.max_entries, shape.ranks);
        let buckets = elements.checked_next_power_of_two()?;
        let sets = if own_lists { ranks } else { 1 };
        let heads = if own_lists { sets * SET } else { SET + ranks * LOCALS };
        let element =
            2 + shape.key_size.div_ceil(8) + (shape.stride() / 8).checked_mul(ranks_of(shape))?;
        let lists = u64::from(buckets);
        let set_words = lists + u64::from(elements) + u64::from(heads);
        let steals = set_words + u64::from(sets * SET_WORDS);
        let first = steals + u64::from(ranks);
        let words = first + u64::from(elements) * u64::from(element);
        if words * 8 > u64::from(MOST_BYTES) {
            return None;
        }
        Some(Self {
            region: memory.add(words as usize),
            words: words as u32,
            buckets,
            elements,
            key_size: shape.key_size,
            percpu: shape.percpu,
            ranks,
            sets,
            lists: lists as u32,
            set_words: set_words as u32,
            steals: steals as u32,
            first: first as u32,
            element,
        })
    }

    const fn at(&self, element: u32) -> u32 {
        self.first + element * self.element
    }

    const fn place(&self, word: u32) -> Place {
        Place::new(self.region, word * 8)
    }

    pub(super) const fn key(&self, element: u32) -> Place {
        self.place(self.at(element) + 2)
    }

    pub(super) const fn value(&self, element: u32) -> Place {
        self.place(self.at(element) + 2 + self.key_size.div_ceil(8))
    }

    /// The list number of a set, or of a CPU, as a node of the ring that it is.
    pub(super) const fn head(&self, list: List, owner: u32) -> u32 {
        let list = list as u32;
        match list {
            0..SET => self.elements + owner * SET + list,
            _ => self.elements + SET + owner * LOCALS + (list - SET),
        }
    }

    fn get(&self, memory: &Memory, word: u32) -> Result<u64, Wild> {
        whole::load(memory, self.region, word)
    }

    fn set(&self, memory: &mut Memory, word: u32, value: u64) -> Result<(), Wild> {
        whole::store(memory, self.region, word, value)
    }

    pub(super) fn chain_of(&self, memory: &Memory, bucket: u32) -> Result<u64, Wild> {
        self.get(memory, bucket)
    }

    pub(super) fn set_chain_of(
        &self,
        memory: &mut Memory,
        bucket: u32,
        to: u64,
    ) -> Result<(), Wild> {
        self.set(memory, bucket, to)
    }

    pub(super) fn behind(&self, memory: &Memory, element: u32) -> Result<u64, Wild> {
        self.get(memory, self.at(element))
    }

    pub(super) fn set_behind(
        &self,
        memory: &mut Memory,
        element: u32,
        to: u64,
    ) -> Result<(), Wild> {
        self.set(memory, self.at(element), to)
    }

    pub(super) fn node(&self, memory: &Memory, element: u32) -> Result<Node, Wild> {
        let word = self.get(memory, self.at(element) + 1)?;
        Ok(Node {
            hash: word as u32,
            list: List::from_bits(word >> 32 & 0xff),
            mark: word >> 40 & 1 != 0,
            cpu: (word >> 48) as u32,
        })
    }

    pub(super) fn set_node(
        &self,
        memory: &mut Memory,
        element: u32,
        node: Node,
    ) -> Result<(), Wild> {
        let word = u64::from(node.hash)
            | (node.list as u64) << 32
            | u64::from(node.mark) << 40
            | u64::from(node.cpu) << 48;
        self.set(memory, self.at(element) + 1, word)
    }

    /// The nodes behind and before a node of a list: `(next, before)`.
    pub(super) fn ring(&self, memory: &Memory, node: u32) -> Result<(u32, u32), Wild> {
        let word = self.get(memory, self.lists + node)?;
        Ok((word as u32, (word >> 32) as u32))
    }

    pub(super) fn set_ring(
        &self,
        memory: &mut Memory,
        node: u32,
        (next, before): (u32, u32),
    ) -> Result<(), Wild> {
        self.set(memory, self.lists + node, u64::from(next) | u64::from(before) << 32)
    }

    /// How many nodes the active or inactive list of a set has.
    pub(super) fn count(&self, memory: &Memory, list: List, set: u32) -> Result<u32, Wild> {
        Ok(self.get(memory, self.set_words + set * SET_WORDS + list as u32)? as u32)
    }

    pub(super) fn add_to_count(
        &self,
        memory: &mut Memory,
        list: List,
        set: u32,
        by: i32,
    ) -> Result<(), Wild> {
        if !matches!(list, List::Active | List::Inactive) {
            return Ok(());
        }
        let count = self.count(memory, list, set)?.wrapping_add_signed(by);
        self.set(memory, self.set_words + set * SET_WORDS + list as u32, count.into())
    }

    /// Where the rotation of the inactive list goes on.
    pub(super) fn rotation(&self, memory: &Memory, set: u32) -> Result<u32, Wild> {
        Ok(self.get(memory, self.set_words + set * SET_WORDS + 2)? as u32)
    }

    pub(super) fn set_rotation(
        &self,
        memory: &mut Memory,
        set: u32,
        node: u32,
    ) -> Result<(), Wild> {
        self.set(memory, self.set_words + set * SET_WORDS + 2, node.into())
    }

    /// Whom a CPU asks first.
    pub(super) fn steal(&self, memory: &Memory, cpu: u32) -> Result<u32, Wild> {
        Ok(self.get(memory, self.steals + cpu)? as u32)
    }

    pub(super) fn set_steal(&self, memory: &mut Memory, cpu: u32, whom: u32) -> Result<(), Wild> {
        self.set(memory, self.steals + cpu, whom.into())
    }
}
