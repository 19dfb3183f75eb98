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

mod enabled;
mod model;
mod transition;

pub use model::{Actor, Doing, Frame, Model, Seen};
pub use transition::Moved;
pub(crate) use transition::{Rest, ones};

use crate::copy::Copy;
use crate::hw::{Hw, Ipi, Wait};
use crate::memory::Place;

/// The number of a frame's place in a machine; what schedules and tokens name.
pub type Slot = u8;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Enter,
    Body,
    Leave,
}

#[derive(Debug, PartialEq)]
enum Body<F> {
    Frame(F),
    Handler(Copy),
    Hotplug(bool),
}

impl<F: Clone> Clone for Body<F> {
    fn clone(&self) -> Self {
        match self {
            Body::Frame(frame) => Body::Frame(frame.clone()),
            Body::Handler(copy) => Body::Handler(*copy),
            Body::Hotplug(online) => Body::Hotplug(*online),
        }
    }

    fn clone_from(&mut self, other: &Self) {
        match (self, other) {
            (Body::Frame(mine), Body::Frame(theirs)) => mine.clone_from(theirs),
            (mine, theirs) => *mine = theirs.clone(),
        }
    }
}

/// Where a running frame is, apart from itself.
#[derive(Clone, Copy, Debug, PartialEq)]
struct At {
    cpu: u8,
    unit: u16,
    phase: Phase,
    began: bool,
    wait: Option<Wait>,
    /// The lock before which it was stopped: it can go on while nobody has it.
    lock: Option<Place>,
}

#[derive(Debug, PartialEq)]
struct Running<F> {
    at: At,
    body: Body<F>,
}

impl<F: Clone> Clone for Running<F> {
    fn clone(&self) -> Self {
        Self { at: self.at, body: self.body.clone() }
    }

    fn clone_from(&mut self, other: &Self) {
        self.at = other.at;
        self.body.clone_from(&other.body);
    }
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

    fn pop(&mut self) {
        self.len -= 1;
        // Equal stacks are equal bytes.
        self.slots[usize::from(self.len)] = 0;
    }
}

/// Who is where: apart from frames and memory, so that both can be worked on at once.
#[derive(Debug)]
struct Roster {
    /// By CPU.
    stacks: Vec<Stack>,
    /// By actor.
    next_unit: Vec<u16>,
    /// By actor: the CPU that its next unit runs on.
    home: Vec<u8>,
}

impl Clone for Roster {
    fn clone(&self) -> Self {
        Self {
            stacks: self.stacks.clone(),
            next_unit: self.next_unit.clone(),
            home: self.home.clone(),
        }
    }

    fn clone_from(&mut self, other: &Self) {
        self.stacks.clone_from(&other.stacks);
        self.next_unit.clone_from(&other.next_unit);
        self.home.clone_from(&other.home);
    }
}

/// The state of every CPU, every frame, and the observer.
pub struct Machine<M: Model> {
    /// Memory, masks, pending interrupts.
    pub hw: Hw,
    /// What the observer knows.
    pub watch: M::Watch,
    slots: Vec<Option<Running<M::Frame>>>,
    roster: Roster,
}

impl<M: Model> Clone for Machine<M> {
    fn clone(&self) -> Self {
        Self {
            hw: self.hw.clone(),
            watch: self.watch.clone(),
            slots: self.slots.clone(),
            roster: self.roster.clone(),
        }
    }
}

impl<M: Model> Machine<M> {
    /// Everything idle.
    pub fn new(model: &M, mut hw: Hw, watch: M::Watch) -> Self {
        let actors = model.actors();
        hw.mem.mark();
        let roster = Roster {
            stacks: vec![Stack::default(); hw.cpus.len()],
            next_unit: vec![0; actors.len()],
            home: actors.iter().map(|actor| actor.cpu as u8).collect(),
        };
        Self { slots: actors.iter().chain(actors).map(|_| None).collect(), roster, hw, watch }
    }

    /// Becomes equal to `other`. Both must descend from one [`Machine::new`] by cloning and
    /// moving: then only what either has touched since needs to be copied.
    pub fn rewind(&mut self, other: &Self) {
        self.hw.rewind(&other.hw);
        self.watch.clone_from(&other.watch);
        self.roster.clone_from(&other.roster);
        for (mine, theirs) in self.slots.iter_mut().zip(&other.slots) {
            mine.clone_from(theirs);
        }
    }

    /// True when some unit has begun and not ended, or has not begun although its CPU runs.
    pub fn is_stuck(&self, model: &M) -> bool {
        let waiting = |(index, actor): (usize, &Actor)| {
            self.roster.next_unit[index] < actor.units
                && self.hw.cpus[usize::from(self.roster.home[index])].online
        };
        self.slots.iter().any(Option::is_some) || model.actors().iter().enumerate().any(waiting)
    }

    /// Feeds everything that tells two states apart that descend from `root`.
    pub fn encode(&self, model: &M, root: &Self, out: &mut Vec<u64>) {
        // How deep a stack is follows from the frames that run.
        for (cpu, stack) in self.hw.cpus.iter().zip(&self.roster.stacks) {
            let sender = |ipi: &Ipi| u64::from(ipi.from) + 1;
            out.push(cpu.pending.len() as u64);
            out.extend(cpu.pending.iter().map(sender));
            let state = cpu.irqs_off << 1 | u32::from(cpu.online);
            out.push(u64::from(state) << 32 | u64::from(u32::from_le_bytes(stack.slots)));
        }
        out.push(self.hw.acked);
        for units in self.roster.next_unit.chunks(4) {
            out.push(units.iter().fold(0, |all, unit| all << 16 | u64::from(*unit)));
        }
        for running in &self.slots {
            self.encode_slot(running.as_ref(), out);
        }
        model.encode_watch(&self.watch, out);
        self.hw.mem.encode_changes(&root.hw.mem, out);
    }

    fn encode_slot(&self, running: Option<&Running<M::Frame>>, out: &mut Vec<u64>) {
        let Some(running) = running else {
            out.push(0);
            return;
        };
        let At { cpu, unit, phase, wait, .. } = running.at;
        let phase = match phase {
            Phase::Enter => 1,
            Phase::Body => 2,
            Phase::Leave => 3,
        };
        let wait = u64::from(wait.is_some());
        out.push(phase | wait << 2 | u64::from(cpu) << 8 | u64::from(unit) << 16);
        match &running.body {
            Body::Frame(frame) => frame.encode(out),
            Body::Handler(copy) => copy.encode(out),
            Body::Hotplug(_) => {}
        }
    }

    /// True when the frame in `slot` has begun and not ended.
    pub(crate) fn has_begun(&self, slot: Slot) -> bool {
        self.slots[usize::from(slot)].is_some()
    }

    /// The frame in `slot`, if it holds one of the model's.
    pub fn frame(&self, slot: Slot) -> Option<&M::Frame> {
        match &self.slots[usize::from(slot)].as_ref()?.body {
            Body::Frame(frame) => Some(frame),
            Body::Handler(_) | Body::Hotplug(_) => None,
        }
    }
}
