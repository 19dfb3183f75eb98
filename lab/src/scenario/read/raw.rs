//! `do = { bpf = "map_create", attr = { map_type = 5 } }`: bpf(2) as it is.

use super::runs::MAX_DATA;
use super::{Reader, is_identifier};
use crate::scenario::node::{Node, Table};
use crate::scenario::ops::{CallOp, RawAttr, RawCmd, RawValue};
use crate::scenario::suggest::way_out;

impl<'a> Reader<'a> {
    pub(super) fn raw(&mut self, node: &Node<'a>, table: &mut Table<'a>) -> Option<CallOp> {
        let attr = match table.take("attr") {
            Some(node) => self.attr(&node),
            None => Some(RawAttr::Fields(vec![])),
        };
        Some(CallOp::Raw { cmd: self.command(node)?, attr: attr? })
    }

    fn command(&mut self, node: &Node<'a>) -> Option<RawCmd> {
        if node.is_integer() {
            return node.u32(&mut self.log, 0..=u32::MAX).map(RawCmd::Number);
        }
        let name = node.string(&mut self.log)?;
        if !is_identifier(name) || name.chars().any(|c| c.is_ascii_uppercase()) {
            let help = "write it without BPF_ and in lower case, as in \"map_create\"";
            node.bad(&mut self.log, "no command", help);
            return None;
        }
        Some(RawCmd::Name(name.to_owned()))
    }

    fn attr(&mut self, node: &Node<'a>) -> Option<RawAttr> {
        if node.as_str().is_some() {
            return node.hex(&mut self.log).map(RawAttr::Bytes);
        }
        let thing = node.thing.clone();
        let mut table = node.table(&mut self.log, &format!("{thing} attr"))?;
        let mut fields = vec![];
        for (_, node) in table.take_rest() {
            fields.push((node.key.to_owned(), self.raw_value(&node)?));
        }
        fields.sort_by(|(a, _), (b, _)| a.cmp(b));
        Some(RawAttr::Fields(fields))
    }

    fn raw_value(&mut self, node: &Node<'a>) -> Option<RawValue> {
        if node.is_array() {
            let items = node.items(&mut self.log)?;
            if items.len() > MAX_DATA {
                let help = format!("write at most {MAX_DATA}");
                node.bad(&mut self.log, format!("{} bytes", items.len()), help);
                return None;
            }
            let bytes = items.iter().map(|item| item.integer(&mut self.log, 0..=255));
            let bytes = bytes.map(|byte| byte.map(|byte| byte as u8)).collect::<Vec<_>>();
            return bytes.into_iter().collect::<Option<_>>().map(RawValue::Bytes);
        }
        let Some(text) = node.as_str() else {
            let range = i64::MIN.into()..=u64::MAX.into();
            return node.integer(&mut self.log, range).map(RawValue::Number);
        };
        if !node.key.ends_with("_fd") {
            return Some(RawValue::Text(text.to_owned()));
        }
        let maps = self.scenario.maps.iter().map(|map| map.name.as_str());
        let progs = self.scenario.progs.iter().map(|prog| prog.name.as_str());
        let names: Vec<&str> = maps.chain(progs).collect();
        if !names.contains(&text) && !self.places.incomplete {
            let help = format!("{}, or a number", way_out(text, &names));
            node.bad(&mut self.log, "no map or program of this name", help);
            return None;
        }
        Some(RawValue::Fd(text.to_owned()))
    }
}
