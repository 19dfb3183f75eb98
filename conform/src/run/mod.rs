//! Running plain cases on a target.

mod attr;
mod env;
mod steps;

use crate::ast::{Act, Call, Case};
use crate::target::{Assemble, Target, Trouble};
use bpfsim_abi::Release;

/// How a case ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Everything is as expected.
    Passed,
    /// What is not, with its line.
    Failed {
        /// In the file of the case.
        line: usize,
        /// What was expected, and what was found.
        what: String,
    },
    /// Why nobody knows.
    Skipped(String),
}

/// What a case showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// `FILE/CASE`, without the file's ending.
    pub id: String,
    /// Where the case stands.
    pub file: String,
    /// Its first line.
    pub line: usize,
    /// How it ended.
    pub verdict: Verdict,
}

/// Why a step did not go on.
pub(crate) enum Stop {
    /// The target is in trouble.
    Trouble(Trouble),
    /// Something is not as expected.
    Wrong(String),
}

impl From<Trouble> for Stop {
    fn from(trouble: Trouble) -> Self {
        Stop::Trouble(trouble)
    }
}

impl From<String> for Stop {
    fn from(what: String) -> Self {
        Stop::Wrong(what)
    }
}

/// What a call is expected to answer at a release; none where the case does not say.
pub(crate) fn expected(call: &Call, release: Release) -> Option<&crate::ast::Expected> {
    call.expect.iter().find(|one| one.when.as_ref().is_none_or(|range| range.holds(release)))
}

impl Case {
    /// Whether the case says something about a release: it holds there, and so does an outcome of
    /// every call.
    pub fn holds(&self, release: Release) -> bool {
        self.kernels.hold(release)
            && self.steps.iter().filter(|step| step.when.hold(release)).all(|step| {
                match &step.act {
                    Act::Call(call) => call.expect.is_empty() || expected(call, release).is_some(),
                    Act::Note(_)
                    | Act::Memory(..)
                    | Act::Program(..)
                    | Act::Write(..)
                    | Act::Close(_)
                    | Act::Let(..)
                    | Act::Expect(..)
                    | Act::Attr(_)
                    | Act::AttrUntouched
                    | Act::Set(..) => true,
                }
            })
    }
}

/// Runs a plain case.
pub fn run(case: &Case, target: &mut dyn Target, assembler: &dyn Assemble) -> Verdict {
    let release = target.release();
    if !case.holds(release) {
        return Verdict::Skipped(format!("it says nothing about {release}"));
    }
    if let Err(trouble) = target.begin(&case.needs) {
        return of_trouble(case.line, trouble);
    }
    let mut env = env::Env::new(target);
    for step in case.steps.iter().filter(|step| step.when.hold(release)) {
        match steps::step(&mut env, target, assembler, &step.act) {
            Ok(()) => {}
            Err(Stop::Trouble(trouble)) => return of_trouble(step.line, trouble),
            Err(Stop::Wrong(what)) => return Verdict::Failed { line: step.line, what },
        }
    }
    Verdict::Passed
}

fn of_trouble(line: usize, trouble: Trouble) -> Verdict {
    match trouble {
        Trouble::Skip(why) => Verdict::Skipped(why),
        Trouble::Broken(what) => Verdict::Failed { line, what },
    }
}
