//! Map types without keys: queues and stacks, bloom filters, ring buffers.
//!
//! Sources, up to v7.1: `kernel/bpf/queue_stack_maps.c` since v4.20, `bloom_filter.c` since v5.16,
//! `ringbuf.c` since v5.8.

use super::ask::{
    ACCESS, ACCESS_PROG, Ask, BPF_F_NUMA_NODE, BPF_F_RB_OVERWRITE, BPF_F_ZERO_SEED,
    KMALLOC_MAX_SIZE, NODE_AND_ANY_ACCESS, PAGE, Rule, bad_extra, bad_flags, invalid, refuse,
};
use super::cost::{self, Cost};
use super::rules::{Right, Rules, nothing};
use bpfsim_abi::{Errno, Refusal, Release};

/// QUEUE and STACK.
pub(super) const QUEUE: Rules = Rules::new(Right::Bpf, check_queue, alloc_queue);
/// BLOOM_FILTER.
pub(super) const BLOOM: Rules = Rules::new(Right::Bpf, check_bloom, alloc_bloom);
/// RINGBUF and USER_RINGBUF.
pub(super) const RING: Rules = Rules::new(Right::Nobody, nothing, alloc_ring);

/// `BPF_MAP_TYPE_RINGBUF`.
const RINGBUF: u32 = 27;

/// `KMALLOC_MAX_SIZE` is what user space can pass.
fn value_fits(ask: &Ask<'_>) -> Rule {
    refuse(u64::from(ask.args.value_size) > KMALLOC_MAX_SIZE, Errno::E2BIG)
}

fn check_queue(ask: &Ask<'_>) -> Rule {
    ask.wants(Right::Bpf)?;
    let args = ask.args;
    invalid(args.max_entries == 0 || args.key_size != 0 || args.value_size == 0)?;
    ask.flags(NODE_AND_ANY_ACCESS)?;
    value_fits(ask)
}

fn alloc_queue(ask: &Ask<'_>) -> Result<Cost, Refusal> {
    let slots = u64::from(ask.args.max_entries) + 1;
    let bytes = slots * u64::from(ask.args.value_size);
    cost::charge(ask, bytes, Errno::E2BIG, Release::new(4, 20))
}

fn check_bloom(ask: &Ask<'_>) -> Rule {
    if ask.since(6, 9) { value_fits(ask) } else { Ok(()) }
}

fn alloc_bloom(ask: &Ask<'_>) -> Result<Cost, Refusal> {
    ask.wants(Right::Bpf)?;
    let args = ask.args;
    invalid(args.key_size != 0 || args.value_size == 0 || args.max_entries == 0)?;
    let flags = BPF_F_NUMA_NODE | BPF_F_ZERO_SEED | ACCESS | ACCESS_PROG;
    ask.flags(&[(Release::new(5, 16), flags)])?;
    // The lowest four bits are the number of hash functions.
    bad_extra(args.map_extra & !0xf != 0)?;
    Ok(Cost::default())
}

fn alloc_ring(ask: &Ask<'_>) -> Result<Cost, Refusal> {
    let args = ask.args;
    ask.flags(&[(Release::new(5, 8), BPF_F_NUMA_NODE), (Release::new(6, 19), BPF_F_RB_OVERWRITE)])?;
    bad_flags(ask.has(BPF_F_RB_OVERWRITE) && args.map_type != RINGBUF)?;
    let pages = args.max_entries.is_power_of_two() && u64::from(args.max_entries) % PAGE == 0;
    invalid(args.key_size != 0 || args.value_size != 0 || !pages)?;
    cost::charge(ask, args.max_entries.into(), Errno::E2BIG, Release::new(5, 8))
}
