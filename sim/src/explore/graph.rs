//! The states that an exploration found and the steps between them, as flat arrays; and what adds
//! up along them: exact counts of schedules, and the smallest witness of every class.

use crate::count::Count;
use crate::machine::Slot;
use std::cmp::Reverse;

/// A cost is preemptions, interrupts, steps in one word, the most important highest.
const PREEMPTION: u64 = 1 << 48;
const INTERRUPT: u64 = 1 << 32;
const NEVER: u64 = u64::MAX;

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

/// A transition.
#[derive(Clone, Copy, Debug)]
pub(super) struct Edge {
    /// The node that it leads to.
    pub to: u32,
    /// Whose frame moves.
    pub slot: Slot,
    /// The frame goes on and may move at once: moving another next is a preemption.
    pub alive: bool,
    /// It is a numbered step.
    pub step: bool,
    /// It sends an interrupt.
    pub sends: bool,
}

impl Edge {
    fn cost(self) -> u64 {
        u64::from(self.sends) * INTERRUPT + u64::from(self.step)
    }

    /// Whose frame could have gone on.
    fn last(self) -> Option<Slot> {
        self.alive.then_some(self.slot)
    }
}

#[derive(Clone, Copy, Debug)]
enum Node {
    /// What is below is not known yet.
    Open,
    /// Its edges: one for each slot at most.
    Inner { first: u32, len: u8 },
    /// Schedules end here: in which classes.
    End { outcome: u32 },
}

/// What was explored.
#[derive(Debug, Default)]
pub(super) struct Graph {
    nodes: Vec<Node>,
    edges: Vec<Edge>,
    /// The nodes in the order in which everything below them became known.
    known: Vec<u32>,
    /// The different sets of classes, as bits.
    outcomes: Vec<u64>,
}

impl Graph {
    /// How many nodes there are.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// A new node.
    pub fn open(&mut self) -> u32 {
        self.nodes.push(Node::Open);
        self.nodes.len() as u32 - 1
    }

    /// True while not everything below the node is known.
    pub fn is_open(&self, node: u32) -> bool {
        matches!(self.nodes[node as usize], Node::Open)
    }

    /// Everything below the node is known: it has these edges.
    pub fn close(&mut self, node: u32, edges: &[Edge]) {
        let (first, len) = (self.edges.len() as u32, edges.len() as u8);
        self.edges.extend_from_slice(edges);
        self.nodes[node as usize] = Node::Inner { first, len };
        self.known.push(node);
    }

    /// Schedules end in the node, in the classes `bits`.
    pub fn end(&mut self, node: u32, bits: u64) {
        let known = self.outcomes.iter().position(|outcome| *outcome == bits);
        let outcome = known.unwrap_or_else(|| {
            self.outcomes.push(bits);
            self.outcomes.len() - 1
        });
        self.nodes[node as usize] = Node::End { outcome: outcome as u32 };
        self.known.push(node);
    }

    /// The bits of all classes that were reached.
    pub fn classes(&self) -> u64 {
        self.outcomes.iter().fold(0, |all, bits| all | bits)
    }

    fn edges(&self, node: u32) -> std::ops::Range<usize> {
        match self.nodes[node as usize] {
            Node::Inner { first, len } => first as usize..first as usize + usize::from(len),
            Node::Open | Node::End { .. } => 0..0,
        }
    }

    /// How many schedules lead from the first node to an end that `wanted` accepts.
    pub fn count(&self, wanted: impl Fn(u64) -> bool) -> Count {
        let mut counts = vec![Count::ZERO; self.nodes.len()];
        for node in &self.known {
            counts[*node as usize] = match self.nodes[*node as usize] {
                Node::End { outcome } if wanted(self.outcomes[outcome as usize]) => Count::ONE,
                Node::End { .. } | Node::Open => Count::ZERO,
                Node::Inner { .. } => self.edges(*node).fold(Count::ZERO, |mut sum, edge| {
                    sum.add(&counts[self.edges[edge].to as usize]);
                    sum
                }),
            };
        }
        counts.into_iter().next().unwrap_or(Count::ZERO)
    }

    /// The class with this bit: how many schedules, and the smallest.
    pub fn class(&self, bit: u32) -> Class {
        let wanted = |bits: u64| bits >> bit & 1 != 0;
        let costs = Costs::new(self, &wanted);
        let cost = costs.from(0, None);
        Class {
            schedules: self.count(wanted),
            witness: costs.witness(),
            preemptions: (cost / PREEMPTION) as u32,
            steps: (cost % INTERRUPT) as u32,
        }
    }
}

/// What the cheapest way to one class costs.
struct Costs<'a> {
    graph: &'a Graph,
    wanted: &'a dyn Fn(u64) -> bool,
    /// By edge: going along it, and from there.
    along: Vec<u64>,
}

impl<'a> Costs<'a> {
    fn new(graph: &'a Graph, wanted: &'a dyn Fn(u64) -> bool) -> Self {
        let mut costs = Self { graph, wanted, along: vec![NEVER; graph.edges.len()] };
        for node in &graph.known {
            for index in graph.edges(*node) {
                let edge = graph.edges[index];
                costs.along[index] = costs.from(edge.to, edge.last()).saturating_add(edge.cost());
            }
        }
        costs
    }

    /// The least cost from `node`, coming from the frame `last` that could have gone on.
    fn from(&self, node: u32, last: Option<Slot>) -> u64 {
        match self.graph.nodes[node as usize] {
            Node::Open => NEVER,
            Node::End { outcome } => {
                if (self.wanted)(self.graph.outcomes[outcome as usize]) {
                    0
                } else {
                    NEVER
                }
            }
            Node::Inner { .. } => {
                let costs = self.graph.edges(node).map(|edge| self.choice(edge, last).0);
                costs.min().unwrap_or(NEVER)
            }
        }
    }

    /// What an edge costs after `last`, and its slot: what is smaller comes first.
    fn choice(&self, edge: usize, last: Option<Slot>) -> (u64, Reverse<Slot>) {
        let slot = self.graph.edges[edge].slot;
        let preempts = last.is_some_and(|last| last != slot);
        (self.along[edge].saturating_add(u64::from(preempts) * PREEMPTION), Reverse(slot))
    }

    /// The slots along the cheapest way.
    fn witness(&self) -> Vec<Slot> {
        let (mut node, mut last, mut witness) = (0, None, Vec::new());
        while let Some(edge) = self.graph.edges(node).min_by_key(|edge| self.choice(*edge, last)) {
            let edge = self.graph.edges[edge];
            witness.push(edge.slot);
            (node, last) = (edge.to, edge.last());
        }
        witness
    }
}
