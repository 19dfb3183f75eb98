//! `bpfsim replay`.

use crate::report::{Failure, Outcome, Report};
use crate::screen::Screen;
use crate::{names, subject};
use bpfsim_lab::experiment::builtin_files;
use bpfsim_lab::replay::{ReplayError, Token, diagram, find_builtin, find_in, replay};
use bpfsim_maps::Series;

/// Show one order of steps again, as a diagram of 72 columns.
#[derive(Debug, clap::Args)]
#[command(after_help = include_str!("help/replay.txt"))]
pub struct Args {
    /// As printed beside a witness.
    #[arg(value_name = "TOKEN")]
    pub token: String,
    /// The same order under another design.
    #[arg(long, value_name = "S", value_parser = names::series)]
    pub series: Option<&'static Series>,
    /// The scenario or program that the token was made from, where it is not built in.
    #[arg(long, value_name = "FILE")]
    pub scenario: Option<String>,
}

/// The diagram. It has 72 columns whatever the screen: it is made to be quoted.
pub fn run(args: &Args, _: &Screen) -> Outcome {
    let bad = |error: ReplayError| Failure::new(&args.token, error);
    let token = Token::decode(&args.token).map_err(|error| bad(error.into()))?;
    let loaded = args.scenario.as_deref().map(subject::load).transpose()?;
    let scenario = match &loaded {
        None => find_builtin(token.scenario).map_err(bad)?,
        Some(loaded) => {
            let found = find_in(token.scenario, &loaded.scenario);
            found.unwrap_or_else(|| loaded.scenario.clone())
        }
    };
    let files = |name: &str| match &loaded {
        Some(loaded) => loaded.file(name),
        None => builtin_files(name),
    };
    let other = args.series.map(|series| series.name);
    let replay = replay(&token, &scenario, &files, other).map_err(bad)?;
    let notes = replay.warnings.iter().map(|warning| format!("warning: {warning}\n")).collect();
    Ok(Report { notes, ..Report::good(diagram(&replay)) })
}
