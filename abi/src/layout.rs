//! Where every field of `union bpf_attr` and of the info structs is, and since when.
//!
//! Source: `data/attr_fields.csv`, made from record layouts of 63 headers, v4.1 to v7.2. Fields
//! that those headers all have are dated by `data/attr_sizes.csv`. No field ever moved.

use crate::release::Release;

/// One field. Members of a union share an offset; members of a nested struct have a dot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// `bpf_attr.MAP_CREATE`, `bpf_map_info`, …
    pub container: &'static str,
    /// The kernel's name.
    pub name: &'static str,
    /// In bytes from the start of the container.
    pub offset: u32,
    /// In bytes.
    pub size: u32,
    /// The kernel's type, as in `__u32` or `char[16]`.
    pub ctype: &'static str,
    /// The first release that has it.
    pub since: Release,
}

impl Field {
    /// First byte after the field.
    pub const fn end(&self) -> u32 {
        self.offset + self.size
    }
}

include!(concat!(env!("OUT_DIR"), "/layout.rs"));

/// The fields of `container` that `release` has, oldest first.
pub fn fields(container: &str, release: Release) -> impl Iterator<Item = &'static Field> {
    FIELDS.iter().filter(move |field| field.container == container && field.since <= release)
}
