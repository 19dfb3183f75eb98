//! BPF_PROG_QUERY, v4.15: what is attached where.

use super::flags::EFFECTIVE;
use super::hooks::{Entry, Hook, Place};
use super::types::{at, prog_type_of};
use super::{cgroup, find, netns};
use crate::core::ObjectId;
use crate::entry::Attr;
use crate::{Answer, Failure, Kernel, Task};
use bpfsim_abi::attr::{QueryAttr, UserAddr};
use bpfsim_abi::{Errno, Release};

/// Bytes of `query.attach_flags`, `query.prog_cnt` and `query.revision` in the attr.
const ATTACH_FLAGS: u64 = 12;
const COUNT: u64 = 24;
const REVISION: u64 = 56;

const fn v(major: u8, minor: u8) -> Release {
    Release::new(major, minor)
}

/// bpf_prog_query().
pub(crate) fn query(kernel: &mut Kernel, task: &mut dyn Task, attr: &Attr) -> Answer {
    let arm: QueryAttr = attr.arm();
    let release = kernel.core.profile.release;
    if arm.query_flags & !EFFECTIVE != 0 {
        return Err(Errno::EINVAL.into());
    }
    match arm.attach_type {
        number if cgroup::is_known(number, release) => of_cgroup(kernel, task, attr, &arm),
        at::LSM_CGROUP if release >= v(6, 0) => of_lsm(kernel, task, &arm),
        16 if release >= v(4, 18) => {
            check_plain(&arm)?;
            Err(find::lirc(task, arm.target_fd))
        }
        netns::FLOW_DISSECTOR if release >= v(5, 2) => of_netns(kernel, task, attr, &arm),
        at::SK_LOOKUP if release >= v(5, 9) => of_netns(kernel, task, attr, &arm),
        4 | 5 | 7 | 38 if release >= v(5, 18) => of_sock_map(kernel, task, &arm),
        at::TCX_INGRESS | at::TCX_EGRESS if release >= v(6, 6) => of_tcx(kernel, task, attr, &arm),
        at::NETKIT_PRIMARY | at::NETKIT_PEER
            if prog_type_of(arm.attach_type, release).is_some() =>
        {
            Err(super::netkit(kernel, arm.target_fd).into())
        }
        _ => Err(Errno::EINVAL.into()),
    }
}

fn check_plain(arm: &QueryAttr) -> Result<(), Errno> {
    if arm.query_flags != 0 { Err(Errno::EINVAL) } else { Ok(()) }
}

/// A number at a byte of the attr.
fn put(task: &mut dyn Task, attr: &Attr, offset: u64, bytes: &[u8]) -> Result<(), Failure> {
    let at = attr.at.checked_add(offset).ok_or(Errno::EFAULT)?;
    Ok(task.write(at, bytes)?)
}

/// The `index`th number of an array of the caller's.
fn put_nth(task: &mut dyn Task, at: UserAddr, index: usize, number: u32) -> Result<(), Failure> {
    let at = at.checked_add(index as u64 * 4).ok_or(Errno::EFAULT)?;
    Ok(task.write(at, &number.to_le_bytes())?)
}

/// __cgroup_bpf_query(). Of a list, `prog_attach_flags` (v6.0) has the flags once for each program;
/// v6.2 keeps them out of what is effective.
fn of_cgroup(kernel: &Kernel, task: &mut dyn Task, attr: &Attr, arm: &QueryAttr) -> Answer {
    let core = &kernel.core;
    let release = core.profile.release;
    let group = find::cgroup(core, task, arm.target_fd)?;
    let effective = arm.query_flags & EFFECTIVE != 0;
    if release >= v(6, 2) && effective && !arm.prog_attach_flags.is_null() {
        return Err(Errno::EINVAL.into());
    }
    let none = Hook::default();
    let place = Place::Cgroup(group, arm.attach_type);
    let hook = core.hooks.at(&place).unwrap_or(&none);
    let programs: Vec<u32> = if effective {
        cgroup::effective(core, group, arm.attach_type)
    } else {
        hook.entries.iter().map(|entry| entry.program).collect()
    };
    let flags = if effective && release >= v(6, 2) { 0 } else { hook.flags };
    put(task, attr, ATTACH_FLAGS, &flags.to_le_bytes())?;
    put(task, attr, COUNT, &(programs.len() as u32).to_le_bytes())?;
    // v7.1 asks first whether the caller's attr is that long.
    let room = u64::from(attr.size) >= REVISION + 8;
    if release >= cgroup::ORDER && (release < v(7, 1) || room) {
        let revision = if effective { 0 } else { hook.revision };
        put(task, attr, REVISION, &revision.to_le_bytes())?;
    }
    if arm.count == 0 || arm.prog_ids.is_null() || programs.is_empty() {
        return Ok(0);
    }
    let shown = programs.len().min(arm.count as usize);
    for (index, program) in programs[..shown].iter().enumerate() {
        put_nth(task, arm.prog_ids, index, core.id_of(ObjectId::Prog(*program)))?;
    }
    if release >= v(6, 0) && !arm.prog_attach_flags.is_null() {
        for index in 0..shown {
            put_nth(task, arm.prog_attach_flags, index, hook.flags)?;
        }
    }
    if shown < programs.len() { Err(Errno::ENOSPC.into()) } else { Ok(0) }
}

/// LSM programs of cgroups need BTF to be loaded: there are none.
fn of_lsm(kernel: &Kernel, task: &mut dyn Task, arm: &QueryAttr) -> Answer {
    find::cgroup(&kernel.core, task, arm.target_fd)?;
    Err(Failure::NotModelled("LSM programs of cgroups".to_owned()))
}

/// netns_bpf_prog_query().
fn of_netns(kernel: &Kernel, task: &mut dyn Task, attr: &Attr, arm: &QueryAttr) -> Answer {
    check_plain(arm)?;
    let netns = find::netns(task, arm.target_fd)?;
    let entries = kernel.core.hooks.entries(&Place::NetNs(netns, arm.attach_type));
    put(task, attr, ATTACH_FLAGS, &0u32.to_le_bytes())?;
    put(task, attr, COUNT, &(entries.len() as u32).to_le_bytes())?;
    if arm.count == 0 || arm.prog_ids.is_null() || entries.is_empty() {
        return Ok(0);
    }
    let shown = entries.len().min(arm.count as usize);
    for (index, entry) in entries[..shown].iter().enumerate() {
        let id = kernel.core.id_of(ObjectId::Prog(entry.program));
        put_nth(task, arm.prog_ids, index, id)?;
    }
    if shown < entries.len() { Err(Errno::ENOSPC.into()) } else { Ok(0) }
}

/// sock_map_bpf_prog_query(), v5.18.
fn of_sock_map(kernel: &Kernel, task: &mut dyn Task, arm: &QueryAttr) -> Answer {
    check_plain(arm)?;
    Err(super::sock_map(kernel, task, arm.target_fd))
}

/// bpf_mprog_query().
fn of_tcx(kernel: &Kernel, task: &mut dyn Task, attr: &Attr, arm: &QueryAttr) -> Answer {
    let core = &kernel.core;
    core.profile.targets.device(arm.target_fd).ok_or(Errno::ENODEV)?;
    if arm.query_flags != 0 || arm.attach_flags != 0 {
        return Err(Errno::EINVAL.into());
    }
    let hook = core.hooks.at(&Place::Tcx(arm.target_fd, arm.attach_type));
    let entries: &[Entry] = hook.map_or(&[], |hook| &hook.entries);
    let revision = hook.map_or(1, |hook| hook.revision);
    put(task, attr, ATTACH_FLAGS, &0u32.to_le_bytes())?;
    put(task, attr, REVISION, &revision.to_le_bytes())?;
    put(task, attr, COUNT, &(entries.len() as u32).to_le_bytes())?;
    if arm.count == 0 || arm.prog_ids.is_null() || entries.is_empty() {
        return Ok(0);
    }
    let shown = entries.len().min(arm.count as usize);
    for (index, entry) in entries[..shown].iter().enumerate() {
        let link = entry.link.map_or(0, |link| core.id_of(ObjectId::Link(link)));
        put_nth(task, arm.prog_ids, index, core.id_of(ObjectId::Prog(entry.program)))?;
        for (at, number) in
            [(arm.prog_attach_flags, 0), (arm.link_ids, link), (arm.link_attach_flags, 0)]
        {
            if !at.is_null() {
                put_nth(task, at, index, number)?;
            }
        }
    }
    if shown < entries.len() { Err(Errno::ENOSPC.into()) } else { Ok(0) }
}
