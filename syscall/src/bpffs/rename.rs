//! rename(2): do_renameat2() and vfs_rename() of `fs/namei.c`, simple_rename() of `fs/libfs.c`.

use super::access::{Creds, Mask};
use super::node::{Body, Dir};
use super::walk::{Last, Parent};
use super::{Bpffs, Denied};
use crate::core::ObjectId;
use bpfsim_abi::{Errno, Release};

impl Bpffs {
    /// rename(2), v4.5; EPERM before. Answers the object that has no name any more.
    pub fn rename(
        &mut self,
        who: &Creds,
        from: Dir,
        old: &[u8],
        new: &[u8],
    ) -> Result<Option<ObjectId>, Denied> {
        let old = self.parent(who, from.0, old)?;
        let new = self.parent(who, from.0, new)?;
        if self.node(old.dir).foreign() != self.node(new.dir).foreign() {
            return Err(Errno::EXDEV.into());
        }
        let (old, new) = (self.named(old)?, self.named(new)?);
        let at = self.lookup(old.dir, &old.name)?.ok_or(Errno::ENOENT)?;
        let there = self.lookup(new.dir, &new.name)?;
        let is_directory = self.is_directory(at);
        if !is_directory && (old.slash || new.slash) {
            return Err(Errno::ENOTDIR.into());
        }
        if self.within(new.dir, at) {
            return Err(Errno::EINVAL.into());
        }
        if there.is_some_and(|there| self.within(old.dir, there)) {
            return Err(Errno::ENOTEMPTY.into());
        }
        if there == Some(at) {
            return Ok(None);
        }
        self.may_rename(who, (old.dir, at), (new.dir, there))?;
        self.own(old.dir)?;
        if self.release < Release::new(4, 5) {
            return Err(Errno::EPERM.into());
        }
        self.no_early_dot(&new.name)?;
        if there.is_some_and(|there| !self.is_empty(there)) {
            return Err(Errno::ENOTEMPTY.into());
        }
        Ok(self.move_name(at, &old, &new, there))
    }

    fn named(&self, parent: Parent) -> Result<Named, Errno> {
        match parent.last {
            Last::Name(name) => Ok(Named { dir: parent.dir, name, slash: parent.slash }),
            Last::Dot | Last::Dots | Last::Root => Err(Errno::EBUSY),
        }
    }

    /// Rights in both directories.
    fn may_rename(
        &self,
        who: &Creds,
        (old_dir, at): (u32, u32),
        (new_dir, there): (u32, Option<u32>),
    ) -> Result<(), Errno> {
        let is_directory = self.is_directory(at);
        self.may_delete(who, old_dir, at, is_directory)?;
        match there {
            Some(there) => self.may_delete(who, new_dir, there, is_directory)?,
            None => self.may_create(who, new_dir)?,
        }
        if is_directory && old_dir != new_dir {
            self.permit(who, at, Mask::WRITE)?;
        }
        Ok(())
    }

    /// `at` is `top`, or lies below it.
    fn within(&self, mut at: u32, top: u32) -> bool {
        loop {
            if at == top {
                return true;
            }
            match self.node(at).body {
                Body::Directory { parent, .. } if parent != at => at = parent,
                Body::Directory { .. } | Body::Symlink(_) | Body::Object(_) => return false,
            }
        }
    }

    fn move_name(
        &mut self,
        at: u32,
        old: &Named,
        new: &Named,
        there: Option<u32>,
    ) -> Option<ObjectId> {
        let is_directory = self.is_directory(at);
        self.remove(old.dir, &old.name);
        self.enter(new.dir, &new.name, at);
        if is_directory {
            self.node_mut(old.dir).nlink -= 1;
            self.node_mut(new.dir).nlink += 1;
        }
        if let Body::Directory { parent, .. } = &mut self.node_mut(at).body {
            *parent = new.dir;
        }
        let there = there?;
        if is_directory {
            self.node_mut(there).nlink = 0;
            self.node_mut(new.dir).nlink -= 1;
            return None;
        }
        self.drop_name(there)
    }
}

/// A name in a directory.
struct Named {
    dir: u32,
    name: Vec<u8>,
    slash: bool,
}
