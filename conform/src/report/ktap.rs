//! KTAP, as `Documentation/dev-tools/ktap.rst` describes it: version 1.

use super::totals;
use crate::run::{Outcome, Verdict};

/// One line for each case.
pub fn ktap(target: &str, outcomes: &[Outcome]) -> String {
    let mut text = format!("KTAP version 1\n# target: {target}\n1..{}\n", outcomes.len());
    for (number, outcome) in (1..).zip(outcomes) {
        // A '#' would begin a directive.
        let id = outcome.id.replace('#', "_");
        match &outcome.verdict {
            Verdict::Passed => text += &format!("ok {number} {id}\n"),
            Verdict::Failed { line, what } => {
                text += &format!("# {}:{line}: {what}\nnot ok {number} {id}\n", outcome.file);
            }
            Verdict::Skipped(why) => text += &format!("ok {number} {id} # SKIP {why}\n"),
        }
    }
    let t = totals(outcomes);
    text + &format!(
        "# Totals: pass:{} fail:{} xfail:0 xpass:0 skip:{} error:0\n",
        t.passed, t.failed, t.skipped
    )
}
