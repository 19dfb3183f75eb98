//! Commands about links, iterators, statistics, tokens and hooks, as far as a kernel without any
//! link, token or hook answers them: which errors come before those are needed.

use crate::entry::Attr;
use crate::{Answer, Failure, Kernel, Task, elem, fds};
use bpfsim_abi::attr::{
    EnableStatsAttr, IterCreateAttr, LinkCreateAttr, LinkDetachAttr, LinkUpdateAttr,
    ProgAssocStructOpsAttr, ProgStreamReadAttr, RawTracepointAttr, TaskFdQueryAttr,
    TokenCreateAttr,
};
use bpfsim_abi::{Errno, Release};

/// `BPF_F_REPLACE`.
const BPF_F_REPLACE: u32 = 4;

/// Program types that BPF_RAW_TRACEPOINT_OPEN takes: raw tracepoints, tracing, extensions, LSM.
const RAW_TRACEPOINTS: [u32; 5] = [17, 24, 26, 28, 29];

fn not_modelled(what: &str) -> Answer {
    Err(Failure::NotModelled(what.to_owned()))
}

/// BPF_LINK_CREATE. From v5.10 on the program is looked at first; struct_ops has its own way
/// (v6.4).
pub(crate) fn create(kernel: &mut Kernel, task: &mut dyn Task, attr: &Attr) -> Answer {
    /// `BPF_STRUCT_OPS`.
    const STRUCT_OPS: u32 = 44;
    let arm: LinkCreateAttr = attr.arm();
    let release = kernel.core.profile.release;
    let own_way = arm.attach_type == STRUCT_OPS && release >= Release::new(6, 4);
    if release >= Release::new(5, 10) && !own_way {
        fds::program(task, arm.prog_fd)?;
    }
    not_modelled("links (BPF_LINK_CREATE)")
}

/// BPF_LINK_UPDATE.
pub(crate) fn update(kernel: &mut Kernel, task: &mut dyn Task, attr: &Attr) -> Answer {
    let arm: LinkUpdateAttr = attr.arm();
    if kernel.core.profile.release < Release::new(5, 8) && !task.caps().sys_admin {
        return not_modelled("CAP_NET_ADMIN");
    }
    if arm.flags & !BPF_F_REPLACE != 0 {
        return Err(Errno::EINVAL.into());
    }
    fds::link(task, arm.link_fd)?;
    not_modelled("changing a link (BPF_LINK_UPDATE)")
}

/// BPF_LINK_DETACH.
pub(crate) fn detach(_: &mut Kernel, task: &mut dyn Task, attr: &Attr) -> Answer {
    let arm: LinkDetachAttr = attr.arm();
    fds::link(task, arm.link_fd)?;
    not_modelled("detaching a link (BPF_LINK_DETACH)")
}

/// BPF_ITER_CREATE.
pub(crate) fn iterate(_: &mut Kernel, task: &mut dyn Task, attr: &Attr) -> Answer {
    let arm: IterCreateAttr = attr.arm();
    if arm.flags != 0 {
        return Err(Errno::EINVAL.into());
    }
    fds::link(task, arm.link_fd)?;
    not_modelled("iterators (BPF_ITER_CREATE)")
}

/// BPF_ENABLE_STATS: run times are the only statistics, and they are not modelled.
pub(crate) fn statistics(_: &mut Kernel, task: &mut dyn Task, attr: &Attr) -> Answer {
    /// `BPF_STATS_RUN_TIME`.
    const RUN_TIME: u32 = 0;
    let arm: EnableStatsAttr = attr.arm();
    if !task.caps().sys_admin {
        return Err(Errno::EPERM.into());
    }
    if arm.r#type != RUN_TIME {
        return Err(Errno::EINVAL.into());
    }
    not_modelled("run time statistics (BPF_ENABLE_STATS)")
}

/// BPF_TOKEN_CREATE: no fd here is the root of a bpffs.
pub(crate) fn token(_: &mut Kernel, task: &mut dyn Task, attr: &Attr) -> Answer {
    let arm: TokenCreateAttr = attr.arm();
    if arm.flags != 0 {
        return Err(Errno::EINVAL.into());
    }
    Err(if task.fd(arm.bpffs_fd).is_some() { Errno::EINVAL } else { Errno::EBADF }.into())
}

/// BPF_TASK_FD_QUERY: the rights and the flags.
pub(crate) fn query_fd(_: &mut Kernel, task: &mut dyn Task, attr: &Attr) -> Answer {
    let arm: TaskFdQueryAttr = attr.arm();
    if !task.caps().sys_admin {
        return Err(Errno::EPERM.into());
    }
    if arm.flags != 0 {
        return Err(Errno::EINVAL.into());
    }
    not_modelled("the fds of other processes (BPF_TASK_FD_QUERY)")
}

/// BPF_RAW_TRACEPOINT_OPEN: from v5.6 on the program comes before the name.
pub(crate) fn raw_tracepoint(kernel: &mut Kernel, task: &mut dyn Task, attr: &Attr) -> Answer {
    let arm: RawTracepointAttr = attr.arm();
    if kernel.core.profile.release >= Release::new(5, 6) {
        let handle = fds::program(task, arm.prog_fd)?;
        let kind = kernel.core.program(handle).map_or(0, |program| program.prog_type());
        if !RAW_TRACEPOINTS.contains(&kind) {
            return Err(Errno::EINVAL.into());
        }
    }
    not_modelled("tracepoints (BPF_RAW_TRACEPOINT_OPEN)")
}

/// BPF_PROG_STREAM_READ_BY_FD: the program.
pub(crate) fn read_stream(_: &mut Kernel, task: &mut dyn Task, attr: &Attr) -> Answer {
    let arm: ProgStreamReadAttr = attr.arm();
    fds::program(task, arm.prog_fd)?;
    not_modelled("streams of programs (BPF_PROG_STREAM_READ_BY_FD)")
}

/// BPF_PROG_ASSOC_STRUCT_OPS: no map here is of struct_ops.
pub(crate) fn associate(kernel: &mut Kernel, task: &mut dyn Task, attr: &Attr) -> Answer {
    let arm: ProgAssocStructOpsAttr = attr.arm();
    if arm.flags != 0 {
        return Err(Errno::EINVAL.into());
    }
    fds::program(task, arm.prog_fd)?;
    elem::map_of(&kernel.core, task, arm.map_fd)?;
    Err(Errno::EINVAL.into())
}
