//! Random calls on the simulator and on the live kernel: same answers, same memory.
//!
//! The sequences are fixed by a seed; a failure prints the calls as a conformance case, as few as
//! were found to show it.

use bpfsim_fuzz::{Options, Outcome, World, against, alone, case};
use bpfsim_host::{LiveMachine, Native, Skipped};
use bpfsim_sim::{CpuList, Topology};
use bpfsim_syscall::Profile;
use bpfsim_tests::world::{BOTH, is_both, profile, skipped};
use rstest::rstest;

/// `BPF_MAP_TYPE_*` of maps that hold data by themselves: HASH, ARRAY, PERCPU_HASH, PERCPU_ARRAY,
/// STACK_TRACE, LRU_HASH, LRU_PERCPU_HASH, LPM_TRIE, QUEUE, STACK, RINGBUF, BLOOM_FILTER,
/// USER_RINGBUF.
const HOLD_DATA: [u32; 13] = [1, 2, 5, 6, 7, 9, 10, 11, 22, 23, 27, 30, 31];

fn options(seed: u64, calls: u64, world: World) -> Options {
    Options { calls, seed, length: 48, world, shrink: true, budget: 2000 }
}

fn complain(outcome: &Outcome) {
    for finding in &outcome.findings {
        let text = match &finding.difference {
            Some(difference) => {
                let source = format!("seed {} sequence {}", finding.seed, finding.sequence);
                case("found", &source, &finding.steps, difference).to_string()
            }
            None => format!("{:#?}", finding.steps),
        };
        eprintln!("{} ({} times)\n{text}", finding.what, finding.count);
    }
    assert!(outcome.findings.is_empty(), "{} classes of findings", outcome.findings.len());
}

/// The live kernel as a machine, with the CPUs that it has.
fn live() -> Result<(LiveMachine, Profile), Skipped> {
    is_both()?;
    let native = Native::probe()?;
    let mut machine = LiveMachine::new(&native)?;
    // Without them a few calls are not made, which is no reason to make none.
    machine.with_pins().ok();
    let mut profile = profile(&BOTH.to_string());
    let possible = CpuList::of(native.possible().iter().copied());
    profile.cpus = Topology { possible: possible.clone(), online: possible };
    Ok((machine, profile))
}

#[rstest]
fn random_calls_agree(#[values(1, 2, 3)] seed: u64) {
    let (mut machine, profile) = match live() {
        Ok(both) => both,
        Err(why) => return skipped(&why),
    };
    let cpus = profile.cpus.possible.len() as u32;
    let world = World {
        cpus,
        pins: machine.pins(),
        types: HOLD_DATA.iter().fold(0, |bits, number| bits | 1 << number),
    };
    let outcome = against(&options(seed, 3000, world), &profile, &mut machine);
    complain(&outcome);
    // A sequence of nothing but errors would say little.
    let tally = &outcome.tally;
    let (calls, succeeded) = (tally.calls, tally.succeeded);
    assert!(succeeded > calls / 5, "{succeeded} of {calls} calls succeeded");
    assert!(tally.skipped.is_empty(), "{:?}", tally.skipped);
}

/// No panic, no object left over, the same answers twice; releases from every age of bpf(2).
#[rstest]
fn random_calls_break_nothing(
    #[values("3.18", "3.19", "4.4", "4.6", "4.14", "5.2", "5.8", "5.16", "6.5", "7.2")]
    release: &str,
) {
    let world = World { cpus: 3, pins: true, types: World::ALL };
    complain(&alone(&options(7, 2000, world), &profile(release)));
}
