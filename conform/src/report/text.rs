//! Text for people: what failed, why the rest was skipped, and how many of each.

use super::totals;
use crate::run::{Outcome, Verdict};
use std::collections::BTreeMap;

/// The failed cases with their lines, the reasons of the skipped ones, the totals in the last
/// line.
pub fn text(target: &str, outcomes: &[Outcome]) -> String {
    let mut text = format!("{target}: {} cases\n", outcomes.len());
    let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
    for outcome in outcomes {
        match &outcome.verdict {
            Verdict::Passed => {}
            Verdict::Failed { line, what } => {
                text += &format!("FAILED {}\n  {}:{line}: {what}\n", outcome.id, outcome.file);
            }
            Verdict::Skipped(why) => *reasons.entry(why).or_default() += 1,
        }
    }
    let mut reasons: Vec<_> = reasons.into_iter().collect();
    reasons.sort_by_key(|(why, count)| (std::cmp::Reverse(*count), *why));
    for (why, count) in reasons {
        text += &format!("skipped {count:5}  {why}\n");
    }
    let totals = totals(outcomes);
    let (passed, failed, skipped) = (totals.passed, totals.failed, totals.skipped);
    text + &format!("{passed} passed, {failed} failed, {skipped} skipped\n")
}
