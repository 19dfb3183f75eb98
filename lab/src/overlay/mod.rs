//! Overlays, `schema = "overlay/1"`: what a distribution or a configuration changes about a
//! release.
//!
//! ```text
//! text --toml--> nodes with places --read--> Overlay --apply--> Profile, rights of the caller
//! ```
//!
//! Every error names the file, line and column, the key, the value and the way out.

mod read;
#[cfg(test)]
mod tests;

use crate::scenario::Problems;
use bpfsim_abi::Release;
use bpfsim_sim::{CpuList, Topology};
use bpfsim_syscall::{Caps, Profile, Without};
use std::fmt;

pub use read::SCHEMA;

/// The overlays that are built in: name and text.
pub const BUILTIN: &[(&str, &str)] = &[
    ("unpriv-off", include_str!("../../data/overlays/unpriv-off.toml")),
    ("rhel", include_str!("../../data/overlays/rhel.toml")),
    ("lockdown", include_str!("../../data/overlays/lockdown.toml")),
];

/// The text of a built-in overlay.
pub fn builtin(name: &str) -> Option<&'static str> {
    BUILTIN.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// What a file says; everything that it does not say stays as the release has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overlay {
    /// `name`.
    pub name: String,
    /// `about`: a sentence.
    pub about: Option<String>,
    /// `source`: where the facts are from.
    pub source: Option<String>,
    /// `kernel.release`: what is meant where nobody names a release.
    pub release: Option<Release>,
    /// `kernel.from`: the first release that it fits.
    pub from: Option<Release>,
    /// `kernel.unprivileged_bpf_disabled`: 0, 1 or 2.
    pub unprivileged_bpf_disabled: Option<u32>,
    /// `cpus.possible`.
    pub possible: Option<CpuList>,
    /// `cpus.online`.
    pub online: Option<CpuList>,
    /// `caller.caps`.
    pub caps: Option<Caps>,
    /// `[without]`.
    pub without: Without,
    /// `inputs.time_ns`, in nanoseconds.
    pub time_ns: Option<u64>,
    /// `inputs.random`.
    pub random: Option<u64>,
    /// `inputs.hash_seed`.
    pub hash_seed: Option<u32>,
    /// `inputs.memlock_limit`: `RLIMIT_MEMLOCK` in bytes, for releases up to v5.10.
    pub memlock_limit: Option<u64>,
    /// `inputs.nr_cpus`: `CONFIG_NR_CPUS`.
    pub nr_cpus: Option<u32>,
}

/// An overlay that does not fit on a kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DoesNotFit {
    /// The release is older than the overlay.
    TooOld {
        /// Name of the overlay.
        overlay: String,
        /// The first release that it fits.
        from: Release,
        /// The kernel's.
        release: Release,
    },
    /// Its CPUs and those that the kernel has already make no machine.
    Cpus(String),
}

impl fmt::Display for DoesNotFit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DoesNotFit::TooOld { overlay, from, release } => {
                write!(f, "{overlay} fits {from} and later, not {release}; name a later release")
            }
            DoesNotFit::Cpus(why) => write!(f, "{why}; name both cpus.possible and cpus.online"),
        }
    }
}

impl std::error::Error for DoesNotFit {}

impl Overlay {
    /// Reads a file. `file_name` stands in messages only.
    ///
    /// # Errors
    /// All that is wrong with it, in file order.
    pub fn parse(text: &str, file_name: &str) -> Result<Self, Problems> {
        read::parse(text, file_name)
    }

    /// Changes what the file names.
    ///
    /// # Errors
    /// The release is older than `from`; a CPU runs that is not possible.
    pub fn apply(&self, profile: &mut Profile) -> Result<(), DoesNotFit> {
        let release = profile.release;
        if let Some(from) = self.from.filter(|from| release < *from) {
            return Err(DoesNotFit::TooOld { overlay: self.name.clone(), from, release });
        }
        if self.possible.is_some() || self.online.is_some() {
            let before = &profile.cpus;
            let possible = self.possible.clone().unwrap_or_else(|| before.possible.clone());
            profile.cpus = Topology::new(possible, self.online.clone())
                .map_err(|error| DoesNotFit::Cpus(error.to_string()))?;
        }
        if let Some(level) = self.unprivileged_bpf_disabled {
            profile.unprivileged_disabled = level != 0;
        }
        profile.without.extend(&self.without);
        let inputs = &mut profile.inputs;
        inputs.time_ns = self.time_ns.unwrap_or(inputs.time_ns);
        inputs.random = self.random.unwrap_or(inputs.random);
        inputs.hash_seed = self.hash_seed.unwrap_or(inputs.hash_seed);
        inputs.memlock_limit = self.memlock_limit.or(inputs.memlock_limit);
        inputs.nr_cpus = self.nr_cpus.unwrap_or(inputs.nr_cpus);
        Ok(())
    }
}
