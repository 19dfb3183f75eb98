//! A task that notes what the kernel reads and writes of it.

use crate::images::Images;
use bpfsim_abi::Errno;
use bpfsim_abi::attr::UserAddr;
use bpfsim_syscall::bpffs::Dir;
use bpfsim_syscall::task::NotBpf;
use bpfsim_syscall::{Caps, Fault, File, Mode, ObjectId, Task};
use std::cell::RefCell;

/// How far a fault is looked into, in bytes.
const PROBED: usize = 4096;

/// An fd that the kernel looked at, and what it found.
pub(crate) type Seen = (u32, Option<Result<ObjectId, NotBpf>>, Mode);

/// What crossed in one call.
#[derive(Clone, Debug, Default)]
pub(crate) struct Log {
    /// Memory before the call, as far as it was read.
    pub read: Images,
    /// What was written.
    pub wrote: Images,
    /// Where reading faulted, and how many bytes from there on were asked for.
    pub read_faults: Vec<(u64, u64)>,
    /// The same for writing.
    pub write_faults: Vec<(u64, u64)>,
    /// Fds that were looked at, each once.
    pub fds: Vec<Seen>,
    /// The fd that was made.
    pub installed: Option<(u32, ObjectId, Mode)>,
}

impl Log {
    /// Bytes as they were before the call; what the call itself wrote is no such image.
    fn saw_bytes(&mut self, at: u64, bytes: &[u8]) {
        if self.wrote.is_empty() {
            self.read.fill(at, bytes);
            return;
        }
        for (here, byte) in (at..).zip(bytes) {
            if self.wrote.byte(here).is_none() {
                self.read.fill(here, &[*byte]);
            }
        }
    }
}

/// A task, and what a call reads and writes of it. Everything is passed on as it is.
#[derive(Debug)]
pub struct Recorded<'a, T: ?Sized> {
    task: &'a mut T,
    log: RefCell<Log>,
}

impl<'a, T: Task + ?Sized> Recorded<'a, T> {
    /// Wraps a task for one call.
    pub fn new(task: &'a mut T) -> Self {
        Self { task, log: RefCell::default() }
    }

    /// What crossed so far.
    pub(crate) fn into_log(self) -> Log {
        self.log.into_inner()
    }

    /// Notes `len` bytes at `at` whether the kernel reads them or not, as far as they can be read.
    pub(crate) fn note(&self, at: u64, len: usize) {
        let readable = self.readable(at, len);
        self.log.borrow_mut().read.fill(at, &readable);
    }

    /// The bytes from `at` on that can be read, at most `len`.
    fn readable(&self, at: u64, len: usize) -> Vec<u8> {
        let mut whole = vec![0; len];
        if self.task.read(UserAddr(at), &mut whole).is_ok() {
            return whole;
        }
        let byte = |offset: usize| {
            let mut byte = [0];
            let here = at.checked_add(offset as u64)?;
            self.task.read(UserAddr(here), &mut byte).ok().map(|()| byte[0])
        };
        (0..len.min(PROBED)).map_while(byte).collect()
    }

    fn saw(&self, fd: u32, found: Option<Result<ObjectId, NotBpf>>) {
        let mut log = self.log.borrow_mut();
        // An fd that this call made is in its answer.
        let made = log.installed.is_some_and(|(made, ..)| made == fd);
        if !made && log.fds.iter().all(|(seen, ..)| *seen != fd) {
            log.fds.push((fd, found, self.task.mode(fd)));
        }
    }
}

impl<T: Task + ?Sized> Task for Recorded<'_, T> {
    fn read(&self, at: UserAddr, out: &mut [u8]) -> Result<(), Fault> {
        let answer = self.task.read(at, out);
        let bytes = if answer.is_ok() { out.to_vec() } else { self.readable(at.0, out.len()) };
        let mut log = self.log.borrow_mut();
        log.saw_bytes(at.0, &bytes);
        if answer.is_err() {
            let here = at.0.saturating_add(bytes.len() as u64);
            log.read_faults.push((here, (out.len() - bytes.len()) as u64));
        }
        answer
    }

    fn write(&mut self, at: UserAddr, bytes: &[u8]) -> Result<(), Fault> {
        let answer = self.task.write(at, bytes);
        let arrived = match answer {
            Ok(()) => bytes.len(),
            Err(Fault) => {
                let there = self.readable(at.0, bytes.len());
                there.iter().zip(bytes).take_while(|(there, sent)| there == sent).count()
            }
        };
        let log = self.log.get_mut();
        log.wrote.put(at.0, &bytes[..arrived]);
        if answer.is_err() {
            let here = at.0.saturating_add(arrived as u64);
            log.write_faults.push((here, (bytes.len() - arrived) as u64));
        }
        answer
    }

    fn fd(&self, fd: u32) -> Option<Result<ObjectId, NotBpf>> {
        let found = self.task.fd(fd);
        self.saw(fd, found);
        found
    }

    fn install(&mut self, object: ObjectId) -> Result<u32, Errno> {
        let fd = self.task.install(object)?;
        self.log.get_mut().installed = Some((fd, object, Mode::ReadWrite));
        Ok(fd)
    }

    fn install_as(&mut self, object: ObjectId, mode: Mode) -> Result<u32, Errno> {
        let fd = self.task.install_as(object, mode)?;
        self.log.get_mut().installed = Some((fd, object, mode));
        Ok(fd)
    }

    fn mode(&self, fd: u32) -> Mode {
        self.task.mode(fd)
    }

    fn caps(&self) -> Caps {
        self.task.caps()
    }

    fn uid(&self) -> u32 {
        self.task.uid()
    }

    fn gid(&self) -> u32 {
        self.task.gid()
    }

    fn umask(&self) -> u16 {
        self.task.umask()
    }

    fn cwd(&self) -> Dir {
        self.task.cwd()
    }

    fn file(&self, fd: u32) -> File {
        self.task.file(fd)
    }

    fn cpu(&self) -> u32 {
        self.task.cpu()
    }
}
