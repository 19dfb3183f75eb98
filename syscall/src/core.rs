//! What a kernel consists of, apart from memory: profile, CPUs, objects, pins.

use crate::attach::Hooks;
use crate::bpffs::Bpffs;
use crate::btf::Btf;
use crate::link::Link;
use crate::meta::{Ids, Meta};
use crate::slab::{Held, Slab};
use bpfsim_abi::{Errno, Release, check_attr, sizes};
use bpfsim_maps::Map;
use bpfsim_maps::series::Series;
use bpfsim_sim::hw::Cpu;
use bpfsim_sim::{CopyPlan, Hw, RegionId, Topology};
use bpfsim_verifier::Verified;

use crate::profile::Profile;

/// An object that an fd or a pin can stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ObjectId {
    /// A map, by its handle.
    Map(u32),
    /// A program, by its handle.
    Prog(u32),
    /// A BTF, by its handle (v4.18).
    Btf(u32),
    /// A link, by its handle (v5.7).
    Link(u32),
    /// A file that keeps statistics on (BPF_ENABLE_STATS, v5.8); all of them are one.
    Stats,
}

/// Everything about a kernel that is not memory.
#[derive(Clone, Debug)]
pub struct Core {
    /// Release, series, CPUs.
    pub profile: Profile,
    /// Pinned objects, in their directories.
    pub pins: Bpffs,
    maps: Slab<Map>,
    progs: Slab<Verified>,
    btfs: Slab<Btf>,
    links: Slab<Link>,
    /// What is attached where.
    pub hooks: Hooks,
    /// How many files keep statistics on.
    statistics: u32,
    /// Numbers of the objects.
    pub ids: Ids,
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
            pins: Bpffs::new(profile.release),
            maps: Slab::default(),
            progs: Slab::default(),
            btfs: Slab::default(),
            links: Slab::default(),
            hooks: Hooks::default(),
            statistics: 0,
            ids: Ids::default(),
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
        self.maps.get(handle)
    }

    /// The program with this handle.
    pub fn program(&self, handle: u32) -> Option<&Verified> {
        self.progs.get(handle)
    }

    /// The BTF with this handle.
    pub fn btf(&self, handle: u32) -> Option<&Btf> {
        self.btfs.get(handle)
    }

    /// The link with this handle.
    pub fn link(&self, handle: u32) -> Option<&Link> {
        self.links.get(handle)
    }

    /// The same, to be changed.
    pub fn link_mut(&mut self, handle: u32) -> Option<&mut Link> {
        self.links.get_mut(handle)
    }

    /// Every map, by handle.
    pub fn maps(&self) -> impl Iterator<Item = (u32, &Map)> {
        self.maps.iter()
    }

    /// Every link, by handle.
    pub fn links(&self) -> impl Iterator<Item = (u32, &Link)> {
        self.links.iter()
    }

    /// Keeps a new map, held once.
    pub fn add_map(&mut self, map: Map) -> ObjectId {
        let object = ObjectId::Map(self.maps.insert(map));
        self.introduce(object)
    }

    /// Keeps a new program, held once. It holds its maps.
    pub fn add_program(&mut self, program: Verified) -> ObjectId {
        let used = program.maps().to_vec();
        let object = ObjectId::Prog(self.progs.insert(program));
        for handle in used {
            self.hold(object, ObjectId::Map(handle));
        }
        self.introduce(object)
    }

    /// Keeps a new BTF, held once.
    pub fn add_btf(&mut self, btf: Btf) -> ObjectId {
        let object = ObjectId::Btf(self.btfs.insert(btf));
        self.introduce(object)
    }

    /// Keeps a new link, held once. It holds its program.
    pub fn add_link(&mut self, link: Link) -> ObjectId {
        let program = link.program;
        let object = ObjectId::Link(self.links.insert(link));
        if let Some(program) = program {
            self.hold(object, ObjectId::Prog(program));
        }
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

    /// What is known of an object, of whatever kind.
    #[inline]
    fn held(&self, object: ObjectId) -> Option<&Held> {
        match object {
            ObjectId::Map(handle) => self.maps.held(handle),
            ObjectId::Prog(handle) => self.progs.held(handle),
            ObjectId::Btf(handle) => self.btfs.held(handle),
            ObjectId::Link(handle) => self.links.held(handle),
            ObjectId::Stats => None,
        }
    }

    fn held_mut(&mut self, object: ObjectId) -> Option<&mut Held> {
        match object {
            ObjectId::Map(handle) => self.maps.held_mut(handle),
            ObjectId::Prog(handle) => self.progs.held_mut(handle),
            ObjectId::Btf(handle) => self.btfs.held_mut(handle),
            ObjectId::Link(handle) => self.links.held_mut(handle),
            ObjectId::Stats => None,
        }
    }

    /// What is known of an object.
    #[inline]
    pub fn meta(&self, object: ObjectId) -> Option<&Meta> {
        self.held(object).map(|held| &held.meta)
    }

    /// The same, to be changed.
    pub fn meta_mut(&mut self, object: ObjectId) -> Option<&mut Meta> {
        self.held_mut(object).map(|held| &mut held.meta)
    }

    /// One more reference.
    pub fn get(&mut self, object: ObjectId) {
        if object == ObjectId::Stats {
            self.statistics += 1;
        }
        if let Some(held) = self.held_mut(object) {
            held.refs += 1;
        }
    }

    /// `owner` holds `object` until it goes, or until [`Self::let_go`].
    pub fn hold(&mut self, owner: ObjectId, object: ObjectId) {
        self.get(object);
        if let Some(held) = self.held_mut(owner) {
            held.holds.push(object);
        }
    }

    /// Takes back one [`Self::hold`]; nothing when there was none.
    pub fn let_go(&mut self, hw: &mut Hw, owner: ObjectId, object: ObjectId) {
        let Some(held) = self.held_mut(owner) else { return };
        if let Some(at) = held.holds.iter().position(|one| *one == object) {
            held.holds.remove(at);
            self.put(hw, object);
        }
    }

    /// What an object holds, in the order in which it came to.
    pub fn holds(&self, owner: ObjectId) -> &[ObjectId] {
        self.held(owner).map_or(&[], |held| &held.holds)
    }

    /// How many hold an object.
    pub(crate) fn refs_of(&self, object: ObjectId) -> u32 {
        self.held(object).map_or(0, |held| held.refs)
    }

    /// How many times programs hold an object.
    pub(crate) fn held_by_programs(&self, object: ObjectId) -> u32 {
        let programs = self.progs.iter().map(|(handle, _)| self.holds(ObjectId::Prog(handle)));
        programs.flatten().filter(|one| **one == object).count() as u32
    }

    /// One reference less; the object goes with the last, and lets go what it held.
    pub fn put(&mut self, hw: &mut Hw, object: ObjectId) {
        if object == ObjectId::Stats {
            self.statistics = self.statistics.saturating_sub(1);
        }
        let Some(held) = self.held_mut(object) else { return };
        held.refs -= 1;
        if held.refs > 0 {
            if let ObjectId::Map(handle) = object {
                self.clear_unreachable(hw, handle);
            }
            return;
        }
        let (id, holds) = (held.meta.id, std::mem::take(&mut held.holds));
        self.ids.take(object, id);
        match object {
            ObjectId::Map(handle) => {
                if let Some(map) = self.maps.remove(handle) {
                    map.free(&mut hw.mem);
                }
            }
            ObjectId::Prog(handle) => drop(self.progs.remove(handle)),
            ObjectId::Btf(handle) => drop(self.btfs.remove(handle)),
            ObjectId::Link(handle) => {
                if let Some(place) = self.links.remove(handle).and_then(|link| link.place) {
                    self.hooks.forget(&place, handle);
                }
            }
            ObjectId::Stats => {}
        }
        for one in holds {
            self.put(hw, one);
        }
    }

    /// Runs of programs are counted (`bpf_stats_enabled_key`).
    pub fn keeps_statistics(&self) -> bool {
        self.statistics > 0
    }

    /// Gives an object back that was made and never reached an fd.
    pub(crate) fn undo(&mut self, hw: &mut Hw, object: ObjectId, errno: Errno) -> Errno {
        self.put(hw, object);
        errno
    }
}

/// Where CHECK_ATTR ends for a command; none where there is no such command.
fn attr_end(profile: &Profile, number: u32) -> Option<u32> {
    let own = profile.series.filter(|_| profile.overlay).and_then(|series| {
        series.command(number)?;
        series.element_end()
    });
    let left_out = profile.without.commands.contains(&number);
    let shipped = || check_attr::check_attr_end(number, profile.release);
    own.or_else(|| if left_out { None } else { shipped() })
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
