//! Flags: a table of every one, and the two sets that map commands take, as bitflags.
//!
//! Source: `data/kernel_timeline.csv`; `include/uapi/linux/bpf.h`.

use crate::release::Release;
use bitflags::bitflags;

/// One flag of the uapi header. The same value means different things in different places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flag {
    /// The kernel's name, verbatim.
    pub name: &'static str,
    /// Its value.
    pub value: u64,
    /// The first release that has it.
    pub since: Release,
    /// `since` is known; otherwise it is a guess about a release to come.
    pub is_certain: bool,
}

include!(concat!(env!("OUT_DIR"), "/flag.rs"));

/// The flag called `name`, whatever its release.
pub fn by_name(name: &str) -> Option<&'static Flag> {
    ALL.iter().find(|flag| flag.name == name)
}

bitflags! {
    /// `flags` of the element commands, `elem_flags` of the batch commands. `BPF_ANY` is zero.
    ///
    /// Bits 32 to 63 carry the CPU number of `BPF_F_CPU` (v7.0) and are no flags.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub struct MapUpdateFlags: u64 {
        /// Only create: the key must be absent.
        const BPF_NOEXIST = BPF_NOEXIST;
        /// Only replace: the key must be present.
        const BPF_EXIST = BPF_EXIST;
        /// Under the value's spin lock, v5.1.
        const BPF_F_LOCK = BPF_F_LOCK;
        /// The slot of one CPU, v7.0.
        const BPF_F_CPU = BPF_F_CPU;
        /// One value for every possible CPU, v7.0.
        const BPF_F_ALL_CPUS = BPF_F_ALL_CPUS;
    }
}

impl MapUpdateFlags {
    /// No flag: create or replace.
    pub const BPF_ANY: Self = Self::empty();

    /// The flags word split into its low 32 bits and the CPU number in the high ones.
    pub const fn split(word: u64) -> (Self, u32) {
        (Self::from_bits_retain(word & 0xffff_ffff), (word >> 32) as u32)
    }
}

bitflags! {
    /// `map_flags` of `BPF_MAP_CREATE`; also what a map reports in `bpf_map_info`.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub struct MapCreateFlags: u32 {
        /// Allocate elements when they are inserted, v4.6.
        const BPF_F_NO_PREALLOC = BPF_F_NO_PREALLOC as u32;
        /// One LRU list per CPU, v4.10.
        const BPF_F_NO_COMMON_LRU = BPF_F_NO_COMMON_LRU as u32;
        /// `numa_node` counts, v4.14.
        const BPF_F_NUMA_NODE = BPF_F_NUMA_NODE as u32;
        /// System calls may only read, v4.15.
        const BPF_F_RDONLY = BPF_F_RDONLY as u32;
        /// System calls may only write, v4.15.
        const BPF_F_WRONLY = BPF_F_WRONLY as u32;
        /// Stack map with build ids, v4.17.
        const BPF_F_STACK_BUILD_ID = BPF_F_STACK_BUILD_ID as u32;
        /// Hash seed zero, v5.0.
        const BPF_F_ZERO_SEED = BPF_F_ZERO_SEED as u32;
        /// Programs may only read, v5.2.
        const BPF_F_RDONLY_PROG = BPF_F_RDONLY_PROG as u32;
        /// Programs may only write, v5.2.
        const BPF_F_WRONLY_PROG = BPF_F_WRONLY_PROG as u32;
        /// Local storage is cloned with the socket, v5.4.
        const BPF_F_CLONE = BPF_F_CLONE as u32;
        /// Can be mapped into memory, v5.5.
        const BPF_F_MMAPABLE = BPF_F_MMAPABLE as u32;
        /// Perf events survive the fd that put them in, v5.10.
        const BPF_F_PRESERVE_ELEMS = BPF_F_PRESERVE_ELEMS as u32;
        /// An inner map of any size, v5.10.
        const BPF_F_INNER_MAP = BPF_F_INNER_MAP as u32;
        /// A struct_ops map used through a link, v6.4.
        const BPF_F_LINK = BPF_F_LINK as u32;
        /// `path_fd` counts (object commands), v6.5.
        const BPF_F_PATH_FD = BPF_F_PATH_FD as u32;
        /// `value_type_btf_obj_fd` counts, v6.9.
        const BPF_F_VTYPE_BTF_OBJ_FD = BPF_F_VTYPE_BTF_OBJ_FD as u32;
        /// `map_token_fd` counts, v6.9.
        const BPF_F_TOKEN_FD = BPF_F_TOKEN_FD as u32;
        /// Arena: an access outside faults, v6.9.
        const BPF_F_SEGV_ON_FAULT = BPF_F_SEGV_ON_FAULT as u32;
        /// Arena: no conversion of user addresses, v6.9.
        const BPF_F_NO_USER_CONV = BPF_F_NO_USER_CONV as u32;
        /// Ring buffer: overwrite the oldest records, v6.19.
        const BPF_F_RB_OVERWRITE = BPF_F_RB_OVERWRITE as u32;
    }
}
