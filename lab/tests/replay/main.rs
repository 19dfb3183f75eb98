//! Replays: every witness shows its class again, every diagram fits, and what the most telling
//! ones look like, in `golden/*.txt`. `UPDATE=1 cargo test -p bpfsim-lab --test replay` writes
//! those anew: look at the diff before you commit it.
#![cfg(all(
    feature = "keyed",
    feature = "ming-lei",
    feature = "martin-lau",
    feature = "merged",
    feature = "f-cpu"
))]
#[path = "../shared/count.rs"]
mod count;
mod found;
mod shapes;
#[path = "../shared/mod.rs"]
mod shared;
mod tokens;
mod witnesses;

use bpfsim_lab::class::Class;
use bpfsim_lab::experiment::builtin_files;
use bpfsim_lab::explore::{Explored, Options, one};
use bpfsim_lab::replay::{COLUMNS, LINES, Replay, Token, diagram, replay};
use bpfsim_lab::scenario::{Ctx, Irqs, Scenario, builtin};
use bpfsim_maps::Series;
use bpfsim_sim::CopyPlan;
use shared::{parsed, series};
use std::path::Path;

fn scenario(name: &str) -> Scenario {
    parsed(name, builtin::builtin(name).expect("built in"))
}

fn in_context(scenario: &Scenario, ctx: Ctx, irqs: Irqs) -> Scenario {
    let mut scenario = scenario.clone();
    scenario.runs.iter_mut().for_each(|run| (run.ctx, run.irqs) = (ctx, irqs));
    scenario
}

fn explored(scenario: &Scenario, series: &'static Series, copy: CopyPlan) -> Option<Explored> {
    one(scenario, series, copy, &builtin_files, &Options::default()).found.ok()
}

fn again(scenario: &Scenario, token: &str) -> Replay {
    let token = Token::decode(token).expect("a token");
    replay(&token, scenario, &builtin_files, None).unwrap_or_else(|error| panic!("{error}"))
}

fn assert_fits(text: &str) {
    assert!(text.lines().count() <= LINES, "{} lines\n{text}", text.lines().count());
    for line in text.lines() {
        assert!(line.chars().count() <= COLUMNS, "{}: {line}\n{text}", line.chars().count());
        assert!(line.is_ascii() && line == line.trim_end(), "{line:?}");
    }
}

/// Every witness of one scenario, series and copy plan.
fn check_witnesses(scenario: &Scenario, series: &'static Series, copy: CopyPlan) -> usize {
    let Some(found) = explored(scenario, series, copy) else { return 0 };
    for (class, reached) in &found.classes {
        let replay = again(scenario, &reached.token);
        let name = format!("{} {} {copy} {class}", scenario.name, series.label());
        assert!(replay.classes.contains(class), "{name}: {:?}", replay.classes);
        assert_eq!(replay.preemptions, reached.preemptions, "{name}");
        assert_eq!(replay.numbered, reached.steps, "{name}");
        assert_eq!(replay.token, reached.token, "{name}");
        let shown = replay.calls.iter().flat_map(|call| &call.values).map(|value| value.2);
        let shown: Vec<Class> = shown.collect();
        assert!(shown.iter().all(|class| replay.classes.contains(class)), "{name}: {shown:?}");
        assert_fits(&diagram(&replay));
    }
    found.classes.len()
}

fn assert_golden(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/{name}.txt"));
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, text).expect("the folder is there");
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(text, golden, "{name}: see the module's first lines");
}

/// The token of the smallest schedule of a class.
fn token_of(scenario: &Scenario, design: &str, class: Class) -> Token {
    let found = explored(scenario, series(design), CopyPlan::WordAsc).expect("it runs");
    Token::decode(&found.classes[&class].token).expect("a token")
}
