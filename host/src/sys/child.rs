//! One bpf(2) call with any attr at all, made by a process of its own.
//!
//! ```text
//! this process                     child: same file descriptors, a copy of the memory
//!   clear the cell, clone ───────▶   bpf(cmd, attr, size)
//!   wait                             cell = what it returned
//!   read the cell ◀───────────────   exit
//! ```
//!
//! Whatever address the attr names, the kernel writes into the child's copy, or into shared pages
//! that are accessed by volatile copies only. A descriptor that the call creates lands in the
//! table that both share.

use super::{Mapping, last_errno, take};
use crate::failed::{Failed, Skipped};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;
use std::os::fd::OwnedFd;

/// What the call returned.
pub(crate) enum Answer {
    /// A new descriptor.
    Fd(OwnedFd),
    /// Zero, or another count.
    Value(i64),
    /// A positive error number.
    Failed(i32),
}

/// What the process that makes the call may do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rights {
    /// What this process may do.
    #[default]
    Own,
    /// It has no capability.
    None,
}

/// Commands that return a new descriptor. Source: `include/uapi/linux/bpf.h` of v6.18:
/// MAP_CREATE, PROG_LOAD, OBJ_GET, PROG/MAP_GET_FD_BY_ID, RAW_TRACEPOINT_OPEN, BTF_LOAD,
/// BTF_GET_FD_BY_ID, LINK_CREATE, LINK_GET_FD_BY_ID, ENABLE_STATS, ITER_CREATE, TOKEN_CREATE.
const RETURNS_FD: [u32; 13] = [0, 5, 7, 13, 14, 17, 18, 19, 28, 30, 32, 33, 36];

/// What the cell holds until the call has returned: no return value of bpf(2).
const PENDING: i64 = i64::MIN;

/// Calls bpf(2) with `size` bytes of attr at address `attr`, and waits for it.
///
/// Byte `cell` of `shared` is overwritten: eight aligned bytes of an open page. Skipped when no
/// process can be started, or when it died before the call returned.
pub(crate) fn bpf_in_child(
    cmd: u32,
    attr: u64,
    size: u32,
    rights: Rights,
    (shared, cell): (&mut Mapping, usize),
) -> Result<Answer, Skipped> {
    let broken = || Skipped::new("no room for the answer of the call");
    if !shared.put(cell, &PENDING.to_ne_bytes()) {
        return Err(broken());
    }
    let child = start(cmd, attr, size, rights, shared.cell(cell).ok_or_else(broken)?)?;
    if let Ok(WaitStatus::Signaled(_, signal, _)) = wait(child) {
        let signal = format!("{signal:?}");
        return Err(Skipped::new(format!("the process that made the call died of {signal}")));
    }
    let mut bytes = [0; 8];
    if !shared.get(cell, &mut bytes) {
        return Err(broken());
    }
    match i64::from_ne_bytes(bytes) {
        PENDING => Err(Skipped::new("the process that made the call did not finish it")),
        error if error < 0 => Ok(Answer::Failed(i32::try_from(-error).unwrap_or(libc::EIO))),
        // SAFETY: 1. The command returns a descriptor, and CLONE_FILES put it into the table of
        // this process. 2. The child has exited, so nobody else has taken charge of it.
        fd if RETURNS_FD.contains(&cmd) => Ok(Answer::Fd(unsafe { take(fd) })),
        value => Ok(Answer::Value(value)),
    }
}

/// Waits until the child has exited, however often a signal handler runs meanwhile.
fn wait(child: Pid) -> nix::Result<WaitStatus> {
    loop {
        match waitpid(child, Some(WaitPidFlag::__WALL)) {
            Err(nix::errno::Errno::EINTR) => {}
            status => return status,
        }
    }
}

/// `_LINUX_CAPABILITY_VERSION_3` and pid 0, which is the caller (capset(2)).
const CAP_HEADER: [u32; 2] = [0x2008_0522, 0];

fn start(cmd: u32, attr: u64, size: u32, rights: Rights, cell: *mut i64) -> Result<Pid, Skipped> {
    // Two sets of effective, permitted and inheritable capabilities, all empty.
    let none = [0u32; 6];
    let flags = libc::c_long::from(libc::CLONE_FILES);
    // SAFETY: 1. Without CLONE_VM and with a null stack the child runs on a copy of this stack,
    // as after fork(2). 2. Other threads do not exist in the child and may have held locks, so it
    // makes system calls and nothing else: no allocation, no destructor, no panic. 3. Exit signal
    // 0, so that no other waiter reaps it. 4. The three last arguments are unused without their
    // flags, whatever order the architecture has them in.
    let pid = unsafe { libc::syscall(libc::SYS_clone, flags, 0usize, 0usize, 0usize, 0usize) };
    if pid == 0 {
        // SAFETY: 1. This is the child: what the kernel writes through `attr` and the addresses in
        // it is the child's copy of memory, or pages shared with the parent. 2. Pages shared by a
        // `Mapping` are never behind a reference. 3. `cell` is aligned, writable and shared with
        // the parent, which waits. 4. `_exit` runs nothing of this program. 5. capset(2) reads a
        // header of eight bytes and, in its version 3, data of 24; both live on this stack. It
        // changes the child only.
        unsafe {
            if rights == Rights::None {
                libc::syscall(libc::SYS_capset, CAP_HEADER.as_ptr(), none.as_ptr());
            }
            let ret = libc::syscall(libc::SYS_bpf, cmd as libc::c_int, attr as usize, size);
            let answer = if ret < 0 { -i64::from(*libc::__errno_location()) } else { ret };
            cell.write_volatile(answer);
            libc::_exit(0);
        }
    }
    match i32::try_from(pid) {
        Ok(pid) if pid > 0 => Ok(Pid::from_raw(pid)),
        _ => Err(Failed { command: "clone(2)", number: last_errno() }.into()),
    }
}
