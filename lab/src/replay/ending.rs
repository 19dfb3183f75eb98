//! How a schedule ended: who waits for ever, and what the final memory lacks.

use super::data::{Content, Lost, SlotTrace, Waiting, WaitsFor};
use super::place;
use super::record::{Edge, Event, Machine, contents};
use crate::experiment::{LabFrame, PendingUnit, Stage};
use crate::scenario::Key;
use bpfsim_maps::Key as MapKey;
use bpfsim_maps::map::Words;
use bpfsim_maps::op::{Op, Todo};
use bpfsim_sim::Slot;
use std::collections::{BTreeMap, BTreeSet};

/// An actor's unit, for people.
pub fn unit_name(stage: &Stage, actor: usize, unit: u16) -> String {
    let name = &stage.actors[actor].name;
    match stage.unit(actor, unit) {
        Some(_) => name.clone(),
        None => format!("{name}#{}", unit + 1),
    }
}

/// The frames that are left at the end, and what each waits for.
pub fn waiting(stage: &Stage, events: &[Event], end: &Machine<'_>) -> Vec<Waiting> {
    let mut begun: BTreeMap<usize, u16> = BTreeMap::new();
    let mut last = BTreeMap::new();
    for event in events.iter().filter(|event| !event.handler) {
        begun.insert(event.actor, event.unit + 1);
        last.insert(event.actor, event);
    }
    let mut all = Vec::new();
    for (actor, description) in stage.actors.iter().enumerate() {
        let units = begun.get(&actor).copied().unwrap_or_default();
        let trapped = last.get(&actor).is_some_and(|event| event.trapped.is_some());
        let frame = end.frame(actor as Slot);
        let open = frame.is_some() || last.get(&actor).is_some_and(|event| !event.ended);
        if trapped || !open && units >= description.units {
            continue;
        }
        let what = match frame {
            Some(frame) => waits_for(stage, actor, frame, end),
            None => WaitsFor::Turn,
        };
        let cpu = place::cpu_of(stage, description.cpu).unwrap_or(description.cpu);
        let unit = if open { units.saturating_sub(1) } else { units };
        let runs = end.hw.cpus.get(description.cpu as usize).is_some_and(|cpu| cpu.online);
        if open || runs {
            all.push(Waiting { actor, name: unit_name(stage, actor, unit), cpu, what });
        }
    }
    all
}

fn waits_for(stage: &Stage, actor: usize, frame: &LabFrame, end: &Machine<'_>) -> WaitsFor {
    let ack =
        end.hw.cpus.iter().position(|cpu| {
            cpu.pending.iter().any(|interrupt| usize::from(interrupt.from) == actor)
        });
    if let Some(rank) = ack {
        return WaitsFor::Ack(place::cpu_of(stage, rank as u32).unwrap_or(rank as u32));
    }
    let op = match frame {
        LabFrame::Program(frame) => frame.op,
        LabFrame::Call(Ok(started)) => Some((started.map, started.op)),
        LabFrame::Call(Err(_)) => None,
    };
    match op.and_then(|(map, op)| holder(stage, actor, map, &op, end)) {
        Some(name) => WaitsFor::Lock(name),
        None => WaitsFor::Turn,
    }
}

/// Who holds the lock that an operation begins with.
fn holder(stage: &Stage, actor: usize, map: u32, op: &Op, end: &Machine<'_>) -> Option<String> {
    if !matches!(op.todo, Todo::Update(_) | Todo::Delete(_)) {
        return None;
    }
    let Words::Hash(hash) = &stage.core.map(map)?.words else { return None };
    let (bucket, _) = hash.bucket_of(&end.hw.mem, MapKey::At(op.key)).ok()?;
    let held = end.hw.mem.load(hash.lock(bucket), 8).ok()?;
    let other = held.checked_sub(1).map(|other| other as usize).filter(|other| *other != actor)?;
    stage.actors.get(other).map(|other| other.name.clone())
}

/// The followed slots: what they are, and what whole units published.
pub fn slots(stage: &Stage, events: &[Event], end: &Machine<'_>) -> Vec<SlotTrace> {
    let start = contents(stage, &stage.root);
    let trace = |(slot, start): (usize, Content)| {
        let watched = &stage.slots[slot];
        let map = place::index_of(stage, watched.map).unwrap_or(0);
        let (key, composite) = place::split_key(stage, map, &watched.key);
        let percpu = stage.map_of(slot).is_some_and(|map| map.shape.percpu);
        let mut units = events.iter().filter(|event| !on_slot(event, slot).is_empty());
        SlotTrace {
            map,
            key: if key.0.is_empty() { Key(watched.key.clone()) } else { key },
            cpu: if percpu { place::cpu_of(stage, watched.rank) } else { composite },
            start,
            versions: versions(stage, end, slot),
            only_runs: units.all(|event| stage.unit(event.actor, event.unit).is_none()),
        }
    };
    start.into_iter().enumerate().map(trace).collect()
}

fn versions(stage: &Stage, end: &Machine<'_>, slot: usize) -> Vec<Content> {
    let sets = stage.sets.borrow();
    let mut all = Vec::new();
    for version in sets.members(end.watch.inner.slots[slot].history) {
        let content = content(stage, slot, *version as u32);
        if !all.contains(&content) {
            all.push(content);
        }
    }
    all
}

fn content(stage: &Stage, slot: usize, id: u32) -> Content {
    let fields = stage.def_of(stage.slots[slot].map).map_or(&[][..], |def| &def.fields);
    stage.sets.borrow().words(id).map(|words| place::content_of(fields, words))
}

/// What the final memory lacks, by slot.
pub fn lost(stage: &Stage, events: &[Event], end: &Machine<'_>) -> Vec<Lost> {
    let slots = 0..stage.slots.len();
    slots.filter_map(|slot| lost_of(stage, events, end, slot)).collect()
}

fn lost_of(stage: &Stage, events: &[Event], end: &Machine<'_>, slot: usize) -> Option<Lost> {
    let edges: Vec<Mark> = events.iter().flat_map(|event| on_slot(event, slot)).collect();
    let watch = &end.watch.inner.slots[slot];
    let whole = folds(stage, slot, &edges, None);
    if !watch.pending.is_empty() || whole.contains(&watch.content) {
        return None;
    }
    let found = content(stage, slot, watch.content);
    let expected: Vec<Content> = whole.iter().map(|id| content(stage, slot, *id)).collect();
    let mut by_field: Vec<Vec<String>> = vec![Vec::new(); found.as_ref().map_or(0, Vec::len)];
    for ((actor, unit), ..) in edges.iter().filter(|mark| mark.1 == Edge::Ends) {
        let without = folds(stage, slot, &edges, Some((*actor, *unit)));
        let without: Vec<Content> = without.iter().map(|id| content(stage, slot, *id)).collect();
        for (field, who) in by_field.iter_mut().enumerate() {
            let has =
                |all: &[Content]| all.iter().any(|one| scalar(one, field) == scalar(&found, field));
            if has(&without) && !has(&expected) {
                who.push(unit_name(stage, (*actor).into(), *unit));
            }
        }
    }
    let names = stage.def_of(stage.slots[slot].map).map_or(&[][..], |def| &def.fields);
    let missing = names.iter().map(|field| field.name.clone()).zip(by_field);
    Some(Lost {
        slot,
        found,
        expected,
        missing: missing.filter(|(_, who)| !who.is_empty()).collect(),
    })
}

fn scalar(content: &Content, field: usize) -> Option<u64> {
    content.as_ref().and_then(|fields| fields.get(field)).copied()
}

/// Where a unit, named by actor and number, begins or ends; and on which CPU its actor is there.
type Mark = ((u8, u16), Edge, u8);

fn on_slot(event: &Event, slot: usize) -> Vec<Mark> {
    let mine = event.edges.iter().filter(|(known, _)| *known == slot);
    mine.map(|(_, edge)| ((event.actor as u8, event.unit), *edge, event.rank)).collect()
}

/// The contents that all units but one make of a slot, in every order that real time allows.
fn folds(stage: &Stage, slot: usize, edges: &[Mark], but: Option<(u8, u16)>) -> BTreeSet<u32> {
    let start = stage.content(&stage.root, slot);
    // A configuration is a content, and which of the running units are in it.
    let mut all: BTreeSet<(u32, Vec<(u8, u16)>)> = BTreeSet::from([(start, Vec::new())]);
    let mut running: Vec<PendingUnit> = Vec::new();
    for &(unit, edge, rank) in edges.iter().filter(|mark| Some(mark.0) != but) {
        if edge != Edge::Begins {
            running.retain(|known| known.id() != unit);
            let stays =
                |config: &(u32, Vec<(u8, u16)>)| config.1.contains(&unit) == (edge == Edge::Ends);
            let without = |(content, mut done): (u32, Vec<(u8, u16)>)| {
                done.retain(|known| *known != unit);
                (content, done)
            };
            all = all.into_iter().filter(stays).map(without).collect();
            continue;
        }
        running.push(PendingUnit { actor: unit.0, rank, unit: unit.1 });
        let mut open: Vec<_> = all.iter().cloned().collect();
        while let Some((content, done)) = open.pop() {
            for unit in running.iter().filter(|unit| !done.contains(&unit.id())) {
                let after = stage.apply(*unit, slot, content);
                let mut done = done.clone();
                done.push(unit.id());
                done.sort_unstable();
                if all.insert((after, done.clone())) {
                    open.push((after, done));
                }
            }
        }
    }
    all.into_iter().map(|(content, _)| content).collect()
}
