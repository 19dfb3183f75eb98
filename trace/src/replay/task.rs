//! A caller made of the lines of a trace.

use crate::images::Images;
use crate::line::CallLine;
use bpfsim_abi::Errno;
use bpfsim_abi::attr::UserAddr;
use bpfsim_syscall::process::TASK_SIZE_MAX;
use bpfsim_syscall::task::NotBpf;
use bpfsim_syscall::{Caps, Fault, Mode, ObjectId, Task};
use std::cell::Cell;
use std::collections::BTreeMap;

/// What stands behind an fd, and what it may be used for.
type Open = (Result<ObjectId, NotBpf>, Mode);

const PAGE: u64 = 4096;

/// The caller of a trace. Its fds keep the numbers that they had there.
#[derive(Debug)]
pub(crate) struct Replaying {
    /// Memory in this call, before and while it runs.
    memory: Images,
    /// What this call wrote.
    pub wrote: Images,
    read_faults: Vec<(u64, u64)>,
    write_faults: Vec<(u64, u64)>,
    fds: BTreeMap<u32, Open>,
    /// The number that the next new fd gets.
    wanted: Option<u32>,
    /// What was given an fd in this call.
    pub installed: Option<(u32, ObjectId)>,
    /// Bytes that are read here and were not read when the trace was made.
    pub unknown: Cell<Option<(u64, usize)>>,
    pub caps: Caps,
    uid: u32,
    cpu: u32,
}

fn faults(lines: &[(u64, u64)], at: u64, len: usize) -> Option<u64> {
    let end = at.saturating_add(len as u64);
    let hit = |(fault, bytes): &(u64, u64)| *fault < end && at < fault.saturating_add(*bytes);
    lines.iter().filter(|line| hit(line)).map(|(fault, _)| (*fault).max(at)).min()
}

impl Replaying {
    pub(crate) fn new(caps: Caps) -> Self {
        Self {
            memory: Images::default(),
            wrote: Images::default(),
            read_faults: vec![],
            write_faults: vec![],
            fds: BTreeMap::new(),
            wanted: None,
            installed: None,
            unknown: Cell::new(None),
            caps,
            uid: 0,
            cpu: 0,
        }
    }

    /// Lays out the memory of one call.
    pub(crate) fn begin(&mut self, call: &CallLine, wanted: Option<u32>) {
        self.memory = Images::default();
        self.wrote = Images::default();
        (self.read_faults, self.write_faults) = (vec![], vec![]);
        for image in &call.read {
            self.memory.fill(image.at, &image.bytes);
            if image.fault > 0 {
                self.read_faults.push((image.at, image.fault));
            }
        }
        let faults = call.wrote.iter().filter(|image| image.fault > 0);
        self.write_faults.extend(faults.map(|image| (image.at, image.fault)));
        (self.uid, self.cpu, self.wanted) = (call.uid, call.cpu, wanted);
        self.installed = None;
        self.unknown.set(None);
    }

    /// The byte at an address as it is now.
    pub(crate) fn byte(&self, at: u64) -> Option<u8> {
        self.memory.byte(at)
    }

    /// What stands behind an fd.
    pub(crate) fn open(&self, fd: u32) -> Option<Open> {
        self.fds.get(&fd).copied()
    }

    /// Lets an fd stand for what the trace says; what it stood for before.
    pub(crate) fn set(&mut self, fd: u32, open: Option<Open>) -> Option<Open> {
        match open {
            Some(open) => self.fds.insert(fd, open),
            None => self.fds.remove(&fd),
        }
    }
}

impl Task for Replaying {
    fn read(&self, at: UserAddr, out: &mut [u8]) -> Result<(), Fault> {
        if out.is_empty() || self.memory.get(at.0, out) {
            return Ok(());
        }
        // Nobody maps the first page or the kernel's half.
        let never = at.0 < PAGE || at.0 >= TASK_SIZE_MAX;
        let known = never || faults(&self.read_faults, at.0, out.len()).is_some();
        if !known && self.unknown.get().is_none() {
            self.unknown.set(Some((at.0, out.len())));
        }
        Err(Fault)
    }

    fn write(&mut self, at: UserAddr, bytes: &[u8]) -> Result<(), Fault> {
        let fault = faults(&self.write_faults, at.0, bytes.len());
        let room = fault.map_or(bytes.len(), |fault| (fault - at.0) as usize);
        self.memory.put(at.0, &bytes[..room]);
        self.wrote.put(at.0, &bytes[..room]);
        if fault.is_some() { Err(Fault) } else { Ok(()) }
    }

    fn fd(&self, fd: u32) -> Option<Result<ObjectId, NotBpf>> {
        self.fds.get(&fd).map(|(object, _)| *object)
    }

    fn install(&mut self, object: ObjectId) -> Result<u32, Errno> {
        self.install_as(object, Mode::ReadWrite)
    }

    fn install_as(&mut self, object: ObjectId, mode: Mode) -> Result<u32, Errno> {
        let wanted = self.wanted.filter(|fd| !self.fds.contains_key(fd));
        let unused = || (3..1 << 20).find(|fd| !self.fds.contains_key(fd));
        let fd = wanted.or_else(unused).ok_or(Errno::EMFILE)?;
        self.fds.insert(fd, (Ok(object), mode));
        self.installed = Some((fd, object));
        Ok(fd)
    }

    fn mode(&self, fd: u32) -> Mode {
        self.fds.get(&fd).map_or(Mode::ReadWrite, |(_, mode)| *mode)
    }

    fn caps(&self) -> Caps {
        self.caps
    }

    fn uid(&self) -> u32 {
        self.uid
    }

    fn cpu(&self) -> u32 {
        self.cpu
    }
}
