//! Programs of cgroups, `kernel/bpf/cgroup.c` v4.10 to v7.1.
//!
//! Up to v4.14 a cgroup had one program for each attach type; v4.15 made it a list, which a flag
//! of the first program closes (none), opens to cgroups below (`BPF_F_ALLOW_OVERRIDE`) or to more
//! programs (`BPF_F_ALLOW_MULTI`).

use super::find;
use super::flags::{AFTER, BEFORE, ID, LINK, MULTI, OVERRIDE, PREORDER, REPLACE};
use super::hooks::{Entry, Hook, Place};
use super::types::{is_cgroup, prog, prog_type_of};
use crate::core::Core;
use crate::{Failure, Kernel, Task};
use bpfsim_abi::{Errno, Release};

/// `BPF_CGROUP_MAX_PROGS`.
const MOST: usize = 64;

/// The release that made a program of a cgroup one of a list.
const LISTS: Release = Release::new(4, 15);

/// The release that lets callers say where in the list, and count its changes.
pub(crate) const ORDER: Release = Release::new(6, 17);

/// What is to be attached to a cgroup.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request {
    /// Id of the cgroup.
    pub cgroup: u64,
    /// `enum bpf_attach_type`.
    pub attach_type: u32,
    /// `BPF_F_…`.
    pub flags: u32,
    /// The program.
    pub program: u32,
    /// Its link, if it is a link that is attached.
    pub link: Option<u32>,
    /// The program to be replaced.
    pub replace: Option<u32>,
    /// `relative_fd` or `relative_id`.
    pub relative: u32,
    /// `expected_revision`.
    pub revision: u64,
}

/// to_cgroup_bpf_attach_type(); cgroup LSM programs have a list for each hook, and none is known.
pub(crate) fn is_known(attach_type: u32, release: Release) -> bool {
    prog_type_of(attach_type, release).is_some_and(is_cgroup)
}

/// __cgroup_bpf_attach(), or __cgroup_bpf_update() up to v4.14.
pub(crate) fn attach(kernel: &mut Kernel, task: &dyn Task, ask: Request) -> Result<(), Failure> {
    let release = kernel.core.profile.release;
    let place = Place::Cgroup(ask.cgroup, ask.attach_type);
    if release < LISTS {
        return Ok(update(kernel, &place, Some(ask))?);
    }
    let core = &mut kernel.core;
    check_flags(core, &place, &ask)?;
    let hook = core.hooks.at(&place).cloned().unwrap_or_default();
    let saved = ask.flags & (OVERRIDE | MULTI);
    if !hierarchy_allows(core, &ask) || !hook.entries.is_empty() && hook.flags != saved {
        return Err(Errno::EPERM.into());
    }
    if hook.entries.len() >= MOST {
        return Err(Errno::E2BIG.into());
    }
    let entry = Entry { program: ask.program, link: ask.link, flags: ask.flags };
    match replaced(&hook, &ask, release)? {
        Some(index) => core.exchange(&mut kernel.hw, &place, index, entry),
        None => {
            let index = position(core, task, &hook, &ask)?;
            match ask.link {
                Some(_) => core.attach_link(&place, index, entry),
                None => core.attach_program(&place, index, entry),
            }
        }
    }
    kernel.core.hooks.at_mut(&place).flags = saved;
    Ok(())
}

/// Combinations that make no sense, and a list that has changed.
fn check_flags(core: &Core, place: &Place, ask: &Request) -> Result<(), Errno> {
    let release = core.profile.release;
    let has = |flag: u32| ask.flags & flag != 0;
    let both = has(OVERRIDE) && has(MULTI);
    let alone = has(REPLACE) && !has(MULTI);
    let where_and_what = release >= ORDER && has(REPLACE) && has(BEFORE | AFTER);
    let unmatched = release >= Release::new(5, 7) && ask.replace.is_some() != has(REPLACE);
    if both || alone || where_and_what || unmatched || !is_known(ask.attach_type, release) {
        return Err(Errno::EINVAL);
    }
    let revision = core.hooks.at(place).map_or(1, |hook| hook.revision);
    if release >= ORDER && ask.revision != 0 && ask.revision != revision {
        return Err(Errno::ESTALE);
    }
    Ok(())
}

/// hierarchy_allows_attach(): the nearest cgroup above that has a program, or that takes several,
/// decides.
fn hierarchy_allows(core: &Core, ask: &Request) -> bool {
    for id in core.profile.targets.lineage(ask.cgroup).into_iter().skip(1) {
        let Some(hook) = core.hooks.at(&Place::Cgroup(id, ask.attach_type)) else { continue };
        if hook.flags & MULTI != 0 {
            return true;
        }
        if !hook.entries.is_empty() {
            return hook.flags & OVERRIDE != 0;
        }
    }
    true
}

/// find_attach_entry(): the entry that the new one takes the place of.
fn replaced(hook: &Hook, ask: &Request, release: Release) -> Result<Option<usize>, Errno> {
    if ask.flags & MULTI == 0 {
        return Ok((!hook.entries.is_empty()).then_some(0));
    }
    let direct = |program| {
        let found = |entry: &Entry| entry.link.is_none() && entry.program == program;
        hook.entries.iter().position(found)
    };
    // From v5.8 on a program may replace itself.
    let itself = ask.replace == Some(ask.program) && release >= Release::new(5, 8);
    if ask.link.is_none() && direct(ask.program).is_some() && !itself {
        return Err(Errno::EINVAL);
    }
    match ask.replace {
        Some(program) => direct(program).map(Some).ok_or(Errno::ENOENT),
        None => Ok(None),
    }
}

/// insert_pl_to_hlist() and get_prog_list(), v6.17: before that, always behind the last.
fn position(core: &Core, task: &dyn Task, hook: &Hook, ask: &Request) -> Result<usize, Errno> {
    let len = hook.entries.len();
    if core.profile.release < ORDER {
        return Ok(len);
    }
    let has = |flag: u32| ask.flags & flag != 0;
    let (before, after) = (has(BEFORE), has(AFTER));
    if has(LINK) || has(ID) || ask.relative != 0 {
        if before == after || has(LINK) != ask.link.is_some() {
            return Err(Errno::EINVAL);
        }
        let anchor = anchor(core, task, hook, ask)?;
        return Ok(if before { anchor } else { anchor + 1 });
    }
    if len != 0 && before && after {
        return Err(Errno::EINVAL);
    }
    Ok(if before { 0 } else { len })
}

/// The entry that a new one is put next to.
fn anchor(core: &Core, task: &dyn Task, hook: &Hook, ask: &Request) -> Result<usize, Errno> {
    let by_id = ask.flags & ID != 0;
    let found = if ask.flags & LINK != 0 {
        let link = find::link_by_id_or_fd(core, task, by_id, ask.relative)?;
        hook.entries.iter().position(|entry| entry.link == Some(link))
    } else {
        let program = find::by_id_or_fd(core, task, by_id, ask.relative)?;
        let direct = |entry: &Entry| entry.link.is_none() && entry.program == program;
        hook.entries.iter().position(direct)
    };
    let index = found.ok_or(Errno::ENOENT)?;
    if (hook.entries[index].flags ^ ask.flags) & PREORDER != 0 {
        return Err(Errno::EINVAL);
    }
    Ok(index)
}

/// __cgroup_bpf_detach().
pub(crate) fn detach(
    kernel: &mut Kernel,
    (cgroup, attach_type): (u64, u32),
    program: Option<u32>,
    revision: u64,
) -> Result<(), Errno> {
    let release = kernel.core.profile.release;
    let place = Place::Cgroup(cgroup, attach_type);
    if release < LISTS {
        return update(kernel, &place, None);
    }
    let lsm = prog_type_of(attach_type, release) == Some(prog::LSM);
    let lsm_list = lsm && attach_type == super::types::at::LSM_CGROUP;
    if !is_known(attach_type, release) && !lsm_list {
        return Err(Errno::EINVAL);
    }
    let hook = kernel.core.hooks.at(&place).cloned().unwrap_or_default();
    if release >= ORDER && revision != 0 && revision != hook.revision {
        return Err(Errno::ESTALE);
    }
    let index = if hook.flags & MULTI == 0 {
        if hook.entries.is_empty() {
            return Err(Errno::ENOENT);
        }
        0
    } else {
        let program = program.ok_or(Errno::EINVAL)?;
        let direct = |entry: &Entry| entry.link.is_none() && entry.program == program;
        hook.entries.iter().position(direct).ok_or(Errno::ENOENT)?
    };
    kernel.core.detach_program(&mut kernel.hw, &place, index);
    Ok(())
}

/// __cgroup_bpf_update(), v4.10 to v4.14: one program, new or none.
fn update(kernel: &mut Kernel, place: &Place, ask: Option<Request>) -> Result<(), Errno> {
    let core = &mut kernel.core;
    let old = core.hooks.entries(place).first().copied();
    let Some(ask) = ask else {
        old.ok_or(Errno::ENOENT)?;
        core.detach_program(&mut kernel.hw, place, 0);
        return Ok(());
    };
    let above = core.profile.targets.lineage(ask.cgroup).into_iter().skip(1);
    let nearest = above
        .filter_map(|id| core.hooks.at(&Place::Cgroup(id, ask.attach_type)))
        .find(|hook| !hook.entries.is_empty())
        .map(|hook| hook.flags);
    let flags = ask.flags & OVERRIDE;
    let own = old.map(|_| core.hooks.at(place).map_or(0, |hook| hook.flags));
    let above_forbids = nearest.is_some_and(|above| above & OVERRIDE == 0 || above != flags);
    if above_forbids || own.is_some_and(|own| own != flags) {
        return Err(Errno::EPERM);
    }
    let entry = Entry { program: ask.program, link: None, flags };
    match old {
        Some(_) => core.exchange(&mut kernel.hw, place, 0, entry),
        None => core.attach_program(place, 0, entry),
    }
    kernel.core.hooks.at_mut(place).flags = flags;
    Ok(())
}

/// compute_effective_progs(): what runs for a cgroup, first to last. Its own come first, then
/// those above that take several; those with `BPF_F_PREORDER` run before, from the top down.
pub(crate) fn effective(core: &Core, cgroup: u64, attach_type: u32) -> Vec<u32> {
    let (mut normal, mut early): (Vec<u32>, Vec<u32>) = (Vec::new(), Vec::new());
    for id in core.profile.targets.lineage(cgroup) {
        let Some(hook) = core.hooks.at(&Place::Cgroup(id, attach_type)) else { continue };
        if !(normal.is_empty() && early.is_empty()) && hook.flags & MULTI == 0 {
            continue;
        }
        let (first, rest): (Vec<&Entry>, Vec<&Entry>) =
            hook.entries.iter().partition(|entry| entry.flags & PREORDER != 0);
        normal.extend(rest.iter().map(|entry| entry.program));
        early.splice(0..0, first.iter().map(|entry| entry.program));
    }
    early.extend(normal);
    early
}
