//! The real kernel as one side of a differential fuzzer.
//!
//! Nothing outlives a sequence: fds are closed, pins lie in a bpffs of their own that nobody else
//! sees, and maps are as small as the generator makes them.

use crate::caller::Caller;
use crate::cpus::Pinned;
use crate::failed::Skipped;
use crate::native::Native;
use bpfsim_fuzz::Machine;
use bpfsim_syscall::Failure;
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};

/// Bytes of a buffer's room.
const ROOM: usize = 64 << 10;
/// How many buffers a call can have, with the attr.
const ROOMS: usize = 8;
/// Where the private bpffs is mounted.
const BPFFS: &str = "/sys/fs/bpf";

/// The running kernel.
#[derive(Debug)]
pub struct LiveMachine {
    caller: Caller,
    /// Where each room begins.
    rooms: Vec<u64>,
    pins: bool,
    pinned: bool,
    /// Free lists and LRU lists are by CPU: all calls come from one.
    _cpu: Pinned,
}

impl LiveMachine {
    /// The running kernel, asked from its first possible CPU.
    ///
    /// # Errors
    /// No memory for the buffers, or a CPU that this thread may not run on.
    pub fn new(native: &Native) -> Result<Self, Skipped> {
        let mut caller = native.caller()?;
        let room = |_| caller.memory().alloc(ROOM);
        let rooms = (0..ROOMS).map(room).collect::<Result<Vec<u64>, _>>()?;
        let first = native.possible().first().copied().unwrap_or(0);
        Ok(Self { caller, rooms, pins: false, pinned: false, _cpu: Pinned::to(first)? })
    }

    /// Mounts a bpffs for this thread and what it starts, and lets BPF_OBJ_PIN through. It is gone
    /// with the thread.
    ///
    /// # Errors
    /// The system does not allow it.
    pub fn with_pins(&mut self) -> Result<(), Skipped> {
        let skipped = |what: &str, error| Skipped::new(format!("{what} answers {error}"));
        let none: Option<&str> = None;
        unshare(CloneFlags::CLONE_NEWNS).map_err(|error| skipped("unshare(2)", error))?;
        let private = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
        mount(none, "/", none, private, none).map_err(|error| skipped("mount(2)", error))?;
        mount(Some("bpf"), BPFFS, Some("bpf"), MsFlags::empty(), none)
            .map_err(|error| skipped("mount(2) of a bpffs", error))?;
        // Relative paths begin there; this thread no longer shares its directory with others.
        nix::unistd::chdir("/").map_err(|error| skipped("chdir(2)", error))?;
        self.caller.allow_pins();
        self.pins = true;
        Ok(())
    }

    /// Whether pins are let through.
    pub fn pins(&self) -> bool {
        self.pins
    }

    fn failure(skipped: impl std::fmt::Display) -> Failure {
        Failure::NotModelled(skipped.to_string())
    }
}

impl Machine for LiveMachine {
    fn place(&mut self, lens: &[usize]) -> Result<Vec<u64>, Failure> {
        if lens.len() > ROOMS {
            return Err(Self::failure(format!("{} buffers are more than {ROOMS}", lens.len())));
        }
        let place = |(len, room): (&usize, &u64)| match ROOM.checked_sub(*len) {
            Some(skip) => Ok(room + skip as u64),
            None => Err(Self::failure(format!("{len} bytes are more than {ROOM}"))),
        };
        lens.iter().zip(&self.rooms).map(place).collect()
    }

    fn write(&mut self, at: u64, bytes: &[u8]) -> Result<(), Failure> {
        self.caller.memory().write(at, bytes).map_err(Self::failure)
    }

    fn read(&mut self, at: u64, len: usize) -> Result<Vec<u8>, Failure> {
        self.caller.memory().read(at, len).map_err(Self::failure)
    }

    fn bpf(&mut self, cmd: u32, at: u64, size: u32) -> Result<i64, Failure> {
        self.pinned |= cmd == 6;
        match self.caller.call_at(cmd, at, size) {
            Ok(answer) => answer.map_err(Failure::from),
            Err(skipped) => Err(Self::failure(skipped)),
        }
    }

    fn close(&mut self, fd: u32) {
        self.caller.close(fd.into());
    }

    fn nowhere(&self) -> u64 {
        // Not the caller's memory(): that one is for writing too.
        self.caller.unmapped()
    }

    fn end(&mut self) {
        self.caller.close_all();
        if !std::mem::take(&mut self.pinned) || !self.pins {
            return;
        }
        // What is left of a name that cannot be removed goes with the file system.
        for entry in std::fs::read_dir(BPFFS).into_iter().flatten().flatten() {
            std::fs::remove_file(entry.path()).ok();
        }
    }
}
