//! The files that stand for BPF objects in targets.
//!
//! ```text
//! object ── memfd of the supervisor ── inode (dev, ino): how it is known again
//!                │ opened anew for every fd given out, with a shared lock on that description
//!                └─ dup, fork, exec, SCM_RIGHTS share descriptions; the last close drops the lock
//! ```
//!
//! A memfd tells nobody when it is closed. The supervisor's own description gets an exclusive lock
//! exactly when no other description holds a shared one: then the object's last fd is gone.

use super::shared::Shared;
use bpfsim_syscall::{Kernel, Mode, ObjectId};
use nix::fcntl::{FcntlArg, SealFlag, fcntl};
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::stat::{self, FileStat};
use std::collections::{BTreeMap, HashMap};
use std::ffi::CStr;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::AsRawFd;

/// Which file: device and inode number.
pub(super) type Identity = (u64, u64);

/// The identity that fstat(2) tells.
pub(super) fn identity(stat: &FileStat) -> Identity {
    (stat.st_dev, stat.st_ino)
}

/// One object with fds.
#[derive(Debug)]
struct Entry {
    /// The supervisor's own description; it never holds a lock for long.
    file: File,
    identity: Identity,
    /// An fd for reading or writing only was given out.
    has_modes: bool,
    /// Of a map that targets may map.
    shared: Option<Shared>,
}

/// Every object with fds in some process.
#[derive(Debug, Default)]
pub(super) struct Objects {
    entries: BTreeMap<ObjectId, Entry>,
    known: HashMap<Identity, ObjectId>,
    /// Those that are maps which can be mapped.
    shared: Vec<ObjectId>,
    /// Where the next few are looked at.
    next: Option<ObjectId>,
}

impl Objects {
    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// True when the object has fds.
    pub(super) fn contains(&self, object: ObjectId) -> bool {
        self.entries.contains_key(&object)
    }

    /// The object that a file stands for, and whether some of its fds are not for everything.
    pub(super) fn find(&self, file: Identity) -> Option<(ObjectId, bool)> {
        let object = *self.known.get(&file)?;
        Some((object, self.entries.get(&object)?.has_modes))
    }

    /// A new description of the object's file, to be given to a target.
    ///
    /// # Errors
    /// `ENFILE` when this process has no room for more files.
    pub(super) fn open(
        &mut self,
        kernel: &Kernel,
        object: ObjectId,
        mode: Mode,
    ) -> Result<File, i32> {
        if !self.entries.contains_key(&object) {
            let entry = Entry::new(kernel, object).map_err(|_| libc::ENFILE)?;
            if entry.shared.is_some() {
                self.shared.push(object);
            }
            self.known.insert(entry.identity, object);
            self.entries.insert(object, entry);
        }
        let entry = self.entries.get_mut(&object).ok_or(libc::ENFILE)?;
        let answer = entry.open(mode);
        if answer.is_err() {
            self.drop_if_unheld(object);
        }
        answer.map_err(|_| libc::ENFILE)
    }

    /// Forgets the object when no process has an fd for it; true when it did.
    pub(super) fn drop_if_unheld(&mut self, object: ObjectId) -> bool {
        let Some(entry) = self.entries.get(&object) else { return false };
        if entry.is_held() {
            return false;
        }
        self.known.remove(&entry.identity);
        self.entries.remove(&object);
        self.shared.retain(|other| *other != object);
        true
    }

    /// The maps that targets may have mapped.
    pub(super) fn shared(&self) -> &[ObjectId] {
        &self.shared
    }

    /// Brings what targets stored into a map, before a call.
    pub(super) fn take_in(&mut self, kernel: &mut Kernel, object: ObjectId) -> io::Result<()> {
        match self.entries.get_mut(&object) {
            Some(Entry { shared: Some(shared), file, .. }) => {
                shared.take_in(&mut kernel.hw.mem, file)
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Brings what the call changed to the targets.
    pub(super) fn put_out(&mut self, kernel: &Kernel, object: ObjectId) -> io::Result<()> {
        match self.entries.get_mut(&object) {
            Some(Entry { shared: Some(shared), file, .. }) => shared.put_out(&kernel.hw.mem, file),
            Some(_) | None => Ok(()),
        }
    }

    /// Nobody may write to a frozen map any more. False while somebody has it mapped for writing:
    /// the kernel does not freeze it then.
    pub(super) fn freeze(&mut self, object: ObjectId) -> bool {
        match self.entries.get(&object) {
            Some(Entry { shared: Some(_), file, .. }) => {
                fcntl(file, FcntlArg::F_ADD_SEALS(SealFlag::F_SEAL_WRITE)).is_ok()
            }
            Some(_) | None => true,
        }
    }

    /// Looks at up to `most` objects, round and round: those without fds, forgotten now.
    pub(super) fn sweep(&mut self, most: usize) -> Vec<ObjectId> {
        let most = most.min(self.entries.len());
        let from = self.next.unwrap_or(ObjectId::Map(0));
        let (after, before) = (self.entries.range(from..), self.entries.range(..from));
        let mut order = after.chain(before).map(|(object, _)| *object);
        let looked: Vec<ObjectId> = order.by_ref().take(most).collect();
        self.next = order.next();
        looked.into_iter().filter(|object| self.drop_if_unheld(*object)).collect()
    }
}

impl Entry {
    fn new(kernel: &Kernel, object: ObjectId) -> io::Result<Self> {
        let flags = MFdFlags::MFD_CLOEXEC | MFdFlags::MFD_ALLOW_SEALING;
        let file = File::from(memfd_create(file_name(object), flags)?);
        let shared = Shared::of(kernel, object);
        let size = SealFlag::F_SEAL_GROW | SealFlag::F_SEAL_SHRINK;
        // Nobody writes what the kernel would not let them write.
        let seals = match &shared {
            Some(shared) => {
                shared.fill(&kernel.hw.mem, &file)?;
                size
            }
            None => size | SealFlag::F_SEAL_WRITE | SealFlag::F_SEAL_SEAL,
        };
        fcntl(&file, FcntlArg::F_ADD_SEALS(seals))?;
        let identity = identity(&stat::fstat(&file)?);
        Ok(Self { file, identity, has_modes: false, shared })
    }

    fn open(&mut self, mode: Mode) -> io::Result<File> {
        let path = format!("/proc/self/fd/{}", self.file.as_raw_fd());
        let file = OpenOptions::new().read(mode.reads()).write(mode.writes()).open(path)?;
        self.has_modes |= mode != Mode::ReadWrite;
        file.try_lock_shared()?;
        Ok(file)
    }

    fn is_held(&self) -> bool {
        match self.file.try_lock() {
            Ok(()) => self.file.unlock().is_err(),
            Err(_) => true,
        }
    }
}

/// The name behind `anon_inode:` of a real one, by which bpftool and others know what an fd is.
const fn file_name(object: ObjectId) -> &'static CStr {
    match object {
        ObjectId::Map(_) => c"bpf-map",
        ObjectId::Prog(_) => c"bpf-prog",
        ObjectId::Btf(_) => c"btf",
        ObjectId::Link(_) => c"bpf-link",
        ObjectId::Stats => c"bpf-stats",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bpfsim_syscall::Profile;

    fn kernel() -> Kernel {
        let release = "6.18".parse().expect("a release");
        Kernel::new(Profile::release(release).expect("known"))
    }

    #[test]
    fn an_object_lives_as_long_as_any_description() {
        let mut objects = Objects::default();
        let map = ObjectId::Map(7);
        let first = objects.open(&kernel(), map, Mode::ReadWrite).expect("room");
        let second = objects.open(&kernel(), map, Mode::ReadOnly).expect("room");
        let known = identity(&stat::fstat(&first).expect("open"));
        assert_eq!(known, identity(&stat::fstat(&second).expect("open")));
        assert_eq!(objects.find(known), Some((map, true)));
        let copy = first.try_clone().expect("room");
        drop(first);
        assert_eq!(objects.sweep(9), []);
        drop(second);
        assert_eq!(objects.sweep(9), [], "the copy shares the description");
        drop(copy);
        assert_eq!(objects.sweep(9), [map]);
        assert_eq!((objects.len(), objects.find(known)), (0, None));
    }

    #[test]
    fn sweeping_goes_round() {
        let mut objects = Objects::default();
        for handle in 0..5 {
            drop(objects.open(&kernel(), ObjectId::Map(handle), Mode::ReadWrite).expect("room"));
        }
        let kept = objects.open(&kernel(), ObjectId::Prog(0), Mode::ReadWrite).expect("room");
        let mut gone = vec![];
        for _ in 0..3 {
            gone.extend(objects.sweep(2));
        }
        assert_eq!(gone, (0..5).map(ObjectId::Map).collect::<Vec<_>>());
        assert!(objects.contains(ObjectId::Prog(0)));
        drop(kept);
        assert_eq!(objects.sweep(2), [ObjectId::Prog(0)]);
    }

    #[test]
    fn files_cannot_be_written() {
        use std::io::Write;
        let mut objects = Objects::default();
        let mut file = objects.open(&kernel(), ObjectId::Map(0), Mode::ReadWrite).expect("room");
        assert_eq!(file.write(b"x").map_err(|e| e.raw_os_error()), Err(Some(libc::EPERM)));
    }
}
