//! Bad files: runs. One change to the good file per row, and every problem.

use super::says;
use rstest::rstest;

#[rstest]
#[case::no_program(
    r#"[[run]]
prog = "count"
cpu = 0"#,
    r#"[[run]]
prog = "cuont"
cpu = 0"#,
    concat!(
        r#"33:8: error: [[run]] 1: prog = "cuont": no such program; did you mean 'count'? "#,
        "(there are: count)",
    ),
)]
#[case::prog_missing(
    r#"[[run]]
prog = "count"
cpu = 0"#,
    r#"[[run]]
cpu = 0"#,
    r#"32:1: error: [[run]] 1: 'prog' is missing; write prog = "NAME""#
)]
#[case::cpu_missing(
    r#"[[run]]
prog = "count"
cpu = 0"#,
    r#"[[run]]
prog = "count""#,
    "32:1: error: [[run]] 1: 'cpu' is missing; write cpu = N"
)]
#[case::impossible_cpu(
    r#"[[run]]
prog = "count"
cpu = 0"#,
    r#"[[run]]
prog = "count"
cpu = 2"#,
    concat!(
        "34:7: error: [[run]] 1: cpu = 2: no such CPU; possible are 0-1,4: name one of these, ",
        "or widen machine.possible",
    ),
)]
#[case::negative_cpu(
    r#"[[run]]
prog = "count"
cpu = 0"#,
    r#"[[run]]
prog = "count"
cpu = -1"#,
    "34:7: error: [[run]] 1: cpu = -1: out of range; write 0 to 4294967295"
)]
#[case::offline_cpu(
    r#"cpu = 4
do = "online""#,
    r#"cpu = 1
do = "offline"
[[run]]
prog = "count"
cpu = 4"#,
    concat!(
        "99:7: error: [[run]] 3: cpu = 4: the CPU is off line; name it in machine.online, or ",
        "bring it on line with [[hotplug]]",
    ),
)]
#[case::ctx(
    r#"ctx = "softirq""#,
    r#"ctx = "softriq""#,
    concat!(
        r#"35:7: error: [[run]] 1: ctx = "softriq": no such context; did you mean 'softirq'? "#,
        "(there are: task, softirq, hardirq, nmi)",
    ),
)]
#[case::irqs_word(
    r#"irqs = "off"
times = 3"#,
    r#"irqs = "no""#,
    concat!(
        r#"36:8: error: [[run]] 1: irqs = "no": no such state of interrupts; did you mean 'on'? "#,
        "(there are: on, off)",
    ),
)]
#[case::irqs_on_in_nmi(
    r#"ctx = "nmi""#,
    r#"ctx = "nmi"
irqs = "on""#,
    concat!(
        r#"44:8: error: [[run]] 2: irqs = "on": entering nmi masks interrupts; remove it, or "#,
        r#"take ctx = "task" or "softirq""#,
    ),
)]
#[case::irqs_on_in_hardirq(
    r#"ctx = "softirq"
irqs = "off""#,
    r#"ctx = "hardirq"
irqs = "on""#,
    concat!(
        r#"36:8: error: [[run]] 1: irqs = "on": entering hardirq masks interrupts; remove it, "#,
        r#"or take ctx = "task" or "softirq""#,
    ),
)]
#[case::zero_times(
    "times = 3",
    "times = 0",
    "37:9: error: [[run]] 1: times = 0: out of range; write 1 to 4294967295"
)]
#[case::odd_hex(
    r#"data = "00ff 10""#,
    r#"data = "00f""#,
    concat!(
        r#"38:8: error: [[run]] 1: data = "00f": an odd number of hex digits; write two digits "#,
        "per byte",
    ),
)]
#[case::no_hex(
    r#"data = "00ff 10""#,
    r#"data = "0x00""#,
    concat!(
        r#"38:8: error: [[run]] 1: data = "0x00": not hex; write two hex digits per byte, as in "#,
        r#""00ff""#,
    ),
)]
#[case::one_table(
    r#"[[run]]
prog = "count"
cpu = 0
ctx = "softirq"
irqs = "off"
times = 3
data = "00ff 10"

[[run]]"#,
    "[run]",
    concat!(
        "32:1: error: run: a list of tables belongs here; write [[run]], once for each, ",
        "before what belongs to it",
    ),
)]
#[case::several_at_once(
    r#"cpu = 0
ctx = "softirq"
irqs = "off"
times = 3"#,
    r#"cpu = 7
ctx = "soft"
irqs = "out"
times = -3"#,
    concat!(
        "34:7: error: [[run]] 1: cpu = 7: no such CPU; possible are 0-1,4: name one of these, ",
        "or widen machine.possible",
        "\n",
        r#"35:7: error: [[run]] 1: ctx = "soft": no such context; write one of task, softirq, "#,
        "hardirq, nmi",
        "\n",
        r#"36:8: error: [[run]] 1: irqs = "out": no such state of interrupts; write one of on, "#,
        "off",
        "\n",
        "37:9: error: [[run]] 1: times = -3: out of range; write 1 to 4294967295",
    ),
)]
fn runs(#[case] from: &str, #[case] to: &str, #[case] said: &str) {
    says(from, to, said);
}
