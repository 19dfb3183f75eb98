//! What came of it, and what is known about every other schedule.

use super::{COLUMNS, counted, wrap};
use crate::class::Class;
use crate::replay::contrast::worst;
use crate::replay::data::{Content, Lost, Replay, Search, Trap, WaitsFor};
use crate::replay::words::{key_text, value_text};
use bpfsim_sim::{CopyPlan, Count, CpuList};

/// Classes that readers of a diagram look for.
const TORN: [Class; 3] = [Class::MidUpdate, Class::Mixed, Class::TornWord];

/// The lines below the lanes.
pub fn foot(replay: &Replay) -> Vec<String> {
    let mut lines = result(replay);
    lines.extend(wrap(&complete(replay), 1));
    lines.extend(wrap(&unreachable(replay), 2));
    lines.extend(contrast(replay));
    lines
}

fn result(replay: &Replay) -> Vec<String> {
    match replay.class() {
        Some(Class::NoReturn) => wrap(&deadlock(replay), 2),
        Some(Class::WildPointer) => wrap(&trapped(replay), 2),
        Some(Class::LostUpdate) => {
            replay.lost.first().map_or_else(Vec::new, |lost| lacks(replay, lost))
        }
        Some(Class::Error(_) | Class::Missing) => wrap(&failed(replay), 2),
        Some(
            Class::PreciseFresh
            | Class::PreciseSuperseded
            | Class::Stale
            | Class::MidUpdate
            | Class::TornWord
            | Class::Mixed
            | Class::StaleMixed,
        )
        | None => returned(replay),
    }
}

fn returned(replay: &Replay) -> Vec<String> {
    let class = replay.class();
    let Some((call, value)) = replay.focus_call().and_then(|call| {
        let wanted = call.values.iter().find(|value| Some(value.2) == class);
        wanted.or(call.values.first()).map(|value| (call, value))
    }) else {
        return vec!["nobody looked".to_owned()];
    };
    let slot = &replay.slots[value.0];
    let whose = match (call.values.len(), slot.cpu) {
        (0 | 1, _) | (_, None) => String::new(),
        (_, Some(cpu)) => format!(" for cpu{cpu}"),
    };
    let name = if replay.calls.len() > 1 { format!("{} ", call.name) } else { String::new() };
    let first = format!("{name}returned {}{whose}; ", value_text(&value.1, ", "));
    let units = if slot.only_runs { "whole runs" } else { "whole units" };
    published(&format!("{first}{units} published "), &slot.versions)
}

/// A list of versions behind `text`: all where they fit, else the first and the last ones.
fn published(text: &str, versions: &[Content]) -> Vec<String> {
    let all: Vec<String> = versions.iter().map(|version| value_text(version, ",")).collect();
    let fits = |shown: &str| (text.chars().count() + shown.chars().count()) <= COLUMNS;
    if fits(&all.join(" ")) {
        return vec![format!("{text}{}", all.join(" "))];
    }
    for kept in (1..all.len()).rev() {
        let (head, last) = (all[..kept.div_ceil(2)].join(" "), &all[all.len() - kept / 2..]);
        let shown = format!("{head} ... {}", last.join(" "));
        if fits(shown.trim_end()) {
            return vec![format!("{text}{}", shown.trim_end())];
        }
    }
    wrap(&format!("{text}{}", all.join(" ")), 2)
}

fn deadlock(replay: &Replay) -> String {
    let each: Vec<String> = replay
        .waiting
        .iter()
        .map(|waiting| {
            let who = format!("{} (cpu{}) waits", waiting.name, waiting.cpu);
            match &waiting.what {
                WaitsFor::Ack(cpu) => format!("{who} for cpu{cpu}"),
                WaitsFor::Lock(holder) => format!("{who} for the lock of {holder}"),
                WaitsFor::Turn => format!("{who} for its turn"),
            }
        })
        .collect();
    format!("never returns: {}", each.join(", "))
}

fn trapped(replay: &Replay) -> String {
    let trap = replay.steps.iter().find_map(|step| step.trapped.map(|trap| (step, trap)));
    let Some((step, Trap { at, map })) = trap else { return "trapped".to_owned() };
    let label = &step.label;
    let cpus = CpuList::of(replay.possible.iter().copied());
    match map.map(|map| &replay.maps[map].name) {
        // What a CPU number without a slot leads to.
        Some(map) if at.offset() == u32::MAX => format!(
            "trapped at {at}: {label} used the slot of a CPU that is not possible; \
             map {map} has slots for cpu{cpus}"
        ),
        Some(map) => format!("trapped at {at}: {label} left map {map}"),
        None => format!("trapped at {at}: {label} touched no memory"),
    }
}

fn failed(replay: &Replay) -> String {
    let Some(call) = replay.focus_call() else { return "a call failed".to_owned() };
    let errno = call.errno.map_or_else(String::new, |errno| errno.to_string());
    let slot = call.values.first().map(|value| &replay.slots[value.0]);
    let gone = || {
        let cpu = slot.and_then(|slot| slot.cpu)?;
        let plugs = replay.steps.iter().rev().filter(|step| step.step.is_some());
        let is_off = plugs
            .filter_map(|step| match step.step {
                Some(bpfsim_sim::Step::Hotplug(_, online)) if step.other_cpu == Some(cpu) => {
                    Some(!online)
                }
                _ => None,
            })
            .next();
        is_off.filter(|off| *off).map(|_| format!("cpu{cpu} is off line"))
    };
    let missing = || {
        let slot = slot?;
        let is_missing = replay.class() == Some(Class::Missing);
        is_missing.then(|| format!("key {} was there throughout", key_text(&slot.key)))
    };
    let why = gone().or_else(missing).map_or_else(String::new, |why| format!(": {why}"));
    format!("{} failed with {errno}{why}", call.name)
}

fn lacks(replay: &Replay, lost: &Lost) -> Vec<String> {
    let found = value_text(&lost.found, ", ");
    let whole = if lost.expected.len() == 1 { "all units make" } else { "all units make one of" };
    let first = published(&format!("left {found}; {whole} "), &lost.expected);
    let each: Vec<String> = lost
        .missing
        .iter()
        .map(|(field, who)| format!("{field} lacks {}", who.join(" or ")))
        .collect();
    let second = match each.is_empty() {
        true if is_patchwork(lost) => "lost: the fields are of different orders".to_owned(),
        true => "lost: no order of whole units leaves this".to_owned(),
        false => format!("lost: {}", each.join(", ")),
    };
    let map = &replay.maps[replay.slots[lost.slot].map].name;
    let cpu = replay.slots[lost.slot].cpu.map_or_else(String::new, |cpu| format!(", cpu{cpu}"));
    let second = if replay.slots.len() > 1 { format!("{second} ({map}{cpu})") } else { second };
    first.into_iter().chain(wrap(&second, 2)).collect()
}

/// Every field is what some order makes of it.
fn is_patchwork(lost: &Lost) -> bool {
    let Some(found) = &lost.found else { return false };
    let some = |field: usize, value: &u64| {
        lost.expected.iter().flatten().any(|fields| fields.get(field) == Some(value))
    };
    found.iter().enumerate().all(|(field, value)| some(field, value))
}

fn complete(replay: &Replay) -> String {
    let Search { complete, schedules, states, preemptions, .. } = &replay.search;
    let pieces = match replay.copy {
        CopyPlan::WordAsc | CopyPlan::Desc | CopyPlan::OverlapTail => "8-byte steps",
        CopyPlan::ByteAsc => "1-byte copies",
    };
    let bound = preemptions
        .map_or_else(String::new, |most| format!(" of at most {}", counted(most, "preemption")));
    let what = match (complete, schedules) {
        (true, Some(schedules)) => {
            let one = *schedules == Count::ONE;
            format!("complete: {} schedule{}{bound}", short(schedules), if one { "" } else { "s" })
        }
        (true, None) | (false, _) => format!("incomplete: {states} states{bound}"),
    };
    format!("{what}, {pieces}, sequentially consistent")
}

/// A number that fits: in full, or as a power of ten.
fn short(count: &Count) -> String {
    let text = count.to_string();
    match text.len() {
        0..=18 => text,
        digits => format!("{}.{}e{}", &text[..1], &text[1..3], digits - 1),
    }
}

fn unreachable(replay: &Replay) -> String {
    let search = &replay.search;
    let writes = replay.slots.iter().any(|slot| !slot.only_runs);
    let asked: Vec<Class> =
        TORN.iter().copied().chain(writes.then_some(Class::LostUpdate)).collect();
    let list = |reached: bool| {
        let some = asked.iter().filter(|class| search.reached.contains(class) == reached);
        some.map(ToString::to_string).collect::<Vec<_>>().join(", ")
    };
    match (list(false), search.complete) {
        (none, _) if none.is_empty() => format!("reachable here: {}", list(true)),
        (missing, true) => format!("unreachable here: {missing}"),
        (missing, false) => format!("not found so far: {missing}"),
    }
}

fn contrast(replay: &Replay) -> Vec<String> {
    let Some(contrast) = &replay.contrast else { return Vec::new() };
    let class = match worst(&replay.classes) == Some(contrast.class) && replay.classes.len() == 1 {
        true => "it".to_owned(),
        false => contrast.class.to_string(),
    };
    match &contrast.removes {
        Some(change) => wrap(&format!("nearest change that removes {class}: {change}"), 2),
        None => {
            let tried = (!contrast.tried.is_empty())
                .then(|| format!("none of {} removes {class}", listed(&contrast.tried)));
            let open = (!contrast.open.is_empty())
                .then(|| format!("not known of {}", listed(&contrast.open)));
            let all: Vec<String> = tried.into_iter().chain(open).collect();
            if all.is_empty() { Vec::new() } else { wrap(&all.join("; "), 3) }
        }
    }
}

/// Changes with their common word once: `series A, B`.
fn listed(changes: &[String]) -> String {
    let mut text = String::new();
    let mut last = "";
    for change in changes {
        let (word, rest) = change.split_once(' ').unwrap_or(("", change));
        let repeats = word == "series" && last == word;
        let comma = if text.is_empty() { "" } else { ", " };
        text += &format!("{comma}{}", if repeats { rest } else { change });
        last = word;
    }
    text
}
