//! What a kernel consists of, apart from memory: profile, CPUs, maps, programs, pins.

use crate::meta::{Ids, Meta};
use crate::pins::Pins;
use bpfsim_abi::{Errno, Release, check_attr, cmd, sizes};
use bpfsim_maps::series::{Addition, Series};
use bpfsim_maps::{Map, percpu};
use bpfsim_sim::hw::Cpu;
use bpfsim_sim::{CopyPlan, Hw, RegionId, Topology};
use bpfsim_verifier::Verified;
use std::collections::BTreeMap;
use std::fmt;

/// What a real kernel takes from outside: time, chance. Fixed, so that the same input gives the
/// same bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Inputs {
    /// `ktime_get_ns()`.
    pub time_ns: u64,
    /// What random numbers start from.
    pub random: u64,
    /// What the hash function of maps starts from (v4.20).
    pub hash_seed: u32,
}

impl Default for Inputs {
    fn default() -> Self {
        Self { time_ns: 1_000_000_000, random: 1, hash_seed: 0 }
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

/// An object that an fd or a pin can stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ObjectId {
    /// A map, by its handle.
    Map(u32),
    /// A program, by its handle.
    Prog(u32),
}

#[derive(Clone, Debug)]
struct Counted<T> {
    object: T,
    refs: u32,
    meta: Meta,
}

/// Everything about a kernel that is not memory.
#[derive(Clone, Debug)]
pub struct Core {
    /// Release, series, CPUs.
    pub profile: Profile,
    /// Pinned objects.
    pub pins: Pins,
    maps: Vec<Option<Counted<Map>>>,
    progs: Vec<Option<Counted<Verified>>>,
    /// Numbers of the objects.
    pub ids: Ids,
    pub(crate) bound: BTreeMap<u32, Vec<u32>>,
    /// Where plain calls put keys and values.
    pub scratch: RegionId,
    /// Where plain runs have their stack.
    pub stack: RegionId,
    /// `sizeof(union bpf_attr)`.
    pub(crate) attr_size: u32,
    /// Where CHECK_ATTR ends, by command.
    pub(crate) attr_ends: Vec<Option<u32>>,
}

impl Core {
    /// An empty kernel.
    pub fn new(profile: Profile, hw: &mut Hw) -> Self {
        let online = |cpu| Cpu { online: profile.cpus.online.contains(cpu), ..Cpu::default() };
        hw.cpus = profile.cpus.possible.iter().map(online).collect();
        let attr_ends = (0..64).map(|number| attr_end(&profile, number)).collect();
        Self {
            pins: Pins::default(),
            maps: Vec::new(),
            progs: Vec::new(),
            ids: Ids::default(),
            bound: BTreeMap::new(),
            scratch: hw.mem.add_private(64),
            stack: bpfsim_vm::Frame::stack(&mut hw.mem),
            attr_size: sizes::attr_size(profile.release),
            attr_ends,
            profile,
        }
    }

    /// The map with this handle.
    #[inline]
    pub fn map(&self, handle: u32) -> Option<&Map> {
        self.maps.get(handle as usize)?.as_ref().map(|counted| &counted.object)
    }

    /// The program with this handle.
    pub fn program(&self, handle: u32) -> Option<&Verified> {
        self.progs.get(handle as usize)?.as_ref().map(|counted| &counted.object)
    }

    /// Every map, by handle.
    pub fn maps(&self) -> impl Iterator<Item = (u32, &Map)> {
        let maps = self.maps.iter().enumerate();
        maps.filter_map(|(handle, map)| Some((handle as u32, &map.as_ref()?.object)))
    }

    /// Keeps a new map, held once.
    pub fn add_map(&mut self, map: Map) -> ObjectId {
        let object = ObjectId::Map(insert(&mut self.maps, map));
        self.introduce(object)
    }

    /// Keeps a new program, held once. It holds its maps.
    pub fn add_program(&mut self, program: Verified) -> ObjectId {
        for handle in program.maps().to_vec() {
            self.get(ObjectId::Map(handle));
        }
        let object = ObjectId::Prog(insert(&mut self.progs, program));
        self.introduce(object)
    }

    /// Gives a new object its id and the time of day.
    fn introduce(&mut self, object: ObjectId) -> ObjectId {
        let (id, made_ns) = (self.ids.give(object), self.profile.inputs.time_ns);
        if let Some(meta) = self.meta_mut(object) {
            *meta = Meta { id, made_ns, ..Meta::default() };
        }
        object
    }

    /// What is known of an object.
    #[inline]
    pub fn meta(&self, object: ObjectId) -> Option<&Meta> {
        match object {
            ObjectId::Map(handle) => Some(&self.maps.get(handle as usize)?.as_ref()?.meta),
            ObjectId::Prog(handle) => Some(&self.progs.get(handle as usize)?.as_ref()?.meta),
        }
    }

    /// The same, to be changed.
    pub fn meta_mut(&mut self, object: ObjectId) -> Option<&mut Meta> {
        match object {
            ObjectId::Map(handle) => Some(&mut self.maps.get_mut(handle as usize)?.as_mut()?.meta),
            ObjectId::Prog(handle) => {
                Some(&mut self.progs.get_mut(handle as usize)?.as_mut()?.meta)
            }
        }
    }

    /// One more reference.
    pub fn get(&mut self, object: ObjectId) {
        if let Some(refs) = self.refs(object) {
            *refs += 1;
        }
    }

    /// One reference less; the object goes with the last.
    pub fn put(&mut self, hw: &mut Hw, object: ObjectId) {
        let Some(refs) = self.refs(object) else { return };
        *refs -= 1;
        if *refs > 0 {
            return;
        }
        if let Some(id) = self.meta(object).map(|meta| meta.id) {
            self.ids.take(object, id);
        }
        match object {
            ObjectId::Map(handle) => {
                if let Some(counted) = self.maps[handle as usize].take() {
                    counted.object.free(&mut hw.mem);
                }
            }
            ObjectId::Prog(handle) => {
                let held = self.held_maps(handle);
                self.bound.remove(&handle);
                self.progs[handle as usize] = None;
                for map in held {
                    self.put(hw, ObjectId::Map(map));
                }
            }
        }
    }

    fn refs(&mut self, object: ObjectId) -> Option<&mut u32> {
        match object {
            ObjectId::Map(handle) => {
                self.maps.get_mut(handle as usize)?.as_mut().map(|counted| &mut counted.refs)
            }
            ObjectId::Prog(handle) => {
                self.progs.get_mut(handle as usize)?.as_mut().map(|counted| &mut counted.refs)
            }
        }
    }

    /// Gives a map back that was made and never reached an fd.
    pub(crate) fn undo(&mut self, hw: &mut Hw, object: ObjectId, errno: Errno) -> Errno {
        self.put(hw, object);
        errno
    }
}

fn insert<T>(slots: &mut Vec<Option<Counted<T>>>, object: T) -> u32 {
    let counted = Some(Counted { object, refs: 1, meta: Meta::default() });
    match slots.iter().position(Option::is_none) {
        Some(free) => {
            slots[free] = counted;
            free as u32
        }
        None => {
            slots.push(counted);
            slots.len() as u32 - 1
        }
    }
}

/// Where CHECK_ATTR ends for a command; none where there is no such command.
fn attr_end(profile: &Profile, number: u32) -> Option<u32> {
    let own = profile.series.filter(|_| profile.overlay).and_then(|series| {
        series.command(number)?;
        series.element_end()
    });
    own.or_else(|| check_attr::check_attr_end(number, profile.release))
}

impl bpfsim_vm::World for Core {
    fn program(&self, handle: u32) -> &Verified {
        Core::program(self, handle).expect("a running program is held")
    }

    fn map(&self, handle: u32) -> Option<&Map> {
        Core::map(self, handle)
    }

    fn series(&self) -> Option<&'static Series> {
        self.profile.series
    }

    fn release(&self) -> Release {
        self.profile.release
    }

    fn cpus(&self) -> &Topology {
        &self.profile.cpus
    }

    fn plan(&self) -> CopyPlan {
        self.profile.plan
    }

    fn time_ns(&self) -> u64 {
        self.profile.inputs.time_ns
    }

    fn random(&self, n: u64) -> u32 {
        // SplitMix64, one step from the seed and the position.
        let mut z = self.profile.inputs.random.wrapping_add(n.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ z >> 31) as u32
    }
}
