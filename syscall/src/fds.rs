//! What kind of object an fd stands for: bpf_map_get(), bpf_prog_get(), btf_get_by_fd(),
//! bpf_link_get_from_fd(). No fd is EBADF, an fd of something else EINVAL.

use crate::Task;
use crate::core::ObjectId;
use bpfsim_abi::{Because, Cause, Refusal, cause};

/// Why an fd is no good.
struct Why {
    closed: &'static Cause,
    other: &'static Cause,
}

const MAP: Why = Why { closed: cause::MAP_FD_NOT_OPEN, other: cause::MAP_FD_NO_MAP };
const PROG: Why = Why { closed: cause::PROG_FD_NOT_OPEN, other: cause::PROG_FD_NO_PROG };
const BTF: Why = Why { closed: cause::BTF_FD_NOT_OPEN, other: cause::BTF_FD_NO_BTF };
const LINK: Why = Why { closed: cause::LINK_FD_NOT_OPEN, other: cause::LINK_FD_NO_LINK };

fn object(task: &dyn Task, fd: u32, why: &Why) -> Result<ObjectId, Refusal> {
    task.fd(fd).because(why.closed)?.because(why.other)
}

/// The handle of a map.
pub(crate) fn map(task: &dyn Task, fd: u32) -> Result<u32, Refusal> {
    match object(task, fd, &MAP)? {
        ObjectId::Map(handle) => Ok(handle),
        ObjectId::Prog(_) | ObjectId::Btf(_) | ObjectId::Link(_) | ObjectId::Stats => {
            MAP.other.refuse()
        }
    }
}

/// The handle of a program.
pub(crate) fn program(task: &dyn Task, fd: u32) -> Result<u32, Refusal> {
    match object(task, fd, &PROG)? {
        ObjectId::Prog(handle) => Ok(handle),
        ObjectId::Map(_) | ObjectId::Btf(_) | ObjectId::Link(_) | ObjectId::Stats => {
            PROG.other.refuse()
        }
    }
}

/// The handle of a BTF.
pub(crate) fn btf(task: &dyn Task, fd: u32) -> Result<u32, Refusal> {
    match object(task, fd, &BTF)? {
        ObjectId::Btf(handle) => Ok(handle),
        ObjectId::Map(_) | ObjectId::Prog(_) | ObjectId::Link(_) | ObjectId::Stats => {
            BTF.other.refuse()
        }
    }
}

/// The handle of a link.
pub(crate) fn link(task: &dyn Task, fd: u32) -> Result<u32, Refusal> {
    match object(task, fd, &LINK)? {
        ObjectId::Link(handle) => Ok(handle),
        ObjectId::Map(_) | ObjectId::Prog(_) | ObjectId::Btf(_) | ObjectId::Stats => {
            LINK.other.refuse()
        }
    }
}
