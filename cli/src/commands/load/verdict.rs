//! Verdicts, and what can be said about an errno that comes without a log.

use crate::report::Status;
use crate::text::{paint, painted};
use anstyle::Style;
use bpfsim_abi::{Release, map_type, prog_type};
use bpfsim_lab::object::{MapDef, ProgDef};
use bpfsim_syscall::{Failure, Profile};

/// What became of a map or a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It has an fd.
    Good,
    /// The kernel's errno, with its text and reason.
    Rejected(String),
    /// It was not tried, for a reason.
    Unloaded(String),
    /// The model has no answer, and says why.
    Unknown(String),
}

impl Verdict {
    /// The kernel's answer, with a reason where one is known.
    pub fn of(failure: Failure, why: Option<String>) -> Self {
        let why = why.map_or_else(String::new, |why| format!(": {why}"));
        match failure {
            Failure::Errno(_) => Verdict::Rejected(format!("{failure}{why}")),
            Failure::NotModelled(what) => {
                let what = what.strip_prefix("not modelled: ").unwrap_or(&what);
                Verdict::Unknown(what.to_owned())
            }
            Failure::Trapped(wild) => Verdict::Rejected(wild.to_string()),
        }
    }

    /// What it makes of the exit status.
    pub const fn status(&self) -> Status {
        match self {
            Verdict::Good => Status::Good,
            Verdict::Rejected(_) | Verdict::Unloaded(_) => Status::Violated,
            Verdict::Unknown(_) => Status::Unknown,
        }
    }

    /// In words, with a colour; `good` when all is well.
    pub fn words(&self, good: &str) -> (Style, String) {
        match self {
            Verdict::Good => (paint::GOOD, good.to_owned()),
            Verdict::Rejected(why) => (paint::BAD, format!("rejected: {why}")),
            Verdict::Unloaded(why) => (paint::BAD, format!("not loaded: {why}")),
            Verdict::Unknown(why) => (paint::DOUBT, format!("not modelled: {why}")),
        }
    }

    /// `NAME: WORDS`, a line.
    pub fn line(&self, name: &str, good: &str) -> String {
        let (style, words) = self.words(good);
        format!("{name}: {}\n", painted(style, &words))
    }
}

/// Why there is no such map here, as far as its type says.
pub fn why_no_map(map: &MapDef, profile: &Profile) -> Option<String> {
    let release = profile.release;
    if map_type::exists(map.map_type, release) {
        return None;
    }
    let later = map_type::ALL.iter().find(|entry| entry.number == map.map_type)?;
    Some(unknown(release, "map type", map.map_type, later.name, later.since))
}

/// Why there is no such program here, as far as its type says.
pub fn why_no_program(prog: &ProgDef, profile: &Profile) -> Option<String> {
    let release = profile.release;
    if prog_type::exists(prog.prog_type, release) {
        return None;
    }
    let later = prog_type::ALL.iter().find(|entry| entry.number == prog.prog_type)?;
    Some(unknown(release, "program type", prog.prog_type, later.name, later.since))
}

fn unknown(release: Release, what: &str, number: u32, name: &str, since: Release) -> String {
    format!("{release} has no {what} {number}, {name} came with {since}")
}
