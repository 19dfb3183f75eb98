//! A TOML value with its place, and typed ways to read it that say what is wrong.

use super::names::Named;
use super::problem::Log;
use super::suggest::way_out;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::rc::Rc;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// One value of the file: whose it is, under which key, where.
#[derive(Clone)]
pub(crate) struct Node<'a> {
    pub(crate) thing: Rc<str>,
    pub(crate) key: &'a str,
    pub(crate) start: usize,
    end: usize,
    value: &'a DeValue<'a>,
}

impl<'a> Node<'a> {
    fn of(thing: Rc<str>, key: &'a str, value: &'a Spanned<DeValue<'a>>) -> Self {
        let span = value.span();
        Self { thing, key, start: span.start, end: span.end, value: value.get_ref() }
    }

    /// Reports an error about this value.
    pub(crate) fn bad(&self, log: &mut Log, wrong: impl Display, help: impl Display) {
        let message = format!("{}: {wrong}", self.shown(log));
        log.error(self.start, &self.thing, message, help);
    }

    /// Reports a warning about this value.
    pub(crate) fn warn(&self, log: &mut Log, wrong: impl Display, help: impl Display) {
        let message = format!("{}: {wrong}", self.shown(log));
        log.warning(self.start, &self.thing, message, help);
    }

    /// `key = value`, in at most some forty characters of one line.
    fn shown(&self, log: &Log) -> String {
        if self.is_table() {
            return self.key.to_owned();
        }
        let whole = log.slice(self.start, self.end);
        let line = whole.lines().next().unwrap_or("");
        let short: String = line.chars().take(40).collect();
        let dots = if short.len() < whole.len() { "..." } else { "" };
        format!("{} = {short}{dots}", self.key)
    }

    fn wants(&self, log: &mut Log, wanted: &str, help: &str) {
        let article = if self.kind().starts_with(['a', 'i']) { "an" } else { "a" };
        self.bad(log, format!("{wanted} belongs here, this is {article} {}", self.kind()), help);
    }

    fn kind(&self) -> &'static str {
        match self.value {
            DeValue::String(_) => "string",
            DeValue::Integer(_) => "integer",
            DeValue::Float(_) => "float",
            DeValue::Boolean(_) => "boolean",
            DeValue::Datetime(_) => "date",
            DeValue::Array(_) => "array",
            DeValue::Table(_) => "table",
        }
    }

    pub(crate) fn is_table(&self) -> bool {
        self.value.is_table()
    }

    pub(crate) fn is_integer(&self) -> bool {
        self.value.is_integer()
    }

    pub(crate) fn is_array(&self) -> bool {
        self.value.is_array()
    }

    /// Whether this is a table with such a key; no complaint otherwise.
    pub(crate) fn has_key(&self, key: &str) -> bool {
        self.value.get(key).is_some()
    }

    /// The text, if this is a string; no complaint otherwise.
    pub(crate) fn as_str(&self) -> Option<&'a str> {
        self.value.as_str()
    }

    /// Where the first character of a string's content stands, when it is written on one line
    /// without escapes; else where the value stands.
    pub(crate) fn content_start(&self, log: &Log) -> usize {
        let raw = log.slice(self.start, self.end);
        let inner = raw.get(1..raw.len().saturating_sub(1));
        let plain = inner.is_some() && inner == self.as_str();
        if plain { self.start + 1 } else { self.start }
    }

    /// Line of the first line of a string's content.
    pub(crate) fn content_line(&self, log: &Log) -> u32 {
        let raw = log.slice(self.start, self.end);
        let body = raw.strip_prefix("\"\"\"").or_else(|| raw.strip_prefix("'''"));
        let next = body.is_some_and(|body| body.starts_with('\n') || body.starts_with("\r\n"));
        log.position(self.start).0 + u32::from(next)
    }

    pub(crate) fn string(&self, log: &mut Log) -> Option<&'a str> {
        let text = self.as_str();
        if text.is_none() {
            self.wants(log, "a string", "put it in quotes");
        }
        text
    }

    /// A string with something in it.
    pub(crate) fn text(&self, log: &mut Log) -> Option<String> {
        let text = self.string(log)?;
        if text.trim().is_empty() {
            self.bad(log, "the string is empty", "write something, or leave the key out");
            return None;
        }
        Some(text.to_owned())
    }

    pub(crate) fn boolean(&self, log: &mut Log) -> Option<bool> {
        let flag = self.value.as_bool();
        if flag.is_none() {
            self.wants(log, "true or false", "write it without quotes");
        }
        flag
    }

    /// An integer within `range`.
    pub(crate) fn integer(&self, log: &mut Log, range: RangeInclusive<i128>) -> Option<i128> {
        let Some(digits) = self.value.as_integer() else {
            self.wants(log, "an integer", "write a number without quotes");
            return None;
        };
        let number = i128::from_str_radix(digits.as_str(), digits.radix()).ok();
        let found = number.filter(|number| range.contains(number));
        if found.is_none() {
            let help = format!("write {} to {}", range.start(), range.end());
            self.bad(log, "out of range", help);
        }
        found
    }

    pub(crate) fn u32(&self, log: &mut Log, range: RangeInclusive<u32>) -> Option<u32> {
        let wide = i128::from(*range.start())..=i128::from(*range.end());
        self.integer(log, wide).map(|number| number as u32)
    }

    /// The elements of an array, each as a node with the array's key.
    pub(crate) fn items(&self, log: &mut Log) -> Option<Vec<Node<'a>>> {
        let Some(array) = self.value.as_array() else {
            self.wants(log, "a list", "put it in [ ]");
            return None;
        };
        Some(array.iter().map(|item| Node::of(self.thing.clone(), self.key, item)).collect())
    }

    /// This table, to be reported as `thing`.
    pub(crate) fn table(&self, log: &mut Log, thing: &str) -> Option<Table<'a>> {
        let Some(table) = self.value.as_table() else {
            self.wants(log, "a table", "write { key = value }");
            return None;
        };
        Some(Table::new(thing, self.start, table))
    }

    /// One of a closed set of names.
    pub(crate) fn choice<T: Named>(&self, log: &mut Log, what: &str, set: &[T]) -> Option<T> {
        let name = self.string(log)?;
        let found = set.iter().copied().find(|one| one.name() == name);
        if found.is_none() {
            let names: Vec<&str> = set.iter().map(|one| one.name()).collect();
            self.bad(log, format!("no such {what}"), way_out(name, &names));
        }
        found
    }

    /// Bytes written as pairs of hex digits; blanks and `_` between pairs do not count.
    pub(crate) fn hex(&self, log: &mut Log) -> Option<Vec<u8>> {
        let text = self.string(log)?;
        let digits: Option<Vec<u8>> = text
            .chars()
            .filter(|c| !c.is_ascii_whitespace() && *c != '_')
            .map(|c| c.to_digit(16).map(|digit| digit as u8))
            .collect();
        match digits {
            Some(digits) if digits.len() % 2 == 0 => {
                Some(digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect())
            }
            Some(_) => {
                self.bad(log, "an odd number of hex digits", "write two digits per byte");
                None
            }
            None => {
                self.bad(log, "not hex", "write two hex digits per byte, as in \"00ff\"");
                None
            }
        }
    }
}

/// A table of the file, read key by key. What nobody asked for is unknown.
pub(crate) struct Table<'a> {
    pub(crate) thing: Rc<str>,
    pub(crate) start: usize,
    entries: Vec<Entry<'a>>,
    asked: Vec<&'static str>,
}

struct Entry<'a> {
    key_start: usize,
    node: Node<'a>,
    taken: bool,
}

impl<'a> Table<'a> {
    pub(crate) fn new(thing: &str, start: usize, table: &'a DeTable<'a>) -> Self {
        let thing: Rc<str> = thing.into();
        let mut entries: Vec<Entry> = table
            .iter()
            .map(|(key, value)| Entry {
                key_start: key.span().start,
                node: Node::of(thing.clone(), key.get_ref(), value),
                taken: false,
            })
            .collect();
        entries.sort_by_key(|entry| entry.key_start);
        Self { thing, start, entries, asked: vec![] }
    }

    /// From now on the table is reported under this name.
    pub(crate) fn rename(&mut self, thing: &str) {
        self.thing = thing.into();
        for entry in &mut self.entries {
            entry.node.thing = self.thing.clone();
        }
    }

    /// The value under `key`, which counts as known from now on.
    pub(crate) fn take(&mut self, key: &'static str) -> Option<Node<'a>> {
        if !self.asked.contains(&key) {
            self.asked.push(key);
        }
        let entry = self.entries.iter_mut().find(|entry| entry.node.key == key)?;
        entry.taken = true;
        Some(entry.node.clone())
    }

    /// The value under `key`, or an error that says what to write.
    pub(crate) fn need(
        &mut self,
        log: &mut Log,
        key: &'static str,
        help: &str,
    ) -> Option<Node<'a>> {
        let found = self.take(key);
        if found.is_none() {
            log.error(self.start, &self.thing, format!("'{key}' is missing"), help);
        }
        found
    }

    /// Every entry not yet taken, in file order, with the place of its key.
    pub(crate) fn take_rest(&mut self) -> Vec<(usize, Node<'a>)> {
        let rest = self.entries.iter_mut().filter(|entry| !entry.taken);
        rest.map(|entry| {
            entry.taken = true;
            (entry.key_start, entry.node.clone())
        })
        .collect()
    }

    /// Every entry not yet taken that `wanted` likes.
    pub(crate) fn take_where(
        &mut self,
        wanted: impl Fn(&Node<'a>) -> bool,
    ) -> Vec<(usize, Node<'a>)> {
        let rest = self.entries.iter_mut().filter(|entry| !entry.taken && wanted(&entry.node));
        rest.map(|entry| {
            entry.taken = true;
            (entry.key_start, entry.node.clone())
        })
        .collect()
    }

    /// The keys of the table that `set` has too.
    pub(crate) fn present(&self, set: &[&'static str]) -> Vec<&'static str> {
        let has = |key: &&'static str| self.entries.iter().any(|entry| entry.node.key == *key);
        set.iter().copied().filter(has).collect()
    }

    /// A key of the table that is near to one of `set`.
    pub(crate) fn slip(&self, set: &[&'static str]) -> Option<(usize, &'a str, &'static str)> {
        self.entries.iter().find_map(|entry| {
            let near = super::suggest::nearest(entry.node.key, set)?;
            Some((entry.key_start, entry.node.key, near))
        })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Reports every key that nobody asked for.
    pub(crate) fn finish(mut self, log: &mut Log) {
        self.asked.sort_unstable();
        for entry in self.entries.iter().filter(|entry| !entry.taken) {
            let key = entry.node.key;
            let help = way_out(key, &self.asked);
            log.error(entry.key_start, &self.thing, format!("'{key}' is no key here"), help);
        }
    }
}
