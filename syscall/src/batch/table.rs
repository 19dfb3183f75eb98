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
    pub(super) fn chain(self, hw: &Hw, bucket: u32) -> Result<Vec<Place>, Failure> {
        let hash = match self {
            Table::Hash(hash) => hash,
            Table::Own(own) => return Ok(own.bucket(&hw.mem, bucket)?),
        };
        let mut keys = Vec::new();
        let mut link = hw.mem.load(hash.head(bucket), 8)?;
        while let Some(element) = element_of(link) {
            keys.push(hash.key(element));
            link = hw.mem.load(hash.link(element), 8)?;
        }
        Ok(keys)
    }

    /// Elements that are deleted are given back after their bucket is unlocked, the last first.
    pub(super) const fn frees_late(self) -> bool {
        matches!(self, Table::Own(_))
    }
}
