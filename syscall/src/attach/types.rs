//! Which program types go with which attach types, by release.
//!
//! Source: `attach_type_to_prog_type()`, `bpf_prog_load_check_attach()` (v4.17 to v5.6 without
//! BTF), `bpf_prog_attach_check_attach_type()` and `is_net_admin_prog_type()` of
//! `kernel/bpf/syscall.c`, v4.10 to v7.1.

use crate::task::Caps;
use bpfsim_abi::{Errno, Release, attach_type};

/// Numbers of `enum bpf_prog_type`.
pub(crate) mod prog {
    pub const KPROBE: u32 = 2;
    pub const SCHED_CLS: u32 = 3;
    pub const SCHED_ACT: u32 = 4;
    pub const TRACEPOINT: u32 = 5;
    pub const XDP: u32 = 6;
    pub const PERF_EVENT: u32 = 7;
    pub const CGROUP_SKB: u32 = 8;
    pub const CGROUP_SOCK: u32 = 9;
    pub const LWT_IN: u32 = 10;
    pub const LWT_XMIT: u32 = 12;
    pub const SOCK_OPS: u32 = 13;
    pub const SK_SKB: u32 = 14;
    pub const CGROUP_DEVICE: u32 = 15;
    pub const SK_MSG: u32 = 16;
    pub const RAW_TRACEPOINT: u32 = 17;
    pub const CGROUP_SOCK_ADDR: u32 = 18;
    pub const LWT_SEG6LOCAL: u32 = 19;
    pub const LIRC_MODE2: u32 = 20;
    pub const SK_REUSEPORT: u32 = 21;
    pub const FLOW_DISSECTOR: u32 = 22;
    pub const CGROUP_SYSCTL: u32 = 23;
    pub const RAW_TRACEPOINT_WRITABLE: u32 = 24;
    pub const CGROUP_SOCKOPT: u32 = 25;
    pub const TRACING: u32 = 26;
    pub const EXT: u32 = 28;
    pub const LSM: u32 = 29;
    pub const SK_LOOKUP: u32 = 30;
    pub const SYSCALL: u32 = 31;
    pub const NETFILTER: u32 = 32;
}

/// Numbers of `enum bpf_attach_type`.
pub(crate) mod at {
    pub const INET_SOCK_CREATE: u32 = 2;
    pub const SK_LOOKUP: u32 = 36;
    pub const SK_REUSEPORT_SELECT: u32 = 39;
    pub const PERF_EVENT: u32 = 41;
    pub const KPROBE_MULTI: u32 = 42;
    pub const LSM_CGROUP: u32 = 43;
    pub const STRUCT_OPS: u32 = 44;
    pub const NETFILTER: u32 = 45;
    pub const TCX_INGRESS: u32 = 46;
    pub const TCX_EGRESS: u32 = 47;
    pub const UPROBE_MULTI: u32 = 48;
    pub const NETKIT_PRIMARY: u32 = 54;
    pub const NETKIT_PEER: u32 = 55;
    pub const KPROBE_SESSION: u32 = 56;
    pub const UPROBE_SESSION: u32 = 57;
}

const fn v(major: u8, minor: u8) -> Release {
    Release::new(major, minor)
}

/// attach_type_to_prog_type(): none is `BPF_PROG_TYPE_UNSPEC`. Attach types of links alone have
/// no row.
pub(crate) fn prog_type_of(number: u32, release: Release) -> Option<u32> {
    // Tracing and LSM programs were attached by BPF_RAW_TRACEPOINT_OPEN alone before v5.19.
    let tracing = release >= v(5, 19);
    let known = attach_type::exists(number, release);
    let prog_type = match number {
        0 | 1 => prog::CGROUP_SKB,
        2 | 12 | 13 | 34 => prog::CGROUP_SOCK,
        3 => prog::SOCK_OPS,
        4 | 5 | 38 => prog::SK_SKB,
        6 => prog::CGROUP_DEVICE,
        7 => prog::SK_MSG,
        8..=11 | 14 | 15 | 19 | 20 | 29..=32 | 49..=53 => prog::CGROUP_SOCK_ADDR,
        16 => prog::LIRC_MODE2,
        17 => prog::FLOW_DISSECTOR,
        18 => prog::CGROUP_SYSCTL,
        21 | 22 => prog::CGROUP_SOCKOPT,
        28 | 58 => prog::TRACING,
        23..=26 if tracing => prog::TRACING,
        27 if tracing => prog::LSM,
        at::LSM_CGROUP => prog::LSM,
        at::SK_LOOKUP => prog::SK_LOOKUP,
        37 => prog::XDP,
        at::TCX_INGRESS | at::TCX_EGRESS | at::NETKIT_PRIMARY | at::NETKIT_PEER => prog::SCHED_CLS,
        _ => return None,
    };
    known.then_some(prog_type)
}

/// Program types whose programs are attached to cgroups.
pub(crate) const fn is_cgroup(prog_type: u32) -> bool {
    matches!(
        prog_type,
        prog::CGROUP_SKB
            | prog::CGROUP_SOCK
            | prog::SOCK_OPS
            | prog::CGROUP_DEVICE
            | prog::CGROUP_SOCK_ADDR
            | prog::CGROUP_SYSCTL
            | prog::CGROUP_SOCKOPT
    )
}

/// Program types that only those with CAP_NET_ADMIN may load (v5.8); before, CAP_SYS_ADMIN was
/// asked for all of them.
pub(crate) fn needs_net_admin(prog_type: u32, release: Release) -> bool {
    if release < v(5, 8) {
        return false;
    }
    match prog_type {
        prog::CGROUP_SKB => false,
        prog::LIRC_MODE2 => release < v(6, 4),
        prog::NETFILTER => release >= v(6, 4),
        prog::SCHED_CLS | prog::SCHED_ACT | prog::XDP | prog::SK_SKB | prog::SK_MSG => true,
        prog::LWT_IN..=prog::LWT_XMIT | prog::LWT_SEG6LOCAL => true,
        prog::FLOW_DISSECTOR | prog::EXT => true,
        other => is_cgroup(other),
    }
}

/// The `expected_attach_type` of a program that is loaded (v4.17): what stands for 0, and EINVAL
/// for one that does not go with the program type. Before, and for types that do not ask, whatever
/// the caller wrote.
pub(crate) fn load_as(prog_type: u32, expected: u32, release: Release) -> Result<u32, Errno> {
    if release < v(4, 17) {
        return Ok(0);
    }
    let expected = match (prog_type, expected) {
        (prog::CGROUP_SOCK, 0) => at::INET_SOCK_CREATE,
        (prog::SK_REUSEPORT, 0) if release >= v(5, 14) => at::SK_REUSEPORT_SELECT,
        (_, given) => given,
    };
    let own = || prog_type_of(expected, release) == Some(prog_type);
    let fits = match prog_type {
        prog::CGROUP_SOCK | prog::CGROUP_SOCK_ADDR => own(),
        prog::CGROUP_SKB | prog::CGROUP_SOCKOPT if release >= v(5, 3) => own(),
        prog::SK_LOOKUP => expected == at::SK_LOOKUP,
        prog::SK_REUSEPORT if release >= v(5, 14) => {
            (at::SK_REUSEPORT_SELECT..=at::SK_REUSEPORT_SELECT + 1).contains(&expected)
        }
        prog::NETFILTER => expected == at::NETFILTER,
        prog::SYSCALL | prog::EXT => expected == 0,
        _ => true,
    };
    if fits { Ok(expected) } else { Err(Errno::EINVAL) }
}

/// A program, as far as attaching looks at it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attachable {
    /// `enum bpf_prog_type`.
    pub prog_type: u32,
    /// `expected_attach_type`.
    pub expected: u32,
    /// It may be attached for that attach type only.
    pub binds: bool,
}

/// bpf_prog_attach_check_attach_type(). From v6.6 on it looks at every program type.
pub(crate) fn check(
    program: Attachable,
    attach_type: u32,
    caps: Caps,
    release: Release,
) -> Result<(), Errno> {
    let Attachable { prog_type, expected, binds } = program;
    let own = || prog_type_of(attach_type, release) == Some(prog_type);
    let fits = match prog_type {
        prog::CGROUP_SOCK | prog::CGROUP_SOCK_ADDR | prog::CGROUP_SOCKOPT | prog::SK_LOOKUP => {
            release < v(4, 17) || attach_type == expected
        }
        prog::CGROUP_SKB => {
            // Anyone may load one, and so it is asked here (v5.8).
            let may = if release < v(6, 9) { caps.net_admin } else { caps.net() };
            if release >= v(5, 8) && !may {
                return Err(Errno::EPERM);
            }
            (release < v(6, 10) || own()) && (!binds || attach_type == expected)
        }
        prog::KPROBE => check_kprobe(expected, attach_type, release),
        _ if release < v(6, 6) => true,
        prog::EXT => true,
        prog::NETFILTER => attach_type == at::NETFILTER,
        prog::PERF_EVENT | prog::TRACEPOINT => attach_type == at::PERF_EVENT,
        prog::SCHED_CLS => own(),
        _ => own(),
    };
    if fits { Ok(()) } else { Err(Errno::EINVAL) }
}

/// Probes of one place take a perf event; those of many places say at load time what they are.
fn check_kprobe(expected: u32, attach_type: u32, release: Release) -> bool {
    let multi = [
        (at::KPROBE_MULTI, v(6, 4)),
        (at::UPROBE_MULTI, v(6, 6)),
        (at::KPROBE_SESSION, v(6, 10)),
        (at::UPROBE_SESSION, v(6, 13)),
    ];
    let known = |number: u32| multi.iter().any(|row| row.0 == number && row.1 <= release);
    if known(expected) && attach_type != expected {
        return false;
    }
    release < v(6, 6) || attach_type == at::PERF_EVENT || known(attach_type)
}
