//! What lookups and updates check before the key is read, in the kernel's order.

use super::{ask, map_of, new_update, read_answer, without_padding, write_answer};
use crate::core::{Core, ObjectId};
use crate::entry::Attr;
use crate::{Failure, Task};
use bpfsim_abi::attr::MapElemCpuAttr;
use bpfsim_abi::{Errno, Release};
use bpfsim_maps::Map;
use bpfsim_maps::series::{self, Role};
use bpfsim_maps::update::Update;
use bpfsim_sim::Place;

/// `BPF_F_LOCK`, v5.1.
pub(crate) const BPF_F_LOCK: u64 = 4;

/// What an fd of a map is wanted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    Read,
    Write,
}

/// The map behind an fd, if the fd is good for it: a wrong mode is EPERM, and so is writing to a
/// frozen map (v5.2).
#[inline]
pub(crate) fn map_for<'a>(
    core: &'a Core,
    task: &dyn Task,
    fd: u32,
    wanted: Use,
) -> Result<(u32, &'a Map), Errno> {
    let found = map_of(core, task, fd)?;
    let mode = task.mode(fd);
    let allowed = match wanted {
        Use::Read => mode.reads(),
        Use::Write => mode.writes() && !is_frozen(core, found.0),
    };
    if allowed { Ok(found) } else { Err(Errno::EPERM) }
}

fn is_frozen(core: &Core, map: u32) -> bool {
    core.meta(ObjectId::Map(map)).is_some_and(|meta| meta.frozen)
}

/// Flags that a lookup refuses before it looks at the fd (v5.1 to v6.18).
fn early_lookup_flags(release: Release, flags: u64) -> Result<(), Errno> {
    let early = release >= Release::new(5, 1) && release < Release::new(6, 19);
    if early && flags & !BPF_F_LOCK != 0 { Err(Errno::EINVAL) } else { Ok(()) }
}

/// An operation under the lock of a value is not modelled.
fn check_lock(core: &Core, map: u32, flags: u64) -> Result<(), Failure> {
    if flags & BPF_F_LOCK == 0 {
        return Ok(());
    }
    match core.meta(ObjectId::Map(map)).and_then(|meta| meta.types) {
        Some(types) if types.locks => {
            Err(Failure::NotModelled("an element under its spin lock (BPF_F_LOCK)".to_owned()))
        }
        Some(_) | None => Ok(()),
    }
}

/// Flags that are refused between the fd and the key: `BPF_F_LOCK` where there is no spin lock in
/// the values, and beyond [`check_lock`] there is none; for a lookup of v6.19, everything else too.
fn late_flags(release: Release, flags: u64, lookup: bool) -> Result<(), Errno> {
    let locks = release >= Release::new(5, 1) && flags & BPF_F_LOCK != 0;
    let unknown = lookup && release == Release::new(6, 19) && flags & !BPF_F_LOCK != 0;
    if locks || unknown { Err(Errno::EINVAL) } else { Ok(()) }
}

/// A lookup or an update after the checks that come before the key.
pub(super) struct Checked<'a> {
    pub(super) handle: u32,
    pub(super) map: &'a Map,
    /// `key`, `value` and the rest.
    pub(super) arm: MapElemCpuAttr,
    pub(super) answer: series::Answer,
}

#[inline(always)]
pub(super) fn check_lookup<'a>(
    core: &'a Core,
    here: u32,
    task: &dyn Task,
    attr: &Attr,
    role: Option<Role>,
) -> Result<Checked<'a>, Failure> {
    let arm: MapElemCpuAttr = attr.arm();
    let release = core.profile.release;
    // The commands of a series look at no flags (of lookups).
    let flags = if role.is_some() { 0 } else { arm.flags };
    early_lookup_flags(release, flags)?;
    let (handle, map) = map_for(core, task, arm.map_fd, Use::Read)?;
    check_lock(core, handle, flags)?;
    late_flags(release, flags, true)?;
    let answer = read_answer(map, &ask(core, here, map, &arm, role))?;
    Ok(Checked { handle, map, arm, answer })
}

#[inline(always)]
pub(super) fn check_update<'a>(
    core: &'a Core,
    here: u32,
    task: &dyn Task,
    attr: &Attr,
    role: Option<Role>,
) -> Result<Checked<'a>, Failure> {
    let arm: MapElemCpuAttr = attr.arm();
    let (handle, map) = map_for(core, task, arm.map_fd, Use::Write)?;
    check_lock(core, handle, arm.flags)?;
    late_flags(core.profile.release, arm.flags, false)?;
    let answer = write_answer(map, &ask(core, here, map, &arm, role))?;
    Ok(Checked { handle, map, arm, answer })
}

impl Checked<'_> {
    /// What an update will do, once key and value are in the kernel.
    #[inline]
    pub(super) fn update(&self, release: Release, value: Place) -> Result<Update, Errno> {
        let (plan, want) = (self.answer.moves?, self.answer.want?);
        Ok(new_update(release, value, want, without_padding(release, self.map, plan)))
    }
}
