//! The batch commands.

use super::elem::{key, point, stays_empty, value, wire};
use super::{LONGEST, Maker, Shape, attr, call};
use crate::step::{Image, Step, What};

const LOOKUP_BATCH: u32 = 24;
const TAKE_BATCH: u32 = 25;
const UPDATE_BATCH: u32 = 26;
const DELETE_BATCH: u32 = 27;

/// The register of the cursor.
const CURSOR: u8 = 1;

pub(super) fn batch(maker: &mut Maker) -> Step {
    let Some((slot, shape)) = maker.map() else { return super::create::create(maker) };
    let cmd = maker.random.weighted(&[
        (4, LOOKUP_BATCH),
        (2, TAKE_BATCH),
        (4, UPDATE_BATCH),
        (2, DELETE_BATCH),
    ]);
    let cmd = if cmd == UPDATE_BATCH && stays_empty(shape.map_type) { LOOKUP_BATCH } else { cmd };
    let random = &mut maker.random;
    let count: u32 = random.pick(&[0, 1, 1, 2, 3, 4, 6, 8, 20]);
    let flags = if random.once_in(20) { random.pick(&[1, 4, 8, 16, 1 << 32]) } else { 0 };
    let batch_flags = u64::from(random.once_in(40));
    let fields: [(usize, &[u8]); 3] = [
        (32, &count.to_le_bytes()),
        (40, &u64::to_le_bytes(flags)),
        (48, &batch_flags.to_le_bytes()),
    ];
    let arm = attr(56, &fields).with(36, What::Fd(slot));
    let begins = random.once_in(3);
    let arm = if begins { arm } else { point(random, arm, 0, 0) };
    let arm = point(random, arm, 8, 1);
    let arm = point(random, arm, 16, 2);
    let arm = point(random, arm, 24, 3);
    let buffers = buffers(maker, &shape, count);
    Step::Call(Box::new(call(cmd, arm, buffers)))
}

/// Cursor in, cursor out, keys, values.
fn buffers(maker: &mut Maker, shape: &Shape, count: u32) -> Vec<Image> {
    let cursor = (shape.key as usize).clamp(4, LONGEST);
    let into = Image { load: Some(CURSOR), ..Image::of(maker.random.bytes(cursor)) };
    let out = Image { save: Some(CURSOR), ..Image::of(maker.random.bytes(cursor)) };
    let short = maker.random.once_in(12);
    // Buffers are as long as the count says, and now and then shorter.
    let room = if short { maker.random.below(count + 1) } else { count };
    let room = room.min((LONGEST / wire(shape, maker.world.cpus).max(1)) as u32);
    let mut keys = Vec::new();
    let mut values = Image::default();
    for _ in 0..room {
        keys.extend(key(&mut maker.random, shape));
        let one = value(maker, shape);
        let start = values.bytes.len() as u32;
        values.bytes.extend(one.bytes);
        values.names.extend(one.names.into_iter().map(|mut name| {
            name.at += start;
            name
        }));
    }
    keys.truncate(LONGEST);
    vec![into, out, Image::of(keys), values]
}
