//! The simulator as a target.

use crate::ast::{Needs, Rights};
use crate::target::{Answer, Target, Trouble};
use bpfsim_abi::Release;
use bpfsim_abi::attr::UserAddr;
use bpfsim_sim::Topology;
use bpfsim_syscall::{Caps, Failure, Kernel, Process, Profile};

/// A kernel for each case, made from one profile.
#[derive(Debug)]
pub struct Simulated {
    profile: Profile,
    caps: Caps,
    kernel: Kernel,
    process: Process,
    cpus: u32,
}

impl Simulated {
    /// Runs cases on `profile`; a case that needs other CPUs or another sysctl gets them.
    pub fn new(profile: Profile, caps: Caps) -> Self {
        let kernel = Kernel::new(profile.clone());
        Self { kernel, process: Process::default(), cpus: 0, profile, caps }
    }
}

impl Target for Simulated {
    fn name(&self) -> String {
        match self.profile.series.filter(|_| self.profile.overlay) {
            Some(series) => format!("{} with {}", self.profile.release, series.name),
            None => self.profile.release.to_string(),
        }
    }

    fn release(&self) -> Release {
        self.profile.release
    }

    fn begin(&mut self, needs: &Needs) -> Result<(), Trouble> {
        let mut profile = self.profile.clone();
        if let Some(cpus) = needs.cpus {
            profile.cpus = Topology::all_online(cpus);
        }
        if let Some(disabled) = needs.unprivileged_disabled {
            profile.unprivileged_disabled = disabled;
        }
        let caps = match needs.rights {
            Rights::Root => self.caps,
            Rights::None => Caps::NONE,
        };
        self.cpus = profile.cpus.possible.len() as u32;
        let cpu = profile.cpus.online.iter().next().unwrap_or(0);
        self.kernel = Kernel::new(profile);
        self.process = Process::default();
        self.process.caps = caps;
        self.process.cpu = cpu;
        Ok(())
    }

    fn cpus(&self) -> u32 {
        self.cpus
    }

    fn alloc(&mut self, bytes: &[u8]) -> Result<u64, Trouble> {
        Ok(self.process.alloc(bytes).0)
    }

    fn read(&mut self, at: u64, len: usize) -> Result<Vec<u8>, Trouble> {
        let bytes = self.process.bytes(UserAddr(at), len).map(<[u8]>::to_vec);
        bytes.ok_or_else(|| Trouble::Broken(format!("{len} bytes at {at:#x} are not mapped")))
    }

    fn write(&mut self, at: u64, bytes: &[u8]) -> Result<(), Trouble> {
        let len = bytes.len();
        let written = bpfsim_syscall::Task::write(&mut self.process, UserAddr(at), bytes);
        written.map_err(|_| Trouble::Broken(format!("{len} bytes at {at:#x} are not mapped")))
    }

    fn unmapped(&self) -> u64 {
        4096
    }

    fn call(&mut self, cmd: u32, attr: u64, size: u32) -> Result<Answer, Trouble> {
        match self.kernel.bpf(&mut self.process, cmd, UserAddr(attr), size) {
            Ok(value) => Ok(Ok(value.into())),
            Err(failure @ Failure::NotModelled(_)) => Err(Trouble::Skip(failure.to_string())),
            Err(failure @ Failure::Trapped(_)) => Err(Trouble::Broken(failure.to_string())),
            Err(Failure::Errno(refusal)) => Ok(Err(refusal.errno.number())),
        }
    }

    fn close(&mut self, fd: i64) -> Result<(), Trouble> {
        let object = u32::try_from(fd).ok().and_then(|fd| self.process.close(fd));
        let object = object.ok_or_else(|| Trouble::Broken(format!("fd {fd} is not open")))?;
        self.kernel.release(object);
        Ok(())
    }
}

impl Simulated {
    /// The memory of the caller is these pieces and nothing else; they do not overlap.
    pub(crate) fn map(&mut self, pieces: &[(u64, Vec<u8>)]) {
        self.process.unmap_all();
        let mut pieces: Vec<_> = pieces.iter().collect();
        pieces.sort();
        for (at, bytes) in pieces {
            self.process.alloc_at(UserAddr(*at), bytes);
        }
    }
}
