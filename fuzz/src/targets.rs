//! Entry points for a coverage-guided fuzzer: bytes of any kind go in, and nothing panics.
//!
//! `fuzz/targets` has a binary for each; `fuzz/tests/smoke.rs` feeds them on stable.

use bpfsim_abi::attr::UserAddr;
use bpfsim_abi::known_releases;
use bpfsim_lab::scenario;
use bpfsim_maps::percpu;
use bpfsim_syscall::{Caps, Kernel, Process, Profile};

/// Takes bytes off the front; zeros when there are no more.
struct Bytes<'a>(&'a [u8]);

impl Bytes<'_> {
    fn byte(&mut self) -> u8 {
        match self.0.split_first() {
            Some((first, rest)) => {
                self.0 = rest;
                *first
            }
            None => 0,
        }
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[usize::from(self.byte()) % from.len()]
    }

    fn take(&mut self, len: usize) -> Vec<u8> {
        let (taken, rest) = self.0.split_at(len.min(self.0.len()));
        self.0 = rest;
        taken.to_vec()
    }
}

/// A release, now and then with a series on it.
fn profile(bytes: &mut Bytes<'_>) -> Profile {
    let release = bytes.pick(known_releases());
    let series = percpu::all();
    let plain = || Profile::release(release).expect("a known release");
    if series.is_empty() || bytes.byte() < 192 {
        return plain();
    }
    let series = &series[usize::from(bytes.byte()) % series.len()];
    Profile::with_series(series, None).unwrap_or_else(|_| plain())
}

/// Where the bytes of the input are mapped, and how often this many bytes of an attr are pointed
/// there.
struct Caller {
    kernel: Kernel,
    process: Process,
    data: UserAddr,
    len: usize,
}

impl Caller {
    fn new(bytes: &mut Bytes<'_>) -> Self {
        let profile = profile(bytes);
        let mut process = Process::default();
        if bytes.byte() > 224 {
            process.caps = Caps::NONE;
        }
        let data = process.alloc(bytes.0);
        Self { kernel: Kernel::new(profile), process, data, len: bytes.0.len() }
    }

    fn call(&mut self, cmd: u32, attr: &[u8], size: u32) -> Option<u32> {
        let at = self.process.alloc(attr);
        self.kernel.bpf(&mut self.process, cmd, at, size).ok()
    }

    /// Eight bytes of the attr become an address within the input.
    fn point(&self, attr: &mut [u8], slot: usize, skip: u8) {
        let skip = usize::from(skip).min(self.len);
        if let Some(eight) = attr.get_mut(slot * 8..slot * 8 + 8) {
            eight.copy_from_slice(&(self.data.0 + skip as u64).to_le_bytes());
        }
    }
}

/// Calls with any attr, any size and any fds, on a kernel of any kind.
pub fn entry(data: &[u8]) {
    let mut bytes = Bytes(data);
    let mut caller = Caller::new(&mut bytes);
    for _ in 0..64 {
        if bytes.0.is_empty() {
            return;
        }
        let cmd = u32::from(bytes.byte() % 44);
        let len = usize::from(bytes.byte());
        let mut attr = bytes.take(len);
        let pointers = bytes.byte();
        for slot in 0..8 {
            if pointers >> slot & 1 == 1 {
                let skip = bytes.byte();
                caller.point(&mut attr, slot, skip);
            }
        }
        if cmd == 0 {
            small(&mut attr);
        }
        let size = match bytes.byte() {
            0 => u32::MAX,
            1 => 0,
            2 => 4097,
            _ => attr.len() as u32,
        };
        caller.call(cmd, &attr, size);
        if bytes.byte() > 240
            && let Some(object) = caller.process.close(u32::from(bytes.byte() % 16))
        {
            caller.kernel.release(object);
        }
    }
}

/// Sizes below 8 KiB and less than 256 elements: what a map costs is no matter of this test.
fn small(attr: &mut [u8]) {
    for (at, mask) in [(6, 0), (7, 0), (9, 0x1f), (10, 0), (11, 0), (13, 0), (14, 0), (15, 0)] {
        if let Some(byte) = attr.get_mut(at) {
            *byte &= mask;
        }
    }
}

/// BPF_BTF_LOAD; every other input gets a header that is right.
pub fn btf(data: &[u8]) {
    let mut bytes = Bytes(data);
    let sound = bytes.byte() & 1 == 1;
    let strings = usize::from(bytes.byte());
    let mut caller = Caller::new(&mut bytes);
    let body = bytes.take(usize::MAX);
    let mut blob = Vec::new();
    if sound {
        let strings = strings.min(body.len());
        let types = (body.len() - strings) as u32;
        let words = [0x0001_eb9f, 24, 0, types, types, strings as u32];
        blob.extend(words.iter().flat_map(|word: &u32| word.to_le_bytes()));
    }
    blob.extend(body);
    if let (true, Some(last)) = (sound, blob.last_mut()) {
        *last = 0;
    }
    let at = caller.process.alloc(&blob);
    let mut attr = vec![0; 28];
    attr[..8].copy_from_slice(&at.0.to_le_bytes());
    attr[16..20].copy_from_slice(&(blob.len() as u32).to_le_bytes());
    let size = attr.len() as u32;
    caller.call(18, &attr, size);
}

/// Codes of the instruction set up to v6.18 that mean something to most releases.
const CODES: [u8; 40] = [
    0x07, 0x0f, 0x04, 0x0c, 0x17, 0x1f, 0x27, 0x37, 0x3f, 0x47, 0x57, 0x67, 0x77, 0x87, 0x97, 0xa7,
    0xb7, 0xbf, 0xb4, 0xbc, 0xc7, 0xd4, 0xdc, 0x05, 0x15, 0x1d, 0x25, 0x55, 0xa5, 0x61, 0x69, 0x71,
    0x79, 0x62, 0x7a, 0x63, 0x7b, 0x85, 0xdb, 0x18,
];

/// BPF_PROG_LOAD of a program that names three maps, and a run of it where it is accepted.
pub fn program(data: &[u8]) {
    let mut bytes = Bytes(data);
    let mut caller = Caller::new(&mut bytes);
    for map_type in [1u8, 2, 6] {
        caller.call(0, &[map_type, 0, 0, 0, 4, 0, 0, 0, 8, 0, 0, 0, 2, 0, 0, 0], 16);
    }
    let prog_type = bytes.pick(&[1u8, 3, 2, 6]);
    let exact = bytes.byte() & 1 == 1;
    let mut insns = bytes.take(8 * 256);
    insns.truncate(insns.len() / 8 * 8);
    for insn in insns.as_chunks_mut::<8>().0 {
        if !exact {
            insn[0] = CODES[usize::from(insn[0]) % CODES.len()];
            // Registers and offsets that may be there.
            insn[1] = (insn[1] % 11) | (((insn[1] >> 4) % 11) << 4);
            insn[3] = if insn[2] & 0x80 == 0 { 0 } else { 0xff };
            insn[5..].fill(0);
        }
    }
    insns.extend([0x95, 0, 0, 0, 0, 0, 0, 0]);
    let (at, license) = (caller.process.alloc(&insns), caller.process.alloc(b"GPL\0"));
    let mut attr = vec![0; 48];
    attr[0] = prog_type;
    attr[4..8].copy_from_slice(&((insns.len() / 8) as u32).to_le_bytes());
    attr[8..16].copy_from_slice(&at.0.to_le_bytes());
    attr[16..24].copy_from_slice(&license.0.to_le_bytes());
    let Some(fd) = caller.call(5, &attr, 44) else { return };
    let packet = caller.process.alloc(&[0x22; 64]);
    let mut attr = vec![0; 40];
    attr[..4].copy_from_slice(&fd.to_le_bytes());
    attr[8] = 64;
    attr[16..24].copy_from_slice(&packet.0.to_le_bytes());
    caller.call(10, &attr, 40);
}

/// A conformance case: what is read prints as what is read again.
///
/// # Panics
/// Where it does not.
pub fn case(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let Ok(file) = bpfsim_conform::parse("fuzz", &text) else { return };
    let printed = file.to_string();
    let again = bpfsim_conform::parse("fuzz", &printed);
    let again = again.unwrap_or_else(|problem| panic!("{problem}\n{printed}"));
    assert_eq!(again.to_string(), printed);
}

/// A scenario file.
pub fn scenario(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    // Every problem is a line for people; that there is one is no fault.
    scenario::parse(&text, "fuzz", percpu::NAMES).ok();
}
