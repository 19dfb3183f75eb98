//! A caller whose memory is a few segments of bytes: for tests, scenarios and the browser.

mod behind;

use crate::bpffs::Dir;
use crate::core::ObjectId;
use crate::overrun::{Access, Behind, Overrun};
use crate::task::{Caps, Fault, File, Mode, NotBpf, Task};
use bpfsim_abi::Errno;
use bpfsim_abi::attr::UserAddr;
use bpfsim_sim::memory::copy_slice;
use std::cell::RefCell;
use std::collections::BTreeMap;

/// Addresses from here on belong to the kernel on x86-64.
pub const TASK_SIZE_MAX: u64 = 0x7fff_ffff_f000;

/// `PAGE_SIZE`.
const PAGE: u64 = 4096;

/// Pages below this number are found by a table, others by a search.
const TABLE: u64 = 1 << 24;

/// A process that exists only here.
#[derive(Clone, Debug)]
pub struct Process {
    segments: Vec<(u64, Vec<u8>)>,
    /// By page number: which segment has the page, from 1; 0 where none has.
    pages: Vec<u32>,
    /// What lies between the end of a segment and the end of its last page, where that was used.
    tails: BTreeMap<usize, Vec<u8>>,
    /// What left its buffer, in order.
    overruns: RefCell<Vec<Overrun>>,
    /// What follows each buffer.
    pub behind: Behind,
    fds: Vec<Option<Result<ObjectId, NotBpf>>>,
    /// Of the fds that are not for everything.
    modes: BTreeMap<u32, Mode>,
    /// Of the fds that are no BPF objects, those that are not [`File::Other`].
    files: BTreeMap<u32, File>,
    /// Its number.
    pub pid: u32,
    /// Its user.
    pub uid: u32,
    /// Its group.
    pub gid: u32,
    /// What the files that it makes do not get.
    pub umask: u16,
    /// Where its relative paths begin.
    pub cwd: Dir,
    /// What it may do.
    pub caps: Caps,
    /// The CPU that it is on, by number.
    pub cpu: u32,
}

impl Default for Process {
    fn default() -> Self {
        // 0, 1 and 2 are taken by files that are no BPF objects.
        let fds = vec![Some(Err(NotBpf)); 3];
        Self {
            segments: Vec::new(),
            pages: Vec::new(),
            tails: BTreeMap::new(),
            overruns: RefCell::default(),
            behind: Behind::default(),
            fds,
            modes: BTreeMap::new(),
            files: BTreeMap::new(),
            pid: 1,
            uid: 0,
            gid: 0,
            umask: 0o022,
            cwd: Dir::ROOT,
            caps: Caps::ROOT,
            cpu: 0,
        }
    }
}

impl Process {
    /// Maps `bytes` at a fresh page, followed by a hole.
    pub fn alloc(&mut self, bytes: &[u8]) -> UserAddr {
        let end = |(at, bytes): &(u64, Vec<u8>)| at + bytes.len() as u64;
        let at = self.segments.last().map_or(PAGE * 16, end).next_multiple_of(PAGE) + PAGE;
        self.segments.push((at, bytes.to_vec()));
        let end = (at + bytes.len() as u64).div_ceil(PAGE);
        if end < TABLE {
            self.pages.resize((at / PAGE) as usize, 0);
            self.pages.resize(end as usize, self.segments.len() as u32);
        }
        UserAddr(at)
    }

    /// Maps `bytes` at an address of the caller's choice, behind everything that is mapped; false,
    /// and nothing mapped, where that is not behind it or has no room.
    pub fn alloc_at(&mut self, at: UserAddr, bytes: &[u8]) -> bool {
        let last = self.segments.last();
        let behind = last.is_none_or(|(start, last)| start + last.len() as u64 <= at.0);
        let fits = at.checked_add(bytes.len() as u64).is_some_and(|end| end.0 <= TASK_SIZE_MAX);
        if behind && fits {
            self.segments.push((at.0, bytes.to_vec()));
        }
        behind && fits
    }

    /// `len` zero bytes.
    pub fn alloc_zeroed(&mut self, len: usize) -> UserAddr {
        self.alloc(&vec![0; len])
    }

    /// Unmaps everything; fds stay.
    pub fn unmap_all(&mut self) {
        self.segments.clear();
        self.pages.clear();
        self.tails.clear();
    }

    /// The bytes at `at`, where they are mapped.
    pub fn bytes(&self, at: UserAddr, len: usize) -> Option<&[u8]> {
        if len == 0 {
            return Some(&[]);
        }
        let (start, bytes) = self.segment(at, len)?;
        bytes.get(start..start + len)
    }

    /// Closes an fd, and gives what was behind it.
    pub fn close(&mut self, fd: u32) -> Option<ObjectId> {
        self.modes.remove(&fd);
        self.files.remove(&fd);
        self.fds.get_mut(fd as usize)?.take()?.ok()
    }

    /// An fd for a file that is no BPF object. Errors: EMFILE.
    pub fn open(&mut self, file: File) -> Result<u32, Errno> {
        let fd = self.put(Err(NotBpf))?;
        self.files.insert(fd, file);
        Ok(fd)
    }

    /// Something at the lowest free fd.
    fn put(&mut self, what: Result<ObjectId, NotBpf>) -> Result<u32, Errno> {
        let free = self.fds.iter().position(Option::is_none);
        let fd = free.unwrap_or(self.fds.len());
        if fd >= 1 << 20 {
            return Err(Errno::EMFILE);
        }
        if fd == self.fds.len() {
            self.fds.push(None);
        }
        self.fds[fd] = Some(what);
        Ok(fd as u32)
    }

    /// Every object behind its fds.
    pub fn objects(&self) -> impl Iterator<Item = ObjectId> + '_ {
        self.fds.iter().filter_map(|fd| fd.and_then(Result::ok))
    }

    /// How far into its segment the address is, and the segment.
    fn segment(&self, at: UserAddr, len: usize) -> Option<(usize, &[u8])> {
        let (start, bytes) = &self.segments[self.index(at)?];
        let offset = (at.0 - start) as usize;
        (len <= bytes.len().checked_sub(offset)?).then_some((offset, bytes))
    }

    /// The segment that has the page of an address.
    #[inline]
    fn index(&self, at: UserAddr) -> Option<usize> {
        let page = usize::try_from(at.0 / PAGE).ok();
        match page.and_then(|page| self.pages.get(page)) {
            Some(0) | None => self.search(at),
            Some(number) => Some(*number as usize - 1),
        }
    }

    /// The same without the table.
    #[cold]
    fn search(&self, at: UserAddr) -> Option<usize> {
        let index = self.segments.partition_point(|(start, _)| *start <= at.0).checked_sub(1)?;
        let (start, bytes) = &self.segments[index];
        (at.0 < (start + bytes.len() as u64).next_multiple_of(PAGE)).then_some(index)
    }
}

impl Task for Process {
    fn read(&self, at: UserAddr, out: &mut [u8]) -> Result<(), Fault> {
        if out.is_empty() {
            return Ok(());
        }
        match self.segment(at, out.len()) {
            Some((start, bytes)) => {
                copy_slice(out, bytes.get(start..start + out.len()).ok_or(Fault)?);
                Ok(())
            }
            None => self.read_behind(at, out),
        }
    }

    fn write(&mut self, at: UserAddr, bytes: &[u8]) -> Result<(), Fault> {
        if bytes.is_empty() {
            return Ok(());
        }
        let index = self.index(at).ok_or(Fault)?;
        let (start, segment) = &mut self.segments[index];
        let target = segment.get_mut((at.0 - *start) as usize..);
        match target.and_then(|target| target.get_mut(..bytes.len())) {
            Some(target) => {
                copy_slice(target, bytes);
                Ok(())
            }
            None => self.write_behind(at, bytes),
        }
    }

    fn wanted(&mut self, at: UserAddr, len: u32) {
        self.leaves(at, len as usize, Access::Write);
    }

    fn fd(&self, fd: u32) -> Option<Result<ObjectId, NotBpf>> {
        *self.fds.get(fd as usize)?
    }

    fn install(&mut self, object: ObjectId) -> Result<u32, Errno> {
        self.put(Ok(object))
    }

    fn install_as(&mut self, object: ObjectId, mode: Mode) -> Result<u32, Errno> {
        let fd = self.install(object)?;
        if mode != Mode::ReadWrite {
            self.modes.insert(fd, mode);
        }
        Ok(fd)
    }

    fn mode(&self, fd: u32) -> Mode {
        self.modes.get(&fd).copied().unwrap_or_default()
    }

    fn caps(&self) -> Caps {
        self.caps
    }

    fn uid(&self) -> u32 {
        self.uid
    }

    fn pid(&self) -> Option<u32> {
        Some(self.pid)
    }

    fn gid(&self) -> u32 {
        self.gid
    }

    fn umask(&self) -> u16 {
        self.umask
    }

    fn cwd(&self) -> Dir {
        self.cwd
    }

    fn file(&self, fd: u32) -> File {
        self.files.get(&fd).copied().unwrap_or(File::Other)
    }

    fn cpu(&self) -> u32 {
        self.cpu
    }
}
