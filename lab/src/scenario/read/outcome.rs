//! `expect` of a `[[call]]`.

use super::Reader;
use crate::scenario::model::MapDef;
use crate::scenario::names::{Trap, Verb};
use crate::scenario::node::Node;
use crate::scenario::ops::{CallOp, Outcome};
use crate::scenario::suggest::way_out;
use bpfsim_abi::Errno;

/// The keys of `expect`.
const OUTCOMES: [&str; 10] = [
    "errno",
    "ok",
    "value",
    "values",
    "verify",
    "accepted",
    "returns",
    "trap",
    "keys",
    "no_operation",
];

impl<'a> Reader<'a> {
    pub(super) fn outcome(&mut self, node: &Node<'a>, op: Option<&CallOp>) -> Option<Outcome> {
        let thing = node.thing.clone();
        let mut table = node.table(&mut self.log, &format!("{thing} expect"))?;
        let present = table.present(&OUTCOMES);
        let [key] = present[..] else {
            let help = format!("write one of {}", OUTCOMES.join(", "));
            let message = match present.len() {
                0 => "nothing is expected".to_owned(),
                _ => format!("{} at once", present.join(" and ")),
            };
            self.log.error(table.start, &table.thing, message, help);
            return None;
        };
        let node = table.take(key)?;
        table.finish(&mut self.log);
        if !self.fits(&node, op?) {
            return None;
        }
        match key {
            "errno" => self.errno(&node).map(Outcome::Errno),
            "ok" => self.yes(&node).then_some(Outcome::Ok),
            "accepted" => self.yes(&node).then_some(Outcome::Accepted),
            "no_operation" => self.yes(&node).then_some(Outcome::NoOperation),
            "verify" => node.text(&mut self.log).map(Outcome::Verify),
            "returns" => {
                let number = node.integer(&mut self.log, i32::MIN.into()..=u32::MAX.into())?;
                Some(Outcome::Returns(number as i64))
            }
            "trap" => node.choice(&mut self.log, "trap", Trap::ALL).map(Outcome::Trap),
            "keys" => self.keys(&node).map(Outcome::Keys),
            "value" => {
                let map = self.map_of(op?)?;
                self.fields_of(&node, &map).map(Outcome::Value)
            }
            _ => {
                let map = self.map_of(op?)?;
                let items = node.items(&mut self.log)?;
                let values = items.iter().map(|item| self.fields_of(item, &map));
                let values: Vec<_> = values.collect();
                values.into_iter().collect::<Option<_>>().map(Outcome::Values)
            }
        }
    }

    /// Whether what the call does can answer such a thing at all; reported if not.
    fn fits(&mut self, node: &Node<'a>, op: &CallOp) -> bool {
        let verb = match op {
            CallOp::Map(op) => Some(op.verb),
            _ => None,
        };
        let (fits, wanted) = match node.key {
            "verify" | "accepted" => (matches!(op, CallOp::Load { .. }), "do = { load = ... }"),
            "returns" | "trap" => (matches!(op, CallOp::Run { .. }), "do = { run = ... }"),
            "keys" => (matches!(verb, Some(Verb::Next | Verb::Walk)), "next and walk"),
            "value" => (verb == Some(Verb::Lookup), "lookup"),
            "values" => (matches!(verb, Some(Verb::Lookup | Verb::Walk)), "lookup and walk"),
            _ => (true, ""),
        };
        if !fits {
            let help = "write errno = \"...\" or ok = true, or change do";
            node.bad(&mut self.log, format!("goes with {wanted}"), help);
        }
        fits
    }

    fn map_of(&self, op: &CallOp) -> Option<MapDef> {
        match op {
            CallOp::Map(op) => self.scenario.map(&op.map).cloned(),
            _ => None,
        }
    }

    fn errno(&mut self, node: &Node<'a>) -> Option<Errno> {
        let name = node.string(&mut self.log)?;
        let found = Errno::ALL.iter().copied().find(|errno| errno.name() == name);
        if found.is_none() {
            let names: Vec<&str> = Errno::ALL.iter().map(|errno| errno.name()).collect();
            node.bad(&mut self.log, "no errno that bpf(2) answers", way_out(name, &names));
        }
        found
    }

    /// A flag that can only be set.
    fn yes(&mut self, node: &Node<'a>) -> bool {
        let flag = node.boolean(&mut self.log);
        if flag == Some(false) {
            let help = "write true, or expect what it answers instead";
            node.bad(&mut self.log, "says what is not expected", help);
        }
        flag == Some(true)
    }

    fn keys(&mut self, node: &Node<'a>) -> Option<Vec<Vec<u64>>> {
        let number = |log: &mut _, node: &Node<'a>| {
            node.integer(log, 0..=u64::MAX.into()).map(|number| number as u64)
        };
        let mut keys = vec![];
        for item in node.items(&mut self.log)? {
            if item.is_integer() {
                keys.push(vec![number(&mut self.log, &item)?]);
                continue;
            }
            let parts = item.items(&mut self.log)?;
            let key = parts.iter().map(|part| number(&mut self.log, part)).collect::<Vec<_>>();
            keys.push(key.into_iter().collect::<Option<_>>()?);
        }
        Some(keys)
    }
}
