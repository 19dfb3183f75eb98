//! Costs that are compared: of runs, of reading, of memory.

use crate::experiment::plain::{Spent, World, cost_of_reading_all, cost_of_run};
use crate::experiment::{Files, Stage};
use crate::explore::series_named;
use crate::scenario::{Amount, Case, Cost, Quantity, Scenario, Weighing};
use bpfsim_maps::Series;
use bpfsim_sim::CopyPlan;
use bpfsim_syscall::ObjectId;

/// The two sides as numbers, and whether the comparison holds.
///
/// # Errors
/// Why a side has no number.
pub(super) fn weigh(
    scenario: &Scenario,
    case: &Case,
    weighing: &Weighing,
    files: Files<'_>,
) -> Result<(u64, u64, bool), String> {
    let of = |name: &str| amount(scenario, case, weighing.what, name, files);
    let left = of(&weighing.left)?;
    let right = match &weighing.right {
        Amount::Series(name) => of(name)?,
        Amount::Number(number) => *number,
    };
    Ok((left, right, weighing.sign.test(left.into(), right.into())))
}

fn amount(
    scenario: &Scenario,
    case: &Case,
    what: Quantity,
    name: &str,
    files: Files<'_>,
) -> Result<u64, String> {
    let series = series_named(&[name.to_owned()]).map_err(|error| error.to_string())?;
    let series = *series.first().ok_or("no series")?;
    match what {
        Quantity::Instructions => run(scenario, case, series, files).map(|s| s.instructions),
        Quantity::Helpers => run(scenario, case, series, files).map(|s| s.helpers),
        Quantity::Calls => reading(scenario, case, series).map(|s| s.calls),
        Quantity::Ipis => reading(scenario, case, series).map(|s| s.ipis),
        Quantity::Bytes => reading(scenario, case, series).map(|s| s.bytes),
        Quantity::Memory => memory(scenario, case, series),
    }
}

/// One run, where and on what the scenario first runs the program.
fn run(
    scenario: &Scenario,
    case: &Case,
    series: &'static Series,
    files: Files<'_>,
) -> Result<Spent, String> {
    let first = scenario.runs.first().map(|run| &run.prog);
    let first = first.or(scenario.progs.first().map(|prog| &prog.name));
    let prog = case.prog.as_ref().or(first).ok_or("no program to run")?;
    let run = scenario.runs.iter().find(|run| run.prog == *prog);
    let cpu = run.map_or(scenario.machine.online[0], |run| run.cpu);
    let data = run.map_or(&[][..], |run| &run.data);
    let world = World::new(scenario, series, case.kernel, files);
    cost_of_run(&mut world.map_err(|error| error.to_string())?, prog, cpu, data)
}

fn boot(scenario: &Scenario, case: &Case, series: &'static Series) -> Result<Stage, String> {
    Stage::boot(scenario, series, case.kernel, CopyPlan::default())
        .map_err(|error| error.to_string())
}

fn reading(scenario: &Scenario, case: &Case, series: &'static Series) -> Result<Spent, String> {
    cost_of_reading_all(&mut boot(scenario, case, series)?).map_err(|error| error.to_string())
}

fn memory(scenario: &Scenario, case: &Case, series: &'static Series) -> Result<u64, String> {
    let stage = boot(scenario, case, series)?;
    let wanted = |name: &str| case.map.as_ref().is_none_or(|map| map == name);
    let map = stage.maps.iter().find(|map| wanted(&map.def.name)).ok_or("no map to weigh")?;
    match map.object {
        ObjectId::Map(handle) => stage.core.map(handle).map(bpfsim_maps::Map::memory_bytes),
        ObjectId::Prog(_) | ObjectId::Btf(_) | ObjectId::Link(_) | ObjectId::Stats => None,
    }
    .ok_or_else(|| "the map is gone".to_owned())
}

/// What reading all CPUs' values takes, in words, and what is wrong with it where
/// `[expect.SERIES] cost` has it otherwise.
///
/// # Errors
/// Why it cannot be read.
pub(super) fn cost(
    scenario: &Scenario,
    case: &Case,
    series: &'static Series,
    expected: &Cost,
) -> Result<(String, Vec<String>), String> {
    let spent = reading(scenario, case, series)?;
    let pairs = [
        ("calls", expected.calls, spent.calls),
        ("interrupts", expected.ipis, spent.ipis),
        ("bytes", expected.bytes, spent.bytes),
    ];
    let differs = |(what, expected, found): (&str, Option<u64>, u64)| {
        let expected = expected.filter(|expected| *expected != found)?;
        Some(format!("reading all CPUs takes {found} {what}, not {expected}"))
    };
    let Spent { calls, ipis, bytes, .. } = spent;
    let found = format!("reading all CPUs takes {calls} calls, {ipis} interrupts, {bytes} bytes");
    Ok((found, pairs.into_iter().filter_map(differs).collect()))
}
