//! Threads: their calls, from every CPU on which they can be when a call begins.

use super::error::SetupError;
use super::setup::{Act, Stage, actor_ctx};
use super::units::{self, Desk, Unit};
use crate::scenario::{CpuArg, Do, HotplugDo, Irqs, Preempt, Scenario, Thread};
use bpfsim_abi::Refusal;
use bpfsim_sim::machine::Doing;
use bpfsim_sim::{Actor, Ctx};
use bpfsim_syscall::{Core, Failure, Process, Started, elem};
use std::collections::BTreeMap;

/// The calls of a thread.
#[derive(Clone, Debug, Default)]
pub struct Calls {
    /// From its own CPU.
    own: Vec<Unit>,
    /// From the others on which it can be, by rank.
    elsewhere: BTreeMap<u32, Vec<Unit>>,
}

impl Calls {
    /// The calls as the thread makes them on this CPU.
    pub fn on(&self, rank: u32) -> &[Unit] {
        self.elsewhere.get(&rank).unwrap_or(&self.own)
    }

    /// From its own CPU. What they are does not depend on the CPU, only whose values they mean.
    pub fn own(&self) -> &[Unit] {
        &self.own
    }

    fn all(&self) -> impl Iterator<Item = &Unit> {
        self.own.iter().chain(self.elsewhere.values().flatten())
    }
}

impl Stage {
    /// # Errors
    /// The series has no such operation, or the model no answer to one of its calls.
    pub(super) fn add_thread(
        &mut self,
        scenario: &Scenario,
        thread: &Thread,
    ) -> Result<(), SetupError> {
        let mut task = self.task.clone();
        task.cpu = thread.cpu;
        let calls = self.calls_of(scenario, thread, &mut task)?;
        self.restructures |= calls.all().any(|unit| !unit.changes.is_empty());
        let ctx = actor_ctx(thread.ctx);
        let rank = self.rank(thread.cpu);
        self.actors.push(Actor {
            name: thread.name.clone(),
            cpu: rank,
            ctx,
            irqs_off: thread.irqs == Irqs::Off,
            preemptible: scenario.machine.preempt == Preempt::Full && ctx == Ctx::Task,
            units: calls.own.len() as u16,
            doing: Doing::Frames,
        });
        let scratch = self.root.mem.add_private(scratch_words(&self.core, &calls));
        for (here, units) in std::iter::once((&rank, &calls.own)).chain(&calls.elsewhere) {
            self.ask_all(&thread.name, units, &task, elem::Desk { scratch, here: *here })?;
        }
        let (name, calls) = (thread.name.clone(), Box::new(calls));
        self.acts.push(Act::Thread { name, task, scratch, calls });
        Ok(())
    }

    fn calls_of(
        &mut self,
        scenario: &Scenario,
        thread: &Thread,
        task: &mut Process,
    ) -> Result<Calls, SetupError> {
        let others = refuges(scenario, thread);
        let mut calls = Calls::default();
        for item in thread.ops_for(self.series.name) {
            let own = units::calls(&mut Desk { stage: self, task, cpu: thread.cpu }, item)?;
            for cpu in &others {
                let there = match means_own(item) {
                    true => units::calls(&mut Desk { stage: self, task, cpu: *cpu }, item)?,
                    false => own.clone(),
                };
                calls.elsewhere.entry(self.rank(*cpu)).or_default().extend(there);
            }
            calls.own.extend(own);
        }
        Ok(calls)
    }

    /// Starts every call once, on a machine that is thrown away.
    fn ask_all(
        &self,
        thread: &str,
        units: &[Unit],
        task: &Process,
        desk: elem::Desk,
    ) -> Result<(), SetupError> {
        let mut hw = self.root.clone();
        for unit in units {
            let started = elem::start(&self.core, &mut hw, &desk, task, &unit.attr);
            // An errno is an answer too.
            answered(started).map(drop).map_err(|why| SetupError::NotModelled {
                thread: thread.into(),
                call: unit.name.as_str().into(),
                why: why.into(),
            })?;
        }
        Ok(())
    }
}

/// What the kernel says to a call that begins; `Err` tells why the model has no answer.
pub(super) fn answered(
    started: Option<Result<Started, Failure>>,
) -> Result<Result<Started, Refusal>, String> {
    match started {
        Some(Ok(started)) => Ok(Ok(started)),
        Some(Err(Failure::Errno(refusal))) => Ok(Err(refusal)),
        Some(Err(Failure::NotModelled(why))) => Err(why),
        Some(Err(failure @ Failure::Trapped(_))) => Err(failure.to_string()),
        None => Err("a command that is no operation on one element".to_owned()),
    }
}

/// The item means the values of the CPU that its thread is on, or may.
fn means_own(item: &Do) -> bool {
    match item.cpu {
        None | Some(CpuArg::Own) => true,
        Some(CpuArg::One(_) | CpuArg::All) => false,
    }
}

/// Where a task can be when its own CPU is off line: the first CPU that runs takes it. The list
/// ends with one that runs from the beginning and never goes.
fn refuges(scenario: &Scenario, thread: &Thread) -> Vec<u32> {
    let does = |cpu: u32, what: HotplugDo| {
        scenario.hotplug.iter().any(|event| event.cpu == cpu && event.action == what)
    };
    let starts = |cpu: u32| scenario.machine.online.contains(&cpu);
    let stays = |cpu: u32| starts(cpu) && !does(cpu, HotplugDo::Offline);
    let moves = !scenario.hotplug.is_empty() && !stays(thread.cpu);
    if actor_ctx(thread.ctx) != Ctx::Task || !moves {
        return Vec::new();
    }
    let mut others = Vec::new();
    let runs = |cpu: &u32| starts(*cpu) || does(*cpu, HotplugDo::Online);
    for cpu in scenario.machine.possible.iter().copied().filter(runs) {
        if cpu != thread.cpu {
            others.push(cpu);
        }
        if stays(cpu) {
            break;
        }
    }
    others
}

/// Room for the largest key and value of any call, so that memory does not grow on the way.
fn scratch_words(core: &Core, calls: &Calls) -> usize {
    let words = |unit: &Unit| {
        core.map(unit.map).map_or(0, |map| {
            map.shape.key_size.div_ceil(8) * 2 + map.shape.stride() / 8 * map.shape.ranks + 2
        })
    };
    calls.all().map(words).max().unwrap_or(0) as usize + 2
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::builtin_files;
    use crate::scenario::{builtin, parse};
    use bpfsim_maps::percpu;
    use bpfsim_sim::CopyPlan;
    use bpfsim_syscall::Attr;

    /// BPF_MAP_LOOKUP_AND_DELETE_ELEM is driven as a plain call only.
    #[test]
    fn a_call_without_an_answer_is_refused_before_anything_runs() {
        let text = builtin::builtin("default").expect("built in");
        let scenario = parse(text, "default", percpu::NAMES).expect("it parses").scenario;
        let series = percpu::all().first().expect("a series of this build");
        let plan = CopyPlan::default();
        let stage = Stage::new(&scenario, series, None, plan, &builtin_files).expect("a stage");
        let found = stage.acts.iter().find_map(|act| match act {
            Act::Thread { name, task, scratch, calls } => Some((name, task, *scratch, calls)),
            Act::Run { .. } | Act::Hotplug => None,
        });
        let (name, task, scratch, calls) = found.expect("a thread");
        let desk = elem::Desk { scratch, here: 0 };
        assert_eq!(stage.ask_all(name, calls.own(), task, desk), Ok(()));
        let mut unit = calls.own()[0].clone();
        unit.attr = Attr::new(21, unit.attr.bytes());
        let error = stage.ask_all(name, &[unit.clone()], task, desk).expect_err("no answer");
        let says = format!(
            "thread {name}: {}: not modelled in an exploration: a command that is no operation on \
             one element",
            unit.name
        );
        assert_eq!(error.to_string(), says);
    }
}
