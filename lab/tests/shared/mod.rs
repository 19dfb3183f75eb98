//! What tests of scenarios set up alike.

use bpfsim_lab::scenario::{Scenario, parse};
use bpfsim_maps::{Series, percpu};

/// The scenario of a text, which is in order.
pub fn parsed(name: &str, text: &str) -> Scenario {
    let parsed = parse(text, name, percpu::NAMES);
    parsed.unwrap_or_else(|problems| panic!("{name}: {problems}")).scenario
}

/// A series of this build.
pub fn series(name: &str) -> &'static Series {
    percpu::by_name(name).expect("in this build")
}
