//! QUEUE and STACK, v4.20: values without keys, in a ring.
//!
//! ```text
//! word 0    where the next value goes (head)
//! word 1    where the oldest is (tail); the same as head: empty
//! word 2..  max_entries + 1 slots, of which one stays free
//! ```
//!
//! A value that is pushed onto a full map with `BPF_EXIST` takes the place of the oldest.
//! Source: `kernel/bpf/queue_stack_maps.c`, v4.20 to v7.1.

use super::row::{Lookup, NO_BATCH, Take, Update};
use super::whole::{self, By, Fail, New, Whole};
use super::{Kind, Row, System};
use crate::create::Around;
use crate::shape::{MOST_BYTES, Shape};
use bpfsim_abi::{Errno, Release};
use bpfsim_sim::{Memory, Place, RegionId, Wild};

const HEAD: u32 = 0;
const TAIL: u32 = 1;
const SLOTS: u32 = 2;

const SYSTEM: System =
    System { lookup: Lookup::Peek, update: Update::Push, take: Take::Pop, batch: NO_BATCH };

/// First in, first out.
pub(super) static QUEUE: Row = Row {
    number: 22,
    name: "QUEUE",
    since: Release::new(4, 20),
    percpu: false,
    build: |memory, shape, around| build(memory, shape, around, false),
    system: SYSTEM,
};

/// Last in, first out.
pub(super) static STACK: Row = Row {
    number: 23,
    name: "STACK",
    since: Release::new(4, 20),
    percpu: false,
    build: |memory, shape, around| build(memory, shape, around, true),
    system: SYSTEM,
};

/// Where the ring is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Queue {
    region: RegionId,
    /// `max_entries + 1`.
    slots: u32,
    /// In bytes.
    value_size: u32,
    /// The newest leaves first.
    stack: bool,
}

fn build(memory: &mut Memory, shape: &Shape, _: &Around<'_>, stack: bool) -> Result<Kind, Errno> {
    let slots = shape.max_entries.checked_add(1).ok_or(Errno::ENOMEM)?;
    let bytes = u64::from(slots) * u64::from(shape.stride()) + u64::from(SLOTS) * 8;
    if bytes > u64::from(MOST_BYTES) {
        return Err(Errno::ENOMEM);
    }
    let region = memory.add((bytes / 8) as usize);
    Ok(Kind::Queue(Queue { region, slots, value_size: shape.value_size, stack }))
}

impl Queue {
    fn ends(&self, memory: &Memory) -> Result<(u32, u32), Wild> {
        let end = |word| Ok(whole::load(memory, self.region, word)? as u32);
        Ok((end(HEAD)?, end(TAIL)?))
    }

    const fn slot(&self, index: u32) -> Place {
        Place::new(self.region, SLOTS * 8 + index * self.value_size.next_multiple_of(8))
    }

    const fn after(&self, index: u32) -> u32 {
        if index + 1 >= self.slots { 0 } else { index + 1 }
    }

    const fn before(&self, index: u32) -> u32 {
        if index == 0 { self.slots - 1 } else { index - 1 }
    }

    fn set(&self, memory: &mut Memory, word: u32, index: u32) -> Result<(), Wild> {
        whole::store(memory, self.region, word, index.into())
    }

    /// An empty map cleans the buffer: programs see it.
    fn get(&self, memory: &mut Memory, out: Place, leaves: bool) -> Result<(), Fail> {
        let (head, tail) = self.ends(memory)?;
        if head == tail {
            memory.zero(out, self.value_size)?;
            return Err(Errno::ENOENT.into());
        }
        let index = if self.stack { self.before(head) } else { tail };
        memory.copy(self.slot(index), out, self.value_size)?;
        match (leaves, self.stack) {
            (false, _) => {}
            (true, true) => self.set(memory, HEAD, index)?,
            (true, false) => self.set(memory, TAIL, self.after(tail))?,
        }
        Ok(())
    }
}

impl Whole for Queue {
    fn region(&self) -> RegionId {
        self.region
    }

    fn words(&self) -> u32 {
        SLOTS + self.slots * self.value_size.div_ceil(8)
    }

    /// There are no keys.
    fn find(&self, _: &mut Memory, _: By, _: Place) -> Result<Option<Place>, Fail> {
        Ok(None)
    }

    fn update(&self, _: &mut Memory, _: By, _: Place, _: &New) -> Result<(), Fail> {
        Err(Errno::EINVAL.into())
    }

    fn delete(&self, _: &mut Memory, _: By, _: Place) -> Result<(), Fail> {
        Err(Errno::EINVAL.into())
    }

    fn next_key(&self, _: &Memory, _: Option<Place>) -> Result<Place, Fail> {
        Err(Errno::EINVAL.into())
    }

    /// `BPF_EXIST` makes room; `BPF_NOEXIST` means nothing here.
    fn push(&self, memory: &mut Memory, value: Place, flags: u64) -> Result<(), Fail> {
        let replaces = match flags {
            0 => false,
            2 => true,
            _ => return Err(Errno::EINVAL.into()),
        };
        let (head, tail) = self.ends(memory)?;
        if self.after(head) == tail {
            if !replaces {
                return Err(Errno::E2BIG.into());
            }
            self.set(memory, TAIL, self.after(tail))?;
        }
        memory.copy(value, self.slot(head), self.value_size)?;
        self.set(memory, HEAD, self.after(head))?;
        Ok(())
    }

    fn pop(&self, memory: &mut Memory, out: Place) -> Result<(), Fail> {
        self.get(memory, out, true)
    }

    fn peek(&self, memory: &mut Memory, out: Place) -> Result<(), Fail> {
        self.get(memory, out, false)
    }

    fn memory_bytes(&self) -> u64 {
        u64::from(self.slots) * u64::from(self.value_size)
    }
}
