//! What a machine runs: actors, their frames, and the observer. The model owns all of it.

use crate::cpu::Ctx;
use crate::gate::Step;
use crate::hw::{Cx, Hw, Yield};
use crate::memory::{Place, Wild};
use crate::visible::Granule;

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
    fn granule(&self, at: Place) -> Granule;
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
    /// Where shared words were written: the first and the last place.
    pub wrote: Option<(Place, Place)>,
    /// The frame, unless this was a handler or a hotplug event.
    pub frame: Option<&'a F>,
}
