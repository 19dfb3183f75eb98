//! Every case has the verdict that it says, at every release that it names.

use bpfsim_abi::known_releases;
use bpfsim_tests::cases::{failures, simulated, suite};
use std::collections::BTreeMap;

#[test]
fn at_every_release_that_they_name() {
    let suite = suite();
    let mut failed: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for release in known_releases() {
        for line in failures(&simulated(&suite, *release)) {
            failed.entry(line).or_default().push(release.to_string());
        }
    }
    let lines = failed.iter().map(|(line, at)| format!("{line} ({})", at.join(" ")));
    let lines: Vec<_> = lines.collect();
    assert!(lines.is_empty(), "{}", lines.join("\n"));
}
