//! Flags of attaching, `BPF_F_…` of `include/uapi/linux/bpf.h`.

/// `BPF_F_ALLOW_OVERRIDE`, v4.10.
pub(crate) const OVERRIDE: u32 = 1;
/// `BPF_F_ALLOW_MULTI`, v4.15.
pub(crate) const MULTI: u32 = 2;
/// `BPF_F_REPLACE`, v5.6.
pub(crate) const REPLACE: u32 = 4;
/// `BPF_F_BEFORE`, v6.6.
pub(crate) const BEFORE: u32 = 8;
/// `BPF_F_AFTER`, v6.6.
pub(crate) const AFTER: u32 = 16;
/// `BPF_F_ID`, v6.6.
pub(crate) const ID: u32 = 32;
/// `BPF_F_PREORDER`, v6.15.
pub(crate) const PREORDER: u32 = 64;
/// `BPF_F_LINK`, v6.6 for attaching.
pub(crate) const LINK: u32 = 1 << 13;
/// `BPF_F_QUERY_EFFECTIVE`, v4.15.
pub(crate) const EFFECTIVE: u32 = 1;
/// `BPF_F_ATTACH_MASK_MPROG`.
pub(crate) const MPROG: u32 = REPLACE | BEFORE | AFTER | ID | LINK;
