//! The element commands: lookup, update, delete, next key; plain, or a series' own.
//!
//! Each handler is checks, operation, finish. `start_*` makes the checks and answers an operation
//! that has not begun: a plain call drives it to its end, an exploration steps it.

mod checks;
mod plain;

pub(crate) use checks::{BPF_F_LOCK, Use, map_for};
use checks::{Checked, check_lookup, check_update};
pub(crate) use plain::{lookup, update};

use crate::core::Core;
use crate::entry::Attr;
use crate::refs::{self, For};
use crate::{Answer, Failure, Kernel, Task, bytes, drive, fds, own};
use bpfsim_abi::attr::{MapElemCpuAttr, UserAddr};
use bpfsim_abi::{Errno, Refusal, Release};
use bpfsim_maps::mover::{Plan, Where};
use bpfsim_maps::op::Todo;
use bpfsim_maps::series::{self, Ask, Role};
use bpfsim_maps::update::{Delete, Update, UpdateRules, Want};
use bpfsim_maps::{Map, Op};
use bpfsim_sim::{Hw, Place, RegionId};

/// An element command after its checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Started {
    /// On which map.
    pub map: u32,
    /// What is to be done.
    pub op: Op,
    /// Bytes that go to the caller at the end: from here, to there, how many.
    pub out: Option<(Place, UserAddr, u32)>,
}

/// Where a command gets its buffers from.
#[derive(Clone, Copy, Debug)]
pub struct Desk {
    /// Private memory for key and value.
    pub scratch: RegionId,
    /// Rank of the CPU that the caller is on.
    pub here: u32,
}

impl Desk {
    pub(crate) fn key(&self) -> Place {
        Place::new(self.scratch, 0)
    }

    pub(crate) fn value(&self, hw: &mut Hw, key_size: u32, bytes: u32) -> Place {
        let start = key_size.next_multiple_of(8);
        hw.mem.grow(self.scratch, (start + bytes).div_ceil(8) as usize + 1);
        Place::new(self.scratch, start)
    }
}

/// The map behind an fd.
#[inline]
pub(crate) fn map_of<'a>(
    core: &'a Core,
    task: &dyn Task,
    fd: u32,
) -> Result<(u32, &'a Map), Errno> {
    let handle = fds::map(task, fd)?;
    Ok((handle, core.map(handle).ok_or(Errno::EBADF)?))
}

/// What the release and the series say about the values that are meant.
#[inline]
pub(crate) fn ask<'a>(
    core: &'a Core,
    here: u32,
    map: &'a Map,
    attr: &MapElemCpuAttr,
    role: Option<Role>,
) -> Ask<'a> {
    Ask {
        role,
        flags: attr.flags,
        cpu: attr.cpu,
        here,
        shape: &map.shape,
        cpus: &core.profile.cpus,
        plan: core.profile.plan,
        release: core.profile.release,
    }
}

#[inline]
pub(crate) fn read_answer(map: &Map, ask: &Ask<'_>) -> Result<series::Answer, Refusal> {
    match map.series {
        Some(series) if map.shape.percpu || ask.role.is_some() || ask.flags != 0 => {
            (series.read)(ask)
        }
        // One value without any CPU.
        Some(_) | None => Ok(series::Answer::one(ask, 0, Where::Caller)),
    }
}

#[inline]
pub(crate) fn write_answer(map: &Map, ask: &Ask<'_>) -> Result<series::Answer, Refusal> {
    match map.series {
        Some(series) if map.shape.percpu || ask.role.is_some() || ask.flags > 2 => {
            (series.write)(ask)
        }
        Some(_) | None => Ok(series::Answer::one(ask, 0, Where::Caller)),
    }
}

#[inline]
pub(crate) fn read_key(
    hw: &mut Hw,
    desk: &Desk,
    task: &dyn Task,
    map: &Map,
    at: UserAddr,
) -> Result<Place, Failure> {
    let len = map.shape.key_size;
    if len == 0 {
        // __bpf_copy_key(): a map without keys is asked without one (v4.20).
        return if at.is_null() { Ok(desk.key()) } else { Err(Errno::EINVAL.into()) };
    }
    hw.mem.grow(desk.scratch, len.div_ceil(8) as usize + 1);
    from_user(hw, task, at, desk.key(), len)
}

#[inline]
pub(crate) fn from_user(
    hw: &mut Hw,
    task: &dyn Task,
    at: UserAddr,
    to: Place,
    len: u32,
) -> Result<Place, Failure> {
    hw.mem.fill_bytes(to, len as usize, |bytes| task.read(at, bytes))??;
    Ok(to)
}

/// BPF_MAP_LOOKUP_ELEM after its checks, up to the map operation.
fn start_lookup(
    core: &Core,
    hw: &mut Hw,
    desk: &Desk,
    task: &dyn Task,
    checked: &Checked<'_>,
) -> Result<Started, Failure> {
    let &Checked { handle, map, arm, answer } = checked;
    let key = read_key(hw, desk, task, map, arm.key)?;
    let release = core.profile.release;
    refs::check_key(hw, task, map, key, (For::Lookup, release))?;
    if let Some(errno) = refs::refuses_lookup(map, release) {
        return Ok(Started { map: handle, op: Op::new(key, Todo::Refuse(errno)), out: None });
    }
    if let Some((todo, out)) = own::lookup(hw, desk, task, map, (arm.value, answer.wire))? {
        return Ok(Started { map: handle, op: Op::new(key, todo), out });
    }
    let buffer = desk.value(hw, map.shape.key_size, answer.wire);
    let op = match answer.moves {
        Ok(plan) => Op::read(key, plan, buffer),
        Err(errno) => Op::new(key, Todo::Refuse(errno)),
    };
    Ok(Started { map: handle, op, out: Some((buffer, arm.value, answer.wire)) })
}

/// BPF_MAP_UPDATE_ELEM after its checks, up to the map operation.
fn start_update(
    core: &Core,
    hw: &mut Hw,
    desk: &Desk,
    task: &dyn Task,
    checked: &Checked<'_>,
) -> Result<Started, Failure> {
    let (key, value) = read_key_and_value(hw, desk, task, checked)?;
    refs::check_key(hw, task, checked.map, key, (For::Update, core.profile.release))?;
    let todo = match own::update(checked.map, value, checked.arm.flags) {
        Some(own) => own,
        None => checked.update(core.profile.release, value).map_or_else(Todo::Refuse, Todo::Update),
    };
    Ok(Started { map: checked.handle, op: Op::new(key, todo), out: None })
}

#[inline]
fn read_key_and_value(
    hw: &mut Hw,
    desk: &Desk,
    task: &dyn Task,
    checked: &Checked<'_>,
) -> Result<(Place, Place), Failure> {
    let Checked { map, arm, answer, .. } = checked;
    let key = read_key(hw, desk, task, map, arm.key)?;
    let value = desk.value(hw, map.shape.key_size, answer.wire);
    from_user(hw, task, arm.value, value, answer.wire)?;
    Ok((key, value))
}

/// From v7.0 on an update stores the bytes of each value and not those that round it up; before,
/// the caller's padding was stored and came back.
pub(crate) fn without_padding(release: Release, map: &Map, plan: Plan) -> Plan {
    let len = if release >= Release::new(7, 0) { map.shape.value_size } else { plan.len };
    Plan { len: plan.len.min(len), ..plan }
}

/// A system call that writes one CPU's value into a recycled element leaves the others as they
/// were: cleaning them (c3a66e5f5bab) came after v7.2.
#[inline]
pub(crate) fn new_update(release: Release, value: Place, want: Want, plan: Plan) -> Update {
    let rules = UpdateRules { full_first: release < Release::new(4, 6), keeps_stale: true };
    Update::new(value, want, plan, rules)
}

/// BPF_MAP_DELETE_ELEM, up to the map operation.
fn start_delete(
    core: &Core,
    hw: &mut Hw,
    desk: &Desk,
    task: &dyn Task,
    attr: &Attr,
) -> Result<Started, Failure> {
    let arm: MapElemCpuAttr = attr.arm();
    let (handle, map) = map_for(core, task, arm.map_fd, Use::Write)?;
    let key = read_key(hw, desk, task, map, arm.key)?;
    refs::check_key(hw, task, map, key, (For::Delete, core.profile.release))?;
    Ok(Started { map: handle, op: Op::new(key, Todo::Delete(Delete::default())), out: None })
}

/// BPF_MAP_GET_NEXT_KEY, up to the map operation. A NULL key asks for the first (v4.12).
fn start_next_key(
    core: &Core,
    hw: &mut Hw,
    desk: &Desk,
    task: &dyn Task,
    attr: &Attr,
) -> Result<Started, Failure> {
    let arm: MapElemCpuAttr = attr.arm();
    let (handle, map) = map_for(core, task, arm.map_fd, Use::Read)?;
    let first = arm.key.is_null() && core.profile.release >= Release::new(4, 12);
    let key = if first { desk.key() } else { read_key(hw, desk, task, map, arm.key)? };
    let out = desk.value(hw, map.shape.key_size, map.shape.key_size);
    let op = Op::next_key(key, out, first);
    Ok(Started { map: handle, op, out: Some((out, arm.value, map.shape.key_size)) })
}

/// Starts whichever element command `attr` is; none for the others.
pub fn start(
    core: &Core,
    hw: &mut Hw,
    desk: &Desk,
    task: &dyn Task,
    attr: &Attr,
) -> Option<Result<Started, Failure>> {
    let own = core.profile.series.filter(|_| core.profile.overlay);
    let role = own.and_then(|series| series.command(attr.cmd));
    Some(match (role, attr.cmd) {
        (Some(Role::Lookup), _) | (None, 1) => check_lookup(core, desk.here, task, attr, role)
            .and_then(|checked| start_lookup(core, hw, desk, task, &checked)),
        (Some(Role::Update), _) | (None, 2) => {
            let started = check_update(core, desk.here, task, attr, role)
                .and_then(|checked| start_update(core, hw, desk, task, &checked));
            stepped(core, started)
        }
        (None, 3) => stepped(core, start_delete(core, hw, desk, task, attr)),
        (None, 4) => start_next_key(core, hw, desk, task, attr),
        (None, _) => return None,
    })
}

/// What changes references is not stepped.
fn stepped(core: &Core, started: Result<Started, Failure>) -> Result<Started, Failure> {
    let started = started?;
    refs::not_stepped(core, &started)?;
    Ok(started)
}

/// The desk of a plain call.
#[inline]
pub(crate) fn desk(core: &Core, task: &dyn Task) -> Desk {
    let here = core.profile.cpus.possible.rank(task.cpu()).unwrap_or(0) as u32;
    Desk { scratch: core.scratch, here }
}

/// Drives the operation to its end and hands the result to the caller.
fn finish(kernel: &mut Kernel, task: &mut dyn Task, started: &mut Started, here: u32) -> Answer {
    drive::op(kernel, &mut started.op, started.map, here)?;
    started.op.result?;
    if let Some((from, to, len)) = started.out {
        bytes::to_user(&kernel.hw, task, from, to, len)?;
    }
    Ok(0)
}

pub(crate) fn delete(kernel: &mut Kernel, task: &mut dyn Task, attr: &Attr) -> Answer {
    let desk = desk(&kernel.core, task);
    let mut started = start_delete(&kernel.core, &mut kernel.hw, &desk, task, attr)?;
    refs::delete(kernel, &mut started, desk.here)?;
    Ok(0)
}

pub(crate) fn next_key(kernel: &mut Kernel, task: &mut dyn Task, attr: &Attr) -> Answer {
    let desk = desk(&kernel.core, task);
    let mut started = start_next_key(&kernel.core, &mut kernel.hw, &desk, task, attr)?;
    finish(kernel, task, &mut started, desk.here)
}
