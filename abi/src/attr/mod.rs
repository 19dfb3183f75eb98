//! The arms of `union bpf_attr` and the info structs, as the bytes that cross the boundary.
//!
//! Source: `include/uapi/linux/bpf.h`. A struct without a release in its name has every field up
//! to v7.2; a release that lacks some of them ends earlier (see [`crate::sizes`]), and whoever
//! checks them uses [`crate::check_attr_end`]. Holes and padding are fields called `pad…`.

mod info;
mod link;
mod map;
mod object;
mod prog;

pub use info::{BtfInfo, LinkInfo, MapInfo, ProgInfo};
pub use link::{
    EnableStatsAttr, IterCreateAttr, LinkCreateAttr, LinkDetachAttr, LinkUpdateAttr,
    RawTracepointAttr,
};
pub use map::{
    BatchAttr, MapCreateAttr, MapCreateAttrV4_4, MapCreateAttrV4_6, MapElemAttr, MapElemCpuAttr,
};
pub use object::{
    BtfLoadAttr, GetIdAttr, InfoAttr, ObjAttr, ObjAttrV4_4, TaskFdQueryAttr, TokenCreateAttr,
};
pub use prog::{
    ProgAssocStructOpsAttr, ProgAttachAttr, ProgBindMapAttr, ProgLoadAttr, ProgLoadAttrV4_4,
    ProgStreamReadAttr, QueryAttr, TestRunAttr,
};

use std::fmt;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// An address in the caller's memory. What it points to is the caller's business.
#[repr(transparent)]
#[derive(
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    FromBytes,
    Immutable,
    IntoBytes,
    KnownLayout,
)]
pub struct UserAddr(pub u64);

impl UserAddr {
    /// NULL.
    pub const NULL: UserAddr = UserAddr(0);

    /// Whether this is NULL.
    pub const fn is_null(self) -> bool {
        self.0 == 0
    }

    /// The address `bytes` further on; none past the end of the address space.
    pub const fn checked_add(self, bytes: u64) -> Option<UserAddr> {
        match self.0.checked_add(bytes) {
            Some(address) => Some(UserAddr(address)),
            None => None,
        }
    }
}

impl fmt::Debug for UserAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UserAddr({:#x})", self.0)
    }
}

impl fmt::Display for UserAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.0)
    }
}

/// Where one field of an arm is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldAt {
    /// Its name here; the kernel's, except where a union has several.
    pub name: &'static str,
    /// In bytes.
    pub offset: usize,
    /// In bytes.
    pub size: usize,
}

/// A struct whose size and offsets are pinned at compile time.
pub trait Layout {
    /// Every field but holes and padding, in order.
    fn fields() -> Vec<FieldAt>;
}

/// Pins the size of a struct and the offset of every field that is no padding.
macro_rules! layout {
    ($arm:ident: $size:literal { $($field:ident @ $offset:literal),* $(,)? }) => {
        const _: () = {
            assert!(size_of::<$arm>() == $size);
            $(assert!(::memoffset::offset_of!($arm, $field) == $offset);)*
        };

        impl $crate::attr::Layout for $arm {
            fn fields() -> Vec<$crate::attr::FieldAt> {
                vec![$({
                    let span = ::memoffset::span_of!($arm, $field);
                    $crate::attr::FieldAt {
                        name: stringify!($field).trim_start_matches("r#"),
                        offset: span.start,
                        size: span.end - span.start,
                    }
                }),*]
            }
        }
    };
}
pub(crate) use layout;

/// An arm from the first bytes of an attr: what is missing reads as zero, what is more is left.
///
/// A caller may pass any size from 0 to `sizeof(union bpf_attr)`, and a field may be cut in half.
#[inline]
pub fn read_arm<T: FromBytes + IntoBytes>(bytes: &[u8]) -> T {
    let mut arm = T::new_zeroed();
    let to = arm.as_mut_bytes();
    let copied = to.len().min(bytes.len());
    to[..copied].copy_from_slice(&bytes[..copied]);
    arm
}
