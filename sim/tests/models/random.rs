//! Small random models: exploring states must find what trying every order finds.

use crate::words::{Do, Units, Words};
use bpfsim_sim::explore::{Naive, Report, walk};
use bpfsim_sim::machine::{Actor, Doing};
use bpfsim_sim::{Count, Ctx, Model};
use rstest::rstest;
use std::collections::BTreeMap;

/// Schedules at most for the naive explorer; models with more are left out.
const MOST: u64 = 20_000;

/// SplitMix64: the same numbers everywhere.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ z >> 31) % end
    }

    fn units(&mut self, words: u32, cpus: u32, may_ask: bool) -> Units {
        let len = 1 + self.below(3);
        let mut one = || {
            let word = self.below(words.into()) as u32;
            match self.below(if may_ask { 8 } else { 7 }) {
                0 => Do::Load(word),
                1 => Do::Store(word),
                2 => Do::Bump,
                3 => Do::Add(word),
                4 => Do::Set(word, 1 + u64::from(word)),
                5 | 6 => Do::Read(word),
                _ => Do::Ask(self.below(cpus.into()) as u32),
            }
        };
        (0..len).map(|_| one()).collect()
    }

    fn actor(&mut self, cpus: u32) -> Actor {
        let ctx = [Ctx::Task, Ctx::Task, Ctx::Softirq, Ctx::Hardirq, Ctx::Nmi];
        let ctx = ctx[self.below(5) as usize];
        Actor {
            name: String::new(),
            cpu: self.below(cpus.into()) as u32,
            ctx,
            irqs_off: ctx < Ctx::Hardirq && self.below(4) == 0,
            preemptible: ctx == Ctx::Task && self.below(2) == 0,
            units: 1 + self.below(2) as u16,
            doing: Doing::Frames,
        }
    }

    fn model(&mut self) -> Words {
        let (cpus, words) = (2 + self.below(2) as u32, 2 + self.below(2) as u32);
        let mut all = Vec::new();
        for _ in 0..2 + self.below(2) {
            let actor = self.actor(cpus);
            let units = self.units(words, cpus, actor.ctx == Ctx::Task);
            all.push((actor, units));
        }
        if self.below(4) == 0 {
            let cpu = self.below(cpus.into()) as u32;
            let (ctx, doing) = (Ctx::Task, Doing::Hotplug(false));
            all.push((Actor { cpu, ctx, doing, units: 1, ..self.actor(cpus) }, Units::new()));
        }
        Words::new(words, all)
    }
}

/// Counts by class are the same, and so is their sum.
fn agree(report: &Report, naive: &Naive) {
    let count = |n: u64| Count::from(u128::from(n));
    assert_eq!(report.schedules, Some(count(naive.schedules)));
    let hashed: BTreeMap<u32, Count> =
        report.classes.iter().map(|(bit, class)| (*bit, class.schedules.clone())).collect();
    let oracle: BTreeMap<u32, Count> =
        naive.classes.iter().map(|(bit, schedules)| (*bit, count(*schedules))).collect();
    assert_eq!(hashed, oracle);
}

/// Every witness leads to its class, in as many steps as it says.
fn witnesses_hold(words: &Words, report: &Report) {
    for (bit, class) in &report.classes {
        let mut slots = class.witness.iter();
        let mut steps = 0;
        let root = words.machine();
        let mut next = |_: &_, _| slots.next().copied();
        let end = walk(words, &root, &report.visible, &mut next, &mut |_, _, _, moved| {
            steps += u32::from(moved.step.is_some());
        });
        assert!(slots.next().is_none(), "a witness that cannot be followed");
        let bits = words.outcome(&(), &end.hw, end.is_stuck(words));
        assert_eq!((bits >> bit & 1, steps), (1, class.steps));
    }
}

/// A hundred models each; few are too large, and some of them get stuck.
#[rstest]
fn states_and_orders_agree(#[values(0, 1, 2, 3)] block: u64) {
    let (mut compared, mut stuck) = (0, 0);
    for seed in block * 100..(block + 1) * 100 {
        let words = Random(seed).model();
        let report = words.explore();
        assert!(report.complete);
        let hashed = words.outcomes.take();
        let naive = words.naive(&report.visible, MOST);
        if naive.complete {
            println!("seed {seed}");
            agree(&report, &naive);
            assert_eq!(words.outcomes.take(), hashed);
            witnesses_hold(&words, &report);
            compared += 1;
            stuck += u32::from(report.classes.contains_key(&60));
        }
    }
    assert!(compared >= 80 && stuck >= 1, "{compared} compared, {stuck} of them stuck");
}
