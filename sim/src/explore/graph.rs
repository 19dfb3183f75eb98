//! Explores states, not orders: a state that was seen before is not explored again.
//!
//! Every schedule is still counted exactly, by adding up along the edges, and the smallest
//! witness of every class is found on the same graph: first the fewest preemptions, then
//! interrupts, then steps, then the lowest slots.

use super::{reveal, settled};
use crate::count::Count;
use crate::gate::Step;
use crate::machine::{Machine, Model, Slot};
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

/// One class of outcomes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Class {
    /// Schedules that end in it.
    pub schedules: Count,
    /// The smallest of them: which slot moves at each step.
    pub witness: Vec<Slot>,
    /// Preemptions of the witness.
    pub preemptions: u32,
    /// Numbered steps of the witness.
    pub steps: u32,
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

/// A number of slots at most 64; a cost is preemptions, interrupts, steps in one word.
const PREEMPTION: u64 = 1 << 48;
const INTERRUPT: u64 = 1 << 32;
const NEVER: u64 = u64::MAX;

#[derive(Clone, Copy, Debug)]
struct Edge {
    to: u32,
    slot: Slot,
    /// The frame goes on and may move at once: leaving it is a preemption.
    alive: bool,
    /// Its own cost: an interrupt sent, a numbered step.
    cost: u64,
}

#[derive(Debug, Default)]
struct Node {
    edges: Vec<Edge>,
    total: Option<Count>,
    /// By class bit: how many schedules from here, and the least cost by edge.
    classes: Vec<(u32, Count, Vec<u64>)>,
}

struct Open<M: Model> {
    machine: Machine<M>,
    node: u32,
    left: u64,
    preemptions: u32,
    last: Option<Slot>,
}

#[derive(Default)]
struct KeepHash(u64);

impl Hasher for KeepHash {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, _: &[u8]) {}

    fn write_u128(&mut self, hash: u128) {
        self.0 = hash as u64;
    }
}

type Seen = HashMap<u128, u32, BuildHasherDefault<KeepHash>>;

/// Explores from `root` until nothing is left or the limit is reached. What counts as a step is
/// found on the way, starting from `visible`.
pub fn explore<M: Model>(
    model: &M,
    root: &Machine<M>,
    mut visible: Visible,
    limits: Limits,
) -> Report {
    loop {
        let mut touched = Touched::nothing(&root.hw.mem);
        let mut search = Search::new(model, &visible, limits);
        let news = search.run(root, &mut touched);
        let new = match news {
            Err((slot, unit)) => visible_after(&visible, usize::from(slot), unit),
            Ok(()) => None,
        };
        if let Some(more) = new {
            visible = more;
            continue;
        }
        let silent = search.silent;
        let report = search.report();
        let mut more = visible.clone();
        if !reveal(model, &touched, &mut more) {
            visible.silent = silent;
            return Report { visible, ..report };
        }
        visible = more;
    }
}

fn visible_after(visible: &Visible, slot: usize, unit: u16) -> Option<Visible> {
    let mut more = visible.clone();
    more.note_steps(slot, unit).then_some(more)
}

struct Search<'a, M: Model> {
    model: &'a M,
    visible: &'a Visible,
    limits: Limits,
    seen: Seen,
    nodes: Vec<Node>,
    transitions: usize,
    complete: bool,
    silent: bool,
    bytes: Vec<u64>,
}

impl<'a, M: Model> Search<'a, M> {
    fn new(model: &'a M, visible: &'a Visible, limits: Limits) -> Self {
        Self {
            model,
            visible,
            limits,
            seen: Seen::default(),
            nodes: Vec::new(),
            transitions: 0,
            complete: true,
            silent: false,
            bytes: Vec::new(),
        }
    }

    fn run(&mut self, root: &Machine<M>, touched: &mut Touched) -> Result<(), (Slot, u16)> {
        let mut machine = root.clone();
        self.silent |= settled(self.model, &mut machine, self.visible, Some(touched))?;
        let mut stack: Vec<Open<M>> = Vec::new();
        let mut spare: Vec<Machine<M>> = Vec::new();
        self.enter(machine, 0, None, &mut stack);
        while let Some(open) = stack.last_mut() {
            if open.left == 0 {
                let open = stack.pop().expect("it was just there");
                self.close(open.node);
                spare.push(open.machine);
                continue;
            }
            let slot = open.left.trailing_zeros() as Slot;
            open.left &= open.left - 1;
            let preempts = open.last.is_some_and(|last| last != slot);
            let preemptions = open.preemptions + u32::from(preempts);
            if self.limits.preemptions.is_some_and(|most| preemptions > most) {
                continue;
            }
            let mut machine = match spare.pop() {
                Some(mut machine) => {
                    machine.clone_from(&open.machine);
                    machine
                }
                None => open.machine.clone(),
            };
            let from = open.node;
            let mut gate = Watchman::new(self.visible, Some(touched));
            let moved = machine.advance(self.model, slot, &mut gate);
            self.silent |= settled(self.model, &mut machine, self.visible, Some(touched))?;
            self.transitions += 1;
            let alive = !moved.ended && machine.is_alive(self.model, slot);
            let last = alive.then_some(slot);
            let (to, machine) = self.enter(machine, preemptions, last, &mut stack);
            spare.extend(machine);
            let sends = matches!(moved.step, Some(Step::SendIpi(_)));
            let cost = u64::from(sends) * INTERRUPT + u64::from(moved.step.is_some());
            self.nodes[from as usize].edges.push(Edge { to, slot, alive, cost });
        }
        Ok(())
    }

    /// The node of a state; a new one is put on the stack, for a known one the machine comes back.
    fn enter(
        &mut self,
        machine: Machine<M>,
        preemptions: u32,
        last: Option<Slot>,
        stack: &mut Vec<Open<M>>,
    ) -> (u32, Option<Machine<M>>) {
        self.bytes.clear();
        machine.encode(self.model, &mut self.bytes);
        if self.limits.preemptions.is_some() {
            // With a bound, how the state was reached decides what may follow.
            self.bytes.push(u64::from(preemptions) << 8 | last.map_or(0, |slot| slot.into()) + 1);
        }
        let hash = xxh3_128(zerocopy::IntoBytes::as_bytes(self.bytes.as_slice()));
        if let Some(&node) = self.seen.get(&hash) {
            // A state that is still open below would be a circle: the model promises none.
            self.complete &= self.nodes[node as usize].total.is_some();
            return (node, Some(machine));
        }
        let node = self.nodes.len() as u32;
        self.seen.insert(hash, node);
        self.nodes.push(Node::default());
        let mut left = machine.choices(self.model, self.visible);
        if left == 0 {
            let stuck = machine.is_stuck(self.model);
            let bits = self.model.outcome(&machine.watch, &machine.hw, stuck);
            self.end(node, bits);
            return (node, Some(machine));
        }
        if self.nodes.len() >= self.limits.states {
            self.complete = false;
            left = 0;
        }
        stack.push(Open { machine, node, left, preemptions, last });
        (node, None)
    }

    /// A schedule ends here, in the classes `bits`.
    fn end(&mut self, node: u32, bits: u64) {
        let node = &mut self.nodes[node as usize];
        node.total = Some(Count::ONE);
        let classes = (0..64).filter(|bit| bits >> bit & 1 != 0);
        node.classes = classes.map(|bit| (bit, Count::ONE, vec![0])).collect();
    }

    /// Everything below `node` is known: adds it up.
    fn close(&mut self, node: u32) {
        let edges = std::mem::take(&mut self.nodes[node as usize].edges);
        let mut total = Count::ZERO;
        let mut classes: Vec<(u32, Count, Vec<u64>)> = Vec::new();
        for (index, edge) in edges.iter().enumerate() {
            let below = &self.nodes[edge.to as usize];
            let Some(count) = &below.total else { continue };
            total.add(count);
            for (bit, count, _) in &below.classes {
                let cost = edge.cost + self.cost(edge.to, *bit, edge.alive.then_some(edge.slot));
                let known = classes.iter().position(|class| class.0 == *bit);
                let class = known.unwrap_or_else(|| {
                    classes.push((*bit, Count::ZERO, vec![NEVER; edges.len()]));
                    classes.len() - 1
                });
                classes[class].1.add(count);
                classes[class].2[index] = cost;
            }
        }
        let node = &mut self.nodes[node as usize];
        (node.edges, node.total, node.classes) = (edges, Some(total), classes);
    }

    /// The least cost from `node` to class `bit`, coming from a frame that could go on.
    fn cost(&self, node: u32, bit: u32, last: Option<Slot>) -> u64 {
        let node = &self.nodes[node as usize];
        let Some((_, _, costs)) = node.classes.iter().find(|class| class.0 == bit) else {
            return NEVER;
        };
        if node.edges.is_empty() {
            return 0;
        }
        let with = |(edge, cost): (&Edge, &u64)| penalty(last, edge.slot, *cost);
        node.edges.iter().zip(costs).map(with).min().unwrap_or(NEVER)
    }

    fn report(self) -> Report {
        let mut report = Report {
            complete: self.complete,
            states: self.nodes.len(),
            transitions: self.transitions,
            ..Report::default()
        };
        let Some(root) = self.nodes.first() else { return report };
        report.schedules = root.total.clone().filter(|_| self.complete);
        for (bit, schedules, _) in &root.classes {
            report.classes.insert(*bit, self.witness(*bit, schedules.clone()));
        }
        report
    }

    fn witness(&self, bit: u32, schedules: Count) -> Class {
        let cost = self.cost(0, bit, None);
        let (mut node, mut last, mut witness) = (0u32, None, Vec::new());
        while !self.nodes[node as usize].edges.is_empty() {
            let here = &self.nodes[node as usize];
            let Some((_, _, costs)) = here.classes.iter().find(|class| class.0 == bit) else {
                break;
            };
            let key = |(edge, cost): &(&Edge, &u64)| (penalty(last, edge.slot, **cost), edge.slot);
            let Some((edge, _)) = here.edges.iter().zip(costs).min_by_key(key) else { break };
            witness.push(edge.slot);
            last = edge.alive.then_some(edge.slot);
            node = edge.to;
        }
        Class {
            schedules,
            witness,
            preemptions: (cost / PREEMPTION) as u32,
            steps: (cost % INTERRUPT) as u32,
        }
    }
}

/// What moving `slot` costs after `last`, whose frame could have gone on.
fn penalty(last: Option<Slot>, slot: Slot, cost: u64) -> u64 {
    let preempts = last.is_some_and(|last| last != slot);
    if cost == NEVER { NEVER } else { cost + u64::from(preempts) * PREEMPTION }
}

/// Follows a schedule and calls `see` after every transition. Stops at the first slot that
/// cannot move, and says at which position.
pub fn walk<M: Model>(
    model: &M,
    root: &Machine<M>,
    visible: &Visible,
    schedule: &mut dyn FnMut(&Machine<M>, u64) -> Option<Slot>,
    see: &mut dyn FnMut(&Machine<M>, &Machine<M>, Slot, crate::machine::Moved),
) -> Machine<M> {
    let mut machine = root.clone();
    let settle = |machine: &mut Machine<M>| {
        settled(model, machine, visible, None).expect("units without steps have shown none");
    };
    settle(&mut machine);
    loop {
        let choices = machine.choices(model, visible);
        let Some(slot) = schedule(&machine, choices).filter(|slot| choices >> slot & 1 != 0) else {
            return machine;
        };
        let before = machine.clone();
        let moved = machine.advance(model, slot, &mut Watchman::new(visible, None));
        settle(&mut machine);
        see(&before, &machine, slot, moved);
    }
}
