//! Shapes and numbers that others have published: how many orders there are, and what comes out.

use crate::words::{Do, Units, Words};
use bpfsim_sim::machine::{Actor, Doing};
use bpfsim_sim::{Count, Ctx};
use rstest::rstest;
use std::collections::BTreeSet;

/// Explores both ways. Both must find as many schedules as the formula says, and the same outcomes.
fn outcomes(words: &Words, schedules: u128) -> BTreeSet<Vec<u64>> {
    let report = words.explore();
    assert!(report.complete);
    assert_eq!(report.schedules, Some(Count::from(schedules)));
    let hashed = words.outcomes.take();
    let naive = words.naive(&report.visible, u64::MAX);
    assert_eq!((u128::from(naive.schedules), naive.complete), (schedules, true));
    assert_eq!(words.outcomes.take(), hashed);
    hashed
}

fn factorial(n: u128) -> u128 {
    (1..=n).product()
}

/// Orders of steps when actors take so many each: the multinomial coefficient.
fn orders(steps: &[u128]) -> u128 {
    steps.iter().fold(factorial(steps.iter().sum()), |orders, steps| orders / factorial(*steps))
}

/// An actor of its own CPU that nothing interrupts.
fn task(cpu: u32, units: u16) -> Actor {
    Actor {
        name: format!("task on {cpu}"),
        cpu,
        ctx: Ctx::Task,
        irqs_off: false,
        preemptible: false,
        units,
        doing: Doing::Frames,
    }
}

/// Threads, each on a CPU of its own.
fn threads(words: u32, all: &[&[Do]]) -> Words {
    let thread = |(cpu, does): (usize, &&[Do])| (task(cpu as u32, 1), does.to_vec());
    Words::new(words, all.iter().enumerate().map(thread).collect())
}

/// What the second thread noted, given what the whole outcome consists of.
fn noted(all: &BTreeSet<Vec<u64>>, notes: std::ops::Range<usize>) -> BTreeSet<Vec<u64>> {
    all.iter().map(|outcome| outcome[notes.clone()].to_vec()).collect()
}

/// A load before the store must not hide that the other thread's load may see either.
#[test]
fn loom_issue_392() {
    let increment = [Do::Load(0), Do::Bump, Do::Store(0)];
    let words = threads(1, &[&increment, &[Do::Read(0)]]);
    let all = outcomes(&words, orders(&[2, 1]));
    assert_eq!(noted(&all, 3..4), BTreeSet::from([vec![0], vec![1]]));
}

/// One more load in the writer makes more orders and no other outcome.
#[test]
fn loom_issue_166() {
    const KEY: u32 = 0;
    const VALUE: u32 = 1;
    let reader = [Do::Read(VALUE), Do::Read(KEY)];
    let short = [Do::Set(KEY, 1), Do::Set(VALUE, 1), Do::Set(VALUE, 0), Do::Set(KEY, 0)];
    let mut long = short.to_vec();
    long.insert(3, Do::Load(KEY));
    let without = outcomes(&threads(2, &[&short, &reader]), orders(&[4, 2]));
    let with = outcomes(&threads(2, &[&long, &reader]), orders(&[5, 2]));
    assert_eq!(noted(&without, 4..6), noted(&with, 5..7));
    let every = [[0, 0], [0, 1], [1, 0], [1, 1]].map(Vec::from);
    assert_eq!(noted(&without, 4..6), BTreeSet::from(every));
}

/// One writer increments two words `k` times, each in one step; readers copy both in order.
fn fields(k: u16, readers: u32) -> Words {
    let copy: Units = vec![Do::Read(0), Do::Read(1)];
    let mut all = vec![(task(0, k), vec![Do::Add(0), Do::Add(1)])];
    all.extend((1..=readers).map(|cpu| (task(cpu, 1), copy.clone())));
    Words::new(2, all)
}

/// A reader in order sees (a, b) with b at least a - 1: (k + 1)(k + 4)/2 - 1 outcomes, and readers
/// do not depend on each other.
#[rstest]
#[case::k2_r1(2, 1, 15, 8)]
#[case::k8_r1(8, 1, 153, 53)]
#[case::k4_r2(4, 2, 2_970, 361)]
#[case::k3_r2(3, 2, 1_260, 169)]
#[case::k2_r3(2, 3, 18_900, 512)]
fn fields_and_readers(
    #[case] k: u16,
    #[case] readers: u32,
    #[case] schedules: u128,
    #[case] reached: usize,
) {
    let mut steps = vec![2 * u128::from(k)];
    steps.extend((0..readers).map(|_| 2));
    assert_eq!(orders(&steps), schedules);
    let one = (usize::from(k) + 1) * (usize::from(k) + 4) / 2 - 1;
    assert_eq!(one.pow(readers), reached);
    let all = outcomes(&fields(k, readers), schedules);
    assert_eq!(all.len(), reached);
}

/// perfbook's increment that is no atomic one: n threads load, then store one more. All increments
/// survive in the n! serial orders only, and one may be all that is left of n.
#[rstest]
fn perfbook_increment(#[values(1, 2, 3, 4)] n: u32) {
    let increment: &[Do] = &[Do::Load(0), Do::Bump, Do::Store(0)];
    let words = threads(1, &vec![increment; n as usize]);
    let all = outcomes(&words, orders(&vec![2; n as usize]));
    let last: BTreeSet<u64> = all.iter().filter_map(|outcome| outcome.last().copied()).collect();
    assert_eq!(last, (1..=u64::from(n)).collect());
    let report = words.explore();
    let whole = report.classes.values().map(|class| &class.schedules);
    assert!(whole.into_iter().any(|count| *count == Count::from(factorial(n.into()))));
}

/// Seven threads, where perfbook's table ends: more orders than could be tried one by one.
#[test]
fn perfbook_increment_of_seven() {
    let increment: &[Do] = &[Do::Load(0), Do::Bump, Do::Store(0)];
    let words = threads(1, &[increment; 7]);
    let report = words.explore();
    assert_eq!(report.schedules, Some(Count::from(orders(&[2; 7]))));
    assert_eq!(words.outcomes.take().len(), 7);
}

/// Going off line stops every CPU: not between the two steps of a run that cannot be preempted.
/// Coming on line stops nobody.
#[rstest]
#[case::off_line(false, orders(&[2, 1, 1]) - 4)]
#[case::on_line(true, orders(&[2, 1, 1]))]
fn hotplug(#[case] online: bool, #[case] schedules: u128) {
    let increment = vec![Do::Load(0), Do::Bump, Do::Store(0)];
    let plug = Actor { doing: Doing::Hotplug(online), ..task(2, 1) };
    let actors = vec![(task(0, 1), increment), (task(1, 1), vec![Do::Read(0)]), (plug, vec![])];
    outcomes(&Words::new(1, actors), schedules);
}
