//! BPF_MAP_CREATE.

use super::{Held, Maker, Shape, attr, call};
use crate::random::Random;
use crate::step::{Call, Image, Slot, Step, What};

/// `BPF_F_ZERO_SEED`: the order of a hash is that of the oracle only with a seed that both have.
const ZERO_SEED: u32 = 64;

/// `map_flags` of v6.18 that lead nowhere outside the map: `BPF_F_NO_PREALLOC`, `NO_COMMON_LRU`,
/// `NUMA_NODE`, `RDONLY`, `WRONLY`, `STACK_BUILD_ID`, `ZERO_SEED`, `RDONLY_PROG`, `WRONLY_PROG`,
/// `CLONE`, `MMAPABLE`, `PRESERVE_ELEMS`, `INNER_MAP`, and numbers that are no flag.
const FLAGS: [u32; 15] =
    [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 1 << 20, 1 << 31];

/// Map types by weight. What holds data by itself comes most; types that start threads or need a
/// network are made seldom, and never filled (see `elem`).
const TYPES: [(u32, u32); 32] = [
    (12, 1),
    (10, 2),
    (2, 3),
    (1, 4),
    (10, 5),
    (8, 6),
    (2, 7),
    (1, 8),
    (8, 9),
    (4, 10),
    (10, 11),
    (3, 12),
    (3, 13),
    (1, 14),
    (1, 15),
    (1, 16),
    (1, 17),
    (1, 18),
    (1, 19),
    (1, 20),
    (1, 21),
    (6, 22),
    (6, 23),
    (1, 24),
    (1, 25),
    (1, 26),
    (3, 27),
    (1, 28),
    (1, 29),
    (6, 30),
    (2, 31),
    (1, 0),
];

/// True for the types that hash with a seed, and take a flag against it.
const fn is_hash(map_type: u32) -> bool {
    matches!(map_type, 1 | 5 | 9 | 10 | 13 | 30)
}

/// True for a BPF_MAP_CREATE that asks for no seed.
pub(crate) fn has_zero_seed(call: &Call) -> bool {
    let flags = call.attr.bytes.get(16).copied().unwrap_or(0);
    call.cmd == 0 && u32::from(flags) & ZERO_SEED != 0
}

/// True for the types with a value for each possible CPU.
pub(crate) const fn is_percpu(map_type: u32) -> bool {
    matches!(map_type, 5 | 6 | 10 | 21)
}

/// A map that the kernel makes, mostly.
pub(super) fn sound(maker: &mut Maker) -> Step {
    make(maker, true)
}

/// A map with a fault now and then.
pub(super) fn create(maker: &mut Maker) -> Step {
    let sound = !maker.random.once_in(3);
    make(maker, sound)
}

fn make(maker: &mut Maker, sound: bool) -> Step {
    let mut types = TYPES;
    for (weight, map_type) in &mut types {
        if maker.world.types >> *map_type & 1 == 0 {
            *weight = 0;
        }
    }
    let map_type = maker.random.weighted(&types);
    let shape = shape(&mut maker.random, map_type, sound);
    let flags = flags(&mut maker.random, map_type, sound);
    let word = |number: u32| number.to_le_bytes();
    let name = if sound { [0; 16] } else { name(&mut maker.random) };
    let extra = match maker.random.below(20) {
        0 if !sound => maker.random.word() & 0xff,
        _ if map_type == 30 => u64::from(maker.random.pick(&[0u32, 0, 1, 3, 15, 16])),
        _ => 0,
    };
    let node = if flags & 4 != 0 { maker.random.pick(&[0, 0, u32::MAX, 1]) } else { 0 };
    let mut image = attr(
        maker.random.pick(&[72, 72, 80, 92, 96]),
        &[
            (0, &word(shape.map_type)),
            (4, &word(shape.key)),
            (8, &word(shape.value)),
            (12, &word(shape.entries)),
            (16, &word(flags)),
            (24, &word(node)),
            (28, &name),
            (64, &extra.to_le_bytes()),
        ],
    );
    if let Some(inner) = inner(maker, map_type) {
        image = image.with(20, What::Fd(inner));
    }
    if maker.random.once_in(4) {
        image.bytes.truncate(28);
    }
    if !sound {
        image = typed(maker, image);
    }
    let mut call = call(0, image, vec![]);
    call.into = maker.new_slot(Held::Map(shape));
    Step::Call(Box::new(call))
}

/// The map that an outer map is modelled on.
fn inner(maker: &mut Maker, map_type: u32) -> Option<Slot> {
    let outer = matches!(map_type, 12 | 13) || maker.random.once_in(100);
    if outer { maker.map().map(|(slot, _)| slot) } else { None }
}

/// Types of a BTF for key and value, now and then.
fn typed(maker: &mut Maker, mut image: Image) -> Image {
    if image.bytes.len() < 64 || !maker.random.once_in(25) {
        return image;
    }
    image.bytes[52] = maker.random.below(4) as u8;
    image.bytes[56] = maker.random.below(4) as u8;
    let btf = maker.slot_of(|held| match held {
        Held::Btf => Some(()),
        Held::Map(_) | Held::Prog => None,
    });
    match btf {
        Some((slot, ())) => image.with(48, What::Fd(slot)),
        None => image,
    }
}

/// Sizes that the type takes, mostly.
fn shape(random: &mut Random, map_type: u32, sound: bool) -> Shape {
    let value = match random.below(12) {
        0 => random.within(1, 4200),
        1 => random.pick(&[1, 4095, 4096, 4097, 4200]),
        2..=5 => random.within(1, 40),
        _ => random.pick(&[4, 8, 8, 16]),
    };
    let odd_key = random.pick(&[1, 2, 3, 4, 4, 5, 8, 8, 12, 16, 31, 64]);
    let (key, value) = match map_type {
        1 | 5 | 9 | 10 => (odd_key, value),
        11 => (random.pick(&[5, 6, 8, 8, 8, 12, 20, 36]), value),
        22 | 23 | 30 => (0, value),
        27 | 31 => (0, 0),
        7 => (4, random.pick(&[8, 16, 64, 1016])),
        13 => (odd_key, 4),
        3 | 4 | 8 | 12 | 14 | 15 | 16 | 17 | 25 => (4, 4),
        18 => (odd_key, 4),
        19 | 21 => (random.pick(&[8, 16]), value),
        24 | 28 | 29 => (4, value),
        _ => (4, value),
    };
    let entries = match map_type {
        27 | 31 => random.pick(&[4096, 4096, 8192, 4095, 1]),
        19 | 21 | 24 | 28 | 29 => 0,
        _ => random.pick(&[1, 2, 2, 3, 4, 5, 8, 16]),
    };
    let mut shape = Shape { map_type, key, value, entries, sound };
    match random.below(12) {
        _ if sound => {}
        0 => shape.key = random.pick(&[0, 1, 3, 5, 256, 260, 513]),
        1 => shape.value = random.pick(&[0, 1, 5, 9, 1000]),
        2 => shape.entries = 0,
        _ => {}
    }
    shape
}

fn flags(random: &mut Random, map_type: u32, sound: bool) -> u32 {
    let mut flags = match map_type {
        1 | 5 => random.pick(&[0, 0, 1]),
        12 | 13 if random.once_in(4) => 4096,
        11 | 24 | 28 | 29 => 1,
        10 => random.pick(&[0, 2]),
        _ => 0,
    };
    if !sound {
        if random.once_in(4) {
            flags |= random.pick(&FLAGS);
        }
        if random.once_in(4) {
            flags |= random.pick(&[8, 16, 8, 16, 128, 256]);
        }
        if random.once_in(12) {
            flags &= !1;
        }
    }
    if is_hash(map_type) { flags | ZERO_SEED } else { flags }
}

fn name(random: &mut Random) -> [u8; 16] {
    let mut name = [0; 16];
    match random.below(8) {
        0 => name[..3].copy_from_slice(b"a.b"),
        1 => name = *b"fifteen_letters\0",
        2 if random.once_in(3) => name = *b"sixteen_letters!",
        3 if random.once_in(3) => name[0] = random.word() as u8,
        4 if random.once_in(3) => name[5] = b'x',
        _ => {}
    }
    name
}
