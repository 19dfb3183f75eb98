//! Scenario files, `schema = "interleave/1"`: the model, its reader with places, its lints.
//!
//! ```text
//!   text --toml--> nodes with places --read--> Scenario --lint--> errors and warnings
//!                                                 |
//!                                                 +--canon--> canonical text --> digest
//! ```
//!
//! Text in, a value or errors out: no file is opened and nothing runs here. Every error names the
//! file, line and column, the thing, the value and the way out; several are reported at once.

pub mod builtin;
mod canon;
mod claim;
pub(crate) mod cpus;
mod holds;
mod lint;
mod model;
mod names;
pub(crate) mod node;
mod ops;
pub(crate) mod problem;
mod read;
pub(crate) mod suggest;
#[cfg(test)]
mod tests;

pub use claim::{Amount, Case, Claim, Weighing};
pub use cpus::cpulist;
pub use holds::{Compare, Factor, Holds, HoldsError, Product, Sum};
pub use model::*;
pub use names::*;
pub use ops::*;
pub use problem::{Problem, Problems, Severity};
pub use read::SCHEMA;

/// A scenario, and what looks odd about its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parsed {
    /// What the file means.
    pub scenario: Scenario,
    /// The claim that it tests, where the file has one.
    pub claim: Option<Claim>,
    /// Warnings, in file order.
    pub warnings: Vec<Problem>,
}

/// Reads a scenario. `file_name` stands in messages only. `known_series` are the plain names
/// (`name`, or `name@variant` where only some variants exist) that the file may use, whether they
/// are built in or not; they are what is explored when the file names none.
///
/// # Errors
/// All problems, with at least one error, in file order.
pub fn parse(text: &str, file_name: &str, known_series: &[&str]) -> Result<Parsed, Problems> {
    read::parse(text, file_name, known_series)
}
