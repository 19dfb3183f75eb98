//! Where a row runs, and what is said when it cannot.

use crate::bench::Bench;
use bpfsim_abi::Release;
use bpfsim_host::{Native, Skipped};
use bpfsim_maps::percpu;
use bpfsim_syscall::Profile;
use std::io::Write;
use std::sync::atomic::{AtomicU32, Ordering};

/// The release that rows for both worlds are written for.
pub const BOTH: Release = Release::new(6, 18);

static SKIPPED: AtomicU32 = AtomicU32::new(0);

/// Counts a row that did not run and says why, past the test harness's capture.
pub fn skipped(why: &Skipped) {
    let count = SKIPPED.fetch_add(1, Ordering::Relaxed) + 1;
    // Nobody listens: nothing to be done about it.
    let _ = writeln!(std::io::stderr(), "{why} (row {count} that did not run)");
}

/// The simulator at v6.18, or the live kernel where it is a v6.18.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum World {
    /// bpfsim.
    Simulated,
    /// The machine that the test runs on.
    Native,
}

impl World {
    /// A bench in this world; none, after saying why, where there cannot be one.
    pub fn bench(self) -> Option<Bench> {
        match self {
            World::Simulated => Some(Bench::at("6.18")),
            World::Native => native().inspect_err(skipped).ok(),
        }
    }
}

/// Whether this machine's kernel is of the release that rows for both worlds are written for.
///
/// # Errors
/// It is another, or nobody says which.
pub fn is_both() -> Result<(), Skipped> {
    let path = "/proc/sys/kernel/osrelease";
    let text = std::fs::read_to_string(path).map_err(|e| Skipped::new(format!("{path}: {e}")))?;
    let mut parts = text.trim().split('.');
    let head = (parts.next(), parts.next());
    if head != (Some("6"), Some("18")) {
        return Err(Skipped::new(format!("the kernel is {}, the row is of {BOTH}", text.trim())));
    }
    Ok(())
}

fn native() -> Result<Bench, Skipped> {
    is_both()?;
    let native = Native::probe()?;
    Ok(Bench::native(native.caller()?, native.possible().len()))
}

/// What `release` is by itself, as in `4.6`.
pub fn profile(release: &str) -> Profile {
    let release = release.parse().expect("a release");
    Profile::release(release).expect("a known release")
}

/// A series on the release that it stands on.
pub fn series(name: &str) -> Profile {
    let series = percpu::by_name(name).expect("a series of this build");
    Profile::with_series(series, None).expect("a series fits on its own release")
}
