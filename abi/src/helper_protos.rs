//! Prototypes of helpers 1 to 26, 42, 87 to 89, 118, 125, 160, 195 and 208, and which program may
//! call them in which release.
//!
//! Source: `data/helper_protos.csv` and `data/helper_use.csv`, made from `net/core/filter.c`,
//! `kernel/trace/bpf_trace.c` and `kernel/bpf/helpers.c` of v3.18 to v7.1. Prototypes stand in
//! the argument classes of v4.4, which know neither buffers that a helper fills (v4.7) nor sizes
//! that may be zero (v4.15 and later, helper by helper): [`ProtoRow`] says since when those hold.

use crate::helper::{Arg, HelperProto, Ret};
use crate::release::Release;

/// The capability that a helper asks the loading task for, beside what the program type asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cap {
    /// None.
    None,
    /// `CAP_SYS_ADMIN`.
    SysAdmin,
    /// `CAP_BPF` or `CAP_SYS_ADMIN`, v5.8.
    Bpf,
    /// `CAP_PERFMON` or `CAP_SYS_ADMIN`, v5.8.
    Perfmon,
}

/// A prototype from a release on, until the next row with the same key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProtoRow {
    /// The kernel's name of the prototype: `bpf_KEY_proto`.
    pub key: &'static str,
    /// The first release that declares it so.
    pub from: Release,
    /// Since when the buffer of its [`Arg::Stack`] may be uninitialised, because the helper fills
    /// it (`ARG_PTR_TO_RAW_STACK`, later `ARG_PTR_TO_UNINIT_MEM`).
    pub uninit_since: Option<Release>,
    /// Since when its [`Arg::ConstStackSize`] may be zero (`ARG_CONST_SIZE_OR_ZERO`).
    pub zero_size_since: Option<Release>,
    /// The prototype.
    pub proto: HelperProto,
}

/// A program type may call a helper from a release on, until the next row for the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HelperUse {
    /// Number of the program type.
    pub prog_type: u32,
    /// Number of the helper.
    pub id: u32,
    /// The first release in which it may.
    pub from: Release,
    /// Key of the prototype that it gets; `none` where the permission ends.
    pub proto: &'static str,
    /// What the loading task needs; without it the helper is unknown to this program.
    pub needs_cap: Cap,
    /// The kernel sources that were read.
    pub source: &'static str,
}

include!(concat!(env!("OUT_DIR"), "/helper_protos.rs"));
include!(concat!(env!("OUT_DIR"), "/helper_use.rs"));

/// Every prototype, by number and release.
pub fn protos() -> &'static [ProtoRow] {
    PROTOS
}

/// Every permission, by program type, helper and release.
pub fn uses() -> &'static [HelperUse] {
    USES
}

/// The permission of `prog_type` to call `id` in `release`; none where there never was one.
pub fn helper_use(prog_type: u32, id: u32, release: Release) -> Option<&'static HelperUse> {
    let holds =
        |row: &&HelperUse| row.prog_type == prog_type && row.id == id && row.from <= release;
    USES.iter().filter(holds).max_by_key(|row| row.from)
}

/// The prototype called `key` as `release` declares it, with its later relaxations.
pub fn proto_row(key: &str, release: Release) -> Option<&'static ProtoRow> {
    let holds = |row: &&ProtoRow| row.key == key && row.from <= release;
    PROTOS.iter().filter(holds).max_by_key(|row| row.from)
}

/// What a program of `prog_type` gets when it calls helper `id` in `release`, whatever its task
/// may do ([`helper_use`] says what it needs); none for a helper that it may not call.
pub fn helper(prog_type: u32, id: u32, release: Release) -> Option<&'static HelperProto> {
    let row = helper_use(prog_type, id, release)?;
    proto_row(row.proto, release).map(|row| &row.proto)
}
