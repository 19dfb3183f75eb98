//! A map that is read bucket by bucket.

use crate::Failure;
use bpfsim_maps::hash::{Hash, element_of};
use bpfsim_maps::kinds::Whole;
use bpfsim_sim::{Hw, Place};

/// Where the buckets are.
#[derive(Clone, Copy)]
pub(super) enum Table<'a> {
    /// A plain hash.
    Hash(&'a Hash),
    /// A map type with buckets of its own.
    Own(&'a dyn Whole),
}

impl Table<'_> {
    /// How many buckets there are.
    pub(super) fn buckets(self) -> u32 {
        match self {
            Table::Hash(hash) => hash.buckets,
            Table::Own(own) => own.buckets().unwrap_or(0),
        }
    }

    /// Where the keys of a bucket lie, in the order of its chain.
    pub(super) fn chain(self, hw: &Hw, bucket: u32, keys: &mut Vec<Place>) -> Result<(), Failure> {
        keys.clear();
        let hash = match self {
            Table::Hash(hash) => hash,
            Table::Own(own) => {
                keys.extend(own.bucket(&hw.mem, bucket)?);
                return Ok(());
            }
        };
        let mut link = hw.mem.load(hash.head(bucket), 8)?;
        while let Some(element) = element_of(link) {
            keys.push(hash.key(element));
            link = hw.mem.load(hash.link(element), 8)?;
        }
        Ok(())
    }

    /// The first value of the element whose key lies there, where values lie behind keys.
    pub(super) fn value_behind(self, key: Place) -> Option<Place> {
        match self {
            Table::Hash(hash) => Some(key.plus(u64::from(hash.key_words) * 8)),
            Table::Own(_) => None,
        }
    }

    /// Elements that are deleted are given back after their bucket is unlocked, the last first.
    pub(super) const fn frees_late(self) -> bool {
        matches!(self, Table::Own(_))
    }
}
