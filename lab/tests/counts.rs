//! How many schedules there are, from formulas: two fields, K runs on CPU 0, one reader of that
//! slot on CPU 1. The naive explorer and the one that hashes states must both find them.
#![cfg(all(
    feature = "keyed",
    feature = "ming-lei",
    feature = "martin-lau",
    feature = "merged",
    feature = "f-cpu"
))]

mod shared;

use bpfsim_lab::class::Class;
use bpfsim_lab::experiment::{Stage, builtin_files, class_of_bit};
use bpfsim_lab::scenario::{Ctx, Irqs, Scenario, builtin};
use bpfsim_sim::explore::{Limits, Naive, Report, explore, naive};
use bpfsim_sim::visible::Visible;
use bpfsim_sim::{CopyPlan, Count};
use rstest::rstest;
use std::collections::BTreeMap;

fn scenario(k: u32, ctx: Ctx, irqs: Irqs) -> Scenario {
    let text = builtin::builtin("default").expect("the default scenario");
    let mut scenario = shared::parsed("default.toml", text);
    for run in &mut scenario.runs {
        (run.times, run.ctx, run.irqs) = (k, ctx, irqs);
    }
    scenario
}

fn both(scenario: &Scenario, series: &str, plan: CopyPlan) -> (Naive, Report) {
    let series = shared::series(series);
    let stage = Stage::new(scenario, series, None, plan, &builtin_files).expect("it sets up");
    let root = stage.machine();
    let limits = Limits { states: 1 << 20, preemptions: None };
    let nothing = Visible::nothing(root.hw.cpus.len());
    let report = explore(&stage, &root, nothing, limits);
    let naive = naive(&stage, &root, &report.visible, u64::MAX);
    (naive, report)
}

fn binomial(n: u64, k: u64) -> u64 {
    (0..k).fold(1, |c, i| c * (n - i) / (i + 1))
}

fn word(k: u64) -> u64 {
    binomial(4 * k + 2, 2)
}

fn word_irqs_off(k: u64) -> u64 {
    binomial(6 * k + 2, 2)
}

fn ipi(k: u64) -> u64 {
    binomial(4 * k + 3, 3)
}

fn ipi_irqs_off(k: u64) -> u64 {
    (0..=k).map(|m| (6 * m + 1) * (6 * (k - m) + 1)).sum()
}

fn ipi_hardirq(k: u64) -> u64 {
    (0..=k).map(|m| (4 * m + 1) * (4 * (k - m) + 1)).sum()
}

fn ipi_nmi(k: u64) -> u64 {
    (0..=k).map(|p| (p..=k).map(|q| (4 * p + 1) * (4 * (k - q) + 1)).sum::<u64>()).sum()
}

#[rstest]
#[case::word_softirq("merged", Ctx::Softirq, Irqs::On, word)]
#[case::word_hardirq("merged", Ctx::Hardirq, Irqs::ByEntry, word)]
#[case::word_nmi("merged", Ctx::Nmi, Irqs::ByEntry, word)]
#[case::word_task("merged", Ctx::Task, Irqs::On, word)]
#[case::word_irqs_off("merged", Ctx::Softirq, Irqs::Off, word_irqs_off)]
#[case::one_cpu_by_attr("ming-lei", Ctx::Softirq, Irqs::On, word)]
#[case::one_cpu_by_flags("f-cpu", Ctx::Softirq, Irqs::On, word)]
#[case::composite_key("keyed", Ctx::Softirq, Irqs::On, word)]
#[case::ipi_softirq("martin-lau", Ctx::Softirq, Irqs::On, ipi)]
#[case::ipi_task("martin-lau", Ctx::Task, Irqs::On, ipi)]
#[case::ipi_irqs_off("martin-lau", Ctx::Softirq, Irqs::Off, ipi_irqs_off)]
#[case::ipi_hardirq("martin-lau", Ctx::Hardirq, Irqs::ByEntry, ipi_hardirq)]
#[case::ipi_nmi("martin-lau", Ctx::Nmi, Irqs::ByEntry, ipi_nmi)]
fn schedules(
    #[case] series: &str,
    #[case] ctx: Ctx,
    #[case] irqs: Irqs,
    #[case] formula: fn(u64) -> u64,
    #[values(1, 2, 3, 4)] k: u32,
) {
    let (naive, report) = both(&scenario(k, ctx, irqs), series, CopyPlan::WordAsc);
    assert_eq!(naive.schedules, formula(k.into()));
    assert_eq!(report.schedules, Some(Count::from(u128::from(naive.schedules))));
    assert!(report.complete && naive.complete);
    let counts: BTreeMap<u32, Count> =
        report.classes.iter().map(|(bit, class)| (*bit, class.schedules.clone())).collect();
    let oracle: BTreeMap<u32, Count> =
        naive.classes.iter().map(|(bit, n)| (*bit, Count::from(u128::from(*n)))).collect();
    assert_eq!(counts, oracle);
}

const WORD: &[(Class, u64)] =
    &[(Class::PreciseFresh, 40), (Class::MidUpdate, 9), (Class::Mixed, 42)];
const WORD_IRQS_OFF: &[(Class, u64)] =
    &[(Class::PreciseFresh, 79), (Class::MidUpdate, 9), (Class::Mixed, 102)];
const IPI: &[(Class, u64)] =
    &[(Class::PreciseFresh, 127), (Class::PreciseSuperseded, 101), (Class::MidUpdate, 227)];
const IPI_IRQS_OFF: &[(Class, u64)] = &[(Class::PreciseFresh, 124), (Class::PreciseSuperseded, 96)];

#[rstest]
#[case::word("merged", Ctx::Softirq, Irqs::On, WORD)]
#[case::word_nmi("merged", Ctx::Nmi, Irqs::ByEntry, WORD)]
#[case::word_irqs_off("merged", Ctx::Softirq, Irqs::Off, WORD_IRQS_OFF)]
#[case::ipi("martin-lau", Ctx::Softirq, Irqs::On, IPI)]
#[case::ipi_irqs_off("martin-lau", Ctx::Softirq, Irqs::Off, IPI_IRQS_OFF)]
fn classes_of_three_runs(
    #[case] series: &str,
    #[case] ctx: Ctx,
    #[case] irqs: Irqs,
    #[case] expected: &[(Class, u64)],
) {
    let (naive, _) = both(&scenario(3, ctx, irqs), series, CopyPlan::WordAsc);
    let found: Vec<(Class, u64)> =
        naive.classes.iter().map(|(bit, n)| (class_of_bit(*bit), *n)).collect();
    assert_eq!(found, expected);
}

/// 116 whole and 54 mixed, whatever their split into fresh and superseded.
#[test]
fn an_nmi_mixes_an_ipi_copy() {
    let (naive, _) = both(&scenario(3, Ctx::Nmi, Irqs::ByEntry), "martin-lau", CopyPlan::WordAsc);
    let of = |class| {
        naive.classes.iter().find(|(bit, _)| class_of_bit(**bit) == class).map_or(0, |(_, n)| *n)
    };
    assert_eq!(of(Class::PreciseFresh) + of(Class::PreciseSuperseded), 116);
    assert_eq!(of(Class::Mixed), 54);
    assert_eq!(of(Class::MidUpdate), 0);
}

/// The smallest witnesses of the thread's question: one preemption each.
#[rstest]
#[case::mid_update("martin-lau", Class::MidUpdate, 1, 16)]
#[case::mixed("merged", Class::Mixed, 1, 14)]
#[case::half_a_run("merged", Class::MidUpdate, 1, 14)]
fn witnesses(
    #[case] series: &str,
    #[case] class: Class,
    #[case] preemptions: u32,
    #[case] steps: u32,
) {
    let (_, report) = both(&scenario(3, Ctx::Softirq, Irqs::On), series, CopyPlan::WordAsc);
    let (_, found) =
        report.classes.iter().find(|(bit, _)| class_of_bit(**bit) == class).expect("reachable");
    assert_eq!((found.preemptions, found.steps), (preemptions, steps));
}
