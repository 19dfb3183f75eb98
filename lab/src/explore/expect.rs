//! What a scenario expects of a series, held against what was found.

use super::Explored;
use crate::experiment::plain::{self, Answered};
use crate::experiment::{SetupError, Stage};
use crate::scenario::{Expect, Scenario, Verdict};
use bpfsim_abi::Release;
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

/// Adds what the plain calls answered.
pub(super) fn with_calls(expectation: Expectation, calls: &[Answered]) -> Expectation {
    let unmet = calls.iter().filter(|call| !call.is_met());
    let wrong: Vec<String> = unmet.map(|call| format!("call {}: {call}", call.index + 1)).collect();
    let judged = calls.iter().any(|call| call.judged.is_some());
    with(expectation, judged, wrong)
}

/// Adds what reading all CPUs costs, where the scenario says what it should.
pub(super) fn with_cost(
    expectation: Expectation,
    scenario: &Scenario,
    series: &'static Series,
    release: Option<Release>,
) -> Expectation {
    let Some(cost) = expected(scenario, series).and_then(|expect| expect.cost) else {
        return expectation;
    };
    let spent = Stage::boot(scenario, series, release, CopyPlan::WordAsc)
        .and_then(|mut stage| plain::cost_of_reading_all(&mut stage));
    let wrong = match spent {
        Err(error) => vec![format!("what reading all CPUs costs: {error}")],
        Ok(spent) => [
            ("calls", cost.calls, spent.calls),
            ("IPIs", cost.ipis, spent.ipis),
            ("bytes", cost.bytes, spent.bytes),
        ]
        .into_iter()
        .filter(|(_, expected, found)| expected.is_some_and(|expected| expected != *found))
        .map(|(what, expected, found)| {
            format!("reading all CPUs takes {found} {what}, not {}", expected.unwrap_or(0))
        })
        .collect(),
    };
    with(expectation, true, wrong)
}

/// An expectation with more that was judged.
fn with(expectation: Expectation, judged: bool, mut wrong: Vec<String>) -> Expectation {
    match expectation {
        Expectation::Violated(mut why) => {
            why.append(&mut wrong);
            Expectation::Violated(why)
        }
        _ if !wrong.is_empty() => Expectation::Violated(wrong),
        Expectation::None if judged => Expectation::Met,
        other @ (Expectation::Met | Expectation::None | Expectation::Unknown) => other,
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
