//! Map types that are arrays of what stands for something else: programs, maps, devices, CPUs,
//! sockets, events, cgroups.
//!
//! ```text
//! word 0           owner: what the programs in a PROG_ARRAY have in common; 0: nobody yet
//! word 1 + 2 * i   the key i
//! word 2 + 2 * i   its value; 0: nothing there
//! ```
//!
//! A value is what system calls read: the id of a map or program, the number of a device or the
//! size of a queue and the id of a program behind it. Whoever puts one there has turned an fd into
//! an id and holds the object. What only a machine can put there never is. Sources:
//! `kernel/bpf/arraymap.c` since v4.2, `devmap.c` since v4.14, `cpumap.c` since v4.15,
//! `reuseport_array.c` since v4.19, `net/xdp/xskmap.c` since v4.18, `net/core/sock_map.c` since
//! v4.14, up to v7.1.

use super::row::{Lookup, NO_BATCH, Take, Update};
use super::whole::{self, By, Fail, New, Whole};
use super::{Kind, Row, System};
use crate::create::Around;
use crate::shape::{MOST_BYTES, Shape};
use bpfsim_abi::{Errno, Release};
use bpfsim_sim::{Memory, Place, RegionId, Wild};

/// What the map types answer differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Answers {
    /// A lookup by a system call, where it always fails.
    lookup: Option<Errno>,
    /// A delete past the end.
    past: Errno,
    /// A delete of nothing.
    nothing: Option<Errno>,
}

/// Where the slots are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slots {
    region: RegionId,
    /// `max_entries`.
    entries: u32,
    answers: Answers,
}

const SYSTEM: System =
    System { lookup: Lookup::Element, update: Update::Element, take: Take::Never, batch: NO_BATCH };

/// Lookups and updates of batches: v5.19 (9263dddc7b6f).
const BATCH_OF_MAPS: [Option<Release>; 4] =
    [Some(Release::new(5, 19)), None, Some(Release::new(5, 19)), None];

const fn row(number: u32, name: &'static str, since: Release, answers: Build) -> Row {
    Row { number, name, since, percpu: false, build: answers, system: SYSTEM }
}

type Build = fn(&mut Memory, &Shape, &Around<'_>) -> Result<Kind, Errno>;

/// Every row of this file.
pub(super) static PROG_ARRAY: Row = row(3, "PROG_ARRAY", Release::new(4, 2), prog_array);
pub(super) static PERF_EVENT_ARRAY: Row =
    row(4, "PERF_EVENT_ARRAY", Release::new(4, 3), closed_array);
pub(super) static CGROUP_ARRAY: Row = row(8, "CGROUP_ARRAY", Release::new(4, 8), closed_array);
pub(super) static ARRAY_OF_MAPS: Row = Row {
    system: System { batch: BATCH_OF_MAPS, ..SYSTEM },
    ..row(12, "ARRAY_OF_MAPS", Release::new(4, 12), array_of_maps)
};
pub(super) static DEVMAP: Row = row(14, "DEVMAP", Release::new(4, 14), redirect);
pub(super) static SOCKMAP: Row = row(15, "SOCKMAP", Release::new(4, 14), sockmap);
pub(super) static CPUMAP: Row = row(16, "CPUMAP", Release::new(4, 15), redirect);
pub(super) static XSKMAP: Row = row(17, "XSKMAP", Release::new(4, 18), xskmap);
pub(super) static REUSEPORT: Row = row(20, "REUSEPORT_SOCKARRAY", Release::new(4, 19), reuseport);

/// fd_array_map_delete_elem().
const FDS: Answers = Answers { lookup: None, past: Errno::E2BIG, nothing: Some(Errno::ENOENT) };
/// dev_map_delete_elem(), cpu_map_delete_elem(), xsk_map_delete_elem().
const REDIRECT: Answers = Answers { lookup: None, past: Errno::EINVAL, nothing: None };

/// Ids come with v4.13; before, a lookup finds nothing.
const IDS: Release = Release::new(4, 13);
/// "No lookup" became an errno of its own (3b4a63f674e9).
const SAYS_NO_LOOKUP: Release = Release::new(4, 20);

fn prog_array(memory: &mut Memory, shape: &Shape, around: &Around<'_>) -> Result<Kind, Errno> {
    let lookup = (around.release < IDS).then_some(Errno::ENOENT);
    build(memory, shape, Answers { lookup, ..FDS })
}

/// bpf_fd_array_map_lookup_elem() of types without ids.
fn closed_array(memory: &mut Memory, shape: &Shape, around: &Around<'_>) -> Result<Kind, Errno> {
    let errno = if around.release < IDS { Errno::ENOENT } else { Errno::ENOTSUPP };
    build(memory, shape, Answers { lookup: Some(errno), ..FDS })
}

fn array_of_maps(memory: &mut Memory, shape: &Shape, around: &Around<'_>) -> Result<Kind, Errno> {
    let lookup = (around.release < IDS).then_some(Errno::ENOTSUPP);
    build(memory, shape, Answers { lookup, ..FDS })
}

fn redirect(memory: &mut Memory, shape: &Shape, _: &Around<'_>) -> Result<Kind, Errno> {
    build(memory, shape, REDIRECT)
}

fn xskmap(memory: &mut Memory, shape: &Shape, around: &Around<'_>) -> Result<Kind, Errno> {
    let says = around.release >= SAYS_NO_LOOKUP;
    let lookup = if says { Errno::EOPNOTSUPP } else { Errno::ENOENT };
    build(memory, shape, Answers { lookup: Some(lookup), ..REDIRECT })
}

/// Cookies of sockets need values of eight bytes (v5.7).
fn sockmap(memory: &mut Memory, shape: &Shape, around: &Around<'_>) -> Result<Kind, Errno> {
    let answers = Answers { nothing: Some(Errno::EINVAL), ..REDIRECT };
    let lookup = socket_lookup(shape, around.release);
    build(memory, shape, Answers { lookup: Some(lookup), ..answers })
}

/// A lookup in a map of sockets that has none.
pub(super) fn socket_lookup(shape: &Shape, release: Release) -> Errno {
    match release {
        release if release < SAYS_NO_LOOKUP => Errno::ENOENT,
        release if release < Release::new(5, 7) => Errno::EOPNOTSUPP,
        _ if shape.value_size != 8 => Errno::ENOSPC,
        _ => Errno::ENOENT,
    }
}

fn reuseport(memory: &mut Memory, shape: &Shape, _: &Around<'_>) -> Result<Kind, Errno> {
    let lookup = if shape.value_size == 8 { Errno::ENOENT } else { Errno::ENOSPC };
    build(memory, shape, Answers { lookup: Some(lookup), ..FDS })
}

fn build(memory: &mut Memory, shape: &Shape, answers: Answers) -> Result<Kind, Errno> {
    let words = 1 + 2 * u64::from(shape.max_entries);
    if words * 8 > u64::from(MOST_BYTES) {
        return Err(Errno::ENOMEM);
    }
    let region = memory.add(words as usize);
    let slots = Slots { region, entries: shape.max_entries, answers };
    for index in 0..shape.max_entries {
        let word = slots.key_word(index);
        whole::store(memory, region, word, index.into()).map_err(|_| Errno::ENOMEM)?;
    }
    Ok(Kind::Slots(slots))
}

impl Slots {
    const fn key_word(&self, index: u32) -> u32 {
        1 + 2 * index
    }

    const fn value(&self, index: u32) -> Place {
        Place::new(self.region, (2 + 2 * index) * 8)
    }

    /// What the programs of a PROG_ARRAY have in common.
    ///
    /// # Errors
    /// The map is gone.
    pub fn owner(&self, memory: &Memory) -> Result<u64, Wild> {
        whole::load(memory, self.region, 0)
    }

    /// The first program of a PROG_ARRAY says what the others have to be.
    ///
    /// # Errors
    /// The map is gone.
    pub fn set_owner(&self, memory: &mut Memory, owner: u64) -> Result<(), Wild> {
        whole::store(memory, self.region, 0, owner)
    }

    /// Empties every slot.
    ///
    /// # Errors
    /// The map is gone.
    pub fn clear(&self, memory: &mut Memory) -> Result<(), Wild> {
        (0..self.entries).try_for_each(|index| memory.store(self.value(index), 8, 0))
    }
}

impl Whole for Slots {
    fn region(&self) -> RegionId {
        self.region
    }

    fn words(&self) -> u32 {
        1 + 2 * self.entries
    }

    fn find(&self, memory: &mut Memory, by: By, key: Place) -> Result<Option<Place>, Fail> {
        if let Some(errno) = self.answers.lookup.filter(|_| !by.program) {
            return Err(errno.into());
        }
        let index = memory.load(key, 4)? as u32;
        if index >= self.entries {
            return Ok(None);
        }
        let place = self.value(index);
        Ok((memory.load(place, 8)? != 0).then_some(place))
    }

    fn update(&self, memory: &mut Memory, _: By, key: Place, new: &New) -> Result<(), Fail> {
        let index = memory.load(key, 4)? as u32;
        if index >= self.entries {
            return Err(Errno::E2BIG.into());
        }
        memory.store(self.value(index), 8, 0)?;
        new.store(memory, self.value(index))
    }

    fn delete(&self, memory: &mut Memory, _: By, key: Place) -> Result<(), Fail> {
        let index = memory.load(key, 4)? as u32;
        if index >= self.entries {
            return Err(self.answers.past.into());
        }
        let place = self.value(index);
        match self.answers.nothing {
            Some(errno) if memory.load(place, 8)? == 0 => Err(errno.into()),
            Some(_) | None => Ok(memory.store(place, 8, 0)?),
        }
    }

    /// As in any array: an index past the end starts again, the last one has no successor.
    fn next_key(&self, memory: &Memory, key: Option<Place>) -> Result<Place, Fail> {
        let index = key.map_or(Ok(u64::from(u32::MAX)), |key| memory.load(key, 4))? as u32;
        if index == self.entries - 1 {
            return Err(Errno::ENOENT.into());
        }
        let next = if index >= self.entries { 0 } else { index + 1 };
        Ok(Place::new(self.region, self.key_word(next) * 8))
    }

    fn memory_bytes(&self) -> u64 {
        u64::from(self.entries) * 8
    }

    fn observe(&self, _: &Memory, key: &[u8]) -> Option<Place> {
        let index = u32::from_le_bytes(key.try_into().ok()?);
        (index < self.entries).then(|| self.value(index))
    }
}
