//! MAP_CREATE: which map types there are at a release, and what each requires.
//!
//! map_create() asks a map type in three parts, and does something of its own in between:
//!
//! ```text
//! check    map_alloc_check     what can be said without allocating anything
//!          tokens, devices     (the system call)
//! right    v6.5 on             who may make maps of this type; before, each type asks for itself
//!          the inner map       (the system call, for maps of maps)
//! alloc    map_alloc           the rest, and what the map costs
//! build                        its memory
//! ```
//!
//! The rules of each family stand in a file of their own; `rules.rs` says which type has which.

mod arrays;
mod ask;
mod build;
mod cost;
mod hashes;
mod keyless;
mod nets;
mod others;
mod rules;
mod storages;

pub use ask::{BPF_F_NO_PREALLOC, BPF_F_NUMA_NODE, BPF_F_ZERO_SEED};
pub use build::build;
pub use cost::{Cost, Locked};
pub use rules::Right;

use crate::kinds;
use crate::series::Series;
use crate::shape::{Inner, Layout, Shape};
use ask::{Ask, BPF_F_NO_COMMON_LRU, BPF_F_RDONLY_PROG};
use bpfsim_abi::{Because, Refusal, Release, cause, map_type};

pub use ask::because_of;
use bpfsim_sim::Topology;
use rules::Rules;

/// The arguments of MAP_CREATE, as the map types see them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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
    /// `btf_key_type_id`.
    pub btf_key: u32,
    /// `btf_value_type_id`.
    pub btf_value: u32,
    /// `btf_vmlinux_value_type_id`.
    pub btf_vmlinux_value: u32,
    /// The map behind `inner_map_fd`, for maps of maps.
    pub inner: Option<Inner>,
}

/// What the caller may do, as far as map types ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rights {
    /// CAP_SYS_ADMIN.
    pub sys_admin: bool,
    /// CAP_BPF.
    pub bpf: bool,
    /// CAP_NET_ADMIN.
    pub net_admin: bool,
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
    /// For how many CPUs it was built (`CONFIG_NR_CPUS`).
    pub nr_cpus: u32,
    /// What the hash function of the next map starts from.
    pub seed: u32,
    /// What its maker may do.
    pub rights: Rights,
    /// What its maker has locked.
    pub locked: Locked,
}

/// How a map type number is built at a release.
#[derive(Clone, Copy)]
struct Kind {
    rules: Rules,
    layout: Layout,
    percpu: bool,
    /// A series has added it.
    added: bool,
}

/// `BPF_MAP_TYPE_HASH_OF_MAPS`: a hash, whose values are maps.
const HASH_OF_MAPS: u32 = 13;
/// `BPF_MAP_TYPE_ARRAY_OF_MAPS`.
const ARRAY_OF_MAPS: u32 = 12;
/// `BPF_MAP_TYPE_DEVMAP` and `_DEVMAP_HASH`.
const DEVMAPS: [u32; 2] = [14, 25];
/// `BPF_MAP_TYPE_INSN_ARRAY`.
const INSN_ARRAY: u32 = 34;
/// `BPF_MAP_TYPE_LRU_HASH` and `_LRU_PERCPU_HASH`.
const LRU: [u32; 2] = [9, 10];
/// The types whose values every possible CPU has for itself: `_PERCPU_HASH`, `_PERCPU_ARRAY`,
/// `_LRU_PERCPU_HASH`, `_PERCPU_CGROUP_STORAGE`.
const PERCPU: [u32; 4] = [5, 6, 10, 21];

/// The map type of a number; none where neither the release nor the series has it.
fn kind(number: u32, around: &Around<'_>) -> Option<Kind> {
    let added = around.series.and_then(|series| {
        let (_, _, layout) = series.map_types().find(|(_, id, _)| *id == number)?;
        Some(layout)
    });
    if let Some(layout) = added {
        let like = if layout == Layout::Hash { 5 } else { 6 };
        let added = map_type::by_number(number, around.release).is_none();
        return Some(Kind { rules: rules::of(like)?, layout, percpu: true, added });
    }
    // v3.18 has the names of the types and no code.
    if around.release < Release::new(3, 19) {
        return None;
    }
    map_type::by_number(number, around.release)?;
    let layout = match number {
        1 | HASH_OF_MAPS => Layout::Hash,
        2 => Layout::Array,
        _ => Layout::Own,
    };
    Some(Kind { rules: rules::of(number)?, layout, percpu: PERCPU.contains(&number), added: false })
}

fn ask<'a>(args: &'a Create, around: &'a Around<'a>) -> Result<Ask<'a>, Refusal> {
    let kind = kind(args.map_type, around).because(cause::MAP_TYPE_UNKNOWN)?;
    Ok(Ask { args, around, kind })
}

/// True when maps of this type can be made here; otherwise the model lacks the type that the
/// release has.
pub fn is_modelled(number: u32, around: &Around<'_>) -> bool {
    kind(number, around).is_some_and(|kind| match kind.layout {
        Layout::Own => kinds::row(number, around.release).is_some(),
        Layout::Array | Layout::Hash => true,
    })
}

/// `map_alloc_check`: EINVAL where the release has no such type.
///
/// # Errors
/// The arguments break a rule of the map type.
pub fn check(args: &Create, around: &Around<'_>) -> Result<(), Refusal> {
    let ask = ask(args, around)?;
    (ask.kind.rules.check)(&ask)
}

/// The rights that map_create() asks for from v6.5 on.
///
/// # Errors
/// EPERM.
pub fn right(args: &Create, around: &Around<'_>) -> Result<(), Refusal> {
    let ask = ask(args, around)?;
    if ask.since(6, 5) { ask.holds(ask.kind.rules.right) } else { Ok(()) }
}

/// True for the map types that take their inner map before anything of [`alloc`].
pub fn takes_inner(args: &Create, around: &Around<'_>) -> bool {
    let maps = args.map_type == ARRAY_OF_MAPS || args.map_type == HASH_OF_MAPS;
    maps && kind(args.map_type, around).is_some_and(|kind| !kind.added)
}

/// `map_alloc` up to the memory: what the map is, and what it costs its maker.
///
/// # Errors
/// The arguments break a rule of the map type.
pub fn alloc(args: &Create, around: &Around<'_>) -> Result<(Shape, Cost), Refusal> {
    let ask = ask(args, around)?;
    let cost = (ask.kind.rules.alloc)(&ask)?;
    let shape = Shape {
        map_type: args.map_type,
        key_size: args.key_size,
        value_size: args.value_size,
        max_entries: entries(&ask),
        flags: args.flags | own_flags(&ask),
        map_extra: args.map_extra,
        layout: ask.kind.layout,
        percpu: ask.kind.percpu,
        ranks: around.cpus.possible.len() as u32,
        inner: args.inner,
    };
    Ok((shape, cost))
}

/// A list for each CPU (`BPF_F_NO_COMMON_LRU`) has as many elements as all others, up if there is
/// room in 32 bits.
fn entries(ask: &Ask<'_>) -> u32 {
    let (asked, cpus) = (ask.args.max_entries, ask.cpus() as u32);
    if !ask.is_lru() || !ask.has(BPF_F_NO_COMMON_LRU) || cpus == 0 {
        return asked;
    }
    asked.checked_next_multiple_of(cpus).unwrap_or(asked - asked % cpus)
}

/// What programs must not write to, whatever was asked: devices since v5.3 (0cdbb4b09a06).
fn own_flags(ask: &Ask<'_>) -> u32 {
    let devices = DEVMAPS.contains(&ask.args.map_type) && ask.since(5, 3);
    let read_only = devices || ask.args.map_type == INSN_ARRAY;
    if read_only && !ask.kind.added { BPF_F_RDONLY_PROG } else { 0 }
}
