//! Pins as files: `/sys/fs/bpf` of the program is a tmpfs, and each pin a file in it.
//!
//! mkdir, ls, mv, chmod and rm are the kernel's own work there. Before a call that asks for pins,
//! the tree of the model is made anew from the directory; what a call pinned becomes a file.
//!
//! ```text
//! directory ──read()──▶ Kernel::core.pins ──BPF_OBJ_PIN──▶ a new name ──write()──▶ a new file
//! ```

use bpfsim_syscall::bpffs::{Bpffs, Creds, Dir as Node, Kind, MOUNT, Stat};
use bpfsim_syscall::{Kernel, ObjectId};
use nix::dir::Dir;
use nix::fcntl::{AtFlags, OFlag, openat, readlinkat};
use nix::sys::stat::{self, FileStat, Mode, SFlag};
use nix::unistd::{Gid, Uid, fchownat};
use std::collections::HashMap;
use std::ffi::OsStr;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};

/// Directories below this depth are not looked at.
const DEEPEST: usize = 32;

/// Everything may be done by who makes the tree.
const MAKER: Creds = Creds { uid: 0, gid: 0, umask: 0, overrides: true };

/// The directory, and which of its files stand for what.
#[derive(Debug)]
pub(super) struct Pins {
    dir: OwnedFd,
    /// Its file system.
    device: u64,
    /// By inode number. Each holds a reference, however many names it has.
    pinned: HashMap<u64, ObjectId>,
    /// Directories as they were when they were read last: paths by inode number.
    directories: HashMap<u64, Vec<u8>>,
}

/// The model's tree for one call, and which of its directories are files of this machine.
#[derive(Debug)]
pub(super) struct View {
    tree: Bpffs,
    device: u64,
    directories: HashMap<u64, Vec<u8>>,
}

impl View {
    /// The tree alone, where the program has no files of it.
    pub(super) fn bare(tree: Bpffs) -> Self {
        Self { tree, device: 0, directories: HashMap::new() }
    }

    /// The directory of the tree that a file of this machine is, or that has its path.
    pub(super) fn node(&self, stat: &FileStat, path: &OsStr) -> Option<Node> {
        let own = self.directories.get(&stat.st_ino).filter(|_| stat.st_dev == self.device);
        let path = own.map_or(path.as_bytes(), |path| path.as_slice());
        self.tree.find(&MAKER, Node::ROOT, path).ok()
    }

    /// A directory that holds nothing: for callers that are elsewhere.
    pub(super) fn elsewhere(&self) -> Node {
        self.tree.find(&MAKER, Node::ROOT, b"/tmp").unwrap_or(Node::ROOT)
    }
}

/// One name in the directory, below its root.
struct Found {
    path: Vec<u8>,
    stat: FileStat,
    /// Of a symbolic link.
    target: Vec<u8>,
}

impl Pins {
    /// Pins in this directory.
    pub(super) fn new(dir: OwnedFd) -> nix::Result<Self> {
        let device = stat::fstat(&dir)?.st_dev;
        Ok(Self { dir, device, pinned: HashMap::new(), directories: HashMap::new() })
    }

    /// What a call may ask of the tree.
    pub(super) fn view(&self, tree: Bpffs) -> View {
        View { tree, device: self.device, directories: self.directories.clone() }
    }

    /// The number of its file system.
    pub(super) fn device(&self) -> u64 {
        self.device
    }

    /// How many objects are pinned.
    pub(super) fn len(&self) -> usize {
        self.pinned.len()
    }

    /// Makes the model's tree anew from the directory; gives back what has no name any more.
    pub(super) fn read(&mut self, kernel: &mut Kernel) {
        let mut found = Vec::new();
        walk(&self.dir, b"", 0, &mut found);
        let mut tree = Bpffs::new(kernel.core.profile.release);
        let mut first: HashMap<u64, Vec<u8>> = HashMap::new();
        let is_directory = |name: &&Found| name.stat.st_mode & libc::S_IFMT == libc::S_IFDIR;
        let directories = found.iter().filter(is_directory);
        self.directories = directories.map(|name| (name.stat.st_ino, whole(&name.path))).collect();
        if let Ok(root) = stat::fstat(&self.dir) {
            self.directories.insert(root.st_ino, MOUNT.as_bytes().to_vec());
        }
        for name in &found {
            // A name that a real bpffs would refuse is none here.
            let _ = self.enter(&mut tree, name, &mut first);
        }
        kernel.core.pins = tree;
        let gone: Vec<u64> =
            self.pinned.keys().filter(|inode| !first.contains_key(inode)).copied().collect();
        for inode in gone {
            if let Some(object) = self.pinned.remove(&inode) {
                kernel.release(object);
            }
        }
    }

    /// Puts one name into the tree.
    fn enter(
        &self,
        tree: &mut Bpffs,
        name: &Found,
        first: &mut HashMap<u64, Vec<u8>>,
    ) -> Result<(), bpfsim_syscall::bpffs::Denied> {
        let path = whole(&name.path);
        let (mode, inode) = ((name.stat.st_mode & 0o7777) as u16, name.stat.st_ino);
        match SFlag::from_bits_truncate(name.stat.st_mode & SFlag::S_IFMT.bits()) {
            SFlag::S_IFDIR => tree.mkdir(&MAKER, Node::ROOT, &path, mode)?,
            SFlag::S_IFLNK => return tree.symlink(&MAKER, Node::ROOT, &name.target, &path),
            _ => match (self.pinned.get(&inode), first.get(&inode)) {
                (Some(_), Some(before)) => {
                    return tree.link(&MAKER, Node::ROOT, before, &path);
                }
                (Some(object), None) => {
                    tree.pin(&MAKER, Node::ROOT, &path, *object)?;
                    first.insert(inode, path.clone());
                }
                (None, _) => return Ok(()),
            },
        }
        tree.chown(&MAKER, Node::ROOT, &path, (name.stat.st_uid, name.stat.st_gid))?;
        tree.chmod(&MAKER, Node::ROOT, &path, mode)
    }

    /// Makes a file for what the last call pinned.
    pub(super) fn write(&mut self, kernel: &mut Kernel) {
        let mut names = Vec::new();
        list(&kernel.core.pins, MOUNT.as_bytes(), 0, &mut names);
        for (path, stat, object) in names {
            let below = &path[MOUNT.len() + 1..];
            let there = stat::fstatat(&self.dir, below, AtFlags::AT_SYMLINK_NOFOLLOW);
            if there.is_ok() {
                continue;
            }
            match self.create(below, &stat) {
                Ok(inode) => {
                    self.pinned.insert(inode, object);
                }
                // Then nobody finds it, and nothing holds it.
                Err(_) => kernel.release(object),
            }
        }
    }

    fn create(&self, below: &[u8], stat: &Stat) -> nix::Result<u64> {
        let flags = OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        let flags = flags | OFlag::O_WRONLY;
        let file = openat(&self.dir, below, flags, Mode::from_bits_truncate(stat.mode.into()))?;
        // What this process's own umask took away.
        stat::fchmod(&file, Mode::from_bits_truncate(stat.mode.into()))?;
        let made = stat::fstat(&file)?;
        if (made.st_uid, made.st_gid) != (stat.uid, stat.gid) {
            let owner = (Some(Uid::from_raw(stat.uid)), Some(Gid::from_raw(stat.gid)));
            // Only root may; the file is the caller's own otherwise.
            let _ = fchownat(&self.dir, below, owner.0, owner.1, AtFlags::AT_SYMLINK_NOFOLLOW);
        }
        Ok(made.st_ino)
    }
}

/// The path as the program has it.
fn whole(below: &[u8]) -> Vec<u8> {
    [MOUNT.as_bytes(), b"/", below].concat()
}

/// Every name below `dir`, directories before what is in them.
fn walk(dir: &OwnedFd, below: &[u8], depth: usize, found: &mut Vec<Found>) {
    let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC | OFlag::O_NOFOLLOW;
    let here: &[u8] = if below.is_empty() { b"." } else { below };
    let Ok(mut entries) = Dir::openat(dir, here, flags, Mode::empty()) else { return };
    let mut names: Vec<Vec<u8>> = entries
        .iter()
        .flatten()
        .map(|entry| entry.file_name().to_bytes().to_vec())
        .filter(|name| name != b"." && name != b"..")
        .collect();
    names.sort();
    for name in names {
        let path = if below.is_empty() { name } else { [below, b"/", &name].concat() };
        let Ok(stat) = stat::fstatat(dir, path.as_slice(), AtFlags::AT_SYMLINK_NOFOLLOW) else {
            continue;
        };
        let target = readlinkat(dir, path.as_slice()).map(|target| target.into_vec());
        let is_directory = stat.st_mode & SFlag::S_IFMT.bits() == SFlag::S_IFDIR.bits();
        found.push(Found { path: path.clone(), stat, target: target.unwrap_or_default() });
        if is_directory && depth < DEEPEST {
            walk(dir, &path, depth + 1, found);
        }
    }
}

/// Every pinned object of the tree below `path`.
fn list(tree: &Bpffs, path: &[u8], depth: usize, names: &mut Vec<(Vec<u8>, Stat, ObjectId)>) {
    for entry in tree.list(&MAKER, Node::ROOT, path).unwrap_or_default() {
        let path = [path, b"/", &entry.name].concat();
        match entry.stat.kind {
            Kind::Directory if depth < DEEPEST => list(tree, &path, depth + 1, names),
            Kind::Directory | Kind::Symlink(_) => {}
            Kind::Object(object) => names.push((path, entry.stat, object)),
        }
    }
}
