//! Rows that make plain calls: what comes back, and what it costs.

use super::super::{Bench, Cell};
use crate::experiment::plain::{Spent, cost_of_reading_all};
use crate::experiment::{Performed, SetupError, Stage, perform};
use crate::scenario::{CpuArg, Do, Key, MapDef, MapKind, Scenario, Value, Verb};
use bpfsim_abi::Errno;
use bpfsim_maps::Series;
use bpfsim_sim::CopyPlan;
use bpfsim_syscall::Failure;
use serde_json::json;

/// The scenario's first map, on a fresh kernel of the series.
struct Fresh {
    stage: Stage,
    map: String,
}

fn fresh(
    bench: &Bench<'_>,
    series: &'static Series,
    change: &dyn Fn(&mut MapDef),
) -> Result<Fresh, SetupError> {
    let mut scenario: Scenario = bench.scenario.clone();
    let percpu = |map: &MapDef| map.kind == MapKind::Percpu;
    let first = scenario.maps.iter().position(percpu).unwrap_or(0);
    if first >= scenario.maps.len() {
        return Err(SetupError::NoMap("per-CPU".to_owned()));
    }
    scenario.maps = vec![scenario.maps.swap_remove(first)];
    change(&mut scenario.maps[0]);
    let stage = Stage::boot(&scenario, series, None, CopyPlan::WordAsc)?;
    Ok(Fresh { stage, map: scenario.maps[0].name.clone() })
}

fn item(map: &str, verb: Verb, key: u32, cpu: Option<CpuArg>) -> Do {
    Do {
        verb,
        map: map.to_owned(),
        key: Some(Key(key.to_le_bytes().to_vec())),
        cpu,
        value: matches!(verb, Verb::Update).then(|| Value::Same(vec![7; 16])),
        flags: 0,
        into: None,
    }
}

impl Fresh {
    /// Makes the calls of one item from CPU 0.
    fn make(&mut self, item: &Do) -> Result<Vec<Performed>, SetupError> {
        let mut kernel = self.stage.kernel();
        let made = perform(&mut self.stage, &mut kernel, item, 0);
        (self.stage.core, self.stage.root) = (kernel.core, kernel.hw);
        made
    }

    /// The same, as the errno of the call that failed.
    fn errno(&mut self, item: &Do) -> Result<Result<usize, Failure>, SetupError> {
        let made = self.make(item)?;
        let failed = made.iter().find_map(|call| call.answer.clone().err());
        Ok(failed.map_or(Ok(made.len()), Err))
    }
}

fn failed(error: &SetupError) -> Cell {
    let text = match error {
        SetupError::NoOperation(_) => "no such operation".to_owned(),
        other => other.to_string(),
    };
    Cell::new(text, json!({ "error": error.to_string() }))
}

fn or_failed(cell: Result<Cell, SetupError>) -> Cell {
    cell.unwrap_or_else(|error| failed(&error))
}

/// What reading every CPU's value of key 0 costs.
fn read_all(bench: &Bench<'_>, series: &'static Series) -> Result<Spent, SetupError> {
    let mut fresh = fresh(bench, series, &|_| {})?;
    cost_of_reading_all(&mut fresh.stage)
}

/// The least that one call can read of key 0, when one CPU's value is wanted.
pub fn one_lookup(bench: &Bench<'_>, series: &'static Series) -> Cell {
    let cell = || {
        let mut fresh = fresh(bench, series, &|_| {})?;
        let calls = fresh.make(&item(&fresh.map, Verb::Lookup, 0, Some(CpuArg::One(0))))?;
        let bytes: usize = calls.iter().map(|call| call.buffer.len()).sum();
        let cpus = bench.scenario.machine.possible.len();
        let text = match bytes / fresh.stage.maps[0].def.value_size.max(1) as usize {
            0 | 1 => "the value of one CPU".to_owned(),
            _ => format!("the values of all {cpus} CPUs"),
        };
        Ok(Cell::new(text, json!({ "bytes": bytes })))
    };
    or_failed(cell())
}

pub fn read_calls(bench: &Bench<'_>, series: &'static Series) -> Cell {
    or_failed(read_all(bench, series).map(|spent| {
        let cpus = bench.scenario.machine.possible.len();
        Cell::new(format!("{} for {cpus} CPUs", spent.calls), json!(spent.calls))
    }))
}

/// On a machine where the caller is on one of the CPUs: its own value needs no interrupt.
pub fn read_ipis(bench: &Bench<'_>, series: &'static Series) -> Cell {
    or_failed(
        read_all(bench, series).map(|spent| Cell::new(spent.ipis.to_string(), json!(spent.ipis))),
    )
}

pub fn read_bytes(bench: &Bench<'_>, series: &'static Series) -> Cell {
    or_failed(
        read_all(bench, series).map(|spent| Cell::new(spent.bytes.to_string(), json!(spent.bytes))),
    )
}

/// What one CPU's value, or all of them, becomes.
fn update(
    bench: &Bench<'_>,
    series: &'static Series,
    key: u32,
    flags: u64,
    empty: bool,
) -> Result<Cell, SetupError> {
    let mut fresh = fresh(bench, series, &|map| map.empty = empty)?;
    let mut update = item(&fresh.map, Verb::Update, key, Some(CpuArg::All));
    update.flags = flags;
    let mut answer = fresh.errno(&update);
    if matches!(answer, Err(SetupError::NoOperation(_))) {
        update.cpu = None;
        answer = fresh.errno(&update);
    }
    Ok(match answer? {
        Err(failure) => refused(&failure),
        Ok(calls) => {
            let changed = fresh.changed(key)?;
            let cpus = bench.scenario.machine.possible.len();
            let whose = match changed {
                0 => "no CPU's value".to_owned(),
                n if n == cpus => "all CPUs' values".to_owned(),
                1 => "the caller's CPU's value".to_owned(),
                n => format!("the values of {n} CPUs"),
            };
            let text = match calls {
                1 => whose,
                calls => format!("{whose}, {calls} calls"),
            };
            Cell::new(text, json!({ "calls": calls, "cpus": changed }))
        }
    })
}

impl Fresh {
    /// How many CPUs' values of `key` are not zero any more.
    fn changed(&mut self, key: u32) -> Result<usize, SetupError> {
        let all = self.make(&item(&self.map, Verb::Lookup, key, Some(CpuArg::All)))?;
        let stride = self.stage.maps[0].def.value_size.next_multiple_of(8) as usize;
        let values = |call: &Performed| {
            let each = call.unit.judged.iter().map(|judged| judged.offset as usize);
            each.filter(|at| {
                call.buffer.get(*at..at + stride).is_some_and(|v| v.iter().any(|b| *b != 0))
            })
            .count()
        };
        Ok(all.iter().map(values).sum())
    }
}

fn refused(failure: &Failure) -> Cell {
    match failure {
        Failure::Errno(refusal) => Cell::text(refusal.errno.name()),
        Failure::NotModelled(_) | Failure::Trapped(_) => Cell::text(failure.to_string()),
    }
}

pub fn update_any(bench: &Bench<'_>, series: &'static Series) -> Cell {
    or_failed(update(bench, series, 0, 0, false))
}

pub fn update_noexist(bench: &Bench<'_>, series: &'static Series) -> Cell {
    or_failed(update(bench, series, 0, 1, false))
}

pub fn update_exist(bench: &Bench<'_>, series: &'static Series) -> Cell {
    or_failed(update(bench, series, 9, 2, true))
}

pub fn delete(bench: &Bench<'_>, series: &'static Series) -> Cell {
    let cell = || {
        let mut fresh = fresh(bench, series, &|_| {})?;
        let delete = item(&fresh.map, Verb::Delete, 0, Some(CpuArg::All));
        Ok(match fresh.errno(&delete)? {
            Err(failure) => refused(&failure),
            Ok(1) => Cell::new("all CPUs' values, 1 call", json!({ "calls": 1 })),
            Ok(n) => Cell::new(format!("one CPU's value a call: {n} calls"), json!({ "calls": n })),
        })
    };
    or_failed(cell())
}

/// The keys that GET_NEXT_KEY yields of a map with two logical keys.
pub fn walk(bench: &Bench<'_>, series: &'static Series) -> Cell {
    let cell = || {
        let mut fresh = fresh(bench, series, &|map| map.entries = 2)?;
        let mut keys: Vec<Vec<u8>> = Vec::new();
        // No such key: the walk begins at the first.
        let mut next = item(&fresh.map, Verb::Next, u32::MAX, None);
        next.key = Some(Key(vec![0xff; 8]));
        for _ in 0..64 {
            let made = fresh.make(&next)?;
            let Some(call) = made.first() else { break };
            if call.answer.is_err() {
                break;
            }
            let map = fresh.stage.core.map(call.unit.map);
            let len = map.map_or(4, |map| map.shape.key_size) as usize;
            let key = call.buffer.get(..len).unwrap_or(&[]).to_vec();
            next.key = Some(Key(key.clone()));
            keys.push(key);
        }
        let part = |bytes: &[u8]| {
            let parts = bytes
                .chunks(4)
                .map(|part| u32::from_le_bytes([part[0], part[1], part[2], part[3]]).to_string());
            let parts: Vec<String> = parts.collect();
            match parts.as_slice() {
                [only] => only.clone(),
                several => format!("({})", several.join(",")),
            }
        };
        let keys: Vec<String> = keys.iter().map(|key| part(key)).collect();
        Ok(Cell::new(keys.join(" "), json!(keys)))
    };
    or_failed(cell())
}

/// Keys 0, 1, 2, … for all CPUs into a map of four entries, until it is full.
pub fn capacity(bench: &Bench<'_>, series: &'static Series) -> Cell {
    let cell = || {
        let mut fresh = fresh(bench, series, &|map| {
            (map.empty, map.max_entries, map.entries) = (true, Some(4), 4);
        })?;
        let mut fits = 0;
        for key in 0..5 {
            let mut update = item(&fresh.map, Verb::Update, key, Some(CpuArg::All));
            let mut answer = fresh.errno(&update);
            if matches!(answer, Err(SetupError::NoOperation(_))) {
                update.cpu = None;
                answer = fresh.errno(&update);
            }
            match answer? {
                Ok(_) => fits += 1,
                Err(failure) if failure == Errno::E2BIG => break,
                Err(other) => return Ok(refused(&other)),
            }
        }
        Ok(Cell::new(fits.to_string(), json!(fits)))
    };
    or_failed(cell())
}

/// As the release accounts it; a plain hash has an element for every key and CPU.
pub fn memory(bench: &Bench<'_>, series: &'static Series) -> Cell {
    let fresh = fresh(bench, series, &|map| {
        (map.empty, map.max_entries, map.entries) = (true, None, 1000);
        map.value_size = 8;
        map.fields.clear();
    });
    let map = |fresh: Fresh| fresh.stage.core.maps().map(|(_, map)| map.memory_bytes()).next();
    or_failed(fresh.map(|fresh| {
        let bytes = map(fresh).unwrap_or(0);
        Cell::new(format!("{bytes} bytes"), json!(bytes))
    }))
}
