//! Every witness of the built-in scenarios, and what the most telling ones look like.

use super::shared::series;
use super::{assert_fits, assert_golden, check_witnesses, in_context, scenario};
use bpfsim_lab::class::Class;
use bpfsim_lab::experiment::builtin_files;
use bpfsim_lab::replay::witness;
use bpfsim_lab::scenario::{Ctx, Irqs, builtin};
use bpfsim_maps::percpu;
use bpfsim_sim::CopyPlan;
use rstest::rstest;

const CONTEXTS: [(Ctx, Irqs); 5] = [
    (Ctx::Task, Irqs::On),
    (Ctx::Softirq, Irqs::On),
    (Ctx::Softirq, Irqs::Off),
    (Ctx::Hardirq, Irqs::ByEntry),
    (Ctx::Nmi, Irqs::ByEntry),
];

#[rstest]
fn every_witness_shows_its_class_and_fits(
    #[values(
        "default",
        "hash-recycle",
        "ipi-ipi-deadlock",
        "ipi-mid-update",
        "irqs-off",
        "lost-reset",
        "nmi",
        "offline-cpu"
    )]
    name: &str,
) {
    let scenario = scenario(name);
    let mut checked = 0;
    for series in percpu::all() {
        for (ctx, irqs) in CONTEXTS {
            let there = in_context(&scenario, ctx, irqs);
            checked += check_witnesses(&there, series, CopyPlan::WordAsc);
        }
        for copy in [CopyPlan::ByteAsc, CopyPlan::Desc, CopyPlan::OverlapTail] {
            checked += check_witnesses(&scenario, series, copy);
        }
    }
    assert!(checked >= 16, "{checked}");
}

#[test]
fn the_table_above_names_every_scenario() {
    assert_eq!(builtin::BUILTINS.len(), 8);
}

#[rstest]
#[case::half_a_run("default", "martin-lau", "mid-update")]
#[case::overtaken("default", "martin-lau", "precise-superseded")]
#[case::two_runs("default", "merged", "mixed")]
#[case::nmi_in_the_handler("nmi", "martin-lau", "mixed")]
#[case::masked("irqs-off", "martin-lau", "precise-superseded")]
#[case::reset("lost-reset", "merged", "lost-update")]
#[case::deadlock("ipi-ipi-deadlock", "martin-lau", "no-return")]
#[case::off_line("offline-cpu", "martin-lau", "error:ENXIO")]
#[case::recycled("hash-recycle", "merged", "mid-update")]
fn looks_like(#[case] name: &str, #[case] design: &str, #[case] class: Class) {
    let scenario = scenario(name);
    let text = witness(&scenario, series(design), CopyPlan::WordAsc, class, &builtin_files);
    let text = text.expect("it is reachable");
    assert_fits(&text);
    assert_golden(&format!("{name}-{design}-{}", class.to_string().replace(':', "-")), &text);
}

#[rstest]
#[case::bytes("torn", "default", CopyPlan::ByteAsc, "f-cpu", Class::TornWord)]
fn looks_like_in_pieces(
    #[case] golden: &str,
    #[case] name: &str,
    #[case] copy: CopyPlan,
    #[case] design: &str,
    #[case] class: Class,
) {
    let text = witness(&scenario(name), series(design), copy, class, &builtin_files);
    assert_golden(golden, &text.expect("it is reachable"));
}

#[test]
fn the_book_shows_what_is_printed() {
    let book = include_str!("../../../docs/src/tokens.md");
    let golden = include_str!("../golden/default-martin-lau-mid-update.txt");
    assert!(book.contains(golden), "copy the golden text into docs/src/tokens.md");
}
