//! `[[call]]`: what it does. What is expected of it is read in `outcome`.

use super::Reader;
use super::operations::{Strictness, VERBS};
use crate::scenario::node::{Node, Table};
use crate::scenario::ops::{Call, CallFor, CallOp};
use crate::scenario::suggest::nearest;
use bpfsim_abi::Release;

/// The words that make a call something else than an operation on a map.
const DEEDS: [&str; 5] = ["load", "run", "offline", "online", "bpf"];

/// A `do` and an `expect`, not yet read.
struct Pair<'a> {
    op: Option<Node<'a>>,
    expect: Option<Node<'a>>,
}

impl<'a> Reader<'a> {
    pub(super) fn calls(&mut self, node: Option<Node<'a>>) {
        let mut online = self.scenario.machine.online.clone();
        for table in self.array_tables(node, "call") {
            match self.call(table, &mut online) {
                Some(call) => self.scenario.calls.push(call),
                None => self.places.incomplete = true,
            }
        }
    }

    fn call(&mut self, mut table: Table<'a>, online: &mut Vec<u32>) -> Option<Call> {
        let op = table.need(&mut self.log, "do", "write do = { lookup = ... } or { load = ... }");
        let pair = Pair { op, expect: table.take("expect") };
        let on_node = table.take("on");
        let kernel = match table.take("kernel") {
            Some(node) => self.release(&node).map(Some),
            None => Some(None),
        };
        let series = match table.take("series") {
            Some(node) => self.series_list(&node),
            None => Some(vec![]),
        };
        let others = table.take("for");
        let why = self.optional_text(table.take("why"));
        let says = table.take("says").and_then(|node| self.says(&node));
        let start = table.start;
        let thing = table.thing.clone();
        table.finish(&mut self.log);
        let on = on_node.as_ref().map_or(Some(0), |node| self.cpu(node));
        let (first, for_series) = self.pairs(pair, others);
        let (op, on) = (first.op?, on?);
        if self.machine_ok && !online.contains(&on) {
            let at = on_node.map_or(start, |node| node.start);
            let help = "bring it on line in a call before, or write on = another CPU";
            self.log.error(at, &thing, format!("the caller's CPU {on} is off line here"), help);
        }
        match op {
            CallOp::Offline(cpu) => online.retain(|&other| other != cpu),
            CallOp::Online(cpu) => online.push(cpu),
            CallOp::Map(_) | CallOp::Load { .. } | CallOp::Run { .. } | CallOp::Raw { .. } => {}
        }
        let expect = first.expect;
        let (kernel, series, for_series) = (kernel?, series?, for_series?);
        let call = Call { op, on, kernel, expect, series, for_series, why, says };
        self.check_series(&call, start, &thing);
        Some(call)
    }

    /// Reads `do` and `expect`, for all and for single series.
    fn pairs(
        &mut self,
        first: Pair<'a>,
        others: Option<Node<'a>>,
    ) -> (CallFor, Option<Vec<(String, CallFor)>>) {
        let mut pairs = vec![];
        for (series, mut table) in self.for_tables(others) {
            let pair = Pair { op: table.take("do"), expect: table.take("expect") };
            table.finish(&mut self.log);
            pairs.push((series, pair));
        }
        let fails = |pair: &Pair| {
            pair.expect.as_ref().is_some_and(|node| node.has_key("errno") || node.has_key("trap"))
        };
        let anything =
            first.expect.is_none() || fails(&first) || pairs.iter().any(|(_, pair)| fails(pair));
        let how = if anything { Strictness::Anything } else { Strictness::Sound };
        let main = self.pair(first, how, None);
        let main_op = main.as_ref().and_then(|main| main.op.clone());
        let mut for_series = Some(vec![]);
        for (series, pair) in pairs {
            let own = self.pair(pair, how, main_op.as_ref());
            match (own, &mut for_series) {
                (Some(own), Some(list)) => list.push((series, own)),
                (None, _) | (_, None) => for_series = None,
            }
        }
        (main.unwrap_or_default(), for_series)
    }

    fn pair(&mut self, pair: Pair<'a>, how: Strictness, main: Option<&CallOp>) -> Option<CallFor> {
        let op = match &pair.op {
            Some(node) => Some(self.call_op(node, how)?),
            None => None,
        };
        let expect = match &pair.expect {
            Some(node) => Some(self.outcome(node, op.as_ref().or(main))?),
            None => None,
        };
        Some(CallFor { op, expect })
    }

    pub(super) fn release(&mut self, node: &Node<'a>) -> Option<Release> {
        let text = node.string(&mut self.log)?;
        let release = text.parse().ok();
        if release.is_none() {
            node.bad(&mut self.log, "no kernel release", "write X.Y, as in \"5.19\"");
        }
        release
    }

    fn call_op(&mut self, node: &Node<'a>, how: Strictness) -> Option<CallOp> {
        let thing = node.thing.clone();
        let mut table = node.table(&mut self.log, &format!("{thing} do"))?;
        let (deeds, verbs) = (table.present(&DEEDS), table.present(&VERBS));
        if !deeds.is_empty() && deeds.len() + verbs.len() > 1 {
            let message = format!("{} at once", [deeds, verbs].concat().join(" and "));
            self.log.error(table.start, &table.thing, message, "write one [[call]] for each");
            return None;
        }
        if let Some(deed) = deeds.first() {
            let node = table.take(deed)?;
            let op = self.deed(deed, &node, &mut table);
            table.finish(&mut self.log);
            return op;
        }
        if verbs.is_empty() {
            let all = [&VERBS[..], &DEEDS[..]].concat();
            let slip = table.slip(&all).map(|(_, _, near)| near);
            let near = slip.and_then(|near| nearest(near, &all));
            let hint = near.map_or(String::new(), |near| format!("did you mean '{near}'? "));
            let help = format!("{hint}write one of {}", all.join(", "));
            self.log.error(table.start, &table.thing, "the call does nothing", help);
            return None;
        }
        let (op, into) = self.operation(table, how)?;
        if let Some(into) = into {
            let help = "remove it; a call has expect";
            into.warn(&mut self.log, "only results of threads have names", help);
        }
        Some(CallOp::Map(op))
    }

    fn deed(&mut self, deed: &str, node: &Node<'a>, table: &mut Table<'a>) -> Option<CallOp> {
        match deed {
            "load" => Some(CallOp::Load { prog: self.prog_named(node)? }),
            "run" => {
                let cpu = table.take("cpu").map_or(Some(0), |node| self.cpu(&node));
                let data = self.packet(table.take("data"));
                Some(CallOp::Run { prog: self.prog_named(node)?, cpu: cpu?, data: data? })
            }
            "offline" => self.cpu(node).map(CallOp::Offline),
            "online" => self.cpu(node).map(CallOp::Online),
            _ => self.raw(node, table),
        }
    }

    /// A call's series are explored, and its programs have bodies there.
    fn check_series(&mut self, call: &Call, start: usize, thing: &str) {
        let strays: Vec<&String> =
            call.series.iter().filter(|series| !self.is_explored(series)).collect();
        if let Some(stray) = strays.first() {
            let message = format!("'{stray}' is not explored: the call is not made there");
            let help = "name it in explore.series, or remove it here";
            self.log.warning(start, thing, message, help);
        }
        let explored = self.scenario.explore.series.clone();
        let mut missing: Vec<(String, String)> = vec![];
        for series in explored.iter().filter(|series| call.is_in(series)) {
            let (CallOp::Load { prog } | CallOp::Run { prog, .. }) = call.op_for(series) else {
                continue;
            };
            if self.lacks_body(prog, series) {
                missing.push((prog.clone(), series.clone()));
            }
        }
        missing.retain(|(prog, _)| !self.places.bodiless.contains(prog));
        if let Some((prog, series)) = missing.first() {
            let message = format!("program '{prog}' has no body for {series}");
            self.log.error(start, thing, message, super::progs::body_help(prog, series));
            self.places.bodiless.push(prog.clone());
        }
    }
}
