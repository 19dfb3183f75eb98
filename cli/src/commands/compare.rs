//! `bpfsim compare`.

use crate::names;
use crate::report::{Failure, Outcome};
use crate::screen::Screen;
use bpfsim_maps::Series;

/// Put the designs side by side: what they add, what they answer, what can go wrong.
#[derive(Debug, Default, clap::Args)]
#[command(after_help = include_str!("help/compare.txt"))]
pub struct Args {
    /// A scenario, a compiled BPF program, or the name of a built-in one; the default scenario
    /// where it is left out.
    #[arg(value_name = "SCENARIO.toml|PROGRAM.o")]
    pub input: Option<String>,
    /// Only these series, in this order; `name` or `name@variant`.
    #[arg(long, value_name = "A,B", value_delimiter = ',', value_parser = names::series)]
    pub series: Vec<&'static Series>,
    /// Print JSON, `bpfsim.compare/1`.
    #[arg(long)]
    pub json: bool,
    /// Run the same race on this machine's kernel too, and print what it showed.
    #[arg(long)]
    pub measure: bool,
}

/// One table.
pub fn run(args: &Args, screen: &Screen) -> Outcome {
    let _ = screen.width;
    let what = args.input.as_deref().unwrap_or("default");
    Err(Failure::new(what, "compare is not there yet; see `bpfsim series diff`"))
}
