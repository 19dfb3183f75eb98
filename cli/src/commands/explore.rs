//! `bpfsim explore`.

use crate::report::{Failure, Outcome, Report, Status};
use crate::{names, subject};
use bpfsim_lab::explore;
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
pub fn run(args: &Args) -> Outcome {
    let loaded = subject::load(&args.scenario)?;
    let limit = args.limit.map(|limit| usize::try_from(limit).unwrap_or(usize::MAX));
    let options = explore::Options { series: args.series.clone(), kernel: None, limit };
    let files = |name: &str| loaded.file(name);
    let entries = explore::run(&loaded.scenario, &files, &options)
        .map_err(|error| Failure::new(&args.scenario, error))?;
    subject::runs_somewhere(&args.scenario, &loaded.scenario, &entries)?;
    let text = match args.json {
        true => format!("{:#}\n", explore::json(&loaded.scenario, &entries)),
        false => explore::text(&loaded.scenario, &entries),
    };
    let status = match explore::status(&entries) {
        0 => Status::Good,
        1 => Status::Violated,
        _ => Status::Unknown,
    };
    Ok(Report { text, notes: loaded.notes, status })
}
