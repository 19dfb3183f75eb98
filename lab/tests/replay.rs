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

use bpfsim_lab::class::Class;
use bpfsim_lab::experiment::builtin_files;
use bpfsim_lab::explore::{Explored, Options, one};
use bpfsim_lab::replay::{
    COLUMNS, LINES, Replay, ReplayError, Token, diagram, find_builtin, find_in, replay, witness,
};
use bpfsim_lab::scenario::{Ctx, Irqs, Scenario, builtin, parse};
use bpfsim_maps::{Series, percpu};
use bpfsim_sim::CopyPlan;
use rstest::rstest;
use std::path::Path;

const CONTEXTS: [(Ctx, Irqs); 5] = [
    (Ctx::Task, Irqs::On),
    (Ctx::Softirq, Irqs::On),
    (Ctx::Softirq, Irqs::Off),
    (Ctx::Hardirq, Irqs::ByEntry),
    (Ctx::Nmi, Irqs::ByEntry),
];

fn scenario(name: &str) -> Scenario {
    read(name, builtin::builtin(name).expect("built in"))
}

fn read(name: &str, text: &str) -> Scenario {
    let parsed = parse(text, name, percpu::NAMES);
    parsed.unwrap_or_else(|problems| panic!("{name}: {problems}")).scenario
}

fn in_context(scenario: &Scenario, ctx: Ctx, irqs: Irqs) -> Scenario {
    let mut scenario = scenario.clone();
    scenario.runs.iter_mut().for_each(|run| (run.ctx, run.irqs) = (ctx, irqs));
    scenario
}

fn series(name: &str) -> &'static Series {
    percpu::by_name(name).expect("in this build")
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

#[rstest]
fn every_witness_shows_its_class_and_fits(
    #[values(
        "default",
        "hash-recycle",
        "ipi-ipi-deadlock",
        "ipi-mid-update",
        "irqs-off",
        "lost-reset",
        "nmi",
        "offline-cpu"
    )]
    name: &str,
) {
    let scenario = scenario(name);
    let mut checked = 0;
    for series in percpu::all() {
        for (ctx, irqs) in CONTEXTS {
            let there = in_context(&scenario, ctx, irqs);
            checked += check_witnesses(&there, series, CopyPlan::WordAsc);
        }
        for copy in [CopyPlan::ByteAsc, CopyPlan::Desc, CopyPlan::OverlapTail] {
            checked += check_witnesses(&scenario, series, copy);
        }
    }
    assert!(checked >= 16, "{checked}");
}

#[test]
fn the_table_above_names_every_scenario() {
    assert_eq!(builtin::BUILTINS.len(), 8);
}

const HEAD: &str = r#"schema = "interleave/1"
name = "made-up"
[map.stats]
type = "percpu"
entries = 1
fields = [{ name = "packets", type = "u64" }, { name = "bytes", type = "u64" }]
[prog.count]
object = "count_merged.bpf.o"
[prog.count.for.ming-lei]
object = "count_ming_lei.bpf.o"
[prog.count.for.martin-lau]
object = "count_martin_lau.bpf.o"
[prog.count.for.keyed]
object = "count_keyed.bpf.o"
"#;

/// Three writers, one reader of all slots.
const CROWD: &str = r#"
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

#[rstest]
#[case::crowd(CROWD, &["merged", "f-cpu", "martin-lau", "keyed"])]
#[case::queue(QUEUE, &["martin-lau", "merged"])]
#[case::long(LONG, &["martin-lau", "merged"])]
#[case::tasks(TASKS, &["martin-lau", "merged", "f-cpu"])]
#[case::wide(WIDE, &["martin-lau", "merged", "f-cpu"])]
#[case::locked(LOCKED, &["keyed", "merged"])]
#[case::wild(WILD, &["ming-lei"])]
fn other_shapes_fit_too(#[case] text: &str, #[case] all: &[&str]) {
    let text = if text.starts_with("schema") { text.to_owned() } else { format!("{HEAD}{text}") };
    let scenario = read("made-up.toml", &text);
    for name in all {
        assert!(check_witnesses(&scenario, series(name), CopyPlan::WordAsc) > 0, "{name}");
    }
}

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

fn assert_golden(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/{name}.txt"));
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, text).expect("the folder is there");
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(text, golden, "{name}: see the module's first lines");
}

#[rstest]
#[case::half_a_run("default", "martin-lau", "mid-update")]
#[case::overtaken("default", "martin-lau", "precise-superseded")]
#[case::two_runs("default", "merged", "mixed")]
#[case::nmi_in_the_handler("nmi", "martin-lau", "mixed")]
#[case::masked("irqs-off", "martin-lau", "precise-superseded")]
#[case::reset("lost-reset", "merged", "lost-update")]
#[case::deadlock("ipi-ipi-deadlock", "martin-lau", "no-return")]
#[case::off_line("offline-cpu", "martin-lau", "error:ENXIO")]
#[case::recycled("hash-recycle", "merged", "mid-update")]
fn looks_like(#[case] name: &str, #[case] design: &str, #[case] class: Class) {
    let scenario = scenario(name);
    let text = witness(&scenario, series(design), CopyPlan::WordAsc, class, &builtin_files);
    let text = text.expect("it is reachable");
    assert_fits(&text);
    assert_golden(&format!("{name}-{design}-{}", class.to_string().replace(':', "-")), &text);
}

#[rstest]
#[case::bytes("torn", "default", CopyPlan::ByteAsc, "f-cpu", Class::TornWord)]
fn looks_like_in_pieces(
    #[case] golden: &str,
    #[case] name: &str,
    #[case] copy: CopyPlan,
    #[case] design: &str,
    #[case] class: Class,
) {
    let text = witness(&scenario(name), series(design), copy, class, &builtin_files);
    assert_golden(golden, &text.expect("it is reachable"));
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
    let text = if text.starts_with("schema") { text.to_owned() } else { format!("{HEAD}{text}") };
    let scenario = read("made-up.toml", &text);
    let text = witness(&scenario, series(design), CopyPlan::WordAsc, class, &builtin_files);
    let text = text.expect("it is reachable");
    assert_fits(&text);
    assert_golden(golden, &text);
}

/// Interrupts that have queued while they were masked are taken as one.
#[test]
fn one_interrupt_drains_the_queue() {
    let scenario = read("made-up.toml", &format!("{HEAD}{QUEUE}"));
    let token = Token {
        scenario: scenario.digest(),
        slots: vec![0, 1, 2, 0, 0, 0, 0, 0, 4, 4, 5, 5, 1, 2],
        ..token_of(&self::scenario("default"), "martin-lau", Class::MidUpdate)
    };
    let replay = replay(&token, &scenario, &builtin_files, None).expect("it fits");
    let drained: Vec<bool> =
        replay.steps.iter().filter(|step| step.handler).map(|step| step.drained).collect();
    assert_eq!(drained, [false, false, true, false]);
    assert_golden("drained", &diagram(&replay));
}

/// The token of the smallest schedule of a class.
fn token_of(scenario: &Scenario, design: &str, class: Class) -> Token {
    let found = explored(scenario, series(design), CopyPlan::WordAsc).expect("it runs");
    Token::decode(&found.classes[&class].token).expect("a token")
}

#[rstest]
#[case::no_interrupts_there("merged", Some(1))]
#[case::the_same_copy("f-cpu", Some(1))]
#[case::another_version("martin-lau@v1", None)]
fn the_order_of_another_design(#[case] other: &str, #[case] differs: Option<u32>) {
    let scenario = scenario("default");
    let token = token_of(&scenario, "martin-lau", Class::MidUpdate);
    let like = replay(&token, &scenario, &builtin_files, Some(other)).expect("it runs");
    let number = like.differs.and_then(|index| like.steps[index].number);
    assert_eq!(number, differs);
    let text = diagram(&like);
    assert_fits(&text);
    assert_eq!(text.contains("<- differs here"), differs.is_some(), "{text}");
    assert!(text.contains("in the order of martin-lau"), "{text}");
    // Its own order is a token of its own.
    let own = again(&scenario, &like.token);
    assert_eq!((own.classes, own.numbered), (like.classes, like.numbered));
}

#[test]
fn the_order_of_another_design_looks_like() {
    let scenario = scenario("default");
    let token = token_of(&scenario, "martin-lau", Class::MidUpdate);
    let like = replay(&token, &scenario, &builtin_files, Some("merged")).expect("it runs");
    assert_golden("default-martin-lau-on-merged", &diagram(&like));
}

#[test]
fn a_replay_is_data_too() {
    let scenario = scenario("default");
    let token = token_of(&scenario, "martin-lau", Class::MidUpdate);
    let replay = replay(&token, &scenario, &builtin_files, None).expect("it fits");
    let numbers: Vec<u32> = replay.steps.iter().filter_map(|step| step.number).collect();
    assert_eq!(numbers, (1..=16).collect::<Vec<u32>>());
    let copies: Vec<_> = replay.steps.iter().filter(|step| step.handler).collect();
    assert!(copies[0].began && !copies[0].ended && copies[0].preempts && copies[0].level == 1);
    assert!(!copies[1].began && copies[1].ended);
    use bpfsim_lab::replay::Origin;
    let from = |step: usize| copies[step].access.as_ref().map(|access| access.from.clone());
    assert_eq!(from(0), Some(vec![Origin::Step(3)]));
    assert_eq!(from(1), Some(vec![Origin::Start]));
    assert!(replay.steps[0].waits && replay.steps[0].other_cpu == Some(0));
    let [call] = &replay.calls[..] else { panic!("one call: {:?}", replay.calls) };
    assert_eq!(call.values, [(0, Some(vec![1, 0]), Class::MidUpdate)]);
    let versions: Vec<Vec<u64>> = replay.slots[0].versions.iter().flatten().cloned().collect();
    assert_eq!(versions, [[0, 0], [1, 64], [2, 128], [3, 192]]);
}

#[test]
fn what_a_comparison_explores_is_found_by_its_digest() {
    let nmi = in_context(&scenario("default"), Ctx::Nmi, Irqs::ByEntry);
    assert_eq!(find_builtin(nmi.digest()).map(|found| found.digest()), Ok(nmi.digest()));
    for (name, text) in builtin::BUILTINS {
        let own = read(name, text);
        assert_eq!(find_builtin(own.digest()).map(|found| found.name), Ok(own.name.clone()));
    }
    let other = read("made-up.toml", &format!("{HEAD}{CROWD}"));
    let error = find_builtin(other.digest()).expect_err("not built in");
    assert_eq!(error, ReplayError::NotBuiltIn(other.digest()));
    let varied = in_context(&other, Ctx::Nmi, Irqs::ByEntry);
    assert_eq!(find_in(varied.digest(), &other), Some(varied));
}

#[rstest]
#[case::other_scenario(|token: &mut Token| token.scenario ^= 1, "pass the file that it was made")]
#[case::other_build(|token: &mut Token| token.series = "nobody".into(), "no series 'nobody'")]
#[case::cannot_move(|token: &mut Token| token.slots[6] = 2, "step 7: slot 2 cannot move")]
#[case::no_such_slot(|token: &mut Token| token.slots[0] = 31, "step 1: slot 31 cannot move")]
#[case::too_short(|token: &mut Token| token.slots.truncate(9), "after its 9 steps")]
#[case::too_long(|token: &mut Token| token.slots.push(0), "step 17: slot 0 cannot move")]
fn a_token_that_does_not_fit(#[case] change: fn(&mut Token), #[case] part: &str) {
    let scenario = scenario("default");
    let mut token = token_of(&scenario, "martin-lau", Class::MidUpdate);
    change(&mut token);
    let error = replay(&token, &scenario, &builtin_files, None).expect_err("it does not fit");
    assert!(error.to_string().contains(part), "{error}");
}

#[test]
fn a_token_may_be_broken_over_lines() {
    let scenario = scenario("default");
    let whole = token_of(&scenario, "merged", Class::Mixed);
    let text = whole.encode();
    let (head, tail) = text.split_at(20);
    assert_eq!(Token::decode(&format!(" {head}\n  {tail}\n")), Ok(whole));
}

#[test]
fn a_series_that_has_no_such_operation_says_so() {
    let scenario = scenario("lost-reset");
    let token = token_of(&scenario, "merged", Class::LostUpdate);
    let error = replay(&token, &scenario, &builtin_files, Some("martin-lau")).expect_err("no");
    assert_eq!(
        error.to_string(),
        "under martin-lau: no such operation: martin-lau has no update of one CPU"
    );
}

#[test]
fn a_token_of_other_data_is_replayed_with_a_warning() {
    let scenario = scenario("default");
    let token = Token { data: 77, ..token_of(&scenario, "merged", Class::Mixed) };
    let replay = replay(&token, &scenario, &builtin_files, None).expect("it fits");
    assert_eq!(replay.warnings.len(), 1);
    let text = diagram(&replay);
    assert_fits(&text);
    assert!(text.contains("warning: the token is of data version 77"), "{text}");
}

/// Finds the scenario of a token and replays it.
fn by_itself(token: &str) -> Replay {
    let decoded = Token::decode(token).expect("a token");
    let scenario = find_builtin(decoded.scenario).unwrap_or_else(|error| panic!("{error}"));
    again(&scenario, token)
}

#[test]
fn every_token_of_a_claim_is_of_something_built_in() {
    let results = bpfsim_lab::claims::run(None, &builtin_files);
    let tokens: Vec<String> = results.into_iter().filter_map(|result| result.token).collect();
    assert!(tokens.len() > 5, "{}", tokens.len());
    for token in tokens {
        assert_fits(&diagram(&by_itself(&token)));
    }
}

#[test]
fn every_token_of_a_comparison_is_of_something_built_in() {
    let all: Vec<&'static Series> = percpu::all().to_vec();
    let found = bpfsim_lab::compare::compare(&scenario("default"), &builtin_files, &all);
    let cells = found.rows.iter().flat_map(|row| &row.cells);
    let tokens: Vec<&String> = cells.filter_map(|cell| cell.token.as_ref()).collect();
    assert!(tokens.len() > 20, "{}", tokens.len());
    for token in tokens {
        assert_fits(&diagram(&by_itself(token)));
    }
}

#[test]
fn the_book_shows_what_is_printed() {
    let book = include_str!("../../docs/src/tokens.md");
    let golden = include_str!("golden/default-martin-lau-mid-update.txt");
    assert!(book.contains(golden), "copy the golden text into docs/src/tokens.md");
}
