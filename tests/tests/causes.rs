//! How many refusals say why, and which causes calls at random meet.

use bpfsim_abi::{UserAddr, cause, known_releases};
use bpfsim_syscall::{Caps, Failure, Kernel, Process, Profile, Task};
use bpfsim_tests::programs::returns;
use std::collections::BTreeMap;
use std::path::Path;

/// Calls at each release.
const CALLS: u64 = 6_000;

/// SplitMix64.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len() as u64) as usize]
    }
}

/// One process that calls at random, with pointers that are good more often than not.
struct Caller {
    kernel: Kernel,
    process: Process,
    dice: Dice,
    pointers: Vec<u64>,
}

impl Caller {
    fn new(profile: Profile, seed: u64) -> Self {
        let mut process = Process::default();
        let insns = returns(0).concat();
        let texts: [&[u8]; 6] =
            [&[0; 64], &insns, b"GPL\0", b"/sys/fs/bpf/a\0", b"/sys/fs/bpf/none/a\0", &[1; 3]];
        let mut pointers: Vec<u64> = texts.iter().map(|text| process.alloc(text).0).collect();
        pointers.extend([pointers[0]; 4]);
        pointers.extend([0, 4096, 0xffff_8880_0000_0000]);
        let mut kernel = Kernel::new(profile);
        // Fds from 3 on, where the release has the types: array, hash, per-CPU hash, queue.
        for shape in [[2, 4, 8, 1], [1, 4, 8, 1], [5, 4, 8, 1], [22, 0, 8, 1]] {
            let attr = process.alloc(&shape.map(u32::to_le_bytes).concat());
            kernel.bpf(&mut process, 0, attr, 16).ok();
        }
        Self { kernel, process, dice: Dice(seed), pointers }
    }

    /// Small numbers, fds, flags, sizes.
    fn word(&mut self) -> u32 {
        let dice = &mut self.dice;
        match dice.below(12) {
            0 => 1 << dice.below(18),
            1 => dice.of(&[u32::MAX, 0x7fff_ffff, 1 << 20, 4097, 4096, 128, 200]),
            2..=4 => 3 + dice.below(6) as u32,
            5..=8 => dice.of(&[1, 2, 4, 5, 6, 8, 14, 32]),
            _ => 0,
        }
    }

    fn attr(&mut self, cmd: u32) -> Vec<u8> {
        let mut attr = Vec::new();
        let words = self.dice.of(&[3, 4, 8, 8, 8, 12, 16, 20, 42, 50]);
        // An fd and a number, then pointers and numbers: the batches begin with pointers.
        let first = if (24..28).contains(&cmd) { 0 } else { 1 };
        for unit in 0..words / 2 {
            let pointer = unit >= first && unit < first + 4 && self.dice.below(4) > 0;
            if pointer {
                attr.extend(self.dice.of(&self.pointers).to_le_bytes());
            } else {
                let (low, high) = (self.word(), if unit == 0 { 0 } else { self.word() });
                attr.extend([low.to_le_bytes(), high.to_le_bytes()].concat());
            }
        }
        if cmd == 5 && self.dice.below(2) == 0 {
            self.good_load(&mut attr);
        }
        attr.truncate(words * 4);
        if self.dice.below(4) > 0 {
            // Short arms, so that CHECK_ATTR lets calls through.
            let kept = self.dice.of(&[16, 20, 24, 32, 48]);
            let end = attr.len().min(kept);
            attr[end..].fill(0);
        }
        attr
    }

    /// A socket filter whose pointers are good.
    fn good_load(&self, attr: &mut [u8]) {
        let fields = [(1u64, 0), (2, 4)];
        for (value, at) in fields {
            if let Some(field) = attr.get_mut(at..at + 4) {
                field.copy_from_slice(&(value as u32).to_le_bytes());
            }
        }
        for (pointer, at) in [(self.pointers[1], 8), (self.pointers[2], 16)] {
            if let Some(field) = attr.get_mut(at..at + 8) {
                field.copy_from_slice(&pointer.to_le_bytes());
            }
        }
    }

    fn call(&mut self) -> (u32, Result<u32, Failure>) {
        let cmd = match self.dice.below(8) {
            0..=2 => self.dice.below(6) as u32,
            3 => self.dice.of(&[21, 22, 24, 25, 26, 27]),
            _ => self.dice.below(40) as u32,
        };
        let attr = self.attr(cmd);
        let few = self.dice.below(10) == 0;
        self.process.caps = if few { Caps::NONE } else { Caps::ROOT };
        let at = match self.dice.below(40) {
            0 => UserAddr(4096),
            1 => UserAddr(0xffff_8880_0000_0000),
            _ => self.process.alloc(&attr),
        };
        let size = if self.dice.below(30) == 0 { self.word() } else { attr.len() as u32 };
        let answer = self.kernel.bpf(&mut self.process, cmd, at, size);
        if self.dice.below(40) == 0 {
            let fd = 6 + self.dice.below(6) as u32;
            if self.process.fd(fd).is_some()
                && let Some(object) = self.process.close(fd)
            {
                self.kernel.release(object);
            }
        }
        (cmd, answer)
    }
}

/// What random calls met: refusals by cause, and those without by command and errno.
#[derive(Default)]
struct Met {
    causes: BTreeMap<&'static str, u64>,
    bare: BTreeMap<String, u64>,
}

fn met() -> Met {
    let mut met = Met::default();
    for (number, release) in known_releases().iter().enumerate() {
        let mut profile = Profile::release(*release).expect("known");
        profile.unprivileged_disabled &= number % 2 == 0;
        profile.inputs.memlock_limit = (number % 3 == 0).then_some(1 << 16);
        let mut caller = Caller::new(profile, number as u64);
        for _ in 0..CALLS {
            let (cmd, Err(Failure::Errno(refusal))) = caller.call() else { continue };
            match refusal.cause {
                Some(cause) => {
                    let fits = cause.errnos().any(|errno| errno == refusal.errno);
                    assert!(fits, "{} is no {}", refusal.errno, cause.id);
                    *met.causes.entry(cause.id).or_default() += 1;
                }
                None => {
                    let what = format!("{cmd} {}", refusal.errno);
                    *met.bare.entry(what).or_default() += 1;
                }
            }
        }
    }
    met
}

/// 98 of 100 refusals of random calls over all commands and releases say why.
#[test]
fn refusals_say_why() {
    let met = met();
    let (said, bare): (u64, u64) = (met.causes.values().sum(), met.bare.values().sum());
    let share = 100.0 * said as f64 / (said + bare) as f64;
    let (some, all) = (met.causes.len(), cause::all().count());
    println!("{share:.2} % of {} refusals have one of {some} causes of {all}", said + bare);
    assert!(said + bare > 100_000, "{} refusals", said + bare);
    assert!(share >= 98.0, "{share:.2} %; without a cause: {:#?}", met.bare);
}

/// Causes that nothing raises here, and why they are in the table all the same.
const NEVER_RAISED: &[(&str, &str)] = &[];

/// Name and id of each row, from the sources of the table.
fn rows() -> Vec<(String, String)> {
    let text = sources(Path::new("../abi/src/cause"));
    let row = |line: &str| {
        let (name, rest) = line.trim().split_once(" \"")?;
        let (id, _) = rest.split_once("\":")?;
        let upper = name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
        (upper && !name.is_empty()).then(|| (name.to_owned(), id.to_owned()))
    };
    text.lines().filter_map(row).collect()
}

/// All of a folder's sources, one behind the other.
fn sources(folder: &Path) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let entries = std::fs::read_dir(&folder).expect("a folder of sources");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    let text = |path: &Path| match path.is_dir() {
        true => sources(path),
        false => std::fs::read_to_string(path).expect("a source"),
    };
    paths.iter().map(|path| text(path)).collect()
}

#[test]
fn every_cause_is_raised_somewhere() {
    let code = sources(Path::new("../maps/src")) + &sources(Path::new("../syscall/src"));
    let rows = rows();
    assert_eq!(rows.len(), cause::all().count(), "rows of the table");
    let raised = |name: &str| {
        let path = format!("cause::{name}");
        let ends = |at: usize| code[at..].chars().next();
        let word = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_');
        code.match_indices(&path).any(|(at, found)| !word(ends(at + found.len())))
    };
    for (name, id) in rows {
        let listed = NEVER_RAISED.iter().any(|(never, _)| *never == id);
        assert_eq!(raised(&name), !listed, "{id}: raise it, or say in NEVER_RAISED why not");
    }
}
