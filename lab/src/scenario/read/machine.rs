//! `[machine]` and `[[hotplug]]`.

use super::Reader;
use crate::scenario::cpulist;
use crate::scenario::cpus::cpu_set;
use crate::scenario::model::Hotplug;
use crate::scenario::names::{At, HotplugDo, Preempt};
use crate::scenario::node::Node;

impl<'a> Reader<'a> {
    pub(super) fn machine(&mut self, node: Option<Node<'a>>) {
        let Some(node) = node else { return };
        let Some(mut table) = node.table(&mut self.log, "[machine]") else {
            self.machine_ok = false;
            return;
        };
        let errors = self.log.errors();
        if let Some(node) = table.take("possible") {
            match cpu_set(&node, &mut self.log) {
                Some(cpus) => self.scenario.machine.possible = cpus,
                None => self.machine_ok = false,
            }
        }
        self.scenario.machine.online = self.scenario.machine.possible.clone();
        if let Some(node) = table.take("online") {
            self.online(&node);
        }
        if let Some(node) = table.take("preempt") {
            let preempt = node.choice(&mut self.log, "preemption", Preempt::ALL);
            self.scenario.machine.preempt = preempt.unwrap_or(Preempt::None);
        }
        table.finish(&mut self.log);
        self.machine_ok &= self.log.errors() == errors;
    }

    fn online(&mut self, node: &Node<'a>) {
        let Some(cpus) = cpu_set(node, &mut self.log) else {
            self.machine_ok = false;
            return;
        };
        let possible = &self.scenario.machine.possible;
        let stray = cpus.iter().find(|cpu| !possible.contains(cpu));
        if let (Some(stray), true) = (stray, self.machine_ok) {
            let help =
                format!("possible are {}; leave it out, or widen possible", cpulist(possible));
            node.bad(&mut self.log, format!("CPU {stray} is not possible"), help);
            self.machine_ok = false;
        }
        self.scenario.machine.online = cpus;
    }

    pub(super) fn hotplug(&mut self, node: Option<Node<'a>>) {
        for mut table in self.array_tables(node, "hotplug") {
            let cpu = table.need(&mut self.log, "cpu", "write cpu = N");
            let action = table.need(&mut self.log, "do", "write do = \"offline\" or \"online\"");
            let at = table.take("at");
            table.finish(&mut self.log);
            let at = at.map_or(Some(At::Any), |at| at.choice(&mut self.log, "moment", At::ALL));
            let what = action.as_ref().and_then(|node| {
                node.choice(&mut self.log, "thing to do with a CPU", HotplugDo::ALL)
            });
            let cpu = cpu.and_then(|cpu| self.cpu(&cpu));
            let (Some(cpu), Some(at), Some(what), Some(node)) = (cpu, at, what, action) else {
                self.machine_ok = false;
                continue;
            };
            if self.hotplug_makes_sense(&node, cpu, what) {
                self.scenario.hotplug.push(Hotplug { cpu, at, action: what });
            }
        }
    }

    fn hotplug_makes_sense(&mut self, node: &Node<'a>, cpu: u32, what: HotplugDo) -> bool {
        if !self.machine_ok {
            return false;
        }
        let is_online = self.scenario.machine.online.contains(&cpu);
        let comes = |other: u32, what: HotplugDo| {
            let all = &self.scenario.hotplug;
            all.iter().any(|event| event.cpu == other && event.action == what)
        };
        let (wrong, help) = match what {
            HotplugDo::Offline if !is_online && !comes(cpu, HotplugDo::Online) => {
                (format!("CPU {cpu} is off line already"), "bring it on line first")
            }
            HotplugDo::Online if is_online && !comes(cpu, HotplugDo::Offline) => {
                (format!("CPU {cpu} is on line already"), "take it off line first")
            }
            HotplugDo::Offline if self.scenario.machine.online == [cpu] => (
                format!("CPU {cpu} is the only one on line: a kernel says EBUSY"),
                "start with two CPUs on line",
            ),
            HotplugDo::Offline | HotplugDo::Online => return true,
        };
        node.bad(&mut self.log, wrong, help);
        false
    }
}
