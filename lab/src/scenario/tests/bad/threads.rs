//! Bad files: threads. One change to the good file per row, and every problem.

use super::says;
use rstest::rstest;

#[rstest]
#[case::name_twice(
    r#"name = "writer""#,
    r#"name = "reader""#,
    r#"51:8: error: [[thread]] 2: name = "reader": two threads of this name; rename one of them"#
)]
#[case::thread_on_no_cpu(
    r#"name = "reader"
cpu = 1
"#,
    r#"name = "reader"
cpu = 3
"#,
    concat!(
        "47:7: error: [[thread]] 'reader': cpu = 3: no such CPU; possible are 0-1,4: name one ",
        "of these, or widen machine.possible",
    ),
)]
#[case::no_map(
    r#"lookup = "stats", key = 1"#,
    r#"lookup = "stat", key = 1"#,
    concat!(
        r#"48:18: error: [[thread]] 'reader' do 1: lookup = "stat": no such map; did you mean "#,
        "'stats'? (there are: stats, plain)",
    ),
)]
#[case::no_verb(
    r#"{ next = "plain" }"#,
    r#"{ nxt = "plain" }"#,
    concat!(
        "57:5: error: [[thread]] 'writer' do 3: 'nxt' is no key here; did you mean 'next'? ",
        r#"write one of lookup, update, delete, next, walk = "MAP""#,
    ),
)]
#[case::no_verb_at_all(
    r#"{ next = "plain" }"#,
    "{ }",
    concat!(
        "57:3: error: [[thread]] 'writer' do 3: no operation; write one of lookup, update, ",
        r#"delete, next, walk = "MAP""#,
    ),
)]
#[case::two_verbs(
    r#"{ next = "plain" }"#,
    r#"{ next = "plain", walk = "plain" }"#,
    "57:3: error: [[thread]] 'writer' do 3: next and walk at once; write one item for each"
)]
#[case::no_key(
    r#"lookup = "stats", key = 1,"#,
    r#"lookup = "stats","#,
    "48:7: error: [[thread]] 'reader' do 1: 'key' is missing: lookup needs one; write key = N"
)]
#[case::no_value(
    "key = [7, 8], value = [1, 2, 3],",
    "key = [7, 8],",
    concat!(
        "55:3: error: [[thread]] 'writer' do 1: 'value' is missing: update needs one; write ",
        "value = [...], one number per field",
    ),
)]
#[case::key_for_a_walk(
    r#"{ walk = "stats","#,
    r#"{ walk = "stats", key = 1,"#,
    concat!(
        "48:77: error: [[thread]] 'reader' do 2: 'key' is no key here; write one of cpu, ",
        "flags, into, walk",
    ),
)]
#[case::key_out_of_entries(
    r#"lookup = "stats", key = 1,"#,
    r#"lookup = "stats", key = 2,"#,
    concat!(
        "48:33: error: [[thread]] 'reader' do 1: key = 2: map 'stats' is an array with keys 0 ",
        "to 1; take one of these, or raise entries",
    ),
)]
#[case::key_parts(
    "key = [7, 8]",
    "key = [7, 8, 9]",
    concat!(
        "55:29: error: [[thread]] 'writer' do 1: key = [7, 8, 9]: 3 parts do not make a key ",
        "of 8 bytes; write parts of 1, 2, 4 or 8 bytes each",
    ),
)]
#[case::key_bytes(
    r#""0700000008000000""#,
    r#""07""#,
    concat!(
        r#"56:29: error: [[thread]] 'writer' do 2: key = "07": a key of 8 bytes is needed, this "#,
        "has 1; write two hex digits for each",
    ),
)]
#[case::key_part_too_large(
    "key = [7, 8]",
    "key = [7, 4294967296]",
    "55:33: error: [[thread]] 'writer' do 1: key = 4294967296: out of range; write 0 to 4294967295"
)]
#[case::cpu_word(
    "cpu = 4, into",
    r#"cpu = "any", into"#,
    concat!(
        r#"48:42: error: [[thread]] 'reader' do 1: cpu = "any": no CPU; write a number, "all" "#,
        r#"or "self""#,
    ),
)]
#[case::impossible_cpu(
    "cpu = 4, into",
    "cpu = 3, into",
    concat!(
        "48:42: error: [[thread]] 'reader' do 1: cpu = 3: no such CPU; possible are 0-1,4: ",
        "name one of these, or widen machine.possible",
    ),
)]
#[case::cpu_of_a_plain_map(
    r#"{ next = "plain" }"#,
    r#"{ next = "plain", cpu = 0 }"#,
    concat!(
        "57:27: error: [[thread]] 'writer' do 3: cpu = 0: map 'plain' has no slot per CPU; ",
        r#"remove it, or write type = "percpu""#,
    ),
)]
#[case::fields(
    "value = [1, 2, 3],",
    "value = [1, 2],",
    concat!(
        "55:45: error: [[thread]] 'writer' do 1: value = [1, 2]: a value of map 'plain' has 3 ",
        "fields; write [w0, w1, w2]",
    ),
)]
#[case::one_number_for_all(
    "value = [1, 2, 3],",
    "value = 7,",
    concat!(
        "55:45: error: [[thread]] 'writer' do 1: value = 7: a value of map 'plain' has 3 ",
        "fields; write [w0, w1, w2]",
    ),
)]
#[case::field_too_large(
    "[2, 2, 2]",
    "[2, 256, 2]",
    "61:73: error: [thread.writer] for f-cpu do 1: value = 256: out of range; write 0 to 255"
)]
#[case::values_per_cpu(
    "[[1, 1, 1], [2, 2, 2], [3, 3, 3]]",
    "[[1, 1, 1]]",
    concat!(
        "61:57: error: [thread.writer] for f-cpu do 1: value = [[1, 1, 1]]: 1 values for 3 ",
        "possible CPUs; write one value per possible CPU",
    ),
)]
#[case::values_in_one_slot(
    r#"cpu = "all", value"#,
    r#"cpu = "self", value"#,
    concat!(
        r#"61:42: error: [thread.writer] for f-cpu do 1: cpu = "self": one slot does not take a "#,
        r#"value per CPU; write one value, or cpu = "all""#,
    ),
)]
#[case::values_of_a_plain_map(
    "value = [1, 2, 3],",
    "value = [[1, 2, 3]],",
    concat!(
        "55:45: error: [[thread]] 'writer' do 1: value = [[1, 2, 3]]: map 'plain' has no slot ",
        "per CPU; write one value",
    ),
)]
#[case::flag(
    r#""noexist", "exist""#,
    r#""noexst""#,
    concat!(
        r#"55:65: error: [[thread]] 'writer' do 1: flags = "noexst": no such flag; did you mean "#,
        "'noexist'? (there are: any, noexist, exist), or a number",
    ),
)]
#[case::into_twice(
    r#"{ walk = "stats", cpu = "all" }"#,
    r#"{ walk = "stats", into = "x" }"#,
    concat!(
        r#"48:84: error: [[thread]] 'reader' do 2: into = "x": two results of this name; rename "#,
        "one of them",
    ),
)]
#[case::into_of_two_threads(
    r#"{ next = "plain" }"#,
    r#"{ next = "plain", into = "x" }"#,
    concat!(
        r#"57:28: error: [[thread]] 'writer' do 3: into = "x": line 48 has a result of this "#,
        "name, in another thread; rename one of them",
    ),
)]
#[case::into_is_no_name(
    r#"into = "x" }, {"#,
    r#"into = "x y" }, {"#,
    concat!(
        r#"48:52: error: [[thread]] 'reader' do 1: into = "x y": no name; write letters, digits "#,
        "and '_', not beginning with a digit",
    ),
)]
#[case::into_of_an_update(
    r#"flags = ["noexist", "exist"]"#,
    r#"into = "y""#,
    concat!(
        "55:56: error: [[thread]] 'writer' do 1: 'into' is no key here; write one of cpu, ",
        "flags, key, update, value",
    ),
)]
#[case::override_of_nobody(
    "[thread.reader.for.keyed]",
    "[thread.raeder.for.keyed]",
    concat!(
        "63:9: error: [thread.raeder]: no thread 'raeder'; did you mean 'reader'? (there are: ",
        "reader, writer)",
    ),
)]
#[case::override_of_no_series(
    "[thread.reader.for.keyed]",
    "[thread.reader.for.kyed]",
    concat!(
        "63:20: error: [thread.reader]: no series 'kyed'; did you mean 'keyed'? (there are: ",
        "keyed, ming-lei, martin-lau, merged, f-cpu)",
    ),
)]
#[case::override_twice(
    r#"[thread.reader.for.keyed]
do = [{ lookup = "stats", key = 0, cpu = "self", into = "x" }]"#,
    r#"[thread.for.f-cpu]
do = [{ next = "plain" }]"#,
    concat!(
        "60:1: error: [thread.writer] for f-cpu: 'f-cpu' twice for thread 'writer'; keep one ",
        "of the two",
    ),
)]
#[case::override_without_for(
    "[thread.reader.for.keyed]",
    "[thread.reader]",
    "63:1: error: [thread.reader]: 'for' is missing; write [thread.reader.for.SERIES]"
)]
#[case::idle(
    r#"do = [{ lookup = "stats", key = 1, cpu = 4, into = "x" }, { walk = "stats", cpu = "all" }]"#,
    "",
    concat!(
        "45:1: error: [[thread]] 'reader': does nothing in series 'merged'; write do = [{ ",
        "lookup = ... }]",
    ),
)]
#[case::absent_key(
    r#"key = 1, cpu = 4, into = "x" }, {"#,
    r#"key = 1, cpu = 4, into = "x" }, { lookup = "plain", key = 1 }, {"#,
    concat!(
        "45:1: warning: [[thread]] 'reader': a key of 'plain' that no thread puts there; ",
        "unless a program does, every lookup is ENOENT",
    ),
)]
fn threads(#[case] from: &str, #[case] to: &str, #[case] said: &str) {
    says(from, to, said);
}
