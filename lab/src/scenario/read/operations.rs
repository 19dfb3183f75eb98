//! One operation on a map: `{ lookup = "stats", key = 0, cpu = 0, into = "x" }`.

use super::Reader;
use crate::scenario::model::MapDef;
use crate::scenario::names::{MapKind, Verb};
use crate::scenario::node::{Node, Table};
use crate::scenario::ops::{CpuArg, Do, Key, Value};
use crate::scenario::suggest::way_out;

/// How much an operation may ask for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Strictness {
    /// What a series could do.
    Sound,
    /// Anything: the call is expected to fail, or is not judged.
    Anything,
}

/// The words that make a table an operation.
pub(super) const VERBS: [&str; 5] = ["lookup", "update", "delete", "next", "walk"];

/// The nodes of what an operation is about, as far as its verb takes them.
struct Parts<'a> {
    key: Option<Node<'a>>,
    cpu: Option<Node<'a>>,
    value: Option<Node<'a>>,
    flags: Option<Node<'a>>,
    into: Option<Node<'a>>,
}

impl<'a> Parts<'a> {
    fn take(table: &mut Table<'a>, verb: Verb) -> Self {
        let mut take = |key, verbs: &[Verb]| -> Option<Node<'a>> {
            if verbs.contains(&verb) { table.take(key) } else { None }
        };
        Self {
            key: take("key", &[Verb::Lookup, Verb::Update, Verb::Delete, Verb::Next]),
            cpu: take("cpu", Verb::ALL),
            value: take("value", &[Verb::Update]),
            flags: take("flags", &[Verb::Lookup, Verb::Update, Verb::Walk]),
            into: take("into", &[Verb::Lookup, Verb::Next, Verb::Walk]),
        }
    }
}

/// What is absent is `Some(None)`; what is there and wrong, `None`.
fn optional<'a, T>(
    node: Option<&Node<'a>>,
    read: impl FnOnce(&Node<'a>) -> Option<T>,
) -> Option<Option<T>> {
    match node {
        Some(node) => read(node).map(Some),
        None => Some(None),
    }
}

impl<'a> Reader<'a> {
    /// Reads an operation; with it, the node of `into`.
    pub(super) fn operation(
        &mut self,
        mut table: Table<'a>,
        strictness: Strictness,
    ) -> Option<(Do, Option<Node<'a>>)> {
        let (verb, map_node) = self.verb(&mut table)?;
        let parts = Parts::take(&mut table, verb);
        let complete = self.check_parts(&table, verb, &parts);
        table.finish(&mut self.log);
        let flags = optional(parts.flags.as_ref(), |node| self.flags(node));
        let into = optional(parts.into.as_ref(), |node| self.identifier(node));
        let map = self.map_named(&map_node)?;
        let cpu = optional(parts.cpu.as_ref(), |node| self.cpu_arg(node, &map, strictness));
        let key = optional(parts.key.as_ref(), |node| self.map_key(node, &map, strictness));
        let value = optional(parts.value.as_ref(), |node| self.value(node, &map));
        if let (
            Some(Some(Value::PerCpu(_))),
            Some(Some(CpuArg::One(_) | CpuArg::Own)),
            Some(node),
        ) = (&value, &cpu, &parts.cpu)
        {
            let help = "write one value, or cpu = \"all\"";
            node.bad(&mut self.log, "one slot does not take a value per CPU", help);
        }
        let (key, cpu, value, flags) = (key?, cpu?, value?, flags?.unwrap_or(0));
        let op = Do { verb, map: map.name, key, cpu, value, flags, into: into? };
        complete.then_some((op, parts.into))
    }

    /// The one verb of an operation, and the node that names its map.
    fn verb(&mut self, table: &mut Table<'a>) -> Option<(Verb, Node<'a>)> {
        let present = table.present(&VERBS);
        let [word] = present[..] else {
            let help = "write one of lookup, update, delete, next, walk = \"MAP\"";
            if !present.is_empty() {
                let message = format!("{} at once", present.join(" and "));
                self.log.error(table.start, &table.thing, message, "write one item for each");
            } else if let Some((at, key, near)) = table.slip(&VERBS) {
                let help = format!("did you mean '{near}'? {help}");
                self.log.error(at, &table.thing, format!("'{key}' is no key here"), help);
            } else {
                self.log.error(table.start, &table.thing, "no operation", help);
            }
            return None;
        };
        let verb = Verb::ALL.iter().copied().find(|verb| verb.name() == word)?;
        Some((verb, table.take(word)?))
    }

    fn check_parts(&mut self, table: &Table<'a>, verb: Verb, parts: &Parts<'a>) -> bool {
        let needs_key = matches!(verb, Verb::Lookup | Verb::Update | Verb::Delete);
        let mut missing = |what, help: &str| {
            let message = format!("'{what}' is missing: {verb} needs one");
            self.log.error(table.start, &table.thing, message, help);
            false
        };
        let key = !needs_key || parts.key.is_some() || missing("key", "write key = N");
        let value = verb != Verb::Update
            || parts.value.is_some()
            || missing("value", "write value = [...], one number per field");
        key && value
    }

    fn flags(&mut self, node: &Node<'a>) -> Option<u64> {
        if node.is_integer() {
            let flags = node.integer(&mut self.log, i64::MIN.into()..=u64::MAX.into())?;
            return Some(flags as u64);
        }
        let items = if node.is_array() { node.items(&mut self.log)? } else { vec![node.clone()] };
        let known = [("any", 0), ("noexist", 1), ("exist", 2)];
        let mut flags = 0;
        for item in items {
            let name = item.string(&mut self.log)?;
            let Some((_, bits)) = known.iter().find(|(known, _)| *known == name) else {
                let help = way_out(name, &known.map(|(name, _)| name));
                item.bad(&mut self.log, "no such flag", format!("{help}, or a number"));
                return None;
            };
            flags |= bits;
        }
        Some(flags)
    }

    fn cpu_arg(&mut self, node: &Node<'a>, map: &MapDef, how: Strictness) -> Option<CpuArg> {
        if how == Strictness::Sound && !map.kind.is_percpu() {
            let wrong = format!("map '{}' has no slot per CPU", map.name);
            node.bad(&mut self.log, wrong, "remove it, or write type = \"percpu\"");
            return None;
        }
        match node.as_str() {
            Some("all") => Some(CpuArg::All),
            Some("self") => Some(CpuArg::Own),
            Some(_) => {
                node.bad(&mut self.log, "no CPU", "write a number, \"all\" or \"self\"");
                None
            }
            None if how == Strictness::Anything => {
                node.u32(&mut self.log, 0..=u32::MAX).map(CpuArg::One)
            }
            None => self.cpu(node).map(CpuArg::One),
        }
    }

    fn map_key(&mut self, node: &Node<'a>, map: &MapDef, how: Strictness) -> Option<Key> {
        let key = self.key(node, map.key_size)?;
        let is_array = match map.kind {
            MapKind::Array | MapKind::PercpuArray => true,
            MapKind::Percpu => !map.hash && !map.empty,
            MapKind::Hash | MapKind::PercpuHash => false,
        };
        let capacity = map.max_entries.unwrap_or(map.entries);
        let outside = key.number().is_none_or(|number| number >= capacity.into());
        if how == Strictness::Sound && is_array && outside {
            let last = capacity - 1;
            let wrong = format!("map '{}' is an array with keys 0 to {last}", map.name);
            node.bad(&mut self.log, wrong, "take one of these, or raise entries");
            return None;
        }
        Some(key)
    }

    /// A key: a number, parts of equal size, or hex bytes.
    pub(super) fn key(&mut self, node: &Node<'a>, size: u32) -> Option<Key> {
        let size = size as usize;
        let mut bytes = if node.is_integer() {
            let largest = if size < 8 { (1i128 << (8 * size)) - 1 } else { u64::MAX.into() };
            node.integer(&mut self.log, 0..=largest)?.to_le_bytes().to_vec()
        } else if node.is_array() {
            let items = node.items(&mut self.log)?;
            let part = size.checked_div(items.len()).filter(|part| part * items.len() == size);
            let Some(part @ (1 | 2 | 4 | 8)) = part else {
                let wrong = format!("{} parts do not make a key of {size} bytes", items.len());
                node.bad(&mut self.log, wrong, "write parts of 1, 2, 4 or 8 bytes each");
                return None;
            };
            let mut bytes = vec![];
            for item in items {
                let number = item.integer(&mut self.log, 0..=(1i128 << (8 * part)) - 1)?;
                bytes.extend(&number.to_le_bytes()[..part]);
            }
            bytes
        } else {
            let bytes = node.hex(&mut self.log)?;
            if bytes.len() != size {
                let wrong = format!("a key of {size} bytes is needed, this has {}", bytes.len());
                node.bad(&mut self.log, wrong, "write two hex digits for each");
                return None;
            }
            bytes
        };
        bytes.resize(size, 0);
        Some(Key(bytes))
    }

    fn value(&mut self, node: &Node<'a>, map: &MapDef) -> Option<Value> {
        let nested = node.is_array()
            && node.items(&mut self.log)?.first().is_some_and(|first| first.is_array());
        if !nested {
            return self.fields_of(node, map).map(Value::Same);
        }
        let items = node.items(&mut self.log)?;
        let cpus = self.scenario.machine.possible.len();
        if self.machine_ok && cpus != items.len() && map.kind.is_percpu() {
            let wrong = format!("{} values for {cpus} possible CPUs", items.len());
            node.bad(&mut self.log, wrong, "write one value per possible CPU");
            return None;
        }
        if !map.kind.is_percpu() {
            let wrong = format!("map '{}' has no slot per CPU", map.name);
            node.bad(&mut self.log, wrong, "write one value");
            return None;
        }
        let values = items.iter().map(|item| self.fields_of(item, map));
        values.collect::<Vec<_>>().into_iter().collect::<Option<_>>().map(Value::PerCpu)
    }

    /// One value, by field. A lone number is the only field, and 0 is zero everywhere.
    pub(super) fn fields_of(&mut self, node: &Node<'a>, map: &MapDef) -> Option<Vec<u64>> {
        let count = map.fields.len();
        let max = |index: usize| map.fields.get(index).map_or(u64::MAX, |field| field.ty.largest());
        if node.is_integer() {
            let number = node.integer(&mut self.log, 0..=max(0).into())? as u64;
            if count == 1 || number == 0 {
                return Some(vec![number; count]);
            }
        }
        let names: Vec<&str> = map.fields.iter().map(|field| field.name.as_str()).collect();
        let wanted = if count <= 8 { names.join(", ") } else { format!("{count} numbers") };
        let items = if node.is_array() { node.items(&mut self.log)? } else { vec![] };
        if items.len() != count {
            let wrong = format!("a value of map '{}' has {count} fields", map.name);
            node.bad(&mut self.log, wrong, format!("write [{wanted}]"));
            return None;
        }
        let numbers = items.iter().enumerate().map(|(index, item)| {
            item.integer(&mut self.log, 0..=max(index).into()).map(|number| number as u64)
        });
        numbers.collect::<Vec<_>>().into_iter().collect()
    }
}
