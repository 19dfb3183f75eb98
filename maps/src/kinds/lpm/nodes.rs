//! The nodes of a trie, as words.

use super::Lpm;
use crate::kinds::whole;
use crate::shape::Shape;
use bpfsim_sim::{Memory, Place, Wild};

const ENTRIES: u32 = 0;
const ROOT: u32 = 1;
const FREE: u32 = 2;
const TAKEN: u32 = 3;
/// The first node.
pub(super) const FIRST: u32 = 4;

/// Words of a node before its key.
const HEAD: u32 = 2;

/// Words of one node; `None` where that is no number of 32 bits.
pub(super) fn words(shape: &Shape) -> Option<u32> {
    (HEAD + shape.key_size.div_ceil(8)).checked_add(shape.value_size.div_ceil(8))
}

/// A key: how many of its bits count, and its bytes, the most significant first.
#[derive(Clone, Debug)]
pub(super) struct Key {
    pub(super) bits: u32,
    pub(super) data: Vec<u8>,
}

impl Key {
    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (bits, data) = bytes.split_first_chunk()?;
        Some(Self { bits: u32::from_le_bytes(*bits), data: data.to_vec() })
    }

    /// The bit with this number, as the number of a child; 0 behind the end.
    pub(super) fn bit(&self, index: u32) -> usize {
        let byte = self.data.get(index as usize / 8).copied().unwrap_or_default();
        usize::from(byte >> (7 - index % 8) & 1)
    }

    /// How many bits two keys begin with in common, of those that count in both.
    pub(super) fn common(&self, other: &Key) -> u32 {
        let mut bits = 0;
        for (mine, theirs) in self.data.iter().zip(&other.data) {
            let same = (mine ^ theirs).leading_zeros();
            bits += same;
            if same < 8 {
                break;
            }
        }
        bits.min(self.bits).min(other.bits)
    }
}

/// What leads to a node: the root, or a child of another node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Slot {
    Root,
    Child(u32, usize),
}

impl Lpm {
    /// The most bits that a key can have.
    pub(super) const fn longest(&self) -> u32 {
        (self.key_size - 4) * 8
    }

    const fn word(&self, node: u32) -> u32 {
        FIRST + node * self.node
    }

    const fn place(&self, word: u32) -> Place {
        Place::new(self.region, word * 8)
    }

    /// The key of a node, its length in front.
    pub(super) const fn key(&self, node: u32) -> Place {
        self.place(self.word(node) + HEAD)
    }

    /// The value of a node.
    pub(super) const fn value(&self, node: u32) -> Place {
        self.place(self.word(node) + HEAD + self.key_size.div_ceil(8))
    }

    /// The key at a place.
    pub(super) fn read(&self, memory: &Memory, at: Place) -> Result<Key, Wild> {
        let mut data = vec![0; self.key_size as usize - 4];
        memory.read(at.plus(4), &mut data)?;
        Ok(Key { bits: memory.load(at, 4)? as u32, data })
    }

    pub(super) fn set_key(&self, memory: &mut Memory, node: u32, key: &Key) -> Result<(), Wild> {
        memory.store(self.key(node), 4, key.bits.into())?;
        memory.write(self.key(node).plus(4), &key.data)
    }

    fn get(&self, memory: &Memory, word: u32) -> Result<u64, Wild> {
        whole::load(memory, self.region, word)
    }

    fn set(&self, memory: &mut Memory, word: u32, value: u64) -> Result<(), Wild> {
        whole::store(memory, self.region, word, value)
    }

    pub(super) fn entries(&self, memory: &Memory) -> Result<u64, Wild> {
        self.get(memory, ENTRIES)
    }

    pub(super) fn add_entries(&self, memory: &mut Memory, by: i64) -> Result<(), Wild> {
        let entries = self.entries(memory)?;
        self.set(memory, ENTRIES, entries.wrapping_add_signed(by))
    }

    /// The node only branches.
    pub(super) fn branches(&self, memory: &Memory, node: u32) -> Result<bool, Wild> {
        Ok(self.get(memory, self.word(node) + 1)? != 0)
    }

    pub(super) fn set_branches(
        &self,
        memory: &mut Memory,
        node: u32,
        branches: bool,
    ) -> Result<(), Wild> {
        self.set(memory, self.word(node) + 1, branches.into())
    }

    /// The children of a node.
    pub(super) fn children(&self, memory: &Memory, node: u32) -> Result<[Option<u32>; 2], Wild> {
        let word = self.get(memory, self.word(node))?;
        Ok([(word as u32).checked_sub(1), ((word >> 32) as u32).checked_sub(1)])
    }

    pub(super) fn set_children(
        &self,
        memory: &mut Memory,
        node: u32,
        children: [Option<u32>; 2],
    ) -> Result<(), Wild> {
        let [left, right] = children.map(|child| child.map_or(0, |child| u64::from(child) + 1));
        self.set(memory, self.word(node), left | right << 32)
    }

    pub(super) fn follow(&self, memory: &Memory, slot: Slot) -> Result<Option<u32>, Wild> {
        match slot {
            Slot::Root => Ok((self.get(memory, ROOT)? as u32).checked_sub(1)),
            Slot::Child(node, side) => Ok(self.children(memory, node)?[side]),
        }
    }

    pub(super) fn lead(
        &self,
        memory: &mut Memory,
        slot: Slot,
        to: Option<u32>,
    ) -> Result<(), Wild> {
        match slot {
            Slot::Root => self.set(memory, ROOT, to.map_or(0, |node| u64::from(node) + 1)),
            Slot::Child(node, side) => {
                let mut children = self.children(memory, node)?;
                children[side] = to;
                self.set_children(memory, node, children)
            }
        }
    }

    /// A node without children. What was given back is not used again while somebody explores:
    /// a reader may be there.
    pub(super) fn take(&self, memory: &mut Memory, watched: bool) -> Result<u32, Wild> {
        let free = (self.get(memory, FREE)? as u32).checked_sub(1).filter(|_| !watched);
        let node = match free {
            Some(node) => {
                let next = self.get(memory, self.word(node))?;
                self.set(memory, FREE, next)?;
                node
            }
            None => {
                let node = self.get(memory, TAKEN)? as u32;
                self.set(memory, TAKEN, u64::from(node) + 1)?;
                let room = memory.region(self.region).words().len();
                let end = self.word(node + 1) as usize;
                if end > room {
                    let more = if watched { end } else { end.max(room + room / 2) };
                    memory.grow(self.region, more);
                }
                node
            }
        };
        self.set_children(memory, node, [None; 2])?;
        self.set_branches(memory, node, false)?;
        Ok(node)
    }

    /// Nothing leads to the node any more.
    pub(super) fn give(&self, memory: &mut Memory, node: u32) -> Result<(), Wild> {
        let free = self.get(memory, FREE)?;
        self.set(memory, self.word(node), free)?;
        self.set(memory, FREE, u64::from(node) + 1)
    }
}
