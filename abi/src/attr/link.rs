//! Arms of the link commands.

use super::{UserAddr, layout};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// `BPF_LINK_CREATE`, v5.7: ends at 64 since v7.2.
#[repr(C, align(8))]
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, Immutable, IntoBytes, KnownLayout,
)]
pub struct LinkCreateAttr {
    /// Also `map_fd`, v6.4.
    pub prog_fd: u32,
    /// Also `target_ifindex`, v5.9.
    pub target_fd: u32,
    /// `enum bpf_attach_type`.
    pub attach_type: u32,
    /// Zero.
    pub flags: u32,
    /// A union by attach type, v5.9; [`crate::fields`] has its members.
    pub detail: [u64; 6],
}
layout! {
    LinkCreateAttr: 64 {
        prog_fd @ 0, target_fd @ 4, attach_type @ 8, flags @ 12, detail @ 16,
    }
}

/// `BPF_LINK_UPDATE`, v5.7.
#[repr(C)]
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, Immutable, IntoBytes, KnownLayout,
)]
pub struct LinkUpdateAttr {
    /// Of the link.
    pub link_fd: u32,
    /// Also `new_map_fd`, v6.4.
    pub new_prog_fd: u32,
    /// `BPF_F_REPLACE`.
    pub flags: u32,
    /// Also `old_map_fd`, v6.4.
    pub old_prog_fd: u32,
}
layout! { LinkUpdateAttr: 16 { link_fd @ 0, new_prog_fd @ 4, flags @ 8, old_prog_fd @ 12 } }

/// `BPF_LINK_DETACH`, v5.9.
#[repr(C)]
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, Immutable, IntoBytes, KnownLayout,
)]
pub struct LinkDetachAttr {
    /// Of the link.
    pub link_fd: u32,
}
layout! { LinkDetachAttr: 4 { link_fd @ 0 } }

/// `BPF_ITER_CREATE`, v5.8.
#[repr(C)]
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, Immutable, IntoBytes, KnownLayout,
)]
pub struct IterCreateAttr {
    /// Of the link.
    pub link_fd: u32,
    /// Zero.
    pub flags: u32,
}
layout! { IterCreateAttr: 8 { link_fd @ 0, flags @ 4 } }

/// `BPF_ENABLE_STATS`, v5.8.
#[repr(C)]
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, Immutable, IntoBytes, KnownLayout,
)]
pub struct EnableStatsAttr {
    /// `enum bpf_stats_type`.
    pub r#type: u32,
}
layout! { EnableStatsAttr: 4 { r#type @ 0 } }

/// `BPF_RAW_TRACEPOINT_OPEN`, v4.17: ends at 24 since v6.10.
#[repr(C, align(8))]
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, Immutable, IntoBytes, KnownLayout,
)]
pub struct RawTracepointAttr {
    /// Of the tracepoint.
    pub name: UserAddr,
    /// Of the program.
    pub prog_fd: u32,
    /// Hole.
    pub pad12: [u8; 4],
    /// v6.10.
    pub cookie: u64,
}
layout! { RawTracepointAttr: 24 { name @ 0, prog_fd @ 8, cookie @ 16 } }
