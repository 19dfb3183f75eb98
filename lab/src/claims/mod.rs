//! What was claimed in the thread of January 2016, each claim with an experiment.
//!
//! ```text
//!   file --parse--> scenario + [claim] --run--> evidence, one piece per case and per call
//!                                                  |        for | against | no evidence
//!                                                  v
//!                      all for: confirmed   all against: refuted
//!                      both: conditional    none: not modelled
//! ```
//!
//! A piece of evidence that is not as its file expects speaks for the other side, and is listed
//! as unmet: a verdict is never written down, only what is expected of it.

mod evidence;
mod json;
mod limits;
mod list;
mod setting;
mod text;
mod weigh;

pub use evidence::Evidence;
pub use json::json;
pub use list::{CLAIMS, file, ids};
pub use setting::find_scenario;
pub use text::{story, table};

pub use crate::scenario::ClaimVerdict as Verdict;

use crate::experiment::Files;
use crate::scenario::{Claim, Parsed, Says, parse};
use bpfsim_maps::percpu;

/// A claim and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimResult {
    /// As in `A11`.
    pub id: String,
    /// One sentence, in our own words.
    pub claim: String,
    /// Who said it.
    pub who: String,
    /// What the evidence comes to.
    pub verdict: Verdict,
    /// What the model says.
    pub because: String,
    /// Within which bounds.
    pub limits: String,
    /// What later kernels did to it.
    pub history: String,
    /// Replays a witness.
    pub token: Option<String>,
    /// The scenario's file.
    pub file: String,
    /// What was tried, and what was found.
    pub evidence: Vec<Evidence>,
    /// Expectations that are not met; empty when all is well.
    pub unmet: Vec<String>,
}

/// Tests the claim with this id, or all of them, in the order of the thread. Nothing for an id
/// that no claim has.
pub fn run(id: Option<&str>, files: Files<'_>) -> Vec<ClaimResult> {
    let wanted = |known: &str| id.is_none_or(|id| id.eq_ignore_ascii_case(known));
    let chosen = CLAIMS.iter().filter(|(known, _)| wanted(known));
    chosen.map(|(known, text)| of_file(text, &format!("{known}.toml"), files)).collect()
}

/// Tests the claim of one file.
pub fn of_file(text: &str, name: &str, files: Files<'_>) -> ClaimResult {
    let parsed = match parse(text, name, percpu::NAMES) {
        Ok(Parsed { scenario, claim: Some(claim), .. }) => Ok((scenario, claim)),
        Ok(_) => Err(vec!["no [claim] in it".to_owned()]),
        Err(problems) => Err(problems.0.iter().map(ToString::to_string).collect()),
    };
    match parsed {
        Ok((scenario, claim)) => {
            let evidence = evidence::gather(&scenario, &claim, files);
            let limits = limits::text(&scenario, &claim, &evidence);
            weigh_up(claim, name, evidence, limits)
        }
        Err(unmet) => unreadable(name, unmet),
    }
}

fn weigh_up(claim: Claim, name: &str, evidence: Vec<Evidence>, limits: String) -> ClaimResult {
    let verdict = verdict(&evidence);
    let mut unmet: Vec<String> =
        evidence.iter().flat_map(|piece| piece.unmet.iter().cloned()).collect();
    if verdict != claim.verdict {
        unmet.push(format!("the evidence comes to {verdict}, expected is {}", claim.verdict));
    }
    let because = match unmet.is_empty() {
        true => claim.because,
        false => format!("not as expected: {}", unmet.join("; ")),
    };
    ClaimResult {
        id: claim.id,
        claim: claim.text,
        who: claim.who,
        verdict,
        because,
        limits,
        history: claim.history,
        token: evidence::best_token(&evidence),
        file: name.to_owned(),
        evidence,
        unmet,
    }
}

/// What evidence comes to.
fn verdict(evidence: &[Evidence]) -> Verdict {
    let speaks = |side| evidence.iter().any(|piece| piece.says == Some(side));
    match (speaks(Says::For), speaks(Says::Against)) {
        (true, false) => Verdict::Confirmed,
        (false, true) => Verdict::Refuted,
        (true, true) => Verdict::Conditional,
        (false, false) => Verdict::NotModelled,
    }
}

fn unreadable(name: &str, unmet: Vec<String>) -> ClaimResult {
    let id = name.split('.').next().unwrap_or(name).to_ascii_uppercase();
    let nothing = String::new;
    ClaimResult {
        id,
        claim: nothing(),
        who: nothing(),
        verdict: Verdict::NotModelled,
        because: "the file of the claim cannot be read".to_owned(),
        limits: nothing(),
        history: nothing(),
        token: None,
        file: name.to_owned(),
        evidence: Vec::new(),
        unmet,
    }
}

/// Exit status: 1 when an expectation is not met, else 0.
pub fn status(results: &[ClaimResult]) -> u8 {
    u8::from(results.iter().any(|result| !result.unmet.is_empty()))
}
