//! The caller of bpf(2) as the kernel sees it: memory, fds and rights of a thread in a system call.

use super::objects::{Identity, Objects};
use super::pins::View;
use super::tables::Tables;
use crate::sys::{Listener, Notification, remote};
use bpfsim_abi::Errno;
use bpfsim_abi::attr::UserAddr;
use bpfsim_sim::CpuList;
use bpfsim_syscall::bpffs::Dir;
use bpfsim_syscall::task::NotBpf;
use bpfsim_syscall::{Caps, Fault, File, Mode, ObjectId, Task};
use nix::fcntl::{OFlag, open, readlink};
use nix::sched::sched_getaffinity;
use nix::sys::stat::{self, FileStat};
use nix::sys::statfs::{CGROUP2_SUPER_MAGIC, statfs};
use nix::unistd::Pid;
use std::cell::{Cell, RefCell};
use std::ffi::OsString;
use std::time::{Duration, Instant};

/// Stands for the number that the target's new fd will get: above every number that there is
/// (`sysctl fs.nr_open` is at most `INT_MAX & -64`).
pub(super) const PENDING_FD: u32 = i32::MAX as u32;

/// How much is read ahead. Attrs, keys and strings are near each other, and are read in pieces.
const AHEAD: usize = 512;

/// `PAGE_SIZE`, or a part of it: reading ahead never leaves the page.
const PAGE: u64 = 4096;

/// So long after a look a number still is the same thread's: it would have to be given away, and
/// all others after it.
const FRESH: Duration = Duration::from_micros(50);

/// What a call wants to give to its caller when it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pending {
    pub(super) object: ObjectId,
    pub(super) mode: Mode,
}

/// An fd of a thread, and the file behind it.
type Known = ((u32, u32), Option<Identity>);

/// A thread that waits in a system call.
pub(super) struct Target<'a> {
    listener: &'a Listener,
    pub(super) call: Notification,
    objects: &'a Objects,
    tables: RefCell<&'a mut Tables>,
    caps: Caps,
    online: &'a CpuList,
    /// Where it begins, and its bytes.
    ahead: RefCell<(u64, Vec<u8>)>,
    /// The fd that was looked up last: thread, number, file.
    known: Cell<Option<Known>>,
    /// When the caller was seen to wait for this call.
    seen: Cell<Option<Instant>>,
    /// Its memory may not be read at all: the error number.
    pub(super) refused: Cell<Option<i32>>,
    pub(super) pending: Option<Pending>,
    /// The tree of pins, for calls that ask for it.
    pub(super) tree: Option<View>,
}

impl<'a> Target<'a> {
    pub(super) fn new(
        listener: &'a Listener,
        call: Notification,
        objects: &'a Objects,
        tables: &'a mut Tables,
        caps: Caps,
        online: &'a CpuList,
    ) -> Self {
        Self {
            listener,
            call,
            objects,
            tables: RefCell::new(tables),
            caps,
            online,
            ahead: RefCell::default(),
            known: Cell::new(None),
            seen: Cell::new(None),
            refused: Cell::new(None),
            pending: None,
            tree: None,
        }
    }

    /// True while the caller waits for this very call.
    pub(super) fn is_there(&self) -> bool {
        let valid = self.listener.is_valid(self.call.id);
        self.seen.set(valid.then(Instant::now));
        valid
    }

    /// As many bytes as are mapped; what was read is the caller's.
    fn fetch(&self, at: u64, out: &mut [u8]) -> Result<usize, Fault> {
        let got = remote::read(self.call.pid, at, out).map_err(|number| self.fault(number))?;
        if self.is_there() { Ok(got) } else { Err(Fault) }
    }

    fn fault(&self, number: i32) -> Fault {
        if number == libc::EPERM {
            self.refused.set(Some(number));
        }
        Fault
    }

    /// Bytes that were read before, in this call.
    fn remembered(&self, at: u64, out: &mut [u8]) -> bool {
        let ahead = self.ahead.borrow();
        let Some(start) = at.checked_sub(ahead.0).and_then(|n| usize::try_from(n).ok()) else {
            return false;
        };
        let bytes = start.checked_add(out.len()).and_then(|end| ahead.1.get(start..end));
        bytes.map(|bytes| out.copy_from_slice(bytes)).is_some()
    }

    /// stat(2) or lstat(2) of the caller's fd; `None` where there is no such fd.
    fn stat(&self, fd: u32, follow: bool) -> Option<FileStat> {
        let path = format!("/proc/{}/fd/{fd}", self.call.pid);
        let stat = if follow { stat::stat(path.as_str()) } else { stat::lstat(path.as_str()) };
        stat.ok().filter(|_| self.is_there())
    }

    /// Which file is behind an fd of a thread; looked up once for each call and fd.
    fn identity_of(&self, pid: u32, fd: u32) -> Option<Identity> {
        if let Some(((known_pid, known_fd), file)) = self.known.get()
            && (known_pid, known_fd) == (pid, fd)
        {
            return file;
        }
        let found = self.tables.borrow_mut().find(pid, fd, &|| self.is_there());
        let file = found.unwrap_or_else(|number| {
            self.fault(number);
            None
        });
        self.known.set(Some(((pid, fd), file)));
        file
    }

    /// The object behind an fd of any thread.
    pub(super) fn object_of(&self, pid: u32, fd: u32) -> Option<ObjectId> {
        self.objects.find(self.identity_of(pid, fd)?).map(|(object, _)| object)
    }

    /// The file system of the file behind an fd.
    pub(super) fn device_of(&self, fd: u32) -> Option<u64> {
        self.stat(fd, true).map(|stat| stat.st_dev)
    }

    /// The file system of the file that a path of the caller leads to.
    pub(super) fn device_of_path(&self, at: u64) -> Option<u64> {
        let path = self.path(at)?;
        let pid = self.call.pid;
        let (base, path) = match path.strip_prefix(b"/") {
            Some(rest) => (format!("/proc/{pid}/root"), rest),
            None => (format!("/proc/{pid}/cwd"), path.as_slice()),
        };
        let flags = OFlag::O_PATH | OFlag::O_CLOEXEC;
        let base = open(base.as_str(), flags | OFlag::O_DIRECTORY, stat::Mode::empty()).ok()?;
        let path = if path.is_empty() { b"." } else { path };
        let file = nix::fcntl::openat(&base, path, flags, stat::Mode::empty()).ok()?;
        let stat = stat::fstat(&file).ok()?;
        self.is_there().then_some(stat.st_dev)
    }

    /// A path in the caller's memory, without its NUL.
    pub(super) fn path(&self, at: u64) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        loop {
            let mut byte = [0];
            self.read(UserAddr(at).checked_add(bytes.len() as u64)?, &mut byte).ok()?;
            match byte[0] {
                0 => return Some(bytes),
                _ if bytes.len() == 4095 => return None,
                byte => bytes.push(byte),
            }
        }
    }

    /// Where a link of the caller's in /proc leads.
    fn link(&self, name: &str) -> Option<OsString> {
        let link = readlink(format!("/proc/{}/{name}", self.call.pid).as_str()).ok()?;
        self.is_there().then_some(link)
    }

    /// What is behind an fd that is no object.
    fn kind(&self, fd: u32) -> Option<File> {
        let link = self.link(&format!("fd/{fd}"))?;
        let text = link.to_str().unwrap_or_default();
        if let Some(inode) = text.strip_prefix("net:[").and_then(|rest| rest.strip_suffix(']')) {
            return inode.parse().ok().map(File::NetNs);
        }
        if text == "anon_inode:[perf_event]" {
            return Some(File::PerfEvent);
        }
        let stat = self.stat(fd, true)?;
        if let Some(dir) = self.tree.as_ref().and_then(|tree| tree.node(&stat, &link)) {
            return Some(File::Directory(dir));
        }
        let path = format!("/proc/{}/fd/{fd}", self.call.pid);
        let file_system = statfs(path.as_str()).ok()?.filesystem_type();
        let is_directory = stat.st_mode & libc::S_IFMT == libc::S_IFDIR;
        match is_directory && file_system == CGROUP2_SUPER_MAGIC {
            true => Some(File::Cgroup(stat.st_ino)),
            false => Some(File::Other),
        }
    }

    /// A word of the caller's status in /proc.
    fn status(&self, name: &str) -> Option<String> {
        let text = std::fs::read_to_string(format!("/proc/{}/status", self.call.pid)).ok()?;
        let line = text.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next().map(str::to_owned)
    }

    /// Which file is behind an fd.
    fn identity(&self, fd: u32) -> Option<Identity> {
        self.identity_of(self.call.pid, fd)
    }
}

impl Task for Target<'_> {
    fn read(&self, at: UserAddr, out: &mut [u8]) -> Result<(), Fault> {
        if out.is_empty() || self.remembered(at.0, out) {
            return Ok(());
        }
        let last = at.checked_add(out.len() as u64 - 1).ok_or(Fault)?;
        if out.len() > AHEAD {
            let got = self.fetch(at.0, out)?;
            return if got == out.len() { Ok(()) } else { Err(Fault) };
        }
        // From a little before to a little behind, within the pages that are asked for.
        let start = at.0 - (at.0 % PAGE).min(AHEAD as u64);
        let end = last.0 + (PAGE - 1 - last.0 % PAGE).min(AHEAD as u64);
        let mut bytes = std::mem::take(&mut self.ahead.borrow_mut().1);
        bytes.resize((end - start + 1) as usize, 0);
        let got = self.fetch(start, &mut bytes)?;
        bytes.truncate(got);
        *self.ahead.borrow_mut() = (start, bytes);
        if self.remembered(at.0, out) { Ok(()) } else { Err(Fault) }
    }

    fn write(&mut self, at: UserAddr, bytes: &[u8]) -> Result<(), Fault> {
        if bytes.is_empty() {
            return Ok(());
        }
        self.ahead.get_mut().1.clear();
        let fresh = self.seen.get().is_some_and(|seen| seen.elapsed() < FRESH);
        if !fresh && !self.is_there() {
            return Err(Fault);
        }
        let put = remote::write(self.call.pid, at.0, bytes).map_err(|n| self.fault(n))?;
        if put == bytes.len() { Ok(()) } else { Err(Fault) }
    }

    fn fd(&self, fd: u32) -> Option<Result<ObjectId, NotBpf>> {
        // A negative fd is no fd.
        i32::try_from(fd).ok()?;
        let file = self.identity(fd)?;
        Some(self.objects.find(file).map(|(object, _)| object).ok_or(NotBpf))
    }

    fn install(&mut self, object: ObjectId) -> Result<u32, Errno> {
        self.install_as(object, Mode::ReadWrite)
    }

    fn install_as(&mut self, object: ObjectId, mode: Mode) -> Result<u32, Errno> {
        self.pending = Some(Pending { object, mode });
        Ok(PENDING_FD)
    }

    /// The permission bits of `/proc/TID/fd/N` say how the description was opened.
    fn mode(&self, fd: u32) -> Mode {
        let has_modes = self.identity(fd).and_then(|file| self.objects.find(file));
        if !has_modes.is_some_and(|(_, has_modes)| has_modes) {
            return Mode::ReadWrite;
        }
        let link = self.stat(fd, false);
        match link.map_or(0, |stat| stat.st_mode & 0o600) {
            0o400 => Mode::ReadOnly,
            0o200 => Mode::WriteOnly,
            _ => Mode::ReadWrite,
        }
    }

    fn caps(&self) -> Caps {
        self.caps
    }

    /// Its effective user: the owner of its directory in /proc.
    fn uid(&self) -> u32 {
        let path = format!("/proc/{}", self.call.pid);
        stat::stat(path.as_str()).map_or(0, |stat| stat.st_uid)
    }

    /// Its group, from the same place.
    fn gid(&self) -> u32 {
        let path = format!("/proc/{}", self.call.pid);
        stat::stat(path.as_str()).map_or(0, |stat| stat.st_gid)
    }

    fn umask(&self) -> u16 {
        let text = self.status("Umask:").unwrap_or_default();
        u16::from_str_radix(&text, 8).unwrap_or(0o022)
    }

    /// Its directory, where that is in the tree; else one that holds nothing.
    fn cwd(&self) -> Dir {
        let Some(tree) = &self.tree else { return Dir::ROOT };
        let path = format!("/proc/{}/cwd", self.call.pid);
        let found = stat::stat(path.as_str()).ok().zip(self.link("cwd"));
        let node = found.and_then(|(stat, link)| tree.node(&stat, &link));
        node.unwrap_or_else(|| tree.elsewhere())
    }

    fn file(&self, fd: u32) -> File {
        self.kind(fd).unwrap_or(File::Unknown)
    }

    /// The first CPU of its affinity mask that the simulated machine has on line; else the first
    /// that is on line.
    fn cpu(&self) -> u32 {
        let ask = || {
            let mask = sched_getaffinity(Pid::from_raw(self.call.pid as i32)).ok();
            let allowed = |cpu: &u32| {
                mask.as_ref().is_some_and(|mask| mask.is_set(*cpu as usize).unwrap_or(false))
            };
            let first = self.online.iter().next().unwrap_or(0);
            self.online.iter().find(allowed).unwrap_or(first)
        };
        self.tables.borrow_mut().cpu(self.call.pid, ask)
    }
}
