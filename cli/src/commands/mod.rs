//! One file per command.

mod abi;
mod claims;
mod compare;
mod conform;
mod explain;
mod explore;
mod fuzz;
mod kernels;
mod load;
mod replay;
mod replay_calls;
mod run;
mod scenario;
mod series;

use crate::report::Outcome;
use crate::screen::Screen;
use clap::Subcommand;

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Put the designs side by side: what they add, what they answer, what can go wrong.
    Compare(compare::Args),
    /// Try every order of steps of a scenario, and class what the readers saw.
    Explore(explore::Args),
    /// Show one order of steps again, as a diagram.
    Replay(replay::Args),
    /// Test what was claimed in the thread of January 2016.
    Claims(claims::Args),
    /// List, show and diff the patch series.
    Series(series::Args),
    /// List the releases; show what one has, and what lies between two.
    Kernels(kernels::Args),
    /// Explain why a call of bpf(2) is refused.
    Explain(explain::Args),
    /// Show the layout of union bpf_attr, as pahole would.
    Abi(abi::Args),
    /// Print the scenarios that are built in, and check your own.
    Scenario(scenario::Args),
    /// Ask what a kernel answers, case by case.
    Conform(conform::Args),
    /// Answer the calls of `conform --plugin`.
    Plugin(conform::plugin::Args),
    /// Make calls of chance on the simulator and on the running kernel, and show what differs.
    Fuzz(fuzz::Args),
    /// Make the recorded calls of a program again, at any release, up to the first difference.
    ReplayCalls(replay_calls::Args),
    /// Load a BPF object, and print the verifier's log as the kernel would.
    Load(load::Args),
    /// Run a program on a simulated kernel, as it is.
    Run(run::Args),
}

impl Default for Command {
    fn default() -> Self {
        Command::Compare(compare::Args::default())
    }
}

/// Runs a command to its end.
pub fn run(command: &Command, screen: &Screen) -> Outcome {
    match command {
        Command::Compare(args) => compare::run(args, screen),
        Command::Explore(args) => explore::run(args),
        Command::Replay(args) => replay::run(args, screen),
        Command::Claims(args) => claims::run(args, screen),
        Command::Series(args) => series::run(args, screen),
        Command::Kernels(args) => kernels::run(args, screen),
        Command::Explain(args) => explain::run(args, screen),
        Command::Abi(args) => abi::run(args),
        Command::Scenario(args) => scenario::run(args),
        Command::Conform(args) => conform::run(args),
        Command::Plugin(args) => conform::plugin::run(args),
        Command::Fuzz(args) => fuzz::run(args),
        Command::ReplayCalls(args) => replay_calls::run(args),
        Command::Load(args) => load::run(args, screen),
        Command::Run(args) => run::run(args),
    }
}
