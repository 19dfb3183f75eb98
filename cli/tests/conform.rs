//! `bpfsim conform`: what it prints, how it ends, and who can be on the other side. `UPDATE=1
//! cargo test -p bpfsim --test conform` writes the golden outputs anew.

mod run;

use rstest::rstest;
use std::path::Path;

/// A few cases, from the folder of the crate.
const CASES: &str = "tests/data/three.case";

fn conform(args: &[&str]) -> run::Ran {
    let args: Vec<&str> = ["conform"].iter().chain(args).copied().collect();
    run::finish(run::command(&args).current_dir(env!("CARGO_MANIFEST_DIR")))
}

fn compare(name: &str, found: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, found).expect("the folder can be written");
    }
    let want = std::fs::read_to_string(&path).expect("UPDATE=1 writes it");
    assert_eq!(found, want, "{name} differs; UPDATE=1 writes it anew");
}

#[rstest]
#[case::text("conform.txt", &[])]
#[case::ktap("conform.ktap", &["--ktap"])]
#[case::json("conform.json", &["--json"])]
fn prints(#[case] golden: &str, #[case] form: &[&str]) {
    let args = [&["--kernel", "5.15", "--cases", CASES], form].concat();
    let ran = conform(&args);
    assert_eq!((ran.status, ran.err.as_str()), (1, ""));
    compare(golden, &ran.out);
}

#[test]
fn writes_junit_beside_the_text() {
    let path = std::env::temp_dir().join(format!("conform-{}.xml", std::process::id()));
    let file = path.to_str().expect("a plain path");
    let ran = conform(&["--kernel", "5.15", "--cases", CASES, "--junit", file]);
    let xml = std::fs::read_to_string(&path).expect("the file");
    std::fs::remove_file(&path).expect("the file");
    assert_eq!(ran.status, 1);
    compare("conform.xml", &xml);
}

#[test]
fn the_last_line_counts() {
    let ran = conform(&["--kernel", "6.18", "entry/size/union-of-6.18"]);
    assert_eq!(ran.status, 0, "{}", ran.out);
    assert_eq!(ran.out.lines().last(), Some("12 passed, 0 failed, 0 skipped"));
}

#[test]
fn lists_and_shows() {
    let list = conform(&["--list", "--cases", CASES]);
    assert_eq!(list.status, 0);
    assert_eq!(list.out.lines().next(), Some("tests/data/three/passes"));
    assert_eq!(list.out.lines().count(), 5);
    let show = conform(&["--show", "--cases", CASES, "passes"]);
    assert!(show.out.ends_with("MAP_DELETE_ELEM map_fd=nofd -> EBADF\n"), "{}", show.out);
}

#[rstest]
#[case::no_file(&["--cases", "nowhere.case"], "nowhere.case: cannot be read")]
#[case::no_case(&["no-such-case"], "no-such-case: no case has this in its name")]
#[case::no_program(&["--plugin", "/nowhere/at/all"], "--plugin /nowhere/at/all: cannot be started")]
#[case::silent(&["--plugin", "true"], "--plugin true: it has ended without an answer")]
#[case::two_targets(&["--native", "--kernel", "5.15"], "cannot be used with")]
#[case::two_forms(&["--json", "--ktap"], "cannot be used with")]
fn refuses(#[case] args: &[&str], #[case] why: &str) {
    let ran = conform(args);
    assert_eq!((ran.status, ran.out.as_str()), (2, ""));
    assert!(ran.err.contains(why), "{}", ran.err);
}

/// The simulator as its own plugin comes to the verdicts that it comes to by itself.
#[rstest]
#[case::as_is("5.15", "map_create/flags/array")]
#[case::memory("6.18", "elem/hash/")]
#[case::programs("6.18", "run/")]
fn the_simulator_is_a_plugin(#[case] kernel: &str, #[case] filter: &str) {
    let plugin = format!("{} plugin --kernel {kernel}", env!("CARGO_BIN_EXE_bpfsim"));
    let there = conform(&["--plugin", &plugin, filter]);
    let here = conform(&["--kernel", kernel, filter]);
    assert_eq!((there.status, here.status), (0, 0), "{}", there.out);
    assert_eq!(there.out.lines().last(), here.out.lines().last());
}

/// The example of the book: nothing fails, and hundreds of cases are no matter of skipping.
#[test]
fn the_example_of_the_book_answers() {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/examples/mini_bpf.py");
    let version = std::process::Command::new("python3").arg("--version").output();
    if !version.is_ok_and(|output| output.status.success()) {
        return eprintln!("skipped: there is no python3");
    }
    let ran = conform(&["--plugin", &format!("python3 {}", example.display())]);
    assert_eq!(ran.status, 0, "{}", ran.out);
    let last = ran.out.lines().last().expect("a line");
    let passed: usize = last.split(' ').next().and_then(|n| n.parse().ok()).expect("a number");
    assert!(passed >= 400, "{last}");
}
