//! bpf(2): entry rules, the command table, the handlers, and the kernel that they work on.
//!
//! A [`Kernel`] is a value: a release with or without a patch series, its CPUs, and the objects
//! behind its fds. No globals, no clock, no chance: what a real kernel draws from outside is an
//! [`Inputs`].
#![forbid(unsafe_code)]

pub mod attach;
mod batch;
mod bind;
pub mod bpffs;
pub mod btf;
mod bytes;
pub mod command;
pub mod core;
mod digest;
pub mod drive;
pub mod elem;
mod entry;
mod fds;
mod freeze;
mod ids;
mod info;
pub mod link;
mod links;
mod load;
mod map_create;
pub mod meta;
mod name;
mod object;
pub mod overrun;
mod own;
pub mod process;
pub mod profile;
pub mod program;
mod refs;
mod slab;
mod take;
pub mod targets;
pub mod task;
mod verifier_log;
mod why;
mod without;

pub use crate::btf::Btf;
pub use crate::core::{Core, ObjectId};
pub use crate::elem::Started;
pub use crate::entry::Attr;
pub use crate::link::Link;
pub use crate::profile::{Inputs, Profile, ProfileError};
pub use crate::program::ProgramRun;
pub use process::Process;
pub use task::{Caps, Fault, File, Mode, Task};
pub use without::Without;

use bpfsim_abi::attr::UserAddr;
use bpfsim_abi::{Cause, Errno, Refusal};
use bpfsim_sim::{Hw, Wild};
use std::fmt;

/// Why a call has no result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The kernel's own answer, and why. Two of them are equal when their errnos are.
    Errno(Refusal),
    /// The model has none; the reason says what is missing.
    NotModelled(String),
    /// The kernel would have touched what is no memory.
    Trapped(Wild),
}

impl Failure {
    /// What user space sees, where the model has an answer.
    pub const fn errno(&self) -> Option<Errno> {
        match self {
            Failure::Errno(refusal) => Some(refusal.errno),
            Failure::NotModelled(_) | Failure::Trapped(_) => None,
        }
    }

    /// The rule that was broken, where it has a row (`bpfsim explain`).
    pub const fn cause(&self) -> Option<&'static Cause> {
        match self {
            Failure::Errno(refusal) => refusal.cause,
            Failure::NotModelled(_) | Failure::Trapped(_) => None,
        }
    }
}

impl PartialEq<Errno> for Failure {
    fn eq(&self, other: &Errno) -> bool {
        self.errno() == Some(*other)
    }
}

impl From<Errno> for Failure {
    fn from(errno: Errno) -> Self {
        Failure::Errno(errno.into())
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Failure::Errno(refusal)
    }
}

impl From<Fault> for Failure {
    fn from(_: Fault) -> Self {
        Failure::Errno(Refusal::of(Errno::EFAULT))
    }
}

impl From<Wild> for Failure {
    fn from(wild: Wild) -> Self {
        Failure::Trapped(wild)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Errno(refusal) => fmt::Display::fmt(refusal, f),
            Failure::NotModelled(what) => write!(f, "not modelled: {what}"),
            Failure::Trapped(wild) => write!(f, "{wild}"),
        }
    }
}

impl std::error::Error for Failure {}

/// What bpf(2) returns: 0 or an fd.
pub type Answer = Result<u32, Failure>;

/// A kernel: its objects, and the hardware that it runs on.
#[derive(Clone, Debug)]
pub struct Kernel {
    /// Release, series, CPUs, maps, programs, pins.
    pub core: Core,
    /// Memory, interrupt masks.
    pub hw: Hw,
}

impl Kernel {
    /// A kernel as it is after boot: no objects.
    pub fn new(profile: Profile) -> Self {
        let mut hw = Hw::default();
        let core = Core::new(profile, &mut hw);
        Self { core, hw }
    }

    /// The system call: `bpf(cmd, attr, size)` by `task`.
    pub fn bpf(&mut self, task: &mut dyn Task, cmd: u32, attr: UserAddr, size: u32) -> Answer {
        entry::bpf(self, task, cmd, attr, size)
    }

    /// The caller's memory and fds are gone: drops what they alone held.
    pub fn release(&mut self, object: ObjectId) {
        self.core.put(&mut self.hw, object);
    }
}
