//! What would have to be different for a class to be out of reach.

use super::data::Contrast;
use crate::class::Class;
use crate::experiment::Files;
use crate::explore::{Options, one};
use crate::scenario::{Ctx, HotplugDo, Irqs, Scenario};
use bpfsim_maps::{Series, percpu};
use bpfsim_sim::CopyPlan;

/// States at most for each change that is tried.
const STATES: usize = 300_000;

/// The class that a schedule is looked at for: the worst of them.
pub fn worst(classes: &[Class]) -> Option<Class> {
    classes.iter().copied().max_by_key(|class| badness(*class))
}

const fn badness(class: Class) -> u8 {
    match class {
        Class::PreciseFresh => 0,
        Class::PreciseSuperseded => 1,
        Class::Error(_) => 2,
        Class::Missing => 3,
        Class::MidUpdate => 4,
        Class::Stale => 5,
        Class::StaleMixed => 6,
        Class::Mixed => 7,
        Class::TornWord => 8,
        Class::LostUpdate => 9,
        Class::NoReturn => 10,
        Class::WildPointer => 11,
    }
}

/// One change.
struct Change {
    text: String,
    scenario: Scenario,
    series: &'static Series,
    copy: CopyPlan,
}

/// Tries changes until one makes `class` unreachable; none for a class that nobody minds.
pub fn contrast(
    class: Class,
    scenario: &Scenario,
    series: &'static Series,
    copy: CopyPlan,
    files: Files<'_>,
) -> Option<Contrast> {
    if badness(class) < badness(Class::Error(bpfsim_abi::Errno::ENOENT)) {
        return None;
    }
    let mut contrast = Contrast { class, tried: Vec::new(), open: Vec::new(), removes: None };
    let options = Options { limit: Some(STATES), ..Options::default() };
    for change in changes(scenario, series, copy) {
        let found = one(&change.scenario, change.series, change.copy, files, &options).found;
        // Where it does not run, nothing has been removed.
        let Ok(found) = found else { continue };
        match (found.classes.contains_key(&class), found.complete) {
            (true, _) => contrast.tried.push(change.text),
            (false, false) => contrast.open.push(change.text),
            (false, true) => {
                contrast.removes = Some(change.text);
                return Some(contrast);
            }
        }
    }
    Some(contrast)
}

/// From the nearest to the farthest: the copy, masks, hotplug, the context, the design.
fn changes(scenario: &Scenario, series: &'static Series, copy: CopyPlan) -> Vec<Change> {
    let with = |text: String, change: &dyn Fn(&mut Scenario)| {
        let mut scenario = scenario.clone();
        change(&mut scenario);
        Change { text, scenario, series, copy }
    };
    let mut all = Vec::new();
    if copy != CopyPlan::WordAsc {
        let scenario = scenario.clone();
        let text = format!("copy = \"{}\"", CopyPlan::WordAsc);
        all.push(Change { text, scenario, series, copy: CopyPlan::WordAsc });
    }
    if scenario.threads.iter().any(|thread| thread.irqs == Irqs::Off) {
        all.push(with("irqs = \"on\" in the threads".to_owned(), &|scenario| {
            scenario.threads.iter_mut().filter(|thread| thread.irqs == Irqs::Off).for_each(
                |thread| {
                    thread.irqs = Irqs::On;
                },
            );
        }));
    }
    if scenario.hotplug.iter().any(|event| event.action == HotplugDo::Offline) {
        all.push(with("no CPU goes off line".to_owned(), &|scenario| scenario.hotplug.clear()));
    }
    if scenario.runs.iter().any(|run| run.irqs == Irqs::On) {
        all.push(with("irqs = \"off\"".to_owned(), &|scenario| {
            let on = scenario.runs.iter_mut().filter(|run| run.irqs == Irqs::On);
            on.for_each(|run| run.irqs = Irqs::Off);
        }));
    }
    for ctx in [Ctx::Softirq, Ctx::Hardirq, Ctx::Nmi, Ctx::Task] {
        if may_run_in(scenario, ctx) {
            all.push(with(format!("ctx = \"{ctx}\""), &|scenario| in_context(scenario, ctx)));
        }
    }
    let others = percpu::all().iter().filter(|other| other.is_default && **other != series);
    all.extend(others.map(|other| Change {
        text: format!("series {}", other.label()),
        scenario: scenario.clone(),
        series: other,
        copy,
    }));
    all
}

/// Some run is in another context, and all programs can be in this one.
fn may_run_in(scenario: &Scenario, ctx: Ctx) -> bool {
    let allowed = |run: &crate::scenario::Run| {
        let known = scenario.prog(&run.prog).and_then(|prog| prog.prog_type.contexts());
        known.is_none_or(|contexts| contexts.contains(&ctx))
    };
    scenario.runs.iter().any(|run| run.ctx != ctx) && scenario.runs.iter().all(allowed)
}

fn in_context(scenario: &mut Scenario, ctx: Ctx) {
    for run in &mut scenario.runs {
        run.irqs = match ctx {
            Ctx::Task | Ctx::Softirq => Irqs::On,
            Ctx::Hardirq | Ctx::Nmi => Irqs::ByEntry,
        };
        run.ctx = ctx;
    }
}
