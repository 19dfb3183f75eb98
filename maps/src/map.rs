//! A map: where its words are, and what they are.

use crate::array::Array;
use crate::hash::Hash;
use crate::kinds::Kind as Own;
use crate::series::{Series, ranks_of};
use crate::shape::Shape;
use bpfsim_sim::visible::{Granule, Kind};
use bpfsim_sim::{Memory, Place, RegionId};

/// One map, without its words: those are in the [`Memory`] of the kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Map {
    /// As created.
    pub shape: Shape,
    /// What the release and the patch series say about per-CPU values.
    pub series: Option<&'static Series>,
    /// Where.
    pub words: Words,
}

/// The words of a map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Words {
    /// Values by index.
    Array(Array),
    /// Buckets and elements.
    Hash(Hash),
    /// What the map type makes of them.
    Own(Own),
}

impl Map {
    /// The region that holds everything.
    pub fn region(&self) -> RegionId {
        match &self.words {
            Words::Array(array) => array.region,
            Words::Hash(hash) => hash.region,
            Words::Own(own) => own.whole().region(),
        }
    }

    /// Gives the words back.
    pub fn free(&self, memory: &mut Memory) {
        memory.remove(self.region());
    }

    /// Bytes from the slot of one CPU to the slot of the next.
    pub fn rank_stride(&self) -> u32 {
        match &self.words {
            Words::Array(array) => array.rank_stride,
            Words::Hash(_) | Words::Own(_) => self.shape.stride(),
        }
    }

    /// The place of the CPU's value, given the place of the element. No check: a rank that no
    /// possible CPU has makes a place outside the map.
    pub fn slot(&self, element: Place, rank: u32) -> Place {
        match rank {
            // Far outside: the kernel would add whatever its offset table holds there.
            rank if rank >= self.shape.ranks => Place(element.0 | 0xffff_ffff),
            rank => element.plus(u64::from(rank) * u64::from(self.rank_stride())),
        }
    }

    /// The value that a program may name directly: the first of an array (v5.2).
    pub fn first_value(&self) -> Option<Place> {
        match &self.words {
            Words::Array(array) => array.place(0),
            Words::Hash(_) | Words::Own(_) => None,
        }
    }

    /// Where the value of a key is now, without steps: for observers, not for frames.
    pub fn peek(&self, memory: &Memory, key: &[u8]) -> Option<Place> {
        match &self.words {
            Words::Array(array) => {
                let index = u32::from_le_bytes(key.try_into().ok()?);
                array.place(index)
            }
            Words::Hash(hash) => hash.peek(memory, key),
            Words::Own(own) => own.whole().observe(memory, key),
        }
    }

    /// Which words become visible together with the one at `at`.
    pub fn granule(&self, at: Place) -> Granule {
        let word = at.offset() / 8;
        let value = |start: u32| {
            let words = self.shape.stride() / 8;
            let first = start + (word - start) / words * words;
            Granule { first, words, kind: Kind::Value }
        };
        match &self.words {
            Words::Array(_) => value(0),
            Words::Hash(hash) => match hash.value_start(word) {
                Ok(start) => value(start),
                Err(kind) => Granule { first: word, words: 1, kind },
            },
            Words::Own(own) => Granule { first: 0, words: own.whole().words(), kind: Kind::Value },
        }
    }

    /// Bytes of kernel memory that the map stands for, as the release accounts them.
    pub fn memory_bytes(&self) -> u64 {
        let (shape, entries) = (&self.shape, u64::from(self.shape.max_entries));
        let values = u64::from(shape.stride()) * u64::from(ranks_of(shape));
        match &self.words {
            Words::Array(_) if shape.percpu => entries * (8 + values),
            Words::Array(_) => entries * values,
            Words::Hash(hash) => {
                let key = u64::from(shape.key_size.next_multiple_of(8));
                let element = 48 + key + if shape.percpu { 8 + values } else { values };
                u64::from(hash.buckets) * 16 + entries * element
            }
            Words::Own(own) => own.whole().memory_bytes(),
        }
    }
}
