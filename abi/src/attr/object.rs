//! Arms of the commands about any object: pins, ids, infos, BTF, tokens.

use super::{UserAddr, layout};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// `BPF_OBJ_PIN` and `BPF_OBJ_GET` of v4.4 to v4.14: ends at 12.
#[repr(C, align(8))]
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, Immutable, IntoBytes, KnownLayout,
)]
pub struct ObjAttrV4_4 {
    /// NUL-terminated.
    pub pathname: UserAddr,
    /// Of the object.
    pub bpf_fd: u32,
    /// Padding at the end, no part of the arm.
    pub pad12: [u8; 4],
}
layout! { ObjAttrV4_4: 16 { pathname @ 0, bpf_fd @ 8 } }

/// `BPF_OBJ_PIN` and `BPF_OBJ_GET` with every field up to v7.2: ends at 20.
#[repr(C, align(8))]
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, Immutable, IntoBytes, KnownLayout,
)]
pub struct ObjAttr {
    /// NUL-terminated.
    pub pathname: UserAddr,
    /// Of the object.
    pub bpf_fd: u32,
    /// v4.15.
    pub file_flags: u32,
    /// With `BPF_F_PATH_FD`, v6.5.
    pub path_fd: i32,
    /// Padding at the end, no part of the arm.
    pub pad20: [u8; 4],
}
layout! { ObjAttr: 24 { pathname @ 0, bpf_fd @ 8, file_flags @ 12, path_fd @ 16 } }

/// `BPF_*_GET_NEXT_ID` and `BPF_*_GET_FD_BY_ID`, v4.13.
#[repr(C)]
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, Immutable, IntoBytes, KnownLayout,
)]
pub struct GetIdAttr {
    /// `start_id`, `prog_id`, `map_id`, `btf_id` or `link_id`.
    pub id: u32,
    /// Out.
    pub next_id: u32,
    /// v4.15.
    pub open_flags: u32,
    /// v6.15.
    pub fd_by_id_token_fd: i32,
}
layout! { GetIdAttr: 16 { id @ 0, next_id @ 4, open_flags @ 8, fd_by_id_token_fd @ 12 } }

/// `BPF_OBJ_GET_INFO_BY_FD`, v4.13.
#[repr(C, align(8))]
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, Immutable, IntoBytes, KnownLayout,
)]
pub struct InfoAttr {
    /// Of the object.
    pub bpf_fd: u32,
    /// In: room; out: bytes.
    pub info_len: u32,
    /// Where the info struct is.
    pub info: UserAddr,
}
layout! { InfoAttr: 16 { bpf_fd @ 0, info_len @ 4, info @ 8 } }

/// `BPF_BTF_LOAD`, v4.18: ends at 40 since v6.9.
#[repr(C, align(8))]
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, Immutable, IntoBytes, KnownLayout,
)]
pub struct BtfLoadAttr {
    /// The BTF.
    pub btf: UserAddr,
    /// Where the log goes.
    pub btf_log_buf: UserAddr,
    /// In bytes.
    pub btf_size: u32,
    /// In bytes.
    pub btf_log_size: u32,
    /// 0 for no log.
    pub btf_log_level: u32,
    /// Out: bytes that the whole log takes, v6.4.
    pub btf_log_true_size: u32,
    /// v6.9.
    pub btf_flags: u32,
    /// With `BPF_F_TOKEN_FD`, v6.9.
    pub btf_token_fd: i32,
}
layout! {
    BtfLoadAttr: 40 {
        btf @ 0, btf_log_buf @ 8, btf_size @ 16, btf_log_size @ 20, btf_log_level @ 24,
        btf_log_true_size @ 28, btf_flags @ 32, btf_token_fd @ 36,
    }
}

/// `BPF_TASK_FD_QUERY`, v4.18.
#[repr(C, align(8))]
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, Immutable, IntoBytes, KnownLayout,
)]
pub struct TaskFdQueryAttr {
    /// Whose fd.
    pub pid: u32,
    /// Which.
    pub fd: u32,
    /// Zero.
    pub flags: u32,
    /// In: room; out: bytes.
    pub buf_len: u32,
    /// Where the name goes.
    pub buf: UserAddr,
    /// Out.
    pub prog_id: u32,
    /// Out.
    pub fd_type: u32,
    /// Out.
    pub probe_offset: u64,
    /// Out.
    pub probe_addr: u64,
}
layout! {
    TaskFdQueryAttr: 48 {
        pid @ 0, fd @ 4, flags @ 8, buf_len @ 12, buf @ 16, prog_id @ 24, fd_type @ 28,
        probe_offset @ 32, probe_addr @ 40,
    }
}

/// `BPF_TOKEN_CREATE`, v6.9.
#[repr(C)]
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, Immutable, IntoBytes, KnownLayout,
)]
pub struct TokenCreateAttr {
    /// Zero.
    pub flags: u32,
    /// Of the mount.
    pub bpffs_fd: u32,
}
layout! { TokenCreateAttr: 8 { flags @ 0, bpffs_fd @ 4 } }
