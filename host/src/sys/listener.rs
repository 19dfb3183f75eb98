//! A seccomp listener: notifications of system calls of other processes, and their answers.
//!
//! Source: `include/uapi/linux/seccomp.h`, `Documentation/userspace-api/seccomp_filter.rst`.

use super::last_errno;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

/// `SECCOMP_USER_NOTIF_FLAG_CONTINUE`, v5.5: let the kernel make the call.
const CONTINUE: u32 = 1;
/// `SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP`, v6.6: the caller and its listener take turns on a CPU.
const SYNC_WAKE_UP: u64 = 1;

/// One system call that waits for its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Notification {
    /// The listener's number of this call; never used again.
    pub(crate) id: u64,
    /// The thread that made it, as this process numbers it; 0 when it is out of sight.
    pub(crate) pid: u32,
    /// Number of the call, with `__X32_SYSCALL_BIT` where it came that way.
    pub(crate) nr: i32,
    /// `AUDIT_ARCH_*` of the entry that was taken.
    pub(crate) arch: u32,
    /// Its arguments.
    pub(crate) args: [u64; 6],
}

/// How a call ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reply {
    /// It returns this.
    Value(i64),
    /// It fails with this positive error number.
    Errno(i32),
    /// The kernel makes it. Never for bpf(2).
    Continue,
}

/// The file descriptor that `SECCOMP_FILTER_FLAG_NEW_LISTENER` gave.
#[derive(Debug)]
pub(crate) struct Listener {
    fd: OwnedFd,
}

impl Listener {
    /// Takes charge of a listener.
    pub(crate) fn new(fd: OwnedFd) -> Self {
        let listener = Self { fd };
        // Older kernels wake up in the other way, and that is all.
        let _ = listener.ioctl(libc::SECCOMP_IOCTL_NOTIF_SET_FLAGS, SYNC_WAKE_UP as usize);
        listener
    }

    /// The next call; blocks until there is one.
    ///
    /// # Errors
    /// `ENOENT` when the caller died meanwhile, `EINTR` when a signal arrived.
    pub(crate) fn receive(&self) -> Result<Notification, i32> {
        let zero = libc::seccomp_data { nr: 0, arch: 0, instruction_pointer: 0, args: [0; 6] };
        let mut notif = libc::seccomp_notif { id: 0, pid: 0, flags: 0, data: zero };
        self.ioctl(libc::SECCOMP_IOCTL_NOTIF_RECV, &raw mut notif as usize)?;
        let libc::seccomp_notif { id, pid, data, .. } = notif;
        Ok(Notification { id, pid, nr: data.nr, arch: data.arch, args: data.args })
    }

    /// True while the call `id` still waits: then what was read of its caller was the caller's.
    pub(crate) fn is_valid(&self, id: u64) -> bool {
        self.ioctl(libc::SECCOMP_IOCTL_NOTIF_ID_VALID, &raw const id as usize).is_ok()
    }

    /// Ends the call `id`.
    ///
    /// # Errors
    /// `ENOENT` when its caller is gone.
    pub(crate) fn reply(&self, id: u64, reply: Reply) -> Result<(), i32> {
        let (val, error, flags) = match reply {
            Reply::Value(value) => (value, 0, 0),
            Reply::Errno(number) => (0, -number, 0),
            Reply::Continue => (0, 0, CONTINUE),
        };
        let mut resp = libc::seccomp_notif_resp { id, val, error, flags };
        self.ioctl(libc::SECCOMP_IOCTL_NOTIF_SEND, &raw mut resp as usize).map(|_| ())
    }

    /// Puts `file` into the caller's table at the lowest free number, close-on-exec if asked, and
    /// ends the call with that number.
    ///
    /// # Errors
    /// `EMFILE` as the caller would get it, the call still waiting; `ENOENT` when it is gone.
    pub(crate) fn reply_fd(
        &self,
        id: u64,
        file: BorrowedFd<'_>,
        cloexec: bool,
    ) -> Result<u32, i32> {
        let newfd_flags = if cloexec { libc::O_CLOEXEC as u32 } else { 0 };
        let srcfd = file.as_raw_fd() as u32;
        let flags = libc::SECCOMP_ADDFD_FLAG_SEND as u32;
        let mut add = libc::seccomp_notif_addfd { id, flags, srcfd, newfd: 0, newfd_flags };
        match self.ioctl(libc::SECCOMP_IOCTL_NOTIF_ADDFD, &raw mut add as usize) {
            // v5.9 to v5.13 do it in two steps.
            Err(libc::EINVAL) => {
                add.flags = 0;
                let fd = self.ioctl(libc::SECCOMP_IOCTL_NOTIF_ADDFD, &raw mut add as usize)?;
                self.reply(id, Reply::Value(fd.into()))?;
                Ok(fd as u32)
            }
            answer => Ok(answer? as u32),
        }
    }

    fn ioctl(&self, request: libc::Ioctl, arg: usize) -> Result<i32, i32> {
        // SAFETY: 1. `arg` is a number, or the address of a local of the struct that the request
        // takes, which lives until the call returns. 2. The requests write no more than that
        // struct (their numbers have its size), and every bit pattern is a value of it.
        let ret = unsafe { libc::ioctl(self.fd.as_raw_fd(), request, arg) };
        if ret < 0 { Err(last_errno()) } else { Ok(ret) }
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}
