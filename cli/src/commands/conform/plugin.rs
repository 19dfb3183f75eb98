//! `bpfsim plugin`: the simulator as the side that answers `conform --plugin`.

use crate::kernel::KernelArgs;
use crate::report::{Failure, Outcome, Report};
use bpfsim_conform::Simulated;
use bpfsim_conform::wire::Server;
use std::io::{BufRead, Write, stdin, stdout};

/// Read calls and write answers, a line of JSON each: the other side of `conform --plugin`.
#[derive(Debug, clap::Args)]
#[command(after_help = include_str!("../help/plugin.txt"))]
pub struct Args {
    #[command(flatten)]
    kernel: KernelArgs,
}

/// Answers until its input ends.
pub fn run(args: &Args) -> Outcome {
    let chosen = args.kernel.choose()?;
    let mut server = Server::new(Simulated::new(chosen.profile, chosen.caps));
    for (number, line) in (1..).zip(stdin().lock().lines()) {
        let at = || format!("standard input:{number}");
        let line = line.map_err(|error| Failure::new(at(), error))?;
        let answer = server.answer(&line).map_err(|why| Failure::new(at(), why))?;
        let mut out = stdout().lock();
        writeln!(out, "{answer}")
            .and_then(|()| out.flush())
            .map_err(|error| Failure::new("standard output", error))?;
    }
    Ok(Report::good(String::new()))
}
