//! Arms of the program commands.

use super::{UserAddr, layout};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// `BPF_PROG_LOAD` of v4.1 to v4.11: ends at 44.
#[repr(C, align(8))]
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, Immutable, IntoBytes, KnownLayout,
)]
pub struct ProgLoadAttrV4_4 {
    /// `enum bpf_prog_type`.
    pub prog_type: u32,
    /// Of 8 bytes each.
    pub insn_cnt: u32,
    /// The instructions.
    pub insns: UserAddr,
    /// NUL-terminated.
    pub license: UserAddr,
    /// 0 for no log.
    pub log_level: u32,
    /// In bytes.
    pub log_size: u32,
    /// Where the log goes.
    pub log_buf: UserAddr,
    /// Of kprobe programs; checked up to v4.20.
    pub kern_version: u32,
    /// Padding at the end, no part of the arm.
    pub pad44: [u8; 4],
}
layout! {
    ProgLoadAttrV4_4: 48 {
        prog_type @ 0, insn_cnt @ 4, insns @ 8, license @ 16, log_level @ 24, log_size @ 28,
        log_buf @ 32, kern_version @ 40,
    }
}

/// `BPF_PROG_LOAD` with every field up to v7.2: ends at 168.
#[repr(C, align(8))]
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, Immutable, IntoBytes, KnownLayout,
)]
pub struct ProgLoadAttr {
    /// `enum bpf_prog_type`.
    pub prog_type: u32,
    /// Of 8 bytes each.
    pub insn_cnt: u32,
    /// The instructions.
    pub insns: UserAddr,
    /// NUL-terminated.
    pub license: UserAddr,
    /// 0 for no log.
    pub log_level: u32,
    /// In bytes.
    pub log_size: u32,
    /// Where the log goes.
    pub log_buf: UserAddr,
    /// Of kprobe programs; checked up to v4.20.
    pub kern_version: u32,
    /// v4.12.
    pub prog_flags: u32,
    /// NUL-terminated, v4.15.
    pub prog_name: [u8; 16],
    /// Of an offloaded program, v4.15.
    pub prog_ifindex: u32,
    /// v4.17.
    pub expected_attach_type: u32,
    /// v5.0.
    pub prog_btf_fd: u32,
    /// In bytes, v5.0.
    pub func_info_rec_size: u32,
    /// v5.0.
    pub func_info: UserAddr,
    /// Records, v5.0.
    pub func_info_cnt: u32,
    /// In bytes, v5.0.
    pub line_info_rec_size: u32,
    /// v5.0.
    pub line_info: UserAddr,
    /// Records, v5.0.
    pub line_info_cnt: u32,
    /// v5.5.
    pub attach_btf_id: u32,
    /// v5.5; also `attach_btf_obj_fd`, v5.11.
    pub attach_prog_fd: u32,
    /// Records, v5.17.
    pub core_relo_cnt: u32,
    /// v5.14.
    pub fd_array: UserAddr,
    /// v5.17.
    pub core_relos: UserAddr,
    /// In bytes, v5.17.
    pub core_relo_rec_size: u32,
    /// Out: bytes that the whole log takes, v6.4.
    pub log_true_size: u32,
    /// With `BPF_F_TOKEN_FD`, v6.9.
    pub prog_token_fd: i32,
    /// v6.14.
    pub fd_array_cnt: u32,
    /// v6.18.
    pub signature: UserAddr,
    /// In bytes, v6.18.
    pub signature_size: u32,
    /// v6.18.
    pub keyring_id: i32,
}
layout! {
    ProgLoadAttr: 168 {
        prog_type @ 0, insn_cnt @ 4, insns @ 8, license @ 16, log_level @ 24, log_size @ 28,
        log_buf @ 32, kern_version @ 40, prog_flags @ 44, prog_name @ 48, prog_ifindex @ 64,
        expected_attach_type @ 68, prog_btf_fd @ 72, func_info_rec_size @ 76, func_info @ 80,
        func_info_cnt @ 88, line_info_rec_size @ 92, line_info @ 96, line_info_cnt @ 104,
        attach_btf_id @ 108, attach_prog_fd @ 112, core_relo_cnt @ 116, fd_array @ 120,
        core_relos @ 128, core_relo_rec_size @ 136, log_true_size @ 140, prog_token_fd @ 144,
        fd_array_cnt @ 148, signature @ 152, signature_size @ 160, keyring_id @ 164,
    }
}

/// `BPF_PROG_ATTACH` and `BPF_PROG_DETACH`, v4.10.
#[repr(C, align(8))]
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, Immutable, IntoBytes, KnownLayout,
)]
pub struct ProgAttachAttr {
    /// Also `target_ifindex`, v6.6.
    pub target_fd: u32,
    /// Of the program.
    pub attach_bpf_fd: u32,
    /// `enum bpf_attach_type`.
    pub attach_type: u32,
    /// v4.10.
    pub attach_flags: u32,
    /// With `BPF_F_REPLACE`, v5.6.
    pub replace_bpf_fd: u32,
    /// Also `relative_id`, v6.6.
    pub relative_fd: u32,
    /// v6.6.
    pub expected_revision: u64,
}
layout! {
    ProgAttachAttr: 32 {
        target_fd @ 0, attach_bpf_fd @ 4, attach_type @ 8, attach_flags @ 12, replace_bpf_fd @ 16,
        relative_fd @ 20, expected_revision @ 24,
    }
}

/// `BPF_PROG_TEST_RUN`, v4.12: ends at 76 since v5.18.
#[repr(C, align(8))]
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, Immutable, IntoBytes, KnownLayout,
)]
pub struct TestRunAttr {
    /// Of the program.
    pub prog_fd: u32,
    /// Out: what it returned.
    pub retval: u32,
    /// In bytes.
    pub data_size_in: u32,
    /// In: room; out: bytes.
    pub data_size_out: u32,
    /// The packet.
    pub data_in: UserAddr,
    /// Where the packet goes.
    pub data_out: UserAddr,
    /// How often; 0 means once.
    pub repeat: u32,
    /// Out: nanoseconds per run.
    pub duration: u32,
    /// In bytes, v5.2.
    pub ctx_size_in: u32,
    /// In: room; out: bytes, v5.2.
    pub ctx_size_out: u32,
    /// v5.2.
    pub ctx_in: UserAddr,
    /// v5.2.
    pub ctx_out: UserAddr,
    /// `BPF_F_TEST_…`, v5.10.
    pub flags: u32,
    /// With `BPF_F_TEST_RUN_ON_CPU`, v5.10.
    pub cpu: u32,
    /// With `BPF_F_TEST_XDP_LIVE_FRAMES`, v5.18.
    pub batch_size: u32,
    /// Padding at the end, no part of the arm.
    pub pad76: [u8; 4],
}
layout! {
    TestRunAttr: 80 {
        prog_fd @ 0, retval @ 4, data_size_in @ 8, data_size_out @ 12, data_in @ 16, data_out @ 24,
        repeat @ 32, duration @ 36, ctx_size_in @ 40, ctx_size_out @ 44, ctx_in @ 48, ctx_out @ 56,
        flags @ 64, cpu @ 68, batch_size @ 72,
    }
}

/// `BPF_PROG_QUERY`, v4.15: ends at 64 since v6.6.
#[repr(C, align(8))]
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, Immutable, IntoBytes, KnownLayout,
)]
pub struct QueryAttr {
    /// Also `target_ifindex`, v6.6.
    pub target_fd: u32,
    /// `enum bpf_attach_type`.
    pub attach_type: u32,
    /// `BPF_F_QUERY_EFFECTIVE`.
    pub query_flags: u32,
    /// Out.
    pub attach_flags: u32,
    /// Where the ids go.
    pub prog_ids: UserAddr,
    /// In: room; out: programs. `prog_cnt` up to v6.5.
    pub count: u32,
    /// Hole.
    pub pad28: [u8; 4],
    /// v6.0.
    pub prog_attach_flags: UserAddr,
    /// v6.6.
    pub link_ids: UserAddr,
    /// v6.6.
    pub link_attach_flags: UserAddr,
    /// Out, v6.6.
    pub revision: u64,
}
layout! {
    QueryAttr: 64 {
        target_fd @ 0, attach_type @ 4, query_flags @ 8, attach_flags @ 12, prog_ids @ 16,
        count @ 24, prog_attach_flags @ 32, link_ids @ 40, link_attach_flags @ 48, revision @ 56,
    }
}

/// `BPF_PROG_BIND_MAP`, v5.10.
#[repr(C)]
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, Immutable, IntoBytes, KnownLayout,
)]
pub struct ProgBindMapAttr {
    /// Of the program.
    pub prog_fd: u32,
    /// Of the map.
    pub map_fd: u32,
    /// Zero.
    pub flags: u32,
}
layout! { ProgBindMapAttr: 12 { prog_fd @ 0, map_fd @ 4, flags @ 8 } }

/// `BPF_PROG_STREAM_READ_BY_FD`, v6.17: ends at 20.
#[repr(C, align(8))]
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, Immutable, IntoBytes, KnownLayout,
)]
pub struct ProgStreamReadAttr {
    /// Where the text goes.
    pub stream_buf: UserAddr,
    /// In bytes.
    pub stream_buf_len: u32,
    /// Which stream.
    pub stream_id: u32,
    /// Of the program.
    pub prog_fd: u32,
    /// Padding at the end, no part of the arm.
    pub pad20: [u8; 4],
}
layout! {
    ProgStreamReadAttr: 24 {
        stream_buf @ 0, stream_buf_len @ 8, stream_id @ 12, prog_fd @ 16,
    }
}

/// `BPF_PROG_ASSOC_STRUCT_OPS`, v7.0. `CHECK_ATTR` ends before `flags`.
#[repr(C)]
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, Immutable, IntoBytes, KnownLayout,
)]
pub struct ProgAssocStructOpsAttr {
    /// Of the struct_ops map.
    pub map_fd: u32,
    /// Of the program.
    pub prog_fd: u32,
    /// Zero.
    pub flags: u32,
}
layout! { ProgAssocStructOpsAttr: 12 { map_fd @ 0, prog_fd @ 4, flags @ 8 } }
