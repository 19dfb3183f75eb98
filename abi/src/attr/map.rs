//! Arms of the map commands.

use super::{UserAddr, layout};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// `BPF_MAP_CREATE` up to v4.5: ends at 16.
#[repr(C)]
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, Immutable, IntoBytes, KnownLayout,
)]
pub struct MapCreateAttrV4_4 {
    /// `enum bpf_map_type`.
    pub map_type: u32,
    /// In bytes.
    pub key_size: u32,
    /// In bytes.
    pub value_size: u32,
    /// Elements; bytes for a ring buffer.
    pub max_entries: u32,
}
layout! { MapCreateAttrV4_4: 16 { map_type @ 0, key_size @ 4, value_size @ 8, max_entries @ 12 } }

/// `BPF_MAP_CREATE` of v4.6 to v4.11: ends at 20.
#[repr(C)]
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, Immutable, IntoBytes, KnownLayout,
)]
pub struct MapCreateAttrV4_6 {
    /// `enum bpf_map_type`.
    pub map_type: u32,
    /// In bytes.
    pub key_size: u32,
    /// In bytes.
    pub value_size: u32,
    /// Elements; bytes for a ring buffer.
    pub max_entries: u32,
    /// [`crate::MapCreateFlags`], v4.6.
    pub map_flags: u32,
}
layout! {
    MapCreateAttrV4_6: 20 {
        map_type @ 0, key_size @ 4, value_size @ 8, max_entries @ 12, map_flags @ 16,
    }
}

/// `BPF_MAP_CREATE` with every field up to v7.2: ends at 92.
#[repr(C, align(8))]
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, Immutable, IntoBytes, KnownLayout,
)]
pub struct MapCreateAttr {
    /// `enum bpf_map_type`.
    pub map_type: u32,
    /// In bytes.
    pub key_size: u32,
    /// In bytes.
    pub value_size: u32,
    /// Elements; bytes for a ring buffer.
    pub max_entries: u32,
    /// [`crate::MapCreateFlags`], v4.6.
    pub map_flags: u32,
    /// Of a map of maps, v4.12.
    pub inner_map_fd: u32,
    /// With `BPF_F_NUMA_NODE`, v4.14.
    pub numa_node: u32,
    /// NUL-terminated, v4.15.
    pub map_name: [u8; 16],
    /// Of an offloaded map, v4.16.
    pub map_ifindex: u32,
    /// v4.18.
    pub btf_fd: u32,
    /// v4.18.
    pub btf_key_type_id: u32,
    /// v4.18.
    pub btf_value_type_id: u32,
    /// Of a struct_ops map, v5.6.
    pub btf_vmlinux_value_type_id: u32,
    /// Of a bloom filter or an arena, v5.16.
    pub map_extra: u64,
    /// With `BPF_F_VTYPE_BTF_OBJ_FD`, v6.9.
    pub value_type_btf_obj_fd: i32,
    /// With `BPF_F_TOKEN_FD`, v6.9.
    pub map_token_fd: i32,
    /// Hash of the only program that may use it, v6.18.
    pub excl_prog_hash: UserAddr,
    /// In bytes, v6.18.
    pub excl_prog_hash_size: u32,
    /// Padding at the end, no part of the arm.
    pub pad92: [u8; 4],
}
layout! {
    MapCreateAttr: 96 {
        map_type @ 0, key_size @ 4, value_size @ 8, max_entries @ 12, map_flags @ 16,
        inner_map_fd @ 20, numa_node @ 24, map_name @ 28, map_ifindex @ 44, btf_fd @ 48,
        btf_key_type_id @ 52, btf_value_type_id @ 56, btf_vmlinux_value_type_id @ 60,
        map_extra @ 64, value_type_btf_obj_fd @ 72, map_token_fd @ 76, excl_prog_hash @ 80,
        excl_prog_hash_size @ 88,
    }
}

/// The element commands, `BPF_MAP_GET_NEXT_KEY` and `BPF_MAP_FREEZE`.
///
/// Bytes 4 to 7 are a hole that the kernel never looks at.
#[repr(C, align(8))]
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, Immutable, IntoBytes, KnownLayout,
)]
pub struct MapElemAttr {
    /// Of the map.
    pub map_fd: u32,
    /// Hole.
    pub pad4: [u8; 4],
    /// `key_size` bytes.
    pub key: UserAddr,
    /// `value`, or `next_key` for `BPF_MAP_GET_NEXT_KEY`.
    pub value: UserAddr,
    /// [`crate::MapUpdateFlags`], v3.19.
    pub flags: u64,
}
layout! { MapElemAttr: 32 { map_fd @ 0, key @ 8, value @ 16, flags @ 24 } }

/// The element arm with a `cpu` after `flags`, as patch series of 2016 propose it. No release has
/// it.
#[repr(C, align(8))]
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, Immutable, IntoBytes, KnownLayout,
)]
pub struct MapElemCpuAttr {
    /// Of the map.
    pub map_fd: u32,
    /// Hole.
    pub pad4: [u8; 4],
    /// `key_size` bytes.
    pub key: UserAddr,
    /// `value`, or `next_key` for `BPF_MAP_GET_NEXT_KEY`.
    pub value: UserAddr,
    /// [`crate::MapUpdateFlags`], v3.19.
    pub flags: u64,
    /// The CPU whose value is meant. Proposed, never merged.
    pub cpu: u32,
    /// Padding at the end, no part of the arm.
    pub pad36: [u8; 4],
}
layout! { MapElemCpuAttr: 40 { map_fd @ 0, key @ 8, value @ 16, flags @ 24, cpu @ 32 } }

/// The four batch commands, v5.6.
#[repr(C, align(8))]
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, Immutable, IntoBytes, KnownLayout,
)]
pub struct BatchAttr {
    /// Where to go on; NULL to begin.
    pub in_batch: UserAddr,
    /// Where the next batch goes on.
    pub out_batch: UserAddr,
    /// `count` keys.
    pub keys: UserAddr,
    /// `count` values.
    pub values: UserAddr,
    /// In: room; out: elements done.
    pub count: u32,
    /// Of the map.
    pub map_fd: u32,
    /// [`crate::MapUpdateFlags`] of each element.
    pub elem_flags: u64,
    /// Of the batch.
    pub flags: u64,
}
layout! {
    BatchAttr: 56 {
        in_batch @ 0, out_batch @ 8, keys @ 16, values @ 24, count @ 32, map_fd @ 36,
        elem_flags @ 40, flags @ 48,
    }
}
