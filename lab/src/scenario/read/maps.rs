//! `[map.NAME]`.

use super::{Reader, is_identifier};
use crate::scenario::holds::Holds;
use crate::scenario::model::{Field, MapDef};
use crate::scenario::names::{FieldType, MapKind};
use crate::scenario::node::{Node, Table};

/// Keys of one map that are present at the start.
const MAX_ENTRIES: u32 = 1_000_000;
/// Bytes of a value: per-CPU values end at 32768.
const MAX_VALUE: u32 = 65_536;
/// Bytes of a key: `MAX_BPF_STACK` of include/linux/filter.h.
const MAX_KEY: u32 = 512;

impl<'a> Reader<'a> {
    pub(super) fn maps(&mut self, node: Option<Node<'a>>) {
        for (node, at) in self.named_tables(node, "map") {
            let name = node.key;
            let thing = format!("[map.{name}]");
            if !is_identifier(name) {
                let help = "write letters, digits and '_', as a program names it";
                self.log.error(at, &thing, format!("'{name}' is no name for a map"), help);
                self.places.broken_maps.push(name.to_owned());
                continue;
            }
            let table = node.table(&mut self.log, &thing);
            match table.and_then(|table| self.map(name, table)) {
                Some(map) => {
                    self.scenario.maps.push(map);
                    self.places.maps.push(at);
                }
                None => self.places.broken_maps.push(name.to_owned()),
            }
        }
    }

    fn map(&mut self, name: &str, mut table: Table<'a>) -> Option<MapDef> {
        let kind = match table.take("type") {
            Some(node) => node.choice(&mut self.log, "map type", MapKind::ALL),
            None => Some(MapKind::Percpu),
        };
        let entries = match table.take("entries") {
            Some(node) => node.u32(&mut self.log, 1..=MAX_ENTRIES),
            None => Some(1),
        };
        let value = self.value_layout(&mut table);
        let holds = table.take("holds");
        let key_size = self.key_size(table.take("key_size"), kind);
        let options = Options::take(&mut table);
        table.finish(&mut self.log);
        let (kind, entries, (fields, value_size)) = (kind?, entries?, value?);
        let mut map = MapDef {
            name: name.to_owned(),
            kind,
            entries,
            holds: holds.and_then(|node| self.holds(&node, &fields)),
            fields,
            value_size,
            key_size: key_size?,
            empty: false,
            max_entries: None,
            prealloc: None,
            hash: false,
        };
        self.options(&mut map, options);
        Some(map)
    }

    /// Reads what only some kinds of map have.
    fn options(&mut self, map: &mut MapDef, options: Options<'a>) {
        let log = &mut self.log;
        let is_array = matches!(map.kind, MapKind::Array | MapKind::PercpuArray);
        if let Some(node) = options.empty {
            map.empty = node.boolean(log).unwrap_or(false);
            if map.empty && is_array {
                node.bad(log, "an array is never empty", "remove it, or take a hash");
            }
        }
        if let Some(node) = options.hash {
            map.hash = node.boolean(log).unwrap_or(false);
            if map.kind != MapKind::Percpu {
                let help = "remove it, or write type = \"percpu\"";
                node.bad(log, "goes with type = \"percpu\" only", help);
            }
        }
        if let Some(node) = options.prealloc {
            map.prealloc = node.boolean(log);
            if is_array {
                node.bad(log, "an array has no freelist", "remove it, or take a hash");
            }
        }
        if let Some(node) = options.max_entries {
            map.max_entries = node.u32(log, 1..=u32::MAX);
            if !map.empty && map.max_entries.is_some_and(|max| max < map.entries) {
                let wrong = format!("less than the {} entries present at the start", map.entries);
                node.bad(log, wrong, "raise it, lower entries, or write empty = true");
                map.max_entries = None;
            }
        }
    }

    fn key_size(&mut self, node: Option<Node<'a>>, kind: Option<MapKind>) -> Option<u32> {
        let Some(node) = node else { return Some(4) };
        let size = node.u32(&mut self.log, 1..=MAX_KEY)?;
        let fixed = match kind? {
            MapKind::Array | MapKind::PercpuArray => "an array has keys of 4 bytes",
            MapKind::Percpu => "some series have an array here, with keys of 4 bytes",
            MapKind::Hash | MapKind::PercpuHash => return Some(size),
        };
        if size != 4 {
            node.bad(&mut self.log, fixed, "remove it, or take a hash");
            return None;
        }
        Some(size)
    }

    /// Fields with their offsets, and the size of a value.
    fn value_layout(&mut self, table: &mut Table<'a>) -> Option<(Vec<Field>, u32)> {
        let fields = table.take("fields");
        let size = match table.take("value_size") {
            Some(node) => Some((node.u32(&mut self.log, 1..=MAX_VALUE)?, node)),
            None => None,
        };
        match (fields, size) {
            (Some(fields), size) => {
                let (fields, end) = self.fields(&fields)?;
                let Some((size, node)) = size else { return Some((fields, end)) };
                if size < end {
                    let wrong = format!("the fields take {end} bytes");
                    node.bad(&mut self.log, wrong, "remove it, or raise it");
                    return None;
                }
                Some((fields, size))
            }
            (None, Some((size, _))) => Some((words(size), size)),
            (None, None) => {
                let help = "write fields = [{ name = \"n\", type = \"u64\" }], or value_size";
                let message = "the value has no layout";
                self.log.error(table.start, &table.thing, message, help);
                None
            }
        }
    }

    fn fields(&mut self, node: &Node<'a>) -> Option<(Vec<Field>, u32)> {
        let mut fields: Vec<Field> = vec![];
        let (mut end, mut align, mut good) = (0u32, 1u32, true);
        for item in node.items(&mut self.log)? {
            let Some((name, ty)) = self.field(&item) else {
                good = false;
                continue;
            };
            if fields.iter().any(|field| field.name == name) {
                let message = format!("field '{name}' twice");
                self.log.error(item.start, &item.thing, message, "name each field once");
            }
            let offset = end.next_multiple_of(ty.bytes());
            end = offset.saturating_add(ty.bytes());
            align = align.max(ty.bytes());
            fields.push(Field { name, ty, offset });
            if end > MAX_VALUE {
                let help = format!("a value has at most {MAX_VALUE} bytes");
                node.bad(&mut self.log, "too many fields", help);
                return None;
            }
        }
        if fields.is_empty() && good {
            let help = "name one, as in { name = \"packets\", type = \"u64\" }";
            node.bad(&mut self.log, "no field", help);
        }
        (good && !fields.is_empty()).then(|| (fields, end.next_multiple_of(align)))
    }

    fn field(&mut self, item: &Node<'a>) -> Option<(String, FieldType)> {
        let thing = item.thing.clone();
        let mut table = item.table(&mut self.log, &format!("{thing} fields"))?;
        let name = table.need(&mut self.log, "name", "write name = \"...\"");
        let ty = table.need(&mut self.log, "type", "write type = \"u64\"");
        table.finish(&mut self.log);
        let ty = ty.and_then(|node| node.choice(&mut self.log, "field type", FieldType::ALL));
        let name = name.and_then(|node| self.identifier(&node));
        Some((name?, ty?))
    }

    /// A name that an expression can carry.
    pub(super) fn identifier(&mut self, node: &Node<'a>) -> Option<String> {
        let name = node.string(&mut self.log)?;
        if !is_identifier(name) {
            let help = "write letters, digits and '_', not beginning with a digit";
            node.bad(&mut self.log, "no name", help);
            return None;
        }
        Some(name.to_owned())
    }

    fn holds(&mut self, node: &Node<'a>, fields: &[Field]) -> Option<Holds> {
        let text = node.string(&mut self.log)?;
        let names: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
        match Holds::parse(text, &names) {
            Ok(holds) => Some(holds),
            Err(error) => {
                let start = node.content_start(&self.log);
                let at = if start > node.start { start + error.at } else { start };
                let message = format!("holds: {}", error.wrong);
                self.log.error(at, &node.thing, message, error.help);
                None
            }
        }
    }
}

/// The nodes of what only some kinds of map have.
struct Options<'a> {
    empty: Option<Node<'a>>,
    max_entries: Option<Node<'a>>,
    prealloc: Option<Node<'a>>,
    hash: Option<Node<'a>>,
}

impl<'a> Options<'a> {
    fn take(table: &mut Table<'a>) -> Self {
        Self {
            empty: table.take("empty"),
            max_entries: table.take("max_entries"),
            prealloc: table.take("prealloc"),
            hash: table.take("hash"),
        }
    }
}

/// The layout of a value of which only the size is known: words as large as divide it.
fn words(size: u32) -> Vec<Field> {
    let types = [FieldType::U64, FieldType::U32, FieldType::U16];
    let fitting = types.into_iter().find(|ty| size.is_multiple_of(ty.bytes()));
    let ty = fitting.unwrap_or(FieldType::U8);
    let word = |index| Field { name: format!("w{index}"), ty, offset: index * ty.bytes() };
    (0..size / ty.bytes()).map(word).collect()
}
