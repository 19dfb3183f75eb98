//! One schedule again: from a token, as data and as a text diagram.
//!
//! ```text
//!   token --decode--> slots --walk--> events --build--> steps --diagram--> 72 columns, 25 lines
//!                                        |                 |
//!                          the stage, written down     numbers, levels, origins
//! ```

mod build;
mod contrast;
mod data;
mod diagram;
mod ending;
mod error;
mod find;
mod holds;
mod place;
mod record;
pub mod token;
mod walk;
mod words;

pub use data::*;
pub use diagram::{COLUMNS, LINES, diagram};
pub use error::ReplayError;
pub use find::{find_builtin, find_in};
pub(crate) use holds::holds;
pub use token::{DATA_VERSION, Token, TokenError};

use crate::class::Class;
use crate::experiment::{Files, Stage, class_of_bit};
use crate::explore::{Explored, Options, one};
use crate::scenario::Scenario;
use bpfsim_maps::{Series, percpu};
use bpfsim_sim::{CopyPlan, Model};
use walk::Order;

/// States that are looked at before the order is tried. Where that was not all, and the order
/// does not fit, the scenario's own limit holds.
const STATES: u64 = 1_000_000;

/// Walks the order of `token` again. `other` names a design to run it under instead of the one
/// that it was recorded under: the next recorded frame that can move, else the lowest that can.
///
/// # Errors
/// A token of another scenario, a series that this build has not, a scenario that does not run,
/// an order that does not fit.
pub fn replay(
    token: &Token,
    scenario: &Scenario,
    files: Files<'_>,
    other: Option<&str>,
) -> Result<Replay, ReplayError> {
    if token.scenario != scenario.digest() {
        return Err(ReplayError::OtherScenario {
            token: token.scenario,
            scenario: scenario.digest(),
            name: scenario.name.clone(),
        });
    }
    let find = |name: &str| {
        percpu::by_name(name).ok_or_else(|| ReplayError::UnknownSeries(name.to_owned()))
    };
    let series = find(&token.series)?;
    let recorded = run(token, scenario, series, files, Order::Exact(&token.slots))?;
    let other = other.map(find).transpose()?.filter(|other| *other != series);
    let mut replay = match other {
        None => recorded,
        Some(other) => {
            let like = run(token, scenario, other, files, Order::Like(&token.slots))?;
            differing(&recorded, like)
        }
    };
    let worst = contrast::worst(&replay.classes);
    replay.contrast = worst
        .and_then(|class| contrast::contrast(class, scenario, replay.series, replay.copy, files));
    if token.data != DATA_VERSION {
        replay.warnings.push(format!(
            "the token is of data version {}, this is {DATA_VERSION}: answers may have changed",
            token.data
        ));
    }
    Ok(replay)
}

/// The smallest schedule that shows `class`, as a diagram; none where it is unreachable or the
/// scenario does not run.
pub fn witness(
    scenario: &Scenario,
    series: &'static Series,
    copy: CopyPlan,
    class: Class,
    files: Files<'_>,
) -> Option<String> {
    let found = one(scenario, series, copy, files, &Options::default()).found.ok()?;
    let token = Token::decode(&found.classes.get(&class)?.token).ok()?;
    replay(&token, scenario, files, None).ok().map(|replay| diagram(&replay))
}

fn run(
    token: &Token,
    scenario: &Scenario,
    series: &'static Series,
    files: Files<'_>,
    order: Order<'_>,
) -> Result<Replay, ReplayError> {
    let setup = |error| ReplayError::Setup(series.label().to_owned(), Box::new(error));
    let all = scenario.explore.limits.states;
    let explore = |states: u64| {
        let limit = usize::try_from(states).unwrap_or(usize::MAX);
        let options = Options { limit: Some(limit), ..Options::default() };
        one(scenario, series, token.copy, files, &options).found.map_err(setup)
    };
    let stage = Stage::new(scenario, series, None, token.copy, files).map_err(setup)?;
    let found = explore(all.min(STATES))?;
    match walk_on(token, scenario, &stage, &found, order) {
        Err(_) if !found.complete && all > STATES => {
            walk_on(token, scenario, &stage, &explore(all)?, order)
        }
        walked => walked,
    }
}

fn walk_on(
    token: &Token,
    scenario: &Scenario,
    stage: &Stage,
    found: &Explored,
    order: Order<'_>,
) -> Result<Replay, ReplayError> {
    let recorder = record::Recorder::new(stage);
    let mut visible = found.visible.clone();
    let walked = walk::walk(&recorder, &mut visible, order)?;
    let (steps, calls) = build::build(stage, &walked);
    let stuck = walked.end.is_stuck(&recorder);
    let bits = recorder.outcome(&walked.end.watch, &walked.end.hw, stuck);
    let again = Token {
        series: stage.series.label().to_owned(),
        slots: walked.moves.iter().map(|moved| moved.slot).collect(),
        ..token.clone()
    };
    Ok(Replay {
        scenario: scenario.name.clone(),
        series: stage.series,
        recorded: token.series.clone(),
        copy: token.copy,
        token: again.encode(),
        lanes: lanes(stage, &steps),
        possible: stage.core.profile.cpus.possible.iter().collect(),
        maps: place::map_names(stage),
        slots: ending::slots(stage, &walked.events, &walked.end),
        calls,
        classes: (0..64).filter(|bit| bits >> bit & 1 != 0).map(class_of_bit).collect(),
        preemptions: walked.moves.iter().filter(|moved| moved.preempts).count() as u32,
        numbered: steps.iter().filter(|step| step.number.is_some()).count() as u32,
        waiting: ending::waiting(stage, &walked.events, &walked.end),
        lost: ending::lost(stage, &walked.events, &walked.end),
        search: Search {
            complete: found.complete,
            schedules: found.schedules.clone(),
            states: found.states,
            preemptions: scenario.explore.limits.preemptions,
            reached: found.classes.keys().copied().collect(),
        },
        contrast: None,
        differs: None,
        warnings: Vec::new(),
        steps,
    })
}

/// The CPUs on which somebody is or something happened.
fn lanes(stage: &Stage, steps: &[ReplayStep]) -> Vec<Lane> {
    let cpu = |rank: u32| place::cpu_of(stage, rank).unwrap_or(rank);
    let mut cpus: Vec<u32> = stage.actors.iter().map(|actor| cpu(actor.cpu)).collect();
    cpus.extend(steps.iter().map(|step| step.cpu));
    cpus.sort_unstable();
    cpus.dedup();
    let lane = |number: u32| {
        let here = stage.actors.iter().filter(|actor| cpu(actor.cpu) == number);
        let actors = here.filter(|actor| actor.doing == bpfsim_sim::machine::Doing::Frames);
        let actor = |actor: &bpfsim_sim::Actor| {
            let index = stage.actors.iter().position(|known| std::ptr::eq(known, actor));
            LaneActor {
                name: actor.name.clone(),
                ctx: actor.ctx,
                irqs_off: actor.irqs_off,
                program: index
                    .is_some_and(|index| actor.units > 0 && stage.unit(index, 0).is_none()),
            }
        };
        Lane { cpu: number, actors: actors.map(actor).collect() }
    };
    cpus.into_iter().map(lane).collect()
}

/// `like`, with a mark where it is the first time another than `recorded`.
fn differing(recorded: &Replay, like: Replay) -> Replay {
    let numbered = |replay: &Replay| -> Vec<(usize, String)> {
        let steps = replay.steps.iter().enumerate();
        let numbered = steps.filter(|(_, step)| step.number.is_some());
        numbered
            .map(|(index, step)| {
                (index, format!("{} {} {}", step.slot, step.label, words::what(replay, step)))
            })
            .collect()
    };
    let (old, new) = (numbered(recorded), numbered(&like));
    let same = old.iter().zip(&new).take_while(|(old, new)| old.1 == new.1).count();
    Replay { differs: new.get(same).map(|(index, _)| *index), ..like }
}
