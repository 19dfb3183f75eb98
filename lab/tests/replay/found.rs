//! Scenarios that are found by what a token says of them.

use super::shapes::{CROWD, made_up};
use super::shared::parsed;
use super::{again, assert_fits, in_context, scenario};
use bpfsim_lab::experiment::builtin_files;
use bpfsim_lab::replay::{Replay, ReplayError, Token, diagram, find_builtin, find_in};
use bpfsim_lab::scenario::{Ctx, Irqs, builtin};
use bpfsim_maps::{Series, percpu};

#[test]
fn what_a_comparison_explores_is_found_by_its_digest() {
    let nmi = in_context(&scenario("default"), Ctx::Nmi, Irqs::ByEntry);
    assert_eq!(find_builtin(nmi.digest()).map(|found| found.digest()), Ok(nmi.digest()));
    for (name, text) in builtin::BUILTINS {
        let own = parsed(name, text);
        assert_eq!(find_builtin(own.digest()).map(|found| found.name), Ok(own.name.clone()));
    }
    let other = made_up(CROWD);
    let error = find_builtin(other.digest()).expect_err("not built in");
    assert_eq!(error, ReplayError::NotBuiltIn(other.digest()));
    let varied = in_context(&other, Ctx::Nmi, Irqs::ByEntry);
    assert_eq!(find_in(varied.digest(), &other), Some(varied));
}

/// Finds the scenario of a token and replays it.
fn by_itself(token: &str) -> Replay {
    let decoded = Token::decode(token).expect("a token");
    let scenario = find_builtin(decoded.scenario).unwrap_or_else(|error| panic!("{error}"));
    again(&scenario, token)
}

#[test]
fn every_token_of_a_claim_is_of_something_built_in() {
    let results = bpfsim_lab::claims::run(None, &builtin_files);
    let tokens: Vec<String> = results.into_iter().filter_map(|result| result.token).collect();
    assert!(tokens.len() > 5, "{}", tokens.len());
    for token in tokens {
        assert_fits(&diagram(&by_itself(&token)));
    }
}

#[test]
fn every_token_of_a_comparison_is_of_something_built_in() {
    let all: Vec<&'static Series> = percpu::all().to_vec();
    let found = bpfsim_lab::compare::compare(&scenario("default"), &builtin_files, &all);
    let cells = found.rows.iter().flat_map(|row| &row.cells);
    let tokens: Vec<&String> = cells.filter_map(|cell| cell.token.as_ref()).collect();
    assert!(tokens.len() > 20, "{}", tokens.len());
    for token in tokens {
        assert_fits(&diagram(&by_itself(token)));
    }
}
