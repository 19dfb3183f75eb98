//! Steps, values and units in words.

use super::contrast::worst;
use super::data::{Access, Content, Deed, MapNames, Replay, ReplayStep, Returned, Target};
use crate::class::Class;
use crate::scenario::Key;
use bpfsim_sim::Step;

/// Fields of a value that are written out.
const FIELDS: usize = 6;

impl Replay {
    /// The class that the schedule is looked at for: the worst that it has.
    pub fn class(&self) -> Option<Class> {
        worst(&self.classes)
    }

    /// The call that has this class; else the first that read a value.
    pub fn focus_call(&self) -> Option<&Returned> {
        let class = self.class();
        let has = |call: &&Returned| call.values.iter().any(|value| Some(value.2) == class);
        let fails = |call: &&Returned| match class {
            Some(Class::Error(errno)) => call.errno == Some(errno),
            _ => false,
        };
        let reads = |call: &&Returned| !call.values.is_empty();
        let calls = || self.calls.iter();
        calls().find(has).or_else(|| calls().find(fails)).or_else(|| calls().find(reads))
    }

    /// The slot that the schedule is about, by index.
    pub fn focus(&self) -> Option<usize> {
        let class = self.class();
        let lost = self.lost.first().map(|lost| lost.slot);
        if let (Some(Class::LostUpdate), Some(slot)) = (class, lost) {
            return Some(slot);
        }
        let values = self.focus_call().map_or(&[][..], |call| &call.values);
        let shown = values.iter().find(|value| Some(value.2) == class).or(values.first());
        shown.map(|value| value.0).or(if self.slots.is_empty() { None } else { Some(0) })
    }
}

/// What a step does, without whose it is.
pub fn what(replay: &Replay, step: &ReplayStep) -> String {
    let Some(kind) = step.step else { return String::new() };
    match (kind, &step.access) {
        (Step::IrqOff, _) => "irqs off".to_owned(),
        (Step::IrqOn, _) => "irqs on".to_owned(),
        (Step::Wake, _) => "wake".to_owned(),
        (Step::SendIpi(rank), _) => format!("send IPI to cpu{}", step.other_cpu.unwrap_or(rank)),
        (Step::Hotplug(rank, online), _) => {
            let verb = if online { "comes on line" } else { "goes off line" };
            format!("cpu{} {verb}", step.other_cpu.unwrap_or(rank))
        }
        (
            Step::Load { .. }
            | Step::Store { .. }
            | Step::Atomic { .. }
            | Step::Lock(_)
            | Step::Unlock(_),
            Some(access),
        ) => touches(replay, step.deed, kind, access),
        (Step::Load { .. } | Step::Store { .. } | Step::Atomic { .. }, None) => "access".to_owned(),
        (Step::Lock(_), None) => "lock".to_owned(),
        (Step::Unlock(_), None) => "unlock".to_owned(),
    }
}

fn touches(replay: &Replay, deed: Deed, kind: Step, access: &Access) -> String {
    let bucket = |map: usize, bucket: u32| match replay.maps[map].buckets {
        0 | 1 => String::new(),
        _ => format!(" {bucket}"),
    };
    let verb = match (kind, deed) {
        (Step::Lock(_), _) => "lock",
        (Step::Unlock(_), _) => "unlock",
        (Step::Atomic { .. }, _) => "atomic",
        (Step::Load { .. }, Deed::Lookup) => "copy",
        (Step::Store { .. }, Deed::Update) => "write",
        (Step::Store { .. }, _) => "st",
        (Step::Load { .. }, _) | (Step::IrqOff | Step::IrqOn, _) => "ld",
        (Step::SendIpi(_) | Step::Wake | Step::Hotplug(..), _) => "ld",
    };
    match &access.target {
        Target::Value { map, key, cpu, offset } => {
            let place = suffix(replay, *map, key.as_ref(), *cpu);
            let names = &replay.maps[*map];
            format!("{verb} {}", pieces(names, &place, *offset, access))
        }
        Target::Lock(map, of) => format!("{verb} bucket{}", bucket(*map, *of)),
        Target::Chain(..) | Target::Link(..) if access.writes && access.gives => "link".to_owned(),
        Target::Chain(..) | Target::Link(..) if access.writes => "unlink".to_owned(),
        Target::Chain(map, of) => format!("ld bucket{}", bucket(*map, *of)),
        Target::Link(..) => "ld link".to_owned(),
        Target::Key(_, key) => format!("ld key {}", key_text(key)),
        Target::FreeList(_) if access.gives => "free element".to_owned(),
        Target::FreeList(_) => "take element".to_owned(),
        Target::Count(_) => format!("ld count = {}", access.new),
        Target::Other => format!("{verb} {}", access.at),
    }
}

/// Which slot, where it is not the one that the schedule is about.
fn suffix(replay: &Replay, map: usize, key: Option<&Key>, cpu: Option<u32>) -> String {
    let focus = replay.focus().map(|slot| &replay.slots[slot]);
    let mut text = String::new();
    match (key, focus) {
        (None, _) => text += "[free]",
        (Some(key), Some(slot)) if slot.map == map && slot.key == *key => {}
        (Some(key), _) => text += &format!("[{}]", key_text(key)),
    }
    if let Some(cpu) = cpu.filter(|cpu| focus.is_none_or(|slot| slot.cpu != Some(*cpu))) {
        text += &format!("@cpu{cpu}");
    }
    text
}

/// The fields that an access covers, with what it read or wrote of each.
fn pieces(names: &MapNames, place: &str, offset: u32, access: &Access) -> String {
    let end = offset + access.bytes;
    let mut all = Vec::new();
    for field in &names.fields {
        let (first, size) = (field.offset, field.ty.bytes());
        let (from, to) = (offset.max(first), end.min(first + size));
        if from >= to {
            continue;
        }
        let bits = (to - from) * 8;
        let mask = if bits == 64 { u64::MAX } else { (1 << bits) - 1 };
        let value = access.new >> ((from - offset) * 8) & mask;
        let part = match to - from {
            whole if whole == size => String::new(),
            1 => format!(" byte {}", from - first),
            _ => format!(" bytes {}-{}", from - first, to - first - 1),
        };
        all.push(format!("{}{place}{part} = {value}", field.name));
    }
    if all.is_empty() {
        return format!("padding{place}");
    }
    all.join(", ")
}

/// A key, as a number where it is one.
pub fn key_text(key: &Key) -> String {
    match key.number() {
        Some(number) => number.to_string(),
        None => key.0.iter().map(|byte| format!("{byte:02x}")).collect(),
    }
}

/// `{1, 64}`, or `absent`.
pub fn value_text(content: &Content, comma: &str) -> String {
    let Some(fields) = content else { return "absent".to_owned() };
    let shown = fields.iter().take(FIELDS).map(u64::to_string);
    let rest = (fields.len() > FIELDS).then(|| "..".to_owned());
    let all: Vec<String> = shown.chain(rest).collect();
    format!("{{{}}}", all.join(comma))
}

/// What a call returned, in a few words; nothing where there is nothing to say.
pub fn returns(call: &Returned) -> Option<String> {
    if let Some(errno) = call.errno {
        return Some(format!("fails, {errno}"));
    }
    if let Some(key) = &call.key {
        return Some(format!("returns key {}", key_text(key)));
    }
    let values: Vec<String> =
        call.values.iter().take(3).map(|value| value_text(&value.1, ", ")).collect();
    (!values.is_empty()).then(|| format!("returns {}", values.join(" ")))
}
