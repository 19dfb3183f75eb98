//! The table: what each map type requires.

use super::ask::{Ask, Rule};
use super::cost::Cost;
use super::{arrays, hashes, keyless, nets, others, storages};
use bpfsim_abi::Refusal;

/// A right that making a map of a type needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Right {
    /// None.
    Nobody,
    /// CAP_SYS_ADMIN, from v5.8 on CAP_BPF will do.
    Bpf,
    /// CAP_NET_ADMIN.
    NetAdmin,
}

/// What a map type requires, in three parts: map_create() comes in between.
#[derive(Clone, Copy)]
pub(super) struct Rules {
    /// What map_create() asks for from v6.5 on.
    pub(super) right: Right,
    /// `map_alloc_check`.
    pub(super) check: fn(&Ask<'_>) -> Rule,
    /// `map_alloc` up to the memory.
    pub(super) alloc: fn(&Ask<'_>) -> Result<Cost, Refusal>,
}

impl Rules {
    pub(super) const fn new(
        right: Right,
        check: fn(&Ask<'_>) -> Rule,
        alloc: fn(&Ask<'_>) -> Result<Cost, Refusal>,
    ) -> Self {
        Self { right, check, alloc }
    }
}

/// For the types that have no `map_alloc_check`.
pub(super) fn nothing(_: &Ask<'_>) -> Rule {
    Ok(())
}

/// By number in `enum bpf_map_type`; none for numbers that no release has.
pub(super) const fn of(map_type: u32) -> Option<Rules> {
    Some(match map_type {
        1 | 5 => hashes::HASH,
        2 | 6 => arrays::ARRAY,
        3 | 4 | 8 => arrays::OF_FDS,
        7 => others::STACK_TRACE,
        9 | 10 => hashes::LRU,
        11 => others::TRIE,
        12 => arrays::OF_MAPS,
        13 => hashes::OF_MAPS,
        14 | 25 => nets::DEVMAP,
        15 => nets::SOCKMAP,
        16 => nets::CPUMAP,
        17 => nets::XSKMAP,
        18 => nets::SOCKHASH,
        19 | 21 => storages::CGROUP,
        20 => arrays::REUSEPORT,
        22 | 23 => keyless::QUEUE,
        24 | 28 | 29 | 32 => storages::LOCAL,
        26 => others::STRUCT_OPS,
        27 | 31 => keyless::RING,
        30 => keyless::BLOOM,
        33 => others::ARENA,
        34 => others::INSN_ARRAY,
        35 => hashes::RESIZABLE,
        _ => return None,
    })
}
