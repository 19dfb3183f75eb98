//! From instructions to a verified program, or the kernel's message.
//!
//! The rules are those of v4.4, and what later releases changed stands in two places: [`era`] says
//! what a release tracks, `rules` says what a release answers. A verdict is accept, reject with
//! the kernel's message, or "not modelled": a program is never waved through because a rule is
//! missing, and never rejected in the kernel's name where a later verifier could accept it.
//!
//! ```text
//!   program --link--> maps known --cfg--> a graph --walk--> Verified
//!                                                    |
//!                        fields -> require -> effect / branch -> imply
//! ```
//!
//! What an instruction requires (`require`), what it does to the state (`effect`, `branch`,
//! `refine`) and whether one state implies another (`imply`) are kept apart.
//!
//! Source of the rules: `kernel/bpf/verifier.c` and `net/core/filter.c` of v4.4, and for later
//! releases the commits named beside each row.
#![forbid(unsafe_code)]

mod branch;
pub mod btf;
mod cfg;
mod ctx;
pub mod disasm;
mod effect;
pub mod era;
mod fields;
mod imply;
mod kind;
mod link;
mod log;
mod passes;
mod refine;
mod require;
mod returns;
mod rules;
mod scalar;
mod state;
mod walk;

use bpfsim_abi::helper::HelperProto;
use bpfsim_abi::insn::{Insn, Op};
use bpfsim_abi::{Errno, Release};

/// The shape of a map as the verifier sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MapShape {
    /// Number in `enum bpf_map_type`.
    pub map_type: u32,
    /// Bytes of a key.
    pub key_size: u32,
    /// Bytes of a value.
    pub value_size: u32,
    /// Elements at most.
    pub max_entries: u32,
    /// `map_flags` of its creation.
    pub flags: u32,
}

/// What surrounds a program: everything that a verdict depends on.
pub trait Env {
    /// The release whose rules hold.
    fn release(&self) -> Release;

    /// Number in `enum bpf_prog_type`.
    fn prog_type(&self) -> u32;

    /// Number in `enum bpf_attach_type` that the program is loaded for (v4.17).
    fn expected_attach_type(&self) -> u32 {
        0
    }

    /// The program may sleep (`BPF_F_SLEEPABLE`, v5.10).
    fn sleepable(&self) -> bool {
        false
    }

    /// The loader may see pointers: `allow_ptr_leaks` of v4.4, CAP_SYS_ADMIN or CAP_BPF with
    /// CAP_PERFMON.
    fn privileged(&self) -> bool;

    /// The license of the program is compatible with the GPL.
    fn gpl_compatible(&self) -> bool;

    /// Resolves the fd of a `lddw` to a handle and a shape. Two fds of one map give one handle.
    ///
    /// Errors: `EBADF` for no fd, `EINVAL` for an fd of something else.
    fn map(&mut self, fd: i32) -> Result<(u32, MapShape), Errno>;

    /// The helper as this kernel (release and patch series) declares it for this program type;
    /// `None` where the kernel answers "unknown func".
    fn helper(&self, id: i32) -> Option<HelperProto>;

    /// Looks at what the loader says of functions and source lines (v5.0).
    ///
    /// Errors: the kernel's errno and message; the message may be empty.
    fn check_types(&mut self, program: &[Insn], stage: Stage) -> Result<(), (Errno, String)> {
        let _ = (program, stage);
        Ok(())
    }
}

/// When [`Env::check_types`] is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Before anything else; what the kernel looks at then since v6.7.
    Early,
    /// Once the ends of the program are known.
    Late,
}

/// A verified program, the only thing that an interpreter takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    ops: Box<[Op]>,
    maps: Box<[u32]>,
    stack_depth: u32,
    prog_type: u32,
    insns: Box<[Insn]>,
    attach_type_binds: bool,
}

impl Verified {
    /// The operations, one per instruction slot. `Imm64::MapFd` holds a handle of [`Env::map`]
    /// instead of an fd, and so does the `fd` of `Imm64::MapValue`.
    pub fn ops(&self) -> &[Op] {
        &self.ops
    }

    /// The handles of the maps used, each once, in the order of their first use.
    pub fn maps(&self) -> &[u32] {
        &self.maps
    }

    /// Bytes of stack that some path touches: the deepest byte below r10, rounded up to 8.
    pub fn stack_depth(&self) -> u32 {
        self.stack_depth
    }

    /// Number in `enum bpf_prog_type`.
    pub fn prog_type(&self) -> u32 {
        self.prog_type
    }

    /// The program may be attached for the attach type only that it was loaded for
    /// (`enforce_expected_attach_type`, v5.3).
    pub fn attach_type_binds(&self) -> bool {
        self.attach_type_binds
    }

    /// The program as it was loaded, with the loader's fds.
    pub fn insns(&self) -> &[Insn] {
        &self.insns
    }
}

/// Whose verdict a rejection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RejectKind {
    /// The kernel's own, with its message.
    Kernel,
    /// We cannot judge; the message starts with "not modelled: ".
    NotModelled,
}

/// Why a program is not accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reject {
    /// The instruction, where one is to blame.
    pub pc: Option<usize>,
    /// What bpf(2) answers; `ENOTSUPP` where we cannot judge.
    pub errno: Errno,
    /// The kernel's message without the final newline, or "not modelled: " and a reason. Empty
    /// where the kernel says nothing.
    pub message: String,
    /// Whose verdict it is.
    pub kind: RejectKind,
}

/// Accepted or rejected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The program may run.
    Accepted(Verified),
    /// The program is not loaded.
    Rejected(Reject),
}

/// A verdict and the log that led to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Accepted or rejected.
    pub verdict: Verdict,
    /// The whole log at the log level asked for, in the format of v4.4; empty at level 0. The
    /// caller cuts it to its buffer.
    pub log: String,
}

/// Verifies a program. The same program in the same surroundings gives the same bytes.
///
/// The length limit of the system call (4096 instructions, later a million) is the caller's; an
/// empty program is `E2BIG` here, as in `bpf_check()` of v4.4.
pub fn verify(program: &[Insn], env: &mut dyn Env, log_level: u32) -> Outcome {
    let mut log = log::Log::new(log_level);
    let verdict = match passes::check(program, env, &mut log) {
        Ok(verified) => Verdict::Accepted(verified),
        Err(reject) => {
            log.message(&reject.message);
            Verdict::Rejected(reject)
        }
    };
    Outcome { verdict, log: log.into_text() }
}
