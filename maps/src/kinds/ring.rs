//! RINGBUF, v5.8, and USER_RINGBUF, v6.1: records in a ring that one side writes and the other
//! reads. There are no elements: every element command is ENOTSUPP.
//!
//! ```text
//! word 0    how far the consumer is, in bytes from the beginning
//! word 1    how far the producer is
//! word 2..  the data area, max_entries bytes
//! ```
//!
//! Source: `kernel/bpf/ringbuf.c`, v5.8, v6.2 and v7.1.

use super::row::{Lookup, NO_BATCH, Take, Update};
use super::whole::Whole;
use super::{Kind, Row, System};
use crate::create::Around;
use crate::shape::{MOST_BYTES, Shape};
use bpfsim_abi::{Errno, Release};
use bpfsim_sim::{Memory, RegionId};

const DATA: u32 = 2;

const SYSTEM: System = System {
    lookup: Lookup::Element,
    update: Update::Never(Errno::ENOTSUPP),
    take: Take::Never,
    batch: NO_BATCH,
};

/// Programs write, user space reads.
pub(super) static RINGBUF: Row = Row {
    number: 27,
    name: "RINGBUF",
    since: Release::new(5, 8),
    percpu: false,
    build,
    system: SYSTEM,
};

/// User space writes, programs read.
pub(super) static USER_RINGBUF: Row = Row {
    number: 31,
    name: "USER_RINGBUF",
    since: Release::new(6, 1),
    percpu: false,
    build,
    system: SYSTEM,
};

/// Where the ring is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ring {
    region: RegionId,
    /// Bytes of the data area, a power of two.
    size: u32,
}

/// Pages that go with the data area: two positions, and what nobody maps.
const META_BYTES: u64 = 3 * 4096;

fn build(memory: &mut Memory, shape: &Shape, _: &Around<'_>) -> Result<Kind, Errno> {
    let size = shape.max_entries;
    if size > MOST_BYTES - DATA * 8 {
        return Err(Errno::ENOMEM);
    }
    let region = memory.add((DATA + size / 8) as usize);
    Ok(Kind::Ring(Ring { region, size }))
}

impl Whole for Ring {
    fn region(&self) -> RegionId {
        self.region
    }

    fn words(&self) -> u32 {
        DATA + self.size / 8
    }

    fn memory_bytes(&self) -> u64 {
        META_BYTES + u64::from(self.size)
    }
}
