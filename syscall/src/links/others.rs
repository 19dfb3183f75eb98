//! Commands that look at programs and fds beside links: statistics (v5.8), tokens (v6.9), fds of
//! processes (v4.18), streams of programs (v6.17), programs of struct_ops (v7.0).

use crate::core::ObjectId;
use crate::entry::Attr;
use crate::link::kind;
use crate::task::File;
use crate::{Answer, Failure, Kernel, Task, elem, fds};
use bpfsim_abi::attr::{
    EnableStatsAttr, ProgAssocStructOpsAttr, ProgStreamReadAttr, TaskFdQueryAttr, TokenCreateAttr,
    UserAddr,
};
use bpfsim_abi::{Errno, Release};

/// bpf_enable_stats(): an fd; as long as there is one, runs of programs are counted.
pub(crate) fn statistics(kernel: &mut Kernel, task: &mut dyn Task, attr: &Attr) -> Answer {
    /// `BPF_STATS_RUN_TIME`.
    const RUN_TIME: u32 = 0;
    let arm: EnableStatsAttr = attr.arm();
    if !task.caps().sys_admin {
        return Err(Errno::EPERM.into());
    }
    if arm.r#type != RUN_TIME {
        return Err(Errno::EINVAL.into());
    }
    kernel.core.get(ObjectId::Stats);
    task.install(ObjectId::Stats)
        .map_err(|errno| kernel.core.undo(&mut kernel.hw, ObjectId::Stats, errno).into())
}

/// bpf_token_create(): of the root of a bpffs, by somebody outside the first user namespace. There
/// is no other user namespace here.
pub(crate) fn token(kernel: &mut Kernel, task: &mut dyn Task, attr: &Attr) -> Answer {
    let arm: TokenCreateAttr = attr.arm();
    if arm.flags != 0 {
        return Err(Errno::EINVAL.into());
    }
    if task.fd(arm.bpffs_fd).ok_or(Errno::EBADF)?.is_ok() {
        return Err(Errno::EINVAL.into());
    }
    match task.file(arm.bpffs_fd) {
        File::Directory(dir) if kernel.core.pins.is_mount(dir) => {}
        File::Unknown => {
            let fd = arm.bpffs_fd;
            return Err(Failure::NotModelled(format!("a token of fd {fd}: what it is of")));
        }
        File::Other | File::Directory(_) | File::Cgroup(_) | File::NetNs(_) | File::PerfEvent => {
            return Err(Errno::EINVAL.into());
        }
    }
    Err(if task.caps().bpf { Errno::EOPNOTSUPP } else { Errno::EPERM }.into())
}

/// bpf_task_fd_query(), of the caller's own fds.
pub(crate) fn query_fd(kernel: &mut Kernel, task: &mut dyn Task, attr: &Attr) -> Answer {
    let arm: TaskFdQueryAttr = attr.arm();
    if !task.caps().sys_admin {
        return Err(Errno::EPERM.into());
    }
    if arm.flags != 0 {
        return Err(Errno::EINVAL.into());
    }
    if task.pid() != Some(arm.pid) {
        return Err(Failure::NotModelled(format!("the fds of process {}", arm.pid)));
    }
    let handle = match task.fd(arm.fd).ok_or(Errno::EBADF)? {
        Ok(ObjectId::Link(handle)) => handle,
        Ok(_) => return Err(Errno::ENOTSUPP.into()),
        Err(_) => {
            return Err(match task.file(arm.fd) {
                File::Unknown | File::PerfEvent => {
                    Failure::NotModelled(format!("the perf event of fd {}", arm.fd))
                }
                File::Other | File::Directory(_) | File::Cgroup(_) | File::NetNs(_) => {
                    Errno::ENOTSUPP.into()
                }
            });
        }
    };
    let core = &kernel.core;
    let link = core.link(handle).ok_or(Errno::EBADF)?;
    let Some(crate::attach::Place::Tracepoint(name)) = &link.place else {
        return Err(Errno::ENOTSUPP.into());
    };
    debug_assert_eq!(link.kind, kind::RAW_TRACEPOINT, "tracepoints have one kind of link");
    let program = link.program.map_or(0, |program| core.id_of(ObjectId::Prog(program)));
    let name = name.clone();
    answer_query(task, attr, &arm, program, &name)
}

/// bpf_task_fd_query_copy(): the name as far as there is room, ENOSPC for the rest.
fn answer_query(
    task: &mut dyn Task,
    attr: &Attr,
    arm: &TaskFdQueryAttr,
    program: u32,
    name: &str,
) -> Answer {
    let mut put = |offset: u64, bytes: &[u8]| -> Result<(), Failure> {
        Ok(task.write(attr.at.checked_add(offset).ok_or(Errno::EFAULT)?, bytes)?)
    };
    put(12, &(name.len() as u32).to_le_bytes())?;
    let mut said = Ok(0);
    if arm.buf_len != 0 && !arm.buf.is_null() {
        said = put_text(task, arm.buf, name, arm.buf_len).map(|()| 0);
        if said == Err(Errno::EFAULT) {
            return Err(Errno::EFAULT.into());
        }
    }
    let mut put = |offset: u64, bytes: &[u8]| -> Result<(), Failure> {
        Ok(task.write(attr.at.checked_add(offset).ok_or(Errno::EFAULT)?, bytes)?)
    };
    put(24, &program.to_le_bytes())?;
    // `BPF_FD_TYPE_RAW_TRACEPOINT` is 0; there is no probe.
    put(28, &0u32.to_le_bytes())?;
    put(32, &0u64.to_le_bytes())?;
    put(40, &0u64.to_le_bytes())?;
    Ok(said?)
}

/// bpf_copy_to_user(): text with its end into `room` bytes; what is too long is cut off, ENOSPC.
pub(crate) fn put_text(
    task: &mut dyn Task,
    at: UserAddr,
    text: &str,
    room: u32,
) -> Result<(), Errno> {
    let fits = room as usize > text.len();
    let shown = if fits { text.len() } else { room as usize - 1 };
    let mut bytes = text.as_bytes()[..shown].to_vec();
    bytes.push(0);
    task.write(at, &bytes).map_err(|_| Errno::EFAULT)?;
    if fits { Ok(()) } else { Err(Errno::ENOSPC) }
}

/// prog_stream_read(): nothing here writes into a stream.
pub(crate) fn read_stream(_: &mut Kernel, task: &mut dyn Task, attr: &Attr) -> Answer {
    /// `BPF_STDOUT` and `BPF_STDERR`.
    const STREAMS: [u32; 2] = [1, 2];
    let arm: ProgStreamReadAttr = attr.arm();
    fds::program(task, arm.prog_fd)?;
    if STREAMS.contains(&arm.stream_id) { Ok(0) } else { Err(Errno::ENOENT.into()) }
}

/// prog_assoc_struct_ops(): no map here is of struct_ops.
pub(crate) fn associate(kernel: &mut Kernel, task: &mut dyn Task, attr: &Attr) -> Answer {
    /// `BPF_MAP_TYPE_STRUCT_OPS`.
    const STRUCT_OPS: u32 = 26;
    let arm: ProgAssocStructOpsAttr = attr.arm();
    if arm.flags != 0 {
        return Err(Errno::EINVAL.into());
    }
    fds::program(task, arm.prog_fd)?;
    let (_, map) = elem::map_of(&kernel.core, task, arm.map_fd)?;
    if map.shape.map_type == STRUCT_OPS {
        return Err(Failure::NotModelled("programs of struct_ops".to_owned()));
    }
    Err(Errno::EINVAL.into())
}

/// The release from which on runs are counted.
const COUNTS: Release = Release::new(5, 1);

impl Kernel {
    /// A program has run `times` times: counted while somebody keeps statistics on.
    pub(crate) fn count_runs(&mut self, program: u32, times: u64) {
        let ns = self.core.profile.inputs.run_ns;
        if !self.core.keeps_statistics() || self.core.profile.release < COUNTS {
            return;
        }
        if let Some(meta) = self.core.meta_mut(ObjectId::Prog(program)) {
            meta.runs = meta.runs.wrapping_add(times);
            meta.run_ns = meta.run_ns.wrapping_add(ns.wrapping_mul(times));
        }
    }
}
