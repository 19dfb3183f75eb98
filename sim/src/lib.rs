//! CPUs, memory, contexts, interrupts, schedules, and their exploration. Knows no BPF.
//!
//! A *frame* is what a CPU is doing, as a plain value with a position. It asks a [`Gate`] before
//! every [`Step`] that another CPU could see. Nobody explores: the gate is open and the frame runs
//! straight to its end. Somebody explores: the gate lets one step through and the frame stops
//! before the next, ready to be copied, compared and continued.
#![forbid(unsafe_code)]

pub mod copy;
pub mod count;
pub mod cpu;
pub mod explore;
pub mod gate;
pub mod hw;
pub mod machine;
pub mod memory;
pub mod visible;
pub mod watchman;

pub use copy::{Copy, CopyPlan};
pub use count::Count;
pub use cpu::{BadTopology, CpuList, Ctx, Topology};
pub use gate::{Gate, Open, Step};
pub use hw::{Cx, Hw, Wait, Yield};
pub use machine::{Actor, Frame, Machine, Model, Slot};
pub use memory::{Memory, Place, Region, RegionId, Wild};
