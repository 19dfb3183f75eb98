//! `bpfsim claims`.

use crate::report::{Failure, Outcome, Report, Status};
use crate::screen::Screen;
use bpfsim_lab::claims;
use bpfsim_lab::experiment::builtin_files;

/// Test what was claimed in the thread of January 2016, each claim by an experiment.
#[derive(Debug, clap::Args)]
#[command(after_help = include_str!("help/claims.txt"))]
pub struct Args {
    /// Only this claim, as in A7 or M2.
    #[arg(value_name = "ID")]
    pub id: Option<String>,
    /// Print JSON, `bpfsim.claims/1`.
    #[arg(long)]
    pub json: bool,
}

/// The claims with their verdicts; of one, the whole story. Status 1 when an expectation is not
/// met.
pub fn run(args: &Args, screen: &Screen) -> Outcome {
    if let Some(id) = args.id.as_deref().filter(|id| claims::file(id).is_none()) {
        let known: Vec<String> = claims::ids().collect();
        let what = format!("no such claim; there are {}", known.join(", "));
        return Err(Failure::new(id, what));
    }
    let results = claims::run(args.id.as_deref(), &builtin_files);
    let text = match (args.json, &args.id, results.first()) {
        (true, _, _) => format!("{:#}\n", claims::json(&results)),
        (false, Some(_), Some(result)) => claims::story(result, &builtin_files, screen.width),
        (false, _, _) => claims::table(&results, screen.width),
    };
    let unmet = results.iter().flat_map(|result| {
        result.unmet.iter().map(|unmet| format!("{}: not met: {unmet}\n", result.id))
    });
    let status = if claims::status(&results) == 0 { Status::Good } else { Status::Violated };
    Ok(Report { text, notes: unmet.collect(), status })
}
