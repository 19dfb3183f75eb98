//! Lookups and updates that nobody watches, the two calls that are made by the million.
//!
//! They make the checks of every lookup and update, and the walks and updates that an operation
//! is made of. What they leave out is the operation as a value that could stop in between: a
//! short key is not kept in memory, and a value goes from its slot to the caller at once.

use super::{
    Checked, Desk, check_lookup, check_update, desk, finish, from_user, read_key, start_lookup,
    start_update,
};
use crate::entry::Attr;
use crate::{Answer, Failure, Kernel, Task, bytes, drive, refs};
use bpfsim_abi::Errno;
use bpfsim_abi::attr::UserAddr;
use bpfsim_maps::hash::Find;
use bpfsim_maps::map::Words;
use bpfsim_maps::mover::{Plan, Where};
use bpfsim_maps::series::Role;
use bpfsim_maps::{Key, Map, op};
use bpfsim_sim::Hw;

/// BPF_MAP_LOOKUP_ELEM, and what a series has in its place. A copy that is made on another CPU or
/// with interrupts off runs as an operation, and so do map types of their own.
pub(crate) fn lookup(
    kernel: &mut Kernel,
    task: &mut dyn Task,
    attr: &Attr,
    role: Option<Role>,
) -> Answer {
    let Kernel { core, hw } = kernel;
    let desk = desk(core, task);
    let checked = check_lookup(core, desk.here, task, attr, role)?;
    match checked.answer.moves {
        Ok(plan) if plan.place == Where::Caller && !is_own(checked.map) => {
            hand_out(hw, task, &desk, &checked, plan)
        }
        Ok(_) | Err(_) => {
            let mut started = start_lookup(core, hw, &desk, task, &checked)?;
            finish(kernel, task, &mut started, desk.here)
        }
    }
}

#[inline]
fn is_own(map: &Map) -> bool {
    matches!(map.words, Words::Own(_)) || map.shape.inner.is_some()
}

#[inline]
fn hand_out(
    hw: &mut Hw,
    task: &mut dyn Task,
    desk: &Desk,
    checked: &Checked<'_>,
    plan: Plan,
) -> Answer {
    let (map, to) = (checked.map, checked.arm.value);
    let key = user_key(hw, task, desk, map, checked.arm.key)?;
    let mut walk = Find::default();
    let element = drive::run(hw, desk.here, |cx| op::find(&mut walk, false, key, map, cx))?;
    let element = element.ok_or(Errno::ENOENT)?;
    for (slot, at) in plan.pieces(element, map.rank_stride()) {
        let to = to.checked_add(at).ok_or(Errno::EFAULT)?;
        if let Err(failure) = bytes::to_user(hw, task, slot, to, plan.len) {
            return cut_off(task, checked, failure);
        }
    }
    Ok(0)
}

/// A kernel copies the whole value at once.
#[cold]
fn cut_off(task: &mut dyn Task, checked: &Checked<'_>, failure: Failure) -> Answer {
    task.wanted(checked.arm.value, checked.answer.wire);
    Err(failure)
}

/// BPF_MAP_UPDATE_ELEM, and what a series has in its place.
pub(crate) fn update(
    kernel: &mut Kernel,
    task: &mut dyn Task,
    attr: &Attr,
    role: Option<Role>,
) -> Answer {
    let Kernel { core, hw } = kernel;
    let desk = desk(core, task);
    let checked = check_update(core, desk.here, task, attr, role)?;
    let map = checked.map;
    if is_own(map) {
        let flags = checked.arm.flags;
        let mut started = start_update(core, hw, &desk, task, &checked)?;
        refs::update(kernel, task, &mut started, (desk.here, flags))?;
        return Ok(0);
    }
    let key = user_key(hw, task, &desk, map, checked.arm.key)?;
    let value = desk.value(hw, map.shape.key_size, checked.answer.wire);
    from_user(hw, task, checked.arm.value, value, checked.answer.wire)?;
    let mut update = checked.update(core.profile.release, value)?;
    drive::run(hw, desk.here, |cx| update.run(key, map, cx))?;
    Ok(0)
}

/// The key of an array or a hash.
#[inline]
fn user_key(
    hw: &mut Hw,
    task: &dyn Task,
    desk: &Desk,
    map: &Map,
    at: UserAddr,
) -> Result<Key, Failure> {
    let mut word = [0; 8];
    match map.shape.key_size {
        4 => task.read(at, &mut word[..4])?,
        8 => task.read(at, &mut word)?,
        _ => return read_key(hw, desk, task, map, at).map(Key::At),
    }
    Ok(Key::Short(u64::from_le_bytes(word)))
}
