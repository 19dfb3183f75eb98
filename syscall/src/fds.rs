//! What kind of object an fd stands for: bpf_map_get(), bpf_prog_get(), btf_get_by_fd(),
//! bpf_link_get_from_fd(). No fd is EBADF, an fd of something else EINVAL.

use crate::Task;
use crate::core::ObjectId;
use bpfsim_abi::Errno;

fn object(task: &dyn Task, fd: u32) -> Result<ObjectId, Errno> {
    task.fd(fd).ok_or(Errno::EBADF)?.map_err(|_| Errno::EINVAL)
}

/// The handle of a map.
pub(crate) fn map(task: &dyn Task, fd: u32) -> Result<u32, Errno> {
    match object(task, fd)? {
        ObjectId::Map(handle) => Ok(handle),
        ObjectId::Prog(_) | ObjectId::Btf(_) | ObjectId::Link(_) => Err(Errno::EINVAL),
    }
}

/// The handle of a program.
pub(crate) fn program(task: &dyn Task, fd: u32) -> Result<u32, Errno> {
    match object(task, fd)? {
        ObjectId::Prog(handle) => Ok(handle),
        ObjectId::Map(_) | ObjectId::Btf(_) | ObjectId::Link(_) => Err(Errno::EINVAL),
    }
}

/// The handle of a BTF.
pub(crate) fn btf(task: &dyn Task, fd: u32) -> Result<u32, Errno> {
    match object(task, fd)? {
        ObjectId::Btf(handle) => Ok(handle),
        ObjectId::Map(_) | ObjectId::Prog(_) | ObjectId::Link(_) => Err(Errno::EINVAL),
    }
}

/// The handle of a link.
pub(crate) fn link(task: &dyn Task, fd: u32) -> Result<u32, Errno> {
    match object(task, fd)? {
        ObjectId::Link(handle) => Ok(handle),
        ObjectId::Map(_) | ObjectId::Prog(_) | ObjectId::Btf(_) => Err(Errno::EINVAL),
    }
}
