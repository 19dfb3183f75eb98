//! How long `union bpf_attr`, its arms and the info structs are, per release.
//!
//! Source: `data/attr_sizes.csv`, made from record layouts of 63 headers.

use crate::release::Release;

/// What a number of bytes measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// `sizeof`, with padding at the end.
    Sizeof,
    /// `offsetofend` of the last member.
    End,
}

/// From `from` on, until the next row of the same container and measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SizeRow {
    /// `union bpf_attr`, `struct bpf_map_info`, `bpf_attr.MAP_CREATE`, …
    pub container: &'static str,
    /// The first release of this size.
    pub from: Release,
    /// How many.
    pub bytes: u32,
    /// Of what.
    pub measure: Measure,
}

include!(concat!(env!("OUT_DIR"), "/sizes.rs"));

fn find(container: &str, measure: Measure, release: Release) -> Option<u32> {
    let holds = |row: &&SizeRow| {
        row.container == container && row.measure == measure && row.from <= release
    };
    SIZES.iter().filter(holds).max_by_key(|row| row.from).map(|row| row.bytes)
}

/// Every row.
pub fn rows() -> &'static [SizeRow] {
    SIZES
}

/// `sizeof(container)` in bytes, as in `struct bpf_map_info`; none where `release` lacks it.
pub fn size_of(container: &str, release: Release) -> Option<u32> {
    find(container, Measure::Sizeof, release)
}

/// Where the last member of `container` ends, as in `bpf_attr.MAP_CREATE`; none where `release`
/// lacks it.
pub fn end_of(container: &str, release: Release) -> Option<u32> {
    find(container, Measure::End, release)
}

/// `sizeof(union bpf_attr)` in bytes: 0 before v3.18, and v7.2's after it.
pub fn attr_size(release: Release) -> u32 {
    size_of("union bpf_attr", release).unwrap_or(0)
}
