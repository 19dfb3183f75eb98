//! `bpfsim replay-calls`: a trace of calls on another kernel.

use crate::report::{Failure, Outcome, Report, Status};
use crate::{input, names};
use bpfsim_abi::Release;
use bpfsim_maps::Series;
use bpfsim_syscall::Profile;
use bpfsim_trace::{BadTrace, Difference, Replayed, Trace, replay};
use serde_json::json;

/// Make the recorded calls of a program again, at any release, up to the first difference.
#[derive(Debug, clap::Args)]
#[command(after_help = include_str!("help/replay-calls.txt"))]
pub struct Args {
    /// A trace, `bpfsim.trace/1`; `-` for standard input.
    #[arg(value_name = "TRACE")]
    trace: String,
    /// The release; that of the trace where none is given.
    #[arg(long, value_name = "V", value_parser = names::release)]
    kernel: Option<Release>,
    /// A patch series on top of it; `name` or `name@variant`.
    #[arg(long, value_name = "S", value_parser = names::series)]
    series: Option<&'static Series>,
    /// Print JSON, `bpfsim.replay-calls/1`.
    #[arg(long)]
    json: bool,
}

/// Whether every call answers as it did.
pub fn run(args: &Args) -> Outcome {
    let way_out = "name a trace as `bpfsim run --record FILE` writes it";
    let text = input::text(&args.trace, None, way_out)?;
    let bad = |error: BadTrace| Failure(format!("{}:{}: {}", args.trace, error.line, error.what));
    let trace = Trace::parse(&text).map_err(bad)?;
    let mut profile = profile(args, &trace)?;
    trace.header.furnish(&mut profile).map_err(bad)?;
    let kernel = kernel_name(&profile);
    let replayed = replay(&trace, profile).map_err(bad)?;
    let text = match args.json {
        true => format!("{:#}\n", to_json(&trace, &kernel, &replayed)),
        false => to_text(&trace, &kernel, &replayed),
    };
    let status = match replayed {
        Replayed::Same(_) => Status::Good,
        Replayed::Different(_) => Status::Violated,
        Replayed::NotModelled { .. } => Status::Unknown,
    };
    Ok(Report { text, notes: String::new(), status })
}

/// What is asked for; where nothing is, what the trace was recorded on.
fn profile(args: &Args, trace: &Trace) -> Result<Profile, Failure> {
    let header = |error: String| Failure::new(format!("{}:1", args.trace), error);
    let recorded = || names::release(&trace.header.release).map_err(header);
    let asked = args.kernel.is_some() || args.series.is_some();
    let series = match (&trace.header.series, args.series) {
        (_, Some(series)) => Some(series),
        (Some(name), None) if !asked => Some(names::series(name).map_err(header)?),
        (Some(_) | None, None) => None,
    };
    let profile = match (series, args.kernel) {
        (Some(series), Some(kernel)) => Profile::with_series(series, Some(kernel)),
        (Some(series), None) if asked => Profile::with_series(series, None),
        (Some(series), None) => Profile::with_series(series, Some(recorded()?)),
        (None, Some(kernel)) => Profile::release(kernel),
        (None, None) => Profile::release(recorded()?),
    };
    profile.map_err(|error| Failure::new("--kernel", error))
}

/// `v4.5`, or `v4.5 with` the name of a series.
fn kernel_name(profile: &Profile) -> String {
    match profile.series.filter(|_| profile.overlay) {
        Some(series) => format!("{} with {}", profile.release, series.name),
        None => profile.release.to_string(),
    }
}

fn recorded_on(trace: &Trace) -> String {
    let release = trace.header.release.trim_start_matches('v');
    match &trace.header.series {
        Some(series) => format!("v{release} with {series}"),
        None => format!("v{release}"),
    }
}

fn to_text(trace: &Trace, kernel: &str, replayed: &Replayed) -> String {
    let recorded = recorded_on(trace);
    match replayed {
        Replayed::Same(calls) => {
            format!("{calls} calls, recorded on {recorded}: {kernel} answers the same\n")
        }
        Replayed::Different(Difference {
            call,
            line,
            name,
            field,
            recorded: was,
            replayed,
            cause,
        }) => {
            let width = recorded.len().max(kernel.len());
            let cause = cause.map_or_else(String::new, |id| format!(" ({id})"));
            format!(
                "call {call} (line {line}) {name}: {field}\n  recorded, {recorded:width$}  {was}\n  \
                 replayed, {kernel:width$}  {replayed}{cause}\n"
            )
        }
        Replayed::NotModelled { call, line, name, why } => {
            format!("call {call} (line {line}) {name}: not modelled at {kernel}: {why}\n")
        }
    }
}

fn to_json(trace: &Trace, kernel: &str, replayed: &Replayed) -> serde_json::Value {
    let (verdict, rest) = match replayed {
        Replayed::Same(calls) => ("same", json!({ "calls": calls })),
        Replayed::Different(d) => (
            "different",
            json!({
                "call": d.call, "line": d.line, "command": d.name, "field": d.field,
                "recorded": d.recorded, "replayed": d.replayed, "cause": d.cause,
            }),
        ),
        Replayed::NotModelled { call, line, name, why } => {
            ("not-modelled", json!({ "call": call, "line": line, "command": name, "why": why }))
        }
    };
    json!({
        "schema": "bpfsim.replay-calls/1",
        "recorded": recorded_on(trace),
        "kernel": kernel,
        "verdict": verdict,
        "detail": rest,
    })
}
