//! bpffs: names for objects that outlive their fds, in directories with modes and owners.
//!
//! One file system, mounted at [`MOUNT`] as the kernel mounts it (`rwxrwxrwt`, of root). Around
//! it stand the directories that lead there and `/tmp`; they belong to other file systems, hold
//! nothing else, and nothing can be made in them. Sysctls that guard links (`protected_symlinks`,
//! `protected_hardlinks`) are off, as the kernel has them before user space turns them on.
//!
//! ```text
//!   /  --sys-->  /sys  --fs-->  /sys/fs  --bpf-->  the root of bpffs  --name-->  directory
//!   '--tmp-->  /tmp                                                   --name-->  object
//!                                                                     --name-->  symbolic link
//! ```
//!
//! Source: `kernel/bpf/inode.c`, `fs/namei.c` and `fs/libfs.c`.

mod access;
mod calls;
mod entry;
mod node;
mod rename;
mod walk;

pub use access::{Creds, Mask};
pub use entry::{Entry, Kind, Stat};
pub use node::Dir;
pub(crate) use walk::PATH_MAX;

use crate::core::ObjectId;
use bpfsim_abi::{Errno, Release};
use node::{Body, Node};
use walk::{Last, Parent};

/// Where bpffs is mounted.
pub const MOUNT: &str = "/sys/fs/bpf";

/// Every node that ever was: handles stay valid, so that an fd of a removed directory finds an
/// empty one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bpffs {
    nodes: Vec<Node>,
    release: Release,
}

/// Why nothing came of a change: the errno, or that the file system is not bpffs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denied {
    /// The kernel's answer.
    Errno(Errno),
    /// Another file system would have to answer.
    Elsewhere,
}

impl From<Errno> for Denied {
    fn from(errno: Errno) -> Self {
        Denied::Errno(errno)
    }
}

impl Bpffs {
    /// An empty bpffs of `release`, mounted.
    pub fn new(release: Release) -> Self {
        let root = Node::directory(0, true, 0o755);
        let mut fs = Self { nodes: vec![root], release };
        let sys = fs.mount_point(Dir::ROOT.0, "sys", 0o555);
        let tree = fs.mount_point(sys, "fs", 0o555);
        fs.mount_point(Dir::ROOT.0, "tmp", 0o1777);
        let bpffs = fs.add(Node::directory(tree, false, 0o1777));
        fs.enter(tree, b"bpf", bpffs);
        fs
    }

    /// A directory of another file system.
    fn mount_point(&mut self, parent: u32, name: &str, mode: u16) -> u32 {
        let node = self.add(Node::directory(parent, true, mode));
        self.enter(parent, name.as_bytes(), node);
        node
    }

    fn add(&mut self, node: Node) -> u32 {
        self.nodes.push(node);
        self.nodes.len() as u32 - 1
    }

    fn node(&self, at: u32) -> &Node {
        &self.nodes[at as usize]
    }

    fn node_mut(&mut self, at: u32) -> &mut Node {
        &mut self.nodes[at as usize]
    }

    /// Puts a name into a directory.
    fn enter(&mut self, dir: u32, name: &[u8], node: u32) {
        if let Body::Directory { entries, .. } = &mut self.node_mut(dir).body {
            entries.insert(name.to_vec(), node);
        }
    }

    /// Takes a name out of a directory.
    fn remove(&mut self, dir: u32, name: &[u8]) {
        if let Body::Directory { entries, .. } = &mut self.node_mut(dir).body {
            entries.remove(name);
        }
    }

    /// The node that a path leads to, symbolic links followed.
    pub fn find(&self, who: &Creds, from: Dir, path: &[u8]) -> Result<Dir, Errno> {
        self.resolve(who, from.0, path, true).map(Dir)
    }

    /// Pins an object, in the kernel's order: the path, the file system, the rights.
    pub fn pin(
        &mut self,
        who: &Creds,
        from: Dir,
        path: &[u8],
        object: ObjectId,
    ) -> Result<(), Errno> {
        let (dir, name) = self.start_creating(who, from.0, path, false)?;
        if self.node(dir).foreign() {
            return Err(Errno::EPERM);
        }
        self.may_create(who, dir)?;
        self.no_early_dot(&name)?;
        let mode = 0o600 & !who.umask;
        self.make(who, dir, &name, Body::Object(object), mode);
        Ok(())
    }

    /// The object with this path; `mask` is the access that is asked for.
    pub fn get(&self, who: &Creds, from: Dir, path: &[u8], mask: Mask) -> Result<ObjectId, Errno> {
        let at = self.resolve(who, from.0, path, true)?;
        self.permit(who, at, mask)?;
        match self.node(at).body {
            Body::Object(object) => Ok(object),
            Body::Directory { .. } | Body::Symlink(_) => Err(Errno::EACCES),
        }
    }

    /// mkdir(2). Of `mode`, the permissions and the sticky bit count.
    pub fn mkdir(&mut self, who: &Creds, from: Dir, path: &[u8], mode: u16) -> Result<(), Denied> {
        let (dir, name) = self.start_creating(who, from.0, path, true)?;
        self.may_create(who, dir)?;
        self.own(dir)?;
        self.no_early_dot(&name)?;
        let body = Body::Directory { entries: Default::default(), parent: dir, foreign: false };
        let node = self.make(who, dir, &name, body, mode & 0o1777 & !who.umask);
        self.node_mut(node).nlink = 2;
        self.node_mut(dir).nlink += 1;
        Ok(())
    }

    /// symlink(2), v4.10; EPERM before.
    pub fn symlink(
        &mut self,
        who: &Creds,
        from: Dir,
        target: &[u8],
        path: &[u8],
    ) -> Result<(), Denied> {
        walk::check_path(target)?;
        let (dir, name) = self.start_creating(who, from.0, path, false)?;
        self.may_create(who, dir)?;
        self.own(dir)?;
        if self.release < Release::new(4, 10) {
            return Err(Errno::EPERM.into());
        }
        self.make(who, dir, &name, Body::Symlink(target.to_vec()), 0o777);
        Ok(())
    }

    /// readlink(2).
    pub fn readlink(&self, who: &Creds, from: Dir, path: &[u8]) -> Result<Vec<u8>, Errno> {
        let at = self.resolve(who, from.0, path, false)?;
        match &self.node(at).body {
            Body::Symlink(target) => Ok(target.clone()),
            Body::Directory { .. } | Body::Object(_) => Err(Errno::EINVAL),
        }
    }

    /// unlink(2). Answers the object that has no name any more.
    pub fn unlink(
        &mut self,
        who: &Creds,
        from: Dir,
        path: &[u8],
    ) -> Result<Option<ObjectId>, Denied> {
        let Parent { dir, last, slash } = self.parent(who, from.0, path)?;
        let Last::Name(name) = last else { return Err(Errno::EISDIR.into()) };
        let at = self.lookup(dir, &name)?.ok_or(Errno::ENOENT)?;
        if slash {
            let errno = if self.is_directory(at) { Errno::EISDIR } else { Errno::ENOTDIR };
            return Err(errno.into());
        }
        self.may_delete(who, dir, at, false)?;
        self.own(dir)?;
        self.remove(dir, &name);
        Ok(self.drop_name(at))
    }

    /// rmdir(2).
    pub fn rmdir(&mut self, who: &Creds, from: Dir, path: &[u8]) -> Result<(), Denied> {
        let Parent { dir, last, .. } = self.parent(who, from.0, path)?;
        let name = match last {
            Last::Name(name) => name,
            Last::Dots => return Err(Errno::ENOTEMPTY.into()),
            Last::Dot => return Err(Errno::EINVAL.into()),
            Last::Root => return Err(Errno::EBUSY.into()),
        };
        let at = self.lookup(dir, &name)?.ok_or(Errno::ENOENT)?;
        self.may_delete(who, dir, at, true)?;
        if self.node(dir).foreign() {
            return Err(Errno::EBUSY.into());
        }
        if !self.is_empty(at) {
            return Err(Errno::ENOTEMPTY.into());
        }
        self.remove(dir, &name);
        self.node_mut(at).nlink = 0;
        self.node_mut(dir).nlink -= 1;
        Ok(())
    }

    /// link(2) without following `old`, v4.5; EPERM before and for directories.
    pub fn link(&mut self, who: &Creds, from: Dir, old: &[u8], new: &[u8]) -> Result<(), Denied> {
        let at = self.resolve(who, from.0, old, false)?;
        let (dir, name) = self.start_creating(who, from.0, new, false)?;
        if self.node(at).foreign() != self.node(dir).foreign() {
            return Err(Errno::EXDEV.into());
        }
        self.may_create(who, dir)?;
        self.own(dir)?;
        if self.release < Release::new(4, 5) || self.is_directory(at) {
            return Err(Errno::EPERM.into());
        }
        self.no_early_dot(&name)?;
        self.enter(dir, &name, at);
        self.node_mut(at).nlink += 1;
        Ok(())
    }

    /// chmod(2): the owner, or CAP_FOWNER.
    pub fn chmod(&mut self, who: &Creds, from: Dir, path: &[u8], mode: u16) -> Result<(), Denied> {
        let at = self.resolve(who, from.0, path, true)?;
        self.own(at)?;
        if who.uid != self.node(at).uid && !who.overrides {
            return Err(Errno::EPERM.into());
        }
        self.node_mut(at).mode = mode & 0o7777;
        Ok(())
    }

    /// chown(2) of both; the model has it for those with CAP_CHOWN only.
    pub fn chown(
        &mut self,
        who: &Creds,
        from: Dir,
        path: &[u8],
        (uid, gid): (u32, u32),
    ) -> Result<(), Denied> {
        let at = self.resolve(who, from.0, path, true)?;
        self.own(at)?;
        if !who.overrides {
            return Err(Errno::EPERM.into());
        }
        (self.node_mut(at).uid, self.node_mut(at).gid) = (uid, gid);
        Ok(())
    }

    /// A directory is where bpffs is mounted.
    pub(crate) fn is_mount(&self, dir: Dir) -> bool {
        let root = Creds { uid: 0, gid: 0, umask: 0, overrides: true };
        self.find(&root, Dir::ROOT, MOUNT.as_bytes()) == Ok(dir)
    }

    /// What lies in bpffs itself can be changed here.
    fn own(&self, at: u32) -> Result<(), Denied> {
        if self.node(at).foreign() { Err(Denied::Elsewhere) } else { Ok(()) }
    }

    /// Up to v4.6 a dot is looked for when something is made, not when it is looked up.
    fn no_early_dot(&self, name: &[u8]) -> Result<(), Errno> {
        if self.release < walk::DOTS_IN_LOOKUP && name.contains(&b'.') {
            return Err(Errno::EPERM);
        }
        Ok(())
    }

    /// A new node with a name. It takes the directory's group where that is set-gid.
    fn make(&mut self, who: &Creds, dir: u32, name: &[u8], body: Body, mode: u16) -> u32 {
        let parent = self.node(dir);
        let inherits = parent.mode & 0o2000 != 0;
        let gid = if inherits { parent.gid } else { who.gid };
        let is_directory = matches!(body, Body::Directory { .. });
        let mode = if inherits && is_directory { mode | 0o2000 } else { mode };
        let node = self.add(Node { body, mode, uid: who.uid, gid, nlink: 1 });
        self.enter(dir, name, node);
        node
    }

    /// One name less; the object when that was the last.
    fn drop_name(&mut self, at: u32) -> Option<ObjectId> {
        let node = self.node_mut(at);
        node.nlink -= 1;
        match node.body {
            Body::Object(object) if node.nlink == 0 => Some(object),
            Body::Object(_) | Body::Directory { .. } | Body::Symlink(_) => None,
        }
    }

    fn is_directory(&self, at: u32) -> bool {
        matches!(self.node(at).body, Body::Directory { .. })
    }

    fn is_empty(&self, at: u32) -> bool {
        match &self.node(at).body {
            Body::Directory { entries, .. } => entries.is_empty(),
            Body::Symlink(_) | Body::Object(_) => true,
        }
    }
}
