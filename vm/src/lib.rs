//! Runs a verified program, as a plain value with a position.
//!
//! The interpreter asks the gate before every access to memory; nobody watches, and it runs
//! straight through. It takes [`Verified`] programs only, so that what it does not check has been
//! checked: registers, stack bounds, helper arguments.
#![forbid(unsafe_code)]

mod alu;
mod exec;
mod frame;
mod helpers;
mod printk;

pub use frame::{Frame, Packet};
pub use helpers::{has_answer, update_rules};

use bpfsim_abi::Release;
use bpfsim_maps::{Map, Series};
use bpfsim_sim::{CopyPlan, Topology};
use bpfsim_verifier::Verified;

/// What a program runs in: everything that is not its own state, and never changes while it runs.
pub trait World {
    /// The program with this handle.
    fn program(&self, handle: u32) -> &Verified;
    /// The map with this handle, as the verifier resolved it.
    fn map(&self, handle: u32) -> Option<&Map>;
    /// What the kernel has for per-CPU values.
    fn series(&self) -> Option<&'static Series>;
    /// The release.
    fn release(&self) -> Release;
    /// The CPUs.
    fn cpus(&self) -> &Topology;
    /// In which pieces the map operations copy.
    fn plan(&self) -> CopyPlan;
    /// `ktime_get_ns`: an input of the kernel, constant within a run.
    fn time_ns(&self) -> u64;
    /// The n-th random number of a run: an input too.
    fn random(&self, n: u64) -> u32;
}
