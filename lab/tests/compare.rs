//! The comparison on the default scenario: its rows, and the answers that the thread is about.
#![cfg(all(
    feature = "keyed",
    feature = "ming-lei",
    feature = "martin-lau",
    feature = "merged",
    feature = "f-cpu"
))]

use bpfsim_lab::compare::{Comparison, compare, json, text, with_digest};
use bpfsim_lab::experiment::builtin_files;
use bpfsim_lab::explore::series_named;
use bpfsim_lab::replay::Token;
use bpfsim_lab::scenario::{Scenario, builtin, parse};
use bpfsim_maps::percpu;
use rstest::rstest;

fn scenario() -> Scenario {
    let text = builtin::builtin("default").expect("built in");
    parse(text, "default.toml", percpu::NAMES).expect("it parses").scenario
}

fn comparison() -> Comparison {
    let series = series_named(&[]).expect("all series");
    compare(&scenario(), &builtin_files, &series)
}

const IDS: &[&str] = &[
    "series.kernel",
    "series.proposed",
    "abi.commands",
    "abi.map-types",
    "abi.attr",
    "abi.helpers",
    "abi.flags",
    "program.cpu",
    "read.one",
    "read.calls",
    "read.ipis",
    "read.bytes",
    "outcomes.task",
    "outcomes.softirq",
    "outcomes.irqs-off",
    "outcomes.hardirq",
    "outcomes.nmi",
    "byte-asc.task",
    "byte-asc.softirq",
    "byte-asc.irqs-off",
    "byte-asc.hardirq",
    "byte-asc.nmi",
    "lost-update.reset",
    "cpu.offline",
    "cpu.out-of-range.syscall",
    "cpu.out-of-range.program",
    "update.any",
    "update.noexist",
    "update.exist",
    "delete",
    "walk",
    "capacity",
    "memory",
];

#[test]
fn row_ids_are_stable_and_documented() {
    let ids: Vec<&str> = comparison().rows.iter().map(|row| row.id).collect();
    assert_eq!(ids, IDS);
    let page = include_str!("../../docs/src/rows.md");
    for id in ids {
        assert!(page.contains(&format!("`{id}`")), "docs/src/rows.md says nothing of {id}");
    }
}

#[rstest]
#[case::plain_copies("outcomes.softirq", "merged", &["precise-fresh", "mid-update", "mixed"])]
#[case::flags("outcomes.softirq", "f-cpu", &["precise-fresh", "mid-update", "mixed"])]
#[case::attr_cpu("outcomes.nmi", "ming-lei", &["precise-fresh", "mid-update", "mixed"])]
#[case::ipi("outcomes.softirq", "martin-lau", &["precise-fresh", "precise-superseded", "mid-update"])]
#[case::ipi_irqs_off("outcomes.irqs-off", "martin-lau", &["precise-fresh", "precise-superseded"])]
#[case::ipi_hardirq("outcomes.hardirq", "martin-lau", &["precise-fresh", "precise-superseded"])]
#[case::ipi_nmi("outcomes.nmi", "martin-lau", &["precise-fresh", "precise-superseded", "mixed"])]
fn classes(#[case] row: &str, #[case] series: &str, #[case] expected: &[&str]) {
    let found = json(&comparison());
    let rows = found["rows"].as_array().expect("rows");
    let row = rows.iter().find(|found| found["id"] == row).expect("the row");
    let classes = row["values"][series]["data"]["classes"].as_object().expect("classes");
    let mut names: Vec<&str> = classes.keys().map(String::as_str).collect();
    let mut expected = expected.to_vec();
    names.sort_unstable();
    expected.sort_unstable();
    assert_eq!(names, expected);
}

#[rstest]
#[case::offline("cpu.offline", "martin-lau", "ENXIO")]
#[case::wild("cpu.out-of-range.program", "ming-lei", "wild-pointer")]
#[case::checked("cpu.out-of-range.program", "f-cpu", "NULL")]
#[case::flag_range("cpu.out-of-range.syscall", "f-cpu", "ERANGE")]
#[case::ipi_range("cpu.out-of-range.syscall", "martin-lau", "EINVAL")]
#[case::half("capacity", "keyed", "2")]
#[case::whole("capacity", "merged", "4")]
#[case::ipi("read.ipis", "martin-lau", "1")]
#[case::no_ipi("read.ipis", "f-cpu", "0")]
#[case::scattered("walk", "keyed", "(0,1) (1,1) (1,0) (0,0)")]
#[case::array("delete", "merged", "EINVAL")]
fn answers(#[case] row: &str, #[case] series: &str, #[case] expected: &str) {
    let found = comparison();
    let column = found.series.iter().position(|known| known.label() == series).expect("a column");
    let row = found.rows.iter().find(|found| found.id == row).expect("the row");
    assert_eq!(row.cells[column].text, expected);
}

/// Every token of every cell is a schedule of the scenario or of a variation that can be found.
#[test]
fn tokens_can_be_found_again() {
    let (scenario, found) = (scenario(), comparison());
    let mut tokens = 0;
    for cell in found.rows.iter().flat_map(|row| &row.cells) {
        let Some(token) = &cell.token else { continue };
        let token = Token::decode(token).expect("a good token");
        assert!(with_digest(&scenario, token.scenario).is_some(), "{}", cell.text);
        tokens += 1;
    }
    assert!(tokens > 50);
}

#[test]
fn reconstructed_cells_say_so_and_lines_fit() {
    let found = comparison();
    assert!(found.complete);
    for width in [80, 100] {
        let shown = text(&found, width);
        assert!(shown.contains("(R)") && shown.contains("sequentially consistent"));
        assert!(shown.lines().all(|line| line.chars().count() <= width), "{shown}");
    }
}

/// A search that was cut off knows how many schedules it met, not how many there are.
#[test]
fn a_cut_off_search_counts_nothing() {
    let mut scenario = scenario();
    scenario.explore.limits.states = 40;
    let series = series_named(&["merged".to_owned()]).expect("built in");
    let comparison = compare(&scenario, &builtin_files, &series);
    let cell = |id: &str| &comparison.rows.iter().find(|row| row.id == id).expect(id).cells[0];
    assert!(!comparison.complete);
    let softirq = cell("outcomes.softirq");
    assert!(softirq.text.ends_with("(cut off)"), "{}", softirq.text);
    assert!(softirq.data["schedules"].is_null());
    let classes = softirq.data["classes"].as_object().expect("classes");
    assert!(classes.values().all(|class| class["schedules"].is_null()), "{classes:?}");
    assert!(classes.values().any(|class| class["token"].is_string()), "{classes:?}");
    let reset = cell("lost-update.reset");
    assert!(reset.text.contains("lost-update @") || reset.text.contains("cut off"));
}
