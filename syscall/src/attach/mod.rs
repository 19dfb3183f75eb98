//! Attaching programs to what a kernel has beside maps: cgroups, network namespaces, devices.
//!
//! BPF_PROG_ATTACH and BPF_PROG_DETACH, v4.10, `kernel/bpf/syscall.c`. What there is to attach to
//! is an input ([`crate::targets::Targets`]); what is attached is state ([`Hooks`]). Nothing runs
//! there: a test or a front end runs programs itself.

mod cgroup;
mod find;
mod flags;
mod hooks;
mod mprog;
mod netns;
mod query;
mod types;

pub(crate) use cgroup::{ORDER, Request, attach as attach_to_cgroup};
pub(crate) use find::{attachable, cgroup as cgroup_of, lirc, netns as netns_of, perf_event};
pub use hooks::{Entry, Hook, Hooks, NetfilterHook, Place};
pub(crate) use mprog::{Order, attach as attach_in_order, update_link as update_tcx};
pub(crate) use netns::{FLOW_DISSECTOR, attach_link as attach_to_netns};
pub(crate) use query::query;
pub(crate) use types::{at, check, is_cgroup, load_as, needs_net_admin, prog, prog_type_of};

use crate::entry::Attr;
use crate::{Answer, Failure, Kernel, Task, fds};
use bpfsim_abi::attr::ProgAttachAttr;
use bpfsim_abi::{Errno, Release};
use flags::{MPROG, MULTI, OVERRIDE, PREORDER, REPLACE};

pub(crate) use flags::MULTI as ALLOW_MULTI;

/// `BPF_F_LINK_ATTACH_MASK`, v6.17.
pub(crate) const LINK_FLAGS: u32 =
    flags::ID | flags::BEFORE | flags::AFTER | flags::PREORDER | flags::LINK;

const fn v(major: u8, minor: u8) -> Release {
    Release::new(major, minor)
}

/// The flags that a release takes for programs without an order.
fn base_flags(release: Release) -> u32 {
    let rows = [(v(4, 10), OVERRIDE), (v(4, 15), MULTI), (v(5, 6), REPLACE), (v(6, 15), PREORDER)];
    rows.iter().filter(|(since, _)| *since <= release).map(|(_, flag)| flag).sum()
}

/// The flags and the fields for an order, by what is attached.
fn check_flags(arm: &ProgAttachAttr, prog_type: u32, release: Release) -> Result<(), Errno> {
    let base = base_flags(release);
    let cgroup = is_cgroup(prog_type) || prog_type == prog::LSM;
    let (known, ordered) = match prog_type {
        prog::SCHED_CLS => (MPROG, true),
        _ if cgroup && release >= ORDER => (base | MPROG, true),
        _ => (base, release < v(6, 6)),
    };
    let order = arm.relative_fd != 0 || arm.expected_revision != 0;
    if arm.attach_flags & !known != 0 || order && !ordered { Err(Errno::EINVAL) } else { Ok(()) }
}

/// BPF_PROG_ATTACH. Up to v6.5 the flags come before the attach type.
pub(crate) fn attach(kernel: &mut Kernel, task: &mut dyn Task, attr: &Attr) -> Answer {
    let arm: ProgAttachAttr = attr.arm();
    let release = kernel.core.profile.release;
    if release < v(6, 6) && arm.attach_flags & !base_flags(release) != 0 {
        return Err(Errno::EINVAL.into());
    }
    let prog_type = prog_type_of(arm.attach_type, release).ok_or(Errno::EINVAL)?;
    check_flags(&arm, prog_type, release)?;
    let sock_map = matches!(prog_type, prog::SK_SKB | prog::SK_MSG);
    if sock_map && release < v(4, 18) {
        fds::map(task, arm.target_fd)?;
    }
    let program = find::program(&kernel.core, task, arm.attach_bpf_fd, prog_type)?;
    let attachable = attachable(&kernel.core, program)?;
    check(attachable, arm.attach_type, task.caps(), release).map_err(|_| Errno::EINVAL)?;
    match prog_type {
        _ if is_cgroup(prog_type) => to_cgroup(kernel, task, &arm, (program, prog_type))?,
        prog::SK_SKB | prog::SK_MSG => {
            if release >= v(5, 8) && (arm.attach_flags | arm.replace_bpf_fd) != 0 {
                return Err(Errno::EINVAL.into());
            }
            return Err(sock_map_of(kernel, task, arm.target_fd, release));
        }
        prog::LIRC_MODE2 if arm.attach_flags == 0 => {
            return Err(lirc(task, arm.target_fd));
        }
        prog::FLOW_DISSECTOR => netns::attach(kernel, &arm, program)?,
        prog::SCHED_CLS if is_tcx(arm.attach_type) => to_tcx(kernel, task, &arm, program)?,
        prog::SCHED_CLS => return Err(netkit(kernel, arm.target_fd).into()),
        _ => return Err(Errno::EINVAL.into()),
    }
    Ok(0)
}

const fn is_tcx(attach_type: u32) -> bool {
    matches!(attach_type, at::TCX_INGRESS | at::TCX_EGRESS)
}

/// cgroup_bpf_prog_attach().
fn to_cgroup(
    kernel: &mut Kernel,
    task: &dyn Task,
    arm: &ProgAttachAttr,
    (program, prog_type): (u32, u32),
) -> Result<(), Failure> {
    let cgroup = cgroup_of(&kernel.core, task, arm.target_fd)?;
    let replaces = arm.attach_flags & (MULTI | REPLACE) == MULTI | REPLACE;
    let named = || find::program(&kernel.core, task, arm.replace_bpf_fd, prog_type);
    let replace = replaces.then(named).transpose()?;
    let ask = Request {
        cgroup,
        attach_type: arm.attach_type,
        flags: arm.attach_flags,
        program,
        link: None,
        replace,
        relative: arm.relative_fd,
        revision: arm.expected_revision,
    };
    cgroup::attach(kernel, task, ask)
}

/// tcx_prog_attach().
fn to_tcx(
    kernel: &mut Kernel,
    task: &dyn Task,
    arm: &ProgAttachAttr,
    program: u32,
) -> Result<(), Errno> {
    let core = &kernel.core;
    core.profile.targets.device(arm.target_fd).ok_or(Errno::ENODEV)?;
    let replaces = arm.attach_flags & REPLACE != 0;
    let named = || find::program(core, task, arm.replace_bpf_fd, prog::SCHED_CLS);
    let replace = replaces.then(named).transpose()?;
    let place = Place::Tcx(arm.target_fd, arm.attach_type);
    let entry = Entry { program, link: None, flags: arm.attach_flags };
    mprog::attach(kernel, task, &place, (entry, replace), order_of(arm))
}

fn order_of(arm: &ProgAttachAttr) -> Order {
    Order { flags: arm.attach_flags, relative: arm.relative_fd, revision: arm.expected_revision }
}

/// netkit_dev_fetch(): no device here is a netkit.
pub(crate) fn netkit(kernel: &Kernel, ifindex: u32) -> Errno {
    match kernel.core.profile.targets.device(ifindex) {
        Some(_) => Errno::ENXIO,
        None => Errno::ENODEV,
    }
}

/// A map that programs of sockets are attached to.
pub(crate) fn sock_map(kernel: &Kernel, task: &dyn Task, fd: u32) -> Failure {
    sock_map_of(kernel, task, fd, kernel.core.profile.release)
}

/// sock_map_progs(): a map of another type is EOPNOTSUPP, EINVAL up to v4.19.
fn sock_map_of(kernel: &Kernel, task: &dyn Task, fd: u32, release: Release) -> Failure {
    /// `BPF_MAP_TYPE_SOCKMAP` and `BPF_MAP_TYPE_SOCKHASH`.
    const SOCK_MAPS: [u32; 2] = [15, 18];
    let handle = match fds::map(task, fd) {
        Ok(handle) => handle,
        Err(errno) => return errno.into(),
    };
    match kernel.core.map(handle) {
        Some(map) if SOCK_MAPS.contains(&map.shape.map_type) => {
            Failure::NotModelled("programs of socket maps".to_owned())
        }
        _ if release < v(4, 20) => Errno::EINVAL.into(),
        _ => Errno::EOPNOTSUPP.into(),
    }
}

/// BPF_PROG_DETACH.
pub(crate) fn detach(kernel: &mut Kernel, task: &mut dyn Task, attr: &Attr) -> Answer {
    let arm: ProgAttachAttr = attr.arm();
    let release = kernel.core.profile.release;
    let prog_type = prog_type_of(arm.attach_type, release);
    if release >= v(6, 6) {
        check_detach(&arm, prog_type, release)?;
    }
    let prog_type = prog_type.ok_or(Errno::EINVAL)?;
    match prog_type {
        _ if is_cgroup(prog_type) || prog_type == prog::LSM && release >= v(6, 0) => {
            let group = cgroup_of(&kernel.core, task, arm.target_fd)?;
            let program = find::program(&kernel.core, task, arm.attach_bpf_fd, prog_type).ok();
            let place = (group, arm.attach_type);
            cgroup::detach(kernel, place, program, arm.expected_revision)?;
        }
        prog::SK_SKB | prog::SK_MSG => return Err(sock_map(kernel, task, arm.target_fd)),
        prog::LIRC_MODE2 => {
            find::program(&kernel.core, task, arm.attach_bpf_fd, prog_type)?;
            return Err(lirc(task, arm.target_fd));
        }
        prog::FLOW_DISSECTOR => netns::detach(kernel, task, &arm)?,
        prog::SCHED_CLS => from_device(kernel, task, &arm)?,
        _ => return Err(Errno::EINVAL.into()),
    }
    Ok(0)
}

/// What v6.6 asks before it looks for the program.
fn check_detach(
    arm: &ProgAttachAttr,
    prog_type: Option<u32>,
    release: Release,
) -> Result<(), Errno> {
    let cgroup = prog_type.is_some_and(|own| is_cgroup(own) || own == prog::LSM);
    let bad = match prog_type {
        Some(prog::SCHED_CLS) => arm.attach_flags & !MPROG != 0,
        _ if cgroup && release >= ORDER => arm.attach_flags != 0 || arm.relative_fd != 0,
        _ => arm.attach_flags != 0 || arm.relative_fd != 0 || arm.expected_revision != 0,
    };
    if bad { Err(Errno::EINVAL) } else { Ok(()) }
}

/// tcx_prog_detach(). Without a program, v6.19 asks for CAP_NET_ADMIN.
fn from_device(kernel: &mut Kernel, task: &dyn Task, arm: &ProgAttachAttr) -> Result<(), Errno> {
    let core = &kernel.core;
    let program = match arm.attach_bpf_fd {
        0 if core.profile.release >= v(6, 19) && !task.caps().net() => return Err(Errno::EPERM),
        0 => None,
        fd => Some(find::program(core, task, fd, prog::SCHED_CLS)?),
    };
    if !is_tcx(arm.attach_type) {
        return Err(netkit(kernel, arm.target_fd));
    }
    core.profile.targets.device(arm.target_fd).ok_or(Errno::ENODEV)?;
    let place = Place::Tcx(arm.target_fd, arm.attach_type);
    mprog::detach(kernel, task, &place, program, order_of(arm))
}
