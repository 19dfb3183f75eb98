//! Explorations for people: a block for each series.

use super::{Entry, Expectation, Explored};
use crate::scenario::Scenario;
use bpfsim_sim::CopyPlan;
use std::fmt::Write as _;

/// Everything that was found, with its limits.
pub fn text(scenario: &Scenario, entries: &[Entry]) -> String {
    let mut out = format!("{}\n", scenario.name);
    if let Some(question) = &scenario.question {
        out += &format!("{question}\n");
    }
    for entry in entries {
        block(&mut out, entry).expect("a string takes every text");
    }
    out
}

fn block(out: &mut String, entry: &Entry) -> std::fmt::Result {
    let (series, kernel, copy) = (entry.series.label(), entry.kernel, entry.copy);
    let steps = match entry.copy {
        CopyPlan::ByteAsc => "1-byte copies",
        CopyPlan::WordAsc | CopyPlan::Desc | CopyPlan::OverlapTail => "8-byte copies",
    };
    writeln!(out, "\n{series} on {kernel}, {copy}, sequentially consistent, {steps}")?;
    match &entry.found {
        Ok(found) => classes(out, found)?,
        Err(error) => writeln!(out, "  {error}")?,
    }
    for call in &entry.calls {
        writeln!(out, "  call {}: {call}", call.index + 1)?;
    }
    match &entry.expect {
        Expectation::None => Ok(()),
        Expectation::Met => writeln!(out, "  as expected"),
        Expectation::Unknown => writeln!(out, "  unknown: the search was cut off"),
        Expectation::Violated(why) => {
            why.iter().try_for_each(|why| writeln!(out, "  NOT as expected: {why}"))
        }
    }
}

fn classes(out: &mut String, found: &Explored) -> std::fmt::Result {
    let total = match &found.schedules {
        Some(total) => format!("complete: {total} schedules"),
        None => "cut off by a limit: what is not listed may still be reachable".to_owned(),
    };
    writeln!(out, "  {total}, {} states, {} transitions", found.states, found.transitions)?;
    if found.classes.is_empty() {
        writeln!(out, "  no lookup to class, nothing lost")?;
    } else {
        writeln!(
            out,
            "  {:<20} {:>12} {:>11} {:>5}  replay",
            "class", "schedules", "preemptions", "steps"
        )?;
    }
    for (class, reached) in &found.classes {
        let schedules = match found.complete {
            true => reached.schedules.to_string(),
            false => "some".to_owned(),
        };
        let holds = if reached.holds == Some(false) { " (not what holds)" } else { "" };
        writeln!(
            out,
            "  {class:<20} {schedules:>12} {:>11} {:>5}  {}{holds}",
            reached.preemptions, reached.steps, reached.token
        )?;
    }
    Ok(())
}
