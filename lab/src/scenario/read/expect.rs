//! `[expect.SERIES]`.

use super::Reader;
use crate::class::Class;
use crate::scenario::model::{Cost, Expect, Verdict};
use crate::scenario::node::{Node, Table};
use crate::scenario::suggest::way_out;

impl<'a> Reader<'a> {
    pub(super) fn expects(&mut self, node: Option<Node<'a>>) {
        self.scenario.expects = self.expects_in(node, "expect");
    }

    /// `[section.SERIES]` for each series that something is expected of.
    pub(super) fn expects_in(&mut self, node: Option<Node<'a>>, section: &str) -> Vec<Expect> {
        let mut expects = vec![];
        let Some(node) = node else { return expects };
        let whole = format!("[{section}]");
        let Some(mut table) = node.table(&mut self.log, &whole) else { return expects };
        for (at, node) in table.take_rest() {
            let thing = format!("[{section}.{}]", node.key);
            if !node.is_table() {
                let help = format!("write [{section}.SERIES] above it");
                let message = format!("'{}': the series is missing", node.key);
                self.log.error(at, &whole, message, help);
                continue;
            }
            let Some(series) = self.series_name(at, &thing, node.key) else { continue };
            let explored = &self.scenario.explore.series;
            if self.series_ok && !explored.contains(&series) {
                let names: Vec<&str> = explored.iter().map(String::as_str).collect();
                let help = format!("{}, or name it in explore.series", way_out(&series, &names));
                self.log.error(at, &thing, format!("'{series}' is not explored"), help);
            }
            let Some(table) = node.table(&mut self.log, &thing) else { continue };
            if table.is_empty() {
                let help = "write reachable, unreachable, verify or cost";
                self.log.warning(at, &thing, "nothing is expected", help);
            }
            expects.push(self.expect(series, table));
        }
        expects
    }

    fn expect(&mut self, series: String, mut table: Table<'a>) -> Expect {
        let reachable = self.classes(table.take("reachable"), &[]);
        let unreachable = self.classes(table.take("unreachable"), &reachable);
        let verify = table.take("verify").and_then(|node| node.text(&mut self.log));
        let verify = verify.map(|text| match text.as_str() {
            "accepted" => Verdict::Accepted,
            _ => Verdict::Message(text),
        });
        let cost = table.take("cost").and_then(|node| self.cost(&node));
        table.finish(&mut self.log);
        Expect { series, reachable, unreachable, verify, cost }
    }

    /// Classes, each once and none of `others`, in their own order.
    fn classes(&mut self, node: Option<Node<'a>>, others: &[Class]) -> Vec<Class> {
        let items = node.and_then(|node| node.items(&mut self.log)).unwrap_or_default();
        let mut classes = vec![];
        for item in items {
            let Some(name) = item.string(&mut self.log) else { continue };
            match name.parse::<Class>() {
                Ok(class) if classes.contains(&class) => {
                    item.bad(&mut self.log, "named twice", "name each class once");
                }
                Ok(class) if others.contains(&class) => {
                    item.bad(&mut self.log, "expected as reachable too", "remove it from one list");
                }
                Ok(class) => classes.push(class),
                Err(error) => self.no_class(&item, name, &error.to_string()),
            }
        }
        classes.sort_unstable();
        classes
    }

    fn no_class(&mut self, item: &Node<'a>, name: &str, error: &str) {
        let names: Vec<&str> = Class::PLAIN.iter().map(|class| class.stem()).collect();
        let near = crate::scenario::suggest::nearest(name, &names);
        let (_, help) = error.split_once("; ").unwrap_or(("", error));
        let hint = near.map_or(String::new(), |near| format!("did you mean '{near}'? "));
        item.bad(&mut self.log, "no class of outcome", format!("{hint}{help}"));
    }

    fn cost(&mut self, node: &Node<'a>) -> Option<Cost> {
        let thing = node.thing.clone();
        let mut table = node.table(&mut self.log, &format!("{thing} cost"))?;
        let mut number = |key| -> Option<u64> {
            let node = table.take(key)?;
            node.integer(&mut self.log, 0..=u64::MAX.into()).map(|number| number as u64)
        };
        let cost = Cost { calls: number("calls"), ipis: number("ipis"), bytes: number("bytes") };
        table.finish(&mut self.log);
        Some(cost)
    }
}
