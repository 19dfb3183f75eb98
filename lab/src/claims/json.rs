//! `bpfsim.claims/1`: what other tools rely on.

use super::ClaimResult;
use super::evidence::side;
use serde_json::{Value, json};

/// The whole document.
pub fn json(results: &[ClaimResult]) -> Value {
    let claims: Vec<Value> = results.iter().map(claim).collect();
    json!({ "schema": "bpfsim.claims/1", "claims": claims })
}

fn claim(result: &ClaimResult) -> Value {
    let evidence = result.evidence.iter().map(|piece| {
        json!({
            "name": piece.name,
            "says": Some(side(piece.says)).filter(|side| !side.is_empty()),
            "found": piece.found,
            "token": piece.witness.as_ref().map(|(_, token)| token),
        })
    });
    json!({
        "id": result.id,
        "verdict": result.verdict.name(),
        "token": result.token,
        "claim": result.claim,
        "who": result.who,
        "because": result.because,
        "history": result.history,
        "limits": result.limits,
        "scenario": result.file,
        "evidence": evidence.collect::<Vec<_>>(),
        "unmet": result.unmet,
    })
}
