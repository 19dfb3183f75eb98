//! The caller of bpf(2), behind a trait that each front end implements.

use crate::core::ObjectId;
use bpfsim_abi::Errno;
use bpfsim_abi::attr::UserAddr;

/// The address is not mapped. Becomes EFAULT, never a crash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault;

/// What the caller may do, as far as bpf(2) asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caps {
    /// CAP_SYS_ADMIN, which before v5.8 is the only one asked for.
    pub sys_admin: bool,
    /// CAP_BPF and CAP_PERFMON (v5.8).
    pub bpf: bool,
}

impl Caps {
    /// Everything.
    pub const ROOT: Caps = Caps { sys_admin: true, bpf: true };
    /// Nothing.
    pub const NONE: Caps = Caps { sys_admin: false, bpf: false };

    /// May load what ordinary users may not.
    pub const fn privileged(self) -> bool {
        self.sys_admin || self.bpf
    }
}

/// A process in a system call: its memory, fds, rights, and the CPU that it is on.
pub trait Task {
    /// Copies from the caller's memory. Reads all or nothing.
    fn read(&self, at: UserAddr, out: &mut [u8]) -> Result<(), Fault>;
    /// Copies into the caller's memory.
    fn write(&mut self, at: UserAddr, bytes: &[u8]) -> Result<(), Fault>;
    /// The object behind an fd; `Err`: there is such an fd, of something else.
    fn fd(&self, fd: u32) -> Option<Result<ObjectId, NotBpf>>;
    /// A new fd for an object.
    fn install(&mut self, object: ObjectId) -> Result<u32, Errno>;
    /// What it may do.
    fn caps(&self) -> Caps;
    /// Number of the CPU that it runs on.
    fn cpu(&self) -> u32;
}

/// An fd of a file that is no BPF object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotBpf;
