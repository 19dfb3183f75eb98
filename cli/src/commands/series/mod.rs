//! `bpfsim series`: what is known about the patch series.

mod describe;
mod diff;
mod list;
mod show;

use crate::names;
use crate::report::{Outcome, Report};
use crate::screen::Screen;
use bpfsim_maps::Series;
use clap::Subcommand;

/// List, show and diff the patch series.
#[derive(Debug, clap::Args)]
#[command(after_help = include_str!("../help/series.txt"))]
pub struct Args {
    #[command(subcommand)]
    verb: Option<Verb>,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List every series of this build (what `series` alone does).
    #[command(after_help = include_str!("../help/series-list.txt"))]
    List,
    /// Show what one adds to the ABI, with numbers, and what is known about it.
    #[command(after_help = include_str!("../help/series-show.txt"))]
    Show {
        /// `name` or `name@variant`.
        #[arg(value_name = "NAME", value_parser = names::series)]
        name: &'static Series,
    },
    /// Show two side by side, like a patch: what A has and B has not, and the reverse.
    #[command(after_help = include_str!("../help/series-diff.txt"))]
    Diff {
        /// The one on the left, `-`.
        #[arg(value_name = "A", value_parser = names::series)]
        a: &'static Series,
        /// The one on the right, `+`.
        #[arg(value_name = "B", value_parser = names::series)]
        b: &'static Series,
    },
}

/// One of the three.
pub fn run(args: &Args, screen: &Screen) -> Outcome {
    let text = match &args.verb {
        None | Some(Verb::List) => list::text(screen),
        Some(Verb::Show { name }) => show::text(name, screen),
        Some(Verb::Diff { a, b }) => diff::text(a, b, screen),
    };
    Ok(Report::good(text))
}
