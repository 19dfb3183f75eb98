//! Which scenario a token is of.

use super::error::ReplayError;
use crate::claims;
use crate::compare::{Subject, Variation};
use crate::object::builtin as objects;
use crate::scenario::{Scenario, builtin, parse};
use bpfsim_maps::percpu;

/// The scenario with this digest among what is built in: scenarios, what comparisons make of them
/// and of the built-in programs, claims and their cases.
///
/// # Errors
/// There is none.
pub fn find_builtin(digest: u64) -> Result<Scenario, ReplayError> {
    // What is built in is tested to be without errors.
    let parsed = |(name, text): &(&str, &str)| parse(text, name, percpu::NAMES).ok();
    let scenarios = || builtin::BUILTINS.iter().filter_map(parsed).map(|parsed| parsed.scenario);
    let subject = |(name, bytes): &(&str, &[u8])| Subject::from_object(name, bytes).ok();
    let programs = || objects::BUILTIN.iter().filter_map(subject).map(|subject| subject.scenario);
    let is_it = |scenario: &Scenario| scenario.digest() == digest;
    scenarios()
        .find(is_it)
        .or_else(|| scenarios().chain(programs()).find_map(|scenario| find_in(digest, &scenario)))
        .or_else(|| claims::find_scenario(digest))
        .ok_or(ReplayError::NotBuiltIn(digest))
}

/// The scenario itself, or what a comparison makes of it, whichever has this digest.
pub fn find_in(digest: u64, scenario: &Scenario) -> Option<Scenario> {
    let itself = std::iter::once(scenario.clone());
    let varied = Variation::all().into_iter().map(|variation| variation.of(scenario));
    itself.chain(varied).find(|scenario| scenario.digest() == digest)
}
