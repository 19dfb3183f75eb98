//! ARRAY and its per-CPU form: values by index, zero from the beginning, never deleted.
//!
//! Per-CPU values lie as on a real machine: one block for each CPU, the same offset in each.
//! A CPU number that is not possible leads out of the region.

use bpfsim_sim::{Memory, Place, RegionId};

/// Where the values are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Array {
    /// All of them.
    pub region: RegionId,
    /// Bytes from one value to the next on the same CPU.
    pub stride: u32,
    /// Bytes from one CPU's block to the next.
    pub rank_stride: u32,
    /// `max_entries`.
    pub entries: u32,
}

impl Array {
    /// `entries` zero values for each of `ranks` CPUs; `None` where they do not fit.
    pub fn create(memory: &mut Memory, entries: u32, stride: u32, ranks: u32) -> Option<Self> {
        let rank_stride = entries.checked_mul(stride)?;
        let bytes = rank_stride.checked_mul(ranks)?;
        if bytes > crate::shape::MOST_BYTES {
            return None;
        }
        let region = memory.add(bytes as usize / 8);
        Some(Self { region, stride, rank_stride, entries })
    }

    /// The value of `index` on the first CPU.
    #[inline]
    pub fn place(&self, index: u32) -> Option<Place> {
        (index < self.entries).then(|| Place::new(self.region, index * self.stride))
    }
}
