//! From fds and numbers to what programs are attached to.

use super::types::Attachable;
use crate::core::{Core, ObjectId};
use crate::task::File;
use crate::{Failure, Task, fds};
use bpfsim_abi::Errno;

/// cgroup_get_from_fd(): EBADF for everything that is no directory of cgroup v2.
pub(crate) fn cgroup(core: &Core, task: &dyn Task, fd: u32) -> Result<u64, Failure> {
    match file(task, fd)? {
        File::Cgroup(id) if core.profile.targets.cgroup(id).is_some() => Ok(id),
        File::Cgroup(id) => {
            Err(Failure::NotModelled(format!("cgroup {id}: it is not among the targets")))
        }
        File::Unknown => Err(unknown(fd)),
        File::Other | File::Directory(_) | File::NetNs(_) | File::PerfEvent => {
            Err(Errno::EBADF.into())
        }
    }
}

/// get_net_ns_by_fd(): EINVAL for a file of something else.
pub(crate) fn netns(task: &dyn Task, fd: u32) -> Result<u32, Failure> {
    match file(task, fd)? {
        File::NetNs(inode) => Ok(inode),
        File::Unknown => Err(unknown(fd)),
        File::Other | File::Directory(_) | File::Cgroup(_) | File::PerfEvent => {
            Err(Errno::EINVAL.into())
        }
    }
}

/// A file that must be of an infrared device, which is not modelled: EINVAL for another one.
pub(crate) fn lirc(task: &dyn Task, fd: u32) -> Failure {
    match file(task, fd) {
        Err(errno) => errno.into(),
        Ok(File::Unknown) => unknown(fd),
        Ok(
            File::Other | File::Directory(_) | File::NetNs(_) | File::Cgroup(_) | File::PerfEvent,
        ) => Errno::EINVAL.into(),
    }
}

/// perf_event_get(): EBADF for a file of something else.
pub(crate) fn perf_event(task: &dyn Task, fd: u32) -> Failure {
    match file(task, fd) {
        Err(errno) => errno.into(),
        Ok(File::Unknown) => unknown(fd),
        Ok(File::PerfEvent) => Failure::NotModelled("programs of perf events".to_owned()),
        Ok(File::Other | File::Directory(_) | File::NetNs(_) | File::Cgroup(_)) => {
            Errno::EBADF.into()
        }
    }
}

/// The file behind an fd; BPF objects are none of the files that are asked for.
fn file(task: &dyn Task, fd: u32) -> Result<File, Errno> {
    match task.fd(fd).ok_or(Errno::EBADF)? {
        Ok(_) => Ok(File::Other),
        Err(_) => Ok(task.file(fd)),
    }
}

fn unknown(fd: u32) -> Failure {
    Failure::NotModelled(format!("fd {fd}: the front end does not say what file it is"))
}

/// bpf_prog_get_type().
pub(crate) fn program(core: &Core, task: &dyn Task, fd: u32, prog_type: u32) -> Result<u32, Errno> {
    let handle = fds::program(task, fd)?;
    let fits = core.program(handle).is_some_and(|program| program.prog_type() == prog_type);
    if fits { Ok(handle) } else { Err(Errno::EINVAL) }
}

/// A program, as far as attaching looks at it.
pub(crate) fn attachable(core: &Core, handle: u32) -> Result<Attachable, Errno> {
    let program = core.program(handle).ok_or(Errno::EBADF)?;
    let meta = core.meta(ObjectId::Prog(handle)).ok_or(Errno::EBADF)?;
    Ok(Attachable {
        prog_type: program.prog_type(),
        expected: meta.attach_type,
        binds: program.attach_type_binds(),
    })
}

/// The program that a flag names by id or by fd.
pub(crate) fn by_id_or_fd(
    core: &Core,
    task: &dyn Task,
    by_id: bool,
    number: u32,
) -> Result<u32, Errno> {
    if !by_id {
        return Ok(fds::program(task, number)?);
    }
    match core.ids.find(crate::meta::Kind::Prog, number) {
        Some(ObjectId::Prog(handle)) => Ok(handle),
        _ => Err(Errno::ENOENT),
    }
}

/// The link that a flag names by id or by fd.
pub(crate) fn link_by_id_or_fd(
    core: &Core,
    task: &dyn Task,
    by_id: bool,
    number: u32,
) -> Result<u32, Errno> {
    match (by_id, number) {
        (false, 0) => Err(Errno::EINVAL),
        (false, fd) => Ok(fds::link(task, fd)?),
        (true, id) => match core.ids.find(crate::meta::Kind::Link, id) {
            Some(ObjectId::Link(handle)) => Ok(handle),
            _ => Err(Errno::ENOENT),
        },
    }
}
