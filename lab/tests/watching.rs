//! What the observer must not get wrong: whose bytes a reader has, on which CPU a task runs, and
//! scenarios that are larger than what it follows.
#![cfg(all(
    feature = "keyed",
    feature = "ming-lei",
    feature = "martin-lau",
    feature = "merged",
    feature = "f-cpu"
))]

#[path = "shared/count.rs"]
mod count;
mod shared;

use bpfsim_lab::experiment::{SetupError, Stage, builtin_files, class_of_bit};
use bpfsim_lab::scenario::Scenario;
use bpfsim_sim::explore::{Limits, explore};
use bpfsim_sim::visible::Visible;
use bpfsim_sim::{CopyPlan, Count};
use rstest::rstest;

fn scenario(text: &str) -> Scenario {
    let text = format!("schema = \"interleave/1\"\nname = \"watching\"\n{text}");
    shared::parsed("watching.toml", &text)
}

fn stage(text: &str, series: &str, plan: CopyPlan) -> Result<Stage, SetupError> {
    let series = shared::series(series);
    Stage::new(&scenario(text), series, None, plan, &builtin_files)
}

/// Schedules in all, and by class.
fn found(stage: &Stage) -> (Option<Count>, Vec<(String, Count)>) {
    let root = stage.machine();
    let limits = Limits { states: 1 << 20, preemptions: None };
    let report = explore(stage, &root, Visible::nothing(root.hw.cpus.len()), limits);
    let class = |(bit, class): (&u32, &bpfsim_sim::explore::Class)| {
        (class_of_bit(*bit).to_string(), class.schedules.clone())
    };
    (report.schedules.clone(), report.classes.iter().map(class).collect())
}

const COUNT: &str = r#"
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
out:
  r0 = 0
  exit
"""
"#;

const STATS: &str = r#"
[map.stats]
type = "percpu"
entries = 1
fields = [{ name = "a", type = "u64" }]
"#;

/// Four stores and four loads of one byte each: C(8, 4) orders. The value is whole in 28 of them
/// and was in memory for an instant in 14. In the other 28 it has bytes of both writes: an old byte
/// before a new one, wherever the writer was when it was read.
#[test]
fn every_byte_has_a_writer() {
    let text = r#"
[map.stats]
type = "percpu"
entries = 1
fields = [{ name = "a", type = "u32" }]

[[thread]]
name = "writer"
cpu = 0
do = [{ update = "stats", key = 0, cpu = 0, value = [0x04030201] }]

[[thread]]
name = "reader"
cpu = 1
do = [{ lookup = "stats", key = 0, cpu = 0 }]
"#;
    let stage = stage(text, "f-cpu", CopyPlan::ByteAsc).expect("it sets up");
    let (all, classes) = found(&stage);
    let expected = [("precise-fresh", 28), ("mid-update", 14), ("torn-word", 28)];
    assert_eq!(all, Some(Count::from(70)));
    assert_eq!(classes, expected.map(|(class, n)| (class.to_owned(), Count::from(n))));
}

/// A task whose CPU goes off line counts on another one from then on, and loses nothing.
#[test]
fn a_run_is_measured_on_the_cpu_that_it_is_on() {
    let text = format!(
        "{STATS}{COUNT}
[[run]]
prog = \"count\"
cpu = 0
ctx = \"task\"
times = 2

[[thread]]
name = \"reader\"
cpu = 1
do = [{{ lookup = \"stats\", key = 0, cpu = 1 }}]

[[hotplug]]
cpu = 0
at = \"any\"
do = \"offline\"
"
    );
    let stage = stage(&text, "merged", CopyPlan::WordAsc).expect("it sets up");
    let (all, classes) = found(&stage);
    assert_eq!(classes, [("precise-fresh".to_owned(), all.expect("complete"))]);
}

fn threads(count: usize) -> String {
    let thread = |index| {
        format!(
            "[[thread]]\nname = \"t{index}\"\ncpu = 1\n\
             do = [{{ lookup = \"stats\", key = 0, cpu = 0 }}]\n"
        )
    };
    (0..count).map(thread).collect()
}

fn cpus(count: usize) -> String {
    format!("[machine]\npossible = \"0-{0}\"\nonline = \"0-{0}\"\n", count - 1)
}

#[rstest]
#[case::actors(format!("{STATS}{}", threads(16)), format!("{STATS}{}", threads(17)), "17 runs")]
#[case::cpus(
    format!("{}{STATS}{}", cpus(64), threads(1)),
    format!("{}{STATS}{}", cpus(65), threads(1)),
    "65 possible CPUs"
)]
#[case::runs(
    format!("{STATS}{COUNT}[[run]]\nprog = \"count\"\ncpu = 0\nctx = \"nmi\"\ntimes = 4096\n"),
    format!("{STATS}{COUNT}[[run]]\nprog = \"count\"\ncpu = 0\nctx = \"nmi\"\ntimes = 100000\n"),
    "100000 runs"
)]
fn what_does_not_fit_is_said(#[case] fits: String, #[case] does_not: String, #[case] says: &str) {
    assert!(stage(&fits, "merged", CopyPlan::WordAsc).is_ok());
    let error = stage(&does_not, "merged", CopyPlan::WordAsc).err().expect("too much");
    assert!(matches!(error, SetupError::TooMuch { .. }), "{error}");
    assert!(error.to_string().starts_with(says), "{error}");
    assert!(error.to_string().contains("leave some out"), "{error}");
}

/// A task on CPU 0, which may go off line, and what happens on CPU 1.
fn moves(deed: &str, more: &str) -> String {
    format!(
        "[machine]\npossible = 2\nonline = [0, 1]\npreempt = \"full\"\n{PACKETS}{}{more}
[[thread]]
name = \"own\"
cpu = 0
do = [{{ {deed}, key = 0, cpu = \"self\" }}]

[[hotplug]]
cpu = 0
at = \"any\"
do = \"offline\"
",
        count::COUNT
    )
}

const PACKETS: &str = r#"
[map.stats]
type = "percpu"
entries = 1
fields = [{ name = "packets", type = "u64" }, { name = "bytes", type = "u64" }]
"#;

const COUNTS_ON_1: &str = "[[run]]\nprog = \"count\"\ncpu = 1\nctx = \"softirq\"\n";

/// What a task reads of its own CPU is held against the slot of the CPU that it is on: nobody
/// writes to that of CPU 0, so a half-made value is that of CPU 1.
#[rstest]
fn own_is_where_a_task_is_when_it_reads(
    #[values("keyed", "ming-lei", "martin-lau", "merged", "f-cpu")] series: &str,
) {
    let text = moves("lookup = \"stats\"", COUNTS_ON_1);
    let stage = stage(&text, series, CopyPlan::WordAsc).expect("it sets up");
    let (_, classes) = found(&stage);
    let classes: Vec<String> = classes.into_iter().map(|(class, _)| class).collect();
    assert_eq!(classes, ["precise-fresh", "mixed"]);
}

/// What it writes is in the slot of the CPU that it was on, where another task sees it half made
/// unless a lock keeps tasks away. No update is lost, and no value comes from nowhere.
#[rstest]
#[case("ming-lei", &["precise-fresh", "mid-update", "mixed"])]
#[case::under_a_lock("martin-lau", &["precise-fresh"])]
#[case("f-cpu", &["precise-fresh", "mid-update", "mixed"])]
fn own_is_where_a_task_is_when_it_writes(#[case] series: &str, #[case] expected: &[&str]) {
    let reader = "[[thread]]\nname = \"reader\"\ncpu = 1\n\
                  do = [{ lookup = \"stats\", key = 0, cpu = 1 }]\n";
    let text = moves("update = \"stats\", value = [7, 7]", reader);
    let stage = stage(&text, series, CopyPlan::WordAsc).expect("it sets up");
    let (_, classes) = found(&stage);
    let classes: Vec<String> = classes.into_iter().map(|(class, _)| class).collect();
    assert_eq!(classes, expected);
}
