//! Within which bounds a verdict was found.

use super::evidence::Evidence;
use super::setting;
use crate::explore::GRANULARITY;
use crate::scenario::{Claim, Irqs, Scenario};
use bpfsim_maps::percpu;
use bpfsim_maps::series::Tag;

/// Memory model, granularity, copy plans, contexts, completeness, and which series rest on
/// reconstructed facts.
pub(super) fn text(scenario: &Scenario, claim: &Claim, evidence: &[Evidence]) -> String {
    let mut parts = Vec::new();
    let complete: Vec<bool> = evidence.iter().filter_map(|piece| piece.complete).collect();
    if !complete.is_empty() {
        parts.push("sequentially consistent memory".to_owned());
        parts.push(format!("steps of 8 bytes ({GRANULARITY})"));
        parts.push(format!("copies {}", plans(scenario, claim).join(" and ")));
        parts.push(format!("programs in {}", contexts(scenario, claim).join("; ")));
        let all = complete.iter().all(|complete| *complete);
        let complete = if all { "every search complete" } else { "a search was cut off" };
        parts.push(complete.to_owned());
    }
    if !scenario.calls.is_empty() {
        parts.push("plain calls one after the other, no interleaving".to_owned());
    }
    if claim.cases.iter().any(|case| !case.weigh.is_empty()) {
        parts.push("costs are counts, not times".to_owned());
    }
    let doubtful = reconstructed(scenario);
    if !doubtful.is_empty() {
        parts.push(format!("partly reconstructed: {}", doubtful.join(", ")));
    }
    parts.join("; ")
}

fn push_new(list: &mut Vec<String>, item: String) {
    if !list.contains(&item) {
        list.push(item);
    }
}

fn plans(scenario: &Scenario, claim: &Claim) -> Vec<String> {
    let mut plans = Vec::new();
    for case in &claim.cases {
        let set = setting::of_case(scenario, case);
        for expect in &case.expects {
            push_new(&mut plans, setting::plan(&set, &expect.series).name().to_owned());
        }
    }
    for expect in &scenario.expects {
        push_new(&mut plans, setting::plan(scenario, &expect.series).name().to_owned());
    }
    plans
}

fn contexts(scenario: &Scenario, claim: &Claim) -> Vec<String> {
    let mut contexts = Vec::new();
    let mut add = |scenario: &Scenario| {
        for run in &scenario.runs {
            let irqs = match run.irqs {
                Irqs::On => "",
                Irqs::Off => " with interrupts off",
                Irqs::ByEntry => "",
            };
            push_new(&mut contexts, format!("{}{irqs}", run.ctx.name()));
        }
    };
    if !scenario.expects.is_empty() {
        add(scenario);
    }
    let explored = claim.cases.iter().filter(|case| !case.expects.is_empty());
    explored.for_each(|case| add(&setting::of_case(scenario, case)));
    contexts
}

/// The series of the scenario of which some facts are inferred.
fn reconstructed(scenario: &Scenario) -> Vec<&'static str> {
    let named = scenario.explore.series.iter().filter_map(|name| percpu::by_name(name));
    let doubtful = named.filter(|series| {
        let facts = series.facts.iter().map(|fact| fact.tag);
        facts.chain(series.adds.iter().map(|added| added.tag)).any(|tag| tag == Tag::Reconstructed)
    });
    doubtful.map(|series| series.label()).collect()
}
