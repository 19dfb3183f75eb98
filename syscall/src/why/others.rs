//! The same for commands whose refusals follow from the command, the errno and little else.

use crate::core::ObjectId;
use crate::entry::Attr;
use crate::{Kernel, Task};
use bpfsim_abi::attr::{BatchAttr, MapElemAttr};
use bpfsim_abi::{Cause, Errno, cause};
use bpfsim_maps::Layout;

/// Paths, and BTF: each errno has one cause.
const BY_ERRNO: &[(&[u32], &[&Cause])] = &[
    (
        &[6, 7],
        &[
            cause::PATH_UNREADABLE,
            cause::PATH_NOT_FOUND,
            cause::PATH_NO_DIRECTORY,
            cause::PATH_TOO_LONG,
            cause::PATH_LOOP,
            cause::PATH_NO_ACCESS,
            cause::PATH_EXISTS,
            cause::PATH_NOT_PERMITTED,
            cause::PIN_FD_NOT_OPEN,
            cause::PIN_INVALID,
        ],
    ),
    (
        &[18],
        &[
            cause::BTF_UNPRIVILEGED,
            cause::BTF_UNREADABLE,
            cause::BTF_TOO_LARGE,
            cause::BTF_INVALID,
            cause::BTF_NOT_SUPPORTED,
            cause::BTF_LOG_FULL,
        ],
    ),
    (
        &[8, 9, 16, 17, 28, 29, 34],
        &[
            cause::ATTACH_FD_NOT_OPEN,
            cause::ATTACH_INVALID,
            cause::ATTACH_UNPRIVILEGED,
            cause::ATTACH_NOT_SUPPORTED,
            cause::TRACEPOINT_NAME_UNREADABLE,
        ],
    ),
    (
        &[20],
        &[cause::TASK_FD_QUERY_INVALID, cause::TASK_FD_QUERY_OTHER, cause::OBJECT_UNPRIVILEGED],
    ),
    (&[32], &[cause::STATS_TYPE, cause::OBJECT_UNPRIVILEGED]),
    (&[36], &[cause::TOKEN_INVALID]),
    (&[19], &[cause::OPEN_FLAGS_UNKNOWN]),
    (&[15], &[cause::INFO_UNWRITABLE]),
];

pub(super) fn cause(
    kernel: &Kernel,
    task: &dyn Task,
    attr: &Attr,
    errno: Errno,
) -> Option<&'static Cause> {
    let arm: MapElemAttr = attr.arm();
    match attr.cmd {
        24..=27 => batch(kernel, task, attr, errno),
        // BPF_MAP_FREEZE.
        22 if errno == Errno::EPERM => not_writable(kernel, task, arm.map_fd),
        22 if errno == Errno::EBADF => Some(cause::MAP_FD_NOT_OPEN),
        22 => Some(cause::MAP_FD_NO_MAP),
        35 if errno == Errno::EBADF => Some(cause::MAP_FD_NOT_OPEN),
        35 => Some(cause::MAP_FD_NO_MAP),
        number => {
            let rows = BY_ERRNO.iter().filter(|(cmds, _)| cmds.contains(&number));
            rows.flat_map(|(_, causes)| *causes).find(|cause| cause.errno == errno).copied()
        }
    }
}

/// Why an fd is not good for writing.
fn not_writable(kernel: &Kernel, task: &dyn Task, fd: u32) -> Option<&'static Cause> {
    let Some(Ok(object @ ObjectId::Map(_))) = task.fd(fd) else { return None };
    match task.mode(fd).writes() {
        false => Some(cause::MAP_FD_READ_ONLY),
        true if kernel.core.meta(object)?.frozen => Some(cause::MAP_FROZEN),
        true => None,
    }
}

/// The batch commands: 24 reads, 25 reads and deletes, 26 writes, 27 deletes.
fn batch(kernel: &Kernel, task: &dyn Task, attr: &Attr, errno: Errno) -> Option<&'static Cause> {
    let arm: BatchAttr = attr.arm();
    let reads = matches!(attr.cmd, 24 | 25);
    let shape = match task.fd(arm.map_fd) {
        Some(Ok(ObjectId::Map(handle))) => Some(kernel.core.map(handle)?.shape),
        Some(_) | None => None,
    };
    Some(match errno {
        Errno::EBADF => cause::MAP_FD_NOT_OPEN,
        Errno::EPERM if attr.cmd == 24 => cause::MAP_FD_WRITE_ONLY,
        Errno::EPERM => not_writable(kernel, task, arm.map_fd).unwrap_or(cause::MAP_FD_WRITE_ONLY),
        Errno::EINVAL if shape.is_none() => cause::MAP_FD_NO_MAP,
        Errno::EINVAL if arm.flags != 0 => cause::BATCH_FLAGS,
        Errno::EINVAL => cause::UPDATE_FLAGS_UNKNOWN,
        Errno::ENOTSUPP => cause::BATCH_NOT_SUPPORTED,
        Errno::ENOENT if reads => cause::BATCH_END,
        Errno::ENOENT if attr.cmd == 26 => cause::KEY_TO_REPLACE_NOT_FOUND,
        Errno::ENOENT => cause::KEY_NOT_FOUND,
        Errno::ENOSPC => cause::BATCH_BUCKET_TOO_LARGE,
        Errno::EEXIST => match shape?.layout {
            Layout::Array => cause::ARRAY_ELEMENTS_EXIST,
            Layout::Hash | Layout::Own => cause::KEY_EXISTS,
        },
        Errno::E2BIG => match shape?.layout {
            Layout::Array => cause::UPDATE_INDEX_PAST_END,
            Layout::Hash | Layout::Own => cause::MAP_FULL,
        },
        Errno::EFAULT => batch_fault(task, attr, &arm, shape?.key_size),
        _ => return None,
    })
}

/// Which of the buffers cannot be used, in the order in which they are. Reading what was to be
/// written tells where memory ends.
fn batch_fault(task: &dyn Task, attr: &Attr, arm: &BatchAttr, key_size: u32) -> &'static Cause {
    let there = |at: bpfsim_abi::UserAddr, len: u64| {
        let end = at.checked_add(len.saturating_sub(1));
        len == 0 || end.is_some_and(|end| task.read(end, &mut [0]).is_ok())
    };
    let keys = u64::from(key_size) * u64::from(arm.count);
    let reads = matches!(attr.cmd, 24 | 25);
    let cursor = if attr.cmd == 24 { key_size.min(4) } else { 4 };
    match () {
        () if !there(attr.at, 36) => cause::BATCH_COUNT_UNWRITABLE,
        () if reads && !arm.in_batch.is_null() && !there(arm.in_batch, cursor.into()) => {
            cause::BATCH_CURSOR_UNREADABLE
        }
        () if reads && !there(arm.out_batch, cursor.into()) => cause::BATCH_CURSOR_UNWRITABLE,
        () if !there(arm.keys, keys) => cause::BATCH_KEYS,
        () => cause::BATCH_VALUES,
    }
}
