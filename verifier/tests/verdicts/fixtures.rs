//! Every fixture: a program, and what each release says of it.

use std::fmt::Write;

use crate::support::{Case, Expect, World, cases};
use bpfsim_abi::Release;
use bpfsim_verifier::disasm::disasm;
use bpfsim_verifier::{Outcome, RejectKind, Verdict, verify};
use rstest::rstest;

fn run(case: &Case, release: Release, log_level: u32) -> Outcome {
    let (prog_type, privileged, gpl) = (case.prog_type, case.privileged, case.gpl);
    let mut world = World { release, prog_type, privileged, gpl, maps: &case.maps };
    verify(&case.program, &mut world, log_level)
}

/// What is wrong with the verdict, if anything.
fn complaint(expect: &Expect, verdict: &Verdict) -> Option<String> {
    let (kind, errno, part) = match (expect, verdict) {
        (Expect::Accept, Verdict::Accepted(_)) => return None,
        (Expect::Accept, Verdict::Rejected(reject)) => return Some(format!("{reject:?}")),
        (_, Verdict::Accepted(_)) => return Some("accepted".to_owned()),
        (Expect::Reject(errno, part), _) => (RejectKind::Kernel, errno.as_str(), part),
        (Expect::Unknown(part), _) => (RejectKind::NotModelled, "ENOTSUPP", part),
    };
    let Verdict::Rejected(reject) = verdict else { return None };
    let right = reject.kind == kind
        && reject.errno.name() == errno
        && reject.message.contains(part.as_str())
        && (part.is_empty() == reject.message.is_empty() || kind == RejectKind::NotModelled);
    (!right).then(|| format!("{reject:?}"))
}

#[rstest]
#[case::structure(include_str!("../fixtures/structure.txt"))]
#[case::registers(include_str!("../fixtures/registers.txt"))]
#[case::memory(include_str!("../fixtures/memory.txt"))]
#[case::calls(include_str!("../fixtures/calls.txt"))]
#[case::ranges(include_str!("../fixtures/ranges.txt"))]
#[case::logs(include_str!("../fixtures/logs.txt"))]
fn verdicts(#[case] text: &str) {
    let mut wrong = String::new();
    for case in cases(text) {
        assert!(!case.verdicts.is_empty(), "{}: no verdict", case.name);
        for (release, expect) in &case.verdicts {
            let outcome = run(&case, *release, case.log_level);
            if let Some(got) = complaint(expect, &outcome.verdict) {
                writeln!(wrong, "{} at {release}: {expect:?}, but {got}", case.name).unwrap();
            }
            assert_eq!(outcome, run(&case, *release, case.log_level), "{}", case.name);
        }
        for (release, line) in &case.says {
            let log = run(&case, *release, case.log_level).log;
            if !log.lines().any(|said| said == line) {
                writeln!(wrong, "{} at {release}: no line '{line}' in\n{log}", case.name).unwrap();
            }
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

/// The fixtures' notation is the disassembler's of a release with `w0`.
#[rstest]
#[case::structure(include_str!("../fixtures/structure.txt"))]
#[case::registers(include_str!("../fixtures/registers.txt"))]
#[case::memory(include_str!("../fixtures/memory.txt"))]
#[case::ranges(include_str!("../fixtures/ranges.txt"))]
fn the_disassembler_prints_what_was_read(#[case] text: &str) {
    for case in cases(text) {
        for (pc, line) in &case.lines {
            // Spelled differently on purpose: encodings, maps, numbers, helpers' names.
            let differs = ["raw", "map", "call", "ll"].iter().any(|word| line.contains(word));
            if differs {
                continue;
            }
            let printed = disasm(&case.program, *pc, Release::new(6, 18), &|_| None);
            let printed = printed.split_once(' ').map_or("", |(_, text)| text);
            assert_eq!(normal(printed), normal(line), "{}", case.name);
        }
    }
}

fn normal(text: &str) -> String {
    let text = text.replace("goto pc", "goto ");
    let decimal = |word: &str| match word.strip_prefix("0x") {
        Some(hex) => (u32::from_str_radix(hex, 16).unwrap_or(0) as i32).to_string(),
        None => word.to_owned(),
    };
    text.split(' ').map(decimal).collect::<Vec<_>>().join(" ")
}

#[test]
fn there_are_enough_fixtures() {
    let all = [
        include_str!("../fixtures/structure.txt"),
        include_str!("../fixtures/registers.txt"),
        include_str!("../fixtures/memory.txt"),
        include_str!("../fixtures/calls.txt"),
        include_str!("../fixtures/ranges.txt"),
        include_str!("../fixtures/logs.txt"),
    ];
    let count: usize = all.iter().map(|text| cases(text).len()).sum();
    assert!(count >= 60, "{count} cases");
}
