//! Steps and transitions per second of the two explorers: `cargo run --release --example rate`.
use bpfsim_lab::experiment::{Stage, builtin_files};
use bpfsim_lab::scenario::{builtin, parse};
use bpfsim_maps::percpu;
use bpfsim_sim::CopyPlan;
use bpfsim_sim::explore::{Limits, explore, naive};
use bpfsim_sim::visible::Visible;
use std::time::Instant;

fn main() {
    let text = builtin::builtin("default").expect("built in");
    let series = ["keyed", "ming-lei", "martin-lau", "merged", "f-cpu"];
    let mut scenario = parse(text, "default.toml", &series).expect("parses").scenario;
    for name in ["merged", "martin-lau"] {
        for run in &mut scenario.runs {
            run.times = 40;
        }
        let s = percpu::by_name(name).expect("known");
        let stage =
            Stage::new(&scenario, s, None, CopyPlan::WordAsc, &builtin_files).expect("sets up");
        let root = stage.machine();
        let t = Instant::now();
        let report = explore(
            &stage,
            &root,
            Visible::nothing(2),
            Limits { states: 1 << 22, preemptions: None },
        );
        let dt = t.elapsed();
        println!(
            "{name} hashed: {} states {} transitions in {:?}: {:.2} M/s",
            report.states,
            report.transitions,
            dt,
            report.transitions as f64 / dt.as_secs_f64() / 1e6
        );
        let t = Instant::now();
        let found = naive(&stage, &root, &report.visible, 300_000);
        let dt = t.elapsed();
        println!(
            "{name} naive: {} schedules {} steps in {:?}: {:.2} M/s",
            found.schedules,
            found.steps,
            dt,
            found.steps as f64 / dt.as_secs_f64() / 1e6
        );
    }
}
