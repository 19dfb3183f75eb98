//! Bad files: explore and expect. One change to the good file per row, and every problem.

use super::says;
use rstest::rstest;

#[rstest]
#[case::series_unknown(
    r#"series = ["merged", "martin-lau", "f-cpu", "keyed"]"#,
    r#"series = ["merged", "martinlau", "f-cpu", "keyed"]"#,
    concat!(
        "99:21: error: [explore]: no series 'martinlau'; did you mean 'martin-lau'? (there ",
        "are: keyed, ming-lei, martin-lau, merged, f-cpu)",
    ),
)]
#[case::variant_of_nothing(
    r#"series = ["merged", "martin-lau", "f-cpu", "keyed"]"#,
    r#"series = ["merged@", "martin-lau", "f-cpu", "keyed"]"#,
    concat!(
        "99:11: error: [explore]: no series 'merged@'; did you mean 'merged'? (there are: ",
        "keyed, ming-lei, martin-lau, merged, f-cpu)",
    ),
)]
#[case::series_twice(
    r#"series = ["merged", "martin-lau", "f-cpu", "keyed"]"#,
    r#"series = ["merged", "martin-lau", "merged"]"#,
    r#"99:35: error: [explore]: series = "merged": named twice; name each series once"#
)]
#[case::no_series(
    r#"series = ["merged", "martin-lau", "f-cpu", "keyed"]"#,
    "series = []",
    concat!(
        "99:10: error: [explore]: series = []: no series; name one, or leave the key out for ",
        "all of them",
    ),
)]
#[case::model(
    "limits = {",
    r#"models = ["tso"]
limits = {"#,
    r#"101:11: error: [explore]: models = "tso": no such model; write sc"#
)]
#[case::plan(
    r#""word-asc", "desc""#,
    r#""word-acs", "desc""#,
    concat!(
        r#"100:20: error: [explore] copy: merged = "word-acs": no such copy plan; did you mean "#,
        "'word-asc'? (there are: word-asc, byte-asc, overlap-tail, desc)",
    ),
)]
#[case::plan_of_no_series(
    "copy = { merged",
    "copy = { ming-lei",
    concat!(
        "100:10: warning: [explore] copy: 'ming-lei' is not explored; name it in series, or ",
        "remove its copy plans",
    ),
)]
#[case::states(
    "states = 100",
    "states = 0",
    "101:21: error: [explore] limits: states = 0: out of range; write 1 to 9223372036854775807"
)]
#[case::preemptions(
    "preemptions = 2",
    r#"preemptions = "some""#,
    r#"101:40: error: [explore] limits: preemptions = "some": no number; write a number, or "all""#
)]
#[case::not_explored(
    "[expect.martin-lau]",
    "[expect.ming-lei]",
    concat!(
        "109:9: error: [expect.ming-lei]: 'ming-lei' is not explored; write one of merged, ",
        "martin-lau, f-cpu, keyed, or name it in explore.series",
    ),
)]
#[case::without_series(
    r#"[expect.martin-lau]
verify"#,
    r#"[expect]
verify"#,
    "110:1: error: [expect]: 'verify': the series is missing; write [expect.SERIES] above it"
)]
#[case::class(
    r#""mixed", "precise-fresh""#,
    r#""mixd", "precise-fresh""#,
    concat!(
        r#"104:14: error: [expect.merged]: reachable = "mixd": no class of outcome; did you "#,
        "mean 'mixed'? write one of precise-fresh, precise-superseded, stale, mid-update, ",
        "torn-word, mixed, stale-mixed, lost-update, missing, no-return, wild-pointer, ",
        "error:NAME",
    ),
)]
#[case::umbrella(
    r#""mixed", "precise-fresh""#,
    r#""torn""#,
    concat!(
        r#"104:14: error: [expect.merged]: reachable = "torn": no class of outcome; that is "#,
        "three classes: mid-update, torn-word, mixed",
    ),
)]
#[case::class_errno(
    r#""error:ENXIO""#,
    r#""error:ENOXIO""#,
    concat!(
        r#"105:16: error: [expect.merged]: unreachable = "error:ENOXIO": no class of outcome; "#,
        "write the kernel's name, as in error:ENOENT",
    ),
)]
#[case::class_twice(
    r#""mixed", "precise-fresh""#,
    r#""mixed", "mixed""#,
    r#"104:23: error: [expect.merged]: reachable = "mixed": named twice; name each class once"#
)]
#[case::class_on_both_sides(
    r#""error:ENXIO""#,
    r#""mixed""#,
    concat!(
        r#"105:16: error: [expect.merged]: unreachable = "mixed": expected as reachable too; "#,
        "remove it from one list",
    ),
)]
#[case::cost(
    "ipis = 0",
    "ipi = 0",
    concat!(
        "107:21: error: [expect.merged] cost: 'ipi' is no key here; did you mean 'ipis'? ",
        "(there are: bytes, calls, ipis)",
    ),
)]
#[case::nothing(
    r#"[expect.martin-lau]
verify = "invalid func""#,
    "[expect.martin-lau]",
    concat!(
        "109:9: warning: [expect.martin-lau]: nothing is expected; write reachable, ",
        "unreachable, verify or cost",
    ),
)]
fn expects(#[case] from: &str, #[case] to: &str, #[case] said: &str) {
    says(from, to, said);
}
