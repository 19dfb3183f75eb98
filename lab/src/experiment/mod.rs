//! A scenario under one series, set up on a simulated kernel: what `explore` and `replay` run.
//!
//! [`Stage::new`] boots a kernel, creates the maps and loads the programs through bpf(2) itself,
//! and turns runs and threads into the actors of a [`Machine`](bpfsim_sim::Machine). [`Watch`]
//! is the observer that tells the classes of what lookups return.

mod apply;
mod error;
mod frames;
mod maps;
mod model;
mod names;
mod perform;
pub mod plain;
mod programs;
mod sets;
mod setup;
mod threads;
mod units;
mod verdict;
mod watch;

pub use error::SetupError;
pub use frames::LabFrame;
pub use names::{bits_of, class_of_bit};
pub use perform::{Performed, perform};
pub use setup::{Files, Stage, builtin_files};
pub use units::{Judged, Unit, decode_fields, encode_fields};
pub use verdict::errno as errno_of;
pub use watch::{Looking, PendingUnit, Watch};

/// The explorable machine of a stage.
pub type Machine<'a> = bpfsim_sim::Machine<Stage>;
