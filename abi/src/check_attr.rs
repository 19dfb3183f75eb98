//! How far a command's attr may be nonzero: `CHECK_ATTR` and the `*_LAST_FIELD` macros.
//!
//! Source: `data/cmd_last_field.csv`, made from `kernel/bpf/syscall.c` of v3.18 to v7.1. Its
//! `source` column names the releases that were read; v3.19 to v4.18 without a gap, later with
//! v5.1, v5.5, v5.13, v5.16, v5.18, v6.7, v6.11, v6.15, v6.16 and v7.2 missing.

use crate::release::Release;

/// From `from` on, until the next row of the same command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastField {
    /// Number of the command.
    pub cmd: u32,
    /// The first release with this last field.
    pub from: Release,
    /// The arm of `union bpf_attr`, as in `bpf_attr.MAP_CREATE`.
    pub container: &'static str,
    /// The last field that may be nonzero.
    pub field: &'static str,
    /// First byte that must be zero; all bytes from here to `sizeof(union bpf_attr)` must.
    pub end: u32,
    /// The kernel sources that were read, or `unknown` and what the row derives from.
    pub source: &'static str,
}

include!(concat!(env!("OUT_DIR"), "/check_attr.rs"));

/// Every row, by command and release.
pub fn rows() -> &'static [LastField] {
    LAST_FIELDS
}

/// The row of `cmd` that holds in `release`; none where `release` lacks the command.
pub fn last_field(cmd: u32, release: Release) -> Option<&'static LastField> {
    let holds = |row: &&LastField| row.cmd == cmd && row.from <= release;
    LAST_FIELDS.iter().filter(holds).max_by_key(|row| row.from)
}

/// First byte of attr that `CHECK_ATTR` wants zero, or none where `release` lacks `cmd`.
pub fn check_attr_end(cmd: u32, release: Release) -> Option<u32> {
    last_field(cmd, release).map(|row| row.end)
}
