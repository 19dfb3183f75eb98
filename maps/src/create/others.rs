//! Map types that are like no other: stack traces, tries, struct_ops, arenas, instructions.
//!
//! Sources, up to v7.1: `kernel/bpf/stackmap.c` since v4.6, `lpm_trie.c` since v4.11,
//! `bpf_struct_ops.c` since v5.6, `arena.c` since v6.9, `bpf_insn_array.c` since v6.19.

use super::ask::{
    ACCESS, ACCESS_PROG, ARENA_FLAGS, Ask, BPF_F_LINK, BPF_F_MMAPABLE, BPF_F_NO_PREALLOC,
    BPF_F_NUMA_NODE, BPF_F_STACK_BUILD_ID, BPF_F_VTYPE_BTF_OBJ_FD, KMALLOC_MAX_SIZE, PAGE, Rule,
    bad_extra, bad_flags, invalid, refuse,
};
use super::cost::{self, Cost};
use super::rules::{Right, Rules, nothing};
use bpfsim_abi::{Errno, Refusal, Release, cause};

/// STACK_TRACE.
pub(super) const STACK_TRACE: Rules = Rules::new(Right::Bpf, nothing, alloc_stack_trace);
/// LPM_TRIE.
pub(super) const TRIE: Rules = Rules::new(Right::Bpf, nothing, alloc_trie);
/// STRUCT_OPS.
pub(super) const STRUCT_OPS: Rules = Rules::new(Right::Bpf, check_struct_ops, alloc_struct_ops);
/// ARENA.
pub(super) const ARENA: Rules = Rules::new(Right::Bpf, nothing, alloc_arena);
/// INSN_ARRAY.
pub(super) const INSN_ARRAY: Rules = Rules::new(Right::Bpf, check_insn_array, free_of_charge);

/// `PERF_MAX_STACK_DEPTH`, and what the sysctl `kernel.perf_event_max_stack` says (v4.7).
const MOST_FRAMES: u32 = 127;

/// `sizeof(struct bpf_stack_build_id)`.
const BUILD_ID: u32 = 32;

fn alloc_stack_trace(ask: &Ask<'_>) -> Result<Cost, Refusal> {
    ask.wants(Right::Bpf)?;
    let args = ask.args;
    ask.flags(&[
        (Release::new(4, 14), BPF_F_NUMA_NODE),
        (Release::new(4, 15), ACCESS),
        (Release::new(4, 17), BPF_F_STACK_BUILD_ID),
    ])?;
    let size = args.value_size;
    invalid(args.max_entries == 0 || args.key_size != 4 || size < 8 || !size.is_multiple_of(8))?;
    let frame = if ask.has(BPF_F_STACK_BUILD_ID) { BUILD_ID } else { 8 };
    invalid(!size.is_multiple_of(frame) || size / frame > MOST_FRAMES)?;
    refuse(args.max_entries > 1 << 31 && ask.since(6, 9), Errno::E2BIG)?;
    let buckets = u64::from(args.max_entries).next_power_of_two();
    let bytes = buckets * 8 + buckets * (u64::from(size) + 24);
    cost::charge(ask, bytes, Errno::E2BIG, Release::new(4, 6))
}

/// The longest address, and `sizeof(struct lpm_trie_node)`.
const MOST_ADDRESS: u32 = 256;
const TRIE_NODE: u64 = 40;

fn alloc_trie(ask: &Ask<'_>) -> Result<Cost, Refusal> {
    ask.wants(Right::Bpf)?;
    let args = ask.args;
    let most = KMALLOC_MAX_SIZE - u64::from(MOST_ADDRESS) - TRIE_NODE;
    invalid(args.max_entries == 0 || !ask.has(BPF_F_NO_PREALLOC))?;
    ask.flags(&[
        (Release::new(4, 11), BPF_F_NO_PREALLOC),
        (Release::new(4, 14), BPF_F_NUMA_NODE),
        (Release::new(4, 15), ACCESS),
        (Release::new(5, 2), ACCESS_PROG),
    ])?;
    // Four bytes of length stand before the address.
    invalid(!(5..=4 + MOST_ADDRESS).contains(&args.key_size))?;
    invalid(args.value_size == 0 || u64::from(args.value_size) > most)?;
    let node = TRIE_NODE + u64::from(args.value_size) + u64::from(args.key_size) - 4;
    cost::charge(ask, u64::from(args.max_entries) * node, Errno::E2BIG, Release::new(4, 11))
}

fn check_struct_ops(ask: &Ask<'_>) -> Rule {
    let args = ask.args;
    ask.flags(&[(Release::new(6, 4), BPF_F_LINK), (Release::new(6, 9), BPF_F_VTYPE_BTF_OBJ_FD)])?;
    invalid(args.key_size != 4 || args.max_entries != 1 || args.btf_vmlinux_value == 0)
}

/// bpf_struct_ops_find_value(): no id names a struct_ops type, as on a kernel that was built
/// without BTF of its own (`CONFIG_DEBUG_INFO_BTF`).
fn alloc_struct_ops(ask: &Ask<'_>) -> Result<Cost, Refusal> {
    ask.wants(Right::Bpf)?;
    cause::STRUCT_OPS_WITHOUT_BTF.refuse()
}

/// `SZ_4G`.
const MOST_ARENA: u64 = 1 << 32;

fn alloc_arena(ask: &Ask<'_>) -> Result<Cost, Refusal> {
    let args = ask.args;
    invalid(args.key_size != 0 || args.value_size != 0 || args.max_entries == 0)?;
    bad_flags(!ask.has(BPF_F_MMAPABLE))?;
    ask.flags(&[(Release::new(6, 9), BPF_F_MMAPABLE | ARENA_FLAGS)])?;
    // Where user space is to have it.
    bad_extra(!args.map_extra.is_multiple_of(PAGE))?;
    let range = u64::from(args.max_entries) * PAGE;
    refuse(range > MOST_ARENA, Errno::E2BIG)?;
    let last = args.map_extra.wrapping_add(range - 1);
    refuse(args.map_extra >> 32 != last >> 32, Errno::ERANGE)?;
    Ok(Cost::default())
}

/// `sizeof(struct bpf_insn_array_value)`.
const INSN_VALUE: u32 = 16;

fn check_insn_array(ask: &Ask<'_>) -> Rule {
    let args = ask.args;
    invalid(args.max_entries == 0 || args.key_size != 4 || args.value_size != INSN_VALUE)?;
    bad_flags(args.flags != 0)
}

fn free_of_charge(_: &Ask<'_>) -> Result<Cost, Refusal> {
    Ok(Cost::default())
}
