//! Bad files: the file as a whole. One change to the good file per row, and every problem.

use super::says;
use rstest::rstest;

#[rstest]
#[case::no_toml(
    "[machine]",
    "[machine",
    "5:9: error: not TOML: unclosed table, expected `]`; mend the TOML here"
)]
#[case::a_key_twice(
    "times = 3",
    r#"times = 3
times = 4"#,
    "38:1: error: not TOML: duplicate key at 'times'; name each thing and each key once"
)]
#[case::a_map_twice(
    "[map.plain]",
    "[map.stats]",
    "14:6: error: not TOML: duplicate key at 'stats'; name each thing and each key once"
)]
#[case::two_syntax_errors(
    r#"name = "good"
question = "What is read?""#,
    r#"name = good
question = "#,
    concat!(
        "2:8: error: not TOML: string values must be quoted, expected literal string at ",
        "'good'; mend the TOML here",
        "\n",
        "3:12: error: not TOML: string values must be quoted, expected literal string; mend ",
        "the TOML here",
    ),
)]
#[case::other_schema(
    "interleave/1",
    "interleave/2",
    concat!(
        r#"1:10: error: schema = "interleave/2": no schema that is read here; write schema = "#,
        r#""interleave/1""#,
    ),
)]
#[case::no_schema(
    r#"schema = "interleave/1"
"#,
    "",
    r#"1:1: error: 'schema' is missing; write schema = "interleave/1""#
)]
#[case::schema_is_a_number(
    r#""interleave/1""#,
    "1",
    "1:10: error: schema = 1: a string belongs here, this is an integer; put it in quotes"
)]
#[case::no_name(
    r#"name = "good"
"#,
    "",
    r#"1:1: error: 'name' is missing; write name = "...""#
)]
#[case::bad_name(
    r#""good""#,
    r#""go od""#,
    r#"2:8: error: name = "go od": no name; write letters, digits, '-', '_' or '.', at most 64"#
)]
#[case::empty_question(
    r#""What is read?""#,
    r#"" ""#,
    r#"3:12: error: question = " ": the string is empty; write something, or leave the key out"#
)]
#[case::unknown_key(
    "question =",
    "qestion =",
    "3:1: error: 'qestion' is no key here; did you mean 'question'?"
)]
#[case::unknown_section(
    "[machine]",
    "[machin]",
    "5:2: error: 'machin' is no key here; did you mean 'machine'?"
)]
#[case::section_is_a_value(
    r#"[machine]
possible = "0-1,4"
online = [0, 1]
"#,
    r#"machine = 2
"#,
    "5:11: error: machine = 2: a table belongs here, this is an integer; write { key = value }"
)]
fn whole(#[case] from: &str, #[case] to: &str, #[case] said: &str) {
    says(from, to, said);
}
