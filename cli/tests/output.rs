//! Colours, closed pipes, full disks, widths.

mod run;

use rstest::rstest;
use run::{command, finish};

const ESCAPE: char = '\u{1b}';

#[rstest]
#[case::pipe(&[], false)]
#[case::asked_for(&[("CLICOLOR_FORCE", "1")], true)]
#[case::no_color_wins(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], false)]
#[case::no_color(&[("NO_COLOR", "1")], false)]
fn colours_only_where_they_are_wanted(#[case] variables: &[(&str, &str)], #[case] coloured: bool) {
    let good = finish(command(&["abi"]).envs(variables.iter().copied()));
    assert_eq!(good.out.contains(ESCAPE), coloured);
    let bad = finish(command(&["abi", "nothing"]).envs(variables.iter().copied()));
    assert_eq!(bad.err.contains(ESCAPE), coloured);
    assert_eq!((good.status, bad.status), (0, 2));
}

#[test]
fn colours_change_no_column() {
    for args in [&["series", "list"][..], &["abi"], &["load", "count_merged.bpf.o"]] {
        let plain = finish(&mut command(args)).out;
        let coloured = finish(command(args).env("CLICOLOR_FORCE", "1")).out;
        assert_eq!(anstream::adapter::strip_str(&coloured).to_string(), plain);
    }
}

/// As behind `| head`: whoever has gone has read enough.
#[rstest]
#[case::good(&["abi"], 0)]
#[case::help(&["--help"], 0)]
#[case::violated(&["load", "isa_v2.bpf.o", "--kernel", "4.6"], 1)]
fn a_closed_pipe_is_no_error(#[case] args: &[&str], #[case] status: i32) {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let output = command(args)
        .stdout(writer)
        .stderr(std::process::Stdio::piped())
        .spawn()
        .and_then(|child| child.wait_with_output())
        .expect("the command runs");
    assert_eq!(output.status.code(), Some(status));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error() {
    let full = std::fs::File::options().write(true).open("/dev/full").expect("a device");
    let output = command(&["abi"]).stdout(full).output().expect("the command runs");
    assert_eq!(output.status.code(), Some(2));
    let err = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(err.starts_with("bpfsim: standard output: cannot be written"), "{err}");
}

#[rstest]
#[case::narrow("20", 80)]
#[case::wide("300", 100)]
#[case::nonsense("wide", 80)]
fn lines_have_80_to_100_columns(#[case] columns: &str, #[case] most: usize) {
    let names = finish(&mut command(&["series", "list"])).out;
    let Some(name) = names.lines().nth(3).and_then(|line| line.split(' ').next()) else {
        return;
    };
    let ran = finish(command(&["series", "diff", name, name]).env("COLUMNS", columns));
    let widest = ran.out.lines().map(|line| line.chars().count()).max();
    assert!(widest.is_some_and(|widest| widest <= most), "{}", ran.out);
    assert!(!ran.out.contains("\n- ") && !ran.out.contains("  + "), "{}", ran.out);
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    for args in [&["series", "list"][..], &["abi"], &["load", "sections.bpf.o"]] {
        let first = finish(&mut command(args)).out;
        assert_eq!(first, finish(&mut command(args)).out);
    }
}
