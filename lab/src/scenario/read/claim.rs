//! `[claim]` and `[[claim.case]]`.

use super::Reader;
use crate::scenario::Compare;
use crate::scenario::claim::{Amount, Case, Claim, Weighing};
use crate::scenario::names::{ClaimVerdict, CopyPlan, Ctx, Irqs, Quantity, Says};
use crate::scenario::node::{Node, Table};
use crate::scenario::suggest::way_out;

const SIGNS: [Compare; 6] =
    [Compare::Eq, Compare::Ne, Compare::Lt, Compare::Le, Compare::Gt, Compare::Ge];

impl<'a> Reader<'a> {
    pub(super) fn claim(&mut self, node: Option<Node<'a>>) -> Option<Claim> {
        let mut table = node?.table(&mut self.log, "[claim]")?;
        let mut text = |key, help: &str| {
            table.need(&mut self.log, key, help).and_then(|node| node.text(&mut self.log))
        };
        let id = text("id", "write id = \"A1\"");
        let claim = text("text", "write text = the claim in one sentence");
        let who = text("who", "write who = \"NAME\"");
        let because = text("because", "write because = what the model says");
        let history = text("history", "write history = what later kernels did");
        let verdict = table.need(&mut self.log, "verdict", "write what the evidence comes to");
        let verdict =
            verdict.and_then(|node| node.choice(&mut self.log, "verdict", ClaimVerdict::ALL));
        let cases = table.take("case");
        table.finish(&mut self.log);
        let cases = self.array_tables(cases, "claim.case");
        let cases = cases.into_iter().filter_map(|table| self.case(table)).collect();
        Some(Claim {
            id: id?,
            text: claim?,
            who: who?,
            because: because?,
            history: history?,
            verdict: verdict?,
            cases,
        })
    }

    pub(super) fn says(&mut self, node: &Node<'a>) -> Option<Says> {
        node.choice(&mut self.log, "side", Says::ALL)
    }

    fn case(&mut self, mut table: Table<'a>) -> Option<Case> {
        let name = table.need(&mut self.log, "name", "write name = a few words");
        let name = name.and_then(|node| node.text(&mut self.log));
        let says = table.take("says").and_then(|node| self.says(&node));
        let context = self.case_context(&mut table);
        let copy = table.take("copy");
        let copy = copy.and_then(|node| node.choice(&mut self.log, "copy plan", CopyPlan::ALL));
        let kernel = table.take("kernel").and_then(|node| self.release(&node));
        let prog = table.take("prog").and_then(|node| self.prog_named(&node));
        let map = table.take("map").and_then(|node| self.map_named(&node)).map(|map| map.name);
        let progs: Vec<String> = self.scenario.runs.iter().map(|run| run.prog.clone()).collect();
        let runs = table.take("runs").and_then(|node| self.some_of(&node, "run of", &progs));
        let names: Vec<String> = self.scenario.threads.iter().map(|t| t.name.clone()).collect();
        let threads =
            table.take("threads").and_then(|node| self.some_of(&node, "thread of", &names));
        let expects = table.take("expect");
        let weigh = table.take("weigh");
        let (thing, start) = (table.thing.clone(), table.start);
        table.finish(&mut self.log);
        let expects = self.expects_in(expects, "claim.case.expect");
        let weigh = weigh.map_or_else(Vec::new, |node| self.weighings(&node));
        if expects.is_empty() && weigh.is_empty() && !self.log.has_errors() {
            let help = "write [claim.case.expect.SERIES], or weigh = [\"memory: A < B\"]";
            self.log.error(start, &thing, "nothing is expected of the case", help);
        }
        let name = name?;
        Some(Case { name, says, context, runs, threads, copy, kernel, prog, map, expects, weigh })
    }

    /// `ctx` and `irqs`, where one of them is written.
    fn case_context(&mut self, table: &mut Table<'a>) -> Option<(Ctx, Irqs)> {
        let written = !table.present(&["ctx", "irqs"]).is_empty();
        let context = self.context(table);
        table.take("ctx");
        context.filter(|_| written)
    }

    /// A list of names that exist.
    fn some_of(&mut self, node: &Node<'a>, what: &str, known: &[String]) -> Option<Vec<String>> {
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        let mut names = vec![];
        for item in node.items(&mut self.log)? {
            let name = item.string(&mut self.log)?;
            if !known.contains(&name) {
                item.bad(&mut self.log, format!("no {what} this name"), way_out(name, &known));
                return None;
            }
            names.push(name.to_owned());
        }
        Some(names)
    }

    fn weighings(&mut self, node: &Node<'a>) -> Vec<Weighing> {
        let items = node.items(&mut self.log).unwrap_or_default();
        let mut all = vec![];
        for item in items {
            let Some(text) = item.string(&mut self.log) else { continue };
            match self.weighing(&item, text) {
                Some(weighing) => all.push(weighing),
                None if self.log.has_errors() => {}
                None => {
                    let names: Vec<&str> = Quantity::ALL.iter().map(|what| what.name()).collect();
                    let help = format!(
                        "write \"WHAT: SERIES > SERIES\" or a number, WHAT one of {}",
                        names.join(", ")
                    );
                    item.bad(&mut self.log, "no comparison of costs", help);
                }
            }
        }
        all
    }

    fn weighing(&mut self, item: &Node<'a>, text: &str) -> Option<Weighing> {
        let (what, rest) = text.split_once(':')?;
        let what = Quantity::ALL.iter().copied().find(|known| known.name() == what.trim())?;
        let words: Vec<&str> = rest.split_whitespace().collect();
        let [left, sign, right] = words[..] else { return None };
        let sign = SIGNS.into_iter().find(|known| known.sign() == sign)?;
        let thing = item.thing.clone();
        let left = self.series_name(item.start, &thing, left)?;
        let right = match right.replace('_', "").parse() {
            Ok(number) => Amount::Number(number),
            Err(_) => Amount::Series(self.series_name(item.start, &thing, right)?),
        };
        Some(Weighing { what, left, sign, right })
    }
}
