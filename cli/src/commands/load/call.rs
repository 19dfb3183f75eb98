//! A process that loads an object: attrs in its memory, and bpf(2).

use crate::kernel::Chosen;
use bpfsim_abi::attr::{MapCreateAttr, ProgLoadAttr, UserAddr};
use bpfsim_abi::{Insn, Release, cmd, sizes};
use bpfsim_lab::object::MapDef;
use bpfsim_syscall::{Answer, Kernel, Process, Profile, Task};
use zerocopy::{Immutable, IntoBytes};

/// The largest log that every release takes.
const LOG_SIZE: u32 = u32::MAX >> 8;

/// Every instruction with the state before it.
const LOG_LEVEL: u32 = 2;

/// A kernel, and the one process on it.
pub struct Machine {
    kernel: Kernel,
    process: Process,
    /// Where logs go.
    log: UserAddr,
}

impl Machine {
    /// A kernel after boot.
    pub fn new(chosen: &Chosen) -> Self {
        let mut process = chosen.process();
        let log = process.alloc_zeroed(LOG_SIZE as usize);
        Self { kernel: chosen.kernel(), process, log }
    }

    /// Which kernel.
    pub fn profile(&self) -> &Profile {
        &self.kernel.core.profile
    }

    /// MAP_CREATE; the fd.
    pub fn create_map(&mut self, map: &MapDef) -> Answer {
        let attr = MapCreateAttr {
            map_type: map.map_type,
            key_size: map.key_size,
            value_size: map.value_size,
            max_entries: map.max_entries,
            map_flags: map.flags,
            ..MapCreateAttr::default()
        };
        self.call("BPF_MAP_CREATE", &attr)
    }

    /// PROG_LOAD; the log, and the fd.
    pub fn load(&mut self, prog_type: u32, insns: &[Insn], license: &str) -> (String, Answer) {
        // A load that fails early writes no log: the one before must not stand there.
        self.process.write(self.log, &[0]).ok();
        let attr = ProgLoadAttr {
            prog_type,
            insn_cnt: u32::try_from(insns.len()).unwrap_or(u32::MAX),
            insns: self.process.alloc(insns.as_bytes()),
            license: self.process.alloc(format!("{license}\0").as_bytes()),
            log_level: LOG_LEVEL,
            log_size: LOG_SIZE,
            log_buf: self.log,
            kern_version: version(self.profile().release),
            ..ProgLoadAttr::default()
        };
        let answer = self.call("BPF_PROG_LOAD", &attr);
        (self.text(), answer)
    }

    /// bpf(2), with an attr as long as that kernel's headers have it.
    fn call<T: IntoBytes + Immutable>(&mut self, command: &str, attr: &T) -> Answer {
        let mut bytes = attr.as_bytes().to_vec();
        let size = sizes::attr_size(self.profile().release);
        bytes.resize(size as usize, 0);
        let at = self.process.alloc(&bytes);
        let number = cmd::by_name(command).map_or(u32::MAX, |entry| entry.number);
        self.kernel.bpf(&mut self.process, number, at, size)
    }

    /// The log, up to its NUL.
    fn text(&self) -> String {
        let bytes = self.process.bytes(self.log, LOG_SIZE as usize).unwrap_or_default();
        let text = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
        String::from_utf8_lossy(text).into_owned()
    }
}

/// `LINUX_VERSION_CODE` of X.Y.0, as libbpf fills it in whatever the object says.
fn version(release: Release) -> u32 {
    u32::from(release.major) << 16 | u32::from(release.minor) << 8
}
