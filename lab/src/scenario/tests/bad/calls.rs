//! Bad files: calls. One change to the good file per row, and every problem.

use super::says;
use rstest::rstest;

#[rstest]
#[case::do_missing(
    r#"do = { load = "count" }
"#,
    "",
    "75:1: error: [[call]] 2: 'do' is missing; write do = { lookup = ... } or { load = ... }"
)]
#[case::nothing_done(
    r#"do = { load = "count" }"#,
    r#"do = { laod = "count" }"#,
    concat!(
        "76:6: error: [[call]] 2 do: the call does nothing; did you mean 'load'? write one of ",
        "lookup, update, delete, next, walk, load, run, offline, online, bpf",
    ),
)]
#[case::two_deeds(
    r#"do = { load = "count" }"#,
    r#"do = { load = "count", run = "count" }"#,
    "76:6: error: [[call]] 2 do: load and run at once; write one [[call]] for each"
)]
#[case::deed_and_verb(
    r#"do = { load = "count" }"#,
    r#"do = { load = "count", lookup = "stats" }"#,
    "76:6: error: [[call]] 2 do: load and lookup at once; write one [[call]] for each"
)]
#[case::no_program(
    r#"do = { load = "count" }"#,
    r#"do = { load = "cnt" }"#,
    r#"76:15: error: [[call]] 2 do: load = "cnt": no such program; write count"#
)]
#[case::impossible_cpu(
    r#"run = "count", cpu = 1"#,
    r#"run = "count", cpu = 2"#,
    concat!(
        "80:29: error: [[call]] 3 do: cpu = 2: no such CPU; possible are 0-1,4: name one of ",
        "these, or widen machine.possible",
    ),
)]
#[case::offline_caller(
    "on = 1",
    "on = 4",
    concat!(
        "69:6: error: [[call]] 1: the caller's CPU 4 is off line here; bring it on line in a ",
        "call before, or write on = another CPU",
    ),
)]
#[case::release(
    r#""5.19""#,
    r#""5.19.1""#,
    r#"70:10: error: [[call]] 1: kernel = "5.19.1": no kernel release; write X.Y, as in "5.19""#
)]
#[case::errno(
    r#"expect = { errno = "ENOENT" }"#,
    r#"expect = { errno = "ENOENTS" }"#,
    concat!(
        r#"68:20: error: [[call]] 1 expect: errno = "ENOENTS": no errno that bpf(2) answers; "#,
        "did you mean 'ENOENT'?",
    ),
)]
#[case::nothing_expected(
    "{ accepted = true }",
    "{ }",
    concat!(
        "77:10: error: [[call]] 2 expect: nothing is expected; write one of errno, ok, value, ",
        "values, verify, accepted, returns, trap, keys, no_operation",
    ),
)]
#[case::two_expectations(
    "{ accepted = true }",
    "{ accepted = true, ok = true }",
    concat!(
        "77:10: error: [[call]] 2 expect: ok and accepted at once; write one of errno, ok, ",
        "value, values, verify, accepted, returns, trap, keys, no_operation",
    ),
)]
#[case::accepted_is_no_flag(
    "{ accepted = true }",
    "{ accepted = false }",
    concat!(
        "77:23: error: [[call]] 2 expect: accepted = false: says what is not expected; write ",
        "true, or expect what it answers instead",
    ),
)]
#[case::returns_of_a_load(
    "{ accepted = true }",
    "{ returns = 1 }",
    concat!(
        "77:22: error: [[call]] 2 expect: returns = 1: goes with do = { run = ... }; write ",
        r#"errno = "..." or ok = true, or change do"#,
    ),
)]
#[case::verify_of_a_run(
    "{ returns = -22 }",
    r#"{ verify = "R1" }"#,
    concat!(
        r#"81:21: error: [[call]] 3 expect: verify = "R1": goes with do = { load = ... }; write "#,
        r#"errno = "..." or ok = true, or change do"#,
    ),
)]
#[case::trap(
    "{ returns = -22 }",
    r#"{ trap = "wild" }"#,
    concat!(
        r#"81:19: error: [[call]] 3 expect: trap = "wild": no such trap; write one of "#,
        "wild-pointer, no-return",
    ),
)]
#[case::keys_of_a_load(
    "{ accepted = true }",
    "{ keys = [] }",
    concat!(
        "77:19: error: [[call]] 2 expect: keys = []: goes with next and walk; write errno = ",
        r#""..." or ok = true, or change do"#,
    ),
)]
#[case::value_of_a_walk(
    "{ keys = [0, [1, 0]] }",
    "{ value = [0] }",
    concat!(
        r#"85:20: error: [[call]] 4 expect: value = [0]: goes with lookup; write errno = "..." "#,
        "or ok = true, or change do",
    ),
)]
#[case::values_by_field(
    "{ keys = [0, [1, 0]] }",
    "{ values = [[0, 0]] }",
    concat!(
        "85:22: error: [[call]] 4 expect: values = [0, 0]: a value of map 'stats' has 3 ",
        "fields; write [packets, flag, n]",
    ),
)]
#[case::sound_cpu(
    r#"do = { walk = "stats" }"#,
    r#"do = { walk = "stats", cpu = 5 }"#,
    concat!(
        "84:30: error: [[call]] 4 do: cpu = 5: no such CPU; possible are 0-1,4: name one of ",
        "these, or widen machine.possible",
    ),
)]
#[case::series(
    r#"series = ["merged", "martin-lau"]"#,
    r#"series = ["merged", "marged"]"#,
    concat!(
        "71:21: error: [[call]] 1: no series 'marged'; did you mean 'merged'? (there are: ",
        "keyed, ming-lei, martin-lau, merged, f-cpu)",
    ),
)]
#[case::series_not_explored(
    r#"series = ["merged", "martin-lau"]"#,
    r#"series = ["merged", "ming-lei"]"#,
    concat!(
        "66:1: warning: [[call]] 1: 'ming-lei' is not explored: the call is not made there; ",
        "name it in explore.series, or remove it here",
    ),
)]
#[case::for_key(
    "{ martin-lau = { expect",
    "{ martin-lau = { expct",
    concat!(
        "72:24: error: [[call]] 1 for martin-lau: 'expct' is no key here; did you mean ",
        "'expect'? (there are: do, expect)",
    ),
)]
#[case::command(
    r#"bpf = "map_create""#,
    r#"bpf = "BPF_MAP_CREATE""#,
    concat!(
        r#"88:14: error: [[call]] 5 do: bpf = "BPF_MAP_CREATE": no command; write it without "#,
        r#"BPF_ and in lower case, as in "map_create""#,
    ),
)]
#[case::fd_of_nothing(
    r#"map_fd = "stats""#,
    r#"map_fd = "stat""#,
    concat!(
        r#"88:90: error: [[call]] 5 do attr: map_fd = "stat": no map or program of this name; "#,
        "did you mean 'stats'? (there are: stats, plain, count), or a number",
    ),
)]
#[case::into(
    r#"do = { walk = "stats" }"#,
    r#"do = { walk = "stats", into = "k" }"#,
    concat!(
        r#"84:31: warning: [[call]] 4 do: into = "k": only results of threads have names; "#,
        "remove it; a call has expect",
    ),
)]
#[case::override_of_do(
    r#"{ martin-lau = { expect = { errno = "EINVAL" } } }"#,
    r#"{ martin-lau = { do = { looup = "stats" } } }"#,
    concat!(
        "72:29: error: [[call]] 1 for martin-lau do: the call does nothing; did you mean ",
        "'lookup'? write one of lookup, update, delete, next, walk, load, run, offline, ",
        "online, bpf",
    ),
)]
#[case::value_field_too_large(
    r#"expect = { errno = "ENOENT" }"#,
    "expect = { value = [0, 256, 0] }",
    "68:24: error: [[call]] 1 expect: value = 256: out of range; write 0 to 255"
)]
#[case::key_of_a_sound_call(
    r#"do = { walk = "stats" }
expect = { keys = [0, [1, 0]] }"#,
    r#"do = { lookup = "stats", key = 2 }
expect = { ok = true }"#,
    concat!(
        "84:32: error: [[call]] 4 do: key = 2: map 'stats' is an array with keys 0 to 1; take ",
        "one of these, or raise entries",
    ),
)]
#[case::attr_value(
    "map_type = 5",
    "map_type = 5.0",
    concat!(
        "88:48: error: [[call]] 5 do attr: map_type = 5.0: an integer belongs here, this is a ",
        "float; write a number without quotes",
    ),
)]
#[case::attr_byte(
    "key = [1, 0]",
    "key = [1, 256]",
    "88:77: error: [[call]] 5 do attr: key = 256: out of range; write 0 to 255"
)]
fn calls(#[case] from: &str, #[case] to: &str, #[case] said: &str) {
    says(from, to, said);
}
