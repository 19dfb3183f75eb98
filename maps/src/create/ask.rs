//! What a rule of MAP_CREATE looks at: the arguments, the release, the caller's rights.

use super::{Around, Create, Kind, LRU, Right};
use bpfsim_abi::{Errno, Refusal, Release, cause};

/// What a rule answers.
pub(super) type Rule = Result<(), Refusal>;

/// `BPF_F_NO_PREALLOC`, v4.6.
pub const BPF_F_NO_PREALLOC: u32 = 1;
/// `BPF_F_NO_COMMON_LRU`, v4.10.
pub(super) const BPF_F_NO_COMMON_LRU: u32 = 1 << 1;
/// `BPF_F_NUMA_NODE`, v4.14.
pub const BPF_F_NUMA_NODE: u32 = 1 << 2;
/// `BPF_F_RDONLY` and `BPF_F_WRONLY`, v4.15.
pub(super) const ACCESS: u32 = 1 << 3 | 1 << 4;
/// `BPF_F_STACK_BUILD_ID`, v4.17.
pub(super) const BPF_F_STACK_BUILD_ID: u32 = 1 << 5;
/// `BPF_F_ZERO_SEED`, v5.0.
pub const BPF_F_ZERO_SEED: u32 = 1 << 6;
/// `BPF_F_RDONLY_PROG`, v5.2.
pub(super) const BPF_F_RDONLY_PROG: u32 = 1 << 7;
/// `BPF_F_RDONLY_PROG` and `BPF_F_WRONLY_PROG`, v5.2.
pub(super) const ACCESS_PROG: u32 = 1 << 7 | 1 << 8;
/// `BPF_F_CLONE`, v5.4.
pub(super) const BPF_F_CLONE: u32 = 1 << 9;
/// `BPF_F_MMAPABLE`, v5.5.
pub(super) const BPF_F_MMAPABLE: u32 = 1 << 10;
/// `BPF_F_PRESERVE_ELEMS`, v5.10.
pub(super) const BPF_F_PRESERVE_ELEMS: u32 = 1 << 11;
/// `BPF_F_INNER_MAP`, v5.10.
pub(super) const BPF_F_INNER_MAP: u32 = 1 << 12;
/// `BPF_F_LINK`, v6.4.
pub(super) const BPF_F_LINK: u32 = 1 << 13;
/// `BPF_F_VTYPE_BTF_OBJ_FD`, v6.9.
pub(super) const BPF_F_VTYPE_BTF_OBJ_FD: u32 = 1 << 15;
/// `BPF_F_SEGV_ON_FAULT` and `BPF_F_NO_USER_CONV`, v6.9.
pub(super) const ARENA_FLAGS: u32 = 1 << 17 | 1 << 18;
/// `BPF_F_RB_OVERWRITE`, v6.19.
pub(super) const BPF_F_RB_OVERWRITE: u32 = 1 << 19;

/// `KMALLOC_MAX_SIZE` of x86-64 with SLUB.
pub(super) const KMALLOC_MAX_SIZE: u64 = 1 << 22;
/// The largest value that one CPU can have (`PCPU_MIN_UNIT_SIZE`).
pub(super) const PCPU_MIN_UNIT_SIZE: u32 = 32 << 10;
/// `MAX_BPF_STACK`.
pub(super) const MAX_BPF_STACK: u64 = 512;
/// `PAGE_SIZE`.
pub(super) const PAGE: u64 = 4096;

/// The release from which on map_create() itself asks for rights (d79a35497547).
const ASKS_IN_ONE_PLACE: Release = Release::new(6, 5);

/// One MAP_CREATE in the eyes of its map type.
#[derive(Clone, Copy)]
pub(super) struct Ask<'a> {
    pub(super) args: &'a Create,
    pub(super) around: &'a Around<'a>,
    pub(super) kind: Kind,
}

impl Ask<'_> {
    pub(super) const fn release(&self) -> Release {
        self.around.release
    }

    pub(super) fn since(&self, major: u8, minor: u8) -> bool {
        self.release() >= Release::new(major, minor)
    }

    pub(super) const fn has(&self, flags: u32) -> bool {
        self.args.flags & flags != 0
    }

    /// How many possible CPUs there are.
    pub(super) fn cpus(&self) -> u64 {
        self.around.cpus.possible.len() as u64
    }

    /// Bytes of a value, rounded up to eight.
    pub(super) const fn stride(&self) -> u64 {
        (self.args.value_size as u64).next_multiple_of(8)
    }

    /// Up to v6.4 map types ask for rights themselves, each at its own point.
    pub(super) fn wants(&self, right: Right) -> Rule {
        if self.release() >= ASKS_IN_ONE_PLACE { Ok(()) } else { self.holds(right) }
    }

    /// EPERM without this right.
    pub(super) fn holds(&self, right: Right) -> Rule {
        let rights = &self.around.rights;
        let has = match right {
            Right::Nobody => true,
            // bpf_capable() came with v5.8.
            Right::Bpf if self.since(5, 8) => rights.bpf || rights.sys_admin,
            Right::Bpf => rights.sys_admin,
            // A token stands behind capable() since v6.9, and CAP_SYS_ADMIN behind a token.
            Right::NetAdmin if self.since(6, 9) => rights.net_admin || rights.sys_admin,
            Right::NetAdmin => rights.net_admin,
        };
        cause::MAP_UNPRIVILEGED.unless(has)
    }

    /// EINVAL for flags that the type does not have at the release, and for a map that programs
    /// may neither read nor write (v5.2).
    pub(super) fn flags(&self, rows: &[(Release, u32)]) -> Rule {
        let since = |row: &&(Release, u32)| row.0 <= self.release();
        let known = rows.iter().filter(since).fold(0, |all, row| all | row.1);
        let neither = self.args.flags & ACCESS_PROG == ACCESS_PROG;
        bad_flags(self.has(!known) || neither)
    }

    /// LRU_HASH and LRU_PERCPU_HASH.
    pub(super) fn is_lru(&self) -> bool {
        LRU.contains(&self.args.map_type) && !self.kind.added
    }

    /// One of the sizes is zero.
    pub(super) const fn empty(&self) -> bool {
        self.args.max_entries == 0 || self.args.key_size == 0 || self.args.value_size == 0
    }
}

/// EINVAL where `broken`: sizes or a number of entries that the type does not take.
pub(super) fn invalid(broken: bool) -> Rule {
    cause::MAP_SIZES.unless(!broken)
}

/// The same for flags.
pub(super) fn bad_flags(broken: bool) -> Rule {
    cause::MAP_FLAGS.unless(!broken)
}

/// The same for `numa_node`.
pub(super) fn bad_node(broken: bool) -> Rule {
    cause::MAP_NUMA_NODE.unless(!broken)
}

/// The same for `map_extra`.
pub(super) fn bad_extra(broken: bool) -> Rule {
    cause::MAP_EXTRA.unless(!broken)
}

/// The same for the types of keys and values.
pub(super) fn bad_types(broken: bool) -> Rule {
    cause::MAP_BTF_TYPES.unless(!broken)
}

/// `errno` where `broken`.
pub(super) fn refuse(broken: bool, errno: Errno) -> Rule {
    if broken { Err(because_of(errno)) } else { Ok(()) }
}

/// Why sizes, rights and memory are refused with this errno.
pub fn because_of(errno: Errno) -> Refusal {
    let causes = [
        cause::MAP_TOO_LARGE,
        cause::MAP_NO_MEMORY,
        cause::MAP_UNPRIVILEGED,
        cause::MAP_FLAGS_NOT_SUPPORTED,
        cause::MAP_SIZES,
    ];
    let found = causes.into_iter().find(|cause| cause.errno == errno);
    let extra = (errno == Errno::ERANGE).then_some(cause::MAP_EXTRA);
    Refusal::of(errno).or_because(found.or(extra))
}

/// `BPF_F_NUMA_NODE`, then those for the fd: what most map types take.
pub(super) const NODE_AND_ACCESS: &[(Release, u32)] =
    &[(Release::new(4, 14), BPF_F_NUMA_NODE), (Release::new(4, 15), ACCESS)];

/// The same and those for programs (`BPF_F_ACCESS_MASK`).
pub(super) const NODE_AND_ANY_ACCESS: &[(Release, u32)] = &[
    (Release::new(4, 14), BPF_F_NUMA_NODE),
    (Release::new(4, 15), ACCESS),
    (Release::new(5, 2), ACCESS_PROG),
];
