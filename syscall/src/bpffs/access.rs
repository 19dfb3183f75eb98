//! Who may do what in a bpffs: inode_permission(), may_create() and may_delete() of
//! `fs/namei.c`.

use super::Bpffs;
use bpfsim_abi::Errno;

/// Whose rights count in a walk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Creds {
    /// `fsuid`.
    pub uid: u32,
    /// `fsgid`; there are no other groups.
    pub gid: u32,
    /// What a new file does not get.
    pub umask: u16,
    /// CAP_DAC_OVERRIDE, CAP_FOWNER and CAP_CHOWN.
    pub overrides: bool,
}

/// An access that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mask(u16);

impl Mask {
    /// `MAY_READ`.
    pub const READ: Mask = Mask(4);
    /// `MAY_WRITE`.
    pub const WRITE: Mask = Mask(2);
    /// Both.
    pub const BOTH: Mask = Mask(6);
    /// `MAY_EXEC`: to look up in a directory.
    pub(super) const SEARCH: Mask = Mask(1);
    /// To change what a directory holds.
    pub(super) const CHANGE: Mask = Mask(3);
}

impl Bpffs {
    /// inode_permission().
    pub(super) fn permit(&self, who: &Creds, at: u32, mask: Mask) -> Result<(), Errno> {
        let node = self.node(at);
        let shift = match () {
            () if who.uid == node.uid => 6,
            () if who.gid == node.gid => 3,
            () => 0,
        };
        let allowed = node.mode >> shift & mask.0 == mask.0;
        if allowed || who.overrides { Ok(()) } else { Err(Errno::EACCES) }
    }

    /// may_create(): in a directory that is still there.
    pub(super) fn may_create(&self, who: &Creds, dir: u32) -> Result<(), Errno> {
        if self.node(dir).nlink == 0 {
            return Err(Errno::ENOENT);
        }
        self.permit(who, dir, Mask::CHANGE)
    }

    /// may_delete(): rights, the sticky bit, the kind.
    pub(super) fn may_delete(
        &self,
        who: &Creds,
        dir: u32,
        at: u32,
        as_directory: bool,
    ) -> Result<(), Errno> {
        self.permit(who, dir, Mask::CHANGE)?;
        let sticky = self.node(dir).mode & 0o1000 != 0;
        let owner = who.uid == self.node(at).uid || who.uid == self.node(dir).uid;
        if sticky && !owner && !who.overrides {
            return Err(Errno::EPERM);
        }
        match (as_directory, self.is_directory(at)) {
            (true, false) => Err(Errno::ENOTDIR),
            (false, true) => Err(Errno::EISDIR),
            (true, true) | (false, false) => Ok(()),
        }
    }
}
