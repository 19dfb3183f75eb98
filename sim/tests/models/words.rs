//! A model without BPF: actors that load, store and add words of one shared region.

use bpfsim_sim::explore::{Limits, Naive, Report, explore, naive};
use bpfsim_sim::hw::{Cpu, Ipi, Wait};
use bpfsim_sim::machine::{Actor, Seen};
use bpfsim_sim::visible::{Granule, Kind, Visible};
use bpfsim_sim::{
    Copy, CopyPlan, Cx, Frame, Hw, Machine, Model, Place, RegionId, Step, Yield, step,
};
use std::cell::RefCell;
use std::collections::BTreeSet;

/// One thing that a unit does. Each has an accumulator of its own, which starts at 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Do {
    /// The accumulator becomes the word.
    Load(u32),
    /// The word becomes the accumulator.
    Store(u32),
    /// One more in the accumulator; no step.
    Bump,
    /// One more in the word, in one access.
    Add(u32),
    /// The word becomes this.
    Set(u32, u64),
    /// The word is noted as a part of the outcome.
    Read(u32),
    /// The CPU of this rank copies the first two words to the last two, in an interrupt.
    Ask(u32),
}

/// What an actor does in each of its units.
pub type Units = Vec<Do>;

/// The frame of a unit.
#[derive(Clone, Debug, PartialEq)]
pub struct Small {
    actor: usize,
    unit: u16,
    pc: usize,
    acc: u64,
    asked: bool,
}

impl Frame for Small {
    fn encode(&self, out: &mut Vec<u64>) {
        out.extend([self.pc as u64 | u64::from(self.asked) << 32, self.acc]);
    }
}

/// Actors and their units.
pub struct Words {
    actors: Vec<Actor>,
    units: Vec<Units>,
    /// Where each actor notes what it reads.
    notes: Vec<RegionId>,
    shared: RegionId,
    words: u32,
    root: Hw,
    /// The outcomes: what was read, by actor, and then the shared words.
    pub outcomes: RefCell<BTreeSet<Vec<u64>>>,
}

impl Words {
    /// `words` shared words, all zero, and as many CPUs as are named.
    pub fn new(words: u32, all: Vec<(Actor, Units)>) -> Self {
        let (actors, units): (Vec<Actor>, Vec<Units>) = all.into_iter().unzip();
        let mut root = Hw::default();
        let shared = root.mem.add(words as usize);
        let note = |(actor, units): (&Actor, &Units)| {
            root.mem.add_private(usize::from(actor.units) * units.len())
        };
        let notes = actors.iter().zip(&units).map(note).collect();
        let asked = units.iter().flatten().map(|what| match what {
            Do::Ask(cpu) => cpu + 1,
            Do::Load(_) | Do::Store(_) | Do::Bump | Do::Add(_) | Do::Set(..) | Do::Read(_) => 0,
        });
        let cpus = actors.iter().map(|actor| actor.cpu + 1).chain(asked).max().unwrap_or(1);
        root.cpus = (0..cpus).map(|_| Cpu { online: true, ..Cpu::default() }).collect();
        Self { actors, units, notes, shared, words, root, outcomes: RefCell::default() }
    }

    /// A machine at the beginning.
    pub fn machine(&self) -> Machine<Words> {
        Machine::new(self, self.root.clone(), ())
    }

    /// Everything by hashed states.
    pub fn explore(&self) -> Report {
        let root = self.machine();
        let limits = Limits { states: usize::MAX, preemptions: None };
        explore(self, &root, Visible::nothing(root.hw.cpus.len()), limits)
    }

    /// At most `limit` schedules, one after the other.
    pub fn naive(&self, visible: &Visible, limit: u64) -> Naive {
        naive(self, &self.machine(), visible, limit)
    }

    fn word(&self, word: u32) -> Place {
        Place::new(self.shared, word * 8)
    }

    /// Does one thing; `Done` when it is done.
    fn one(&self, frame: &mut Small, what: Do, cx: &mut Cx<'_>) -> Yield {
        match what {
            Do::Bump => frame.acc += 1,
            Do::Load(word) | Do::Read(word) => {
                let at = self.word(word);
                step!(cx, Step::Load { at, bytes: 8 });
                let value = cx.hw.mem.load(at, 8).expect("a shared word");
                if let Do::Read(_) = what {
                    let note = usize::from(frame.unit) * self.units[frame.actor].len() + frame.pc;
                    let note = Place::new(self.notes[frame.actor], note as u32 * 8);
                    cx.hw.mem.store(note, 8, value).expect("a note");
                } else {
                    frame.acc = value;
                }
            }
            Do::Store(word) => return store(cx, self.word(word), frame.acc),
            Do::Set(word, value) => return store(cx, self.word(word), value),
            Do::Add(word) => {
                let at = self.word(word);
                step!(cx, Step::Atomic { at, bytes: 8 });
                let value = cx.hw.mem.load(at, 8).expect("a shared word");
                cx.hw.mem.store(at, 8, value + 1).expect("a shared word");
            }
            Do::Ask(cpu) => return self.ask(frame, cpu, cx),
        }
        Yield::Done
    }

    fn ask(&self, frame: &mut Small, cpu: u32, cx: &mut Cx<'_>) -> Yield {
        if !frame.asked {
            step!(cx, Step::SendIpi(cpu));
            let work = Copy::new(self.word(0), self.word(self.words - 2), 16, CopyPlan::WordAsc);
            cx.hw.acked &= !(1 << cx.me);
            cx.hw.cpus[cpu as usize].pending.push(Ipi { from: cx.me, work });
            frame.asked = true;
        }
        let wait = Wait::Ack(cx.me);
        if !cx.hw.is_over(wait) {
            return Yield::Blocked(wait);
        }
        step!(cx, Step::Wake);
        frame.asked = false;
        Yield::Done
    }
}

fn store(cx: &mut Cx<'_>, at: Place, value: u64) -> Yield {
    step!(cx, Step::Store { at, bytes: 8 });
    cx.hw.mem.store(at, 8, value).expect("a shared word");
    Yield::Done
}

impl Model for Words {
    type Frame = Small;
    type Watch = ();

    fn actors(&self) -> &[Actor] {
        &self.actors
    }

    fn start(&self, actor: usize, unit: u16, _: &mut Hw, _: u32) -> Small {
        Small { actor, unit, pc: 0, acc: 0, asked: false }
    }

    fn run(&self, frame: &mut Small, cx: &mut Cx<'_>) -> Yield {
        while let Some(what) = self.units[frame.actor].get(frame.pc) {
            match self.one(frame, *what, cx) {
                Yield::Done => frame.pc += 1,
                other => return other,
            }
        }
        Yield::Done
    }

    fn observe(&self, (): &mut (), _: Seen<'_, Small>, _: &mut Hw) {}

    /// One of 60 classes by what was read and what is left, one more for machines that are stuck.
    fn outcome(&self, (): &(), hw: &Hw, stuck: bool) -> u64 {
        let regions = self.notes.iter().chain([&self.shared]);
        let words = regions.flat_map(|id| hw.mem.region(*id).words());
        let outcome: Vec<u64> = words.copied().collect();
        let mix = |hash: u64, word: &u64| (hash ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let class = (outcome.iter().fold(1, mix) >> 32) % 60;
        self.outcomes.borrow_mut().insert(outcome);
        1 << class | u64::from(stuck) << 60
    }

    fn encode_watch(&self, (): &(), _: &mut Vec<u64>) {}

    fn granule(&self, at: Place) -> Granule {
        Granule { first: at.offset() / 8, words: 1, kind: Kind::Value }
    }
}
