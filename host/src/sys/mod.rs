//! Raw system calls and shared memory: all unsafe code of the workspace.
//!
//! Ways to the kernel, each safe to call from outside this folder:
//!
//! - `map` and `prog` build the attr themselves, from buffers whose lengths they know, so the
//!   kernel writes only where they say.
//! - `child` takes any attr at all. A process that shares file descriptors but no memory makes the
//!   call, so an address in the attr that is wrong hurts that process only.
//! - `arena` is memory that both see, with pages around it that nobody may touch.
//! - `spawn` starts a program under a seccomp filter, `listener` answers its system calls, and
//!   `remote` copies from and to its memory.
//!
//! Each unsafe block lists numbered conditions and says why they hold.

mod arena;
mod child;
mod listener;
mod map;
pub(crate) mod own;
mod prog;
pub(crate) mod remote;
pub(crate) mod spawn;

pub(crate) use arena::{Access, Mapping};
pub use child::Rights;
pub(crate) use child::{Answer, bpf_in_child};
pub(crate) use listener::{Listener, Notification, Reply};
pub use map::{MapKind, NativeMap};
pub(crate) use prog::{OwnProgram, load};

use crate::failed::Failed;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

/// A command of bpf(2) that this folder calls by itself. Source: `enum bpf_cmd`.
#[derive(Clone, Copy)]
#[repr(i32)]
enum Cmd {
    MapCreate = 0,
    MapLookupElem = 1,
    MapUpdateElem = 2,
    MapGetNextKey = 4,
    ProgLoad = 5,
    ProgTestRun = 10,
    MapLookupBatch = 24,
}

impl Cmd {
    const fn name(self) -> &'static str {
        match self {
            Cmd::MapCreate => "BPF_MAP_CREATE",
            Cmd::MapLookupElem => "BPF_MAP_LOOKUP_ELEM",
            Cmd::MapUpdateElem => "BPF_MAP_UPDATE_ELEM",
            Cmd::MapGetNextKey => "BPF_MAP_GET_NEXT_KEY",
            Cmd::ProgLoad => "BPF_PROG_LOAD",
            Cmd::ProgTestRun => "BPF_PROG_TEST_RUN",
            Cmd::MapLookupBatch => "BPF_MAP_LOOKUP_BATCH",
        }
    }
}

/// The first bytes of a `union bpf_attr`, in host byte order. The size passed to the kernel ends
/// with the last field written, so that old kernels accept it.
struct Attr {
    bytes: [u8; 80],
    size: usize,
}

impl Attr {
    fn new() -> Self {
        Self { bytes: [0; 80], size: 0 }
    }

    fn put(mut self, at: usize, field: &[u8]) -> Self {
        let end = at + field.len();
        self.bytes[at..end].copy_from_slice(field);
        self.size = self.size.max(end);
        self
    }

    fn u32(self, at: usize, value: u32) -> Self {
        self.put(at, &value.to_ne_bytes())
    }

    fn u64(self, at: usize, value: u64) -> Self {
        self.put(at, &value.to_ne_bytes())
    }

    /// What the kernel left there.
    fn u32_at(&self, at: usize) -> u32 {
        let mut field = [0; 4];
        field.copy_from_slice(&self.bytes[at..at + 4]);
        u32::from_ne_bytes(field)
    }

    fn fd(self, at: usize, fd: &OwnedFd) -> Self {
        self.put(at, &fd.as_raw_fd().to_ne_bytes())
    }
}

/// Calls bpf(2) in this process.
///
/// # Safety
///
/// 1. Every address in `attr` that `cmd` reads through points to as many initialised bytes as the
///    kernel reads.
/// 2. Every address that `cmd` writes through points to as many bytes as the kernel writes, and
///    nobody else holds a reference to them during the call.
unsafe fn bpf(cmd: Cmd, attr: &mut Attr) -> Result<i64, Failed> {
    // SAFETY: 1. `attr.bytes` is borrowed exclusively and at least `attr.size` bytes long; the
    // kernel reads and writes at most `size` bytes of it (`__sys_bpf`, `kernel/bpf/syscall.c`).
    // 2. What its addresses point to is the caller's condition.
    let ret = unsafe {
        libc::syscall(libc::SYS_bpf, cmd as i32, attr.bytes.as_mut_ptr(), attr.size as u32)
    };
    if ret < 0 {
        return Err(Failed { command: cmd.name(), number: last_errno() });
    }
    Ok(ret)
}

fn last_errno() -> i32 {
    std::io::Error::last_os_error().raw_os_error().unwrap_or(libc::EIO)
}

/// Takes charge of a descriptor that bpf(2) has just returned.
///
/// # Safety
///
/// 1. `fd` was returned by a command that creates a descriptor in this process's table.
/// 2. Nobody has taken charge of it before.
unsafe fn take(fd: i64) -> OwnedFd {
    // SAFETY: both conditions are the caller's; the kernel returns descriptors as `int`.
    unsafe { OwnedFd::from_raw_fd(fd as i32) }
}

/// Lets a signal do to this process what it does by default.
pub(crate) fn default_action(signal: i32) {
    // SAFETY: 1. The default action runs no code of this program.
    unsafe { libc::signal(signal, libc::SIG_DFL) };
}
