//! Every claim of the thread, tested: the verdicts, that nothing is unmet, and what tools rely on.
#![cfg(all(
    feature = "keyed",
    feature = "ming-lei",
    feature = "martin-lau",
    feature = "merged",
    feature = "f-cpu"
))]

use bpfsim_lab::claims::{self, ClaimResult, Verdict};
use bpfsim_lab::experiment::builtin_files;
use bpfsim_lab::replay::Token;
use bpfsim_lab::scenario::parse;
use rstest::rstest;

const SERIES: [&str; 5] = ["keyed", "ming-lei", "martin-lau", "merged", "f-cpu"];

fn one(id: &str) -> ClaimResult {
    let mut results = claims::run(Some(id), &builtin_files);
    assert_eq!(results.len(), 1, "{id}");
    results.remove(0)
}

/// The claim of a file in which one thing is different.
fn changed(id: &str, from: &str, to: &str) -> ClaimResult {
    let (name, text) = claims::file(id).expect("a claim");
    assert!(text.contains(from), "{id} has no {from}");
    claims::of_file(&text.replace(from, to), &name, &builtin_files)
}

/// Verdict, and whether a witness can be replayed.
#[rstest]
#[case("A1", Verdict::Conditional, true)]
#[case("A2", Verdict::Confirmed, true)]
#[case("A3", Verdict::Confirmed, false)]
#[case("A4", Verdict::NotModelled, true)]
#[case("A5", Verdict::Confirmed, false)]
#[case("A6", Verdict::Conditional, true)]
#[case("A7", Verdict::Confirmed, false)]
#[case("A8", Verdict::Conditional, false)]
#[case("A9", Verdict::Conditional, false)]
#[case("A10", Verdict::Confirmed, true)]
#[case("A11", Verdict::Conditional, true)]
#[case("A12", Verdict::Conditional, true)]
#[case("A13", Verdict::Confirmed, true)]
#[case("A14", Verdict::NotModelled, false)]
#[case("A15", Verdict::Confirmed, false)]
#[case("A16", Verdict::Confirmed, false)]
#[case("A17", Verdict::Conditional, false)]
#[case("M1", Verdict::Confirmed, false)]
#[case("M2", Verdict::Conditional, false)]
#[case("M3", Verdict::NotModelled, false)]
#[case("M4", Verdict::Conditional, false)]
#[case("M5", Verdict::Refuted, true)]
#[case("M6", Verdict::Conditional, false)]
fn verdicts(#[case] id: &str, #[case] verdict: Verdict, #[case] witness: bool) {
    let result = one(id);
    assert_eq!(
        result.unmet,
        Vec::<String>::new(),
        "{}",
        claims::story(&result, &builtin_files, 100)
    );
    assert_eq!((result.id.as_str(), result.verdict), (id, verdict));
    assert_eq!(result.token.is_some(), witness);
}

#[test]
fn there_are_twenty_three_in_the_order_of_the_thread() {
    let ids: Vec<String> = claims::ids().collect();
    let stated = (1..=17).map(|n| format!("A{n}")).chain((1..=6).map(|n| format!("M{n}")));
    assert_eq!(ids, stated.collect::<Vec<_>>());
    let results = claims::run(None, &builtin_files);
    assert_eq!(results.iter().map(|result| result.id.clone()).collect::<Vec<_>>(), ids);
    assert_eq!(claims::status(&results), 0);
    assert_eq!(claims::run(Some("a11"), &builtin_files), vec![one("A11")]);
    assert_eq!(claims::run(Some("A18"), &builtin_files), vec![]);
}

#[test]
fn files_are_read_without_a_word() {
    for (id, text) in claims::CLAIMS {
        let parsed = parse(text, id, &SERIES).unwrap_or_else(|problems| panic!("{problems}"));
        assert!(parsed.warnings.is_empty(), "{id}: {:?}", parsed.warnings);
        let claim = parsed.claim.expect("a claim");
        assert_eq!(claim.id, id.to_ascii_uppercase());
        assert!(parsed.scenario.question.is_some() && parsed.scenario.attribution.is_some());
    }
}

#[test]
fn every_token_is_of_a_scenario_that_is_found() {
    for result in claims::run(None, &builtin_files) {
        let tokens = result.evidence.iter().filter_map(|piece| piece.witness.as_ref());
        for (class, text) in tokens {
            let token = Token::decode(text).expect("a token");
            let scenario = claims::find_scenario(token.scenario);
            assert!(scenario.is_some(), "{}: {class}", result.id);
        }
    }
    assert_eq!(claims::find_scenario(0), None);
}

/// Each row changes what a file expects or does, and turns the verdict.
#[rstest]
#[case::another_answer("A16", "errno = \"E2BIG\"", "ok = true", Verdict::Refuted)]
#[case::another_side("A16", "says = \"for\"", "says = \"against\"", Verdict::Refuted)]
#[case::another_class(
    "M5",
    "reachable = [\"mixed\"]",
    "reachable = [\"stale\"]",
    Verdict::Conditional
)]
#[case::unreachable_is(
    "M5",
    "unreachable = [\"mixed\"]",
    "unreachable = [\"mid-update\"]",
    Verdict::Conditional
)]
#[case::another_price("A3", "helpers: ming-lei >", "helpers: ming-lei <", Verdict::Conditional)]
#[case::more_interrupts("A1", "ipis = 1, ", "ipis = 2, ", Verdict::Conditional)]
#[case::another_release("A8", "kernel = \"5.3\"", "kernel = \"5.2\"", Verdict::Conditional)]
#[case::another_expectation(
    "A7",
    "verdict = \"confirmed\"",
    "verdict = \"refuted\"",
    Verdict::Confirmed
)]
#[case::more_memory("M6", "memory: keyed <", "memory: keyed >=", Verdict::Refuted)]
#[case::a_limit("A10", "[explore]\n", "[explore]\nlimits = { states = 9 }\n", Verdict::Refuted)]
fn verdicts_follow_the_evidence(
    #[case] id: &str,
    #[case] from: &str,
    #[case] to: &str,
    #[case] verdict: Verdict,
) {
    let result = changed(id, from, to);
    assert_eq!(result.verdict, verdict, "{}", claims::story(&result, &builtin_files, 100));
    assert!(!result.unmet.is_empty());
    assert!(result.because.starts_with("not as expected: "), "{}", result.because);
    assert_eq!(claims::status(&[result]), 1);
}

#[rstest]
#[case::no_text("text = \"", "tex = \"", "'text' is missing")]
#[case::verdict("\"confirmed\"", "\"true\"", "no such verdict; write one of confirmed")]
#[case::side("says = \"for\"", "says = \"fore\"", "no such side; did you mean 'for'?")]
#[case::run("runs = [\"count_two\"]", "runs = [\"two\"]", "no run of this name")]
#[case::thread("threads = [\"read_two\"]", "threads = [\"two\"]", "no thread of this name")]
#[case::plan("copy = \"byte-asc\"", "copy = \"bytes\"", "no such copy plan")]
#[case::nothing("reachable = [\"torn-word\"]", "reachable = [\"torn\"]", "no class of outcome")]
#[case::no_case("[[claim.case]]\nname", "[[claim.case]]\nnam", "'name' is missing")]
fn bad_claims_name_the_way_out(#[case] from: &str, #[case] to: &str, #[case] part: &str) {
    let result = changed("A13", from, to);
    let unmet = result.unmet.join("\n");
    assert!(unmet.contains(part), "{unmet}");
    assert!(unmet.starts_with("a13.toml:"), "{unmet}");
    assert_eq!((result.id.as_str(), result.verdict), ("A13", Verdict::NotModelled));
}

#[rstest]
#[case::word("weigh = [\"weight: keyed > merged\"]")]
#[case::series("weigh = [\"memory: keyed > nobody\"]")]
#[case::sign("weigh = [\"memory: keyed => merged\"]")]
#[case::empty("weigh = []")]
fn bad_comparisons_are_no_comparisons(#[case] weigh: &str) {
    let (name, text) = claims::file("A3").expect("a claim");
    let text = text
        .replace("weigh = [\"helpers: keyed > merged\", \"instructions: keyed > merged\"]", weigh);
    let result = claims::of_file(&text, &name, &builtin_files);
    assert!(result.unmet[0].contains("write "), "{:?}", result.unmet);
}

#[test]
fn json_has_the_shape_that_tools_rely_on() {
    let json = claims::json(&claims::run(None, &builtin_files));
    assert_eq!(json["schema"], "bpfsim.claims/1");
    let claims = json["claims"].as_array().expect("a list");
    assert_eq!(claims.len(), 23);
    for claim in claims {
        let words = ["id", "verdict", "claim", "who", "because", "history", "limits", "scenario"];
        for key in words {
            let text = claim[key].as_str().unwrap_or_else(|| panic!("{key} of {claim}"));
            assert!(!text.is_empty(), "{key} of {}", claim["id"]);
        }
        let verdicts = ["confirmed", "refuted", "conditional", "not-modelled"];
        assert!(verdicts.contains(&claim["verdict"].as_str().expect("a word")));
        assert!(claim["token"].is_null() || claim["token"].as_str().is_some());
        assert_eq!(claim["unmet"].as_array().map(Vec::len), Some(0));
        for piece in claim["evidence"].as_array().expect("a list") {
            assert!(
                piece["says"].is_null() || piece["says"] == "for" || piece["says"] == "against"
            );
        }
    }
    let again = claims::json(&claims::run(None, &builtin_files));
    assert_eq!(json.to_string(), again.to_string());
}

#[test]
fn text_keeps_to_its_columns() {
    let results = claims::run(None, &builtin_files);
    for width in [72, 80, 100] {
        let table = claims::table(&results, width);
        assert!(table.lines().all(|line| line.chars().count() <= width), "{table}");
        assert!(table.contains("23 claims, all expectations are met"));
        for result in &results {
            let story = claims::story(result, &builtin_files, width);
            assert_eq!(story.lines().find(|line| line.chars().count() > width), None);
            assert_eq!(story.contains(" preemption"), result.token.is_some(), "{story}");
        }
    }
}

#[test]
fn limits_are_told() {
    let limits = |id| one(id).limits;
    let a11 = limits("A11");
    let parts = [
        "sequentially consistent",
        "steps of 8 bytes (G1)",
        "copies word-asc",
        "softirq with interrupts off",
        "nmi",
        "every search complete",
        "partly reconstructed: martin-lau",
    ];
    for part in parts {
        assert!(a11.contains(part), "{part}: {a11}");
    }
    assert!(limits("A13").contains("copies word-asc and byte-asc"));
    assert_eq!(limits("A14"), "plain calls one after the other, no interleaving");
    assert!(limits("M6").contains("costs are counts, not times"));
}
