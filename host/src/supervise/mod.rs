//! Programs as they are, on a simulated kernel: `bpfsim run`.
//!
//! ```text
//! target ──bpf(2)──▶ its seccomp filter ──notification──▶ listener ──▶ Kernel::bpf
//!    ▲                                                        │ memory: process_vm_readv, writev
//!    └──────────── return value, errno or a new fd ◀──────────┘ objects: memfds, by ADDFD
//! ```
//!
//! The filter is inherited by every child and survives exec. bpf(2) never reaches the kernel of
//! this machine. Nothing here needs rights: `no_new_privs` is set.

mod blocking;
mod call;
mod fdinfo;
mod filter;
mod floor;
mod intercept;
mod objects;
mod overlay;
mod pins;
mod record;
mod serve;
mod shared;
mod start;
mod strace;
mod tables;
mod target;

pub use floor::floor;

use crate::sys;
use bpfsim_syscall::{Caps, Profile};
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::{SigSet, Signal, raise};
use std::fmt;
use std::io::Write;

/// What a run is like.
pub struct Options {
    /// The kernel that answers.
    pub profile: Profile,
    /// What its callers may do, whatever they may do on this machine.
    pub caps: Caps,
    /// A line for each call, as strace(1) would print it.
    pub trace: Option<Box<dyn Write>>,
    /// Every call, in the format of `bpfsim replay-calls`.
    pub record: Option<Box<dyn Write>>,
    /// What the user should know: refused entries, what is not modelled.
    pub notes: Box<dyn Write>,
    /// Say at the start what is not simulated.
    pub verbose: bool,
    /// True when this process exists for the run alone: then it takes its signals over.
    pub foreground: bool,
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Options");
        out.field("release", &self.profile.release).field("caps", &self.caps);
        out.field("foreground", &self.foreground).finish_non_exhaustive()
    }
}

/// How the program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// By itself, with this status.
    Exited(u8),
    /// By this signal.
    Killed(i32),
}

/// A run that is over: the program and all that it started are gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Finished {
    /// How the program itself ended.
    pub ended: Ended,
    /// Calls of bpf(2) that were answered.
    pub calls: u64,
    /// Objects that have an fd although every process has ended.
    pub leaked: usize,
    /// Objects that were pinned at the end.
    pub pinned: usize,
}

/// Why nothing ran, or why it could not be supervised to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunError {
    /// There is no such program.
    NotFound(String),
    /// It cannot be executed.
    CannotRun(String),
    /// This machine does not let programs be supervised.
    Refused(String),
}

impl RunError {
    /// The exit status that env(1) has for it.
    pub const fn status(&self) -> u8 {
        match self {
            RunError::Refused(_) => 125,
            RunError::CannotRun(_) => 126,
            RunError::NotFound(_) => 127,
        }
    }
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RunError::NotFound(what) | RunError::CannotRun(what) | RunError::Refused(what) => {
                f.write_str(what)
            }
        }
    }
}

impl std::error::Error for RunError {}

/// Ends this process by `signal`, as the program ended, so that whoever waits sees the same. No
/// core is dumped a second time. Where the signal does not end it, the status that a shell would
/// have for it.
pub fn die_of(signal: i32) -> u8 {
    if let Ok(signal) = Signal::try_from(signal) {
        // What fails here leaves the status.
        let _ = setrlimit(Resource::RLIMIT_CORE, 0, 0);
        sys::default_action(signal as i32);
        let _ = SigSet::from_iter([signal]).thread_unblock();
        let _ = raise(signal);
    }
    128u8.wrapping_add(signal as u8)
}

/// Runs `argv` on the kernel of `options`, and waits until it and all that it started have ended.
///
/// # Errors
/// What could not be started, and why.
pub fn run(options: Options, argv: &[std::ffi::OsString]) -> Result<Finished, RunError> {
    let begun = start::start(argv, &options)?;
    serve::Supervisor::new(options).serve(begun)
}
