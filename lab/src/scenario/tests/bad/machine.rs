//! Bad files: machine and hotplug. One change to the good file per row, and every problem.

use super::says;
use rstest::rstest;

#[rstest]
#[case::unknown_key(
    "possible =",
    "posible =",
    concat!(
        "6:1: error: [machine]: 'posible' is no key here; did you mean 'possible'? (there ",
        "are: online, possible, preempt)",
    ),
)]
#[case::far_key(
    "online = [0, 1]",
    r#"online = [0, 1]
colour = 1"#,
    "8:1: error: [machine]: 'colour' is no key here; write one of online, possible, preempt"
)]
#[case::no_cpu(
    r#""0-1,4""#,
    "0",
    "6:12: error: [machine]: possible = 0: out of range; write 1 to 8192"
)]
#[case::no_cpulist(
    r#""0-1,4""#,
    r#""0-""#,
    concat!(
        r#"6:12: error: [machine]: possible = "0-": no list of CPUs; write ranges below 8192, "#,
        r#"as in "0-3,8""#,
    ),
)]
#[case::cpu_twice(
    "online = [0, 1]",
    "online = [0, 0]",
    "7:10: error: [machine]: online = [0, 0]: CPU 0 twice; name each CPU once"
)]
#[case::not_possible(
    "online = [0, 1]",
    "online = [0, 2]",
    concat!(
        "7:10: error: [machine]: online = [0, 2]: CPU 2 is not possible; possible are 0-1,4; ",
        "leave it out, or widen possible",
    ),
)]
#[case::kind(
    r#""0-1,4""#,
    "true",
    concat!(
        "6:12: error: [machine]: possible = true: no set of CPUs; write a number, a list as ",
        r#"[0, 2], or "0-3,8""#,
    ),
)]
#[case::preempt(
    "online = [0, 1]",
    r#"online = [0, 1]
preempt = "ful""#,
    concat!(
        r#"8:11: error: [machine]: preempt = "ful": no such preemption; did you mean 'full'? "#,
        "(there are: none, voluntary, full)",
    ),
)]
#[case::hotplug_of_no_cpu(
    r#"cpu = 4
do = "online""#,
    r#"cpu = 3
do = "online""#,
    concat!(
        "95:7: error: [[hotplug]] 1: cpu = 3: no such CPU; possible are 0-1,4: name one of ",
        "these, or widen machine.possible",
    ),
)]
#[case::hotplug_word(
    r#"do = "online""#,
    r#"do = "onlin""#,
    concat!(
        r#"96:6: error: [[hotplug]] 1: do = "onlin": no such thing to do with a CPU; did you "#,
        "mean 'online'? (there are: offline, online)",
    ),
)]
#[case::hotplug_already(
    r#"cpu = 4
do = "online""#,
    r#"cpu = 0
do = "online""#,
    concat!(
        r#"96:6: error: [[hotplug]] 1: do = "online": CPU 0 is on line already; take it off "#,
        "line first",
    ),
)]
#[case::hotplug_twice_off(
    r#"do = "online""#,
    r#"do = "offline""#,
    concat!(
        r#"96:6: error: [[hotplug]] 1: do = "offline": CPU 4 is off line already; bring it on "#,
        "line first",
    ),
)]
#[case::hotplug_moment(
    r#"do = "online""#,
    r#"do = "online"
at = "once""#,
    r#"97:6: error: [[hotplug]] 1: at = "once": no such moment; write any"#
)]
#[case::hotplug_is_a_table(
    "[[hotplug]]",
    "[hotplug]",
    concat!(
        "94:1: error: hotplug: a list of tables belongs here; write [[hotplug]], once for ",
        "each, before what belongs to it",
    ),
)]
#[case::hotplug_without_cpu(
    r#"cpu = 4
do = "online""#,
    r#"do = "online""#,
    "94:1: error: [[hotplug]] 1: 'cpu' is missing; write cpu = N"
)]
fn machine(#[case] from: &str, #[case] to: &str, #[case] said: &str) {
    says(from, to, said);
}
