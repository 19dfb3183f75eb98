//! Plain calls of a scenario, `[[call]]`: one after the other, on a fresh kernel of one series.
//!
//! ```text
//!   call --its release--> World (made once per release; calls before it are redone there)
//!        --act--> Came, Spent --judge--> met or not
//! ```

mod caller;
mod cost;
mod judge;
mod raw;
mod walk;
mod world;

pub use cost::{Spent, cost_of_reading_all, cost_of_run};
pub use world::World;

use super::error::SetupError;
use super::setup::Files;
use crate::scenario::Scenario;
use bpfsim_abi::{Errno, Release};
use bpfsim_maps::Series;
use bpfsim_sim::Wild;
use bpfsim_syscall::Failure;
use std::collections::BTreeMap;
use std::fmt;

/// What came back from one call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Came {
    /// Success, and what bpf(2) returned.
    Done(u32),
    /// Values by field, one per slot that was read.
    Values(Vec<Vec<u64>>),
    /// The next key.
    Key(Vec<u8>),
    /// The keys of a walk in order, with a value each.
    Walked {
        /// The keys.
        keys: Vec<Vec<u8>>,
        /// Their values.
        values: Vec<Vec<u64>>,
        /// It came to the end within twice as many keys as the map can hold.
        ends: bool,
    },
    /// The call failed.
    Errno(Errno),
    /// The verifier accepts the program.
    Accepted,
    /// The verifier does not.
    Rejected {
        /// What it said last.
        message: String,
        /// What PROG_LOAD answers.
        errno: Option<Errno>,
    },
    /// The program returned this in r0.
    Returned(u32),
    /// An access outside every region, not executed.
    Trapped(Wild),
    /// The series has no such operation; the reason says which.
    NoOperation(String),
    /// The model has no answer.
    NotModelled(String),
    /// The call could not be made.
    Broken(String),
}

impl Came {
    /// The call did what it was meant to do.
    pub const fn succeeded(&self) -> bool {
        match self {
            Came::Done(_)
            | Came::Values(_)
            | Came::Key(_)
            | Came::Accepted
            | Came::Returned(_)
            | Came::Walked { .. } => true,
            Came::Errno(_)
            | Came::Rejected { .. }
            | Came::Trapped(_)
            | Came::NoOperation(_)
            | Came::NotModelled(_)
            | Came::Broken(_) => false,
        }
    }
}

impl From<Failure> for Came {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Errno(refusal) => Came::Errno(refusal.errno),
            Failure::NotModelled(what) => Came::NotModelled(what),
            Failure::Trapped(wild) => Came::Trapped(wild),
        }
    }
}

impl From<SetupError> for Came {
    fn from(error: SetupError) -> Self {
        match error {
            SetupError::Rejected { failure: Failure::NotModelled(what), .. } => {
                Came::NotModelled(what)
            }
            SetupError::Rejected { message, failure, .. } => {
                Came::Rejected { message: message.into(), errno: failure.errno() }
            }
            SetupError::NoOperation(why) => Came::NoOperation(why),
            SetupError::NotModelled { .. } => Came::NotModelled(error.to_string()),
            SetupError::Profile(_)
            | SetupError::NoProgram(_)
            | SetupError::Map(..)
            | SetupError::NoMap(_)
            | SetupError::TooMuch { .. }
            | SetupError::Source(..) => Came::Broken(error.to_string()),
        }
    }
}

impl fmt::Display for Came {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Came::Done(number) => write!(f, "{number}"),
            Came::Values(values) => f.write_str(&judge::values_text(values)),
            Came::Key(key) => write!(f, "key {}", key_text(key)),
            Came::Walked { keys, ends, .. } => {
                let all: Vec<String> = keys.iter().map(|key| key_text(key)).collect();
                let end = if *ends { "" } else { " and no end" };
                write!(f, "keys {}{end}", all.join(" "))
            }
            Came::Errno(errno) => write!(f, "{errno}"),
            Came::Accepted => f.write_str("the verifier accepts"),
            Came::Rejected { message, .. } => write!(f, "the verifier says \"{message}\""),
            Came::Returned(r0) => write!(f, "r0 = {}", *r0 as i32),
            Came::Trapped(_) => f.write_str("trapped: an access outside every region"),
            Came::NotModelled(what) => write!(f, "not modelled: {what}"),
            Came::NoOperation(why) | Came::Broken(why) => f.write_str(why),
        }
    }
}

/// A key as numbers of four bytes, which is what the keys of scenarios mostly consist of.
fn key_text(key: &[u8]) -> String {
    let part = |part: &[u8]| {
        let mut bytes = [0; 4];
        bytes[..part.len()].copy_from_slice(part);
        u32::from_le_bytes(bytes).to_string()
    };
    match key.len() {
        0..=4 => part(key),
        _ => format!("({})", key.chunks(4).map(part).collect::<Vec<_>>().join(",")),
    }
}

/// One call, and what came of it.
#[derive(Clone, Debug)]
pub struct Answered {
    /// Its place in the scenario's list, from 0.
    pub index: usize,
    /// What it does, in words.
    pub what: String,
    /// The release that it ran on.
    pub kernel: Release,
    /// What came back.
    pub came: Came,
    /// What it cost.
    pub spent: Spent,
    /// What was expected, in words, and whether it came; none where nothing is expected.
    pub judged: Option<(String, bool)>,
}

impl Answered {
    /// False when something else was expected.
    pub fn is_met(&self) -> bool {
        self.judged.as_ref().is_none_or(|(_, met)| *met)
    }
}

impl fmt::Display for Answered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on {}: {}", self.what, self.kernel, self.came)?;
        match &self.judged {
            Some((expected, false)) => write!(f, "; expected {expected}"),
            Some((_, true)) | None => Ok(()),
        }
    }
}

/// Makes the scenario's calls that are made in this series, in order, on a fresh kernel. A call
/// that names another release runs on a kernel of that release, with everything before it redone
/// there.
pub fn run(scenario: &Scenario, series: &'static Series, files: Files<'_>) -> Vec<Answered> {
    let mut worlds: BTreeMap<Release, (Result<World<'_>, SetupError>, usize)> = BTreeMap::new();
    let mut answered = Vec::new();
    for (index, call) in scenario.calls.iter().enumerate() {
        if !call.is_in(series.name) {
            continue;
        }
        let release = call.kernel.unwrap_or(series.release);
        let (world, done) = worlds
            .entry(release)
            .or_insert_with(|| (World::new(scenario, series, Some(release), files), 0));
        let op = call.op_for(series.name);
        let (came, spent) = match world {
            Ok(world) => {
                redo(world, scenario, series, *done..index);
                world.act(op, call.on)
            }
            Err(error) => (error.clone().into(), Spent::default()),
        };
        *done = index + 1;
        let expected = call.expect_for(series.name);
        let judged =
            expected.map(|outcome| (judge::outcome_text(outcome), judge::is_met(outcome, &came)));
        let what = judge::op_text(op);
        answered.push(Answered { index, what, kernel: release, came, spent, judged });
    }
    answered
}

fn redo(
    world: &mut World<'_>,
    scenario: &Scenario,
    series: &'static Series,
    calls: std::ops::Range<usize>,
) {
    for call in scenario.calls[calls].iter().filter(|call| call.is_in(series.name)) {
        world.act(call.op_for(series.name), call.on);
    }
}
