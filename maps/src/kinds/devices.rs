//! DEVMAP_HASH, v5.4: devices by any number.
//!
//! ```text
//! word 0             how many there are
//! word 1 + 2 * n     the key of number n, counted from the newest
//! word 2 + 2 * n     its value: ifindex, and the id of a program behind it (v5.8)
//! ```
//!
//! The kernel has a list for each bucket, the newest first; a bucket is the key's lowest bits. What
//! is replaced becomes the newest. Source: `kernel/bpf/devmap.c`, v5.4 to v7.1.

use super::row::{Lookup, NO_BATCH, Take, Update};
use super::whole::{self, By, Fail, New, Whole};
use super::{Kind, Row, System};
use crate::create::Around;
use crate::shape::{MOST_BYTES, Shape};
use crate::update::Want;
use bpfsim_abi::{Errno, Release};
use bpfsim_sim::{Memory, Place, RegionId, Wild};

pub(super) static DEVMAP_HASH: Row = Row {
    number: 25,
    name: "DEVMAP_HASH",
    since: Release::new(5, 4),
    percpu: false,
    build,
    system: System {
        lookup: Lookup::Element,
        update: Update::Element,
        take: Take::Never,
        batch: NO_BATCH,
    },
};

/// Where the devices are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Devices {
    region: RegionId,
    /// `max_entries`.
    entries: u32,
    /// A power of two.
    buckets: u32,
}

fn build(memory: &mut Memory, shape: &Shape, _: &Around<'_>) -> Result<Kind, Errno> {
    let words = 1 + 2 * u64::from(shape.max_entries);
    if words * 8 > u64::from(MOST_BYTES) {
        return Err(Errno::ENOMEM);
    }
    let region = memory.add(words as usize);
    let buckets = shape.max_entries.next_power_of_two();
    Ok(Kind::Devices(Devices { region, entries: shape.max_entries, buckets }))
}

impl Devices {
    fn len(&self, memory: &Memory) -> Result<u32, Wild> {
        Ok(whole::load(memory, self.region, 0)? as u32)
    }

    const fn key(&self, number: u32) -> Place {
        Place::new(self.region, (1 + 2 * number) * 8)
    }

    const fn value(&self, number: u32) -> Place {
        Place::new(self.region, (2 + 2 * number) * 8)
    }

    /// The keys, the newest first.
    fn keys(&self, memory: &Memory) -> Result<Vec<u32>, Wild> {
        let key = |number| Ok(memory.load(self.key(number), 4)? as u32);
        (0..self.len(memory)?).map(key).collect()
    }

    fn position(&self, memory: &Memory, key: u32) -> Result<Option<u32>, Wild> {
        let found = self.keys(memory)?.iter().position(|one| *one == key);
        Ok(found.map(|number| number as u32))
    }

    /// Moves those before `number` one further, over it, or away from the beginning.
    fn shift(&self, memory: &mut Memory, number: u32) -> Result<(), Wild> {
        for to in (1..=number).rev() {
            memory.copy(self.key(to - 1), self.key(to), 16)?;
        }
        Ok(())
    }

    fn remove(&self, memory: &mut Memory, number: u32) -> Result<(), Wild> {
        let len = self.len(memory)?;
        for to in number..len - 1 {
            memory.copy(self.key(to + 1), self.key(to), 16)?;
        }
        memory.store(self.key(len - 1), 8, 0)?;
        memory.store(self.value(len - 1), 8, 0)?;
        whole::store(memory, self.region, 0, u64::from(len) - 1)
    }

    /// The number of the key that a walk comes to after `key`.
    fn after(&self, memory: &Memory, key: Option<u32>) -> Result<Option<u32>, Wild> {
        let keys = self.keys(memory)?;
        let bucket = |key: u32| key & (self.buckets - 1);
        let mut order: Vec<u32> = (0..keys.len() as u32).collect();
        order.sort_by_key(|number| bucket(keys[*number as usize]));
        let at = key.and_then(|key| order.iter().position(|n| keys[*n as usize] == key));
        Ok(order.get(at.map_or(0, |at| at + 1)).copied())
    }
}

impl Whole for Devices {
    fn region(&self) -> RegionId {
        self.region
    }

    fn words(&self) -> u32 {
        1 + 2 * self.entries
    }

    fn find(&self, memory: &mut Memory, _: By, key: Place) -> Result<Option<Place>, Fail> {
        let key = memory.load(key, 4)? as u32;
        Ok(self.position(memory, key)?.map(|number| self.value(number)))
    }

    /// `BPF_EXIST` is not looked at.
    fn update(&self, memory: &mut Memory, _: By, key: Place, new: &New) -> Result<(), Fail> {
        let word = memory.load(key, 4)?;
        let (len, old) = (self.len(memory)?, self.position(memory, word as u32)?);
        match old {
            Some(_) if new.want == Want::NoExist => return Err(Errno::EEXIST.into()),
            Some(number) => self.shift(memory, number)?,
            None if len >= self.entries => return Err(Errno::E2BIG.into()),
            None => {
                self.shift(memory, len)?;
                whole::store(memory, self.region, 0, u64::from(len) + 1)?;
            }
        }
        memory.store(self.key(0), 8, word)?;
        memory.store(self.value(0), 8, 0)?;
        new.store(memory, self.value(0))
    }

    fn delete(&self, memory: &mut Memory, _: By, key: Place) -> Result<(), Fail> {
        let key = memory.load(key, 4)? as u32;
        let number = self.position(memory, key)?.ok_or(Errno::ENOENT)?;
        Ok(self.remove(memory, number)?)
    }

    fn next_key(&self, memory: &Memory, key: Option<Place>) -> Result<Place, Fail> {
        let key = key.map(|key| memory.load(key, 4)).transpose()?;
        let next = self.after(memory, key.map(|key| key as u32))?.ok_or(Errno::ENOENT)?;
        Ok(self.key(next))
    }

    fn memory_bytes(&self) -> u64 {
        u64::from(self.buckets) * 8
    }

    fn observe(&self, memory: &Memory, key: &[u8]) -> Option<Place> {
        let key = u32::from_le_bytes(key.try_into().ok()?);
        Some(self.value(self.position(memory, key).ok()??))
    }
}
