//! BPF_BTF_LOAD of small blobs, sound and not.

use super::{Held, Maker, attr, call};
use crate::random::Random;
use crate::step::{Image, Step};

/// `struct btf_header` and what follows: `types` and `strings` in this order.
fn blob(types: &[u8], strings: &[u8]) -> Vec<u8> {
    let words = [0x0001_eb9f, 24, 0, types.len() as u32, types.len() as u32, strings.len() as u32];
    let header = words.iter().flat_map(|word| word.to_le_bytes());
    header.chain(types.iter().copied()).chain(strings.iter().copied()).collect()
}

/// `struct btf_type`: name, info (kind, vlen), size or type.
fn record(name: u32, kind: u32, vlen: u32, last: u32) -> Vec<u8> {
    [name, kind << 24 | vlen, last].iter().flat_map(|word| word.to_le_bytes()).collect()
}

/// An `int` of so many bits.
fn int(bits: u32) -> Vec<u8> {
    let mut bytes = record(1, 1, 0, bits / 8);
    bytes.extend((1u32 << 24 | bits).to_le_bytes());
    bytes
}

/// An `int`, and one type that stands on it.
fn types(random: &mut Random) -> Vec<u8> {
    let mut bytes = int(random.pick(&[32, 64, 8, 16]));
    match random.below(8) {
        // A pointer, a typedef, const, volatile.
        0 => bytes.extend(record(0, 2, 0, 1)),
        1 => bytes.extend(record(5, 8, 0, 1)),
        2 => bytes.extend(record(0, random.pick(&[9, 10, 11]), 0, 1)),
        // A struct with a member.
        3 => {
            bytes.extend(record(5, 4, 1, 8));
            bytes.extend([5u32, 1, 0].iter().flat_map(|word| word.to_le_bytes()));
        }
        // An array of two.
        4 => {
            bytes.extend(record(0, 3, 0, 0));
            bytes.extend([1u32, 1, 2].iter().flat_map(|word| word.to_le_bytes()));
        }
        // An enum with a member.
        5 => {
            bytes.extend(record(5, 6, 1, 4));
            bytes.extend([5u32, 7].iter().flat_map(|word| word.to_le_bytes()));
        }
        // A forward, or a kind that there is not.
        6 => bytes.extend(record(5, random.pick(&[7, 19, 20, 31]), 0, 0)),
        _ => {}
    }
    bytes
}

pub(super) fn load(maker: &mut Maker) -> Step {
    let random = &mut maker.random;
    let strings: &[u8] = random.pick(&[&b"\0int\0abc\0"[..], b"\0int\0abc\0", b"\0int\0", b"\0"]);
    let mut bytes = blob(&types(random), strings);
    if random.once_in(3) {
        let at = random.below(bytes.len() as u32) as usize;
        bytes[at] ^= 1 << random.below(8);
    }
    if random.once_in(12) {
        bytes.truncate(random.below(bytes.len() as u32 + 1) as usize);
    }
    let size = bytes.len() as u32;
    let size = if random.once_in(20) { random.pick(&[0, 23, size + 1, 1 << 30]) } else { size };
    let flags = if random.once_in(25) { random.pick(&[1, 1 << 16]) } else { 0u32 };
    let fields: [(usize, &[u8]); 2] = [(16, &size.to_le_bytes()), (32, &flags.to_le_bytes())];
    let mut arm = attr(40, &fields);
    if flags == 0 {
        arm.bytes.truncate(random.pick(&[28, 32, 40]));
    }
    let arm = super::elem::point(random, arm, 0, 0);
    let mut call = call(18, arm, vec![Image::of(bytes)]);
    call.into = maker.new_slot(Held::Btf);
    Step::Call(Box::new(call))
}
