//! Locks that are no steps, locks that are, and CPUs that come: what no search may leave out.
#![cfg(all(
    feature = "keyed",
    feature = "ming-lei",
    feature = "martin-lau",
    feature = "merged",
    feature = "f-cpu"
))]

mod shared;

use bpfsim_lab::experiment::{Stage, builtin_files, class_of_bit};
use bpfsim_sim::explore::{Limits, Report, explore, naive};
use bpfsim_sim::visible::Visible;
use bpfsim_sim::{CopyPlan, Count};

fn search(text: &str, series: &str, preemptions: Option<u32>) -> Report {
    let text = format!("schema = \"interleave/1\"\nname = \"locks\"\n{text}");
    let scenario = shared::parsed("locks.toml", &text);
    let series = shared::series(series);
    let plan = CopyPlan::WordAsc;
    let stage = Stage::new(&scenario, series, None, plan, &builtin_files).expect("it sets up");
    let root = stage.machine();
    let limits = Limits { states: 1 << 20, preemptions };
    let report = explore(&stage, &root, Visible::nothing(root.hw.cpus.len()), limits);
    if preemptions.is_none() {
        let every = naive(&stage, &root, &report.visible, u64::MAX).schedules;
        assert_eq!(report.schedules, Some(Count::from(u128::from(every))));
    }
    report
}

fn has(report: &Report, class: &str) -> bool {
    report.classes.keys().any(|bit| class_of_bit(*bit).to_string() == class)
}

/// A program loads, then updates under the bucket's lock, which is no step. Another update fits
/// before, between and behind: three orders, and the one between is lost.
#[test]
fn a_lock_is_not_taken_before_it_is_needed() {
    let report = search(LOAD_THEN_UPDATE, "merged", None);
    assert_eq!(report.schedules, Some(Count::from(3)));
    assert!(has(&report, "lost-update"));
}

/// Two inserts of one key, interrupts off. Each order of the two critical sections has 12 places
/// for the second IrqOff before the Unlock, times 11 for the first IrqOn behind it; and 12 for the
/// IrqOn where the second begins behind the Unlock. Waiting for the lock is no choice.
#[test]
fn waiting_for_a_lock_is_no_step() {
    let report = search(TWO_INSERTS, "merged", None);
    assert_eq!(report.schedules, Some(Count::from(2 * (12 * 11 + 12))));
}

/// ENXIO before CPU 0 comes on line; behind it three steps of the reader among four of the run.
#[test]
fn a_lookup_may_wait_for_a_cpu_to_come() {
    let report = search(COMES_ON_LINE, "martin-lau", None);
    assert_eq!(report.schedules, Some(Count::from(1 + 35)));
    assert!(has(&report, "error:ENXIO") && has(&report, "mid-update"));
}

/// What a bound on preemptions leaves out makes a search incomplete.
#[test]
fn a_bound_that_cuts_is_a_limit() {
    assert!(!search(COMES_ON_LINE, "merged", Some(0)).complete);
    assert!(search(COMES_ON_LINE, "merged", Some(9)).complete);
}

const LOAD_THEN_UPDATE: &str = r#"
[machine]
possible = [0,1]
online = [0,1]
preempt = "none"

[map.stats]
type = "percpu"
hash = true
entries = 1
fields = [{ name = "a", type = "u64" }]

[prog.count]
asm = """
  *(u32 *)(r10 - 4) = 0
  r2 = r10
  r2 += -4
  r1 = stats ll
  call map_lookup_elem
  if r0 == 0 goto out
  r2 = *(u64 *)(r0 + 0)
  r2 += 1
  *(u64 *)(r10 - 16) = r2
  r2 = r10
  r2 += -4
  r3 = r10
  r3 += -16
  r4 = 0
  r1 = stats ll
  call map_update_elem
out:
  r0 = 0
  exit
"""

[[run]]
prog="count"
cpu=0
ctx="softirq"
times=1

[[thread]]
name="upd"
cpu=1
do=[{ update = "stats", key = 0, cpu = "all", value = [5] }]
"#;

const TWO_INSERTS: &str = r#"
[machine]
possible = [0,1,2]
online = [0,1,2]
preempt = "none"

[map.stats]
type = "percpu"
hash = true
empty = true
max_entries = 1
entries = 1
fields = [{ name = "a", type = "u64" }, { name = "b", type = "u64" }]

[[thread]]
name="u"
cpu=1
irqs="off"
do=[{ update = "stats", key = 0, cpu = "all", value=[1,1] }]

[[thread]]
name="v"
cpu=2
irqs="off"
do=[{ update = "stats", key = 0, cpu = "all", value=[1,1] }]
"#;

const COMES_ON_LINE: &str = r#"
[machine]
possible = [0,1]
online = [1]
preempt = "none"

[map.stats]
type = "percpu"
entries = 1
fields = [{ name = "a", type = "u64" }, { name = "b", type = "u64" }]

[prog.count]
asm = """
  *(u32 *)(r10 - 4) = 0
  r2 = r10
  r2 += -4
  r1 = stats ll
  call map_lookup_elem
  if r0 == 0 goto out
  r2 = *(u64 *)(r0 + 0)
  r2 += 1
  *(u64 *)(r0 + 0) = r2
  r2 = *(u64 *)(r0 + 8)
  r2 += 64
  *(u64 *)(r0 + 8) = r2
out:
  r0 = 0
  exit
"""

[[run]]
prog="count"
cpu=0
ctx="softirq"
times=1

[[thread]]
name="r"
cpu=1
do=[{ lookup = "stats", key = 0, cpu = 0 }]

[[hotplug]]
cpu=0
at="any"
do="online"
"#;
