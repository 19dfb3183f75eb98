//! Moving one frame by one step, and what follows from that.

use super::{Actor, At, Body, Doing, Machine, Model, Phase, Roster, Running, Seen, Slot};
use crate::cpu::Ctx;
use crate::gate::Step;
use crate::hw::{Cx, Hw, Yield};
use crate::memory::Wild;
use crate::watchman::Watchman;

/// What a transition did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moved {
    /// The numbered step, if there was one.
    pub step: Option<Step>,
    /// The frame has ended.
    pub ended: bool,
    /// CPU on which it ran.
    pub cpu: u32,
    /// Which unit of its actor.
    pub unit: u16,
    /// Its first transition.
    pub began: bool,
}

/// A machine at rest: nothing can happen there that nobody can see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rest {
    /// The slots whose frame may move now, as bits.
    pub enabled: u64,
    /// Some unit without steps has run on the way.
    pub silent: bool,
}

impl<M: Model> Machine<M> {
    /// Moves the frame of `slot`, which must be enabled: one step, and what fuses with it.
    pub fn advance(&mut self, model: &M, slot: Slot, gate: &mut Watchman<'_>) -> Moved {
        self.transition(model, slot, gate, true)
    }

    fn transition(&mut self, model: &M, slot: Slot, gate: &mut Watchman<'_>, open: bool) -> Moved {
        let (actors, index) = (model.actors(), usize::from(slot));
        let handler = index >= actors.len();
        let actor = if handler { index - actors.len() } else { index };
        let (hw, roster) = (&mut self.hw, &mut self.roster);
        let running = match &mut self.slots[index] {
            Some(running) => running,
            idle => idle.insert(begin(model, slot, hw, roster)),
        };
        let (cpu, began) = (running.at.cpu, !running.at.began);
        gate.admit(actor as u8, cpu.into(), open);
        let (ended, trapped) = drive(model, actor, running, hw, gate);
        if trapped.is_some() {
            // A trapped actor does nothing more.
            roster.next_unit[actor] = actors[actor].units;
        }
        running.at.began = true;
        running.at.lock = match gate.next {
            Some(Step::Lock(at)) => Some(at),
            Some(_) | None => None,
        };
        let moved = Moved { step: gate.done, ended, cpu: cpu.into(), unit: running.at.unit, began };
        let seen = Seen {
            actor,
            unit: running.at.unit,
            handler,
            began,
            step: gate.done,
            next: gate.next,
            ended,
            trapped,
            wrote: hw.mem.take_news(),
            frame: match &running.body {
                Body::Frame(frame) => Some(frame),
                Body::Handler(_) | Body::Hotplug(_) => None,
            },
        };
        model.observe(&mut self.watch, seen, hw);
        if ended {
            self.end(actors, slot);
        }
        moved
    }

    fn end(&mut self, actors: &[Actor], slot: Slot) {
        let index = usize::from(slot);
        let Some(running) = &self.slots[index] else { return };
        let cpu = usize::from(running.at.cpu);
        let hotplug = matches!(running.body, Body::Hotplug(_));
        self.slots[index] = None;
        if Self::ctx(actors, index) > Ctx::Task {
            self.roster.stacks[cpu].pop();
        }
        if index >= actors.len() {
            self.acknowledge(actors, index - actors.len(), cpu);
        } else if hotplug {
            self.move_tasks(actors);
        }
    }

    /// The handler has ended. What is next in line is taken by the same interrupt.
    fn acknowledge(&mut self, actors: &[Actor], sender: usize, cpu: usize) {
        self.hw.acked |= 1 << sender;
        if let Some(ipi) = self.hw.cpus[cpu].pending.first() {
            let (from, work) = (usize::from(ipi.from), ipi.work);
            self.hw.cpus[cpu].pending.remove(0);
            let slot = actors.len() + from;
            self.roster.stacks[cpu].push(slot as Slot);
            let unit = self.roster.next_unit[from].saturating_sub(1);
            let at = At {
                cpu: cpu as u8,
                unit,
                phase: Phase::Body,
                began: false,
                wait: None,
                lock: None,
            };
            self.slots[slot] = Some(Running { at, body: Body::Handler(work) });
        }
    }

    /// Tasks whose CPU has gone move to the first one that runs, and back.
    fn move_tasks(&mut self, actors: &[Actor]) {
        let first = self.hw.cpus.iter().position(|cpu| cpu.online).unwrap_or(0);
        for (index, actor) in actors.iter().enumerate() {
            if actor.ctx == Ctx::Task && actor.doing == Doing::Frames {
                let own = actor.cpu as usize;
                let cpu = if self.hw.cpus[own].online { own } else { first };
                self.roster.home[index] = cpu as u8;
                if let Some(running) = &mut self.slots[index] {
                    running.at.cpu = cpu as u8;
                }
            }
        }
    }

    /// Runs every unit that has never shown a step and may start: nobody can see when.
    /// True when there was one; `Err` names a unit that has shown a step after all.
    pub fn settle(&mut self, model: &M, gate: &mut Watchman<'_>) -> Result<bool, (Slot, u16)> {
        self.rest(model, gate).map(|rest| rest.silent)
    }

    /// The same, with what may happen next.
    pub(crate) fn rest(&mut self, model: &M, gate: &mut Watchman<'_>) -> Result<Rest, (Slot, u16)> {
        let visible = gate.visible();
        let mut silent = false;
        loop {
            let enabled = self.enabled(model);
            let waits = self.may_replug(model.actors());
            let quiet = ones(enabled)
                .filter(|slot| !waits || self.has_begun(*slot))
                .find(|slot| !visible.has_steps((*slot).into(), self.unit_of(model, *slot)));
            let Some(slot) = quiet else {
                if visible.locks && self.end_quietly(model, enabled, gate) {
                    silent = true;
                    continue;
                }
                return Ok(Rest { enabled, silent });
            };
            let unit = self.unit_of(model, slot);
            silent = true;
            if !self.transition(model, slot, gate, false).ended {
                return Err((slot, unit));
            }
        }
    }

    /// Some CPU is still to go or to come: on which CPUs there are, what a unit does may depend
    /// before its first step, so that its beginning is not silent.
    fn may_replug(&self, actors: &[Actor]) -> bool {
        let still = |(actor, begun): (&Actor, &u16)| {
            matches!(actor.doing, Doing::Hotplug(_)) && *begun < actor.units
        };
        actors.iter().zip(&self.roster.next_unit).any(still)
    }

    /// Ends a unit that stopped before a lock, if no step is left in it.
    fn end_quietly(&mut self, model: &M, enabled: u64, gate: &mut Watchman<'_>) -> bool {
        for slot in ones(enabled) {
            let running = self.slots[usize::from(slot)].as_ref();
            if running.is_some_and(|running| running.at.lock.is_some()) {
                let mut trial = self.clone();
                if trial.transition(model, slot, gate, false).ended {
                    *self = trial;
                    return true;
                }
            }
        }
        false
    }

    /// The unit that the slot is in, or that it would begin.
    fn unit_of(&self, model: &M, slot: Slot) -> u16 {
        let (slot, actors) = (usize::from(slot), model.actors().len());
        match &self.slots[slot] {
            Some(running) => running.at.unit,
            None if slot < actors => self.roster.next_unit[slot],
            None => self.roster.next_unit[slot - actors].saturating_sub(1),
        }
    }
}

/// The slots in a set of bits, ascending.
pub(crate) fn ones(mut bits: u64) -> impl Iterator<Item = Slot> {
    std::iter::from_fn(move || {
        let lowest = (bits != 0).then(|| bits.trailing_zeros() as Slot);
        bits &= bits.wrapping_sub(1);
        lowest
    })
}

fn begin<M: Model>(model: &M, slot: Slot, hw: &mut Hw, roster: &mut Roster) -> Running<M::Frame> {
    let (actors, index) = (model.actors(), usize::from(slot));
    let (body, cpu, unit) = match actors.get(index) {
        Some(actor) => {
            let (cpu, unit) = (roster.home[index], roster.next_unit[index]);
            roster.next_unit[index] += 1;
            let body = match actor.doing {
                Doing::Hotplug(online) => Body::Hotplug(online),
                Doing::Frames => Body::Frame(model.start(index, unit, hw, cpu.into())),
            };
            (body, cpu, unit)
        }
        None => {
            let sender = index - actors.len();
            let (body, cpu) = take_ipi(hw, sender);
            (body, cpu, roster.next_unit[sender].saturating_sub(1))
        }
    };
    if Machine::<M>::ctx(actors, index) > Ctx::Task {
        roster.stacks[usize::from(cpu)].push(slot);
    }
    let masks = actors.get(index).is_some_and(|actor| actor.irqs_off);
    let phase = if masks { Phase::Enter } else { Phase::Body };
    Running { at: At { cpu, unit, phase, began: false, wait: None, lock: None }, body }
}

/// The interrupt of `sender`, which is first in line somewhere.
fn take_ipi<F>(hw: &mut Hw, sender: usize) -> (Body<F>, u8) {
    let first = |cpu: &crate::hw::Cpu| {
        cpu.pending.first().is_some_and(|ipi| usize::from(ipi.from) == sender)
    };
    let cpu = hw.cpus.iter().position(first).expect("an enabled handler has work");
    let ipi = hw.cpus[cpu].pending.remove(0);
    (Body::Handler(ipi.work), cpu as u8)
}

/// Runs through the phases of a unit until the gate, a wait or the end stops it. Answers whether
/// it has ended, and whether by a trap.
fn drive<M: Model>(
    model: &M,
    actor: usize,
    running: &mut Running<M::Frame>,
    hw: &mut Hw,
    gate: &mut Watchman<'_>,
) -> (bool, Option<Wild>) {
    let cpu = usize::from(running.at.cpu);
    let masks = model.actors()[actor].irqs_off && matches!(running.body, Body::Frame(_));
    running.at.wait = None;
    if running.at.phase == Phase::Enter {
        if !gate.pass_always(Step::IrqOff) {
            return (false, None);
        }
        hw.cpus[cpu].irqs_off += 1;
        running.at.phase = Phase::Body;
    }
    if running.at.phase == Phase::Body {
        match run_body(model, actor, running, hw, gate) {
            Yield::Done => running.at.phase = Phase::Leave,
            Yield::Stopped => return (false, None),
            Yield::Blocked(wait) => {
                running.at.wait = Some(wait);
                return (false, None);
            }
            Yield::Trapped(wild) => {
                hw.cpus[cpu].irqs_off -= u32::from(masks);
                return (true, Some(wild));
            }
        }
    }
    if masks {
        if !gate.pass_always(Step::IrqOn) {
            return (false, None);
        }
        hw.cpus[cpu].irqs_off -= 1;
    }
    (true, None)
}

fn run_body<M: Model>(
    model: &M,
    actor: usize,
    running: &mut Running<M::Frame>,
    hw: &mut Hw,
    gate: &mut Watchman<'_>,
) -> Yield {
    let cpu = u32::from(running.at.cpu);
    let mut cx = Cx { hw, cpu, me: actor as u8, watched: true, gate };
    match &mut running.body {
        Body::Frame(frame) => model.run(frame, &mut cx),
        Body::Handler(copy) => copy.run(&mut cx),
        Body::Hotplug(online) => {
            let online = *online;
            if !gate.pass_always(Step::Hotplug(cpu, online)) {
                return Yield::Stopped;
            }
            hw.cpus[cpu as usize].online = online;
            Yield::Done
        }
    }
}
