//! The file system calls that a front end makes for a process: same names, same errors.
//!
//! Paths are bytes without the NUL; relative ones begin at [`crate::Task::cwd`]. Errors: the errno
//! of the call, or "not modelled" where another file system than bpffs would answer.

use super::access::Creds;
use super::entry::{Entry, Stat};
use super::node::Dir;
use super::{Bpffs, Denied};
use crate::core::ObjectId;
use crate::{Failure, Kernel, Task};
use bpfsim_abi::Errno;

impl From<Denied> for Failure {
    fn from(refusal: Denied) -> Self {
        match refusal {
            Denied::Errno(errno) => errno.into(),
            Denied::Elsewhere => {
                Failure::NotModelled("a change of another file system than bpffs".to_owned())
            }
        }
    }
}

impl Creds {
    /// Those of a task.
    pub fn of(task: &dyn Task) -> Self {
        Self {
            uid: task.uid(),
            gid: task.gid(),
            umask: task.umask() & 0o777,
            overrides: task.caps().dac_override,
        }
    }
}

impl Kernel {
    fn fs(&mut self) -> &mut Bpffs {
        &mut self.core.pins
    }

    /// A name is gone, and perhaps the last of its object.
    fn unpin(&mut self, object: Option<ObjectId>) {
        if let Some(object) = object {
            self.release(object);
        }
    }

    /// mkdir(2).
    pub fn mkdir(&mut self, task: &dyn Task, path: &[u8], mode: u16) -> Result<(), Failure> {
        Ok(self.fs().mkdir(&Creds::of(task), task.cwd(), path, mode)?)
    }

    /// rmdir(2).
    pub fn rmdir(&mut self, task: &dyn Task, path: &[u8]) -> Result<(), Failure> {
        Ok(self.fs().rmdir(&Creds::of(task), task.cwd(), path)?)
    }

    /// unlink(2): the pin goes, and the object with its last reference.
    pub fn unlink(&mut self, task: &dyn Task, path: &[u8]) -> Result<(), Failure> {
        let object = self.fs().unlink(&Creds::of(task), task.cwd(), path)?;
        self.unpin(object);
        Ok(())
    }

    /// symlink(2).
    pub fn symlink(&mut self, task: &dyn Task, target: &[u8], path: &[u8]) -> Result<(), Failure> {
        Ok(self.fs().symlink(&Creds::of(task), task.cwd(), target, path)?)
    }

    /// readlink(2), whole.
    pub fn readlink(&self, task: &dyn Task, path: &[u8]) -> Result<Vec<u8>, Errno> {
        self.core.pins.readlink(&Creds::of(task), task.cwd(), path)
    }

    /// link(2).
    pub fn link(&mut self, task: &dyn Task, old: &[u8], new: &[u8]) -> Result<(), Failure> {
        Ok(self.fs().link(&Creds::of(task), task.cwd(), old, new)?)
    }

    /// rename(2).
    pub fn rename(&mut self, task: &dyn Task, old: &[u8], new: &[u8]) -> Result<(), Failure> {
        let object = self.fs().rename(&Creds::of(task), task.cwd(), old, new)?;
        self.unpin(object);
        Ok(())
    }

    /// chmod(2).
    pub fn chmod(&mut self, task: &dyn Task, path: &[u8], mode: u16) -> Result<(), Failure> {
        Ok(self.fs().chmod(&Creds::of(task), task.cwd(), path, mode)?)
    }

    /// chown(2).
    pub fn chown(
        &mut self,
        task: &dyn Task,
        path: &[u8],
        owner: (u32, u32),
    ) -> Result<(), Failure> {
        Ok(self.fs().chown(&Creds::of(task), task.cwd(), path, owner)?)
    }

    /// stat(2), or lstat(2) when a last link is not followed.
    pub fn stat(&self, task: &dyn Task, path: &[u8], follow: bool) -> Result<Stat, Errno> {
        self.core.pins.stat(&Creds::of(task), task.cwd(), path, follow)
    }

    /// What `ls` shows of a directory, by name.
    pub fn list(&self, task: &dyn Task, path: &[u8]) -> Result<Vec<Entry>, Errno> {
        self.core.pins.list(&Creds::of(task), task.cwd(), path)
    }

    /// open(2) of a directory with `O_PATH`: what an fd for it stands for.
    pub fn open_directory(&self, task: &dyn Task, path: &[u8]) -> Result<Dir, Errno> {
        self.core.pins.find(&Creds::of(task), task.cwd(), path)
    }
}
