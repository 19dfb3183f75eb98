//! Map types whose elements come from somewhere else: sockets, inodes, tasks, cgroups, user space.
//! Here nothing ever comes, so that there is nothing to find.
//!
//! Sources: `kernel/bpf/bpf_local_storage.c` and its users since v5.2, `local_storage.c` since
//! v4.19, `net/core/sock_map.c` since v4.18, `arena.c` since v6.9, up to v7.1.

use super::row::{Lookup, NO_BATCH, Take, Update};
use super::slots::socket_lookup;
use super::whole::{By, Fail, New, Whole};
use super::{Kind, Row, System};
use crate::create::Around;
use crate::shape::Shape;
use crate::update::Want;
use bpfsim_abi::{Errno, Release};
use bpfsim_sim::{Memory, Place, RegionId};

/// What each operation answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outside {
    region: RegionId,
    lookup: Errno,
    update: Errno,
    delete: Errno,
    next_key: Errno,
    /// A key that is to be new is EINVAL.
    never_new: bool,
}

const SYSTEM: System =
    System { lookup: Lookup::Element, update: Update::Element, take: Take::Never, batch: NO_BATCH };

type Build = fn(&mut Memory, &Shape, &Around<'_>) -> Result<Kind, Errno>;

const fn row(number: u32, name: &'static str, since: Release, build: Build) -> Row {
    Row { number, name, since, percpu: false, build, system: SYSTEM }
}

pub(super) static SOCKHASH: Row = row(18, "SOCKHASH", Release::new(4, 18), sockhash);
pub(super) static CGROUP_STORAGE: Row = row(19, "CGROUP_STORAGE", Release::new(4, 19), cgroup);
pub(super) static PERCPU_CGROUP_STORAGE: Row =
    Row { percpu: true, ..row(21, "PERCPU_CGROUP_STORAGE", Release::new(4, 20), cgroup) };
pub(super) static SK_STORAGE: Row = row(24, "SK_STORAGE", Release::new(5, 2), local);
pub(super) static INODE_STORAGE: Row = row(28, "INODE_STORAGE", Release::new(5, 10), local);
pub(super) static TASK_STORAGE: Row = row(29, "TASK_STORAGE", Release::new(5, 11), local);
pub(super) static CGRP_STORAGE: Row = row(32, "CGRP_STORAGE", Release::new(6, 2), local);
pub(super) static ARENA: Row = row(33, "ARENA", Release::new(6, 9), arena);

fn with(memory: &mut Memory, answers: [Errno; 4], never_new: bool) -> Kind {
    let [lookup, update, delete, next_key] = answers;
    Kind::Outside(Outside { region: memory.add(1), lookup, update, delete, next_key, never_new })
}

/// What is no socket never gets so far.
fn sockhash(memory: &mut Memory, shape: &Shape, around: &Around<'_>) -> Result<Kind, Errno> {
    let lookup = socket_lookup(shape, around.release);
    Ok(with(memory, [lookup, Errno::ENOENT, Errno::ENOENT, Errno::ENOENT], false))
}

/// No program is attached to a cgroup here, so that no cgroup has storage.
fn cgroup(memory: &mut Memory, _: &Shape, _: &Around<'_>) -> Result<Kind, Errno> {
    Ok(with(memory, [Errno::ENOENT, Errno::ENOENT, Errno::EINVAL, Errno::ENOENT], true))
}

/// What the key, an fd, stands for has no storage; nobody can walk.
fn local(memory: &mut Memory, _: &Shape, _: &Around<'_>) -> Result<Kind, Errno> {
    Ok(with(memory, [Errno::ENOENT, Errno::ENOENT, Errno::ENOENT, Errno::ENOTSUPP], false))
}

/// An arena is memory: the element commands have no meaning.
fn arena(memory: &mut Memory, _: &Shape, _: &Around<'_>) -> Result<Kind, Errno> {
    let [lookup, rest] = [Errno::EINVAL, Errno::EOPNOTSUPP];
    Ok(with(memory, [lookup, rest, rest, rest], false))
}

impl Whole for Outside {
    fn region(&self) -> RegionId {
        self.region
    }

    fn words(&self) -> u32 {
        1
    }

    fn find(&self, _: &mut Memory, _: By, _: Place) -> Result<Option<Place>, Fail> {
        Err(self.lookup.into())
    }

    fn update(&self, _: &mut Memory, _: By, _: Place, new: &New) -> Result<(), Fail> {
        let new = self.never_new && new.want == Want::NoExist;
        Err(if new { Errno::EINVAL } else { self.update }.into())
    }

    fn delete(&self, _: &mut Memory, _: By, _: Place) -> Result<(), Fail> {
        Err(self.delete.into())
    }

    fn next_key(&self, _: &Memory, _: Option<Place>) -> Result<Place, Fail> {
        Err(self.next_key.into())
    }

    fn memory_bytes(&self) -> u64 {
        0
    }
}
