//! The `bpfsim` command: one file per command in `commands`, nothing else of weight here.
//!
//! ```text
//! arguments --clap--> Command --run--> Report (all text, a status) --write once--> stdout, stderr
//!                                  \-> Failure ("FILE: what, value, way out") ---> stderr, status 2
//! ```
#![forbid(unsafe_code)]

mod commands;
mod input;
mod kernel;
mod names;
mod report;
mod screen;
mod subject;
mod text;

use clap::Parser;
use std::process::ExitCode;

/// bpf(2) in userspace, at any kernel version, on CPUs you control.
///
/// Without a command it compares the designs for per-CPU maps on the default scenario.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100, after_help = include_str!("commands/help/bpfsim.txt"))]
struct Cli {
    #[command(subcommand)]
    command: Option<commands::Command>,
}

fn main() -> ExitCode {
    let outcome = match Cli::try_parse() {
        Ok(cli) => {
            let command = cli.command.unwrap_or_default();
            commands::run(&command, &screen::Screen::detect())
        }
        Err(error) => report::of_clap(&error),
    };
    report::finish(outcome)
}
