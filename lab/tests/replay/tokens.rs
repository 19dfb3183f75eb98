//! Tokens: what they lead to, under their own design and under others, and which do not fit.

use super::{again, assert_fits, assert_golden, scenario, token_of};
use bpfsim_lab::class::Class;
use bpfsim_lab::experiment::builtin_files;
use bpfsim_lab::replay::{Origin, Token, diagram, replay};
use rstest::rstest;

#[rstest]
#[case::no_interrupts_there("merged", Some(1))]
#[case::the_same_copy("f-cpu", Some(1))]
#[case::another_version("martin-lau@v1", None)]
fn the_order_of_another_design(#[case] other: &str, #[case] differs: Option<u32>) {
    let scenario = scenario("default");
    let token = token_of(&scenario, "martin-lau", Class::MidUpdate);
    let like = replay(&token, &scenario, &builtin_files, Some(other)).expect("it runs");
    let number = like.differs.and_then(|index| like.steps[index].number);
    assert_eq!(number, differs);
    let text = diagram(&like);
    assert_fits(&text);
    assert_eq!(text.contains("<- differs here"), differs.is_some(), "{text}");
    assert!(text.contains("in the order of martin-lau"), "{text}");
    // Its own order is a token of its own.
    let own = again(&scenario, &like.token);
    assert_eq!((own.classes, own.numbered), (like.classes, like.numbered));
}

#[test]
fn the_order_of_another_design_looks_like() {
    let scenario = scenario("default");
    let token = token_of(&scenario, "martin-lau", Class::MidUpdate);
    let like = replay(&token, &scenario, &builtin_files, Some("merged")).expect("it runs");
    assert_golden("default-martin-lau-on-merged", &diagram(&like));
}

#[test]
fn a_replay_is_data_too() {
    let scenario = scenario("default");
    let token = token_of(&scenario, "martin-lau", Class::MidUpdate);
    let replay = replay(&token, &scenario, &builtin_files, None).expect("it fits");
    let numbers: Vec<u32> = replay.steps.iter().filter_map(|step| step.number).collect();
    assert_eq!(numbers, (1..=16).collect::<Vec<u32>>());
    let copies: Vec<_> = replay.steps.iter().filter(|step| step.handler).collect();
    assert!(copies[0].began && !copies[0].ended && copies[0].preempts && copies[0].level == 1);
    assert!(!copies[1].began && copies[1].ended);
    let from = |step: usize| copies[step].access.as_ref().map(|access| access.from.clone());
    assert_eq!(from(0), Some(vec![Origin::Step(3)]));
    assert_eq!(from(1), Some(vec![Origin::Start]));
    assert!(replay.steps[0].waits && replay.steps[0].other_cpu == Some(0));
    let [call] = &replay.calls[..] else { panic!("one call: {:?}", replay.calls) };
    assert_eq!(call.values, [(0, Some(vec![1, 0]), Class::MidUpdate)]);
    let versions: Vec<Vec<u64>> = replay.slots[0].versions.iter().flatten().cloned().collect();
    assert_eq!(versions, [[0, 0], [1, 64], [2, 128], [3, 192]]);
}

#[rstest]
#[case::other_scenario(|token: &mut Token| token.scenario ^= 1, "pass the file that it was made")]
#[case::other_build(|token: &mut Token| token.series = "nobody".into(), "no series 'nobody'")]
#[case::cannot_move(|token: &mut Token| token.slots[6] = 2, "step 7: slot 2 cannot move")]
#[case::no_such_slot(|token: &mut Token| token.slots[0] = 31, "step 1: slot 31 cannot move")]
#[case::too_short(|token: &mut Token| token.slots.truncate(9), "after its 9 steps")]
#[case::too_long(|token: &mut Token| token.slots.push(0), "step 17: slot 0 cannot move")]
fn a_token_that_does_not_fit(#[case] change: fn(&mut Token), #[case] part: &str) {
    let scenario = scenario("default");
    let mut token = token_of(&scenario, "martin-lau", Class::MidUpdate);
    change(&mut token);
    let error = replay(&token, &scenario, &builtin_files, None).expect_err("it does not fit");
    assert!(error.to_string().contains(part), "{error}");
}

#[test]
fn a_token_may_be_broken_over_lines() {
    let scenario = scenario("default");
    let whole = token_of(&scenario, "merged", Class::Mixed);
    let text = whole.encode();
    let (head, tail) = text.split_at(20);
    assert_eq!(Token::decode(&format!(" {head}\n  {tail}\n")), Ok(whole));
}

#[test]
fn a_series_that_has_no_such_operation_says_so() {
    let scenario = scenario("lost-reset");
    let token = token_of(&scenario, "merged", Class::LostUpdate);
    let error = replay(&token, &scenario, &builtin_files, Some("martin-lau")).expect_err("no");
    assert_eq!(
        error.to_string(),
        "under martin-lau: no such operation: martin-lau has no update of one CPU"
    );
}

#[test]
fn a_token_of_other_data_is_replayed_with_a_warning() {
    let scenario = scenario("default");
    let token = Token { data: 77, ..token_of(&scenario, "merged", Class::Mixed) };
    let replay = replay(&token, &scenario, &builtin_files, None).expect("it fits");
    assert_eq!(replay.warnings.len(), 1);
    let text = diagram(&replay);
    assert_fits(&text);
    assert!(text.contains("warning: the token is of data version 77"), "{text}");
}
