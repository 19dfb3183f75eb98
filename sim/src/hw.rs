//! The hardware that frames share: memory, interrupt masks, pending interrupts.

use crate::copy::Copy;
use crate::gate::{Gate, Step};
use crate::memory::{Memory, Place, Wild};

/// A function sent to another CPU. Its sender waits for the acknowledgement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ipi {
    /// Which actor sent it: one outstanding interrupt per actor.
    pub from: u8,
    /// What the handler does.
    pub work: Copy,
}

/// One CPU's own state.
#[derive(Debug, Default, PartialEq, Eq, Hash)]
pub struct Cpu {
    /// Runs now.
    pub online: bool,
    /// How many maskers there are; interrupts come in at 0.
    pub irqs_off: u32,
    /// Sent and not yet taken, oldest first.
    pub pending: Vec<Ipi>,
}

impl Clone for Cpu {
    fn clone(&self) -> Self {
        Self { online: self.online, irqs_off: self.irqs_off, pending: self.pending.clone() }
    }

    fn clone_from(&mut self, other: &Self) {
        (self.online, self.irqs_off) = (other.online, other.irqs_off);
        self.pending.clone_from(&other.pending);
    }
}

/// What all frames of a machine share.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Hw {
    /// Regions of words.
    pub mem: Memory,
    /// By rank among the possible CPUs.
    pub cpus: Vec<Cpu>,
    /// Bit N: the interrupt of actor N has been acknowledged.
    pub acked: u64,
    /// Interrupts sent so far: a cost, not a state.
    pub ipis: u64,
}

impl Clone for Hw {
    fn clone(&self) -> Self {
        Self { mem: self.mem.clone(), cpus: self.cpus.clone(), acked: self.acked, ipis: self.ipis }
    }

    fn clone_from(&mut self, other: &Self) {
        self.mem.clone_from(&other.mem);
        self.cpus.clone_from(&other.cpus);
        (self.acked, self.ipis) = (other.acked, other.ipis);
    }
}

/// What a frame that cannot go on is waiting for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Wait {
    /// The acknowledgement of the interrupt that this actor sent.
    Ack(u8),
    /// A lock that somebody holds.
    Lock(Place),
}

impl Hw {
    /// Becomes equal to `other`: see [`Memory::rewind`].
    pub fn rewind(&mut self, other: &Self) {
        self.mem.rewind(&other.mem);
        self.cpus.clone_from(&other.cpus);
        (self.acked, self.ipis) = (other.acked, other.ipis);
    }

    /// True when `wait` is over.
    pub fn is_over(&self, wait: Wait) -> bool {
        match wait {
            Wait::Ack(actor) => self.acked & 1 << actor != 0,
            Wait::Lock(at) => self.mem.load(at, 8) == Ok(0),
        }
    }
}

/// How far a frame came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Yield {
    /// It has ended.
    Done,
    /// The gate was shut before its next step.
    Stopped,
    /// It cannot go on before something happens elsewhere.
    Blocked(Wait),
    /// It touched what is no memory, and is trapped there for good.
    Trapped(Wild),
}

/// What a frame runs with: the hardware, where it runs, and the gate.
pub struct Cx<'a> {
    /// Shared hardware.
    pub hw: &'a mut Hw,
    /// Rank of the CPU it runs on.
    pub cpu: u32,
    /// The actor on whose behalf it runs.
    pub me: u8,
    /// True when the gate has to be asked at all.
    pub watched: bool,
    /// Asked before every step.
    pub gate: &'a mut dyn Gate,
}

impl Cx<'_> {
    /// Asks the gate. An unwatched run never waits.
    #[inline]
    pub fn pass(&mut self, step: Step) -> bool {
        !self.watched || self.gate.pass(step)
    }

    /// The CPU that this runs on.
    pub fn this_cpu(&mut self) -> &mut Cpu {
        &mut self.hw.cpus[self.cpu as usize]
    }
}

/// Ends a frame's `run` early unless the step may be done now.
#[macro_export]
macro_rules! step {
    ($cx:expr, $step:expr) => {
        if !$cx.pass($step) {
            return $crate::Yield::Stopped;
        }
    };
}
