//! What one unit does to one slot when it runs alone: the yardstick of every verdict.

use super::frames::LabFrame;
use super::sets::{ABSENT, ContentId};
use super::setup::{Act, Stage};
use super::units::Unit;
use super::watch::PendingUnit;
use bpfsim_abi::attr::MapElemAttr;
use bpfsim_abi::insn::{Flow, Op};
use bpfsim_maps::update::Want;
use bpfsim_sim::{Ctx, Cx, Hw, Model, Open, Place, Step, Yield};
use bpfsim_syscall::{Kernel, drive};
use zerocopy::IntoBytes;

impl Stage {
    /// The content of `slot` after `unit` ran alone on `content`, on the CPU where it began: a task
    /// may have moved.
    pub(crate) fn apply(&self, unit: PendingUnit, slot: usize, content: ContentId) -> ContentId {
        let actor = usize::from(unit.actor);
        if let Some(call) = self.unit_on(actor, unit.unit, unit.rank.into()) {
            return self.meant(call, slot, content);
        }
        // All runs of an actor on one CPU are the same program on the same packet.
        let key = (unit.actor, unit.rank, slot as u8, content);
        if let Some(known) = self.applied.borrow().get(&key) {
            return *known;
        }
        let applied = self.run_alone(actor, unit.rank.into(), slot, content);
        self.applied.borrow_mut().insert(key, applied);
        applied
    }

    /// What a system call means for a slot, provided that it succeeds.
    fn meant(&self, call: &Unit, slot: usize, content: ContentId) -> ContentId {
        let Some(change) = call.changes.iter().find(|change| change.slot == slot) else {
            return content;
        };
        match (&change.to, change.want, content) {
            (_, Want::NoExist, present) if present != ABSENT => present,
            (_, Want::Exist, ABSENT) => ABSENT,
            (None, _, _) => ABSENT,
            (Some(words), _, _) => self.sets.borrow_mut().content(words),
        }
    }

    /// What a program does to a slot, from the machine as it was at the start.
    fn run_alone(&self, actor: usize, cpu: u32, slot: usize, content: ContentId) -> ContentId {
        let mut hw = self.root.clone();
        let words = self.sets.borrow().words(content).map(<[u64]>::to_vec);
        self.set_content(&mut hw, slot, words.as_deref());
        if self.content(&hw, slot) != content {
            // There is no room for the key beside the others: the program knows nothing of it.
            return content;
        }
        let mut frame = self.start(actor, 0, &mut hw, cpu);
        loop {
            let mut gate = Open;
            let me = actor as u8;
            let mut cx = Cx { hw: &mut hw, cpu, me, watched: false, gate: &mut gate };
            let yielded = self.run(&mut frame, &mut cx);
            if !matches!(drive::settle(&mut hw, yielded), Ok(false)) {
                break;
            }
        }
        self.content(&hw, slot)
    }

    /// Makes a slot hold these words, or its key absent.
    fn set_content(&self, hw: &mut Hw, slot: usize, words: Option<&[u64]>) {
        let place = self.place(slot, hw);
        match (place, words) {
            (Some(_), None) => self.edit(hw, slot, 3),
            (None, Some(_)) => self.edit(hw, slot, 2),
            (Some(_), Some(_)) | (None, None) => {}
        }
        if let (Some(place), Some(words)) = (self.place(slot, hw), words) {
            for (index, word) in words.iter().enumerate() {
                let stored = hw.mem.store(place.plus(index as u64 * 8), 8, *word);
                debug_assert_eq!(stored, Ok(()), "a watched slot is memory");
            }
        }
    }

    /// Inserts (command 2) or removes (3) the key of a slot by a plain call.
    fn edit(&self, hw: &mut Hw, slot: usize, cmd: u32) {
        let watched = &self.slots[slot];
        let Some(map) =
            self.maps.iter().find(|map| map.object == bpfsim_syscall::ObjectId::Map(watched.map))
        else {
            return;
        };
        let mut task = self.task.clone();
        let ranks = self.core.profile.cpus.possible.len();
        let room = map.def.value_size.next_multiple_of(8) as usize * ranks;
        let value = if cmd == 2 { task.alloc_zeroed(room) } else { Default::default() };
        let key = task.alloc(&watched.key);
        let arm = MapElemAttr { map_fd: map.fd, key, value, ..MapElemAttr::default() };
        let attr = task.alloc(arm.as_bytes());
        let mut kernel = Kernel { core: self.core.clone(), hw: std::mem::take(hw) };
        // A failure leaves the key as it was, which the caller sees.
        kernel.bpf(&mut task, cmd, attr, 32).ok();
        *hw = kernel.hw;
    }

    /// The content of a slot now.
    pub(crate) fn content(&self, hw: &Hw, slot: usize) -> ContentId {
        let Some(place) = self.place(slot, hw) else { return ABSENT };
        self.content_at(hw, slot, place)
    }

    pub(super) fn content_at(&self, hw: &Hw, slot: usize, place: Place) -> ContentId {
        self.content_after(ABSENT, hw, slot, place)
    }

    /// The same, where the slot probably holds what it held before.
    pub(super) fn content_after(
        &self,
        before: ContentId,
        hw: &Hw,
        slot: usize,
        place: Place,
    ) -> ContentId {
        let Some(map) = self.map_of(slot) else { return ABSENT };
        let words = map.shape.stride() as usize / 8;
        let first = place.offset() as usize / 8;
        let region = hw.mem.region(place.region()).words();
        let Some(found) = region.get(first..first + words) else { return ABSENT };
        let mut sets = self.sets.borrow_mut();
        match map.shape.value_size % 8 {
            _ if sets.words(before) == Some(found) => before,
            0 => sets.content(found),
            rest => {
                // Padding behind the value is no part of it.
                let mut words = found.to_vec();
                if let Some(last) = words.last_mut() {
                    *last &= (1 << (rest * 8)) - 1;
                }
                sets.content(&words)
            }
        }
    }

    /// True when the frame, running on alone, would touch the slot again.
    pub(super) fn touches_again(
        &self,
        frame: &LabFrame,
        hw: &Hw,
        actor: usize,
        slot: Place,
        bytes: u32,
    ) -> bool {
        struct Probe {
            slot: Place,
            bytes: u32,
            hit: bool,
        }
        impl bpfsim_sim::Gate for Probe {
            fn pass(&mut self, step: Step) -> bool {
                let at = step.place().map(|(at, _)| at.0);
                let end = self.slot.0 + u64::from(self.bytes);
                self.hit |= at.is_some_and(|at| at >= self.slot.0 && at < end);
                !self.hit
            }
        }
        if self.is_past_memory(frame) {
            return false;
        }
        let (mut hw, mut frame) = (hw.clone(), frame.clone());
        let cpu = self.rank_of(actor, &hw);
        let mut gate = Probe { slot, bytes, hit: false };
        let mut cx = Cx { hw: &mut hw, cpu, me: actor as u8, watched: true, gate: &mut gate };
        let yielded = self.run(&mut frame, &mut cx);
        gate.hit || matches!(yielded, Yield::Blocked(_))
    }

    /// No instruction that the program can still reach touches memory or calls anything.
    fn is_past_memory(&self, frame: &LabFrame) -> bool {
        let LabFrame::Program(frame) = frame else { return false };
        if frame.op.is_some() {
            return false;
        }
        let ops = self.core.program(frame.program).map_or(&[][..], |program| program.ops());
        let find = || is_past_memory(ops, frame.pc as usize);
        self.sets.borrow_mut().past_memory(frame.program, frame.pc, find)
    }

    /// Rank of the CPU that an actor is on: a task whose own does not run is on the first one.
    pub(crate) fn rank_of(&self, actor: usize, hw: &Hw) -> u32 {
        let actor = &self.actors[actor];
        let online = |rank: u32| hw.cpus.get(rank as usize).is_some_and(|cpu| cpu.online);
        if actor.ctx > Ctx::Task || online(actor.cpu) {
            return actor.cpu;
        }
        (0..hw.cpus.len() as u32).find(|rank| online(*rank)).unwrap_or(actor.cpu)
    }

    /// The unit of a thread; whose values it means is told by [`Stage::unit_on`].
    pub(crate) fn unit(&self, actor: usize, unit: u16) -> Option<&Unit> {
        self.unit_on(actor, unit, self.actors[actor].cpu)
    }

    /// The unit of a thread that is on the CPU with this rank when it begins.
    pub(crate) fn unit_on(&self, actor: usize, unit: u16, rank: u32) -> Option<&Unit> {
        match &self.acts[actor] {
            Act::Thread { calls, .. } => calls.on(rank).get(usize::from(unit)),
            Act::Run { .. } | Act::Hotplug => None,
        }
    }
}

/// No operation that can follow the one at `pc`, itself included, touches memory or calls anything.
fn is_past_memory(ops: &[Op], pc: usize) -> bool {
    let mut reached = vec![false; ops.len()];
    let mut left = vec![pc];
    while let Some(pc) = left.pop() {
        let Some(op) = ops.get(pc) else { continue };
        if std::mem::replace(&mut reached[pc], true) {
            continue;
        }
        if op.access().is_some() {
            return false;
        }
        let jump = |off: i32| (pc as i64 + 1 + i64::from(off)) as usize;
        match op.flow() {
            Flow::Call(_) => return false,
            Flow::Branch(off) => left.extend([pc + 1, jump(off)]),
            Flow::Jump(off) => left.push(jump(off)),
            Flow::Exit => {}
            // Packets are private.
            Flow::Next => left.push(pc + 1),
        }
    }
    true
}
