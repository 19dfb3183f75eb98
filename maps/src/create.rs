//! MAP_CREATE: which map types there are at a release, and what each requires.

use crate::array::Array;
use crate::hash::{Hash, HashRules};
use crate::kinds;
use crate::map::{Map, Words};
use crate::series::{Series, ranks_of};
use crate::shape::{Layout, Shape};
use bpfsim_abi::{Errno, Release};
use bpfsim_sim::{Memory, Topology};

/// `BPF_F_NO_PREALLOC`.
pub const BPF_F_NO_PREALLOC: u32 = 1;
/// `BPF_F_NO_COMMON_LRU`.
const BPF_F_NO_COMMON_LRU: u32 = 2;
/// `BPF_F_NUMA_NODE`.
pub const BPF_F_NUMA_NODE: u32 = 4;
/// `BPF_F_ZERO_SEED`.
pub const BPF_F_ZERO_SEED: u32 = 64;
/// `BPF_F_RDONLY` and `BPF_F_WRONLY`.
const ACCESS: u32 = 8 | 16;
/// `BPF_F_RDONLY_PROG` and `BPF_F_WRONLY_PROG`.
const ACCESS_PROG: u32 = 128 | 256;
/// `BPF_F_MMAPABLE`.
const BPF_F_MMAPABLE: u32 = 1024;
/// `BPF_F_PRESERVE_ELEMS`.
const BPF_F_PRESERVE_ELEMS: u32 = 2048;
/// `BPF_F_INNER_MAP`.
const BPF_F_INNER_MAP: u32 = 4096;

/// `1 << (KMALLOC_SHIFT_MAX - 1)` of v4.4 with SLUB, and `KMALLOC_MAX_SIZE` since.
const KMALLOC_LIMIT: u64 = 1 << 22;

/// The largest value that one CPU can have (`PCPU_MIN_UNIT_SIZE`).
const PCPU_LIMIT: u32 = 32 << 10;

/// `MAX_BPF_STACK`.
const STACK: u64 = 512;

/// `U32_MAX - PAGE_SIZE`: what a map may cost up to v5.10.
const MOST_COST: u64 = u32::MAX as u64 - 4096;

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
    /// `map_extra`; 0 where the map type or the release has none.
    pub map_extra: u64,
    /// `numa_node`, if the flags say that it counts and it is none of "no node" (-1).
    pub numa_node: Option<u32>,
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
fn kind(map_type: u32, release: Release, series: Option<&'static Series>) -> Option<Kind> {
    match map_type {
        1 => Some(Kind { layout: Layout::Hash, percpu: false }),
        2 => Some(Kind { layout: Layout::Array, percpu: false }),
        _ => {
            let own = |row: &kinds::Row| Kind { layout: Layout::Own, percpu: row.percpu };
            let added = series.and_then(|series| {
                let (_, _, layout) = series.map_types().find(|(_, id, _)| *id == map_type)?;
                Some(Kind { layout, percpu: true })
            });
            added.or_else(|| kinds::row(map_type, release).map(own))
        }
    }
}

/// True when maps of this type can be made here.
pub fn is_modelled(map_type: u32, release: Release, series: Option<&'static Series>) -> bool {
    kind(map_type, release, series).is_some()
}

/// True for the map types that are hashes.
pub fn is_hash(map_type: u32, release: Release, series: Option<&'static Series>) -> bool {
    kind(map_type, release, series).is_some_and(|kind| kind.layout == Layout::Hash)
}

/// Checks the arguments in the order of the release; nothing is allocated yet.
pub fn check(args: &Create, around: &Around<'_>) -> Result<Shape, Errno> {
    let kind = kind(args.map_type, around.release, around.series).ok_or(Errno::EINVAL)?;
    let shape = Shape {
        map_type: args.map_type,
        key_size: args.key_size,
        value_size: args.value_size,
        max_entries: args.max_entries,
        flags: args.flags,
        map_extra: args.map_extra,
        layout: kind.layout,
        percpu: kind.percpu,
        ranks: around.cpus.possible.len() as u32,
    };
    if shape.percpu && args.numa_node.is_some() {
        return Err(Errno::EINVAL);
    }
    match kind.layout {
        Layout::Array => check_array(&shape, around.release)?,
        Layout::Hash => check_hash(&shape, around.release)?,
        Layout::Own => check_own(&shape, around.release)?,
    }
    Ok(shape)
}

/// Makes a map of a checked shape.
pub fn build(memory: &mut Memory, shape: Shape, around: &Around<'_>) -> Result<Map, Errno> {
    let slots = if shape.percpu { shape.ranks } else { 1 };
    if shape.percpu && u64::from(shape.value_size).next_multiple_of(8) > PCPU_LIMIT.into() {
        // Nobody had checked, and the allocator of per-CPU memory refuses.
        return Err(Errno::ENOMEM);
    }
    let words = match shape.layout {
        Layout::Array => {
            array_fits(&shape, around.release)?;
            let array = Array::create(memory, shape.max_entries, shape.stride(), slots);
            Words::Array(array.ok_or(Errno::ENOMEM)?)
        }
        Layout::Hash => {
            hash_fits(&shape, around.release)?;
            let rules = hash_rules(&shape, around);
            Words::Hash(Hash::create(memory, &shape, slots, rules).ok_or(Errno::ENOMEM)?)
        }
        Layout::Own => {
            let row = kinds::row(shape.map_type, around.release).ok_or(Errno::EINVAL)?;
            Words::Own((row.build)(memory, &shape, around)?)
        }
    };
    Ok(Map { shape, series: around.series, words })
}

/// The flags that an array takes, by release (`kernel/bpf/arraymap.c`).
fn array_flags(release: Release) -> u32 {
    flags_since(
        release,
        &[
            (Release::new(4, 14), BPF_F_NUMA_NODE),
            (Release::new(4, 15), ACCESS),
            (Release::new(5, 2), ACCESS_PROG),
            (Release::new(5, 5), BPF_F_MMAPABLE),
            (Release::new(5, 10), BPF_F_PRESERVE_ELEMS | BPF_F_INNER_MAP),
        ],
    )
}

/// The flags that a hash takes, by release (`kernel/bpf/hashtab.c`).
fn hash_flags(release: Release) -> u32 {
    flags_since(
        release,
        &[
            (Release::new(4, 6), BPF_F_NO_PREALLOC),
            (Release::new(4, 10), BPF_F_NO_COMMON_LRU),
            (Release::new(4, 14), BPF_F_NUMA_NODE),
            (Release::new(4, 15), ACCESS),
            (Release::new(5, 0), BPF_F_ZERO_SEED),
            (Release::new(5, 2), ACCESS_PROG),
        ],
    )
}

fn flags_since(release: Release, rows: &[(Release, u32)]) -> u32 {
    rows.iter().filter(|(since, _)| *since <= release).map(|(_, flags)| flags).sum()
}

/// array_map_alloc_check(): v4.4, v4.6, v4.10, v4.14 to v6.12.
fn check_array(shape: &Shape, release: Release) -> Result<(), Errno> {
    if shape.max_entries == 0 || shape.key_size != 4 || shape.value_size == 0 {
        return Err(Errno::EINVAL);
    }
    let known = shape.flags & !array_flags(release) == 0;
    if !known || shape.flags & ACCESS_PROG == ACCESS_PROG {
        return Err(Errno::EINVAL);
    }
    if shape.percpu && shape.flags & (BPF_F_MMAPABLE | BPF_F_INNER_MAP) != 0 {
        return Err(Errno::EINVAL);
    }
    if shape.flags & BPF_F_PRESERVE_ELEMS != 0 {
        return Err(Errno::EINVAL);
    }
    let most = match release {
        release if release < Release::new(4, 10) => KMALLOC_LIMIT - 1,
        release if release < Release::new(6, 0) => KMALLOC_LIMIT,
        _ => i32::MAX as u64,
    };
    if u64::from(shape.value_size) > most {
        return Err(Errno::E2BIG);
    }
    let early = release >= Release::new(6, 12);
    if early && shape.percpu && shape.stride() > PCPU_LIMIT { Err(Errno::E2BIG) } else { Ok(()) }
}

/// Up to v5.10 an array must cost less than 4 GiB; the errno moved with the accounting (v5.3).
fn array_fits(shape: &Shape, release: Release) -> Result<(), Errno> {
    if release >= Release::new(5, 11) {
        return Ok(());
    }
    let entries = u64::from(shape.max_entries);
    let values = entries * u64::from(shape.stride()) * u64::from(ranks_of(shape));
    let cost = if shape.percpu { values + entries * 8 } else { values };
    let accounted = release >= Release::new(5, 3);
    match cost >= MOST_COST {
        true if accounted => Err(Errno::E2BIG),
        true => Err(Errno::ENOMEM),
        false => Ok(()),
    }
}

/// htab_map_alloc_check(): v4.4, v4.6, v4.14, v5.11, v6.12.
fn check_hash(shape: &Shape, release: Release) -> Result<(), Errno> {
    let known = shape.flags & !hash_flags(release) == 0;
    if !known || shape.flags & ACCESS_PROG == ACCESS_PROG {
        return Err(Errno::EINVAL);
    }
    if shape.flags & BPF_F_NO_COMMON_LRU != 0 {
        return Err(Errno::EINVAL);
    }
    if shape.max_entries == 0 || shape.key_size == 0 || shape.value_size == 0 {
        return Err(Errno::EINVAL);
    }
    let (key, value) = (u64::from(shape.key_size), u64::from(shape.value_size));
    let room = KMALLOC_LIMIT - element_bytes(release);
    let fits = match release {
        release if release < Release::new(5, 11) => key <= STACK && value < room - STACK,
        _ => key + value < room,
    };
    if !fits {
        return Err(Errno::E2BIG);
    }
    // The check was gone in between (v4.14 to v6.11).
    let early = release < Release::new(4, 14) || release >= Release::new(6, 12);
    if early && shape.percpu && shape.stride() > PCPU_LIMIT { Err(Errno::E2BIG) } else { Ok(()) }
}

/// The types of [`kinds`]: queue_stack_map_alloc_check(), v4.20 to v7.1.
fn check_own(shape: &Shape, release: Release) -> Result<(), Errno> {
    let known = flags_since(
        release,
        &[
            (Release::new(4, 14), BPF_F_NUMA_NODE),
            (Release::new(4, 15), ACCESS),
            (Release::new(5, 2), ACCESS_PROG),
        ],
    );
    let sizes = shape.max_entries == 0 || shape.key_size != 0 || shape.value_size == 0;
    if sizes || shape.flags & !known != 0 || shape.flags & ACCESS_PROG == ACCESS_PROG {
        return Err(Errno::EINVAL);
    }
    if u64::from(shape.value_size) > KMALLOC_LIMIT { Err(Errno::E2BIG) } else { Ok(()) }
}

/// `sizeof(struct htab_elem)`: the node of the LRU list made it longer.
fn element_bytes(release: Release) -> u64 {
    if release < Release::new(4, 10) { 40 } else { 48 }
}

/// How many buckets there can be, and up to v5.10 what a hash may cost.
fn hash_fits(shape: &Shape, release: Release) -> Result<(), Errno> {
    let buckets = u64::from(shape.max_entries).next_power_of_two();
    // The lock of each bucket came with v4.5.
    let bucket = if release < Release::new(4, 5) { 8 } else { 16 };
    if buckets > u64::from(u32::MAX) / bucket {
        return Err(Errno::E2BIG);
    }
    if release >= Release::new(5, 11) {
        return Ok(());
    }
    let (entries, ranks) = (u64::from(shape.max_entries), u64::from(shape.ranks));
    let value = match release {
        release if release < Release::new(4, 6) => u64::from(shape.value_size),
        _ => u64::from(shape.stride()),
    };
    let element = element_bytes(release) + u64::from(shape.key_size).next_multiple_of(8);
    let element = element + if shape.percpu { 8 } else { value };
    let values = match shape.percpu {
        true => value * ranks * entries,
        false if release >= Release::new(4, 8) => element * ranks,
        false => 0,
    };
    let cost = buckets * bucket + element * entries + values;
    if cost >= MOST_COST { Err(Errno::E2BIG) } else { Ok(()) }
}

fn hash_rules(shape: &Shape, around: &Around<'_>) -> HashRules {
    let release = around.release;
    // Before v4.6 every element was allocated when it was needed.
    let prealloc = release >= Release::new(4, 6) && shape.flags & BPF_F_NO_PREALLOC == 0;
    // v4.8 (a6ed3ea65d98): one spare element per CPU, so that a full map can replace.
    let spares = prealloc && !shape.percpu && release >= Release::new(4, 8);
    // A random seed came with v4.19; v5.0 has a flag against it.
    let seeded = release >= Release::new(4, 19) && shape.flags & BPF_F_ZERO_SEED == 0;
    HashRules {
        prealloc,
        spare: if spares { shape.ranks } else { 0 },
        replaces_when_full: !(Release::new(4, 6)..Release::new(4, 8)).contains(&release),
        rechecks_bucket: release >= Release::new(4, 12),
        seed: if seeded { around.seed } else { 0 },
    }
}
