//! Exploring every order of steps: naively as the oracle, by hashed states for use.

mod graph;
mod naive;

pub use graph::{Class, Limits, Report, explore, walk};
pub use naive::{Naive, naive};

use crate::machine::{Machine, Model, Slot};
use crate::memory::Place;
use crate::visible::{Touched, Visible};
use crate::watchman::Watchman;

/// A machine at rest: every unit that nobody can see has run.
/// `Ok(true)` when there was such a unit; `Err` names one that shows steps after all.
fn settled<M: Model>(
    model: &M,
    machine: &mut Machine<M>,
    visible: &Visible,
    touched: Option<&mut Touched>,
) -> Result<bool, (Slot, u16)> {
    machine.settle(model, &mut Watchman::new(visible, touched))
}

/// Where interrupts arrive whatever happens: CPUs with an actor above task level.
fn interrupts<M: Model>(model: &M, cpu: u32) -> bool {
    let above = |actor: &&crate::machine::Actor| actor.ctx > crate::cpu::Ctx::Task;
    model.actors().iter().filter(above).any(|actor| actor.cpu == cpu)
}

/// Adds to `visible` what `touched` shows to be shared; true when that is anything new.
fn reveal<M: Model>(model: &M, touched: &Touched, visible: &mut Visible) -> bool {
    let granule = |at: Place| model.granule(at);
    touched.reveal(visible, granule, |cpu| interrupts(model, cpu))
}
