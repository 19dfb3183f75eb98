//! The element commands.

use super::create::is_percpu;
use super::{LONGEST, Maker, Shape, attr, call};
use crate::random::Random;
use crate::step::{Image, SLOTS, Slot, Step, What};

const LOOKUP: u32 = 1;
const UPDATE: u32 = 2;
const DELETE: u32 = 3;
const NEXT_KEY: u32 = 4;
const TAKE: u32 = 21;

/// Bytes of one value as they cross, in bytes.
pub(super) fn wire(shape: &Shape, cpus: u32) -> usize {
    let value = shape.value as usize;
    let all = if is_percpu(shape.map_type) {
        value.next_multiple_of(8).saturating_mul(cpus as usize)
    } else {
        value
    };
    all.min(LONGEST)
}

/// One of few keys, so that they meet; the number stands where the key begins.
pub(super) fn key(random: &mut Random, shape: &Shape) -> Vec<u8> {
    let mut key = vec![0; (shape.key as usize).min(LONGEST)];
    let number = match random.below(10) {
        0 => random.pick(&[u32::MAX, shape.entries]),
        _ => random.below(4.min(shape.entries + 1)),
    };
    let mut start = 0;
    if shape.map_type == 11 && key.len() > 4 {
        // A prefix length, and data of few patterns.
        let bits = (key.len() as u32 - 4) * 8;
        let prefix = match random.below(12) {
            0 => bits + 1,
            1..=4 => bits,
            _ => random.within(0, bits),
        };
        key[..4].copy_from_slice(&prefix.to_le_bytes());
        start = 4;
        let pattern = random.pick(&[0u8, 0xff, 0xf0, 0xaa, 0x80]);
        key[4..].fill(pattern);
    }
    let bytes = number.to_le_bytes();
    let len = bytes.len().min(key.len() - start);
    key[start..start + len].copy_from_slice(&bytes[..len]);
    key
}

/// A value that is easy to recognise; fds of maps and programs where the map is one of those.
pub(super) fn value(maker: &mut Maker, shape: &Shape) -> Image {
    let len = wire(shape, maker.world.cpus);
    let random = &mut maker.random;
    let bytes = match random.below(3) {
        0 => vec![random.word() as u8; len],
        _ => {
            let start = random.word() as u8;
            (0..len).map(|at| start.wrapping_add(at as u8)).collect()
        }
    };
    let image = Image::of(bytes);
    let of_fds = matches!(shape.map_type, 3 | 4 | 8 | 12 | 13);
    if of_fds && len >= 4 && !random.once_in(8) {
        let slot = random.below(SLOTS as u32) as Slot;
        return image.with(0, What::Fd(slot));
    }
    image
}

/// Types whose elements are sockets, devices, CPUs: never filled on a real machine.
pub(super) const fn stays_empty(map_type: u32) -> bool {
    matches!(map_type, 14..=20 | 24..=26 | 28 | 29 | 32..)
}

fn flags(random: &mut Random, cmd: u32, shape: &Shape) -> u64 {
    if random.once_in(30) {
        let cpu = u64::from(random.below(3)) << 32;
        return random.pick(&[3, 4, 5, 8, 8 | cpu, 16, 24, 1 << 32, 1 << 63, u64::MAX]);
    }
    match cmd {
        UPDATE if shape.map_type == 30 => random.pick(&[0, 0, 0, 1, 2]),
        UPDATE if matches!(shape.map_type, 22 | 23) => random.pick(&[0, 0, 0, 2, 1]),
        UPDATE => random.pick(&[0, 0, 0, 0, 1, 2]),
        _ => 0,
    }
}

/// Where a buffer begins, and where it is cut off; `at` is its offset in the attr.
pub(super) fn point(random: &mut Random, image: Image, at: u32, buffer: u8) -> Image {
    match random.below(60) {
        0 => image.with(at, What::Nowhere),
        1 => image.with(at, What::Address(buffer, 1)),
        2 => image,
        _ => image.with(at, What::Address(buffer, 0)),
    }
}

pub(super) fn elem(maker: &mut Maker) -> Step {
    let Some((slot, shape)) = maker.map() else { return super::create::create(maker) };
    let cmd = maker.random.weighted(&[
        (40, UPDATE),
        (30, LOOKUP),
        (14, DELETE),
        (12, NEXT_KEY),
        (3, TAKE),
    ]);
    let cmd = if cmd == UPDATE && stays_empty(shape.map_type) { LOOKUP } else { cmd };
    element(maker, cmd, slot, &shape)
}

/// BPF_MAP_LOOKUP_AND_DELETE_ELEM.
pub(super) fn take(maker: &mut Maker) -> Step {
    let Some((slot, shape)) = maker.map() else { return super::create::create(maker) };
    element(maker, TAKE, slot, &shape)
}

fn element(maker: &mut Maker, cmd: u32, slot: Slot, shape: &Shape) -> Step {
    let flags = flags(&mut maker.random, cmd, shape);
    let mut key = Image::of(key(&mut maker.random, shape));
    let mut value = match cmd {
        NEXT_KEY => Image::of(maker.random.bytes((shape.key as usize).min(LONGEST))),
        _ => value(maker, shape),
    };
    let random = &mut maker.random;
    if cmd == NEXT_KEY {
        // A walk: the key that came out goes in.
        key.load = (!random.once_in(3)).then_some(0);
        value.save = Some(0);
    }
    let arm = attr(32, &[(24, &flags.to_le_bytes())]).with(0, What::Fd(slot));
    // Queues, stacks and bloom filters want no key; a walk begins without one.
    let no_key = match cmd {
        NEXT_KEY => random.once_in(5),
        _ => shape.key == 0 && !random.once_in(10),
    };
    let arm = if no_key { arm } else { point(random, arm, 8, 0) };
    let no_value = cmd == DELETE && !random.once_in(20);
    let arm = if no_value { arm } else { point(random, arm, 16, 1) };
    Step::Call(Box::new(call(cmd, arm, vec![key, value])))
}
