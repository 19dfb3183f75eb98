//! A bpffs with one directory: names for objects that outlive their fds.

use crate::core::ObjectId;
use bpfsim_abi::Errno;
use std::collections::BTreeMap;

/// Where bpffs is mounted.
pub const MOUNT: &str = "/sys/fs/bpf/";

/// Directories that are there beside bpffs.
const OTHERS: [&str; 4] = ["/", "/sys", "/sys/fs", "/tmp"];

/// The same without the slash.
const DIRECTORY: &str = "/sys/fs/bpf";

/// `NAME_MAX`.
const NAME_MAX: usize = 255;

/// Pinned objects by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pins {
    names: BTreeMap<String, ObjectId>,
}

/// What a path leads to, as far as this file system goes.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Found<'a> {
    /// A directory; `.` and `..` lead there too.
    Directory,
    /// A name in bpffs, and whether a slash stands behind it.
    Name(&'a str, bool),
    /// A name in another directory.
    Elsewhere,
}

impl Pins {
    /// Pins an object, in the kernel's order: the path first, then the file system it is on.
    pub fn pin(&mut self, path: &str, object: ObjectId) -> Result<(), Errno> {
        match self.find(path)? {
            Found::Directory => Err(Errno::EEXIST),
            Found::Elsewhere => Err(Errno::EPERM),
            Found::Name(name, _) if self.names.contains_key(name) => Err(Errno::EEXIST),
            Found::Name(_, true) => Err(Errno::ENOENT),
            Found::Name(name, false) => {
                self.names.insert(name.to_owned(), object);
                Ok(())
            }
        }
    }

    /// The object with this path.
    pub fn get(&self, path: &str) -> Result<ObjectId, Errno> {
        match self.find(path)? {
            Found::Directory => Err(Errno::EACCES),
            Found::Elsewhere => Err(Errno::ENOENT),
            Found::Name(name, slash) => match self.names.get(name) {
                Some(_) if slash => Err(Errno::ENOTDIR),
                found => found.copied().ok_or(Errno::ENOENT),
            },
        }
    }

    /// unlink(2) on a pin.
    pub fn unlink(&mut self, path: &str) -> Result<ObjectId, Errno> {
        let name = path.strip_prefix(MOUNT).ok_or(Errno::ENOENT)?;
        self.names.remove(name).ok_or(Errno::ENOENT)
    }

    fn find<'a>(&self, path: &'a str) -> Result<Found<'a>, Errno> {
        let bare = path.trim_end_matches('/');
        let bare = if bare.is_empty() { "/" } else { bare };
        if bare == DIRECTORY || OTHERS.contains(&bare) {
            return Ok(Found::Directory);
        }
        let (parent, name) = bare.rsplit_once('/').ok_or(Errno::ENOENT)?;
        let parent = parent.trim_end_matches('/');
        let parent = if parent.is_empty() { "/" } else { parent };
        if parent != DIRECTORY && !OTHERS.contains(&parent) {
            return Err(self.missing(parent));
        }
        match name {
            "." | ".." => Ok(Found::Directory),
            name if name.len() > NAME_MAX => Err(Errno::ENAMETOOLONG),
            _ if parent != DIRECTORY => Ok(Found::Elsewhere),
            // bpffs keeps names with a dot for itself.
            name if name.contains('.') => Err(Errno::EPERM),
            name => Ok(Found::Name(name, bare.len() < path.len())),
        }
    }

    /// Why a path does not lead through `parent`.
    fn missing(&self, parent: &str) -> Errno {
        let pinned = parent.strip_prefix(MOUNT).is_some_and(|name| self.names.contains_key(name));
        if pinned { Errno::ENOTDIR } else { Errno::ENOENT }
    }
}
