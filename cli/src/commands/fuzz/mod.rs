//! `bpfsim fuzz`: the same calls of chance on the simulator and on the running kernel.

mod print;
mod record;

use crate::kernel::KernelArgs;
use crate::names;
use crate::report::{Failure, Outcome, Report, Status};
use bpfsim_abi::{Release, map_type};
use bpfsim_fuzz::{self as fuzz, Options, World};
use bpfsim_host::{LiveMachine, Native, Skipped};
use bpfsim_sim::{CpuList, Topology};
use bpfsim_syscall::Profile;

/// Make calls of chance on the simulator and on the running kernel, and show what differs.
#[derive(Debug, clap::Args)]
#[command(after_help = include_str!("../help/fuzz.txt"))]
pub struct Args {
    /// How many calls, at least.
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    calls: u64,
    /// Where chance starts; the same seed makes the same calls.
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// So many seeds, counted up from the first; the calls are shared out.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    seeds: u64,
    /// Only maps of these types, as in HASH,LPM_TRIE.
    #[arg(long, value_name = "T", value_delimiter = ',', value_parser = map_type)]
    types: Vec<u32>,
    /// Make each finding as small as can be.
    #[arg(long)]
    shrink: bool,
    /// Ask the simulator only: no panic, nothing left over, the same answers twice.
    #[arg(long)]
    only_simulator: bool,
    /// Write the first calls of the simulator as a trace, `bpfsim.trace/1`.
    #[arg(long, value_name = "FILE", requires = "only_simulator")]
    record: Option<String>,
    /// Print JSON, `bpfsim.fuzz/1`.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    kernel: KernelArgs,
}

/// Reads `HASH` or `BPF_MAP_TYPE_HASH`, for clap.
fn map_type(text: &str) -> Result<u32, String> {
    const PREFIX: &str = "BPF_MAP_TYPE_";
    let bare = |name: &'static str| name.strip_prefix(PREFIX).unwrap_or(name);
    let wanted = text.strip_prefix(PREFIX).unwrap_or(text);
    let found = map_type::ALL.iter().find(|entry| bare(entry.name) == wanted);
    found.map(|entry| entry.number).ok_or_else(|| {
        let known: Vec<&str> = map_type::ALL.iter().map(|entry| bare(entry.name)).collect();
        format!("there is no such map type; {}", names::way_out(text, &known))
    })
}

/// The types as bits; all where none is named.
fn types(args: &Args) -> u64 {
    match args.types.as_slice() {
        [] => World::ALL,
        types => types.iter().fold(0, |bits, number| bits | 1 << number),
    }
}

/// Steps of one sequence.
const LENGTH: u32 = 48;
/// Trials to make one finding small.
const BUDGET: u32 = 3000;

/// What was found, by class.
pub fn run(args: &Args) -> Outcome {
    let mut chosen = args.kernel.choose()?;
    if args.only_simulator {
        return alone(args, &chosen.profile);
    }
    let (native, release) = match live() {
        Ok(both) => both,
        Err(skipped) => return cannot(args, &skipped),
    };
    if args.kernel.kernel.is_none() && args.kernel.overlay.is_empty() {
        chosen.profile =
            Profile::release(release).map_err(|error| Failure::new("the running kernel", error))?;
    }
    if chosen.profile.release != release || chosen.profile.overlay {
        let what = format!(
            "the running kernel is a {release}; leave --kernel and --series out, or ask the \
             simulator only (--only-simulator)"
        );
        return Err(Failure::new("--kernel", what));
    }
    let possible = CpuList::of(native.possible().iter().copied());
    chosen.profile.cpus = Topology { possible: possible.clone(), online: possible };
    against(args, &chosen.profile, &native)
}

fn against(args: &Args, profile: &Profile, native: &Native) -> Outcome {
    let mut live = match LiveMachine::new(native) {
        Ok(live) => live,
        Err(skipped) => return cannot(args, &skipped),
    };
    let mut notes = String::new();
    if let Err(skipped) = live.with_pins() {
        notes = format!("{skipped}; BPF_OBJ_PIN and BPF_OBJ_GET are left out\n");
    }
    let world =
        World { cpus: native.possible().len() as u32, pins: live.pins(), types: types(args) };
    let mut outcomes = Vec::new();
    for options in options(args, world) {
        outcomes.push((options, fuzz::against(&options, profile, &mut live)));
    }
    Ok(report(args, profile, &outcomes, notes))
}

fn alone(args: &Args, profile: &Profile) -> Outcome {
    let world = World { cpus: profile.cpus.possible.len() as u32, pins: true, types: types(args) };
    let mut outcomes = Vec::new();
    for options in options(args, world) {
        outcomes.push((options, fuzz::alone(&options, profile)));
    }
    if let Some(path) = &args.record {
        record::write(path, args.seed, args.calls, world, profile)?;
    }
    Ok(report(args, profile, &outcomes, String::new()))
}

/// The seeds, each with its share of the calls.
fn options(args: &Args, world: World) -> impl Iterator<Item = Options> {
    let calls = args.calls.div_ceil(args.seeds);
    let (first, shrink) = (args.seed, args.shrink);
    (0..args.seeds).map(move |index| Options {
        calls,
        seed: first.wrapping_add(index),
        length: LENGTH,
        world,
        shrink,
        budget: BUDGET,
    })
}

fn report(
    args: &Args,
    profile: &Profile,
    outcomes: &[(Options, fuzz::Outcome)],
    notes: String,
) -> Report {
    let found = outcomes.iter().any(|(_, outcome)| !outcome.findings.is_empty());
    let text = match args.json {
        true => format!("{:#}\n", print::json(profile, !args.only_simulator, outcomes)),
        false => print::text(profile, !args.only_simulator, outcomes),
    };
    let status = if found { Status::Violated } else { Status::Good };
    Report { text, notes, status }
}

/// The running kernel, and which release it is.
fn live() -> Result<(Native, Release), Skipped> {
    let path = "/proc/sys/kernel/osrelease";
    let text = std::fs::read_to_string(path).map_err(|e| Skipped::new(format!("{path}: {e}")))?;
    let mut numbers = text.trim().split(['.', '-']).map(str::parse::<u8>);
    let release = match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => Release::new(major, minor),
        _ => return Err(Skipped::new(format!("{path}: '{}' is no release", text.trim()))),
    };
    Ok((Native::probe()?, release))
}

/// Nobody to compare with: that is said, never hidden.
fn cannot(args: &Args, skipped: &Skipped) -> Outcome {
    let notes = format!(
        "bpfsim fuzz: the running kernel cannot be asked: {}; with --only-simulator the simulator \
         is tested by itself\n",
        skipped.reason
    );
    let json = serde_json::json!({ "schema": "bpfsim.fuzz/1", "skipped": skipped.reason });
    let text = if args.json { format!("{json:#}\n") } else { String::new() };
    Ok(Report { text, notes, status: Status::Unknown })
}
