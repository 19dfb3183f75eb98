//! `bpfsim.explore/1`: what other tools rely on.

use super::{Entry, Explored, GRANULARITY, MODEL};
use crate::scenario::Scenario;
use serde_json::{Map, Value, json};

/// The whole document.
pub fn json(scenario: &Scenario, entries: &[Entry]) -> Value {
    let results: Vec<Value> = entries.iter().map(entry).collect();
    json!({ "schema": "bpfsim.explore/1", "scenario": scenario.name, "results": results })
}

fn entry(entry: &Entry) -> Value {
    let mut value = json!({
        "series": entry.series.label(),
        "kernel": entry.kernel.to_string().trim_start_matches('v'),
        "model": MODEL,
        "copy": entry.copy.name(),
        "granularity": GRANULARITY,
        "complete": false,
        "schedules": null,
        "classes": {},
        "expect": entry.expect.name(),
    });
    match &entry.found {
        Ok(found) => fill(&mut value, found),
        Err(error) => value["error"] = json!(error.to_string()),
    }
    if !entry.calls.is_empty() {
        let calls = entry.calls.iter().map(|call| {
            json!({ "what": call.what, "came": call.came.to_string(), "met": call.is_met() })
        });
        value["calls"] = calls.collect();
    }
    if let super::Expectation::Violated(why) = &entry.expect {
        value["violations"] = json!(why);
    }
    value
}

fn fill(value: &mut Value, found: &Explored) {
    value["complete"] = json!(found.complete);
    value["schedules"] = json!(found.schedules.as_ref().map(ToString::to_string));
    value["states"] = json!(found.states);
    value["transitions"] = json!(found.transitions);
    let classes: Map<String, Value> = found
        .classes
        .iter()
        .map(|(class, reached)| {
            let schedules = found.complete.then(|| reached.schedules.to_string());
            let mut value = json!({
                "schedules": schedules,
                "witness": reached.token,
                "preemptions": reached.preemptions,
                "steps": reached.steps,
            });
            if let Some(holds) = reached.holds {
                value["holds"] = json!(if holds { "met" } else { "violated" });
            }
            (class.to_string(), value)
        })
        .collect();
    value["classes"] = Value::Object(classes);
}
