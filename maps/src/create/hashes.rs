//! Map types that are hashes: plain, LRU, of maps, resizable.
//!
//! Source: `kernel/bpf/hashtab.c` of v3.19 to v7.1 (`htab_map_alloc`, `htab_map_alloc_check`,
//! `fd_htab_map_alloc_check`); `rhtab_map_alloc_check` of v7.2 from a translation of it.

use super::ask::{
    ACCESS, ACCESS_PROG, Ask, BPF_F_NO_COMMON_LRU, BPF_F_NO_PREALLOC, BPF_F_NUMA_NODE,
    BPF_F_ZERO_SEED, KMALLOC_MAX_SIZE, MAX_BPF_STACK, PCPU_MIN_UNIT_SIZE, Rule, bad_extra,
    bad_flags, bad_node, invalid, refuse,
};
use super::cost::{self, Cost};
use super::rules::{Right, Rules};
use bpfsim_abi::{Errno, Refusal, Release};

/// HASH and PERCPU_HASH.
pub(super) const HASH: Rules = Rules::new(Right::Nobody, check, alloc);
/// LRU_HASH and LRU_PERCPU_HASH.
pub(super) const LRU: Rules = Rules::new(Right::Bpf, check, alloc);
/// HASH_OF_MAPS: up to v4.15 nothing is looked at before the inner map.
pub(super) const OF_MAPS: Rules = Rules::new(Right::Nobody, check_of_maps, alloc_of_maps);
/// RHASH.
pub(super) const RESIZABLE: Rules = Rules::new(Right::Bpf, check_resizable, alloc_resizable);

const FLAGS: &[(Release, u32)] = &[
    (Release::new(4, 6), BPF_F_NO_PREALLOC),
    (Release::new(4, 10), BPF_F_NO_COMMON_LRU),
    (Release::new(4, 14), BPF_F_NUMA_NODE),
    (Release::new(4, 15), ACCESS),
    (Release::new(5, 0), BPF_F_ZERO_SEED),
    (Release::new(5, 2), ACCESS_PROG),
];

fn check(ask: &Ask<'_>) -> Rule {
    let args = ask.args;
    if ask.is_lru() {
        ask.wants(Right::Bpf)?;
    }
    let zero_seed = ask.has(BPF_F_ZERO_SEED) && ask.since(5, 0);
    refuse(zero_seed && !ask.around.rights.sys_admin, Errno::EPERM)?;
    ask.flags(FLAGS)?;
    bad_flags(!ask.is_lru() && ask.has(BPF_F_NO_COMMON_LRU))?;
    refuse(ask.is_lru() && ask.has(BPF_F_NO_PREALLOC), Errno::ENOTSUPP)?;
    let per_cpu = ask.kind.percpu || ask.has(BPF_F_NO_COMMON_LRU);
    bad_node(per_cpu && args.numa_node.is_some())?;
    invalid(ask.empty())?;
    refuse(!fits(ask), Errno::E2BIG)?;
    // The check was gone in between (v4.14 to v6.11).
    let early = !ask.since(4, 14) || ask.since(6, 12);
    let long = ask.kind.percpu && ask.stride() > PCPU_MIN_UNIT_SIZE.into();
    refuse(early && long, Errno::E2BIG)
}

/// How long key and value may be: the limit of the value came with v4.4.
fn fits(ask: &Ask<'_>) -> bool {
    let (key, value) = (u64::from(ask.args.key_size), u64::from(ask.args.value_size));
    let room = KMALLOC_MAX_SIZE - element_bytes(ask);
    match ask.release() {
        release if release < Release::new(4, 4) => key <= MAX_BPF_STACK,
        release if release < Release::new(5, 11) => {
            key <= MAX_BPF_STACK && value < room - MAX_BPF_STACK
        }
        _ => key + value < room,
    }
}

/// `sizeof(struct htab_elem)`: the node of the LRU list made it longer.
fn element_bytes(ask: &Ask<'_>) -> u64 {
    if ask.since(4, 10) { 48 } else { 40 }
}

/// How many buckets there can be, and up to v5.10 what a hash may cost.
fn alloc(ask: &Ask<'_>) -> Result<Cost, Refusal> {
    let buckets = u64::from(ask.args.max_entries).next_power_of_two();
    // The lock of each bucket came with v4.5.
    let bucket = if ask.since(4, 5) { 16 } else { 8 };
    let too_many = if ask.since(4, 4) { Errno::E2BIG } else { Errno::ENOMEM };
    refuse(buckets > u64::from(u32::MAX) / bucket, too_many)?;
    let (entries, ranks) = (u64::from(ask.args.max_entries), ask.cpus());
    let value = if ask.since(4, 6) { ask.stride() } else { ask.args.value_size.into() };
    let element = element_bytes(ask) + u64::from(ask.args.key_size).next_multiple_of(8);
    let element = element + if ask.kind.percpu { 8 } else { value };
    let values = match ask.kind.percpu {
        true => value * ranks * entries,
        false if ask.since(4, 8) => element * ranks,
        false => 0,
    };
    let bytes = buckets * bucket + element * entries + values;
    cost::charge(ask, bytes, Errno::E2BIG, Release::new(4, 6))
}

fn check_of_maps(ask: &Ask<'_>) -> Rule {
    if ask.since(4, 16) { check_value_and_rest(ask) } else { Ok(()) }
}

fn check_value_and_rest(ask: &Ask<'_>) -> Rule {
    invalid(ask.args.value_size != 4)?;
    check(ask)
}

fn alloc_of_maps(ask: &Ask<'_>) -> Result<Cost, Refusal> {
    if !ask.since(4, 16) {
        check_value_and_rest(ask)?;
    }
    alloc(ask)
}

fn check_resizable(ask: &Ask<'_>) -> Rule {
    let hint = ask.args.map_extra;
    bad_flags(!ask.has(BPF_F_NO_PREALLOC) || ask.has(BPF_F_ZERO_SEED))?;
    refuse(ask.args.key_size > u16::MAX.into(), Errno::E2BIG)?;
    bad_extra(hint >> 32 != 0)?;
    refuse(hint > u16::MAX.into(), Errno::E2BIG)?;
    bad_extra(hint > ask.args.max_entries.into())?;
    check(ask)
}

fn alloc_resizable(ask: &Ask<'_>) -> Result<Cost, Refusal> {
    refuse(ask.args.max_entries > 1 << 31, Errno::E2BIG)?;
    Ok(Cost::default())
}
