//! What `BPF_OBJ_GET_INFO_BY_FD` answers.

use super::{UserAddr, layout};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// `struct bpf_prog_info` with every field up to v7.2: ends at 228.
#[repr(C, align(8))]
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, Immutable, IntoBytes, KnownLayout,
)]
pub struct ProgInfo {
    /// `enum bpf_prog_type`.
    pub r#type: u32,
    /// Of the program.
    pub id: u32,
    /// Of its instructions.
    pub tag: [u8; 8],
    /// In bytes.
    pub jited_prog_len: u32,
    /// In bytes.
    pub xlated_prog_len: u32,
    /// Where machine code goes.
    pub jited_prog_insns: UserAddr,
    /// Where instructions go.
    pub xlated_prog_insns: UserAddr,
    /// Nanoseconds since boot, v4.15.
    pub load_time: u64,
    /// v4.15.
    pub created_by_uid: u32,
    /// v4.15.
    pub nr_map_ids: u32,
    /// v4.15.
    pub map_ids: UserAddr,
    /// NUL-terminated, v4.15.
    pub name: [u8; 16],
    /// v4.16.
    pub ifindex: u32,
    /// Bit 0, v4.18.
    pub gpl_compatible: u32,
    /// v4.16.
    pub netns_dev: u64,
    /// v4.16.
    pub netns_ino: u64,
    /// v4.18.
    pub nr_jited_ksyms: u32,
    /// v4.18.
    pub nr_jited_func_lens: u32,
    /// v4.18.
    pub jited_ksyms: UserAddr,
    /// v4.18.
    pub jited_func_lens: UserAddr,
    /// v5.0.
    pub btf_id: u32,
    /// In bytes, v5.0.
    pub func_info_rec_size: u32,
    /// v5.0.
    pub func_info: UserAddr,
    /// v5.0.
    pub nr_func_info: u32,
    /// v5.0.
    pub nr_line_info: u32,
    /// v5.0.
    pub line_info: UserAddr,
    /// v5.0.
    pub jited_line_info: UserAddr,
    /// v5.0.
    pub nr_jited_line_info: u32,
    /// In bytes, v5.0.
    pub line_info_rec_size: u32,
    /// In bytes, v5.0.
    pub jited_line_info_rec_size: u32,
    /// v5.0.
    pub nr_prog_tags: u32,
    /// v5.0.
    pub prog_tags: UserAddr,
    /// v5.1.
    pub run_time_ns: u64,
    /// v5.1.
    pub run_cnt: u64,
    /// v5.12.
    pub recursion_misses: u64,
    /// v5.16.
    pub verified_insns: u32,
    /// v6.0.
    pub attach_btf_obj_id: u32,
    /// v6.0.
    pub attach_btf_id: u32,
    /// Padding at the end, no part of the arm.
    pub pad228: [u8; 4],
}
layout! {
    ProgInfo: 232 {
        r#type @ 0, id @ 4, tag @ 8, jited_prog_len @ 16, xlated_prog_len @ 20,
        jited_prog_insns @ 24, xlated_prog_insns @ 32, load_time @ 40, created_by_uid @ 48,
        nr_map_ids @ 52, map_ids @ 56, name @ 64, ifindex @ 80, gpl_compatible @ 84, netns_dev @ 88,
        netns_ino @ 96, nr_jited_ksyms @ 104, nr_jited_func_lens @ 108, jited_ksyms @ 112,
        jited_func_lens @ 120, btf_id @ 128, func_info_rec_size @ 132, func_info @ 136,
        nr_func_info @ 144, nr_line_info @ 148, line_info @ 152, jited_line_info @ 160,
        nr_jited_line_info @ 168, line_info_rec_size @ 172, jited_line_info_rec_size @ 176,
        nr_prog_tags @ 180, prog_tags @ 184, run_time_ns @ 192, run_cnt @ 200,
        recursion_misses @ 208, verified_insns @ 216, attach_btf_obj_id @ 220, attach_btf_id @ 224,
    }
}

/// `struct bpf_map_info` with every field up to v7.2: ends at 100.
#[repr(C, align(8))]
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, Immutable, IntoBytes, KnownLayout,
)]
pub struct MapInfo {
    /// `enum bpf_map_type`.
    pub r#type: u32,
    /// Of the map.
    pub id: u32,
    /// In bytes.
    pub key_size: u32,
    /// In bytes.
    pub value_size: u32,
    /// As created.
    pub max_entries: u32,
    /// [`crate::MapCreateFlags`].
    pub map_flags: u32,
    /// NUL-terminated, v4.15.
    pub name: [u8; 16],
    /// v4.16.
    pub ifindex: u32,
    /// v5.6.
    pub btf_vmlinux_value_type_id: u32,
    /// v4.16.
    pub netns_dev: u64,
    /// v4.16.
    pub netns_ino: u64,
    /// v4.18.
    pub btf_id: u32,
    /// v4.18.
    pub btf_key_type_id: u32,
    /// v4.18.
    pub btf_value_type_id: u32,
    /// v6.9.
    pub btf_vmlinux_id: u32,
    /// v5.16.
    pub map_extra: u64,
    /// v6.18.
    pub hash: UserAddr,
    /// In bytes, v6.18.
    pub hash_size: u32,
    /// Padding at the end, no part of the arm.
    pub pad100: [u8; 4],
}
layout! {
    MapInfo: 104 {
        r#type @ 0, id @ 4, key_size @ 8, value_size @ 12, max_entries @ 16, map_flags @ 20,
        name @ 24, ifindex @ 40, btf_vmlinux_value_type_id @ 44, netns_dev @ 48, netns_ino @ 56,
        btf_id @ 64, btf_key_type_id @ 68, btf_value_type_id @ 72, btf_vmlinux_id @ 76,
        map_extra @ 80, hash @ 88, hash_size @ 96,
    }
}

/// `struct bpf_btf_info`, v4.18: 32 bytes since v5.11.
#[repr(C, align(8))]
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, Immutable, IntoBytes, KnownLayout,
)]
pub struct BtfInfo {
    /// Where the BTF goes.
    pub btf: UserAddr,
    /// In: room; out: bytes.
    pub btf_size: u32,
    /// Of the BTF.
    pub id: u32,
    /// Where the name goes, v5.11.
    pub name: UserAddr,
    /// v5.11.
    pub name_len: u32,
    /// v5.11.
    pub kernel_btf: u32,
}
layout! {
    BtfInfo: 32 {
        btf @ 0, btf_size @ 8, id @ 12, name @ 16, name_len @ 24, kernel_btf @ 28,
    }
}

/// `struct bpf_link_info`, v5.8: 64 bytes since v6.8.
#[repr(C, align(8))]
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, Immutable, IntoBytes, KnownLayout,
)]
pub struct LinkInfo {
    /// `enum bpf_link_type`.
    pub r#type: u32,
    /// Of the link.
    pub id: u32,
    /// Of its program.
    pub prog_id: u32,
    /// Hole.
    pub pad12: [u8; 4],
    /// A union by link type; [`crate::fields`] has its members.
    pub detail: [u64; 6],
}
layout! { LinkInfo: 64 { r#type @ 0, id @ 4, prog_id @ 8, detail @ 16 } }
