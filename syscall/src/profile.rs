//! Which kernel it is: a release, a patch series, CPUs, and what comes from outside.

use crate::Without;
use crate::targets::Targets;
use bpfsim_abi::{Release, cmd};
use bpfsim_maps::percpu;
use bpfsim_maps::series::{Addition, Series};
use bpfsim_sim::{CopyPlan, Topology};
use std::fmt;

/// What a real kernel takes from outside: time, chance. Fixed, so that the same input gives the
/// same bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Inputs {
    /// `ktime_get_ns()`.
    pub time_ns: u64,
    /// What one run of a program takes where run times are counted, in nanoseconds.
    pub run_ns: u64,
    /// What random numbers start from.
    pub random: u64,
    /// What the hash function of maps starts from (v4.20).
    pub hash_seed: u32,
    /// `RLIMIT_MEMLOCK` in bytes, which maps count against up to v5.10; none: unlimited.
    pub memlock_limit: Option<u64>,
    /// For how many CPUs it was built (`CONFIG_NR_CPUS`); 8192 as in x86-64 distributions.
    pub nr_cpus: u32,
}

impl Default for Inputs {
    fn default() -> Self {
        Self {
            time_ns: 1_000_000_000,
            run_ns: 0,
            random: 1,
            hash_seed: 0,
            memlock_limit: None,
            nr_cpus: 8192,
        }
    }
}

/// Which kernel: a release, or a release with a patch series.
#[derive(Clone, Debug)]
pub struct Profile {
    /// The release.
    pub release: Release,
    /// What it has for per-CPU values: the series, or what the release shipped.
    pub series: Option<&'static Series>,
    /// True when the series is no part of the release.
    pub overlay: bool,
    /// The CPUs.
    pub cpus: Topology,
    /// In which pieces values are copied.
    pub plan: CopyPlan,
    /// Time and chance.
    pub inputs: Inputs,
    /// sysctl `unprivileged_bpf_disabled`.
    pub unprivileged_disabled: bool,
    /// What the release has and this kernel has not.
    pub without: Without,
    /// What there is to attach programs to.
    pub targets: Targets,
}

/// A release and a series that do not go together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProfileError {
    /// The release is not known.
    UnknownRelease(Release),
    /// The release has put something else at a number of the series.
    Collision {
        /// The series.
        series: &'static str,
        /// The release.
        release: Release,
        /// What the series has there.
        ours: String,
        /// What the release has there.
        theirs: String,
    },
    /// The release is older than what the series shipped with.
    TooOld(&'static str, Release, Release),
}

impl fmt::Display for ProfileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ProfileError::UnknownRelease(release) => {
                write!(f, "{release} is no release that is known: v3.18 to v7.2 are")
            }
            ProfileError::Collision { series, release, ours, theirs } => write!(
                f,
                "{series} does not fit on {release}: {ours} is {theirs} there, and nothing is \
                 renumbered; use an older release"
            ),
            ProfileError::TooOld(series, since, release) => {
                write!(f, "{series} came with {since}, {release} is older")
            }
        }
    }
}

impl std::error::Error for ProfileError {}

impl Profile {
    /// What `release` is by itself.
    pub fn release(release: Release) -> Result<Self, ProfileError> {
        if !bpfsim_abi::release::known_releases().contains(&release) {
            return Err(ProfileError::UnknownRelease(release));
        }
        Ok(Self {
            release,
            series: percpu::shipped(release),
            overlay: false,
            cpus: Topology::all_online(2),
            plan: CopyPlan::default(),
            inputs: Inputs::default(),
            unprivileged_disabled: release >= Release::new(5, 16),
            without: Without::default(),
            targets: Targets::of(release),
        })
    }

    /// `series` on the release that it stands on, or on `release`.
    pub fn with_series(
        series: &'static Series,
        release: Option<Release>,
    ) -> Result<Self, ProfileError> {
        let release = release.unwrap_or(series.release);
        let mut profile = Self::release(release)?;
        if let Some(shipped) = series.shipped {
            if release < shipped {
                return Err(ProfileError::TooOld(series.name, shipped, release));
            }
        } else {
            check_collisions(series, release)?;
        }
        profile.overlay = series.shipped.is_none();
        profile.series = Some(series);
        Ok(profile)
    }
}

/// Nothing that the series adds may stand where the release has something.
fn check_collisions(series: &'static Series, release: Release) -> Result<(), ProfileError> {
    for added in series.adds {
        let (ours, theirs) = match added.what {
            Addition::Command { name, number, .. } => {
                (format!("command {number} ({name})"), cmd::by_number(number, release))
            }
            Addition::MapType { name, number, .. } => (
                format!("map type {number} ({name})"),
                bpfsim_abi::map_type::by_number(number, release),
            ),
            Addition::Helper { proto, .. } => (
                format!("helper {} ({})", proto.id, proto.name),
                bpfsim_abi::helper_id::by_number(proto.id, release),
            ),
            Addition::Field { .. } | Addition::Flag { .. } => continue,
        };
        if let Some(entry) = theirs {
            let theirs = entry.name.to_owned();
            return Err(ProfileError::Collision { series: series.name, release, ours, theirs });
        }
    }
    Ok(())
}
