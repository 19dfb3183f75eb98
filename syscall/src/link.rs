//! A link, v5.7: what ties a program to a hook, as an object of its own.

use crate::attach::Place;

/// Numbers of `enum bpf_link_type`.
pub mod kind {
    /// `BPF_LINK_TYPE_RAW_TRACEPOINT`.
    pub const RAW_TRACEPOINT: u32 = 1;
    /// `BPF_LINK_TYPE_CGROUP`.
    pub const CGROUP: u32 = 3;
    /// `BPF_LINK_TYPE_NETNS`.
    pub const NETNS: u32 = 5;
    /// `BPF_LINK_TYPE_XDP`.
    pub const XDP: u32 = 6;
    /// `BPF_LINK_TYPE_NETFILTER`.
    pub const NETFILTER: u32 = 10;
    /// `BPF_LINK_TYPE_TCX`.
    pub const TCX: u32 = 11;
}

/// One link. Its program is held by the object store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Link {
    /// Number in `enum bpf_link_type`.
    pub kind: u32,
    /// Handle of the program; struct_ops links have none.
    pub program: Option<u32>,
    /// Number in `enum bpf_attach_type`.
    pub attach_type: u32,
    /// What it is attached to; none once it is detached.
    pub place: Option<Place>,
    /// What the program may ask for (`bpf_get_attach_cookie()`).
    pub cookie: u64,
}
