//! What a run of the fuzzer says.

use bpfsim_fuzz::{Finding, NOT_COMPARED, Options, Outcome, Tally, case};
use bpfsim_syscall::Profile;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Everything that went by, added up.
fn total(outcomes: &[(Options, Outcome)]) -> (Tally, u64) {
    let mut tally = Tally::default();
    outcomes.iter().for_each(|(_, outcome)| tally.add(&outcome.tally));
    (tally, outcomes.iter().map(|(_, outcome)| outcome.sequences).sum())
}

/// Findings of all seeds, each class once.
fn findings(outcomes: &[(Options, Outcome)]) -> Vec<Finding> {
    let mut all: Vec<Finding> = Vec::new();
    for finding in outcomes.iter().flat_map(|(_, outcome)| &outcome.findings) {
        match all.iter_mut().find(|known| known.what == finding.what) {
            Some(known) => known.count += finding.count,
            None => all.push(finding.clone()),
        }
    }
    all
}

/// The case of a finding; none where the simulator broke by itself.
fn as_case(profile: &Profile, number: usize, finding: &Finding) -> Option<String> {
    let difference = finding.difference.as_ref()?;
    let release = profile.release.to_string();
    let source = format!(
        "seed {} sequence {}, live {}",
        finding.seed,
        finding.sequence,
        release.trim_start_matches('v')
    );
    Some(case(&format!("fuzz-{number}"), &source, &finding.steps, difference).to_string())
}

/// Reasons without the instruction at which a program was given up.
fn unmodelled(tally: &Tally) -> BTreeMap<String, u64> {
    let mut rows = BTreeMap::new();
    for (why, count) in &tally.not_modelled {
        let why = why.trim_start_matches("not modelled: ");
        let short = match why.split_once(" (instruction ") {
            Some((before, after)) => {
                format!("{before}{}", after.split_once(')').map_or("", |(_, rest)| rest))
            }
            None => why.to_owned(),
        };
        *rows.entry(short).or_default() += count;
    }
    rows
}

pub(super) fn text(profile: &Profile, live: bool, outcomes: &[(Options, Outcome)]) -> String {
    let (tally, sequences) = total(outcomes);
    let whom = if live { "the simulator and the running kernel" } else { "the simulator alone" };
    let mut text = format!(
        "{} calls in {sequences} sequences at {}, {whom}; {} succeeded\n",
        tally.calls, profile.release, tally.succeeded
    );
    let list = |title: &str, rows: Vec<String>| match rows.as_slice() {
        [] => String::new(),
        rows => format!("\n{title}\n  {}\n", rows.join("\n  ")),
    };
    let counted = |rows: &BTreeMap<String, u64>| -> Vec<String> {
        rows.iter().map(|(why, count)| format!("{count:8}  {why}")).collect()
    };
    text += &list("Not modelled, so not compared:", counted(&unmodelled(&tally)));
    text += &list("Different and explained:", counted(&tally.known));
    text += &list("Calls that the running kernel was not asked:", counted(&tally.skipped));
    if live {
        text += &list("Never compared:", NOT_COMPARED.map(str::to_owned).to_vec());
    }
    let findings = findings(outcomes);
    for (number, finding) in findings.iter().enumerate() {
        text += &format!(
            "\n{}. {} ({} times, first in sequence {} of seed {})\n",
            number + 1,
            finding.what,
            finding.count,
            finding.sequence,
            finding.seed
        );
        match as_case(profile, number + 1, finding) {
            Some(case) => text += &case,
            None => text += &format!("{:#?}\n", finding.steps),
        }
    }
    text + &format!("\n{} classes of findings\n", findings.len())
}

pub(super) fn json(profile: &Profile, live: bool, outcomes: &[(Options, Outcome)]) -> Value {
    let (tally, sequences) = total(outcomes);
    let rows = findings(outcomes);
    let findings: Vec<Value> = rows
        .iter()
        .enumerate()
        .map(|(number, finding)| {
            json!({
                "what": finding.what,
                "count": finding.count,
                "seed": finding.seed,
                "sequence": finding.sequence,
                "case": as_case(profile, number + 1, finding),
            })
        })
        .collect();
    let commands = tally.commands.iter().map(|(cmd, (calls, succeeded))| {
        (cmd.to_string(), json!({ "calls": calls, "succeeded": succeeded }))
    });
    json!({
        "schema": "bpfsim.fuzz/1",
        "kernel": profile.release.to_string(),
        "live": live,
        "seeds": outcomes.iter().map(|(options, _)| options.seed).collect::<Vec<_>>(),
        "calls": tally.calls,
        "sequences": sequences,
        "succeeded": tally.succeeded,
        "commands": commands.collect::<serde_json::Map<_, _>>(),
        "not_modelled": tally.not_modelled,
        "explained": tally.known,
        "skipped": tally.skipped,
        "never_compared": NOT_COMPARED,
        "findings": findings,
    })
}
