//! The README shows what the command prints: every line of its two pictures is a line of today's.

use std::process::Command;

fn output(args: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bpfsim"));
    let output = command.args(args).env_remove("COLUMNS").output().expect("it starts");
    assert!(output.status.success(), "{args:?}");
    String::from_utf8(output.stdout).expect("text")
}

/// The fenced blocks of the README.
fn blocks() -> Vec<Vec<&'static str>> {
    let readme = include_str!("../../README.md");
    let parts = readme.split("```").skip(1).step_by(2);
    parts.map(|block| block.trim_matches('\n').lines().collect()).collect()
}

#[test]
fn shows_the_comparison_of_today() {
    if !all_series() {
        return;
    }
    let found = output(&["compare"]);
    let lines: Vec<&str> = found.lines().collect();
    for line in &blocks()[0] {
        assert!(lines.contains(line), "compare does not print: {line}");
    }
}

#[test]
fn shows_the_witness_of_today() {
    if !all_series() {
        return;
    }
    let block = &blocks()[1];
    let token = block.iter().find_map(|line| line.strip_prefix("replay ")).expect("a token");
    let found = output(&["replay", token]);
    assert_eq!(found.trim_end().lines().collect::<Vec<_>>(), *block);
}

/// The pictures need every design.
fn all_series() -> bool {
    bpfsim_maps::percpu::NAMES.iter().all(|name| bpfsim_maps::percpu::by_name(name).is_some())
}
