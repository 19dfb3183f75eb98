//! What a program may return, by its type and the attach type that it is loaded for.
//!
//! Source: `check_return_code()` of `kernel/bpf/verifier.c`, v4.15 to v7.1.

use bpfsim_abi::insn::Reg;

use crate::era::Era;
use crate::require::Cx;
use crate::rules::{self, No};
use crate::scalar::Scalar;
use crate::state::{State, Value};

const KPROBE: u32 = 2;
const CGROUP_SKB: u32 = 8;
const CGROUP_SOCK: u32 = 9;
const SOCK_OPS: u32 = 13;
const CGROUP_DEVICE: u32 = 15;
const CGROUP_SOCK_ADDR: u32 = 18;
const CGROUP_SYSCTL: u32 = 23;
const CGROUP_SOCKOPT: u32 = 25;
const SK_LOOKUP: u32 = 30;
const NETFILTER: u32 = 32;

/// `BPF_CGROUP_INET_EGRESS`.
const EGRESS: u32 = 1;
/// `BPF_CGROUP_INET4_BIND` and `BPF_CGROUP_INET6_BIND`.
const BIND: [u32; 2] = [8, 9];
/// `BPF_CGROUP_UDP4_RECVMSG`, `BPF_CGROUP_UDP6_RECVMSG`, `BPF_CGROUP_UNIX_RECVMSG`; the names of
/// peers and sockets of v4, v6 and UNIX sockets.
const CANNOT_REFUSE: [u32; 9] = [19, 20, 29, 30, 31, 32, 51, 52, 53];
/// `BPF_TRACE_KPROBE_SESSION` and `BPF_TRACE_UPROBE_SESSION`.
const SESSIONS: [u32; 2] = [56, 57];

/// Least and greatest return value; none where any will do.
pub(crate) fn range(era: Era, prog_type: u32, attach_type: u32) -> Option<(i64, i64)> {
    let bit = Some((0, 1));
    if !era.since(4, 15) {
        return None;
    }
    match prog_type {
        CGROUP_SKB if attach_type == EGRESS && era.since(5, 3) => Some((0, 3)),
        CGROUP_SOCK_ADDR if CANNOT_REFUSE.contains(&attach_type) => Some((1, 1)),
        CGROUP_SOCK_ADDR if BIND.contains(&attach_type) && era.since(5, 12) => Some((0, 3)),
        KPROBE if SESSIONS.contains(&attach_type) && era.since(6, 10) => bit,
        CGROUP_SKB | CGROUP_SOCK | SOCK_OPS | CGROUP_DEVICE | CGROUP_SOCK_ADDR | CGROUP_SYSCTL
        | CGROUP_SOCKOPT | SK_LOOKUP | NETFILTER => bit,
        _ => None,
    }
}

/// r0 at an exit.
pub(crate) fn check(cx: Cx<'_>, state: &State) -> Result<(), No> {
    let (era, env) = (cx.era, cx.env);
    let Some(range) = range(era, env.prog_type(), env.expected_attach_type()) else {
        return Ok(());
    };
    match state.reg(Reg::R0) {
        Value::Scalar(scalar) if within(scalar, range) => Ok(()),
        Value::Scalar(scalar) if scalar.fuzzy => {
            Err(No::not_modelled("a return value of which a later verifier knows more"))
        }
        Value::Scalar(scalar) => Err(rules::return_out_of_range(era, scalar, range)),
        other => Err(rules::return_not_known(era, other)),
    }
}

const fn within(scalar: Scalar, (least, most): (i64, i64)) -> bool {
    least <= scalar.smin && scalar.smax <= most
}

/// A program for egress that may return 2 or 3 (v5.3) can be attached nowhere else:
/// `enforce_expected_attach_type`.
pub(crate) fn binds(cx: Cx<'_>, state: &State) -> bool {
    let egress = cx.env.prog_type() == CGROUP_SKB && cx.env.expected_attach_type() == EGRESS;
    match state.reg(Reg::R0) {
        Value::Scalar(scalar) => egress && cx.era.since(5, 3) && within(scalar, (2, 3)),
        _ => false,
    }
}
