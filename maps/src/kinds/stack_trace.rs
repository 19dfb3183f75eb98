//! STACK_TRACE, v4.6: call chains by their number, which only programs put there
//! (`bpf_get_stackid()`, which is not modelled): every bucket is empty.
//!
//! ```text
//! word 0..  for each bucket: the call chain in it, or 0
//! ```
//!
//! Source: `kernel/bpf/stackmap.c`, v4.6, v4.16 and v6.18.

use super::row::{Lookup, NO_BATCH, Take, Update};
use super::whole::{self, By, Fail, New, Whole};
use super::{Kind, Row, System};
use crate::create::Around;
use crate::shape::{MOST_BYTES, Shape};
use bpfsim_abi::{Errno, Release};
use bpfsim_sim::{Memory, Place, RegionId};

pub(super) static STACK_TRACE: Row = Row {
    number: 7,
    name: "STACK_TRACE",
    since: Release::new(4, 6),
    percpu: false,
    build,
    system: System {
        lookup: Lookup::Element,
        update: Update::Never(Errno::EINVAL),
        take: Take::Element(Release::new(6, 18)),
        batch: NO_BATCH,
    },
};

/// Where the buckets are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StackTrace {
    region: RegionId,
    /// A power of two.
    buckets: u32,
    /// `max_entries`.
    entries: u32,
    /// In bytes.
    value_size: u32,
    /// GET_NEXT_KEY walks them (v4.16); EINVAL before.
    walks: bool,
}

fn build(memory: &mut Memory, shape: &Shape, around: &Around<'_>) -> Result<Kind, Errno> {
    let buckets = shape.max_entries.checked_next_power_of_two().ok_or(Errno::E2BIG)?;
    if buckets > MOST_BYTES / 8 {
        return Err(Errno::ENOMEM);
    }
    Ok(Kind::StackTrace(StackTrace {
        region: memory.add(buckets as usize),
        buckets,
        entries: shape.max_entries,
        value_size: shape.value_size,
        walks: around.release >= Release::new(4, 16),
    }))
}

impl StackTrace {
    /// The number of a bucket, if there is such a bucket.
    fn bucket(&self, memory: &Memory, key: Place) -> Result<Option<u32>, Fail> {
        let id = memory.load(key, 4)? as u32;
        Ok(Some(id).filter(|id| *id < self.buckets))
    }

    fn is_used(&self, memory: &Memory, id: u32) -> Result<bool, Fail> {
        Ok(whole::load(memory, self.region, id)? != 0)
    }
}

impl Whole for StackTrace {
    fn region(&self) -> RegionId {
        self.region
    }

    fn words(&self) -> u32 {
        self.buckets
    }

    /// Programs see nothing; a system call finds no bucket in use.
    fn find(&self, _: &mut Memory, _: By, _: Place) -> Result<Option<Place>, Fail> {
        Ok(None)
    }

    fn update(&self, _: &mut Memory, _: By, _: Place, _: &New) -> Result<(), Fail> {
        Err(Errno::EINVAL.into())
    }

    fn delete(&self, memory: &mut Memory, _: By, key: Place) -> Result<(), Fail> {
        let id = self.bucket(memory, key)?.ok_or(Errno::E2BIG)?;
        if !self.is_used(memory, id)? {
            return Err(Errno::ENOENT.into());
        }
        whole::store(memory, self.region, id, 0)?;
        Ok(())
    }

    fn next_key(&self, _: &Memory, _: Option<Place>) -> Result<Place, Fail> {
        Err(if self.walks { Errno::ENOENT } else { Errno::EINVAL }.into())
    }

    fn memory_bytes(&self) -> u64 {
        u64::from(self.buckets) * 8 + u64::from(self.entries) * (16 + u64::from(self.value_size))
    }
}
