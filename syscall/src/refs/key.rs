//! Keys that are fds: what hangs on sockets, inodes, tasks and cgroups is found by one.
//!
//! Sources: `net/core/bpf_sk_storage.c` since v5.2, `kernel/bpf/bpf_inode_storage.c` since v5.10,
//! `bpf_task_storage.c` since v5.11, `bpf_cgrp_storage.c` since v6.2, up to v7.1.

use super::fd::{Wanted, no_such_file};
use crate::{Failure, Task};
use bpfsim_abi::{Errno, Release};
use bpfsim_maps::{Layout, Map};
use bpfsim_sim::{Hw, Place};

/// `BPF_MAP_TYPE_SK_STORAGE`, `_INODE_STORAGE`, `_TASK_STORAGE`, `_CGRP_STORAGE`.
const SK_STORAGE: u32 = 24;
const INODE_STORAGE: u32 = 28;
const TASK_STORAGE: u32 = 29;
const CGRP_STORAGE: u32 = 32;

/// What is done with the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum For {
    Lookup,
    Update,
    Delete,
}

/// What is wrong with a key that is an fd. Every file has an inode; no fd is a socket, a task or a
/// cgroup.
///
/// # Errors
/// The fd is none, or none of what the map type wants.
pub(crate) fn check_key(
    hw: &Hw,
    task: &dyn Task,
    map: &Map,
    key: Place,
    (what, release): (For, Release),
) -> Result<(), Failure> {
    if map.shape.layout != Layout::Own {
        return Ok(());
    }
    let wanted = match map.shape.map_type {
        SK_STORAGE => Wanted::Socket,
        TASK_STORAGE => Wanted::Task,
        CGRP_STORAGE => Wanted::Cgroup,
        INODE_STORAGE => return inode(task, hw.mem.load(key, 4)? as u32, what, release),
        _ => return Ok(()),
    };
    Err(no_such_file(task, hw.mem.load(key, 4)? as u32, wanted))
}

/// v5.10 and v5.11 found nothing for no file.
fn inode(task: &dyn Task, fd: u32, what: For, release: Release) -> Result<(), Failure> {
    let quiet = what == For::Lookup && release < Release::new(5, 12);
    match task.fd(fd) {
        None if quiet => Ok(()),
        None => Err(Errno::EBADF.into()),
        Some(_) if what == For::Update => {
            Err(Failure::NotModelled("the storage of an inode".to_owned()))
        }
        Some(_) => Ok(()),
    }
}
