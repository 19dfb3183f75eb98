//! Exploring every order of steps: naively as the oracle, by hashed states for use.

mod graph;
mod naive;
mod search;
mod walk;

pub use graph::Class;
pub use naive::{Naive, naive};
pub use search::{Limits, Report, explore};
pub use walk::{See, walk};

use crate::machine::{Machine, Model, Rest};
use crate::memory::Place;
use crate::visible::{Touched, Visible};
use crate::watchman::Watchman;

/// Puts a machine at rest whose units without steps are all known.
fn settled<M: Model>(model: &M, machine: &mut Machine<M>, visible: &Visible) -> Rest {
    let rest = machine.rest(model, &mut Watchman::new(visible, None));
    rest.expect("units without steps have shown none")
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
