//! The cases of `tests/cases` on the live kernel. A binary of its own: every call is made by a
//! process that is copied from this one, which is quick while it is small.

use bpfsim_conform::{Outcome, Target, Verdict};
use bpfsim_host::{Live, Skipped};
use bpfsim_tests::cases::{Lab, failures, simulated, suite};
use bpfsim_tests::{skipped, world};
use std::collections::BTreeMap;

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
    if live.release() != world::BOTH {
        return;
    }
    let knows = |outcome: &Outcome| !matches!(outcome.verdict, Verdict::Skipped(_));
    for (here, there) in simulated(&suite, world::BOTH).iter().zip(&outcomes) {
        if knows(here) && knows(there) {
            assert_eq!(here.verdict, there.verdict, "{}", here.id);
        }
    }
}
