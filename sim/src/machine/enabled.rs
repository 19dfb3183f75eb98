//! Which frames may move now: contexts, masks, locks, hotplug.

use super::{Actor, Doing, Machine, Model, Running, Slot};
use crate::cpu::Ctx;
use crate::hw::Wait;
use crate::visible::Visible;
use crate::watchman::Watchman;

impl<M: Model> Machine<M> {
    /// The slots whose frame may move now, as bits.
    pub fn enabled(&self, model: &M) -> u64 {
        let actors = model.actors();
        let sent = self.hw.cpus.iter().any(|cpu| !cpu.pending.is_empty());
        let mut bits = 0;
        for (slot, running) in self.slots.iter().enumerate() {
            let able = match running {
                Some(running) => self.may_go_on(actors, slot as Slot, running),
                None if slot < actors.len() => self.may_start(&actors[slot], actors, slot),
                None => sent && self.may_deliver(actors, slot - actors.len()),
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

    pub(super) fn ctx(actors: &[Actor], slot: usize) -> Ctx {
        if slot < actors.len() { actors[slot].ctx } else { Ctx::Hardirq }
    }

    fn may_go_on(&self, actors: &[Actor], slot: Slot, running: &Running<M::Frame>) -> bool {
        let waits = running.at.wait.or(running.at.lock.map(Wait::Lock));
        if waits.is_some_and(|wait| !self.hw.is_over(wait)) {
            return false;
        }
        let cpu = usize::from(running.at.cpu);
        match Self::ctx(actors, slot.into()) {
            Ctx::Task => {
                self.roster.stacks[cpu].len == 0
                    && !self.cpu_is_held(actors, cpu, Some(slot.into()))
            }
            Ctx::Softirq | Ctx::Hardirq | Ctx::Nmi => self.roster.stacks[cpu].top() == Some(slot),
        }
    }

    /// Another task is in the middle of something there that cannot be preempted.
    fn cpu_is_held(&self, actors: &[Actor], cpu: usize, but: Option<usize>) -> bool {
        actors.iter().enumerate().any(|(other, actor)| {
            Some(other) != but
                && actor.ctx == Ctx::Task
                && self.slots[other].as_ref().is_some_and(|running| {
                    usize::from(running.at.cpu) == cpu
                        && (!actor.preemptible
                            || running.at.wait.is_some()
                            || self.hw.cpus[cpu].irqs_off > 0)
                })
        })
    }

    fn may_start(&self, actor: &Actor, actors: &[Actor], slot: usize) -> bool {
        if self.roster.next_unit[slot] >= actor.units {
            return false;
        }
        let cpu = usize::from(self.roster.home[slot]);
        match actor.doing {
            Doing::Hotplug(true) => true,
            Doing::Hotplug(false) => self.may_unplug(actors),
            Doing::Frames if !self.hw.cpus[cpu].online => false,
            Doing::Frames => self.may_enter(actors, cpu, actor.ctx),
        }
    }

    /// Going off line stops every CPU (stop_machine()), so that none is in the middle of something
    /// that cannot be preempted. Coming on line stops nobody.
    fn may_unplug(&self, actors: &[Actor]) -> bool {
        self.roster.stacks.iter().all(|stack| stack.len == 0)
            && (0..self.roster.stacks.len()).all(|cpu| !self.cpu_is_held(actors, cpu, None))
    }

    fn may_enter(&self, actors: &[Actor], cpu: usize, ctx: Ctx) -> bool {
        let stack = &self.roster.stacks[cpu];
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
        self.choices_among(self.enabled(model), model, visible)
    }

    /// The same for a machine whose enabled slots are known.
    pub(crate) fn choices_among(&self, enabled: u64, model: &M, visible: &Visible) -> u64 {
        let mut bits = enabled;
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
        let Some(Wait::Lock(at)) = running.at.wait else { return false };
        let holder = self.hw.mem.load(at, 8).unwrap_or(0).wrapping_sub(1) as usize;
        self.slots.get(holder).and_then(Option::as_ref).is_some_and(|h| h.at.cpu == running.at.cpu)
    }
}
