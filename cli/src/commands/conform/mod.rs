//! `bpfsim conform`: the conformance cases on the simulator, the live kernel, or a plugin.

mod asm;
mod child;
pub mod plugin;

use crate::input;
use crate::kernel::KernelArgs;
use crate::report::{Failure, Outcome, Report, Status};
use bpfsim_conform::report::{json, junit, ktap, text, totals};
use bpfsim_conform::wire::Plugin;
use bpfsim_conform::{Simulated, Suite, Target};
use bpfsim_host::Live;

/// Ask what a kernel answers, case by case: the simulator at any release, this machine's kernel,
/// or another implementation.
#[derive(Debug, clap::Args)]
#[command(after_help = include_str!("../help/conform.txt"))]
pub struct Args {
    #[command(flatten)]
    kernel: KernelArgs,
    /// Ask this machine's kernel; nothing is attached or pinned.
    #[arg(long, conflicts_with_all = ["kernel", "series", "cpus", "plugin"])]
    native: bool,
    /// Ask a program that reads calls and writes answers, a line of JSON each.
    #[arg(long, value_name = "CMD", conflicts_with_all = ["kernel", "series", "cpus"])]
    plugin: Option<String>,
    /// Print KTAP, version 1.
    #[arg(long, conflicts_with = "json")]
    ktap: bool,
    /// Write JUnit XML to a file as well.
    #[arg(long, value_name = "FILE")]
    junit: Option<String>,
    /// Print JSON, `bpfsim.conform/1`.
    #[arg(long)]
    json: bool,
    /// Print the names of the cases, and run none.
    #[arg(long)]
    list: bool,
    /// Print the cases themselves, in plain form, and run none.
    #[arg(long, conflicts_with = "list")]
    show: bool,
    /// Cases of this file instead of those that are built in; may be given again.
    #[arg(long, value_name = "FILE")]
    cases: Vec<String>,
    /// Only cases with this in their names.
    #[arg(value_name = "FILTER")]
    filter: Option<String>,
}

/// The verdicts. Status 1 when a case failed.
pub fn run(args: &Args) -> Outcome {
    let suite = suite(args)?;
    if args.list {
        let ids = suite.cases().map(|named| format!("{}\n", named.id));
        return Ok(Report::good(ids.collect()));
    }
    if args.show {
        let cases: Vec<_> = suite.cases().map(|named| named.case.to_string()).collect();
        return Ok(Report::good(cases.join("\n")));
    }
    let mut target: Box<dyn Target> = match (&args.plugin, args.native) {
        (Some(command), _) => Box::new(greet(command)?),
        (None, true) => Box::new(Live::probe().map_err(|e| Failure::new("--native", e.reason))?),
        (None, false) => {
            let chosen = args.kernel.choose()?;
            Box::new(Simulated::new(chosen.profile, chosen.caps))
        }
    };
    let outcomes = suite.run(target.as_mut(), &asm::Lab);
    let name = target.name();
    if let Some(path) = &args.junit {
        std::fs::write(path, junit(&name, &outcomes))
            .map_err(|error| Failure::new(path, format!("cannot be written: {error}")))?;
    }
    let text = match (args.json, args.ktap) {
        (true, _) => format!("{:#}\n", json(&name, &outcomes)),
        (false, true) => ktap(&name, &outcomes),
        (false, false) => text(&name, &outcomes),
    };
    let failed = totals(&outcomes).failed > 0;
    let status = if failed { Status::Violated } else { Status::Good };
    Ok(Report { text, notes: String::new(), status })
}

fn suite(args: &Args) -> Result<Suite, Failure> {
    let problem = |problem: bpfsim_conform::Problem| Failure(problem.to_string());
    let mut suite = match args.cases.is_empty() {
        true => Suite::builtin().map_err(problem)?,
        false => Suite::default(),
    };
    for path in &args.cases {
        let text = input::text(path, None, "name a file of cases; the book shows the format")?;
        suite.add(path, &text).map_err(problem)?;
    }
    if let Some(filter) = &args.filter {
        suite.keep(filter);
        if suite.cases().next().is_none() {
            let what = "no case has this in its name; --list without a filter prints all names";
            return Err(Failure::new(filter, what));
        }
    }
    Ok(suite)
}

fn greet(command: &str) -> Result<Plugin<child::Child>, Failure> {
    let failure = |why: String| Failure::new(format!("--plugin {command}"), why);
    Plugin::greet(child::Child::start(command).map_err(failure)?).map_err(failure)
}
