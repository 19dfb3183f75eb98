//! What stat(2) and `ls -l` show of a bpffs.

use super::Bpffs;
use super::access::{Creds, Mask};
use super::node::{Body, Dir};
use crate::core::ObjectId;
use bpfsim_abi::Errno;
use std::fmt;

/// What a name stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A directory.
    Directory,
    /// A symbolic link, with its target.
    Symlink(Vec<u8>),
    /// A pinned object: a regular file that opens as nothing but the object.
    Object(ObjectId),
}

/// What is known of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stat {
    /// What it is.
    pub kind: Kind,
    /// Permissions, set-id and sticky bits.
    pub mode: u16,
    /// How many names it has.
    pub nlink: u32,
    /// Its owner.
    pub uid: u32,
    /// Its group.
    pub gid: u32,
}

/// One line of a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The name, without the directory.
    pub name: Vec<u8>,
    /// What it stands for.
    pub stat: Stat,
}

impl Stat {
    /// As `ls -l` writes it: `-rw-------`.
    pub fn mode_text(&self) -> String {
        let kind = match self.kind {
            Kind::Directory => 'd',
            Kind::Symlink(_) => 'l',
            Kind::Object(_) => '-',
        };
        let bit = |shift: u16, letter: char| match self.mode >> shift & 1 {
            0 => '-',
            _ => letter,
        };
        let mut text = String::from(kind);
        for (at, special, letter) in [(6, 11, 's'), (3, 10, 's'), (0, 9, 't')] {
            text.push(bit(at + 2, 'r'));
            text.push(bit(at + 1, 'w'));
            text.push(match (self.mode >> special & 1, self.mode >> at & 1) {
                (0, _) => bit(at, 'x'),
                (_, 0) => letter.to_ascii_uppercase(),
                (_, _) => letter,
            });
        }
        text
    }
}

/// Mode, names, owner, group, name: a line of `ls -n` without size and date.
impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Stat { nlink, uid, gid, .. } = self.stat;
        let name = String::from_utf8_lossy(&self.name);
        write!(f, "{} {nlink} {uid} {gid} {name}", self.stat.mode_text())?;
        match &self.stat.kind {
            Kind::Symlink(target) => write!(f, " -> {}", String::from_utf8_lossy(target)),
            Kind::Directory | Kind::Object(_) => Ok(()),
        }
    }
}

impl Bpffs {
    fn describe(&self, at: u32) -> Stat {
        let node = self.node(at);
        let kind = match &node.body {
            Body::Directory { .. } => Kind::Directory,
            Body::Symlink(target) => Kind::Symlink(target.clone()),
            Body::Object(object) => Kind::Object(*object),
        };
        Stat { kind, mode: node.mode, nlink: node.nlink, uid: node.uid, gid: node.gid }
    }

    /// stat(2), or lstat(2) when a last link is not followed.
    pub fn stat(&self, who: &Creds, from: Dir, path: &[u8], follow: bool) -> Result<Stat, Errno> {
        self.resolve(who, from.0, path, follow).map(|at| self.describe(at))
    }

    /// What a directory holds, by name. Errors: ENOTDIR, EACCES without the right to read it.
    pub fn list(&self, who: &Creds, from: Dir, path: &[u8]) -> Result<Vec<Entry>, Errno> {
        let at = self.resolve(who, from.0, path, true)?;
        let Body::Directory { entries, .. } = &self.node(at).body else {
            return Err(Errno::ENOTDIR);
        };
        self.permit(who, at, Mask::READ)?;
        let entry = |(name, node): (&Vec<u8>, &u32)| Entry {
            name: name.clone(),
            stat: self.describe(*node),
        };
        Ok(entries.iter().map(entry).collect())
    }
}
