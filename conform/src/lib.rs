//! Conformance cases for bpf(2) as text, what reads and prints them, and what runs them.
//!
//! ```text
//! text --parse--> File of Cases --expand--> plain Cases --run on a Target--> Verdicts --> report
//!      <--print--
//! ```
//!
//! A case says which releases it holds for, where its facts come from, which calls are made, and
//! what they answer and leave in memory. `docs/src/conform.md` describes the format.
#![forbid(unsafe_code)]

pub mod ast;
mod expand;
pub mod expr;
pub mod names;
mod parse;
mod print;
pub mod range;
pub mod report;
pub mod run;
mod simulated;
mod suite;
pub mod target;
pub mod wire;

pub use ast::{Case, File};
pub use parse::parse;
pub use run::{Outcome, Verdict, run};
pub use simulated::Simulated;
pub use suite::{Named, Suite, builtin};
pub use target::{Assemble, NoAssembler, Target, Trouble};

use std::fmt;

/// Why a text is no case, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file, as it was named.
    pub file: String,
    /// From 1.
    pub line: usize,
    /// What was found, and the way out.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.message)
    }
}

impl std::error::Error for Problem {}
