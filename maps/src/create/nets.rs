//! Map types that redirect packets and sockets.
//!
//! Sources, all up to v7.1: `kernel/bpf/devmap.c` since v4.14, `cpumap.c` since v4.15,
//! `net/xdp/xskmap.c` (`kernel/bpf/xskmap.c`) since v4.18, `net/core/sock_map.c`
//! (`kernel/bpf/sockmap.c`) since v4.14.

use super::ask::{
    Ask, BPF_F_NUMA_NODE, MAX_BPF_STACK, NODE_AND_ACCESS, PCPU_MIN_UNIT_SIZE, Rule, invalid, refuse,
};
use super::cost::{self, Cost};
use super::rules::{Right, Rules, nothing};
use bpfsim_abi::{Errno, Refusal, Release, cause};

/// DEVMAP and DEVMAP_HASH.
pub(super) const DEVMAP: Rules = Rules::new(Right::NetAdmin, check_devmap, alloc_devmap);
/// CPUMAP.
pub(super) const CPUMAP: Rules = Rules::new(Right::Bpf, nothing, alloc_cpumap);
/// XSKMAP.
pub(super) const XSKMAP: Rules = Rules::new(Right::NetAdmin, nothing, alloc_xskmap);
/// SOCKMAP.
pub(super) const SOCKMAP: Rules = Rules::new(Right::NetAdmin, nothing, alloc_sockmap);
/// SOCKHASH.
pub(super) const SOCKHASH: Rules = Rules::new(Right::NetAdmin, nothing, alloc_sockhash);

/// `BPF_MAP_TYPE_DEVMAP_HASH`.
const DEVMAP_HASH: u32 = 25;

/// A value of four bytes, and from a release on of eight.
fn value_fits(ask: &Ask<'_>, eight: (u8, u8)) -> bool {
    let size = ask.args.value_size;
    size == 4 || size == 8 && ask.since(eight.0, eight.1)
}

/// dev_map_alloc_check() came with v6.11: there it is looked at before rights.
const DEVMAP_IS_CHECKED_FIRST: (u8, u8) = (6, 11);

fn check_devmap(ask: &Ask<'_>) -> Rule {
    let (major, minor) = DEVMAP_IS_CHECKED_FIRST;
    if ask.since(major, minor) { devmap_fits(ask) } else { Ok(()) }
}

fn devmap_fits(ask: &Ask<'_>) -> Rule {
    let args = ask.args;
    // The fd of a program behind the ifindex: v5.8.
    invalid(args.max_entries == 0 || args.key_size != 4 || !value_fits(ask, (5, 8)))?;
    ask.flags(NODE_AND_ACCESS)?;
    invalid(args.map_type == DEVMAP_HASH && args.max_entries > 1 << 31)
}

/// Up to v5.2 each CPU has a bit for each entry; whatever the charge of v5.4 to v5.10 answers
/// becomes EINVAL.
fn alloc_devmap(ask: &Ask<'_>) -> Result<Cost, Refusal> {
    ask.wants(Right::NetAdmin)?;
    devmap_fits(ask)?;
    let entries = u64::from(ask.args.max_entries);
    let slots = match ask.args.map_type {
        DEVMAP_HASH => entries.next_power_of_two(),
        _ => entries,
    };
    let bits = entries.div_ceil(64) * 8;
    let lists = match ask.release() {
        release if release < Release::new(5, 3) => bits * ask.cpus(),
        release if release < Release::new(5, 6) => 16 * ask.cpus(),
        _ => 0,
    };
    let charged = cost::charge(ask, slots * 8 + lists, Errno::EINVAL, Release::new(4, 14));
    let hidden = ask.since(5, 4) && !ask.since(5, 11);
    let charged = charged.map_err(|refusal| match hidden {
        true => Refusal::of(Errno::EINVAL).or_because(Some(cause::MAP_COST)),
        false => refusal,
    })?;
    refuse(!ask.since(5, 3) && bits > PCPU_MIN_UNIT_SIZE.into(), Errno::ENOMEM)?;
    Ok(charged)
}

fn alloc_cpumap(ask: &Ask<'_>) -> Result<Cost, Refusal> {
    ask.wants(Right::Bpf)?;
    let args = ask.args;
    // The fd of a program behind the queue's size: v5.9.
    invalid(args.max_entries == 0 || args.key_size != 4 || !value_fits(ask, (5, 9)))?;
    ask.flags(&[(Release::new(4, 15), BPF_F_NUMA_NODE)])?;
    refuse(args.max_entries > ask.around.nr_cpus, Errno::E2BIG)?;
    cost::charge(ask, u64::from(args.max_entries) * 8, Errno::ENOMEM, Release::new(4, 15))
}

fn alloc_xskmap(ask: &Ask<'_>) -> Result<Cost, Refusal> {
    ask.wants(Right::NetAdmin)?;
    let args = ask.args;
    invalid(args.max_entries == 0 || args.key_size != 4 || args.value_size != 4)?;
    ask.flags(NODE_AND_ACCESS)?;
    cost::charge(ask, u64::from(args.max_entries) * 8, Errno::EINVAL, Release::new(4, 18))
}

fn alloc_sockmap(ask: &Ask<'_>) -> Result<Cost, Refusal> {
    ask.wants(Right::NetAdmin)?;
    let args = ask.args;
    // Values of eight bytes hold cookies: v5.7.
    invalid(args.max_entries == 0 || args.key_size != 4 || !value_fits(ask, (5, 7)))?;
    ask.flags(NODE_AND_ACCESS)?;
    cost::charge(ask, u64::from(args.max_entries) * 8, Errno::EINVAL, Release::new(4, 14))
}

fn alloc_sockhash(ask: &Ask<'_>) -> Result<Cost, Refusal> {
    ask.wants(Right::NetAdmin)?;
    let args = ask.args;
    // v4.18 forgot to look for keys without bytes.
    let no_key = args.key_size == 0 && ask.since(4, 19);
    invalid(args.max_entries == 0 || no_key || !value_fits(ask, (5, 7)))?;
    ask.flags(NODE_AND_ACCESS)?;
    refuse(u64::from(args.key_size) > MAX_BPF_STACK, Errno::E2BIG)?;
    let buckets = u64::from(args.max_entries).next_power_of_two();
    invalid(buckets > u64::from(u32::MAX) / 16)?;
    let element = 48 + u64::from(args.key_size).next_multiple_of(8);
    let bytes = buckets * 16 + element * u64::from(args.max_entries);
    // Between v4.20 and v5.6 the size is looked at and nobody is charged.
    if ask.since(4, 20) && !ask.since(5, 7) {
        invalid(bytes >= cost::MOST)?;
        return Ok(Cost::default());
    }
    if ask.since(5, 7) && !ask.since(5, 11) {
        invalid(bytes >= cost::MOST)?;
    }
    cost::charge(ask, bytes, Errno::EINVAL, Release::new(4, 18))
}
