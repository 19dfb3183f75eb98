//! `bpfsim explore`.

use crate::names;
use crate::report::{Failure, Outcome};
use crate::screen::Screen;
use bpfsim_maps::Series;

/// Try every order of steps of a scenario, and class what the readers saw.
#[derive(Debug, clap::Args)]
#[command(after_help = include_str!("help/explore.txt"))]
pub struct Args {
    /// A scenario file, or the name of a built-in one.
    #[arg(value_name = "SCENARIO")]
    pub scenario: String,
    /// Only these series; `name` or `name@variant`.
    #[arg(long, value_name = "S", value_delimiter = ',', value_parser = names::series)]
    pub series: Vec<&'static Series>,
    /// Print JSON, `bpfsim.explore/1`.
    #[arg(long)]
    pub json: bool,
    /// Stop after this many states, with exit status 3.
    #[arg(long, value_name = "N")]
    pub limit: Option<u64>,
}

/// The classes of each series, with witnesses.
pub fn run(args: &Args, screen: &Screen) -> Outcome {
    let _ = screen.width;
    Err(Failure::new(&args.scenario, "explore is not there yet; see `bpfsim scenario check`"))
}
