//! `bpfsim scenario`: the built-in ones, and a check of a file.

use crate::report::{Failure, Outcome, Report, Status, complaint};
use crate::text::counted;
use crate::{input, names, subject};
use bpfsim_lab::explore;
use bpfsim_lab::scenario::{Scenario, Severity, builtin, parse};
use bpfsim_maps::percpu;
use clap::Subcommand;
use std::path::{Path, PathBuf};

/// Print the scenarios that are built in, and check your own.
#[derive(Debug, clap::Args)]
#[command(after_help = include_str!("help/scenario.txt"))]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Print a built-in scenario, to read or to start a file of your own from.
    #[command(after_help = include_str!("help/scenario-show.txt"))]
    Show {
        /// Its name.
        #[arg(value_name = "NAME", default_value = "default")]
        name: String,
        /// List the names, with the question of each.
        #[arg(long, conflicts_with = "name")]
        list: bool,
    },
    /// Read a scenario file; print what is wrong with it, with line and way out.
    #[command(after_help = include_str!("help/scenario-check.txt"))]
    Check {
        /// The file; `-` reads standard input.
        #[arg(value_name = "FILE")]
        file: String,
    },
}

/// One of the two.
pub fn run(args: &Args) -> Outcome {
    match &args.verb {
        Verb::Show { list: true, .. } => Ok(Report::good(list())),
        Verb::Show { name, .. } => show(name),
        Verb::Check { file } => check(file),
    }
}

fn list() -> String {
    let widest = builtin::BUILTINS.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let mut text = String::new();
    for (name, source) in builtin::BUILTINS {
        let parsed = parse(source, name, percpu::NAMES).ok();
        let question = parsed.and_then(|parsed| parsed.scenario.question).unwrap_or_default();
        text += format!("{name:widest$}  {question}").trim_end();
        text.push('\n');
    }
    text
}

fn show(name: &str) -> Outcome {
    let text = builtin::builtin(name).ok_or_else(|| {
        let known: Vec<&str> = builtin::BUILTINS.iter().map(|(name, _)| *name).collect();
        let way_out = names::way_out(name, &known);
        Failure::new(name, format!("no such scenario is built in; {way_out}"))
    })?;
    Ok(Report::good(text.to_owned()))
}

/// Errors and warnings go to standard error, a line each, as compilers print them.
fn check(file: &str) -> Outcome {
    let way_out = "name a scenario file, or start from `bpfsim scenario show`";
    let text = input::text(file, None, way_out)?;
    match parse(&text, file, percpu::NAMES) {
        Ok(parsed) => {
            programs(file, &parsed.scenario)?;
            let notes = parsed.warnings.iter().map(|warning| format!("{warning}\n")).collect();
            let warnings = counted(parsed.warnings.len(), "warning");
            let text = format!("{file}: ok, {warnings}\n");
            Ok(Report { text, notes, status: Status::Good })
        }
        Err(problems) => {
            let is_error = |severity| severity == Severity::Error;
            let errors = problems.0.iter().filter(|problem| is_error(problem.severity)).count();
            let warnings = counted(problems.0.len() - errors, "warning");
            let summary = format!("{file}: {}, {warnings}", counted(errors, "error"));
            let notes = format!("{problems}\n{}", complaint(&summary));
            Ok(Report { text: String::new(), notes, status: Status::Bad })
        }
    }
}

/// Verifies the programs under every series that the scenario explores, as `explore` would.
fn programs(file: &str, scenario: &Scenario) -> Result<(), Failure> {
    let directory = Path::new(file).parent().map_or_else(PathBuf::new, Path::to_owned);
    let files = |name: &str| subject::file(&directory, name);
    let options = explore::Options { limit: Some(1), ..explore::Options::default() };
    match explore::run(scenario, &files, &options) {
        Ok(entries) => subject::runs_somewhere(file, scenario, &entries),
        // Which series this build has says nothing about the file.
        Err(_) => Ok(()),
    }
}
