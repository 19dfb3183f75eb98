//! `bpfsim compare`.

use crate::report::{Failure, Outcome, Report, Status};
use crate::screen::Screen;
use crate::{names, subject};
use bpfsim_host::measure::{Measurement, Options, measure};
use bpfsim_lab::compare::{Comparison, compare, json, text};
use bpfsim_lab::explore::series_named;
use bpfsim_maps::Series;
use serde_json::{Value, json};

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

/// One table; beside it what this machine's kernel showed.
pub fn run(args: &Args, screen: &Screen) -> Outcome {
    let input = args.input.as_deref().unwrap_or("default");
    let loaded = subject::load(input)?;
    let series = match args.series.as_slice() {
        [] => series_named(&[]).map_err(|error| Failure::new(input, error))?,
        some => some.to_vec(),
    };
    if series.is_empty() {
        return Err(Failure::new(input, "this build has no series; build it with their features"));
    }
    let files = |name: &str| loaded.file(name);
    let found = compare(&loaded.scenario, &files, &series);
    let measured = args.measure.then(|| measure(&measure_options(&found)));
    let text = match args.json {
        true => {
            let mut document = json(&found);
            if let Some(measured) = &measured {
                document["measured"] = match measured {
                    Ok(measured) => measured_json(measured),
                    Err(skipped) => json!({ "skipped": skipped.reason }),
                };
            }
            format!("{document:#}\n")
        }
        false => {
            let mut out = text(&found, screen.table);
            match &measured {
                Some(Ok(measured)) => out += &format!("\nOn this machine's kernel:\n{measured}"),
                Some(Err(skipped)) => out += &format!("\nNot measured: {}\n", skipped.reason),
                None => {}
            }
            out
        }
    };
    let status = if found.complete { Status::Good } else { Status::Unknown };
    Ok(Report { text, notes: loaded.notes, status })
}

/// Which designs each reader of the live race stands for: those that send interrupts to read all
/// CPUs copy on the owner's CPU.
fn measure_options(found: &Comparison) -> Options {
    let ipis = found.rows.iter().find(|row| row.id == "read.ipis");
    let sends = |column: usize| {
        ipis.is_some_and(|row| row.cells[column].data.as_u64().is_some_and(|ipis| ipis > 0))
    };
    let named = |sending: bool| {
        let columns = found.series.iter().enumerate();
        let names = columns.filter(|(column, _)| sends(*column) == sending);
        names.map(|(_, series)| series.label().to_owned()).collect()
    };
    Options { word_copy: named(false), ipi_copy: named(true), ..Options::default() }
}

fn measured_json(measured: &Measurement) -> Value {
    let rows = measured.rows.iter().map(|row| {
        json!({
            "reader": row.reader,
            "series": row.series,
            "gap": row.gap,
            "reads": row.reads,
            "idle": row.idle,
            "whole": row.whole,
            "mid-update": row.mid_update,
            "mixed": row.mixed,
        })
    });
    json!({
        "kernel": measured.kernel,
        "machine": measured.machine,
        "rows": rows.collect::<Vec<_>>(),
    })
}
