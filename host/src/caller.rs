//! One caller of bpf(2) on the real kernel: its memory and its descriptors.

use crate::failed::{Skipped, errno_name};
use crate::memory::NativeMemory;
use crate::sys::{Answer, Rights};
use bpfsim_abi::Errno;
use std::os::fd::{AsRawFd, OwnedFd};

/// `BPF_OBJ_PIN`.
const OBJ_PIN: u32 = 6;

/// Commands that hook a program up, change a hook, or outlive the caller in a file system: never
/// made on this machine, unless the fd that they are about is one that nobody has. Numbers and
/// names of `enum bpf_cmd`, and where in the attr that fd is.
const REFUSED: [(u32, &str, Option<u32>); 8] = [
    (6, "BPF_OBJ_PIN", Some(8)),
    (8, "BPF_PROG_ATTACH", Some(4)),
    (9, "BPF_PROG_DETACH", None),
    (17, "BPF_RAW_TRACEPOINT_OPEN", Some(8)),
    (28, "BPF_LINK_CREATE", Some(0)),
    (29, "BPF_LINK_UPDATE", Some(0)),
    (32, "BPF_ENABLE_STATS", None),
    (34, "BPF_LINK_DETACH", Some(0)),
];

/// Descriptors below this number may be opened by anybody in this process.
const LOWEST_FREE: u32 = 512;

/// Nobody has a descriptor of this number, and nobody gets it soon.
fn is_nobodys(fd: u32) -> bool {
    fd >= LOWEST_FREE && !std::path::Path::new(&format!("/proc/self/fd/{fd}")).exists()
}

/// Makes calls with any attr, for tables whose rows also run on the simulator.
///
/// Each call is made by a process of its own, which shares descriptors and [`NativeMemory`] with
/// this one and no other memory, so an address that is wrong is an errno or lost bytes there, never
/// a fault here. That costs some hundred microseconds; [`crate::NativeMap`] is for loops.
///
/// Descriptors that calls returned are closed on drop.
#[derive(Debug)]
pub struct Caller {
    memory: NativeMemory,
    rights: Rights,
    fds: Vec<OwnedFd>,
    pins: bool,
}

impl Caller {
    pub(crate) fn new() -> Result<Self, Skipped> {
        Ok(Self { memory: NativeMemory::new()?, rights: Rights::Own, fds: Vec::new(), pins: false })
    }

    /// From here on, calls are made with these rights.
    pub fn set_rights(&mut self, rights: Rights) {
        self.rights = rights;
    }

    /// Lets BPF_OBJ_PIN through: whoever asks has a bpffs that ends with this thread.
    pub(crate) fn allow_pins(&mut self) {
        self.pins = true;
    }

    /// Why this call is never made here: it would attach, pin or switch something on.
    fn refusal(&self, cmd: u32, attr: u64, size: u32) -> Option<Skipped> {
        let (number, name, fd) = REFUSED.iter().find(|(number, _, _)| *number == cmd)?;
        if self.pins && cmd == OBJ_PIN {
            return None;
        }
        let unreadable = size > 0 && attr == self.memory.unmapped();
        let harmless = |offset: &u32| {
            size >= offset + 4 && is_nobodys(self.memory.word(attr + u64::from(*offset)))
        };
        if unreadable || fd.as_ref().is_some_and(harmless) {
            return None;
        }
        let why = "it attaches or pins, which the oracle does not do";
        Some(Skipped::new(format!("command {number} ({name}): {why}")))
    }

    /// An address at which nothing is mapped.
    pub fn unmapped(&self) -> u64 {
        self.memory.unmapped()
    }

    /// Buffers whose addresses go into attrs.
    pub fn memory(&mut self) -> &mut NativeMemory {
        &mut self.memory
    }

    /// Calls bpf(2) with a copy of `attr` that ends with its page, and copies it back, since some
    /// commands write into it. `attr` has at most 8192 bytes with pages of 4 KiB.
    ///
    /// The inner result is the kernel's: a return value of at least zero, or the errno. Skipped
    /// when the command would attach or pin something, when no process could be started, or when
    /// the kernel's errno has no name in [`Errno`].
    pub fn call(&mut self, cmd: u32, attr: &mut [u8]) -> Result<Result<i64, Errno>, Skipped> {
        let address = self.memory.place_attr(attr)?;
        let answer = self.call_at(cmd, address, attr.len() as u32)?;
        self.memory.take_attr(attr)?;
        Ok(answer)
    }

    /// As [`Self::call`], with the attr at an address of the caller's choice.
    pub fn call_at(
        &mut self,
        cmd: u32,
        attr: u64,
        size: u32,
    ) -> Result<Result<i64, Errno>, Skipped> {
        if let Some(refusal) = self.refusal(cmd, attr, size) {
            return Err(refusal);
        }
        match self.memory.bpf(cmd, attr, size, self.rights)? {
            Answer::Value(value) => Ok(Ok(value)),
            Answer::Fd(fd) => {
                let number = fd.as_raw_fd().into();
                self.fds.push(fd);
                Ok(Ok(number))
            }
            Answer::Failed(number) => match Errno::from_number(number) {
                Some(errno) => Ok(Err(errno)),
                None => Err(Skipped::new(format!(
                    "command {cmd} answers {}, which abi/src/errno.rs does not name",
                    errno_name(number)
                ))),
            },
        }
    }

    /// Closes a descriptor that a call returned; false when this caller has no such descriptor.
    pub fn close(&mut self, fd: i64) -> bool {
        let before = self.fds.len();
        self.fds.retain(|owned| i64::from(owned.as_raw_fd()) != fd);
        self.fds.len() < before
    }

    /// Closes every descriptor that calls returned.
    pub fn close_all(&mut self) {
        self.fds.clear();
    }
}
