//! Paths: link_path_walk() and filename_create() of `fs/namei.c`, bpf_lookup() of
//! `kernel/bpf/inode.c`.

use super::access::{Creds, Mask};
use super::node::Body;
use super::{Bpffs, Dir};
use bpfsim_abi::{Errno, Release};

/// `PATH_MAX`, the NUL included.
pub(crate) const PATH_MAX: usize = 4096;

/// `NAME_MAX`.
const NAME_MAX: usize = 255;

/// `MAXSYMLINKS`.
const MAXSYMLINKS: u32 = 40;

/// The release from which on no name with a dot is looked up; before, none is made
/// (`kernel/bpf/inode.c` of v4.6 and v4.7).
pub(super) const DOTS_IN_LOOKUP: Release = Release::new(4, 7);

/// The last component of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Last {
    Name(Vec<u8>),
    /// `.`
    Dot,
    /// `..`
    Dots,
    /// There is none.
    Root,
}

/// Where a path's last component stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Parent {
    pub dir: u32,
    pub last: Last,
    /// A slash stands behind it.
    pub slash: bool,
}

/// getname(): neither empty nor longer than `PATH_MAX`.
pub(super) fn check_path(path: &[u8]) -> Result<(), Errno> {
    match path.len() {
        0 => Err(Errno::ENOENT),
        len if len >= PATH_MAX => Err(Errno::ENAMETOOLONG),
        _ => Ok(()),
    }
}

/// The components of a path, the last first.
fn components(path: &[u8]) -> Vec<Vec<u8>> {
    let parts = path.split(|byte| *byte == b'/').filter(|part| !part.is_empty());
    parts.rev().map(<[u8]>::to_vec).collect()
}

/// A walk under way.
struct Walk {
    at: u32,
    /// Components to come, the next at the end.
    rest: Vec<Vec<u8>>,
    /// What is found must be a directory.
    slash: bool,
    links: u32,
}

impl Walk {
    fn new(from: u32, path: &[u8]) -> Self {
        let mut walk = Self { at: from, rest: Vec::new(), slash: false, links: 0 };
        walk.push(path);
        walk
    }

    /// A path stands in the way of what is left.
    fn push(&mut self, path: &[u8]) {
        if path.first() == Some(&b'/') {
            self.at = Dir::ROOT.0;
        }
        if self.rest.is_empty() {
            self.slash |= path.last() == Some(&b'/');
        }
        self.rest.extend(components(path));
    }
}

impl Bpffs {
    /// The node that a path leads to; `follow`: also where its last component is a link.
    pub(super) fn resolve(
        &self,
        who: &Creds,
        from: u32,
        path: &[u8],
        follow: bool,
    ) -> Result<u32, Errno> {
        check_path(path)?;
        let mut walk = Walk::new(from, path);
        while let Some(name) = walk.rest.pop() {
            let follows = follow || walk.slash || !walk.rest.is_empty();
            self.step(who, &mut walk, &name, follows)?;
        }
        if walk.slash && !self.is_directory(walk.at) {
            return Err(Errno::ENOTDIR);
        }
        Ok(walk.at)
    }

    /// One component.
    fn step(&self, who: &Creds, walk: &mut Walk, name: &[u8], follows: bool) -> Result<(), Errno> {
        let Body::Directory { parent, .. } = &self.node(walk.at).body else {
            return Err(Errno::ENOTDIR);
        };
        self.permit(who, walk.at, Mask::SEARCH)?;
        match name {
            b"." => return Ok(()),
            b".." => {
                walk.at = *parent;
                return Ok(());
            }
            _ => {}
        }
        let next = self.lookup(walk.at, name)?.ok_or(Errno::ENOENT)?;
        if let Body::Symlink(target) = &self.node(next).body
            && follows
        {
            walk.links += 1;
            if walk.links > MAXSYMLINKS {
                return Err(Errno::ELOOP);
            }
            walk.push(target);
            return Ok(());
        }
        walk.at = next;
        Ok(())
    }

    /// The entry of a directory, if it has one. Errors: EPERM for a dot in a name of bpffs,
    /// ENAMETOOLONG.
    pub(super) fn lookup(&self, dir: u32, name: &[u8]) -> Result<Option<u32>, Errno> {
        let Body::Directory { entries, foreign, .. } = &self.node(dir).body else {
            return Err(Errno::ENOTDIR);
        };
        if !foreign && self.release >= DOTS_IN_LOOKUP && name.contains(&b'.') {
            return Err(Errno::EPERM);
        }
        if name.len() > NAME_MAX {
            return Err(Errno::ENAMETOOLONG);
        }
        Ok(entries.get(name).copied())
    }

    /// filename_parentat(): everything but the last component.
    pub(super) fn parent(&self, who: &Creds, from: u32, path: &[u8]) -> Result<Parent, Errno> {
        check_path(path)?;
        let mut walk = Walk::new(from, path);
        let slash = std::mem::take(&mut walk.slash);
        if walk.rest.is_empty() {
            return Ok(Parent { dir: walk.at, last: Last::Root, slash });
        }
        let last = match walk.rest.remove(0) {
            name if name == b"." => Last::Dot,
            name if name == b".." => Last::Dots,
            name => Last::Name(name),
        };
        while let Some(name) = walk.rest.pop() {
            self.step(who, &mut walk, &name, true)?;
        }
        if !self.is_directory(walk.at) {
            return Err(Errno::ENOTDIR);
        }
        self.permit(who, walk.at, Mask::SEARCH)?;
        Ok(Parent { dir: walk.at, last, slash })
    }

    /// filename_create(): the directory and the name of what is to be made.
    pub(super) fn start_creating(
        &self,
        who: &Creds,
        from: u32,
        path: &[u8],
        directory: bool,
    ) -> Result<(u32, Vec<u8>), Errno> {
        let Parent { dir, last, slash } = self.parent(who, from, path)?;
        let Last::Name(name) = last else { return Err(Errno::EEXIST) };
        if self.lookup(dir, &name)?.is_some() {
            return Err(Errno::EEXIST);
        }
        if slash && !directory {
            return Err(Errno::ENOENT);
        }
        Ok((dir, name))
    }
}
