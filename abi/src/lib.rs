//! What crosses the bpf(2) boundary, as data: attr arms, commands, flags, errnos, instructions and
//! helper prototypes, per release.
//!
//! This crate declares and never decides. Names are the kernel's, verbatim.
#![forbid(unsafe_code)]

pub mod errno;
pub mod helper;
pub mod insn;
pub mod release;

pub use errno::Errno;
pub use insn::Insn;
pub use release::Release;
