//! BPF_LINK_CREATE.

use super::settle;
use crate::attach::{
    self, ALLOW_MULTI, Entry, NetfilterHook, Order, Place, Request, at, is_cgroup, prog,
    prog_type_of,
};
use crate::entry::Attr;
use crate::link::{Link, kind};
use crate::{Answer, Failure, Kernel, Task, fds};
use bpfsim_abi::attr::LinkCreateAttr;
use bpfsim_abi::{Errno, Release};

const fn v(major: u8, minor: u8) -> Release {
    Release::new(major, minor)
}

/// A 32-bit word of the union, counted from its beginning.
fn word(arm: &LinkCreateAttr, index: usize) -> u32 {
    (arm.detail[index / 2] >> (32 * (index % 2))) as u32
}

/// link_create(). Up to v5.9 the attach type says which program it must be, up to v6.5 it is looked
/// at after the program, and then together with it.
pub(crate) fn create(kernel: &mut Kernel, task: &mut dyn Task, attr: &Attr) -> Answer {
    let arm: LinkCreateAttr = attr.arm();
    let release = kernel.core.profile.release;
    if arm.attach_type == at::STRUCT_OPS && release >= v(6, 4) {
        return struct_ops(kernel, task, &arm);
    }
    let wanted = prog_type_of(arm.attach_type, release);
    if release < v(5, 10) && wanted.is_none() {
        return Err(Errno::EINVAL.into());
    }
    let program = fds::program(task, arm.prog_fd)?;
    let attachable = attach::attachable(&kernel.core, program)?;
    if release < v(5, 10) && wanted != Some(attachable.prog_type) {
        return Err(Errno::EINVAL.into());
    }
    attach::check(attachable, arm.attach_type, task.caps(), release)?;
    if release < v(6, 6) && !goes_with(attachable.prog_type, arm.attach_type, release) {
        return Err(Errno::EINVAL.into());
    }
    by_type(kernel, task, &arm, (program, attachable.prog_type))
}

/// What link_create() asks itself before v6.6.
fn goes_with(prog_type: u32, attach_type: u32, release: Release) -> bool {
    let perf = [prog::PERF_EVENT, prog::KPROBE, prog::TRACEPOINT];
    match prog_type {
        prog::EXT => true,
        prog::KPROBE if release >= v(5, 18) && attach_type == at::KPROBE_MULTI => true,
        own if perf.contains(&own) && release >= v(5, 15) => attach_type == at::PERF_EVENT,
        prog::NETFILTER => attach_type == at::NETFILTER,
        own => prog_type_of(attach_type, release) == Some(own),
    }
}

/// bpf_struct_ops_link_create(): of a map of struct_ops with BPF_F_LINK.
fn struct_ops(kernel: &Kernel, task: &dyn Task, arm: &LinkCreateAttr) -> Answer {
    /// `BPF_MAP_TYPE_STRUCT_OPS`.
    const STRUCT_OPS: u32 = 26;
    let map = fds::map(task, arm.prog_fd)?;
    match kernel.core.map(map) {
        Some(map) if map.shape.map_type == STRUCT_OPS => {
            Err(Failure::NotModelled("links of struct_ops".to_owned()))
        }
        _ => Err(Errno::EINVAL.into()),
    }
}

fn by_type(
    kernel: &mut Kernel,
    task: &mut dyn Task,
    arm: &LinkCreateAttr,
    (program, prog_type): (u32, u32),
) -> Answer {
    let release = kernel.core.profile.release;
    let link = |kind| Link {
        kind,
        program: Some(program),
        attach_type: arm.attach_type,
        ..Link::default()
    };
    match prog_type {
        own if is_cgroup(own) => to_cgroup(kernel, task, arm, link(kind::CGROUP)),
        prog::FLOW_DISSECTOR if release >= v(5, 8) => {
            to_netns(kernel, task, arm, link(kind::NETNS))
        }
        prog::SK_LOOKUP => to_netns(kernel, task, arm, link(kind::NETNS)),
        prog::XDP if release >= v(5, 9) => to_xdp(kernel, task, arm, link(kind::XDP)),
        prog::SK_MSG | prog::SK_SKB if release >= v(6, 10) => to_sock_map(kernel, task, arm),
        prog::SCHED_CLS if matches!(arm.attach_type, at::NETKIT_PRIMARY | at::NETKIT_PEER) => {
            Err(attach::netkit(kernel, arm.target_fd).into())
        }
        prog::SCHED_CLS if release >= v(6, 6) => to_tcx(kernel, task, arm, link(kind::TCX)),
        prog::NETFILTER => to_netfilter(kernel, task, arm, link(kind::NETFILTER)),
        prog::PERF_EVENT | prog::TRACEPOINT | prog::KPROBE if release >= v(5, 15) => {
            to_event(task, arm)
        }
        _ => Err(Errno::EINVAL.into()),
    }
}

/// cgroup_bpf_link_attach(): always among several. Flags and an order, v6.17.
fn to_cgroup(kernel: &mut Kernel, task: &mut dyn Task, arm: &LinkCreateAttr, link: Link) -> Answer {
    let ordered = kernel.core.profile.release >= attach::ORDER;
    let known = if ordered { attach::LINK_FLAGS } else { 0 };
    if arm.flags & !known != 0 {
        return Err(Errno::EINVAL.into());
    }
    let cgroup = attach::cgroup_of(&kernel.core, task, arm.target_fd)?;
    let program = link.program.ok_or(Errno::EINVAL)?;
    let place = Place::Cgroup(cgroup, arm.attach_type);
    let link = Link { place: Some(place), ..link };
    settle(kernel, task, link, |kernel, task, handle| {
        let ask = Request {
            cgroup,
            attach_type: arm.attach_type,
            flags: ALLOW_MULTI | arm.flags,
            program,
            link: Some(handle),
            replace: None,
            relative: if ordered { word(arm, 0) } else { 0 },
            revision: if ordered { arm.detail[1] } else { 0 },
        };
        attach::attach_to_cgroup(kernel, task, ask)
    })
}

/// netns_bpf_link_create().
fn to_netns(kernel: &mut Kernel, task: &mut dyn Task, arm: &LinkCreateAttr, link: Link) -> Answer {
    if arm.flags != 0 || !matches!(arm.attach_type, attach::FLOW_DISSECTOR | at::SK_LOOKUP) {
        return Err(Errno::EINVAL.into());
    }
    let netns = attach::netns_of(task, arm.target_fd)?;
    let program = link.program.ok_or(Errno::EINVAL)?;
    let place = Place::NetNs(netns, arm.attach_type);
    let link = Link { place: Some(place.clone()), ..link };
    settle(kernel, task, link, |kernel, _, handle| {
        let entry = Entry { program, link: Some(handle), flags: 0 };
        Ok(attach::attach_to_netns(&mut kernel.core, &place, entry)?)
    })
}

/// bpf_xdp_link_attach() and dev_xdp_attach(): one program for each device.
fn to_xdp(kernel: &mut Kernel, task: &mut dyn Task, arm: &LinkCreateAttr, link: Link) -> Answer {
    /// `XDP_FLAGS_SKB_MODE`, `XDP_FLAGS_DRV_MODE`, `XDP_FLAGS_HW_MODE`.
    const MODES: u32 = 2 | 4 | 8;
    const SKB: u32 = 2;
    const HW: u32 = 8;
    /// `BPF_XDP_DEVMAP` and `BPF_XDP_CPUMAP`.
    const OF_MAPS: [u32; 2] = [33, 35];
    let core = &kernel.core;
    let device = core.profile.targets.device(arm.target_fd).ok_or(Errno::EINVAL)?;
    let program = link.program.ok_or(Errno::EINVAL)?;
    let expected = attach::attachable(core, program)?.expected;
    let place = Place::Xdp(device.ifindex);
    let link = Link { place: Some(place.clone()), cookie: arm.flags.into(), ..link };
    settle(kernel, task, link, |kernel, _, handle| {
        let modes = arm.flags & MODES;
        if arm.flags & !MODES != 0 || modes.count_ones() > 1 {
            return Err(Errno::EINVAL.into());
        }
        if let Some(there) = kernel.core.hooks.entries(&place).first() {
            // Another mode than the one in use.
            let used = there.link.and_then(|link| kernel.core.link(link)).map(|link| link.cookie);
            let mode = |flags: u32| if flags & MODES == 0 { native(device) } else { flags & MODES };
            let same = used.is_some_and(|used| mode(used as u32) == mode(arm.flags));
            return Err(if same { Errno::EBUSY } else { Errno::EEXIST }.into());
        }
        if OF_MAPS.contains(&expected) {
            return Err(Errno::EINVAL.into());
        }
        let mode = if modes == 0 { native(device) } else { modes };
        if mode == HW && device.native_xdp {
            return Err(Failure::NotModelled("XDP programs on hardware".to_owned()));
        }
        if mode != SKB && !device.native_xdp {
            return Err(Errno::EOPNOTSUPP.into());
        }
        let entry = Entry { program, link: Some(handle), flags: arm.flags };
        kernel.core.attach_link(&place, 0, entry);
        Ok(())
    })
}

/// The mode of a device when none is asked for: `XDP_FLAGS_DRV_MODE` or `XDP_FLAGS_SKB_MODE`.
const fn native(device: crate::targets::Device) -> u32 {
    if device.native_xdp { 4 } else { 2 }
}

/// sock_map_link_create(), v6.10: a map of another type is EINVAL.
fn to_sock_map(kernel: &Kernel, task: &dyn Task, arm: &LinkCreateAttr) -> Answer {
    if arm.flags != 0 {
        return Err(Errno::EINVAL.into());
    }
    match attach::sock_map(kernel, task, arm.target_fd) {
        failure if failure == Errno::EOPNOTSUPP => Err(Errno::EINVAL.into()),
        failure => Err(failure),
    }
}

/// tcx_link_attach().
fn to_tcx(kernel: &mut Kernel, task: &mut dyn Task, arm: &LinkCreateAttr, link: Link) -> Answer {
    let device = kernel.core.profile.targets.device(arm.target_fd).ok_or(Errno::ENODEV)?;
    let program = link.program.ok_or(Errno::EINVAL)?;
    let place = Place::Tcx(device.ifindex, arm.attach_type);
    let link = Link { place: Some(place.clone()), ..link };
    settle(kernel, task, link, |kernel, task, handle| {
        let entry = Entry { program, link: Some(handle), flags: arm.flags };
        let order = Order { flags: arm.flags, relative: word(arm, 0), revision: arm.detail[1] };
        Ok(attach::attach_in_order(kernel, task, &place, (entry, None), order)?)
    })
}

/// bpf_nf_link_attach(), v6.4; defragmentation, v6.6.
fn to_netfilter(
    kernel: &mut Kernel,
    task: &mut dyn Task,
    arm: &LinkCreateAttr,
    link: Link,
) -> Answer {
    let hook = NetfilterHook {
        pf: word(arm, 0),
        hooknum: word(arm, 1),
        priority: word(arm, 2) as i32,
        flags: word(arm, 3),
    };
    if arm.flags != 0 {
        return Err(Errno::EINVAL.into());
    }
    check_netfilter(hook, kernel.core.profile.release)?;
    let program = link.program.ok_or(Errno::EINVAL)?;
    let place = Place::Netfilter(hook);
    let link = Link { place: Some(place.clone()), ..link };
    settle(kernel, task, link, |kernel, _, handle| {
        // nf_hook_entries_grow(): BPF programs do not share a priority (v6.4).
        let clash = |at: &Place| match at {
            Place::Netfilter(other) => {
                (other.pf, other.hooknum, other.priority) == (hook.pf, hook.hooknum, hook.priority)
            }
            _ => false,
        };
        let taken =
            kernel.core.hooks.iter().any(|(at, hook)| clash(at) && !hook.entries.is_empty());
        if taken {
            return Err(Errno::EBUSY.into());
        }
        let entry = Entry { program, link: Some(handle), flags: 0 };
        kernel.core.attach_link(&place, 0, entry);
        Ok(())
    })
}

/// bpf_nf_check_pf_and_hooks().
fn check_netfilter(hook: NetfilterHook, release: Release) -> Result<(), Errno> {
    /// `NFPROTO_IPV4` and `NFPROTO_IPV6`.
    const FAMILIES: [u32; 2] = [2, 10];
    /// `NF_INET_NUMHOOKS`: `NF_INET_INGRESS` is its alias and no hook of its own.
    const HOOKS: u32 = 5;
    /// `NF_IP_PRI_CONNTRACK_DEFRAG`.
    const DEFRAG: i32 = -400;
    if !FAMILIES.contains(&hook.pf) {
        return Err(Errno::EAFNOSUPPORT);
    }
    if hook.hooknum >= HOOKS {
        return Err(Errno::EPROTO);
    }
    let known = u32::from(release >= v(6, 6));
    if hook.flags & !known != 0 {
        return Err(Errno::EOPNOTSUPP);
    }
    let ends = hook.priority == i32::MIN || hook.priority == i32::MAX;
    if ends || hook.flags != 0 && hook.priority <= DEFRAG {
        return Err(Errno::ERANGE);
    }
    Ok(())
}

/// bpf_perf_link_attach(), v5.15, and the links of many probes: kernel symbols and files are not
/// modelled.
fn to_event(task: &dyn Task, arm: &LinkCreateAttr) -> Answer {
    if arm.attach_type != at::PERF_EVENT {
        return Err(Failure::NotModelled("links of many probes (kprobe_multi)".to_owned()));
    }
    if arm.flags != 0 {
        return Err(Errno::EINVAL.into());
    }
    Err(attach::perf_event(task, arm.target_fd))
}
