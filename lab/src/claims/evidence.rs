//! Evidence: what each case and each call of a claim's scenario shows.

use super::setting;
use super::weigh;
use crate::class::Class;
use crate::experiment::Files;
use crate::experiment::plain::{self, Answered};
use crate::explore::{self, Entry, Expectation, Options, series_named};
use crate::scenario::{Case, Claim, Expect, Named, Says, Scenario};
use bpfsim_maps::{Series, percpu};

/// One piece of evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// What was tried.
    pub name: String,
    /// Which way it speaks; none where it only shows the surroundings.
    pub says: Option<Says>,
    /// What was found, a line each.
    pub found: Vec<String>,
    /// What is not as expected.
    pub unmet: Vec<String>,
    /// A schedule that shows it: its class and its token.
    pub witness: Option<(Class, String)>,
    /// Every search behind it was complete; none where nothing was explored.
    pub complete: Option<bool>,
}

impl Evidence {
    fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            says: None,
            found: Vec::new(),
            unmet: Vec::new(),
            witness: None,
            complete: None,
        }
    }

    /// Fixes which way it speaks: as expected, or the other way.
    fn speak(mut self, expected: Option<Says>) -> Self {
        self.says = match (expected, self.unmet.is_empty()) {
            (Some(Says::For), true) | (Some(Says::Against), false) => Some(Says::For),
            (Some(Says::Against), true) | (Some(Says::For), false) => Some(Says::Against),
            (None, _) => None,
        };
        self
    }
}

/// The token of the first witness of a value that no run left behind, else of the first witness.
pub(super) fn best_token(evidence: &[Evidence]) -> Option<String> {
    let all = || evidence.iter().filter_map(|piece| piece.witness.as_ref());
    let strange = all().find(|(class, _)| *class > Class::PreciseSuperseded);
    strange.or_else(|| all().next()).map(|(_, token)| token.clone())
}

/// Tries everything: the calls, what the file expects beside its cases, the cases.
pub(super) fn gather(scenario: &Scenario, claim: &Claim, files: Files<'_>) -> Vec<Evidence> {
    let mut evidence = calls(scenario, files);
    if !scenario.expects.is_empty() {
        let base = Case {
            name: "as the scenario has it".to_owned(),
            says: None,
            context: None,
            runs: None,
            threads: None,
            copy: None,
            kernel: None,
            prog: None,
            map: None,
            expects: scenario.expects.clone(),
            weigh: Vec::new(),
        };
        evidence.push(case(scenario, &base, files));
    }
    evidence.extend(claim.cases.iter().map(|one| case(scenario, one, files)));
    evidence
}

/// A piece for each call, with the answers of all series that make it.
fn calls(scenario: &Scenario, files: Files<'_>) -> Vec<Evidence> {
    if scenario.calls.is_empty() {
        return Vec::new();
    }
    let mut pieces: Vec<Evidence> = Vec::new();
    let mut answers: Vec<(&'static str, Answered)> = Vec::new();
    let mut missing = Vec::new();
    for name in &scenario.explore.series {
        match percpu::by_name(name) {
            Some(series) => {
                let all = plain::run(scenario, series, files);
                answers.extend(all.into_iter().map(|answer| (series.label(), answer)));
            }
            None => missing.push(format!("no series {name} in this build")),
        }
    }
    for (index, call) in scenario.calls.iter().enumerate() {
        let mine: Vec<_> = answers.iter().filter(|(_, answer)| answer.index == index).collect();
        let name = call.why.clone().unwrap_or_else(|| format!("call {}", index + 1));
        let mut piece = Evidence::new(&name);
        piece.unmet.append(&mut missing);
        for (label, answer) in &mine {
            add_answer(&mut piece.found, label, &answer.to_string());
            if !answer.is_met() {
                piece.unmet.push(format!("{label}: {answer}"));
            }
        }
        pieces.push(piece.speak(call.says));
    }
    pieces
}

/// Series with the same answer share a line.
fn add_answer(found: &mut Vec<String>, label: &str, answer: &str) {
    let same = found.iter_mut().find(|line| line.split_once(": ").is_some_and(|l| l.1 == answer));
    match same {
        Some(line) => {
            *line = format!("{}, {label}: {answer}", line.split_once(": ").unwrap_or_default().0)
        }
        None => found.push(format!("{label}: {answer}")),
    }
}

fn case(scenario: &Scenario, case: &Case, files: Files<'_>) -> Evidence {
    let scenario = setting::of_case(scenario, case);
    let mut piece = Evidence::new(&case.name);
    for expect in &case.expects {
        match series_named(std::slice::from_ref(&expect.series)) {
            Ok(series) => {
                for series in series {
                    explore_one(&scenario, case, series, expect, files, &mut piece);
                }
            }
            Err(error) => piece.unmet.push(error.to_string()),
        }
    }
    for weighing in &case.weigh {
        match weigh::weigh(&scenario, case, weighing, files) {
            Ok((left, right, holds)) => {
                let line = format!("{weighing}: {left} and {right}");
                if !holds {
                    piece.unmet.push(format!("{}: not so: {line}", case.name));
                }
                piece.found.push(line);
            }
            Err(why) => piece.unmet.push(format!("{weighing}: {why}")),
        }
    }
    piece.speak(case.says)
}

fn explore_one(
    scenario: &Scenario,
    case: &Case,
    series: &'static Series,
    expect: &Expect,
    files: Files<'_>,
    piece: &mut Evidence,
) {
    let label = series.label();
    let asks = !expect.reachable.is_empty() || !expect.unreachable.is_empty();
    if asks || expect.verify.is_some() {
        let plan = explore::copy_plan(setting::plan(scenario, label));
        let options = Options { kernel: case.kernel, ..Options::default() };
        let entry = explore::one(scenario, series, plan, files, &options);
        add_entry(&entry, expect, &case.name, piece);
    }
    if let Some(cost) = &expect.cost {
        match weigh::cost(scenario, case, series, cost) {
            Ok((found, wrong)) => {
                piece.found.push(format!("{label}: {found}"));
                piece.unmet.extend(wrong.into_iter().map(|wrong| format!("{label}: {wrong}")));
            }
            Err(why) => piece.unmet.push(format!("{label}: {why}")),
        }
    }
}

fn add_entry(entry: &Entry, expect: &Expect, case: &str, piece: &mut Evidence) {
    let label = entry.series.label();
    match &entry.expect {
        Expectation::Met | Expectation::None => {}
        Expectation::Violated(why) => {
            piece.unmet.extend(why.iter().map(|why| format!("{case}, {label}: {why}")));
        }
        Expectation::Unknown => {
            piece.unmet.push(format!("{case}, {label}: the search was cut off"));
        }
    }
    let found = match &entry.found {
        Ok(found) => found,
        Err(error) => {
            piece.found.push(format!("{label}: {error}"));
            return;
        }
    };
    piece.complete = Some(piece.complete.unwrap_or(true) && found.complete);
    let total = found.schedules.as_ref().map_or("?".to_owned(), ToString::to_string);
    let classes: Vec<String> = found
        .classes
        .iter()
        .map(|(class, reached)| format!("{class} {}", reached.schedules))
        .collect();
    piece.found.push(format!("{label}: of {total} schedules {}", classes.join(", ")));
    let reached = |class: &&Class| found.classes.contains_key(*class);
    let shown = expect.reachable.iter().filter(reached).max();
    // A token says no release: it is of the one that the series stands on.
    let replays = entry.kernel == entry.series.release;
    if let (Some(class), None, true) = (shown, &piece.witness, replays) {
        piece.witness = Some((*class, found.classes[class].token.clone()));
    }
}

/// `for`, `against`, or nothing.
pub(super) fn side(says: Option<Says>) -> &'static str {
    says.map_or("", Named::name)
}
