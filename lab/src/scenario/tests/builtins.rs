//! The scenarios that come with the program.

use super::{SERIES, parse};
use crate::asm::{NameTable, assemble};
use crate::object;
use crate::scenario::builtin::{BUILTINS, builtin};
use crate::scenario::{Ctx, HotplugDo, Irqs, Source};
use std::collections::BTreeSet;

#[test]
fn all_are_read_without_a_word() {
    for (name, text) in BUILTINS {
        let parsed = parse(text, name, SERIES).unwrap_or_else(|problems| panic!("{problems}"));
        assert_eq!(parsed.scenario.name, *name);
        assert!(parsed.warnings.is_empty(), "{:?}", parsed.warnings);
        assert!(parsed.scenario.question.is_some(), "{name} asks nothing");
    }
    assert!(BUILTINS.is_sorted());
    assert_eq!(builtin("nmi"), BUILTINS.iter().find(|(name, _)| *name == "nmi").map(|two| two.1));
    assert_eq!(builtin("none"), None);
}

#[test]
fn digests_differ() {
    let digest = |text| parse(text, "", SERIES).expect("is good").scenario.digest();
    let all: BTreeSet<u64> = BUILTINS.iter().map(|(_, text)| digest(text)).collect();
    assert_eq!(all.len(), BUILTINS.len());
}

#[test]
fn every_program_assembles() {
    let helpers =
        [("map_lookup_elem", 1), ("get_smp_processor_id", 8), ("map_lookup_elem_percpu", 27)];
    let names = NameTable::new(&helpers, &["stats"]);
    let mut assembled = 0;
    for (name, text) in BUILTINS {
        let scenario = parse(text, name, SERIES).expect("is good").scenario;
        for prog in &scenario.progs {
            let own = prog.for_series.iter().filter_map(|(_, source)| source.as_ref());
            for source in prog.source.iter().chain(own) {
                let Source::Asm { text: asm, line } = source else { continue };
                assemble(asm, &names).unwrap_or_else(|error| panic!("{name}:{line}: {error:?}"));
                let first = text.lines().nth(*line as usize - 1).map(str::trim);
                assert_eq!(first, asm.lines().next().map(str::trim), "{name}:{line}");
                assembled += 1;
            }
        }
    }
    assert_eq!(assembled, 5 * 3 + 1);
}

#[test]
fn the_default_is_three_runs_and_one_reader() {
    let text = builtin("default").expect("is built in");
    let scenario = parse(text, "default", SERIES).expect("is good").scenario;
    let [run] = &scenario.runs[..] else { panic!("{:?}", scenario.runs) };
    assert_eq!((run.cpu, run.ctx, run.irqs, run.times), (0, Ctx::Softirq, Irqs::On, 3));
    let [reader] = &scenario.threads[..] else { panic!("{:?}", scenario.threads) };
    assert_eq!((reader.cpu, reader.ops.len()), (1, 1));
    let holds = scenario.maps[0].holds.as_ref().expect("is checked");
    assert!(holds.eval(&[3, 192]) && !holds.eval(&[1, 0]));
    assert_eq!(scenario.explore.series, SERIES);
    let prog = scenario.prog("count").expect("is there");
    let file = |series| match prog.source_for(series) {
        Some(Source::Object { file, program: None }) => file.as_str(),
        other => panic!("{other:?}"),
    };
    let files: Vec<&str> = SERIES.iter().map(|series| file(series)).collect();
    let stated = ["keyed", "ming_lei", "martin_lau", "merged", "merged"];
    assert_eq!(files, stated.map(|name| format!("count_{name}.bpf.o")));
    for file in files {
        let bytes = object::builtin::builtin(file).expect("is built in");
        let object = object::ObjectFile::parse(bytes).expect("is an object");
        assert!(object.map("stats").is_some() && object.prog("count").is_some(), "{file}");
    }
}

#[test]
fn contexts_are_those_of_the_names() {
    let read = |name: &str| {
        parse(builtin(name).expect("is built in"), name, SERIES).expect("is good").scenario
    };
    let context = |name| (read(name).runs[0].ctx, read(name).runs[0].irqs);
    assert_eq!(context("irqs-off"), (Ctx::Softirq, Irqs::Off));
    assert_eq!(context("nmi"), (Ctx::Nmi, Irqs::ByEntry));
    assert_eq!(read("offline-cpu").hotplug[0].action, HotplugDo::Offline);
    let deadlock = read("ipi-ipi-deadlock");
    assert!(deadlock.threads.iter().all(|thread| thread.irqs == Irqs::Off));
}
