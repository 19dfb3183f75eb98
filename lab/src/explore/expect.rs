//! What a scenario expects of a series, held against what was found.

use super::Explored;
use crate::experiment::SetupError;
use crate::scenario::{Expect, Scenario, Verdict};
use bpfsim_maps::Series;
use bpfsim_sim::CopyPlan;

/// The comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expectation {
    /// Everything is as expected.
    Met,
    /// Something is not; one sentence each.
    Violated(Vec<String>),
    /// Nothing is expected.
    None,
    /// The search was incomplete and found nothing against it.
    Unknown,
}

impl Expectation {
    /// One word.
    pub const fn name(&self) -> &'static str {
        match self {
            Expectation::Met => "met",
            Expectation::Violated(_) => "violated",
            Expectation::None => "none",
            Expectation::Unknown => "unknown",
        }
    }
}

/// What the scenario expects of a series: under its full name, else under the plain one.
fn expected<'a>(scenario: &'a Scenario, series: &Series) -> Option<&'a Expect> {
    let named = |name: &str| scenario.expects.iter().find(|expect| expect.series == name);
    named(series.name).or_else(|| named(series.base_name()).filter(|_| series.is_default))
}

/// Holds one exploration against the scenario. An exploration with split words is judged only
/// where the scenario asks for that copy plan.
pub fn judge(
    scenario: &Scenario,
    series: &Series,
    copy: CopyPlan,
    found: &Result<Explored, SetupError>,
) -> Expectation {
    let Some(expect) = expected(scenario, series) else { return Expectation::None };
    let first = scenario.explore.copy_for(series.label()).first();
    if first.is_some_and(|plan| super::copy_plan(*plan) != copy) {
        return Expectation::None;
    }
    let mut wrong = Vec::new();
    let mut open = false;
    verify(expect, found, &mut wrong);
    match found {
        Ok(found) => classes(expect, found, &mut wrong, &mut open),
        Err(error) if !expect.reachable.is_empty() || !expect.unreachable.is_empty() => {
            wrong.push(format!("it does not run: {error}"));
        }
        Err(_) => {}
    }
    match (wrong.is_empty(), open) {
        (false, _) => Expectation::Violated(wrong),
        (true, true) => Expectation::Unknown,
        (true, false) => Expectation::Met,
    }
}

fn verify(expect: &Expect, found: &Result<Explored, SetupError>, wrong: &mut Vec<String>) {
    let rejected = match found {
        Err(SetupError::Rejected { message, .. }) => Some(&**message),
        Ok(_) | Err(_) => None,
    };
    match (&expect.verify, rejected) {
        (Some(Verdict::Accepted), Some(message)) => {
            wrong.push(format!("the verifier rejects: {message}"));
        }
        (Some(Verdict::Message(part)), Some(message)) if !message.contains(part.as_str()) => {
            wrong.push(format!("the verifier says '{message}', not '{part}'"));
        }
        (Some(Verdict::Message(part)), None) => {
            wrong.push(format!("the verifier does not say '{part}'"));
        }
        (Some(_), _) | (None, _) => {}
    }
}

fn classes(expect: &Expect, found: &Explored, wrong: &mut Vec<String>, open: &mut bool) {
    for class in &expect.reachable {
        match found.classes.contains_key(class) {
            true => {}
            false if found.complete => wrong.push(format!("{class} is unreachable")),
            false => *open = true,
        }
    }
    for class in &expect.unreachable {
        match found.classes.get(class) {
            Some(reached) => wrong.push(format!("{class} is reachable: {}", reached.token)),
            None => *open |= !found.complete,
        }
    }
}

/// Exit status of explorations: 1 violated, 3 a limit was hit, else 0.
pub fn status(entries: &[super::Entry]) -> u8 {
    let violated = |entry: &super::Entry| matches!(entry.expect, Expectation::Violated(_));
    let limited = |entry: &super::Entry| entry.found.as_ref().is_ok_and(|found| !found.complete);
    match () {
        () if entries.iter().any(violated) => 1,
        () if entries.iter().any(limited) => 3,
        () => 0,
    }
}
