//! `bpfsim claims`.

use crate::report::{Failure, Outcome};
use crate::screen::Screen;

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

/// The claims with their verdicts.
pub fn run(args: &Args, screen: &Screen) -> Outcome {
    let _ = screen.width;
    let what = args.id.as_deref().unwrap_or("claims");
    Err(Failure::new(what, "claims are not there yet; see `bpfsim series show`"))
}
