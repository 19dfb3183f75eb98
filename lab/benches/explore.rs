//! Steps and transitions per second of the two explorers, on one core.
//!
//! `cargo bench -p bpfsim-lab --bench explore`: the default scenario with K runs instead of three.

use bpfsim_lab::experiment::{Stage, builtin_files};
use bpfsim_lab::scenario::{builtin, parse};
use bpfsim_maps::percpu;
use bpfsim_sim::CopyPlan;
use bpfsim_sim::explore::{Limits, explore, naive};
use bpfsim_sim::visible::Visible;
use std::time::Instant;

/// Program runs beside one reader.
const RUNS: u32 = 40;

/// Schedules that the naive explorer tries at most.
const SCHEDULES: u64 = 300_000;

fn main() {
    let text = builtin::builtin("default").expect("it is built in");
    let mut scenario = parse(text, "default.toml", percpu::NAMES).expect("it parses").scenario;
    for run in &mut scenario.runs {
        run.times = RUNS;
    }
    println!("{:<12} {:<8} {:>10} {:>14} {:>8}", "series", "explorer", "what", "count", "M/s");
    for series in percpu::all().iter().filter(|series| series.is_default) {
        let stage = Stage::new(&scenario, series, None, CopyPlan::WordAsc, &builtin_files)
            .expect("it sets up");
        let root = stage.machine();
        let start = Instant::now();
        let nothing = Visible::nothing(root.hw.cpus.len());
        let limits = Limits { states: 1 << 24, preemptions: None };
        let report = explore(&stage, &root, nothing, limits);
        row(series.label(), "hashed", "transitions", report.transitions as u64, start);
        let start = Instant::now();
        let found = naive(&stage, &root, &report.visible, SCHEDULES);
        row(series.label(), "naive", "steps", found.steps, start);
    }
}

fn row(series: &str, explorer: &str, what: &str, count: u64, start: Instant) {
    let rate = count as f64 / start.elapsed().as_secs_f64() / 1e6;
    println!("{series:<12} {explorer:<8} {what:>12} {count:>12} {rate:>8.2}");
}
