//! `bpfsim replay`.

use crate::names;
use crate::report::{Failure, Outcome};
use crate::screen::Screen;
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
    /// The scenario that the token was made from, where it is not built in.
    #[arg(long, value_name = "FILE")]
    pub scenario: Option<String>,
}

/// The diagram.
pub fn run(args: &Args, screen: &Screen) -> Outcome {
    let _ = screen.width;
    Err(Failure::new(&args.token, "replay is not there yet; see `bpfsim scenario show`"))
}
