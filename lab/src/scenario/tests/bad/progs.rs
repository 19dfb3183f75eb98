//! Bad files: programs. One change to the good file per row, and every problem.

use super::says;
use rstest::rstest;

#[rstest]
#[case::no_body(
    r#"[prog.count.for."martin-lau@v1"]"#,
    "[prog.other]",
    concat!(
        r#"30:1: error: [prog.other]: the program has no body; write asm = """...""" or object "#,
        r#"= "FILE.o""#,
    ),
)]
#[case::two_bodies(
    r#"object = "a.bpf.o""#,
    r#"object = "a.bpf.o"
asm = "exit""#,
    concat!(
        r#"27:10: error: [prog.count] for ming-lei: object = "a.bpf.o": beside asm; keep one of "#,
        "the two",
    ),
)]
#[case::program_of_nothing(
    r#"object = "a.bpf.o"
"#,
    "",
    concat!(
        r#"27:11: error: [prog.count] for ming-lei: program = "count": names a program of an "#,
        r#"object file; write object = "FILE.o", or remove it"#,
    ),
)]
#[case::empty_asm(
    r#"object = "a.bpf.o"
program = "count""#,
    r#"asm = """#,
    concat!(
        r#"27:7: error: [prog.count] for ming-lei: asm = "": the string is empty; write "#,
        "something, or leave the key out",
    ),
)]
#[case::key(
    r#"object = "a.bpf.o""#,
    r#"objct = "a.bpf.o""#,
    concat!(
        "27:1: error: [prog.count] for ming-lei: 'objct' is no key here; did you mean ",
        "'object'? (there are: asm, object, program)",
        "\n",
        r#"28:11: error: [prog.count] for ming-lei: program = "count": names a program of an "#,
        r#"object file; write object = "FILE.o", or remove it"#,
    ),
)]
#[case::kind(
    r#"object = "a.bpf.o"
program = "count"
"#,
    r#"
[prog.x]
type = "kprob"
asm = "exit"
"#,
    r#"29:8: error: [prog.x]: type = "kprob": no such program type; did you mean 'kprobe'?"#
)]
#[case::series(
    "[prog.count.for.ming-lei]",
    "[prog.count.for.ming-li]",
    concat!(
        "26:17: error: [prog.count]: no series 'ming-li'; did you mean 'ming-lei'? (there ",
        "are: keyed, ming-lei, martin-lau, merged, f-cpu)",
    ),
)]
#[case::unused(
    "[prog.count.for.ming-lei]",
    "[prog.other]",
    "26:7: warning: [prog.other]: nothing runs it; write a [[run]], or remove it"
)]
#[case::lacks_a_body(
    r#"[prog.count]
asm"#,
    r#"[prog.count.for.merged]
asm"#,
    concat!(
        r#"33:8: error: [[run]] 1: prog = "count": the program has no body for martin-lau, "#,
        "f-cpu, keyed; write [prog.count.for.martin-lau] with asm or object; left empty, it ",
        "says that the series has no such program",
    ),
)]
#[case::context_of_its_type(
    r#"[prog.count]
"#,
    r#"[prog.count]
type = "socket_filter"
"#,
    concat!(
        r#"44:7: error: [[run]] 2: ctx = "nmi": a socket_filter program does not run in nmi; it "#,
        "runs in task and softirq; take one of these, or leave the type of 'count' out",
    ),
)]
fn progs(#[case] from: &str, #[case] to: &str, #[case] said: &str) {
    says(from, to, said);
}
