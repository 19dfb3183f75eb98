//! Why a scenario does not run under a series.

use bpfsim_syscall::Failure;
use std::fmt;

/// Why a scenario does not run under a series. Its text stands in the cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SetupError {
    /// The release and the series do not go together.
    Profile(String),
    /// The series has no program of this name.
    NoProgram(String),
    /// The verifier's message.
    Rejected {
        /// The program.
        program: Box<str>,
        /// What the verifier said last.
        message: Box<str>,
        /// What PROG_LOAD answers.
        failure: Failure,
        /// Line of the scenario file, where the program is assembler in it.
        line: Option<u32>,
    },
    /// The series has no such operation.
    NoOperation(String),
    /// A thread makes a call that the model has no answer to.
    NotModelled {
        /// The thread.
        thread: Box<str>,
        /// The call, for people.
        call: Box<str>,
        /// What is missing.
        why: Box<str>,
    },
    /// There is more of something than an exploration can follow.
    TooMuch {
        /// Of what.
        what: &'static str,
        /// How many there are.
        found: usize,
        /// How many there may be.
        most: usize,
    },
    /// MAP_CREATE or an insertion failed.
    Map(String, Failure),
    /// A map that nobody has made.
    NoMap(String),
    /// Assembler or object file: the line of the scenario file, and what is wrong.
    Source(Option<u32>, String),
}

impl fmt::Display for SetupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SetupError::Profile(why) | SetupError::NoOperation(why) => f.write_str(why),
            SetupError::Source(Some(line), why) => write!(f, "line {line}: {why}"),
            SetupError::Source(None, why) => f.write_str(why),
            SetupError::NoProgram(name) => write!(f, "no program {name} for this series"),
            SetupError::Rejected { program, message, .. } => {
                write!(f, "{program} does not verify: {message}")
            }
            SetupError::NotModelled { thread, call, why } => {
                write!(f, "thread {thread}: {call}: not modelled in an exploration: {why}")
            }
            SetupError::TooMuch { what, found, most } => {
                write!(f, "{found} {what}: an exploration follows {most} at most; leave some out")
            }
            SetupError::Map(name, failure) => write!(f, "map {name}: {failure}"),
            SetupError::NoMap(name) => write!(f, "no map {name} here"),
        }
    }
}

impl std::error::Error for SetupError {}
