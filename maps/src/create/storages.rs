//! Map types whose values hang on sockets, inodes, tasks and cgroups.
//!
//! Sources, up to v7.1: `kernel/bpf/local_storage.c` since v4.19, `net/core/bpf_sk_storage.c`
//! since v5.2, `bpf_local_storage.c` since v5.10.

use super::ask::{
    Ask, BPF_F_CLONE, BPF_F_NO_PREALLOC, NODE_AND_ANY_ACCESS, PAGE, PCPU_MIN_UNIT_SIZE, Rule,
    bad_types, invalid, refuse,
};
use super::cost::{self, Cost};
use super::rules::{Right, Rules, nothing};
use bpfsim_abi::{Errno, Refusal, Release};

/// SK_STORAGE, INODE_STORAGE, TASK_STORAGE, CGRP_STORAGE.
pub(super) const LOCAL: Rules = Rules::new(Right::Bpf, check_local, alloc_local);
/// CGROUP_STORAGE and PERCPU_CGROUP_STORAGE.
pub(super) const CGROUP: Rules = Rules::new(Right::Nobody, nothing, alloc_cgroup);

/// `U16_MAX` without the element's own bytes, which fill two cache lines.
const MOST_VALUE: u64 = u16::MAX as u64 - 128;

/// `sizeof(struct bpf_cgroup_storage_key)`.
const CGROUP_KEY: u32 = 16;

fn check_local(ask: &Ask<'_>) -> Rule {
    let args = ask.args;
    ask.flags(&[(Release::new(5, 2), BPF_F_NO_PREALLOC), (Release::new(5, 4), BPF_F_CLONE)])?;
    invalid(!ask.has(BPF_F_NO_PREALLOC) || args.max_entries != 0)?;
    invalid(args.key_size != 4 || args.value_size == 0)?;
    // Whoever dumps a socket wants to know what is in there.
    bad_types(args.btf_key == 0 || args.btf_value == 0)?;
    ask.wants(Right::Bpf)?;
    refuse(u64::from(args.value_size) > MOST_VALUE, Errno::E2BIG)
}

fn alloc_local(ask: &Ask<'_>) -> Result<Cost, Refusal> {
    let buckets = ask.cpus().next_power_of_two().max(2);
    cost::charge(ask, buckets * 16, Errno::E2BIG, Release::new(5, 3))
}

fn alloc_cgroup(ask: &Ask<'_>) -> Result<Cost, Refusal> {
    let args = ask.args;
    // A key that is the cgroup's id alone: v5.9.
    let short = args.key_size == 8 && ask.since(5, 9);
    invalid(args.key_size != CGROUP_KEY && !short)?;
    invalid(args.value_size == 0)?;
    let most = match ask.kind.percpu {
        _ if !ask.since(5, 15) => PAGE,
        true => PCPU_MIN_UNIT_SIZE.into(),
        false => MOST_VALUE,
    };
    refuse(u64::from(args.value_size) > most, Errno::E2BIG)?;
    ask.flags(NODE_AND_ANY_ACCESS)?;
    invalid(args.max_entries != 0)?;
    cost::charge(ask, 1, Errno::E2BIG, Release::new(5, 3))
}
