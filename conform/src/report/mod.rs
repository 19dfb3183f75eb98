//! Outcomes as text, KTAP, JUnit XML and JSON.

mod junit;
mod ktap;
mod text;

use crate::run::{Outcome, Verdict};
pub use junit::junit;
pub use ktap::ktap;
use serde_json::{Value, json};
pub use text::text;

/// How many ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// As expected.
    pub passed: usize,
    /// Not so.
    pub failed: usize,
    /// Nobody knows.
    pub skipped: usize,
}

/// Counts the outcomes.
pub fn totals(outcomes: &[Outcome]) -> Totals {
    let mut totals = Totals::default();
    for outcome in outcomes {
        match outcome.verdict {
            Verdict::Passed => totals.passed += 1,
            Verdict::Failed { .. } => totals.failed += 1,
            Verdict::Skipped(_) => totals.skipped += 1,
        }
    }
    totals
}

/// `bpfsim.conform/1`.
pub fn json(target: &str, outcomes: &[Outcome]) -> Value {
    let Totals { passed, failed, skipped } = totals(outcomes);
    let case = |outcome: &Outcome| {
        let (verdict, line, why) = match &outcome.verdict {
            Verdict::Passed => ("passed", outcome.line, None),
            Verdict::Failed { line, what } => ("failed", *line, Some(what)),
            Verdict::Skipped(why) => ("skipped", outcome.line, Some(why)),
        };
        json!({
            "id": outcome.id, "file": outcome.file, "line": line,
            "verdict": verdict, "why": why,
        })
    };
    json!({
        "schema": "bpfsim.conform/1",
        "target": target,
        "passed": passed,
        "failed": failed,
        "skipped": skipped,
        "cases": outcomes.iter().map(case).collect::<Vec<_>>(),
    })
}
