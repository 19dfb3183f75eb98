//! Every case has the verdict that it says.

use bpfsim_abi::{Release, known_releases};
use bpfsim_conform::{Assemble, Outcome, Simulated, Suite, Verdict};
use bpfsim_host::{Live, Skipped};
use bpfsim_syscall::{Caps, Profile};
use bpfsim_tests::{skipped, world};
use std::collections::BTreeMap;

struct Lab;

impl Assemble for Lab {
    fn assemble(&self, source: &str, maps: &[(String, u32)]) -> Result<Vec<u8>, String> {
        bpfsim_lab::asm::with_fds(source, maps).map_err(|error| error.to_string())
    }
}

fn suite() -> Suite {
    Suite::builtin().unwrap_or_else(|problem| panic!("{problem}"))
}

fn simulated(suite: &Suite, release: Release) -> Vec<Outcome> {
    let profile = Profile::release(release).expect("a known release");
    suite.run(&mut Simulated::new(profile, Caps::ROOT), &Lab)
}

/// The lines of what failed.
fn failures(outcomes: &[Outcome]) -> Vec<String> {
    let line = |outcome: &Outcome| match &outcome.verdict {
        Verdict::Failed { line, what } => {
            Some(format!("{}:{line}: {}: {what}", outcome.file, outcome.id))
        }
        Verdict::Passed | Verdict::Skipped(_) => None,
    };
    outcomes.iter().filter_map(line).collect()
}

#[test]
fn at_every_release_that_they_name() {
    let suite = suite();
    let mut failed: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for release in known_releases() {
        for line in failures(&simulated(&suite, *release)) {
            failed.entry(line).or_default().push(release.to_string());
        }
    }
    let lines = failed.iter().map(|(line, at)| format!("{line} ({})", at.join(" ")));
    let lines: Vec<_> = lines.collect();
    assert!(lines.is_empty(), "{}", lines.join("\n"));
}

/// The live kernel agrees with every case that holds for its release, and where that is v6.18 the
/// simulator comes to the same verdict, unless it says that it has no model.
#[test]
fn on_the_live_kernel() {
    let mut live = match Live::probe() {
        Ok(live) => live,
        Err(why) => return skipped(&why),
    };
    let suite = suite();
    let outcomes = suite.run(&mut live, &Lab);
    let failed = failures(&outcomes);
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
    for outcome in &outcomes {
        if let Verdict::Skipped(why) = &outcome.verdict {
            *reasons.entry(why).or_default() += 1;
        }
    }
    for (why, count) in reasons {
        skipped(&Skipped::new(format!("{why} ({count} cases)")));
    }
    if bpfsim_conform::Target::release(&live) != world::BOTH {
        return;
    }
    let knows = |outcome: &Outcome| !matches!(outcome.verdict, Verdict::Skipped(_));
    for (here, there) in simulated(&suite, world::BOTH).iter().zip(&outcomes) {
        if knows(here) && knows(there) {
            assert_eq!(here.verdict, there.verdict, "{}", here.id);
        }
    }
}
