//! Bad files: maps. One change to the good file per row, and every problem.

use super::says;
use rstest::rstest;

#[rstest]
#[case::kind(
    r#"type = "hash""#,
    r#"type = "hsh""#,
    concat!(
        r#"15:8: error: [map.plain]: type = "hsh": no such map type; did you mean 'hash'? "#,
        "(there are: percpu, array, hash, percpu_array, percpu_hash)",
    ),
)]
#[case::entries(
    "entries = 2",
    "entries = 0",
    "10:11: error: [map.stats]: entries = 0: out of range; write 1 to 1000000"
)]
#[case::entries_is_text(
    "entries = 2",
    r#"entries = "2""#,
    concat!(
        r#"10:11: error: [map.stats]: entries = "2": an integer belongs here, this is a string; "#,
        "write a number without quotes",
    ),
)]
#[case::entries_is_a_float(
    "entries = 2",
    "entries = 2.0",
    concat!(
        "10:11: error: [map.stats]: entries = 2.0: an integer belongs here, this is a float; ",
        "write a number without quotes",
    ),
)]
#[case::field_type(
    r#"type = "u8""#,
    r#"type = "i8""#,
    concat!(
        r#"11:71: error: [map.stats] fields: type = "i8": no such field type; did you mean "#,
        "'u8'? (there are: u8, u16, u32, u64)",
    ),
)]
#[case::field_name(
    r#"name = "flag""#,
    r#"name = "8bit""#,
    concat!(
        r#"11:56: error: [map.stats] fields: name = "8bit": no name; write letters, digits and "#,
        "'_', not beginning with a digit",
    ),
)]
#[case::field_twice(
    r#"name = "flag""#,
    r#"name = "packets""#,
    "11:47: error: [map.stats]: field 'packets' twice; name each field once"
)]
#[case::field_key(
    r#"name = "flag""#,
    r#"nam = "flag""#,
    concat!(
        r#"11:47: error: [map.stats] fields: 'name' is missing; write name = "...""#,
        "\n",
        "11:49: error: [map.stats] fields: 'nam' is no key here; did you mean 'name'? (there ",
        "are: name, type)",
    ),
)]
#[case::no_layout(
    r#"value_size = 12
"#,
    "",
    concat!(
        r#"14:1: error: [map.plain]: the value has no layout; write fields = [{ name = "n", "#,
        r#"type = "u64" }], or value_size"#,
    ),
)]
#[case::value_too_small(
    "entries = 2",
    r#"entries = 2
value_size = 8"#,
    "11:14: error: [map.stats]: value_size = 8: the fields take 16 bytes; remove it, or raise it"
)]
#[case::holds_field(
    r#"holds = "packets >= n""#,
    r#"holds = "packet >= n""#,
    concat!(
        "12:10: error: [map.stats]: holds: no field 'packet'; did you mean 'packets'? (there ",
        "are: packets, flag, n)",
    ),
)]
#[case::holds_sign(
    r#"holds = "packets >= n""#,
    r#"holds = "packets => n""#,
    "12:18: error: [map.stats]: holds: '=' is no comparison; write =="
)]
#[case::holds_escaped(
    r#"holds = "packets >= n""#,
    r#"holds = "packets >= \u006e n""#,
    concat!(
        "12:9: error: [map.stats]: holds: 'n' after the end; write one comparison of sums and ",
        "products, as in bytes == 64 * packets",
    ),
)]
#[case::key_size_of_percpu(
    "entries = 2",
    r#"entries = 2
key_size = 8"#,
    concat!(
        "11:12: error: [map.stats]: key_size = 8: some series have an array here, with keys ",
        "of 4 bytes; remove it, or take a hash",
    ),
)]
#[case::key_size_of_array(
    r#"type = "hash""#,
    r#"type = "array""#,
    concat!(
        "16:12: error: [map.plain]: key_size = 8: an array has keys of 4 bytes; remove it, or ",
        "take a hash",
    ),
)]
#[case::hash_of_a_hash(
    "value_size = 12",
    r#"value_size = 12
hash = true"#,
    concat!(
        r#"18:8: error: [map.plain]: hash = true: goes with type = "percpu" only; remove it, or "#,
        r#"write type = "percpu""#,
    ),
)]
#[case::prealloc_of_an_array(
    "entries = 2",
    r#"entries = 2
type = "percpu_array"
prealloc = true"#,
    concat!(
        "12:12: error: [map.stats]: prealloc = true: an array has no freelist; remove it, or ",
        "take a hash",
    ),
)]
#[case::empty_array(
    "entries = 2",
    r#"entries = 2
type = "percpu_array"
empty = true"#,
    "12:9: error: [map.stats]: empty = true: an array is never empty; remove it, or take a hash"
)]
#[case::max_below_entries(
    "entries = 2",
    r#"entries = 2
max_entries = 1"#,
    concat!(
        "11:15: error: [map.stats]: max_entries = 1: less than the 2 entries present at the ",
        "start; raise it, lower entries, or write empty = true",
    ),
)]
#[case::name(
    "[map.plain]",
    r#"[map."pl-ain"]"#,
    concat!(
        "14:6: error: [map.pl-ain]: 'pl-ain' is no name for a map; write letters, digits and ",
        "'_', as a program names it",
        "\n",
        r#"55:14: error: [[thread]] 'writer' do 1: update = "plain": no such map; write stats"#,
        "\n",
        r#"56:14: error: [[thread]] 'writer' do 2: delete = "plain": no such map; write stats"#,
        "\n",
        r#"57:12: error: [[thread]] 'writer' do 3: next = "plain": no such map; write stats"#,
    ),
)]
#[case::no_name(
    r#"[map.stats]
entries = 2"#,
    r#"[map]
entries = 2"#,
    r#"10:1: error: [map]: 'entries' belongs into a table with a name; write [map.NAME] above it
11:1: error: [map]: 'fields' belongs into a table with a name; write [map.NAME] above it
12:1: error: [map]: 'holds' belongs into a table with a name; write [map.NAME] above it"#
)]
fn maps(#[case] from: &str, #[case] to: &str, #[case] said: &str) {
    says(from, to, said);
}
