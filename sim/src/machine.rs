//! A machine: what every CPU is doing at one instant, and which step may come next.
//!
//! ```text
//!          can start            last step
//!   idle ------------> running ------------> idle (next unit)
//!                      |     ^
//!              no step |     | its wait is over
//!                      v     |
//!                      blocked
//! ```
//!
//! *Actors* come from the model: something that happens on one CPU, `units` times, one after the
//! other. Slot `a` holds the frame of actor `a`; slot `actors + a` the handler of the interrupt
//! that actor `a` has sent. Slots are what schedules name.

use crate::copy::Copy;
use crate::cpu::Ctx;
use crate::gate::Step;
use crate::hw::{Cx, Hw, Wait, Yield};
use crate::memory::Wild;
use crate::visible::Visible;
use crate::watchman::Watchman;

/// The number of a frame's place in a machine; what schedules and tokens name.
pub type Slot = u8;

/// What an actor does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doing {
    /// Its units are frames of the model.
    Frames,
    /// It takes its CPU off line (`false`) or on line (`true`), once.
    Hotplug(bool),
}

/// Something that happens on one CPU, in one context, `units` times in a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// For people.
    pub name: String,
    /// Rank of its CPU.
    pub cpu: u32,
    /// In which context its frames run.
    pub ctx: Ctx,
    /// Masks interrupts for the length of each unit, with steps of their own.
    pub irqs_off: bool,
    /// May be preempted by another task in the middle of a unit.
    pub preemptible: bool,
    /// How often.
    pub units: u16,
    /// What.
    pub doing: Doing,
}

/// A frame: a plain value that can be copied, compared and shown.
pub trait Frame: Clone + PartialEq {
    /// Feeds everything that tells two frames apart.
    fn encode(&self, out: &mut Vec<u64>);
}

/// What a machine runs: the immutable part, which the model owns.
pub trait Model {
    /// The frames of its actors.
    type Frame: Frame;
    /// What an observer has seen so far, as far as its verdict depends on it.
    type Watch: Clone;

    /// The actors, at most 32.
    fn actors(&self) -> &[Actor];
    /// The frame of one unit, at its beginning, on CPU `cpu`.
    fn start(&self, actor: usize, unit: u16, hw: &mut Hw, cpu: u32) -> Self::Frame;
    /// Runs a frame as far as the gate allows.
    fn run(&self, frame: &mut Self::Frame, cx: &mut Cx<'_>) -> Yield;
    /// Shows the observer what has just happened.
    fn observe(&self, watch: &mut Self::Watch, seen: Seen<'_, Self::Frame>, hw: &mut Hw);
    /// The classes of a schedule that has ended, as bits. `stuck`: frames are left that can
    /// never go on.
    fn outcome(&self, watch: &Self::Watch, hw: &Hw, stuck: bool) -> u64;
    /// Feeds everything that the observer's verdict depends on.
    fn encode_watch(&self, watch: &Self::Watch, out: &mut Vec<u64>);
    /// Which words become visible together with this one.
    fn granule(&self, at: crate::memory::Place) -> crate::visible::Granule;
}

/// One transition, as the observer sees it.
#[derive(Debug)]
pub struct Seen<'a, F> {
    /// On whose behalf.
    pub actor: usize,
    /// Which of the actor's units.
    pub unit: u16,
    /// In an interrupt handler on another CPU.
    pub handler: bool,
    /// This is the first thing that the unit did.
    pub began: bool,
    /// The numbered step; none for a unit without steps.
    pub step: Option<Step>,
    /// The step that it stopped before.
    pub next: Option<Step>,
    /// The unit has ended.
    pub ended: bool,
    /// It ended by an access outside every region.
    pub trapped: Option<Wild>,
    /// The frame, unless this was a handler or a hotplug event.
    pub frame: Option<&'a F>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Enter,
    Body,
    Leave,
}

#[derive(Clone, Debug, PartialEq)]
enum Body<F> {
    Frame(F),
    Handler(Copy),
    Hotplug(bool),
}

#[derive(Clone, Debug, PartialEq)]
struct Running<F> {
    body: Body<F>,
    cpu: u8,
    unit: u16,
    phase: Phase,
    began: bool,
    wait: Option<Wait>,
    next: Option<Step>,
}

/// The interrupting frames of one CPU, lowest first. A level holds one frame at most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Stack {
    slots: [Slot; 4],
    len: u8,
}

impl Stack {
    fn top(&self) -> Option<Slot> {
        (self.len > 0).then(|| self.slots[usize::from(self.len) - 1])
    }

    fn push(&mut self, slot: Slot) {
        self.slots[usize::from(self.len)] = slot;
        self.len += 1;
    }
}

/// The state of every CPU, every frame, and the observer.
pub struct Machine<M: Model> {
    /// Memory, masks, pending interrupts.
    pub hw: Hw,
    /// What the observer knows.
    pub watch: M::Watch,
    stacks: Vec<Stack>,
    slots: Vec<Option<Running<M::Frame>>>,
    next_unit: Vec<u16>,
    home: Vec<u8>,
}

impl<M: Model> Clone for Machine<M> {
    fn clone(&self) -> Self {
        Self {
            hw: self.hw.clone(),
            watch: self.watch.clone(),
            stacks: self.stacks.clone(),
            slots: self.slots.clone(),
            next_unit: self.next_unit.clone(),
            home: self.home.clone(),
        }
    }

    fn clone_from(&mut self, other: &Self) {
        self.hw.clone_from(&other.hw);
        self.watch.clone_from(&other.watch);
        self.stacks.clone_from(&other.stacks);
        self.slots.clone_from(&other.slots);
        self.next_unit.clone_from(&other.next_unit);
        self.home.clone_from(&other.home);
    }
}

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

impl<M: Model> Machine<M> {
    /// Everything idle.
    pub fn new(model: &M, hw: Hw, watch: M::Watch) -> Self {
        let actors = model.actors();
        Self {
            stacks: vec![Stack::default(); hw.cpus.len()],
            slots: actors.iter().chain(actors).map(|_| None).collect(),
            next_unit: vec![0; actors.len()],
            home: actors.iter().map(|actor| actor.cpu as u8).collect(),
            hw,
            watch,
        }
    }

    /// The slots whose frame may move now, as bits.
    pub fn enabled(&self, model: &M) -> u64 {
        let actors = model.actors();
        let mut bits = 0;
        for slot in 0..self.slots.len() {
            let able = match &self.slots[slot] {
                Some(running) => self.may_go_on(actors, slot as Slot, running),
                None => self.may_start(actors, slot),
            };
            bits |= u64::from(able) << slot;
        }
        bits
    }

    /// True when the frame in `slot` has begun, not ended, and may move now.
    pub fn is_alive(&self, model: &M, slot: Slot) -> bool {
        self.slots[usize::from(slot)]
            .as_ref()
            .is_some_and(|running| self.may_go_on(model.actors(), slot, running))
    }

    fn ctx(actors: &[Actor], slot: usize) -> Ctx {
        if slot < actors.len() { actors[slot].ctx } else { Ctx::Hardirq }
    }

    fn may_go_on(&self, actors: &[Actor], slot: Slot, running: &Running<M::Frame>) -> bool {
        if running.wait.is_some_and(|wait| !self.hw.is_over(wait)) {
            return false;
        }
        let cpu = usize::from(running.cpu);
        match Self::ctx(actors, slot.into()) {
            Ctx::Task => {
                self.stacks[cpu].len == 0 && !self.cpu_is_held(actors, cpu, Some(slot.into()))
            }
            Ctx::Softirq | Ctx::Hardirq | Ctx::Nmi => self.stacks[cpu].top() == Some(slot),
        }
    }

    /// Another task is in the middle of something there that cannot be preempted.
    fn cpu_is_held(&self, actors: &[Actor], cpu: usize, but: Option<usize>) -> bool {
        actors.iter().enumerate().any(|(other, actor)| {
            Some(other) != but
                && actor.ctx == Ctx::Task
                && self.slots[other].as_ref().is_some_and(|running| {
                    usize::from(running.cpu) == cpu
                        && (!actor.preemptible
                            || running.wait.is_some()
                            || self.hw.cpus[cpu].irqs_off > 0)
                })
        })
    }

    fn may_start(&self, actors: &[Actor], slot: usize) -> bool {
        let Some(actor) = actors.get(slot) else {
            return self.may_deliver(actors, slot - actors.len());
        };
        if self.next_unit[slot] >= actor.units {
            return false;
        }
        let cpu = usize::from(self.home[slot]);
        match actor.doing {
            Doing::Hotplug(_) => self.may_unplug(actors),
            Doing::Frames if !self.hw.cpus[cpu].online => false,
            Doing::Frames => self.may_enter(actors, cpu, actor.ctx),
        }
    }

    /// No CPU is in the middle of something that cannot be preempted.
    fn may_unplug(&self, actors: &[Actor]) -> bool {
        self.stacks.iter().all(|stack| stack.len == 0)
            && (0..self.stacks.len()).all(|cpu| !self.cpu_is_held(actors, cpu, None))
    }

    fn may_enter(&self, actors: &[Actor], cpu: usize, ctx: Ctx) -> bool {
        let stack = &self.stacks[cpu];
        let above = stack.top().is_none_or(|top| Self::ctx(actors, top.into()) < ctx);
        match ctx {
            Ctx::Task => stack.len == 0 && !self.cpu_is_held(actors, cpu, None),
            Ctx::Softirq | Ctx::Hardirq => above && self.hw.cpus[cpu].irqs_off == 0,
            Ctx::Nmi => above,
        }
    }

    /// The interrupt that `actor` has sent is first in line at its target, which takes it.
    fn may_deliver(&self, actors: &[Actor], actor: usize) -> bool {
        self.hw.cpus.iter().enumerate().any(|(cpu, state)| {
            state.pending.first().is_some_and(|ipi| usize::from(ipi.from) == actor)
                && self.may_enter(actors, cpu, Ctx::Hardirq)
        })
    }

    /// The slots that can do something now. A unit that would begin by waiting for a lock has
    /// not begun, unless it interrupts the holder: then nobody will ever release it.
    pub fn choices(&self, model: &M, visible: &Visible) -> u64 {
        let mut bits = self.enabled(model);
        if !visible.locks {
            return bits;
        }
        for slot in 0..self.slots.len() {
            if bits >> slot & 1 != 0 && self.slots[slot].is_none() {
                let mut trial = self.clone();
                let mut gate = Watchman::new(visible, None);
                let moved = trial.advance(model, slot as Slot, &mut gate);
                if moved.step.is_none() && !moved.ended && !trial.waits_for_below(slot) {
                    bits &= !(1 << slot);
                }
            }
        }
        bits
    }

    /// The frame in `slot` waits for a lock whose holder it has interrupted.
    fn waits_for_below(&self, slot: usize) -> bool {
        let Some(running) = &self.slots[slot] else { return false };
        let Some(Wait::Lock(at)) = running.wait else { return false };
        let holder = self.hw.mem.load(at, 8).unwrap_or(0).wrapping_sub(1) as usize;
        self.slots.get(holder).and_then(Option::as_ref).is_some_and(|h| h.cpu == running.cpu)
    }

    /// Moves the frame of `slot`, which must be enabled: one step, and what fuses with it.
    pub fn advance(&mut self, model: &M, slot: Slot, gate: &mut Watchman<'_>) -> Moved {
        self.transition(model, slot, gate, true)
    }

    fn transition(&mut self, model: &M, slot: Slot, gate: &mut Watchman<'_>, open: bool) -> Moved {
        let actors = model.actors();
        let index = usize::from(slot);
        let actor = index % actors.len();
        let mut running = match self.slots[index].take() {
            Some(running) => running,
            None => self.begin(model, slot),
        };
        let (cpu, began) = (running.cpu, !running.began);
        gate.admit(actor as u8, cpu.into(), open);
        let (ended, trapped) = self.drive(model, actor, &mut running, gate);
        running.began = true;
        running.next = gate.next;
        let moved = Moved { step: gate.done, ended, cpu: cpu.into(), unit: running.unit, began };
        let seen = Seen {
            actor,
            unit: running.unit,
            handler: index >= actors.len(),
            began,
            step: gate.done,
            next: gate.next,
            ended,
            trapped,
            frame: match &running.body {
                Body::Frame(frame) => Some(frame),
                Body::Handler(_) | Body::Hotplug(_) => None,
            },
        };
        model.observe(&mut self.watch, seen, &mut self.hw);
        if ended {
            self.end(model, slot, &running);
        } else {
            self.slots[index] = Some(running);
        }
        moved
    }

    fn begin(&mut self, model: &M, slot: Slot) -> Running<M::Frame> {
        let (actors, index) = (model.actors(), usize::from(slot));
        let (body, cpu, unit) = match actors.get(index) {
            Some(actor) => {
                let (cpu, unit) = (self.home[index], self.next_unit[index]);
                self.next_unit[index] += 1;
                let body = match actor.doing {
                    Doing::Hotplug(online) => Body::Hotplug(online),
                    Doing::Frames => {
                        Body::Frame(model.start(index, unit, &mut self.hw, cpu.into()))
                    }
                };
                (body, cpu, unit)
            }
            None => self.take_ipi(index - actors.len()),
        };
        if Self::ctx(actors, index) > Ctx::Task {
            self.stacks[usize::from(cpu)].push(slot);
        }
        let masks = actors.get(index).is_some_and(|actor| actor.irqs_off);
        let phase = if masks { Phase::Enter } else { Phase::Body };
        Running { body, cpu, unit, phase, began: false, wait: None, next: None }
    }

    fn take_ipi(&mut self, sender: usize) -> (Body<M::Frame>, u8, u16) {
        let first = |cpu: &crate::hw::Cpu| {
            cpu.pending.first().is_some_and(|ipi| usize::from(ipi.from) == sender)
        };
        let cpu = self.hw.cpus.iter().position(first).expect("an enabled handler has work");
        let ipi = self.hw.cpus[cpu].pending.remove(0);
        (Body::Handler(ipi.work), cpu as u8, self.next_unit[sender].saturating_sub(1))
    }

    /// Runs through the phases of a unit until the gate, a wait or the end stops it.
    fn drive(
        &mut self,
        model: &M,
        actor: usize,
        running: &mut Running<M::Frame>,
        gate: &mut Watchman<'_>,
    ) -> (bool, Option<Wild>) {
        let cpu = usize::from(running.cpu);
        running.wait = None;
        if running.phase == Phase::Enter {
            if !gate.pass_always(Step::IrqOff) {
                return (false, None);
            }
            self.hw.cpus[cpu].irqs_off += 1;
            running.phase = Phase::Body;
        }
        if running.phase == Phase::Body {
            match self.run_body(model, actor, running, gate) {
                Yield::Done => running.phase = Phase::Leave,
                Yield::Stopped => return (false, None),
                Yield::Blocked(wait) => {
                    running.wait = Some(wait);
                    return (false, None);
                }
                Yield::Trapped(wild) => {
                    self.stop(model, actor, running);
                    return (true, Some(wild));
                }
            }
        }
        let masks = model.actors()[actor].irqs_off && matches!(running.body, Body::Frame(_));
        if masks {
            if !gate.pass_always(Step::IrqOn) {
                return (false, None);
            }
            self.hw.cpus[cpu].irqs_off -= 1;
        }
        (true, None)
    }

    /// A trapped actor does nothing more.
    fn stop(&mut self, model: &M, actor: usize, running: &Running<M::Frame>) {
        let description = &model.actors()[actor];
        self.next_unit[actor] = description.units;
        if description.irqs_off && matches!(running.body, Body::Frame(_)) {
            self.hw.cpus[usize::from(running.cpu)].irqs_off -= 1;
        }
    }

    fn run_body(
        &mut self,
        model: &M,
        actor: usize,
        running: &mut Running<M::Frame>,
        gate: &mut Watchman<'_>,
    ) -> Yield {
        let cpu = u32::from(running.cpu);
        let mut cx = Cx { hw: &mut self.hw, cpu, me: actor as u8, watched: true, gate };
        match &mut running.body {
            Body::Frame(frame) => model.run(frame, &mut cx),
            Body::Handler(copy) => copy.run(&mut cx),
            Body::Hotplug(online) => {
                let online = *online;
                if !gate.pass_always(Step::Hotplug(cpu, online)) {
                    return Yield::Stopped;
                }
                self.hw.cpus[cpu as usize].online = online;
                Yield::Done
            }
        }
    }

    fn end(&mut self, model: &M, slot: Slot, running: &Running<M::Frame>) {
        let actors = model.actors();
        let (index, cpu) = (usize::from(slot), usize::from(running.cpu));
        if Self::ctx(actors, index) > Ctx::Task {
            self.stacks[cpu].len -= 1;
        }
        match running.body {
            Body::Frame(_) => {}
            Body::Handler(_) => self.acknowledge(actors, index - actors.len(), cpu),
            Body::Hotplug(_) => self.move_tasks(actors),
        }
    }

    /// The handler has ended. What is next in line is taken by the same interrupt.
    fn acknowledge(&mut self, actors: &[Actor], sender: usize, cpu: usize) {
        self.hw.acked |= 1 << sender;
        if let Some(ipi) = self.hw.cpus[cpu].pending.first() {
            let (from, work) = (usize::from(ipi.from), ipi.work);
            self.hw.cpus[cpu].pending.remove(0);
            let slot = actors.len() + from;
            self.stacks[cpu].push(slot as Slot);
            self.slots[slot] = Some(Running {
                body: Body::Handler(work),
                cpu: cpu as u8,
                unit: self.next_unit[from].saturating_sub(1),
                phase: Phase::Body,
                began: false,
                wait: None,
                next: None,
            });
        }
    }

    /// Tasks whose CPU has gone move to the first one that runs, and back.
    fn move_tasks(&mut self, actors: &[Actor]) {
        let first = self.hw.cpus.iter().position(|cpu| cpu.online).unwrap_or(0);
        for (index, actor) in actors.iter().enumerate() {
            if actor.ctx == Ctx::Task && actor.doing == Doing::Frames {
                let own = actor.cpu as usize;
                let cpu = if self.hw.cpus[own].online { own } else { first };
                self.home[index] = cpu as u8;
                if let Some(running) = &mut self.slots[index] {
                    running.cpu = cpu as u8;
                }
            }
        }
    }

    /// Runs every unit that has never shown a step and may start: nobody can see when.
    /// True when there was one; `Err` names a unit that has shown a step after all.
    pub fn settle(&mut self, model: &M, gate: &mut Watchman<'_>) -> Result<bool, (Slot, u16)> {
        let visible = gate.visible();
        let mut any = false;
        loop {
            let enabled = self.enabled(model);
            let silent = (0..self.slots.len()).find(|&slot| {
                enabled >> slot & 1 != 0 && !visible.has_steps(slot, self.unit_of(model, slot))
            });
            let Some(slot) = silent else { return Ok(any) };
            let unit = self.unit_of(model, slot);
            any = true;
            if !self.transition(model, slot as Slot, gate, false).ended {
                return Err((slot as Slot, unit));
            }
        }
    }

    /// The unit that the slot is in, or that it would begin.
    fn unit_of(&self, model: &M, slot: usize) -> u16 {
        match &self.slots[slot] {
            Some(running) => running.unit,
            None if slot < model.actors().len() => self.next_unit[slot],
            None => self.next_unit[slot - model.actors().len()].saturating_sub(1),
        }
    }

    /// True when some unit has begun and not ended, or has not begun although its CPU runs.
    pub fn is_stuck(&self, model: &M) -> bool {
        let waiting = |(index, actor): (usize, &Actor)| {
            self.next_unit[index] < actor.units
                && self.hw.cpus[usize::from(self.home[index])].online
        };
        self.slots.iter().any(Option::is_some) || model.actors().iter().enumerate().any(waiting)
    }

    /// Feeds everything that tells two states apart.
    pub fn encode(&self, model: &M, out: &mut Vec<u64>) {
        for (_, region) in self.hw.mem.regions() {
            out.extend_from_slice(region.words());
        }
        for cpu in &self.hw.cpus {
            out.push(u64::from(cpu.irqs_off) << 2 | u64::from(cpu.online));
            out.push(cpu.pending.iter().fold(0, |all, ipi| all << 8 | u64::from(ipi.from) + 1));
        }
        out.push(self.hw.acked);
        for stack in &self.stacks {
            out.push(u64::from(u32::from_le_bytes(stack.slots)) << 8 | u64::from(stack.len));
        }
        for unit in &self.next_unit {
            out.push((*unit).into());
        }
        for running in &self.slots {
            self.encode_slot(running.as_ref(), out);
        }
        model.encode_watch(&self.watch, out);
    }

    fn encode_slot(&self, running: Option<&Running<M::Frame>>, out: &mut Vec<u64>) {
        let Some(running) = running else {
            out.push(0);
            return;
        };
        let phase = match running.phase {
            Phase::Enter => 1,
            Phase::Body => 2,
            Phase::Leave => 3,
        };
        let wait = u64::from(running.wait.is_some());
        out.push(phase | wait << 2 | u64::from(running.cpu) << 8 | u64::from(running.unit) << 16);
        match &running.body {
            Body::Frame(frame) => frame.encode(out),
            Body::Handler(copy) => copy.encode(out),
            Body::Hotplug(_) => {}
        }
    }

    /// The frame in `slot`, if it holds one of the model's.
    pub fn frame(&self, slot: Slot) -> Option<&M::Frame> {
        match &self.slots[usize::from(slot)].as_ref()?.body {
            Body::Frame(frame) => Some(frame),
            Body::Handler(_) | Body::Hotplug(_) => None,
        }
    }
}
