//! What only the whole file can show.

use super::model::{Scenario, Source};
use super::names::{MapKind, Verb};
use super::ops::{CallOp, Do, Key, RawAttr, RawValue};
use super::read::Reader;
use std::collections::{BTreeMap, BTreeSet};

/// Checks a file that was read to its end.
pub(super) fn whole_file(reader: &mut Reader) {
    if reader.places.incomplete || reader.log.has_errors() {
        return;
    }
    let scenario = &reader.scenario;
    if scenario.runs.is_empty() && scenario.threads.is_empty() && scenario.calls.is_empty() {
        let help = "write [[run]] and [[thread]], or [[call]]";
        reader.log.error(0, "", "the scenario does nothing", help);
        return;
    }
    unused_progs(reader);
    unused_maps(reader);
    no_reader(reader);
    absent_keys(reader);
}

fn unused_progs(reader: &mut Reader) {
    let used = used_progs(&reader.scenario);
    for (prog, &at) in reader.scenario.progs.iter().zip(&reader.places.progs) {
        if !used.contains(&*prog.name) {
            let thing = format!("[prog.{}]", prog.name);
            reader.log.warning(at, &thing, "nothing runs it", "write a [[run]], or remove it");
        }
    }
}

fn unused_maps(reader: &mut Reader) {
    let scenario = &reader.scenario;
    let named: BTreeSet<&str> = operations(scenario).map(|op| op.map.as_str()).collect();
    let sources = scenario.progs.iter().flat_map(|prog| {
        prog.source.iter().chain(prog.for_series.iter().flat_map(|(_, source)| source))
    });
    let mut words: BTreeSet<&str> = raw_fds(scenario);
    let mut has_object = false;
    for source in sources {
        match source {
            Source::Asm { text, .. } => {
                words.extend(text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_'));
            }
            Source::Object { .. } => has_object = true,
        }
    }
    for (map, &at) in scenario.maps.iter().zip(&reader.places.maps) {
        if !has_object && !named.contains(&*map.name) && !words.contains(&*map.name) {
            let thing = format!("[map.{}]", map.name);
            reader.log.warning(at, &thing, "nothing uses it", "use it, or remove it");
        }
    }
}

/// One program by itself: there is one schedule, and nobody sees it.
fn no_reader(reader: &mut Reader) {
    let scenario = &reader.scenario;
    let alone = scenario.calls.is_empty() && thread_operations(scenario).next().is_none();
    if alone && scenario.runs.len() < 2 {
        let help = "write a [[thread]] with do = [{ lookup = ... }]";
        reader.log.warning(0, "", "nobody reads, and nothing else runs", help);
    }
}

/// Threads that ask a hash for a key which is neither there at the start nor put there by
/// anybody but perhaps a program.
fn absent_keys(reader: &mut Reader) {
    let scenario = &reader.scenario;
    let mut put: BTreeMap<&str, BTreeSet<&Key>> = BTreeMap::new();
    for op in thread_operations(scenario).filter(|op| op.verb == Verb::Update) {
        put.entry(&op.map).or_default().extend(&op.key);
    }
    for (thread, &at) in scenario.threads.iter().zip(&reader.places.threads) {
        for op in thread.ops.iter().filter(|op| op.verb == Verb::Lookup) {
            let (Some(map), Some(key)) = (scenario.map(&op.map), &op.key) else { continue };
            let may_lack = map.empty || matches!(map.kind, MapKind::Hash | MapKind::PercpuHash);
            let first = if map.empty { 0 } else { map.entries };
            let present = key.number().is_some_and(|number| number < first.into());
            let written = put.get(&*op.map).is_some_and(|keys| keys.contains(key));
            if may_lack && !present && !written {
                let thing = format!("[[thread]] '{}'", thread.name);
                let message = format!("a key of '{}' that no thread puts there", map.name);
                let help = "unless a program does, every lookup is ENOENT";
                reader.log.warning(at, &thing, message, help);
            }
        }
    }
}

fn used_progs(scenario: &Scenario) -> BTreeSet<&str> {
    let by_calls = call_ops(scenario).filter_map(|op| match op {
        CallOp::Load { prog } | CallOp::Run { prog, .. } => Some(prog.as_str()),
        CallOp::Map(_) | CallOp::Offline(_) | CallOp::Online(_) | CallOp::Raw { .. } => None,
    });
    let by_runs = scenario.runs.iter().map(|run| run.prog.as_str());
    by_runs.chain(by_calls).chain(raw_fds(scenario)).collect()
}

/// Maps and programs whose fds raw calls take.
fn raw_fds(scenario: &Scenario) -> BTreeSet<&str> {
    let fields = call_ops(scenario).flat_map(|op| match op {
        CallOp::Raw { attr: RawAttr::Fields(fields), .. } => fields.as_slice(),
        _ => &[],
    });
    let fds = fields.filter_map(|(_, value)| match value {
        RawValue::Fd(name) => Some(name.as_str()),
        RawValue::Number(_) | RawValue::Text(_) | RawValue::Bytes(_) => None,
    });
    fds.collect()
}

fn call_ops(scenario: &Scenario) -> impl Iterator<Item = &CallOp> {
    scenario.calls.iter().flat_map(|call| {
        let others = call.for_series.iter().filter_map(|(_, own)| own.op.as_ref());
        std::iter::once(&call.op).chain(others)
    })
}

fn thread_operations(scenario: &Scenario) -> impl Iterator<Item = &Do> {
    scenario.threads.iter().flat_map(|thread| {
        thread.ops.iter().chain(thread.for_series.iter().flat_map(|(_, ops)| ops))
    })
}

/// Every operation on a map, of threads and calls.
fn operations(scenario: &Scenario) -> impl Iterator<Item = &Do> {
    let by_calls = call_ops(scenario).filter_map(|op| match op {
        CallOp::Map(op) => Some(op),
        _ => None,
    });
    thread_operations(scenario).chain(by_calls)
}
