//! The real kernel as an oracle, and the supervisor that runs programs on a simulated one.
//!
//! ```text
//! Native::probe() -> Native --caller()-> Caller      rows of a conformance table, any attr
//!                           --map()----> NativeMap   element commands without a detour
//!                           --verify()-> (fd, log)   what the kernel's verifier says
//! Live::probe() -> Live                              the target of conformance cases
//! LiveMachine::new(&native)                          one side of the differential fuzzer
//! measure(&Options) -> Measurement                   the race of the model, on this machine
//! supervise::run(Options, argv) -> Finished          a program, its bpf(2) answered by the model
//! ```
//!
//! Nothing here attaches a program, and whatever a value opens is closed when it drops. Where the
//! machine cannot answer, the answer is [`Skipped`] with the reason: to be counted, never silent.
//!
//! All unsafe code of the workspace is in the folder `sys` of this crate.
#![deny(unsafe_code)]

pub mod caller;
mod conform;
pub mod cpus;
pub mod failed;
mod fuzz;
pub mod measure;
pub mod memory;
pub mod native;
pub mod supervise;
#[expect(unsafe_code, reason = "the one place that talks to the kernel by address")]
mod sys;

pub use caller::Caller;
pub use conform::Live;
pub use failed::{Failed, Skipped};
pub use fuzz::LiveMachine;
pub use measure::{Measurement, Options, measure};
pub use memory::NativeMemory;
pub use native::{Native, Rejected};
pub use sys::{MapKind, NativeMap, Rights};
