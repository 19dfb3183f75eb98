//! `[explore]`.

use super::Reader;
use crate::scenario::model::Limits;
use crate::scenario::names::{CopyPlan, Model, Named};
use crate::scenario::node::Node;

impl<'a> Reader<'a> {
    pub(super) fn explore(&mut self, node: Option<Node<'a>>) {
        let Some(node) = node else { return };
        let Some(mut table) = node.table(&mut self.log, "[explore]") else { return };
        let errors = self.log.errors();
        if let Some(node) = table.take("series") {
            self.explored_series(&node);
            self.series_ok &= self.log.errors() == errors;
        }
        if let Some(node) = table.take("models") {
            let models = self.words(&node, "model", Model::ALL);
            self.scenario.explore.models = models.unwrap_or(vec![Model::Sc]);
        }
        let copy = table.take("copy");
        self.copy_plans(copy);
        let limits = table.take("limits");
        self.limits(limits);
        table.finish(&mut self.log);
    }

    fn explored_series(&mut self, node: &Node<'a>) {
        if let Some(series) = self.series_list(node) {
            self.scenario.explore.series = series;
            self.scenario.explore.all_series = false;
        }
    }

    /// A list of series, each once; reports what is wrong with it.
    pub(super) fn series_list(&mut self, node: &Node<'a>) -> Option<Vec<String>> {
        let mut series: Vec<String> = vec![];
        for item in node.items(&mut self.log)? {
            let Some(text) = item.string(&mut self.log) else { continue };
            let Some(name) = self.series_name(item.start, &item.thing, text) else { continue };
            if series.contains(&name) {
                item.bad(&mut self.log, "named twice", "name each series once");
            } else {
                series.push(name);
            }
        }
        if series.is_empty() && !self.log.has_errors() {
            let help = "name one, or leave the key out for all of them";
            node.bad(&mut self.log, "no series", help);
        }
        (!series.is_empty()).then_some(series)
    }

    /// A list of words out of a closed set, at least one, each once.
    fn words<T: Named + PartialEq>(
        &mut self,
        node: &Node<'a>,
        what: &str,
        set: &[T],
    ) -> Option<Vec<T>> {
        let mut found: Vec<T> = vec![];
        let items = node.items(&mut self.log)?;
        if items.is_empty() {
            node.bad(&mut self.log, format!("no {what}"), "name one, or leave the key out");
        }
        for item in items {
            let Some(word) = item.choice(&mut self.log, what, set) else { continue };
            if found.contains(&word) {
                item.bad(&mut self.log, "named twice", format!("name each {what} once"));
            } else {
                found.push(word);
            }
        }
        (!found.is_empty()).then_some(found)
    }

    fn copy_plans(&mut self, node: Option<Node<'a>>) {
        let Some(node) = node else { return };
        let Some(mut table) = node.table(&mut self.log, "[explore] copy") else { return };
        for (at, node) in table.take_rest() {
            let thing = table.thing.clone();
            let Some(series) = self.series_name(at, &thing, node.key) else { continue };
            if !self.is_explored(&series) {
                let message = format!("'{series}' is not explored");
                self.log.warning(
                    at,
                    &thing,
                    message,
                    "name it in series, or remove its copy plans",
                );
            }
            if let Some(plans) = self.words(&node, "copy plan", CopyPlan::ALL) {
                self.scenario.explore.copy.push((series, plans));
            }
        }
    }

    /// Whether this series, or for a plain name any variant of it, is explored.
    pub(super) fn is_explored(&self, series: &str) -> bool {
        if !self.series_ok {
            return true;
        }
        let same = |name: &String| {
            name == series || name.split_once('@').is_some_and(|(plain, _)| plain == series)
        };
        self.scenario.explore.series.iter().any(same)
    }

    fn limits(&mut self, node: Option<Node<'a>>) {
        let Some(node) = node else { return };
        let Some(mut table) = node.table(&mut self.log, "[explore] limits") else { return };
        let mut limits = Limits::default();
        if let Some(node) = table.take("states") {
            let states = node.integer(&mut self.log, 1..=i64::MAX.into());
            limits.states = states.map_or(limits.states, |states| states as u64);
        }
        if let Some(node) = table.take("preemptions") {
            match node.as_str() {
                Some("all") => {}
                Some(_) => {
                    node.bad(&mut self.log, "no number", "write a number, or \"all\"");
                }
                None => limits.preemptions = node.u32(&mut self.log, 0..=u32::MAX),
            }
        }
        table.finish(&mut self.log);
        self.scenario.explore.limits = limits;
    }
}
