//! Scenarios of other shapes: more CPUs, more runs, longer names, waits and traps.

use super::count::COUNT;
use super::shared::{parsed, series};
use super::{assert_fits, assert_golden, check_witnesses, token_of};
use bpfsim_lab::class::Class;
use bpfsim_lab::experiment::builtin_files;
use bpfsim_lab::replay::{Token, diagram, replay, witness};
use bpfsim_lab::scenario::Scenario;
use bpfsim_sim::CopyPlan;
use rstest::rstest;

/// What the texts below begin with, and the program [`COUNT`].
const HEAD: &str = r#"schema = "interleave/1"
name = "made-up"
[map.stats]
type = "percpu"
entries = 1
fields = [{ name = "packets", type = "u64" }, { name = "bytes", type = "u64" }]
"#;

/// Three writers, one reader of all slots.
pub const CROWD: &str = r#"
[machine]
possible = 4
online = [0, 1, 2, 3]
[[run]]
prog = "count"
cpu = 0
ctx = "softirq"
times = 2
[[run]]
prog = "count"
cpu = 1
ctx = "softirq"
[[run]]
prog = "count"
cpu = 2
ctx = "softirq"
[[thread]]
name = "reader"
cpu = 3
do = [{ lookup = "stats", key = 0, cpu = "all", into = "all" }]
"#;

/// Two readers, whose interrupts wait until a run lets them in.
const QUEUE: &str = r#"
[machine]
possible = 3
online = [0, 1, 2]
[[run]]
prog = "count"
cpu = 0
ctx = "softirq"
irqs = "off"
[[thread]]
name = "left"
cpu = 1
do = [{ lookup = "stats", key = 0, cpu = 0, into = "x" }]
[[thread]]
name = "right"
cpu = 2
do = [{ lookup = "stats", key = 0, cpu = 0, into = "y" }]
"#;

/// Thirty runs, and a reader that looks twice.
const LONG: &str = r#"
[machine]
possible = 2
online = [0, 1]
[[run]]
prog = "count"
cpu = 0
ctx = "softirq"
times = 30
[[thread]]
name = "reader"
cpu = 1
do = [
  { lookup = "stats", key = 0, cpu = 0, into = "first" },
  { lookup = "stats", key = 0, cpu = 0, into = "second" },
]
"#;

/// Two tasks on one CPU that preempt each other.
const TASKS: &str = r#"
[machine]
possible = 2
online = [0, 1]
preempt = "full"
[[run]]
prog = "count"
cpu = 0
ctx = "task"
times = 2
[[thread]]
name = "reader"
cpu = 0
do = [{ lookup = "stats", key = 0, cpu = 0, into = "x" }, { walk = "stats" }]
"#;

/// Wide values with long names, and a long name of its own.
const WIDE: &str = r#"schema = "interleave/1"
name = "a-scenario-with-a-name-that-is-too-long-for-one-line-of-diagrams"
[machine]
possible = 2
online = [0, 1]
[map.stats]
type = "percpu"
entries = 2
fields = [
  { name = "the_first_of_many_fields", type = "u64" }, { name = "b", type = "u8" },
  { name = "c", type = "u8" }, { name = "d", type = "u16" }, { name = "e", type = "u32" },
  { name = "another_field_with_a_long_name", type = "u64" }, { name = "g", type = "u64" },
  { name = "h", type = "u64" }, { name = "i", type = "u64" },
]
[prog.fill]
asm = """
  *(u32 *)(r10 - 4) = 1
  r2 = r10
  r2 += -4
  r1 = stats ll
  call map_lookup_elem
  if r0 == 0 goto out
  r2 = 18446744073709551615 ll
  *(u64 *)(r0 + 0) = r2
  *(u8 *)(r0 + 8) = r2
  *(u16 *)(r0 + 10) = r2
  *(u64 *)(r0 + 16) = r2
  lock *(u64 *)(r0 + 24) += r2
out:
  r0 = 0
  exit
"""
[[run]]
prog = "fill"
cpu = 0
ctx = "softirq"
times = 2
[[thread]]
name = "a-reader-with-a-long-name"
cpu = 1
do = [{ lookup = "stats", key = 1, cpu = 0, into = "the_value_that_was_read" }]
"#;

/// A program in an NMI updates the bucket that the interrupted system call has locked.
const LOCKED: &str = r#"schema = "interleave/1"
name = "locked"
[machine]
possible = 1
online = [0]
[map.table]
type = "hash"
entries = 1
max_entries = 2
fields = [{ name = "v", type = "u64" }]
[prog.put]
asm = """
  *(u32 *)(r10 - 4) = 0
  *(u64 *)(r10 - 16) = 7
  r1 = table ll
  r2 = r10
  r2 += -4
  r3 = r10
  r3 += -16
  r4 = 0
  call map_update_elem
  r0 = 0
  exit
"""
[[run]]
prog = "put"
cpu = 0
ctx = "nmi"
[[thread]]
name = "writer"
cpu = 0
do = [{ update = "table", key = 0, value = [1] }]
"#;

/// The value of a CPU that does not exist, which nobody checks.
const WILD: &str = r#"schema = "interleave/1"
name = "wild"
[machine]
possible = 2
online = [0, 1]
[map.stats]
type = "percpu"
entries = 1
fields = [{ name = "packets", type = "u64" }, { name = "bytes", type = "u64" }]
[prog.stray]
asm = """
  *(u32 *)(r10 - 4) = 0
  r2 = r10
  r2 += -4
  r1 = stats ll
  r3 = 1000
  call map_lookup_elem_percpu
  if r0 == 0 goto out
  *(u64 *)(r0 + 0) = 1
out:
  r0 = 0
  exit
"""
[[run]]
prog = "stray"
cpu = 0
ctx = "softirq"
[[thread]]
name = "reader"
cpu = 1
do = [{ lookup = "stats", key = 0, cpu = 0, into = "x" }]
"#;

/// One of the texts above, with the common head where it has none of its own.
pub fn made_up(text: &str) -> Scenario {
    let text =
        if text.starts_with("schema") { text.to_owned() } else { format!("{HEAD}{COUNT}{text}") };
    parsed("made-up.toml", &text)
}

#[rstest]
#[case::crowd(CROWD, &["merged", "f-cpu", "martin-lau", "keyed"])]
#[case::queue(QUEUE, &["martin-lau", "merged"])]
#[case::long(LONG, &["martin-lau", "merged"])]
#[case::tasks(TASKS, &["martin-lau", "merged", "f-cpu"])]
#[case::wide(WIDE, &["martin-lau", "merged", "f-cpu"])]
#[case::locked(LOCKED, &["keyed", "merged"])]
#[case::wild(WILD, &["ming-lei"])]
fn other_shapes_fit_too(#[case] text: &str, #[case] all: &[&str]) {
    let scenario = made_up(text);
    for name in all {
        assert!(check_witnesses(&scenario, series(name), CopyPlan::WordAsc) > 0, "{name}");
    }
}

#[rstest]
#[case::wild("wild", WILD, "ming-lei", Class::WildPointer)]
#[case::locked("locked", LOCKED, "keyed", Class::NoReturn)]
#[case::crowd("crowd", CROWD, "merged", Class::Mixed)]
#[case::queue("queue", QUEUE, "martin-lau", Class::PreciseSuperseded)]
#[case::long("long", LONG, "martin-lau", Class::MidUpdate)]
#[case::wide("wide", WIDE, "merged", Class::Mixed)]
fn other_shapes_look_like(
    #[case] golden: &str,
    #[case] text: &str,
    #[case] design: &str,
    #[case] class: Class,
) {
    let scenario = made_up(text);
    let text = witness(&scenario, series(design), CopyPlan::WordAsc, class, &builtin_files);
    let text = text.expect("it is reachable");
    assert_fits(&text);
    assert_golden(golden, &text);
}

/// Interrupts that have queued while they were masked are taken as one.
#[test]
fn one_interrupt_drains_the_queue() {
    let scenario = made_up(QUEUE);
    let token = Token {
        scenario: scenario.digest(),
        slots: vec![0, 1, 2, 0, 0, 0, 0, 0, 4, 4, 5, 5, 1, 2],
        ..token_of(&super::scenario("default"), "martin-lau", Class::MidUpdate)
    };
    let replay = replay(&token, &scenario, &builtin_files, None).expect("it fits");
    let drained: Vec<bool> =
        replay.steps.iter().filter(|step| step.handler).map(|step| step.drained).collect();
    assert_eq!(drained, [false, false, true, false]);
    assert_golden("drained", &diagram(&replay));
}
