//! A bpffs with one directory: names for objects that outlive their fds.

use crate::core::ObjectId;
use bpfsim_abi::Errno;
use std::collections::BTreeMap;

/// Where bpffs is mounted.
pub const MOUNT: &str = "/sys/fs/bpf/";

/// Pinned objects by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pins {
    names: BTreeMap<String, ObjectId>,
}

impl Pins {
    /// Pins an object, in the kernel's order: the path first, then the file system it is on.
    pub fn pin(&mut self, path: &str, object: ObjectId) -> Result<(), Errno> {
        let Some(name) = path.strip_prefix(MOUNT) else {
            // Elsewhere: another file system, or no directory at all.
            let known = path.starts_with("/tmp/") && path.matches('/').count() == 2;
            return Err(if known { Errno::EPERM } else { Errno::ENOENT });
        };
        if name.is_empty() || self.names.contains_key(name) {
            return Err(Errno::EEXIST);
        }
        if name.contains('/') {
            return Err(Errno::ENOENT);
        }
        if name.contains('.') {
            return Err(Errno::EPERM);
        }
        self.names.insert(name.to_owned(), object);
        Ok(())
    }

    /// The object with this path.
    pub fn get(&self, path: &str) -> Result<ObjectId, Errno> {
        match path.strip_prefix(MOUNT) {
            Some("") => Err(Errno::EACCES),
            Some(name) => self.names.get(name).copied().ok_or(Errno::ENOENT),
            None => Err(Errno::ENOENT),
        }
    }

    /// unlink(2) on a pin.
    pub fn unlink(&mut self, path: &str) -> Result<ObjectId, Errno> {
        let name = path.strip_prefix(MOUNT).ok_or(Errno::ENOENT)?;
        self.names.remove(name).ok_or(Errno::ENOENT)
    }
}
