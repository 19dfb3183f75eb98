//! What cases run on: the simulator, a live kernel, or something else.

use crate::ast::Needs;
use bpfsim_abi::Release;
use std::fmt;

/// Why a case has no verdict on a target, or a bad one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// It cannot be asked for: the case is skipped.
    Skip(String),
    /// The target does what no kernel does: the case fails.
    Broken(String),
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trouble::Skip(why) | Trouble::Broken(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for Trouble {}

/// What bpf(2) returned: a number of at least 0, or a positive error number.
pub type Answer = Result<i64, i32>;

/// Whoever answers bpf(2).
///
/// The caller of the cases is one process: an address space, a table of fds, rights.
pub trait Target {
    /// As people call it, in one word or two.
    fn name(&self) -> String;

    /// The release whose answers are expected.
    fn release(&self) -> Release;

    /// A new caller, with nothing mapped and no fds but 0, 1 and 2, which are no BPF objects.
    ///
    /// # Errors
    /// [`Trouble::Skip`] where the target cannot be what is needed.
    fn begin(&mut self, needs: &Needs) -> Result<(), Trouble>;

    /// How many CPUs are possible.
    fn cpus(&self) -> u32;

    /// Maps `bytes`, writable; the byte behind them is not mapped. Their address.
    ///
    /// # Errors
    /// No room.
    fn alloc(&mut self, bytes: &[u8]) -> Result<u64, Trouble>;

    /// The bytes at an address inside what [`Self::alloc`] has mapped.
    ///
    /// # Errors
    /// They are not there.
    fn read(&mut self, at: u64, len: usize) -> Result<Vec<u8>, Trouble>;

    /// Changes bytes inside what [`Self::alloc`] has mapped.
    ///
    /// # Errors
    /// They are not there.
    fn write(&mut self, at: u64, bytes: &[u8]) -> Result<(), Trouble>;

    /// An address at which nothing is mapped.
    fn unmapped(&self) -> u64;

    /// bpf(2) with the attr at `attr`.
    ///
    /// # Errors
    /// [`Trouble::Skip`] where it has no answer.
    fn call(&mut self, cmd: u32, attr: u64, size: u32) -> Result<Answer, Trouble>;

    /// Closes an fd that a call returned.
    ///
    /// # Errors
    /// There is no such fd.
    fn close(&mut self, fd: i64) -> Result<(), Trouble>;
}

/// What turns the text of a program into instructions.
pub trait Assemble {
    /// The bytes of the program; `maps` are the fds that it may name.
    ///
    /// # Errors
    /// What is wrong with the text.
    fn assemble(&self, source: &str, maps: &[(String, u32)]) -> Result<Vec<u8>, String>;
}

/// Assembles nothing: cases with programs are skipped.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoAssembler;

impl Assemble for NoAssembler {
    fn assemble(&self, _: &str, _: &[(String, u32)]) -> Result<Vec<u8>, String> {
        Err("there is no assembler here".to_owned())
    }
}
