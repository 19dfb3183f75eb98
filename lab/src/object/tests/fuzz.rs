//! Any bytes give an object or an error: the real objects, damaged in every way that is cheap.

use crate::object::ObjectFile;
use crate::object::builtin::BUILTIN;

/// xorshift64: the same damage in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }
}

/// Parses, and looks at what came out.
fn survive(bytes: &[u8]) -> bool {
    match ObjectFile::parse(bytes) {
        Ok(object) => {
            let insns: usize = object.progs.iter().map(|prog| prog.insns.len()).sum();
            assert!(insns * 8 <= bytes.len(), "programs do not share bytes");
            true
        }
        Err(error) => {
            assert!(!error.to_string().is_empty());
            false
        }
    }
}

#[test]
fn truncated() {
    for (name, bytes) in BUILTIN {
        for length in 0..bytes.len() {
            // The section table is at the end, so that nothing shorter is whole.
            assert!(!survive(&bytes[..length]), "{name} cut at {length}");
        }
    }
}

#[test]
fn every_byte_of_one_object() {
    let (_, original) = BUILTIN[0];
    let mut bytes = original.to_vec();
    for at in 0..bytes.len() {
        for value in [0, 1, 0x7f, 0x80, 0xff] {
            bytes[at] = value;
            survive(&bytes);
        }
        bytes[at] = original[at];
    }
}

#[test]
fn several_places_at_once() {
    let mut random = Random(0x5eed);
    let interesting = [0u32, 1, 7, 8, 0x7fff_ffff, 0x8000_0000, 0xffff_fff8, 0xffff_ffff];
    let (mut accepted, mut refused) = (0u32, 0u32);
    for _ in 0..40_000 {
        let mut bytes = BUILTIN[random.below(BUILTIN.len())].1.to_vec();
        for _ in 0..=random.below(4) {
            let at = random.below(bytes.len() - 3);
            match random.below(3) {
                0 => bytes[at] ^= 1 << random.below(8),
                1 => bytes[at] = random.below(256) as u8,
                _ => {
                    let word = interesting[random.below(interesting.len())];
                    bytes[at..at + 4].copy_from_slice(&word.to_le_bytes());
                }
            }
        }
        let result = if survive(&bytes) { &mut accepted } else { &mut refused };
        *result += 1;
    }
    assert!(accepted > 1_000 && refused > 1_000, "{accepted} accepted, {refused} refused");
}

#[test]
fn parts_of_two_objects() {
    let mut random = Random(0xc0de);
    for _ in 0..10_000 {
        let mut bytes = BUILTIN[random.below(BUILTIN.len())].1.to_vec();
        let other = BUILTIN[random.below(BUILTIN.len())].1;
        let length = 1 + random.below(bytes.len().min(other.len()) / 2);
        let from = random.below(other.len() - length);
        let to = random.below(bytes.len() - length);
        bytes[to..to + length].copy_from_slice(&other[from..from + length]);
        survive(&bytes);
    }
}
