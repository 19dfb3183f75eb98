//! The surroundings of a fixture: its maps, and the helpers of v4.4 and a few more.

use bpfsim_abi::helper::{Arg, HelperProto, Ret};
use bpfsim_abi::{Errno, Release};
use bpfsim_verifier::{Env, MapShape};

/// What a fixture says of its surroundings, at one release.
pub struct World<'a> {
    pub release: Release,
    pub prog_type: u32,
    pub privileged: bool,
    pub gpl: bool,
    pub maps: &'a [(i32, MapShape)],
}

impl Env for World<'_> {
    fn release(&self) -> Release {
        self.release
    }

    fn prog_type(&self) -> u32 {
        self.prog_type
    }

    fn privileged(&self) -> bool {
        self.privileged
    }

    fn gpl_compatible(&self) -> bool {
        self.gpl
    }

    fn map(&mut self, fd: i32) -> Result<(u32, MapShape), Errno> {
        // fd 0 is open and no map.
        if fd == 0 {
            return Err(Errno::EINVAL);
        }
        let found = self.maps.iter().find(|(known, _)| *known == fd);
        found.map(|&(fd, shape)| (1000 + fd as u32, shape)).ok_or(Errno::EBADF)
    }

    fn helper(&self, id: i32) -> Option<HelperProto> {
        HELPERS.iter().find(|h| h.id as i32 == id && h.since <= self.release).copied()
    }
}

const NO: Arg = Arg::None;
const V4_4: Release = Release::new(4, 4);

const fn helper(
    id: u32,
    name: &'static str,
    args: [Arg; 5],
    ret: Ret,
    gpl_only: bool,
    since: Release,
) -> HelperProto {
    HelperProto { id, name, args, ret, gpl_only, since }
}

/// As `kernel/bpf/helpers.c` and `kernel/trace/bpf_trace.c` declare them. 195 stands for what a
/// patch series adds: a lookup with a CPU, which no rule of the verifier names before v5.19.
const HELPERS: &[HelperProto] = &[
    helper(
        1,
        "map_lookup_elem",
        [Arg::ConstMapPtr, Arg::MapKey, NO, NO, NO],
        Ret::MapValueOrNull,
        false,
        V4_4,
    ),
    helper(
        2,
        "map_update_elem",
        [Arg::ConstMapPtr, Arg::MapKey, Arg::MapValue, Arg::Anything, NO],
        Ret::Integer,
        false,
        V4_4,
    ),
    helper(
        3,
        "map_delete_elem",
        [Arg::ConstMapPtr, Arg::MapKey, NO, NO, NO],
        Ret::Integer,
        false,
        V4_4,
    ),
    helper(
        4,
        "probe_read",
        [Arg::Stack, Arg::ConstStackSize, Arg::Anything, NO, NO],
        Ret::Integer,
        true,
        V4_4,
    ),
    helper(5, "ktime_get_ns", [NO; 5], Ret::Integer, true, V4_4),
    helper(7, "get_prandom_u32", [NO; 5], Ret::Integer, false, V4_4),
    helper(8, "get_smp_processor_id", [NO; 5], Ret::Integer, false, V4_4),
    helper(
        12,
        "tail_call",
        [Arg::Ctx, Arg::ConstMapPtr, Arg::Anything, NO, NO],
        Ret::Void,
        false,
        V4_4,
    ),
    helper(
        195,
        "map_lookup_percpu_elem",
        [Arg::ConstMapPtr, Arg::MapKey, Arg::Anything, NO, NO],
        Ret::MapValueOrNull,
        false,
        V4_4,
    ),
];
