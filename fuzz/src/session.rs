//! Many sequences: the findings by class, the smallest of each.

use crate::compare::{Difference, Tally, compare};
use crate::machine::{Machine, Simulated};
use crate::make::{World, sequence};
use crate::player::{Player, Said, Seen};
use crate::random::Random;
use crate::shrink::shrink;
use crate::step::Step;
use bpfsim_syscall::Profile;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// How much is made of what.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Calls in all, at least.
    pub calls: u64,
    /// Where chance starts.
    pub seed: u64,
    /// Steps of one sequence.
    pub length: u32,
    /// What the machines have.
    pub world: World,
    /// Whether findings are made small.
    pub shrink: bool,
    /// Trials to make one finding small.
    pub budget: u32,
}

/// A class of sequences that fail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What it is, in one line.
    pub what: String,
    /// The seed, and the first sequence of that seed in which it was found.
    pub seed: u64,
    /// Counts from 0.
    pub sequence: u64,
    /// In how many sequences it was found.
    pub count: u64,
    /// The calls, as few as were found to do.
    pub steps: Vec<Step>,
    /// Where two machines differ; none for a panic or a broken rule.
    pub difference: Option<Difference>,
}

/// What came of it all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// What went by.
    pub tally: Tally,
    /// Sequences that were played.
    pub sequences: u64,
    /// By class.
    pub findings: Vec<Finding>,
}

/// What one sequence showed, if anything.
type Failed = (String, Option<Difference>);

/// The simulator against another machine.
pub fn against(options: &Options, profile: &Profile, other: &mut dyn Machine) -> Outcome {
    run(options, &mut |steps, tally| differs(profile, other, steps, tally))
}

/// The simulator by itself: no panic, nothing touched that is no memory, the same answers twice,
/// and nothing left when everything is closed.
pub fn alone(options: &Options, profile: &Profile) -> Outcome {
    run(options, &mut |steps, tally| breaks(profile, steps, tally))
}

type Try<'a> = dyn FnMut(&[Step], &mut Tally) -> Option<Failed> + 'a;

fn run(options: &Options, try_one: &mut Try<'_>) -> Outcome {
    let mut outcome = Outcome::default();
    let mut classes: BTreeMap<String, usize> = BTreeMap::new();
    let mut made = 0;
    while made < options.calls {
        let number = outcome.sequences;
        let random = Random::of(options.seed, number);
        let steps = sequence(random, options.world, options.length);
        made += steps.iter().filter(|step| matches!(step, Step::Call(_))).count() as u64;
        outcome.sequences += 1;
        let Some((what, difference)) = try_one(&steps, &mut outcome.tally) else { continue };
        if let Some(index) = classes.get(&what) {
            outcome.findings[*index].count += 1;
            continue;
        }
        classes.insert(what.clone(), outcome.findings.len());
        let (steps, difference) = small(options, steps, &what, difference, try_one);
        let (seed, sequence) = (options.seed, number);
        outcome.findings.push(Finding { what, seed, sequence, count: 1, steps, difference });
    }
    outcome
}

fn small(
    options: &Options,
    steps: Vec<Step>,
    what: &str,
    difference: Option<Difference>,
    try_one: &mut Try<'_>,
) -> (Vec<Step>, Option<Difference>) {
    if !options.shrink {
        return (steps, difference);
    }
    let mut unused = Tally::default();
    let mut fails =
        |steps: &[Step]| try_one(steps, &mut unused).is_some_and(|(found, _)| found == what);
    let smaller = shrink(steps.clone(), &mut fails, options.budget);
    match try_one(&smaller, &mut unused) {
        Some((found, again)) if found == what => (smaller, again),
        // It does not show every time.
        Some(_) | None => (steps, difference),
    }
}

/// The text of a panic.
fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    format!("the simulator panics: {}", text.unwrap_or("no text"))
}

fn differs(
    profile: &Profile,
    other: &mut dyn Machine,
    steps: &[Step],
    tally: &mut Tally,
) -> Option<Failed> {
    let mut simulated = Simulated::new(profile.clone());
    let compared = catch_unwind(AssertUnwindSafe(|| compare(&mut simulated, other, steps, tally)));
    match compared {
        Ok(None) => None,
        Ok(Some(difference)) => {
            let (cmd, one, two, place) = difference.class(steps);
            let name = bpfsim_abi::cmd::by_number(cmd, profile.release);
            let name = name.map_or_else(|| format!("command {cmd}"), |entry| entry.name.to_owned());
            let what = match place {
                None => format!("{name}: simulator {one}, kernel {two}"),
                Some(0) => format!("{name}: {one}, the attr differs"),
                Some(at) => format!("{name}: {one}, buffer {at} differs"),
            };
            Some((what, Some(difference)))
        }
        Err(panic) => {
            other.end();
            Some((panic_text(&*panic), None))
        }
    }
}

fn breaks(profile: &Profile, steps: &[Step], tally: &mut Tally) -> Option<Failed> {
    let play = || {
        let mut machine = Simulated::new(profile.clone());
        let mut player = Player::new(&mut machine);
        let seen: Vec<Option<Seen>> = steps.iter().map(|step| player.step(step)).collect();
        player.end();
        (seen, machine.left())
    };
    let (seen, left) = match catch_unwind(AssertUnwindSafe(play)) {
        Ok(both) => both,
        Err(panic) => return Some((panic_text(&*panic), None)),
    };
    for (step, seen) in steps.iter().zip(&seen) {
        let (Step::Call(call), Some(seen)) = (step, seen) else { continue };
        match &seen.said {
            Said::Unknown(why) if why.starts_with("not modelled") => {
                *tally.not_modelled.entry(why.clone()).or_default() += 1;
            }
            Said::Unknown(why) => {
                return Some((format!("command {}: {why}", call.cmd), None));
            }
            Said::Fd | Said::Value(_) | Said::Errno(_) => {
                tally.count(call, !matches!(seen.said, Said::Errno(_)));
            }
        }
    }
    if let Some(left) = left {
        return Some((left, None));
    }
    match catch_unwind(AssertUnwindSafe(play)) {
        Ok((again, _)) if again == seen => None,
        Ok(_) | Err(_) => Some(("the same calls answer differently again".to_owned(), None)),
    }
}
