//! `[[run]]`, and the context that runs and threads share.

use super::Reader;
use super::progs::body_help;
use crate::scenario::model::Run;
use crate::scenario::names::{Ctx, HotplugDo, Irqs};
use crate::scenario::node::{Node, Table};

/// Bytes of a packet.
pub(super) const MAX_DATA: usize = 65_535;

impl<'a> Reader<'a> {
    pub(super) fn runs(&mut self, node: Option<Node<'a>>) {
        for table in self.array_tables(node, "run") {
            match self.run(table) {
                Some(run) => self.scenario.runs.push(run),
                None => self.places.incomplete = true,
            }
        }
    }

    fn run(&mut self, mut table: Table<'a>) -> Option<Run> {
        let prog = table.need(&mut self.log, "prog", "write prog = \"NAME\"");
        let cpu = table.need(&mut self.log, "cpu", "write cpu = N");
        let context = self.context(&mut table);
        let ctx_node = table.take("ctx");
        let times = match table.take("times") {
            Some(node) => node.u32(&mut self.log, 1..=u32::MAX),
            None => Some(1),
        };
        let data = self.packet(table.take("data"));
        table.finish(&mut self.log);
        let cpu = cpu.and_then(|node| self.online_cpu(&node));
        let name = prog.as_ref().and_then(|node| self.prog_named(node));
        if let (Some(node), Some(name)) = (&prog, &name) {
            self.check_bodies(node, name);
            if let Some((ctx, _)) = context {
                self.check_type(ctx_node.as_ref().unwrap_or(node), name, ctx);
            }
        }
        let (ctx, irqs) = context?;
        Some(Run { prog: name?, cpu: cpu?, ctx, irqs, times: times?, data: data? })
    }

    /// `ctx` and `irqs`.
    pub(super) fn context(&mut self, table: &mut Table<'a>) -> Option<(Ctx, Irqs)> {
        let ctx = match table.take("ctx") {
            Some(node) => node.choice(&mut self.log, "context", Ctx::ALL),
            None => Some(Ctx::Task),
        };
        let node = table.take("irqs");
        let written = match &node {
            Some(node) => {
                let set = [Irqs::On, Irqs::Off];
                Some(node.choice(&mut self.log, "state of interrupts", &set)?)
            }
            None => None,
        };
        let ctx = ctx?;
        let masked = match ctx {
            Ctx::Task | Ctx::Softirq => return Some((ctx, written.unwrap_or(Irqs::On))),
            Ctx::Hardirq | Ctx::Nmi => Irqs::ByEntry,
        };
        if let (Some(node), Some(Irqs::On)) = (node, written) {
            let wrong = format!("entering {ctx} masks interrupts");
            node.bad(&mut self.log, wrong, "remove it, or take ctx = \"task\" or \"softirq\"");
            return None;
        }
        Some((ctx, masked))
    }

    /// The bytes of a packet.
    pub(super) fn packet(&mut self, node: Option<Node<'a>>) -> Option<Vec<u8>> {
        let Some(node) = node else { return Some(vec![]) };
        let data = node.hex(&mut self.log)?;
        if data.len() > MAX_DATA {
            let help = format!("write at most {MAX_DATA} bytes");
            node.bad(&mut self.log, format!("{} bytes are no packet", data.len()), help);
            return None;
        }
        Some(data)
    }

    /// A CPU on which something can run at some time.
    pub(super) fn online_cpu(&mut self, node: &Node<'a>) -> Option<u32> {
        let cpu = self.cpu(node)?;
        let comes = |event: &crate::scenario::model::Hotplug| {
            event.cpu == cpu && event.action == HotplugDo::Online
        };
        let online = self.scenario.machine.online.contains(&cpu);
        if self.machine_ok && !online && !self.scenario.hotplug.iter().any(comes) {
            let help = "name it in machine.online, or bring it on line with [[hotplug]]";
            node.bad(&mut self.log, "the CPU is off line", help);
            return None;
        }
        Some(cpu)
    }

    fn check_bodies(&mut self, node: &Node<'a>, name: &str) {
        let explored = self.scenario.explore.series.iter();
        let missing: Vec<&str> =
            explored.filter(|series| self.lacks_body(name, series)).map(String::as_str).collect();
        let known = self.places.bodiless.iter().any(|known| known == name);
        if let (Some(first), false) = (missing.first(), known) {
            let wrong = format!("the program has no body for {}", missing.join(", "));
            let help = body_help(name, first);
            node.bad(&mut self.log, wrong, help);
            self.places.bodiless.push(name.to_owned());
        }
    }

    /// A program whose type is written runs where that type runs.
    fn check_type(&mut self, node: &Node<'a>, name: &str, ctx: Ctx) {
        if !self.places.typed_progs.iter().any(|typed| typed == name) {
            return;
        }
        let Some(prog) = self.scenario.prog(name) else { return };
        let ty = prog.prog_type;
        let Some(contexts) = ty.contexts() else { return };
        if !contexts.contains(&ctx) {
            let names: Vec<&str> = contexts.iter().map(|ctx| ctx.name()).collect();
            let wrong = format!("a {ty} program does not run in {ctx}");
            let help = format!(
                "it runs in {}; take one of these, or leave the type of '{name}' out",
                names.join(" and ")
            );
            node.bad(&mut self.log, wrong, help);
        }
    }
}
