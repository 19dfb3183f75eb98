//! Tests of the reader: one good file, one change per row.

mod bad;
mod builtins;
mod canonical;
mod good;
mod mutants;

use super::{Parsed, Problems, Scenario, parse};

/// Every series that a file may name.
const SERIES: &[&str] = &["keyed", "ming-lei", "martin-lau", "merged", "f-cpu"];

/// A file with a bit of everything and no problem.
const GOOD: &str = include_str!("good.toml");

fn read(text: &str) -> Result<Parsed, Problems> {
    parse(text, "s.toml", SERIES)
}

fn good(text: &str) -> Scenario {
    match read(text) {
        Ok(parsed) => parsed.scenario,
        Err(problems) => panic!("{problems}"),
    }
}

/// `GOOD` with one change, which must apply once.
fn changed(from: &str, to: &str) -> String {
    assert_eq!(GOOD.matches(from).count(), 1, "{from:?} must occur once");
    GOOD.replace(from, to)
}

/// Errors and warnings as they are printed, without the file's name.
fn problems(text: &str) -> Vec<String> {
    let found = match read(text) {
        Ok(parsed) => parsed.warnings,
        Err(problems) => problems.0,
    };
    let strip = |line: String| line.strip_prefix("s.toml:").map(str::to_owned).unwrap_or(line);
    found.iter().map(|problem| strip(problem.to_string())).collect()
}
