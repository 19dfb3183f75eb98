//! Elements that stand for objects: programs, maps, devices, CPUs, and what only a machine has.
//!
//! User space passes an fd; the map keeps the id of what is behind it, and holds it. An update is
//! the map type's checks, the fd, the map operation, and then the references: the new object is
//! held, the old one let go. Lookups read the id.

mod fd;
mod key;
mod owner;

pub(crate) use key::{For, check_key};
pub(crate) use owner::join;

use crate::core::{Core, ObjectId};
use crate::elem::Started;
use crate::meta::Kind;
use crate::{Failure, Kernel, Task, drive};
use bpfsim_abi::{Errno, Release};
use bpfsim_maps::kinds;
use bpfsim_maps::map::Words;
use bpfsim_maps::{Layout, Map};
use bpfsim_sim::{Hw, Place};

/// What the values of a map are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stands {
    /// Programs of one kind: PROG_ARRAY.
    Progs,
    /// Maps that are like the first: ARRAY_OF_MAPS, HASH_OF_MAPS.
    Maps,
    /// Devices, with programs behind them: DEVMAP, DEVMAP_HASH.
    Devices,
    /// Queues of CPUs, with programs behind them: CPUMAP.
    Queues,
    /// Perf events.
    Events,
    /// Cgroups.
    Cgroups,
    /// Sockets.
    Sockets,
}

/// What the values of a map stand for; none where they are bytes.
pub(crate) fn of(map: &Map) -> Option<Stands> {
    match (map.shape.layout, map.shape.map_type) {
        (Layout::Hash, _) if map.shape.inner.is_some() => Some(Stands::Maps),
        (Layout::Hash | Layout::Array, _) => None,
        (Layout::Own, 3) => Some(Stands::Progs),
        (Layout::Own, 4) => Some(Stands::Events),
        (Layout::Own, 8) => Some(Stands::Cgroups),
        (Layout::Own, 12) => Some(Stands::Maps),
        (Layout::Own, 14 | 25) => Some(Stands::Devices),
        (Layout::Own, 15 | 17 | 18 | 20) => Some(Stands::Sockets),
        (Layout::Own, 16) => Some(Stands::Queues),
        (Layout::Own, _) => None,
    }
}

fn of_handle(core: &Core, map: u32) -> Option<Stands> {
    core.map(map).and_then(of)
}

/// What an update puts into a map.
struct New {
    /// What the map holds from now on.
    object: Option<ObjectId>,
    /// The value as system calls read it.
    words: [u32; 2],
    /// Whose programs the map takes from now on.
    owner: Option<u64>,
}

/// Where an update is.
struct At<'a> {
    core: &'a Core,
    hw: &'a Hw,
    handle: u32,
    map: &'a Map,
    key: Place,
    value: Place,
    flags: u64,
}

impl At<'_> {
    fn release(&self) -> Release {
        self.core.profile.release
    }

    /// The key as an index.
    fn index(&self) -> Result<u32, Failure> {
        Ok(self.hw.mem.load(self.key, 4)? as u32)
    }

    /// A word of the value; 0 behind its end.
    fn word(&self, word: u32) -> Result<u32, Failure> {
        if word * 4 >= self.map.shape.value_size {
            return Ok(0);
        }
        Ok(self.hw.mem.load(self.value.plus(u64::from(word) * 4), 4)? as u32)
    }

    fn key_bytes(&self) -> Result<Vec<u8>, Failure> {
        let mut bytes = vec![0; self.map.shape.key_size as usize];
        self.hw.mem.read(self.key, &mut bytes)?;
        Ok(bytes)
    }

    /// Where the value of the key is now.
    fn present(&self) -> Result<Option<Place>, Failure> {
        Ok(self.map.peek(&self.hw.mem, &self.key_bytes()?))
    }

    /// The object that the element of the key holds now.
    fn held(&self, stands: Stands) -> Result<Option<ObjectId>, Failure> {
        let Some(place) = self.present()? else { return Ok(None) };
        let word = match stands {
            Stands::Progs | Stands::Maps => place,
            Stands::Devices | Stands::Queues => place.plus(4),
            Stands::Events | Stands::Cgroups | Stands::Sockets => return Ok(None),
        };
        let kind = if stands == Stands::Maps { Kind::Map } else { Kind::Prog };
        Ok(self.core.ids.find(kind, self.hw.mem.load(word, 4)? as u32))
    }
}

/// Where the value of an element command lies.
fn value_place(map: &Map, key: Place) -> Place {
    key.plus(u64::from(map.shape.key_size.next_multiple_of(8)))
}

/// The rest of an update whose value stands for an object.
pub(crate) fn update(
    kernel: &mut Kernel,
    task: &dyn Task,
    started: &mut Started,
    (here, flags): (u32, u64),
) -> Result<(), Failure> {
    let (handle, key) = (started.map, started.op.key);
    let Kernel { core, hw } = kernel;
    let Some((map, stands)) = core.map(handle).and_then(|map| Some((map, of(map)?))) else {
        return run(kernel, started, here);
    };
    let value = value_place(map, key);
    let at = At { core, hw, handle, map, key, value, flags };
    let new = fd::resolve(&at, task, stands)?;
    let old = at.held(stands)?;
    let len = map.shape.value_size.min(8);
    let bytes: Vec<u8> = new.words.iter().flat_map(|word| word.to_le_bytes()).collect();
    hw.mem.write(value, &bytes[..len as usize])?;
    if let Some(owner) = new.owner {
        owner::note(core, hw, handle, owner)?;
    }
    run(kernel, started, here)?;
    swap(kernel, handle, new.object, old);
    Ok(())
}

/// The rest of a delete whose value stands for an object.
pub(crate) fn delete(kernel: &mut Kernel, started: &mut Started, here: u32) -> Result<(), Failure> {
    let (handle, key) = (started.map, started.op.key);
    let Kernel { core, hw } = kernel;
    let Some((map, stands)) = core.map(handle).and_then(|map| Some((map, of(map)?))) else {
        return run(kernel, started, here);
    };
    let old = At { core, hw, handle, map, key, value: key, flags: 0 }.held(stands)?;
    run(kernel, started, here)?;
    swap(kernel, handle, None, old);
    Ok(())
}

fn run(kernel: &mut Kernel, started: &mut Started, here: u32) -> Result<(), Failure> {
    drive::op(kernel, &mut started.op, started.map, here)?;
    started.op.result?;
    Ok(())
}

/// The map holds the new object before it lets the old one go: they may be the same.
fn swap(kernel: &mut Kernel, map: u32, new: Option<ObjectId>, old: Option<ObjectId>) {
    let owner = ObjectId::Map(map);
    if let Some(new) = new {
        kernel.core.hold(owner, new);
    }
    if let Some(old) = old {
        kernel.core.let_go(&mut kernel.hw, owner, old);
    }
}

/// bpf_fd_htab_map_lookup_elem() came with v4.13.
pub(crate) fn refuses_lookup(map: &Map, release: Release) -> Option<Errno> {
    let hash = map.shape.layout == Layout::Hash && of(map).is_some();
    (hash && release < Release::new(4, 13)).then_some(Errno::ENOTSUPP)
}

/// An exploration steps the operation of a call and not its references.
pub(crate) fn not_stepped(core: &Core, started: &Started) -> Result<(), Failure> {
    match core.map(started.map).and_then(of) {
        Some(_) => Err(Failure::NotModelled("references in an exploration".to_owned())),
        None => Ok(()),
    }
}

impl Core {
    /// bpf_fd_array_map_clear(): a PROG_ARRAY that nobody can change any more, since only
    /// programs hold it, lets its programs go. Otherwise they would hold each other for ever.
    pub(crate) fn clear_unreachable(&mut self, hw: &mut Hw, handle: u32) {
        let map = ObjectId::Map(handle);
        let Some(Words::Own(kinds::Kind::Slots(slots))) = self.map(handle).map(|map| &map.words)
        else {
            return;
        };
        let progs = self.map(handle).and_then(of) == Some(Stands::Progs);
        if !progs || self.holds(map).is_empty() || self.refs_of(map) > self.held_by_programs(map) {
            return;
        }
        if slots.clear(&mut hw.mem).is_ok() {
            for program in self.holds(map).to_vec() {
                self.let_go(hw, map, program);
            }
        }
    }
}
