//! Exit statuses, and what stands on standard error beside them.

mod run;

use rstest::rstest;
use run::{command, finish};
use std::fs;
use std::path::PathBuf;
use std::process::Stdio;

fn words(line: &str) -> Vec<&str> {
    line.split_whitespace().collect()
}

fn temporary(name: &str, text: &[u8]) -> String {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, text).expect("the folder for temporary files can be written");
    path.to_str().expect("text").to_owned()
}

#[rstest]
#[case::help("--help")]
#[case::version("--version")]
#[case::list("series list")]
#[case::abi("abi --kernel 3.18")]
#[case::scenario("scenario show nmi")]
#[case::names("scenario show --list")]
#[case::load("load sections.bpf.o --kernel 7.0")]
fn good_is_0_and_silent(#[case] line: &str) {
    let ran = finish(&mut command(&words(line)));
    assert_eq!((ran.status, ran.err.as_str()), (0, ""));
    assert!(ran.out.ends_with('\n'), "{:?}", ran.out);
}

/// Every command has a help with an example of itself.
#[rstest]
#[case::top("")]
#[case::compare("compare")]
#[case::explore("explore")]
#[case::replay("replay")]
#[case::claims("claims")]
#[case::series("series")]
#[case::series_list("series list")]
#[case::series_show("series show")]
#[case::series_diff("series diff")]
#[case::abi("abi")]
#[case::scenario("scenario")]
#[case::scenario_show("scenario show")]
#[case::scenario_check("scenario check")]
#[case::load("load")]
#[case::replay_calls("replay-calls")]
#[case::fuzz("fuzz")]
fn help_has_an_example(#[case] line: &str) {
    let mut args = words(line);
    args.push("--help");
    let ran = finish(&mut command(&args));
    assert_eq!((ran.status, ran.err.as_str()), (0, ""));
    let (_, examples) = ran.out.split_once("Example").expect("an example");
    assert!(examples.contains(format!("  bpfsim {line}").trim_end()), "{examples}");
    assert!(ran.out.lines().all(|line| line.chars().count() <= 80), "{}", ran.out);
}

#[rstest]
#[case::no_such_command("exlpore", "unrecognized subcommand 'exlpore'")]
#[case::no_such_option("series list --jsno", "unexpected argument '--jsno'")]
#[case::no_token("replay", "required arguments were not provided")]
#[case::no_such_series("series show mreged", "there is no such series")]
#[case::stable_release("abi --kernel 4.5.3", "write X.Y, as in 4.5 or v6.18")]
#[case::release_to_come("load x.o --kernel 9.9", "v3.18 to v7.2 are")]
#[case::no_such_struct("abi MAP_ELME", "MAP_ELME: no arm of union bpf_attr")]
#[case::near_struct("abi MAP_ELME", "did you mean 'MAP_ELEM'?")]
#[case::too_old("abi --kernel 4.5 bpf_map_info", "it came with v4.13; use --kernel v4.13")]
#[case::command_too_old("abi --kernel 4.5 BPF_BTF_LOAD", "it came with v4.18")]
#[case::no_such_scenario("scenario show nim", "did you mean 'nmi'?")]
#[case::no_such_file("load no/such.o", "no/such.o: cannot be read")]
#[case::no_object("load Cargo.toml", "Cargo.toml: not a BPF object")]
#[case::no_scenario("scenario check no.toml", "start from `bpfsim scenario show`")]
#[case::a_folder("scenario check src", "src: cannot be read")]
fn bad_is_2_and_says_why(#[case] line: &str, #[case] want: &str) {
    let ran = finish(command(&words(line)).current_dir(env!("CARGO_MANIFEST_DIR")));
    assert_eq!((ran.status, ran.out.as_str()), (2, ""));
    assert!(ran.err.starts_with("bpfsim: "), "{}", ran.err);
    assert!(ran.err.contains(want), "{}", ran.err);
}

/// Numbers that the release has given to something else, and the release before its series.
#[rstest]
#[cfg_attr(
    feature = "ming-lei",
    case::command(
        "abi --kernel 4.10 --series ming-lei",
        "command 8 (BPF_MAP_LOOKUP_ELEM_PERCPU) is BPF_PROG_ATTACH there"
    )
)]
#[cfg_attr(
    feature = "ming-lei",
    case::map_type(
        "load x.o --kernel 4.6 --series ming-lei",
        "map type 5 (BPF_MAP_TYPE_ARRAY_PERCPU) is BPF_MAP_TYPE_PERCPU_HASH there"
    )
)]
#[cfg_attr(
    feature = "f-cpu",
    case::too_old("abi --kernel 6.18 --series f-cpu", "f-cpu came with v7.0, v6.18 is older")
)]
#[case::unknown("abi --series none", "'none'")]
fn a_series_that_does_not_fit_is_2(#[case] line: &str, #[case] want: &str) {
    let ran = finish(&mut command(&words(line)));
    assert_eq!((ran.status, ran.out.as_str()), (2, ""));
    assert!(ran.err.contains(want), "{}", ran.err);
}

#[rstest]
#[case::newest("load count_merged.bpf.o", 0, "count (socket): accepted, 16 insns")]
#[case::first("load count_merged.bpf.o --kernel 4.6", 0, "accepted, 16 insns")]
#[case::no_map(
    "load count_merged.bpf.o --kernel 4.5",
    1,
    "v4.5 has no map type 6, BPF_MAP_TYPE_PERCPU_ARRAY came"
)]
#[case::no_program_type(
    "load sections.bpf.o --kernel 4.6",
    1,
    "in_tp (tp/sched/sched_switch): rejected: EINVAL (Invalid argument): v4.6 has no program type"
)]
#[case::log("load isa_v2.bpf.o --kernel 4.6", 1, "mix (socket): rejected: EINVAL")]
fn load_says_what_the_kernel_says(#[case] line: &str, #[case] status: i32, #[case] want: &str) {
    let ran = finish(&mut command(&words(line)));
    assert_eq!((ran.status, ran.err.as_str()), (status, ""));
    assert!(ran.out.contains(want), "{}", ran.out);
}

#[cfg(feature = "ming-lei")]
#[test]
fn a_series_own_helper_loads_under_it_alone() {
    let with = finish(&mut command(&["load", "count_ming_lei.bpf.o", "--series", "ming-lei"]));
    assert_eq!(with.status, 0);
    assert!(with.out.contains("call 27"), "{}", with.out);
    let without = finish(&mut command(&["load", "count_ming_lei.bpf.o", "--kernel", "4.5"]));
    assert_eq!(without.status, 1);
}

#[test]
fn what_is_not_modelled_is_3() {
    let ran = finish(&mut command(&["load", "refused_call.bpf.o"]));
    assert_eq!((ran.status, ran.out.as_str()), (3, ""));
    assert!(ran.err.starts_with("bpfsim: refused_call.bpf.o: not modelled: "), "{}", ran.err);
}

#[test]
fn a_file_goes_before_a_built_in_object_of_its_name() {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("shadow");
    fs::create_dir_all(&folder).expect("the folder for temporary files can be written");
    fs::write(folder.join("count_merged.bpf.o"), b"text").expect("it can be written");
    let ran = finish(command(&["load", "count_merged.bpf.o"]).current_dir(&folder));
    assert_eq!(ran.status, 2);
    assert!(ran.err.contains("not a BPF object"), "{}", ran.err);
}

/// Names no series, so that it is good in every build.
const SCENARIO: &str = r#"schema = "interleave/1"
name = "two-readers"

[machine]
possible = 2

[map.stats]
type = "percpu"
entries = 1
fields = [{ name = "packets", type = "u64" }]

[[thread]]
name = "reader"
cpu = 1
do = [{ lookup = "stats", key = 0, cpu = 0, into = "x" }]
"#;

#[test]
fn a_good_scenario_is_ok() {
    let path = temporary("good.toml", SCENARIO.as_bytes());
    let ran = finish(&mut command(&["scenario", "check", &path]));
    assert_eq!((ran.status, ran.err.as_str()), (0, ""));
    assert_eq!(ran.out, format!("{path}: ok, 0 warnings\n"));
}

#[test]
fn a_bad_scenario_names_its_lines() {
    let bad = SCENARIO.replace("possible = 2", "posible = 2");
    let line = 1 + bad.lines().position(|line| line.contains("posible")).expect("there") as u32;
    let path = temporary("bad.toml", bad.as_bytes());
    let ran = finish(&mut command(&["scenario", "check", &path]));
    assert_eq!((ran.status, ran.out.as_str()), (2, ""));
    assert!(ran.err.starts_with(&format!("{path}:{line}:")), "{}", ran.err);
    assert!(ran.err.contains(&format!("bpfsim: {path}: 1 error")), "{}", ran.err);
}

#[test]
fn bytes_that_are_no_text_are_said_to_be_none() {
    let path = temporary("bytes.toml", b"schema = \"\xff\"");
    let ran = finish(&mut command(&["scenario", "check", &path]));
    assert_eq!(ran.status, 2);
    assert!(ran.err.contains("not text: byte 10 is no UTF-8"), "{}", ran.err);
}

#[test]
fn a_dash_reads_standard_input() {
    let ran = finish(command(&["scenario", "check", "-"]).stdin(Stdio::null()));
    assert_eq!(ran.status, 2);
    assert!(ran.err.contains("'schema' is missing"), "{}", ran.err);
}
