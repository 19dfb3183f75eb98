//! What a bpffs consists of.

use crate::core::ObjectId;
use std::collections::BTreeMap;

/// A directory, as an fd or the caller's working directory stands for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Dir(pub(super) u32);

impl Dir {
    /// `/`.
    pub const ROOT: Dir = Dir(0);
}

/// An inode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Node {
    pub body: Body,
    /// Permissions, set-id and sticky bits.
    pub mode: u16,
    pub uid: u32,
    pub gid: u32,
    pub nlink: u32,
}

/// What an inode is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Body {
    Directory {
        entries: BTreeMap<Vec<u8>, u32>,
        parent: u32,
        /// Of another file system than bpffs.
        foreign: bool,
    },
    Symlink(Vec<u8>),
    Object(ObjectId),
}

impl Node {
    /// A directory of root's.
    pub fn directory(parent: u32, foreign: bool, mode: u16) -> Self {
        let body = Body::Directory { entries: BTreeMap::new(), parent, foreign };
        Self { body, mode, uid: 0, gid: 0, nlink: 2 }
    }

    /// Is a directory of another file system.
    pub fn foreign(&self) -> bool {
        matches!(self.body, Body::Directory { foreign: true, .. })
    }
}
