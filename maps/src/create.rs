//! MAP_CREATE: which map types there are at a release, and what each requires.

use crate::array::Array;
use crate::hash::{Hash, HashRules};
use crate::map::{Layout, Map, Shape, Words};
use crate::series::Series;
use bpfsim_abi::{Errno, Release};
use bpfsim_sim::{Memory, Topology};

/// A region is addressed by 32 bits; the kernel refuses earlier.
pub const MOST_BYTES: u32 = 1 << 31;

/// `BPF_F_NO_PREALLOC`.
pub const BPF_F_NO_PREALLOC: u32 = 1;

/// `1 << (KMALLOC_SHIFT_MAX - 1)` of v4.4 with SLUB.
const KMALLOC_LIMIT: u64 = 1 << 22;

/// The largest value that one CPU can have (`PCPU_MIN_UNIT_SIZE`).
const PCPU_LIMIT: u32 = 32 << 10;

/// The arguments of MAP_CREATE, as the map types see them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Create {
    /// `map_type`.
    pub map_type: u32,
    /// In bytes.
    pub key_size: u32,
    /// In bytes.
    pub value_size: u32,
    /// As given.
    pub max_entries: u32,
    /// `map_flags`; 0 where the release has none.
    pub flags: u32,
}

/// What surrounds a new map.
#[derive(Clone, Copy, Debug)]
pub struct Around<'a> {
    /// The kernel's release.
    pub release: Release,
    /// What it has for per-CPU values.
    pub series: Option<&'static Series>,
    /// Its CPUs.
    pub cpus: &'a Topology,
    /// What the hash function of the next map starts from.
    pub seed: u32,
}

/// How a map type number is built at a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Kind {
    layout: Layout,
    percpu: bool,
}

/// The map types that are modelled. `None`: the release has no such type, or it is not modelled.
fn kind(map_type: u32, series: Option<&'static Series>) -> Option<Kind> {
    match map_type {
        1 => Some(Kind { layout: Layout::Hash, percpu: false }),
        2 => Some(Kind { layout: Layout::Array, percpu: false }),
        _ => series?
            .map_types()
            .find(|(_, number, _)| *number == map_type)
            .map(|(_, _, layout)| Kind { layout, percpu: true }),
    }
}

/// True when maps of this type can be made here.
pub fn is_modelled(map_type: u32, series: Option<&'static Series>) -> bool {
    kind(map_type, series).is_some()
}

/// Makes a map, or says why not, in the order of the release.
pub fn create(memory: &mut Memory, args: &Create, around: &Around<'_>) -> Result<Map, Errno> {
    let kind = kind(args.map_type, around.series).ok_or(Errno::EINVAL)?;
    let ranks = around.cpus.possible.len() as u32;
    let shape = Shape {
        map_type: args.map_type,
        key_size: args.key_size,
        value_size: args.value_size,
        max_entries: args.max_entries,
        flags: args.flags,
        layout: kind.layout,
        percpu: kind.percpu,
        ranks,
    };
    let words = match kind.layout {
        Layout::Array => {
            check_array(&shape, around.release)?;
            let slots = if kind.percpu { ranks } else { 1 };
            let stride = shape.stride();
            let array = Array::create(memory, args.max_entries, stride, slots);
            Words::Array(array.ok_or(Errno::ENOMEM)?)
        }
        Layout::Hash => {
            check_hash(&shape, around.release)?;
            let slots = if kind.percpu { ranks } else { 1 };
            let rules = hash_rules(&shape, around);
            Words::Hash(Hash::create(memory, &shape, slots, rules).ok_or(Errno::ENOMEM)?)
        }
    };
    Ok(Map { shape, series: around.series, words })
}

/// array_map_alloc(): v4.4, v4.6; percpu from v4.6, early E2BIG from v6.12.
fn check_array(shape: &Shape, release: Release) -> Result<(), Errno> {
    if shape.max_entries == 0 || shape.key_size != 4 || shape.value_size == 0 || shape.flags != 0 {
        return Err(Errno::EINVAL);
    }
    if u64::from(shape.value_size) >= KMALLOC_LIMIT {
        return Err(Errno::E2BIG);
    }
    if shape.percpu && shape.stride() > PCPU_LIMIT {
        let early = release >= Release::new(6, 12);
        return Err(if early { Errno::E2BIG } else { Errno::ENOMEM });
    }
    Ok(())
}

/// htab_map_alloc(): v4.4, v4.6; long keys from v5.11.
fn check_hash(shape: &Shape, release: Release) -> Result<(), Errno> {
    if shape.flags & !BPF_F_NO_PREALLOC != 0 {
        return Err(Errno::EINVAL);
    }
    if shape.max_entries == 0 || shape.key_size == 0 || shape.value_size == 0 {
        return Err(Errno::EINVAL);
    }
    let long_keys = release >= Release::new(5, 11);
    if !long_keys && shape.key_size > 512 {
        return Err(Errno::E2BIG);
    }
    let element = 48u64;
    if u64::from(shape.key_size) + u64::from(shape.value_size) >= KMALLOC_LIMIT - element {
        return Err(Errno::E2BIG);
    }
    if shape.percpu && shape.value_size.div_ceil(8) * 8 > PCPU_LIMIT {
        return Err(Errno::E2BIG);
    }
    if shape.max_entries > 1 << 30 {
        return Err(Errno::E2BIG);
    }
    Ok(())
}

fn hash_rules(shape: &Shape, around: &Around<'_>) -> HashRules {
    let release = around.release;
    // Before v4.6 every element was allocated when it was needed.
    let prealloc = release >= Release::new(4, 6) && shape.flags & BPF_F_NO_PREALLOC == 0;
    // v4.8 (a6ed3ea65d98): one spare element per CPU, so that a full map can replace.
    let spares = prealloc && !shape.percpu && release >= Release::new(4, 8);
    HashRules {
        prealloc,
        spare: if spares { shape.ranks } else { 0 },
        rechecks_bucket: release >= Release::new(4, 12),
        // A random seed came with v4.20.
        seed: if release >= Release::new(4, 20) { around.seed } else { 0 },
    }
}
