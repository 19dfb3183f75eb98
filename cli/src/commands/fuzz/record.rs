//! Calls of the fuzzer as a trace.

use crate::report::Failure;
use bpfsim_abi::attr::UserAddr;
use bpfsim_fuzz::{Machine, Player, Random, Simulated, World, sequence};
use bpfsim_syscall::{Caps, Profile};
use bpfsim_trace::{Header, Recorder};

/// The simulator, with every call as a line.
struct Recording {
    inner: Simulated,
    recorder: Recorder,
    text: String,
}

impl Machine for Recording {
    fn place(&mut self, lens: &[usize]) -> Result<Vec<u64>, bpfsim_syscall::Failure> {
        self.inner.place(lens)
    }

    fn write(&mut self, at: u64, bytes: &[u8]) -> Result<(), bpfsim_syscall::Failure> {
        self.inner.write(at, bytes)
    }

    fn read(&mut self, at: u64, len: usize) -> Result<Vec<u8>, bpfsim_syscall::Failure> {
        self.inner.read(at, len)
    }

    fn bpf(&mut self, cmd: u32, at: u64, size: u32) -> Result<i64, bpfsim_syscall::Failure> {
        let (kernel, process) = self.inner.parts();
        let (answer, line) = self.recorder.call(kernel, process, cmd, UserAddr(at), size);
        self.text += &line.to_json();
        answer.map(i64::from)
    }

    fn close(&mut self, fd: u32) {
        self.text += &self.recorder.closed(fd).to_json();
        self.inner.close(fd);
    }

    fn nowhere(&self) -> u64 {
        self.inner.nowhere()
    }

    fn end(&mut self) {}
}

/// Plays the first sequence of `seed`, as long as `calls`, and writes it to `path`.
pub(super) fn write(
    path: &str,
    seed: u64,
    calls: u64,
    world: World,
    profile: &Profile,
) -> Result<(), Failure> {
    let mut machine = Recording {
        inner: Simulated::new(profile.clone()),
        recorder: Recorder::default(),
        text: Header::new(profile, Caps::ROOT).to_json(),
    };
    let length = u32::try_from(calls).unwrap_or(u32::MAX);
    let mut player = Player::new(&mut machine);
    for step in sequence(Random::of(seed, 0), world, length) {
        player.step(&step);
    }
    player.end();
    std::fs::write(path, machine.text)
        .map_err(|error| Failure::new(path, format!("cannot be written: {error}")))
}
