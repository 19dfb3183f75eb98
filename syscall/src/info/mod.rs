//! BPF_OBJ_GET_INFO_BY_FD, v4.13: what the kernel says of an object, in a struct that grows.
//!
//! The caller says how long its struct is. What the release does not know of it must be zero
//! (E2BIG otherwise); what the caller does not know of it is cut off. `info_len` comes back as
//! the bytes that were written.

mod btf;
mod link;
mod map;
mod prog;

use crate::core::ObjectId;
use crate::entry::{self, Attr, Tail};
use crate::{Answer, Failure, Kernel, Task};
use bpfsim_abi::attr::{InfoAttr, UserAddr};
use bpfsim_abi::{Because, Errno, Refusal, Release, cause, sizes};
use zerocopy::{FromBytes, Immutable, IntoBytes};

/// Byte of `info.info_len` in the attr.
const INFO_LEN: u64 = 4;

/// `PAGE_SIZE`.
const PAGE: u32 = 4096;

/// The kind of object decides; one that has no info is EINVAL.
pub(crate) fn info(kernel: &mut Kernel, task: &mut dyn Task, attr: &Attr) -> Answer {
    let arm: InfoAttr = attr.arm();
    match task.fd(arm.bpf_fd).because(cause::INFO_FD_NOT_OPEN)? {
        Ok(ObjectId::Map(handle)) => map::info(kernel, task, attr, handle),
        Ok(ObjectId::Prog(handle)) => prog::info(kernel, task, attr, handle),
        Ok(ObjectId::Btf(handle)) => btf::info(kernel, task, attr, handle),
        // Links have infos since v5.8.
        Ok(ObjectId::Link(_)) if kernel.core.profile.release < Release::new(5, 8) => {
            Err(Errno::EINVAL.into())
        }
        Ok(ObjectId::Link(handle)) => link::info(kernel, task, attr, handle),
        Ok(ObjectId::Stats) => Err(Errno::EINVAL.into()),
        Err(_) => cause::INFO_FD_OTHER.refuse(),
    }
}

/// The caller's struct: where it is, and how much of it counts.
struct Room {
    at: UserAddr,
    /// In bytes.
    len: u32,
}

/// Checks the length and what lies past the release's `container`.
fn room(
    kernel: &Kernel,
    task: &dyn Task,
    attr: &Attr,
    container: &'static str,
) -> Result<Room, Failure> {
    let arm: InfoAttr = attr.arm();
    let release = kernel.core.profile.release;
    let known = sizes::size_of(container, release)
        .ok_or_else(|| Failure::NotModelled(format!("{container} of {release}")))?;
    check_tail(task, arm.info, known, arm.info_len, release)?;
    Ok(Room { at: arm.info, len: arm.info_len.min(known) })
}

const TAIL: Tail =
    Tail { unreadable: cause::INFO_TAIL_UNREADABLE, nonzero: cause::INFO_TAIL_NONZERO };

/// bpf_check_uarg_tail_zero(): a length beyond a page is E2BIG from v4.14 on, and v4.14 to v5.7
/// look whether all of it is the caller's half of the addresses.
fn check_tail(
    task: &dyn Task,
    at: UserAddr,
    known: u32,
    given: u32,
    release: Release,
) -> Result<(), Refusal> {
    if release >= Release::new(4, 14) {
        if given > PAGE {
            return cause::INFO_TOO_LONG.refuse();
        }
        if release < Release::new(5, 8) {
            entry::access_ok(at, given, cause::INFO_OUTSIDE_USER_SPACE)?;
        }
    }
    if given <= known {
        return Ok(());
    }
    let tail = at.checked_add(known.into()).because(TAIL.unreadable)?;
    entry::check_tail(task, tail, given - known, TAIL)
}

/// The caller's struct as it is now; the rest is zero.
fn read<T: FromBytes + IntoBytes>(task: &dyn Task, room: &Room) -> Result<T, Failure> {
    let mut info = T::new_zeroed();
    let len = (room.len as usize).min(size_of::<T>());
    task.read(room.at, &mut info.as_mut_bytes()[..len]).because(cause::INFO_UNREADABLE)?;
    Ok(info)
}

/// Hands the struct out, as much as there is room for, and says how much that was.
fn write<T: IntoBytes + Immutable>(
    task: &mut dyn Task,
    attr: &Attr,
    room: &Room,
    info: &T,
) -> Answer {
    let len = (room.len as usize).min(size_of::<T>());
    task.write(room.at, &info.as_bytes()[..len]).because(cause::INFO_UNWRITABLE)?;
    let at = attr.at.checked_add(INFO_LEN).because(cause::INFO_UNWRITABLE)?;
    task.write(at, &room.len.to_le_bytes()).because(cause::INFO_UNWRITABLE)?;
    Ok(0)
}
