//! Steps, and the gate that a frame asks before each one.

use crate::memory::Place;

/// The smallest thing that another CPU can see. The frame names it before it does it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// Reads `bytes` of shared memory.
    Load {
        /// Where.
        at: Place,
        /// 1, 2, 4 or 8.
        bytes: u32,
    },
    /// Writes `bytes` of shared memory.
    Store {
        /// Where.
        at: Place,
        /// 1, 2, 4 or 8.
        bytes: u32,
    },
    /// Reads and writes in one indivisible access.
    Atomic {
        /// Where.
        at: Place,
        /// 4 or 8.
        bytes: u32,
    },
    /// Takes a lock; maskable interrupts go off with it.
    Lock(Place),
    /// Releases a lock, and lets interrupts in again.
    Unlock(Place),
    /// Masks interrupts on this CPU.
    IrqOff,
    /// Unmasks them.
    IrqOn,
    /// Sends an interrupt to the CPU with this rank.
    SendIpi(u32),
    /// A caller that waited for its interrupt goes on.
    Wake,
    /// The CPU with this rank leaves (`false`) or joins the online ones.
    Hotplug(u32, bool),
}

impl Step {
    /// The memory that the step touches, if any.
    pub const fn place(self) -> Option<(Place, u32)> {
        match self {
            Step::Load { at, bytes } | Step::Store { at, bytes } | Step::Atomic { at, bytes } => {
                Some((at, bytes))
            }
            Step::Lock(at) | Step::Unlock(at) => Some((at, 8)),
            Step::IrqOff | Step::IrqOn | Step::SendIpi(_) | Step::Wake | Step::Hotplug(..) => None,
        }
    }

    /// True when memory may differ afterwards.
    pub const fn writes(self) -> bool {
        matches!(self, Step::Store { .. } | Step::Atomic { .. } | Step::Lock(_) | Step::Unlock(_))
    }
}

/// Decides whether a frame may do its next step now.
pub trait Gate {
    /// `true`: do it. `false`: stop before it, and come back later.
    fn pass(&mut self, step: Step) -> bool;
}

/// The gate of a plain call: nobody watches, everything passes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Open;

impl Gate for Open {
    fn pass(&mut self, _: Step) -> bool {
        true
    }
}
