//! Which kernel: the options that every command shares which makes one.
//!
//! ```text
//! --kernel, --series --> Profile --overlay FILE ...--> Profile, rights --cpus--> Chosen
//! ```

use crate::report::Failure;
use crate::{input, names};
use bpfsim_abi::Release;
use bpfsim_lab::overlay::{self, Overlay};
use bpfsim_maps::Series;
use bpfsim_sim::{CpuList, Topology};
use bpfsim_syscall::{Caps, Kernel, Process, Profile};

/// Possible CPUs above this number are too many for copies by interrupt.
const MOST_CPUS_OF_SERIES: usize = 64;

/// Which kernel to make. Put it into a command's arguments with `#[command(flatten)]`.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Kernel")]
pub struct KernelArgs {
    /// The release; that of the series, or else the newest, where it is left out.
    #[arg(long, value_name = "V", value_parser = names::release)]
    pub kernel: Option<Release>,
    /// A patch series on top of the release.
    #[arg(long, value_name = "S", value_parser = names::series)]
    pub series: Option<&'static Series>,
    /// CPUs in the kernel's list syntax: possible=0-3,8, or online=0-1, which is a subset, or both
    /// as in possible=0-7,online=0-1.
    #[arg(long, value_name = "SET=LIST", value_parser = cpu_sets)]
    pub cpus: Vec<CpuSets>,
    /// A file of what a distribution or a configuration changes, or the name of a built-in one
    /// (bpfsim kernels overlays). Several are put on top of each other.
    #[arg(long, value_name = "FILE")]
    pub overlay: Vec<String>,
}

/// What stands behind one `--cpus`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CpuSets(Vec<CpuSet>);

/// One set of CPUs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CpuSet {
    /// `possible=LIST`.
    Possible(CpuList),
    /// `online=LIST`.
    Online(CpuList),
}

/// What the options ask for.
#[derive(Clone, Debug)]
pub struct Chosen {
    /// Release, series, CPUs, configuration.
    pub profile: Profile,
    /// What the caller of bpf(2) may do.
    pub caps: Caps,
}

impl Chosen {
    /// The kernel after boot.
    pub fn kernel(&self) -> Kernel {
        Kernel::new(self.profile.clone())
    }

    /// A process with those rights, on the first CPU that runs.
    pub fn process(&self) -> Process {
        let mut process = Process::default();
        process.caps = self.caps;
        process.cpu = self.profile.cpus.online.iter().next().unwrap_or(0);
        process
    }
}

impl KernelArgs {
    /// The kernel, and the rights of its caller.
    ///
    /// # Errors
    /// A series that does not fit on the release; CPUs that run and are not possible.
    pub fn choose(&self) -> Result<Chosen, Failure> {
        let overlays = self.overlays()?;
        let named = overlays.iter().rev().find_map(|(_, overlay)| overlay.release);
        let mut profile = self.base(named)?;
        let mut caps = Caps::ROOT;
        for (file, overlay) in &overlays {
            overlay.apply(&mut profile).map_err(|error| Failure::new(file, error))?;
            caps = overlay.caps.unwrap_or(caps);
        }
        let sets: Vec<_> = self.cpus.iter().flat_map(|sets| sets.0.clone()).collect();
        profile.cpus = cpus(&sets, &profile.cpus)?;
        let most = profile.cpus.possible.len();
        if profile.overlay && most > MOST_CPUS_OF_SERIES {
            let what = format!(
                "{most} possible CPUs are too many for a patch series; name at most \
                 {MOST_CPUS_OF_SERIES}"
            );
            return Err(Failure::new("--cpus", what));
        }
        Ok(Chosen { profile, caps })
    }

    /// Each `--overlay`, with the name that it was given.
    fn overlays(&self) -> Result<Vec<(&str, Overlay)>, Failure> {
        self.overlay.iter().map(|name| Ok((name.as_str(), overlay(name)?))).collect()
    }

    /// The release with the series. `--kernel` counts before what an overlay names.
    fn base(&self, named: Option<Release>) -> Result<Profile, Failure> {
        let release = self.kernel.or(named);
        match self.series {
            Some(series) => Profile::with_series(series, release)
                .map_err(|error| Failure::new(format!("--series {}", series.name), error)),
            None => {
                let release = release.unwrap_or_else(names::newest_release);
                Profile::release(release).map_err(|error| Failure::new("--kernel", error))
            }
        }
    }
}

/// The overlay in a file, or a built-in one.
///
/// # Errors
/// No such file; every line of it that is wrong.
pub fn overlay(name: &str) -> Result<Overlay, Failure> {
    let names: Vec<&str> = overlay::BUILTIN.iter().map(|(name, _)| *name).collect();
    let way_out = format!("name a file, or a built-in overlay: {}", names.join(", "));
    let text = input::text(name, overlay::builtin(name), &way_out)?;
    Overlay::parse(&text, name).map_err(|problems| Failure(problems.to_string()))
}

/// Reads `possible=0-3,8`, `online=0-1`, or both with a comma between them, for clap.
fn cpu_sets(text: &str) -> Result<CpuSets, String> {
    let (mut sets, mut rest) = (Vec::new(), text);
    // A list has commas of its own, and no names.
    while let Some(end) = rest.rfind(",possible=").max(rest.rfind(",online=")) {
        sets.push(cpu_set(&rest[end + 1..])?);
        rest = &rest[..end];
    }
    sets.push(cpu_set(rest)?);
    sets.reverse();
    Ok(CpuSets(sets))
}

/// Reads one of them.
fn cpu_set(text: &str) -> Result<CpuSet, String> {
    let way_out = "write possible=LIST or online=LIST, as in possible=0-3,8";
    let (set, list) = text.split_once('=').ok_or_else(|| format!("no set of CPUs; {way_out}"))?;
    let cpus: Result<CpuList, _> = list.parse();
    let cpus = cpus.map_err(|error| error.to_string());
    match set {
        "possible" => cpus.map(CpuSet::Possible),
        "online" => cpus.map(CpuSet::Online),
        _ => Err(format!("'{set}' is no set of CPUs; {way_out}")),
    }
}

/// The last one of each set counts; what is not named stays as it is. Where only the possible ones
/// are named, all of them run.
fn cpus(sets: &[CpuSet], before: &Topology) -> Result<Topology, Failure> {
    let possible = sets.iter().rev().find_map(|set| match set {
        CpuSet::Possible(list) => Some(list.clone()),
        CpuSet::Online(_) => None,
    });
    let online = sets.iter().rev().find_map(|set| match set {
        CpuSet::Online(list) => Some(list.clone()),
        CpuSet::Possible(_) => None,
    });
    let online = match (&possible, online) {
        (None, None) => Some(before.online.clone()),
        (_, online) => online,
    };
    let possible = possible.unwrap_or_else(|| before.possible.clone());
    Topology::new(possible, online).map_err(|error| {
        let way_out = "name those under possible= too, or leave them out of online=";
        Failure::new("--cpus", format!("{error}; {way_out}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn chosen(options: &[&str]) -> Result<Chosen, Failure> {
        let cpus = options.iter().map(|text| cpu_sets(text).expect("sets")).collect();
        KernelArgs { cpus, ..KernelArgs::default() }.choose()
    }

    #[rstest]
    #[case::default(&[], "0-1", "0-1")]
    #[case::possible(&["possible=0-3,8"], "0-3,8", "0-3,8")]
    #[case::both(&["possible=0-3,8", "online=0-1"], "0-3,8", "0-1")]
    #[case::other_order(&["online=8", "possible=0-3,8"], "0-3,8", "8")]
    #[case::online(&["online=1"], "0-1", "1")]
    #[case::together(&["possible=0-3,8,online=0-1,3"], "0-3,8", "0-1,3")]
    #[case::the_last_counts(&["possible=0-3", "possible=0"], "0", "0")]
    fn cpus_of_a_machine(#[case] options: &[&str], #[case] possible: &str, #[case] online: &str) {
        let cpus = chosen(options).expect("a machine").profile.cpus;
        assert_eq!(
            (cpus.possible.to_string(), cpus.online.to_string()),
            (possible.to_owned(), online.to_owned())
        );
    }

    #[test]
    fn online_is_a_subset_of_possible() {
        let error = chosen(&["possible=0-1", "online=1-2"]).expect_err("CPU 2");
        assert!(error.0.starts_with("--cpus: CPU 2 cannot be online: possible are 0-1; name"));
    }

    #[rstest]
    #[case::no_set("0-3", "write possible=LIST")]
    #[case::unknown("offline=1", "'offline' is no set of CPUs")]
    #[case::no_list("possible=", "'' is not a list of CPUs below 8192: write it as in 0-3,8")]
    #[case::backwards("online=3-1", "'3-1' is not a list")]
    #[case::second("possible=0,online=", "'' is not a list")]
    fn refuses_what_is_no_set(#[case] text: &str, #[case] why: &str) {
        let error = cpu_sets(text).expect_err("no set");
        assert!(error.contains(why), "{error}");
    }
}
