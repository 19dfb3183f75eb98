//! Explores states, not orders: a state that was seen before is not explored again.
//!
//! Every schedule is still counted exactly, by adding up along the edges, and the smallest
//! witness of every class is found on the same graph: first the fewest preemptions, then
//! interrupts, then steps, then the highest slots: readers come behind the runs in a scenario, so
//! what a witness is about comes early in it, and the rest is a tail.

use super::graph::{Class, Edge, Graph};
use super::reveal;
use crate::count::Count;
use crate::gate::Step;
use crate::machine::{Machine, Model, Rest, Slot, ones};
use crate::visible::{Touched, Visible};
use crate::watchman::Watchman;
use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasherDefault, Hasher};
use xxhash_rust::xxh3::xxh3_128;

/// How much to explore.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// States at most.
    pub states: usize,
    /// Preemptions at most in a schedule, if bounded.
    pub preemptions: Option<u32>,
}

/// What exploring found.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Everything within the bounds was explored.
    pub complete: bool,
    /// How many schedules there are; none when incomplete.
    pub schedules: Option<Count>,
    /// By class bit.
    pub classes: BTreeMap<u32, Class>,
    /// Different states.
    pub states: usize,
    /// Steps between them.
    pub transitions: usize,
    /// What counted as a step.
    pub visible: Visible,
}

/// A state whose choices are not all explored.
struct Open<M: Model> {
    /// Taken for the last choice.
    machine: Option<Box<Machine<M>>>,
    node: u32,
    /// Choices that are left, as bits.
    left: u64,
    preemptions: u32,
    last: Option<Slot>,
    /// Where its edges begin among those of all open states.
    edges: usize,
}

/// What a hash is made of is a good hash already.
#[derive(Default)]
struct KeepHash(u64);

impl Hasher for KeepHash {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, _: &[u8]) {}

    fn write_u64(&mut self, half: u64) {
        self.0 = half;
    }
}

/// Nodes by the two halves of their state's hash: 24 bytes, where one u128 makes 32.
type Seen = HashMap<(u64, u64), u32, BuildHasherDefault<KeepHash>>;

/// Explores from `root` until nothing is left or the limit is reached. What counts as a step is
/// found on the way, starting from `visible`.
pub fn explore<M: Model>(
    model: &M,
    root: &Machine<M>,
    mut visible: Visible,
    limits: Limits,
) -> Report {
    loop {
        scout(model, root, &mut visible);
        let mut touched = Touched::nothing(&root.hw.mem);
        let mut search = Search::new(model, root, &visible, limits);
        if let Err((slot, unit)) = search.run(&mut touched) {
            visible.note_steps(slot.into(), unit);
            continue;
        }
        let mut more = visible.clone();
        if reveal(model, &touched, &mut more) {
            visible = more;
            continue;
        }
        let (silent, report) = (search.silent, search.report());
        visible.silent = silent;
        return Report { visible, ..report };
    }
}

/// Follows one order to its end, to learn most of the units that show steps.
fn scout<M: Model>(model: &M, root: &Machine<M>, visible: &mut Visible) {
    let (mut machine, mut before) = (root.clone(), root.clone());
    loop {
        let choices = match machine.rest(model, &mut Watchman::new(visible, None)) {
            Ok(rest) => machine.choices_among(rest.enabled, model, visible),
            Err((slot, unit)) => {
                visible.note_steps(slot.into(), unit);
                machine.rewind(&before);
                continue;
            }
        };
        let Some(slot) = ones(choices).next() else { return };
        machine.advance(model, slot, &mut Watchman::new(visible, None));
        before.rewind(&machine);
    }
}

struct Search<'a, M: Model> {
    model: &'a M,
    root: &'a Machine<M>,
    visible: &'a Visible,
    limits: Limits,
    seen: Seen,
    graph: Graph,
    /// Edges of the open states, those of the last one last.
    edges: Vec<Edge>,
    /// Machines to be used again.
    spare: Vec<Box<Machine<M>>>,
    transitions: usize,
    complete: bool,
    silent: bool,
    bytes: Vec<u64>,
}

impl<'a, M: Model> Search<'a, M> {
    fn new(model: &'a M, root: &'a Machine<M>, visible: &'a Visible, limits: Limits) -> Self {
        Self {
            model,
            root,
            visible,
            limits,
            seen: Seen::default(),
            graph: Graph::default(),
            edges: Vec::new(),
            spare: Vec::new(),
            transitions: 0,
            complete: true,
            silent: false,
            bytes: Vec::new(),
        }
    }

    /// Depth first. `Err` names a unit that shows steps although it was not known to.
    fn run(&mut self, touched: &mut Touched) -> Result<(), (Slot, u16)> {
        let mut machine = Box::new(self.root.clone());
        let rest = self.settle(&mut machine, touched)?;
        let mut stack: Vec<Open<M>> = Vec::new();
        self.enter(machine, rest, 0, None, &mut stack);
        while let Some(open) = stack.last_mut() {
            let Some(slot) = ones(open.left).next() else {
                self.graph.close(open.node, &self.edges[open.edges..]);
                self.edges.truncate(open.edges);
                self.spare.extend(stack.pop().and_then(|open| open.machine));
                continue;
            };
            open.left &= open.left - 1;
            let preempts = open.last.is_some_and(|last| last != slot);
            let preemptions = open.preemptions + u32::from(preempts);
            if self.limits.preemptions.is_some_and(|most| preemptions > most) {
                self.complete = false;
                continue;
            }
            let Some(mut machine) = self.copy_of(open) else { continue };
            let mut gate = Watchman::new(self.visible, Some(touched));
            let moved = machine.advance(self.model, slot, &mut gate);
            let rest = self.settle(&mut machine, touched)?;
            self.transitions += 1;
            let alive = !moved.ended && rest.enabled >> slot & 1 != 0 && machine.has_begun(slot);
            let last = alive.then_some(slot);
            let sends = matches!(moved.step, Some(Step::SendIpi(_)));
            let edge = self.edges.len();
            self.edges.push(Edge { to: 0, slot, alive, step: moved.step.is_some(), sends });
            self.edges[edge].to = self.enter(machine, rest, preemptions, last, &mut stack);
        }
        Ok(())
    }

    fn settle(
        &mut self,
        machine: &mut Machine<M>,
        touched: &mut Touched,
    ) -> Result<Rest, (Slot, u16)> {
        let rest = machine.rest(self.model, &mut Watchman::new(self.visible, Some(touched)))?;
        self.silent |= rest.silent;
        Ok(rest)
    }

    /// The machine of an open state, to move it: itself where no other choice is left.
    fn copy_of(&mut self, open: &mut Open<M>) -> Option<Box<Machine<M>>> {
        if open.left == 0 {
            return open.machine.take();
        }
        let machine = open.machine.as_ref()?;
        Some(match self.spare.pop() {
            Some(mut spare) => {
                spare.rewind(machine);
                spare
            }
            None => machine.clone(),
        })
    }

    /// The node of a state. A new one is put on the stack, unless nothing follows.
    fn enter(
        &mut self,
        machine: Box<Machine<M>>,
        rest: Rest,
        preemptions: u32,
        last: Option<Slot>,
        stack: &mut Vec<Open<M>>,
    ) -> u32 {
        let hash = self.hash(&machine, preemptions, last);
        if let Some(&node) = self.seen.get(&hash) {
            // A state that is still open below would be a circle: the model promises none.
            self.complete &= !self.graph.is_open(node);
            self.spare.push(machine);
            return node;
        }
        let node = self.graph.open();
        self.seen.insert(hash, node);
        let mut left = machine.choices_among(rest.enabled, self.model, self.visible);
        if left == 0 {
            let stuck = machine.is_stuck(self.model);
            self.graph.end(node, self.model.outcome(&machine.watch, &machine.hw, stuck));
            self.spare.push(machine);
            return node;
        }
        if self.graph.len() >= self.limits.states {
            self.complete = false;
            left = 0;
        }
        let (machine, edges) = (Some(machine), self.edges.len());
        stack.push(Open { machine, node, left, preemptions, last, edges });
        node
    }

    fn hash(&mut self, machine: &Machine<M>, preemptions: u32, last: Option<Slot>) -> (u64, u64) {
        self.bytes.clear();
        machine.encode(self.model, self.root, &mut self.bytes);
        if self.limits.preemptions.is_some() {
            // With a bound, how the state was reached decides what may follow.
            let last = last.map_or(0, |slot| u64::from(slot) + 1);
            self.bytes.push(u64::from(preemptions) << 8 | last);
        }
        let hash = xxh3_128(zerocopy::IntoBytes::as_bytes(self.bytes.as_slice()));
        ((hash >> 64) as u64, hash as u64)
    }

    fn report(self) -> Report {
        let classes = ones(self.graph.classes()).map(u32::from);
        Report {
            complete: self.complete,
            schedules: self.complete.then(|| self.graph.count(|_| true)),
            classes: classes.map(|bit| (bit, self.graph.class(bit))).collect(),
            states: self.graph.len(),
            transitions: self.transitions,
            visible: Visible::default(),
        }
    }
}
