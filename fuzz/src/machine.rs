//! What a sequence runs on: the simulator, or any other kernel.

use bpfsim_abi::attr::UserAddr;
use bpfsim_syscall::meta::Kind;
use bpfsim_syscall::{Failure, Kernel, Process, Profile};

/// Where bpffs is mounted.
const BPFFS: &[u8] = b"/sys/fs/bpf";

/// A caller of bpf(2), with memory and fds.
pub trait Machine {
    /// Buffers of these lengths, each followed by a byte that is not mapped; their addresses.
    /// Those of an earlier call are gone.
    ///
    /// # Errors
    /// Why there is no room.
    fn place(&mut self, lens: &[usize]) -> Result<Vec<u64>, Failure>;
    /// Fills a buffer.
    ///
    /// # Errors
    /// The bytes do not lie in one buffer.
    fn write(&mut self, at: u64, bytes: &[u8]) -> Result<(), Failure>;
    /// `len` bytes of a buffer.
    ///
    /// # Errors
    /// The bytes do not lie in one buffer.
    fn read(&mut self, at: u64, len: usize) -> Result<Vec<u8>, Failure>;
    /// bpf(2).
    ///
    /// # Errors
    /// What the kernel says, or why nobody knows.
    fn bpf(&mut self, cmd: u32, at: u64, size: u32) -> Result<i64, Failure>;
    /// close(2).
    fn close(&mut self, fd: u32);
    /// An address at which nothing is mapped.
    fn nowhere(&self) -> u64;
    /// Ends a sequence: every fd is closed, every pin is gone.
    fn end(&mut self);
}

/// The simulator.
#[derive(Debug)]
pub struct Simulated {
    profile: Profile,
    kernel: Kernel,
    process: Process,
    left: Option<String>,
}

impl Simulated {
    /// A kernel after boot.
    pub fn new(profile: Profile) -> Self {
        let (kernel, process) = (Kernel::new(profile.clone()), Process::default());
        Self { profile, kernel, process, left: None }
    }

    /// What was still there at the end of the last sequence although nobody held it.
    pub fn left(&self) -> Option<String> {
        self.left.clone()
    }

    /// Closes what the caller may still have, unpins, and looks for objects.
    fn look(&mut self) -> Option<String> {
        let objects: Vec<_> = self.process.objects().collect();
        objects.into_iter().for_each(|object| self.kernel.release(object));
        let pins = self.kernel.list(&self.process, BPFFS).unwrap_or_default();
        for pin in pins {
            let path = [BPFFS, b"/", pin.name.as_slice()].concat();
            // What cannot be unlinked holds its object.
            self.kernel.unlink(&self.process, &path).ok()?;
        }
        let ids = &self.kernel.core.ids;
        let left = Kind::ALL.into_iter().find_map(|kind| Some((kind, ids.after(kind, 0)?)));
        left.map(|(kind, id)| format!("{kind:?} {id} is still there when everything is closed"))
    }

    /// The kernel and its only process.
    pub fn parts(&mut self) -> (&mut Kernel, &mut Process) {
        (&mut self.kernel, &mut self.process)
    }
}

impl Machine for Simulated {
    fn place(&mut self, lens: &[usize]) -> Result<Vec<u64>, Failure> {
        self.process.unmap_all();
        Ok(lens.iter().map(|len| self.process.alloc_zeroed(*len).0).collect())
    }

    fn write(&mut self, at: u64, bytes: &[u8]) -> Result<(), Failure> {
        Ok(bpfsim_syscall::Task::write(&mut self.process, UserAddr(at), bytes)?)
    }

    fn read(&mut self, at: u64, len: usize) -> Result<Vec<u8>, Failure> {
        let mut bytes = vec![0; len];
        bpfsim_syscall::Task::read(&self.process, UserAddr(at), &mut bytes)?;
        Ok(bytes)
    }

    fn bpf(&mut self, cmd: u32, at: u64, size: u32) -> Result<i64, Failure> {
        self.kernel.bpf(&mut self.process, cmd, UserAddr(at), size).map(i64::from)
    }

    fn close(&mut self, fd: u32) {
        if let Some(object) = self.process.close(fd) {
            self.kernel.release(object);
        }
    }

    fn nowhere(&self) -> u64 {
        4096
    }

    fn end(&mut self) {
        let left = self.look();
        *self = Self { left, ..Self::new(self.profile.clone()) };
    }
}
