//! `[[thread]]`. In TOML, `[thread.NAME.for.SERIES]` is a part of the last `[[thread]]` before it:
//! it is accepted in any of them, for the thread of that name.

use super::operations::Strictness;
use super::{Reader, is_name};
use crate::scenario::model::Thread;
use crate::scenario::node::{Node, Table};
use crate::scenario::ops::Do;
use crate::scenario::suggest::way_out;

/// What a thread does in one series, for a thread that is known by name or by number.
struct Other<'a> {
    thread: Result<usize, String>,
    at: usize,
    tables: Vec<(String, Table<'a>)>,
}

impl<'a> Reader<'a> {
    pub(super) fn threads(&mut self, node: Option<Node<'a>>) {
        let mut others = vec![];
        for table in self.array_tables(node, "thread") {
            let (number, start) = (self.scenario.threads.len(), table.start);
            match self.thread(table, number, &mut others) {
                Some(thread) => {
                    self.scenario.threads.push(thread);
                    self.places.threads.push(start);
                }
                None => self.places.incomplete = true,
            }
        }
        for other in others {
            self.other(other);
        }
        self.check_work();
    }

    fn thread(
        &mut self,
        mut table: Table<'a>,
        number: usize,
        others: &mut Vec<Other<'a>>,
    ) -> Option<Thread> {
        let name = table.need(&mut self.log, "name", "write name = \"...\"");
        let at = name.as_ref().map_or(table.start, |node| node.start);
        let name = name.and_then(|node| self.name(&node).map(|name| (name, node)));
        if let Some((name, node)) = &name {
            table.rename(&format!("[[thread]] '{name}'"));
            if self.scenario.threads.iter().any(|thread| thread.name == *name) {
                node.bad(&mut self.log, "two threads of this name", "rename one of them");
                self.places.incomplete = true;
            }
        }
        let cpu = table.need(&mut self.log, "cpu", "write cpu = N");
        let context = self.context(&mut table);
        let work = table.take("do");
        self.take_others(&mut table, number, at, others);
        table.finish(&mut self.log);
        let cpu = cpu.and_then(|node| self.online_cpu(&node));
        let ops = work.map_or(Some(vec![]), |node| self.thread_ops(&node, number));
        let ((name, _), (ctx, irqs)) = (name?, context?);
        Some(Thread { name, cpu: cpu?, ctx, irqs, ops: ops?, for_series: vec![] })
    }

    /// Takes `for` and every `NAME.for` out of a `[[thread]]`.
    fn take_others(
        &mut self,
        table: &mut Table<'a>,
        number: usize,
        at: usize,
        others: &mut Vec<Other<'a>>,
    ) {
        if let Some(node) = table.take("for") {
            let tables = self.for_tables(Some(node));
            others.push(Other { thread: Ok(number), at, tables });
        }
        for (at, node) in table.take_where(|node| node.is_table() && is_name(node.key)) {
            let thing = format!("[thread.{}]", node.key);
            let Some(mut named) = node.table(&mut self.log, &thing) else { continue };
            let help = format!("write [thread.{}.for.SERIES]", node.key);
            let Some(inner) = named.need(&mut self.log, "for", &help) else { continue };
            named.finish(&mut self.log);
            let tables = self.for_tables(Some(inner));
            others.push(Other { thread: Err(node.key.to_owned()), at, tables });
        }
    }

    fn other(&mut self, other: Other<'a>) {
        let names: Vec<&str> =
            self.scenario.threads.iter().map(|thread| thread.name.as_str()).collect();
        let number = match other.thread {
            Ok(number) => number,
            Err(name) => match names.iter().position(|known| *known == name) {
                Some(number) => number,
                None if self.places.incomplete => return,
                None => {
                    let help = way_out(&name, &names);
                    let thing = format!("[thread.{name}]");
                    self.log.error(other.at, &thing, format!("no thread '{name}'"), help);
                    return;
                }
            },
        };
        for (series, mut table) in other.tables {
            let work = table.need(&mut self.log, "do", "write do = [{ lookup = ... }]");
            let (thing, start) = (table.thing.clone(), table.start);
            table.finish(&mut self.log);
            let Some(ops) = work.and_then(|node| self.thread_ops(&node, number)) else { continue };
            let Some(thread) = self.scenario.threads.get_mut(number) else { continue };
            let twice = thread.for_series.iter().any(|(known, _)| *known == series);
            if twice && !self.places.incomplete {
                let message = format!("'{series}' twice for thread '{}'", thread.name);
                self.log.error(start, &thing, message, "keep one of the two");
                continue;
            }
            thread.for_series.push((series, ops));
        }
    }

    /// The list under `do`.
    fn thread_ops(&mut self, node: &Node<'a>, thread: usize) -> Option<Vec<Do>> {
        let mut ops: Vec<Do> = vec![];
        let mut good = true;
        let mut seen: Vec<String> = vec![];
        for (number, item) in node.items(&mut self.log)?.iter().enumerate() {
            let thing = format!("{} do {}", item.thing, number + 1);
            let table = item.table(&mut self.log, &thing);
            let read = table.and_then(|table| self.operation(table, Strictness::Sound));
            let Some((op, into)) = read else {
                good = false;
                continue;
            };
            if let (Some(name), Some(node)) = (&op.into, into) {
                self.check_into(&node, name, thread, &seen);
                seen.push(name.clone());
            }
            ops.push(op);
        }
        good.then_some(ops)
    }

    /// A result has one name: within a list, and across threads.
    fn check_into(&mut self, node: &Node<'a>, name: &str, thread: usize, seen: &[String]) {
        let intos = &self.places.intos;
        let other = intos.iter().find(|(number, known, _)| *number != thread && known == name);
        if let Some((_, _, at)) = other {
            let line = self.log.position(*at).0;
            let wrong = format!("line {line} has a result of this name, in another thread");
            node.bad(&mut self.log, wrong, "rename one of them");
            return;
        }
        if seen.iter().any(|known| known == name) {
            node.bad(&mut self.log, "two results of this name", "rename one of them");
        }
        self.places.intos.push((thread, name.to_owned(), node.start));
    }

    /// Every thread does something in every series that is explored.
    fn check_work(&mut self) {
        if self.places.incomplete || self.log.has_errors() {
            return;
        }
        let series = &self.scenario.explore.series;
        let idle = self.scenario.threads.iter().enumerate().find_map(|(number, thread)| {
            let idle = series.iter().find(|series| thread.ops_for(series).is_empty())?;
            let written =
                thread.for_series.iter().any(|(name, ops)| name == idle && ops.is_empty());
            (!written).then(|| (number, thread.name.clone(), idle.clone()))
        });
        if let Some((number, name, series)) = idle {
            let thing = format!("[[thread]] '{name}'");
            let help = "write do = [{ lookup = ... }]";
            let message = format!("does nothing in series '{series}'");
            self.log.error(self.places.threads[number], &thing, message, help);
        }
    }
}
