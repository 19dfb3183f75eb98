//! The cases of `tests/cases`, and what runs them.

use bpfsim_abi::Release;
use bpfsim_conform::{Assemble, Outcome, Simulated, Suite, Verdict};
use bpfsim_syscall::{Caps, Profile};

/// The lab's assembler.
#[derive(Clone, Copy, Debug)]
pub struct Lab;

impl Assemble for Lab {
    fn assemble(&self, source: &str, maps: &[(String, u32)]) -> Result<Vec<u8>, String> {
        bpfsim_lab::asm::with_fds(source, maps).map_err(|error| error.to_string())
    }
}

/// Every case.
///
/// # Panics
///
/// A case that cannot be read; the message names file and line.
pub fn suite() -> Suite {
    Suite::builtin().unwrap_or_else(|problem| panic!("{problem}"))
}

/// What the simulator shows at a release.
pub fn simulated(suite: &Suite, release: Release) -> Vec<Outcome> {
    let profile = Profile::release(release).expect("a known release");
    suite.run(&mut Simulated::new(profile, Caps::ROOT), &Lab)
}

/// A line for each case that failed.
pub fn failures(outcomes: &[Outcome]) -> Vec<String> {
    let line = |outcome: &Outcome| match &outcome.verdict {
        Verdict::Failed { line, what } => {
            Some(format!("{}:{line}: {}: {what}", outcome.file, outcome.id))
        }
        Verdict::Passed | Verdict::Skipped(_) => None,
    };
    outcomes.iter().filter_map(line).collect()
}
