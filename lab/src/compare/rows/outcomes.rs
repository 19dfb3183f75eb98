//! Rows that explore: what can happen, with the smallest schedule for it.

use super::super::variation::{Variation, Whose, stray_helper};
use super::super::{Bench, Cell};
use crate::class::Class;
use crate::experiment::SetupError;
use crate::explore::{Entry, Explored};
use crate::scenario::{Ctx, Irqs};
use bpfsim_maps::Series;
use bpfsim_maps::series::Tag;
use bpfsim_sim::CopyPlan;
use serde_json::{Map, Value as Json, json};

/// A short word for a class, for a narrow column.
fn short(class: Class) -> String {
    match class {
        Class::PreciseFresh => "fresh".to_owned(),
        Class::PreciseSuperseded => "superseded".to_owned(),
        other => other.to_string(),
    }
}

/// Every class that was reached, with its smallest number of preemptions.
fn cell(entry: &Entry) -> Cell {
    let found = match &entry.found {
        Ok(found) => found,
        Err(error) => return failed(error),
    };
    let mut lines: Vec<String> = found
        .classes
        .iter()
        .map(|(class, reached)| format!("{} @{}", short(*class), reached.preemptions))
        .collect();
    if !found.complete {
        lines.push("(cut off)".to_owned());
    }
    if lines.is_empty() {
        lines.push("nothing to see".to_owned());
    }
    let mut cell = Cell::new(lines.join("\n"), data(found));
    // The class that matters most comes last.
    cell.token = found.classes.values().next_back().map(|reached| reached.token.clone());
    cell
}

fn data(found: &Explored) -> Json {
    let classes: Map<String, Json> = found
        .classes
        .iter()
        .map(|(class, reached)| {
            let value = json!({
                "schedules": found.complete.then(|| reached.schedules.to_string()),
                "preemptions": reached.preemptions,
                "steps": reached.steps,
                "token": reached.token,
            });
            (class.to_string(), value)
        })
        .collect();
    json!({
        "complete": found.complete,
        "schedules": found.schedules.as_ref().map(ToString::to_string),
        "classes": classes,
    })
}

fn failed(error: &SetupError) -> Cell {
    let text = match error {
        SetupError::NoOperation(_) => "no such operation".to_owned(),
        other => other.to_string(),
    };
    Cell::new(text, json!({ "error": error.to_string() }))
}

fn context(
    bench: &Bench<'_>,
    series: &'static Series,
    copy: CopyPlan,
    ctx: Ctx,
    irqs: Irqs,
) -> Cell {
    cell(&bench.explore(series, copy, &Variation::Context(ctx, irqs)))
}

macro_rules! contexts {
    ($($name:ident, $byte:ident: $ctx:expr, $irqs:expr;)*) => {$(
        pub fn $name(bench: &Bench<'_>, series: &'static Series) -> Cell {
            context(bench, series, CopyPlan::WordAsc, $ctx, $irqs)
        }

        pub fn $byte(bench: &Bench<'_>, series: &'static Series) -> Cell {
            context(bench, series, CopyPlan::ByteAsc, $ctx, $irqs)
        }
    )*};
}

contexts! {
    task, byte_task: Ctx::Task, Irqs::On;
    softirq, byte_softirq: Ctx::Softirq, Irqs::On;
    irqs_off, byte_irqs_off: Ctx::Softirq, Irqs::Off;
    hardirq, byte_hardirq: Ctx::Hardirq, Irqs::ByEntry;
    nmi, byte_nmi: Ctx::Nmi, Irqs::ByEntry;
}

/// A reset of one CPU's value; of all CPUs' where one alone cannot be written.
pub fn reset(bench: &Bench<'_>, series: &'static Series) -> Cell {
    let reset = |whose| bench.explore(series, CopyPlan::WordAsc, &Variation::Reset(whose));
    let one = reset(Whose::One);
    let (entry, how) = match &one.found {
        Err(SetupError::NoOperation(_)) => (reset(Whose::All), "all CPUs at once"),
        Ok(_) | Err(_) => (one, "one CPU"),
    };
    let found = match &entry.found {
        Ok(found) => found,
        Err(error) => return failed(error),
    };
    match found.classes.get(&Class::LostUpdate) {
        Some(lost) => {
            let text = format!("lost-update @{}\n({how})", lost.preemptions);
            let mut cell = Cell::new(text, data(found));
            cell.token = Some(lost.token.clone());
            cell
        }
        None if found.complete => Cell::new(format!("none lost\n({how})"), data(found)),
        None => Cell::new(format!("none lost so far\n({how}, cut off)"), data(found)),
    }
}

/// CPU 0 does not run; its value is read from CPU 1.
pub fn offline(bench: &Bench<'_>, series: &'static Series) -> Cell {
    let entry = bench.explore(series, CopyPlan::WordAsc, &Variation::Offline);
    told(&entry, "value is read").reconstructed(infers(series, "off-line"))
}

/// A fact of the series with these words in it is inferred.
fn infers(series: &Series, words: &str) -> bool {
    let inferred = |fact: &bpfsim_maps::series::Fact| {
        fact.tag == Tag::Reconstructed && fact.text.contains(words)
    };
    series.facts.iter().any(inferred)
}

/// The only class of an exploration without any choice.
fn told(entry: &Entry, fine: &str) -> Cell {
    let found = match &entry.found {
        Ok(found) => found,
        Err(error) => return failed(error),
    };
    let text = match found.classes.keys().next() {
        Some(Class::Error(errno)) => errno.to_string(),
        Some(Class::PreciseFresh) | None => fine.to_owned(),
        Some(other) => other.to_string(),
    };
    let mut cell = Cell::new(text, data(found));
    cell.token = found.classes.values().next().map(|reached| reached.token.clone());
    cell
}

pub fn range_syscall(bench: &Bench<'_>, series: &'static Series) -> Cell {
    let entry = bench.explore(series, CopyPlan::WordAsc, &Variation::OutOfRange);
    match &entry.found {
        Err(SetupError::NoOperation(_)) => Cell::new("no CPU number to give", json!(null)),
        Ok(_) | Err(_) => {
            told(&entry, "value is read").reconstructed(infers(series, "not possible"))
        }
    }
}

/// A program that asks for the value of a CPU that does not exist, by whatever helper there is.
pub fn range_program(bench: &Bench<'_>, series: &'static Series) -> Cell {
    match stray_helper(series) {
        None => Cell::new("no CPU number to give", json!(null)),
        Some(helper) if helper.since > series.release => {
            let text = format!("no CPU number to give before {}", helper.since);
            Cell::new(text, json!(null))
        }
        Some(helper) => {
            let stray = Variation::StrayProgram(helper.name);
            told(&bench.explore(series, CopyPlan::WordAsc, &stray), "NULL")
        }
    }
}
