//! From what was written down to steps with numbers, levels and origins.

use super::data::{Access, Origin, ReplayStep, Returned};
use super::place;
use super::record::Event;
use super::walk::{Move, Walked};
use crate::experiment::Stage;
use bpfsim_sim::{Ctx, Place, Slot, Step};
use std::collections::BTreeMap;

/// Steps and what calls returned.
pub fn build(stage: &Stage, walked: &Walked<'_>) -> (Vec<ReplayStep>, Vec<Returned>) {
    let mut builder = Builder {
        stage,
        number: 0,
        writers: BTreeMap::new(),
        open: vec![Vec::new(); stage.root.cpus.len()],
        pending: vec![Vec::new(); stage.root.cpus.len()],
        drains: vec![false; stage.root.cpus.len()],
        calls: Vec::new(),
    };
    let mut moves = walked.moves.iter().peekable();
    let mut steps = Vec::new();
    for (index, event) in walked.events.iter().enumerate() {
        let moved = moves.next_if(|moved| moved.event == index);
        steps.push(builder.step(event, moved));
    }
    (steps, builder.calls)
}

struct Builder<'a> {
    stage: &'a Stage,
    number: u32,
    /// By byte: the step that wrote it last.
    writers: BTreeMap<u64, u32>,
    /// By CPU rank: slots whose frames are open, and whether they have interrupted anything.
    open: Vec<Vec<(Slot, bool)>>,
    /// By CPU rank: interrupts that were sent and not taken.
    pending: Vec<Vec<usize>>,
    /// By CPU rank: a handler has ended, and the next one runs in the same interrupt.
    drains: Vec<bool>,
    calls: Vec<Returned>,
}

impl Builder<'_> {
    fn step(&mut self, event: &Event, moved: Option<&Move>) -> ReplayStep {
        let actors = &self.stage.actors;
        let actor = &actors[event.actor];
        let slot = (event.actor + if event.handler { actors.len() } else { 0 }) as Slot;
        let rank = moved.map_or_else(|| self.rank(event), |moved| moved.cpu) as usize;
        let ctx = if event.handler { Ctx::Hardirq } else { actor.ctx };
        let number = event.step.map(|_| {
            self.number += 1;
            self.number
        });
        let drained = event.handler && event.began && std::mem::take(&mut self.drains[rank]);
        let level = self.enter(event, slot, rank, ctx);
        let access = event.step.and_then(|step| self.access(event, step));
        self.note_writes(event, number);
        self.leave(event, slot, rank);
        ReplayStep {
            number,
            slot,
            actor: event.actor,
            name: actor.name.clone(),
            label: match self.stage.unit(event.actor, event.unit) {
                Some(unit) => unit.name.clone(),
                None => format!("{}#{}", actor.name, event.unit + 1),
            },
            unit: event.unit,
            cpu: self.cpu(rank as u32),
            ctx,
            handler: event.handler,
            level,
            masked: event.masked.get(rank).copied().unwrap_or_default(),
            deed: event.deed,
            step: event.step,
            other_cpu: match event.step {
                Some(Step::SendIpi(rank) | Step::Hotplug(rank, _)) => Some(self.cpu(rank)),
                _ => None,
            },
            access,
            began: event.began,
            ended: event.ended,
            drained,
            waits: moved.is_some_and(|moved| moved.waits),
            preempts: moved.is_some_and(|moved| moved.preempts),
            trapped: event.trapped,
            contents: event.contents.clone(),
            returned: self.returned(event),
        }
    }

    fn cpu(&self, rank: u32) -> u32 {
        place::cpu_of(self.stage, rank).unwrap_or(rank)
    }

    /// Where a unit ran that nobody could see.
    fn rank(&self, event: &Event) -> u32 {
        let actor = &self.stage.actors[event.actor];
        let sent = self.pending.iter().position(|queue| queue.contains(&event.actor));
        let is_online = |rank: u32| event.online.get(rank as usize) == Some(&true);
        match sent.filter(|_| event.handler) {
            Some(rank) => rank as u32,
            None if actor.ctx > Ctx::Task || is_online(actor.cpu) => actor.cpu,
            None => event.online.iter().position(|online| *online).unwrap_or(0) as u32,
        }
    }

    /// How many interrupting frames are open on this CPU, this one included.
    fn enter(&mut self, event: &Event, slot: Slot, rank: usize, ctx: Ctx) -> u8 {
        let open = &mut self.open[rank];
        if event.began {
            let interrupts = event.handler || ctx > Ctx::Task && !open.is_empty();
            open.push((slot, interrupts));
        }
        if event.handler && event.began {
            self.pending[rank].retain(|from| *from != event.actor);
        }
        if let Some(Step::SendIpi(target)) = event.step {
            self.pending[target as usize].push(event.actor);
        }
        let open = &self.open[rank];
        let mine = open.iter().position(|(known, _)| *known == slot).map_or(0, |at| at + 1);
        match ctx {
            Ctx::Task => 0,
            Ctx::Softirq | Ctx::Hardirq | Ctx::Nmi => {
                open[..mine].iter().filter(|(_, interrupts)| *interrupts).count() as u8
            }
        }
    }

    fn leave(&mut self, event: &Event, slot: Slot, rank: usize) {
        if event.ended {
            self.open[rank].retain(|(known, _)| *known != slot);
            self.drains[rank] |= event.handler && !self.pending[rank].is_empty();
        }
    }

    fn access(&self, event: &Event, step: Step) -> Option<Access> {
        let (at, bytes) = step.place()?;
        let (target, old, new, gives) = event.touched.clone()?;
        let reads = matches!(step, Step::Load { .. } | Step::Atomic { .. });
        let origin = |byte: u32| match self.writers.get(&at.plus(byte.into()).0) {
            Some(number) => Origin::Step(*number),
            None => Origin::Start,
        };
        let mut from: Vec<Origin> =
            if reads { (0..bytes).map(origin).collect() } else { Vec::new() };
        from.sort_unstable();
        from.dedup();
        Some(Access { target, at, bytes, old, new, writes: step.writes(), gives, from })
    }

    fn note_writes(&mut self, event: &Event, number: Option<u32>) {
        let Some(number) = number else { return };
        let own = event.step.filter(|step| step.writes()).and_then(Step::place);
        let (at, bytes) = own.unwrap_or((Place::NULL, 0));
        for byte in 0..bytes {
            self.writers.insert(at.plus(byte.into()).0, number);
        }
        for word in &event.changed {
            // A narrow store changes part of its word only.
            if word.0 >> 3 != at.0 >> 3 {
                (0..8).for_each(|byte| {
                    self.writers.insert(word.plus(byte).0, number);
                });
            }
        }
    }

    fn returned(&mut self, event: &Event) -> Option<usize> {
        let call = event.call.clone()?;
        let unit = self.stage.unit(event.actor, event.unit)?;
        self.calls.push(Returned {
            actor: event.actor,
            unit: event.unit,
            name: unit.name.clone(),
            errno: call.errno,
            values: call.values,
            key: call.key.map(|key| match super::place::index_of(self.stage, unit.map) {
                Some(map) => place::split_key(self.stage, map, &key.0).0,
                None => key,
            }),
        });
        Some(self.calls.len() - 1)
    }
}
