//! What a release says about BTF: limits, kinds, and which checks there are.

use super::kind::Kind;
use crate::era::v;
use bpfsim_abi::Release;

/// The first release of each kind that is not as old as BTF itself.
const KINDS: [(Kind, Release); 8] = [
    (Kind::Func, v(5, 0)),
    (Kind::FuncProto, v(5, 0)),
    (Kind::Var, v(5, 2)),
    (Kind::Datasec, v(5, 2)),
    (Kind::Float, v(5, 13)),
    (Kind::DeclTag, v(5, 16)),
    (Kind::TypeTag, v(5, 17)),
    (Kind::Enum64, v(6, 0)),
];

/// The rules of one release.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    release: Release,
}

impl Rules {
    /// The rules of `release`.
    pub const fn new(release: Release) -> Self {
        Self { release }
    }

    /// The release itself.
    pub const fn release(self) -> Release {
        self.release
    }

    /// The release is `major.minor` or later.
    pub fn since(self, major: u8, minor: u8) -> bool {
        self.release >= v(major, minor)
    }

    /// The release has types of this kind.
    pub fn has(self, kind: Kind) -> bool {
        let late = KINDS.iter().find(|(one, _)| *one == kind);
        kind != Kind::Void && late.is_none_or(|(_, since)| *since <= self.release)
    }

    /// Bits of `info` that are in use: `BTF_INFO_MASK`.
    pub fn info_mask(self) -> u32 {
        match () {
            () if self.since(5, 13) => 0x9f00_ffff,
            () if self.since(5, 0) => 0x8f00_ffff,
            () => 0x0f00_ffff,
        }
    }

    /// `BTF_MAX_TYPE`: raised in v5.4 (a0791f0df7d2).
    pub fn max_type(self) -> u32 {
        if self.since(5, 4) { 0xf_ffff } else { 0xffff }
    }

    /// `BTF_MAX_NAME_OFFSET`: raised in v5.4 (a0791f0df7d2).
    pub fn max_name_offset(self) -> u32 {
        if self.since(5, 4) { 0xff_ffff } else { 0xffff }
    }

    /// `KSYM_NAME_LEN`: raised in v6.1 (b8a94bfb3395).
    pub fn max_name(self) -> usize {
        if self.since(6, 1) { 512 } else { 128 }
    }

    /// Bits of the widest integer: 128 since v5.1 (b1e8818cabf4).
    pub fn max_bits(self) -> u32 {
        if self.since(5, 1) { 128 } else { 64 }
    }

    /// Bytes of `struct btf_header`: v7.1 knows a section of layouts.
    pub fn header(self) -> usize {
        if self.since(7, 1) { 32 } else { 24 }
    }
}
