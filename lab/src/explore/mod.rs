//! Explores a scenario under every series and copy plan that it asks for, and holds what it finds
//! against what it expects.

mod expect;
mod json;
mod text;

pub use expect::{Expectation, judge, status};
pub use json::json;
pub use text::text;

use crate::class::Class;
use crate::experiment::plain::{self, Answered};
use crate::experiment::{Files, SetupError, Stage, class_of_bit};
use crate::replay::{DATA_VERSION, Token, holds};
use crate::scenario::{self, Scenario};
use bpfsim_abi::Release;
use bpfsim_maps::{Series, percpu};
use bpfsim_sim::explore::{Limits, Report, explore};
use bpfsim_sim::visible::Visible;
use bpfsim_sim::{CopyPlan, Count, Slot};
use std::collections::BTreeMap;

/// The one memory model that there is.
pub const MODEL: &str = "sc";

/// The size of a step.
pub const GRANULARITY: &str = "G1";

/// One class of outcomes, reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reached {
    /// Schedules with at least one such lookup.
    pub schedules: Count,
    /// The smallest of them.
    pub witness: Vec<Slot>,
    /// The same as a token.
    pub token: String,
    /// Preemptions of the witness.
    pub preemptions: u32,
    /// Its numbered steps.
    pub steps: u32,
    /// Whether the value that it returned passes the check that the scenario gives its reader.
    pub holds: Option<bool>,
}

/// What one exploration found.
#[derive(Clone, Debug)]
pub struct Explored {
    /// Nothing was left out within the bounds.
    pub complete: bool,
    /// How many schedules there are; none when incomplete.
    pub schedules: Option<Count>,
    /// The classes that were reached.
    pub classes: BTreeMap<Class, Reached>,
    /// Different states.
    pub states: usize,
    /// Steps between them.
    pub transitions: usize,
    /// What counted as a step.
    pub visible: Visible,
}

/// A scenario under one series and one copy plan.
#[derive(Debug)]
pub struct Entry {
    /// The series.
    pub series: &'static Series,
    /// The release that it runs on.
    pub kernel: Release,
    /// In which pieces values are copied.
    pub copy: CopyPlan,
    /// What was found, or why it does not run.
    pub found: Result<Explored, SetupError>,
    /// The scenario's plain calls, on a fresh kernel of this series.
    pub calls: Vec<Answered>,
    /// How all that compares with what the scenario expects.
    pub expect: Expectation,
}

/// What to explore.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Only these series; all that the scenario asks for when empty.
    pub series: Vec<&'static Series>,
    /// Another release than the series stands on.
    pub kernel: Option<Release>,
    /// States at most, instead of the scenario's limit.
    pub limit: Option<usize>,
}

/// A series that the scenario or the command line names and this build has not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownSeries(pub String);

impl std::fmt::Display for UnknownSeries {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let known: Vec<&str> = percpu::all().iter().map(|series| series.label()).collect();
        write!(f, "no series '{}' in this build: it has {}", self.0, known.join(", "))
    }
}

impl std::error::Error for UnknownSeries {}

/// The series with these names; the last versions of all where none is named.
pub fn series_named(names: &[String]) -> Result<Vec<&'static Series>, UnknownSeries> {
    if names.is_empty() {
        return Ok(percpu::all().iter().copied().filter(|series| series.is_default).collect());
    }
    let find = |name: &String| percpu::by_name(name).ok_or_else(|| UnknownSeries(name.clone()));
    names.iter().map(find).collect()
}

/// Those of the named series that this build has; at least one.
fn built(names: &[String]) -> Result<Vec<&'static Series>, UnknownSeries> {
    let found: Vec<_> = names.iter().filter_map(|name| percpu::by_name(name)).collect();
    match (found.is_empty(), names.first()) {
        (true, Some(name)) => Err(UnknownSeries(name.clone())),
        (true, None) | (false, _) => Ok(found),
    }
}

/// Runs every exploration that a scenario asks for, in its order.
pub fn run(
    scenario: &Scenario,
    files: Files<'_>,
    options: &Options,
) -> Result<Vec<Entry>, UnknownSeries> {
    let all = match (&options.series[..], scenario.explore.all_series) {
        ([], true) => series_named(&[])?,
        ([], false) => built(&scenario.explore.series)?,
        (asked, _) => asked.to_vec(),
    };
    let mut entries = Vec::new();
    for series in all {
        for (index, plan) in scenario.explore.copy_for(series.label()).iter().enumerate() {
            let mut entry = one(scenario, series, copy_plan(*plan), files, options);
            // Plain calls and costs do not depend on the copy plan.
            if index == 0 {
                entry.calls = plain::run(scenario, series, files);
                entry.expect = expect::with_calls(entry.expect, &entry.calls);
                entry.expect = expect::with_cost(entry.expect, scenario, series, options.kernel);
            }
            entries.push(entry);
        }
    }
    Ok(entries)
}

/// Explores one series with one copy plan.
pub fn one(
    scenario: &Scenario,
    series: &'static Series,
    copy: CopyPlan,
    files: Files<'_>,
    options: &Options,
) -> Entry {
    let kernel = options.kernel.unwrap_or(series.release);
    let found = Stage::new(scenario, series, options.kernel, copy, files).map(|stage| {
        let limits = limits(scenario, options);
        let root = stage.machine();
        let report = explore(&stage, &root, Visible::nothing(root.hw.cpus.len()), limits);
        explored(scenario, &stage, report)
    });
    let expect = judge(scenario, series, copy, &found);
    Entry { series, kernel, copy, found, calls: Vec::new(), expect }
}

fn limits(scenario: &Scenario, options: &Options) -> Limits {
    let limits = scenario.explore.limits;
    let states = usize::try_from(limits.states).unwrap_or(usize::MAX);
    Limits { states: options.limit.unwrap_or(states), preemptions: limits.preemptions }
}

fn explored(scenario: &Scenario, stage: &Stage, report: Report) -> Explored {
    let (digest, series, copy) = (scenario.digest(), stage.series, stage.core.profile.plan);
    let asks = scenario.maps.iter().any(|map| map.holds.is_some());
    let reached = |(bit, class): (u32, bpfsim_sim::explore::Class)| {
        let token = Token {
            scenario: digest,
            series: series.label().to_owned(),
            copy,
            data: DATA_VERSION,
            slots: class.witness.clone(),
        };
        let name = class_of_bit(bit);
        let holds = asks.then(|| holds(stage, &report.visible, &class.witness, name)).flatten();
        let reached = Reached {
            holds,
            schedules: class.schedules,
            token: token.encode(),
            witness: class.witness,
            preemptions: class.preemptions,
            steps: class.steps,
        };
        (name, reached)
    };
    Explored {
        complete: report.complete,
        schedules: report.schedules,
        classes: report.classes.into_iter().map(reached).collect(),
        states: report.states,
        transitions: report.transitions,
        visible: report.visible,
    }
}

/// The simulator's copy plan of a scenario's word.
pub const fn copy_plan(plan: scenario::CopyPlan) -> CopyPlan {
    match plan {
        scenario::CopyPlan::WordAsc => CopyPlan::WordAsc,
        scenario::CopyPlan::ByteAsc => CopyPlan::ByteAsc,
        scenario::CopyPlan::OverlapTail => CopyPlan::OverlapTail,
        scenario::CopyPlan::Desc => CopyPlan::Desc,
    }
}
