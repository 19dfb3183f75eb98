//! A caller that counts the bytes that the kernel writes into its memory.

use bpfsim_abi::Errno;
use bpfsim_abi::attr::UserAddr;
use bpfsim_syscall::task::NotBpf;
use bpfsim_syscall::{Caps, Fault, Mode, ObjectId, Process, Task};

/// A process, and what was written into its memory so far.
pub(super) struct Caller<'a> {
    pub(super) process: &'a mut Process,
    /// In bytes.
    pub(super) written: u64,
}

impl Task for Caller<'_> {
    fn read(&self, at: UserAddr, out: &mut [u8]) -> Result<(), Fault> {
        self.process.read(at, out)
    }

    fn write(&mut self, at: UserAddr, bytes: &[u8]) -> Result<(), Fault> {
        self.process.write(at, bytes)?;
        self.written += bytes.len() as u64;
        Ok(())
    }

    fn fd(&self, fd: u32) -> Option<Result<ObjectId, NotBpf>> {
        self.process.fd(fd)
    }

    fn install(&mut self, object: ObjectId) -> Result<u32, Errno> {
        self.process.install(object)
    }

    fn install_as(&mut self, object: ObjectId, mode: Mode) -> Result<u32, Errno> {
        self.process.install_as(object, mode)
    }

    fn mode(&self, fd: u32) -> Mode {
        self.process.mode(fd)
    }

    fn caps(&self) -> Caps {
        self.process.caps()
    }

    fn cpu(&self) -> u32 {
        Task::cpu(self.process)
    }
}
