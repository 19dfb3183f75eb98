//! INSN_ARRAY, v6.19: instructions of a program, to be jumped to.
//!
//! System calls write where an instruction is in the program as loaded; where it went is the
//! loader's to say, and here no program says so. Source: `kernel/bpf/bpf_insn_array.c`, v6.19 to
//! v7.1.

use super::row::{Lookup, NO_BATCH, Take, Update};
use super::whole::{By, Fail, New, Whole};
use super::{Kind, Row, System};
use crate::create::Around;
use crate::shape::{MOST_BYTES, Shape};
use crate::update::Want;
use bpfsim_abi::{Errno, Release};
use bpfsim_sim::{Memory, Place, RegionId};

/// `sizeof(struct bpf_insn_array_value)`.
const VALUE: u32 = 16;

pub(super) static INSN_ARRAY: Row = Row {
    number: 34,
    name: "INSN_ARRAY",
    since: Release::new(6, 19),
    percpu: false,
    build,
    system: System {
        lookup: Lookup::Element,
        update: Update::Element,
        take: Take::Never,
        batch: NO_BATCH,
    },
};

/// Where the values are; the index of each stands before it, eight bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Insns {
    region: RegionId,
    /// `max_entries`.
    entries: u32,
}

fn build(memory: &mut Memory, shape: &Shape, _: &Around<'_>) -> Result<Kind, Errno> {
    let bytes = u64::from(shape.max_entries) * u64::from(VALUE + 8);
    if bytes > u64::from(MOST_BYTES) {
        return Err(Errno::ENOMEM);
    }
    let insns = Insns { region: memory.add(bytes as usize / 8), entries: shape.max_entries };
    for index in 0..insns.entries {
        memory.store(insns.key(index), 8, index.into()).map_err(|_| Errno::ENOMEM)?;
    }
    Ok(Kind::Insns(insns))
}

impl Insns {
    const fn key(&self, index: u32) -> Place {
        Place::new(self.region, index * (VALUE + 8))
    }

    const fn value(&self, index: u32) -> Place {
        Place::new(self.region, index * (VALUE + 8) + 8)
    }
}

impl Whole for Insns {
    fn region(&self) -> RegionId {
        self.region
    }

    fn words(&self) -> u32 {
        3 * self.entries
    }

    fn find(&self, memory: &mut Memory, _: By, key: Place) -> Result<Option<Place>, Fail> {
        let index = memory.load(key, 4)? as u32;
        Ok((index < self.entries).then(|| self.value(index)))
    }

    /// `xlated_off` and `jitted_off` have to be zero.
    fn update(&self, memory: &mut Memory, _: By, key: Place, new: &New) -> Result<(), Fail> {
        let index = memory.load(key, 4)? as u32;
        if index >= self.entries {
            return Err(Errno::E2BIG.into());
        }
        if new.want == Want::NoExist {
            return Err(Errno::EEXIST.into());
        }
        let (first, second) = (memory.load(new.value, 8)?, memory.load(new.value.plus(8), 4)?);
        if first >> 32 != 0 || second != 0 {
            return Err(Errno::EINVAL.into());
        }
        Ok(memory.store(self.value(index), 4, first)?)
    }

    fn delete(&self, _: &mut Memory, _: By, _: Place) -> Result<(), Fail> {
        Err(Errno::EINVAL.into())
    }

    fn next_key(&self, memory: &Memory, key: Option<Place>) -> Result<Place, Fail> {
        let index = key.map_or(Ok(u64::from(u32::MAX)), |key| memory.load(key, 4))? as u32;
        if index == self.entries - 1 {
            return Err(Errno::ENOENT.into());
        }
        let next = if index >= self.entries { 0 } else { index + 1 };
        Ok(self.key(next))
    }

    fn memory_bytes(&self) -> u64 {
        u64::from(self.entries) * u64::from(VALUE + 8)
    }

    fn observe(&self, _: &Memory, key: &[u8]) -> Option<Place> {
        let index = u32::from_le_bytes(key.try_into().ok()?);
        (index < self.entries).then(|| self.value(index))
    }
}
