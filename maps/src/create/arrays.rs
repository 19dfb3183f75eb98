//! Map types that are arrays: of values, and of what fds stand for.
//!
//! Sources: `kernel/bpf/arraymap.c` of v3.19 to v7.1 (`array_map_alloc`, `array_map_alloc_check`,
//! `fd_array_map_alloc`, `prog_array_map_alloc`), `reuseport_array.c` of v4.19 to v7.1.

use super::ask::{
    ACCESS, ACCESS_PROG, Ask, BPF_F_INNER_MAP, BPF_F_MMAPABLE, BPF_F_NUMA_NODE,
    BPF_F_PRESERVE_ELEMS, KMALLOC_MAX_SIZE, PCPU_MIN_UNIT_SIZE, Rule, bad_flags, bad_node, invalid,
    refuse,
};
use super::cost::{self, Cost};
use super::rules::{Right, Rules};
use bpfsim_abi::{Errno, Refusal, Release};

/// ARRAY and PERCPU_ARRAY.
pub(super) const ARRAY: Rules = Rules::new(Right::Nobody, check, alloc);
/// PROG_ARRAY, PERF_EVENT_ARRAY, CGROUP_ARRAY.
pub(super) const OF_FDS: Rules = Rules::new(Right::Nobody, check_of_fds, alloc);
/// ARRAY_OF_MAPS: up to v4.15 nothing is looked at before the inner map.
pub(super) const OF_MAPS: Rules = Rules::new(Right::Nobody, check_of_maps, alloc_of_maps);
/// REUSEPORT_SOCKARRAY.
pub(super) const REUSEPORT: Rules = Rules::new(Right::Bpf, check_reuseport, alloc_reuseport);

const FLAGS: &[(Release, u32)] = &[
    (Release::new(4, 14), BPF_F_NUMA_NODE),
    (Release::new(4, 15), ACCESS),
    (Release::new(5, 2), ACCESS_PROG),
    (Release::new(5, 5), BPF_F_MMAPABLE),
    (Release::new(5, 10), BPF_F_PRESERVE_ELEMS | BPF_F_INNER_MAP),
];

/// `BPF_MAP_TYPE_ARRAY` and `BPF_MAP_TYPE_PERF_EVENT_ARRAY`.
const PLAIN: u32 = 2;
const PERF_EVENTS: u32 = 4;

fn check(ask: &Ask<'_>) -> Rule {
    let args = ask.args;
    invalid(ask.empty() || args.key_size != 4)?;
    ask.flags(FLAGS)?;
    bad_node(ask.kind.percpu && args.numa_node.is_some())?;
    bad_flags(args.map_type != PLAIN && ask.has(BPF_F_MMAPABLE | BPF_F_INNER_MAP))?;
    bad_flags(args.map_type != PERF_EVENTS && ask.has(BPF_F_PRESERVE_ELEMS))?;
    let most = match ask.release() {
        release if release < Release::new(4, 4) => u64::MAX,
        release if release < Release::new(4, 10) => KMALLOC_MAX_SIZE - 1,
        release if release < Release::new(6, 0) => KMALLOC_MAX_SIZE,
        _ => i32::MAX as u64,
    };
    refuse(u64::from(args.value_size) > most, Errno::E2BIG)?;
    let early = ask.since(6, 12) && ask.kind.percpu;
    refuse(early && ask.stride() > PCPU_MIN_UNIT_SIZE.into(), Errno::E2BIG)
}

fn check_of_fds(ask: &Ask<'_>) -> Rule {
    invalid(ask.args.value_size != 4)?;
    bad_flags(ask.has(ACCESS_PROG))?;
    check(ask)
}

fn check_of_maps(ask: &Ask<'_>) -> Rule {
    if ask.since(4, 16) { check_of_fds(ask) } else { Ok(()) }
}

fn alloc_of_maps(ask: &Ask<'_>) -> Result<Cost, Refusal> {
    if !ask.since(4, 16) {
        check_of_fds(ask)?;
    }
    alloc(ask)
}

fn check_reuseport(ask: &Ask<'_>) -> Rule {
    invalid(ask.args.value_size != 4 && ask.args.value_size != 8)?;
    check(ask)
}

/// An array has to cost less than 4 GiB up to v5.10; only from v4.15 on is the caller's limit
/// asked here.
fn alloc(ask: &Ask<'_>) -> Result<Cost, Refusal> {
    let entries = u64::from(ask.args.max_entries);
    let bytes = match ask.kind.percpu {
        true => entries * 8 + entries * ask.stride() * ask.cpus(),
        false => entries * ask.stride(),
    };
    cost::charge(ask, bytes, Errno::ENOMEM, Release::new(4, 15))
}

fn alloc_reuseport(ask: &Ask<'_>) -> Result<Cost, Refusal> {
    ask.wants(Right::Bpf)?;
    let bytes = u64::from(ask.args.max_entries) * 8;
    cost::charge(ask, bytes, Errno::ENOMEM, Release::new(4, 19))
}
