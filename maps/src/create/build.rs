//! The memory of a new map.

use super::Around;
use super::ask::{BPF_F_NO_PREALLOC, BPF_F_ZERO_SEED, PCPU_MIN_UNIT_SIZE};
use crate::array::Array;
use crate::hash::{Hash, HashRules};
use crate::kinds;
use crate::map::{Map, Words};
use crate::shape::{Layout, Shape};
use bpfsim_abi::{Errno, Release};
use bpfsim_sim::Memory;

/// Makes a map of a shape that [`super::alloc`] answered.
///
/// # Errors
/// ENOMEM where the memory does not fit; EINVAL where the map type is not modelled.
pub fn build(memory: &mut Memory, shape: Shape, around: &Around<'_>) -> Result<Map, Errno> {
    let slots = if shape.percpu { shape.ranks } else { 1 };
    if shape.percpu && u64::from(shape.value_size).next_multiple_of(8) > PCPU_MIN_UNIT_SIZE.into() {
        // Nobody had checked, and the allocator of per-CPU memory refuses.
        return Err(Errno::ENOMEM);
    }
    let words = match shape.layout {
        Layout::Array => {
            let array = Array::create(memory, shape.max_entries, shape.stride(), slots);
            Words::Array(array.ok_or(Errno::ENOMEM)?)
        }
        Layout::Hash => {
            let rules = hash_rules(&shape, around);
            Words::Hash(Hash::create(memory, &shape, slots, rules).ok_or(Errno::ENOMEM)?)
        }
        Layout::Own => {
            let row = kinds::row(shape.map_type, around.release).ok_or(Errno::EINVAL)?;
            Words::Own((row.build)(memory, &shape, around)?)
        }
    };
    Ok(Map { shape, series: around.series, words })
}

/// The release that writes over the map in a HASH_OF_MAPS, and no longer takes a new element.
const IN_PLACE: Release = Release::new(6, 16);

fn hash_rules(shape: &Shape, around: &Around<'_>) -> HashRules {
    let release = around.release;
    // Before v4.6 every element was allocated when it was needed.
    let prealloc = release >= Release::new(4, 6) && shape.flags & BPF_F_NO_PREALLOC == 0;
    // v4.8 (a6ed3ea65d98): one spare element per CPU, so that a full map can replace.
    let spares = prealloc && !shape.percpu && release >= Release::new(4, 8);
    // A random seed came with v4.19; v5.0 has a flag against it.
    let seeded = release >= Release::new(4, 19) && shape.flags & BPF_F_ZERO_SEED == 0;
    HashRules {
        prealloc,
        spare: if spares { shape.ranks } else { 0 },
        replaces_when_full: !(Release::new(4, 6)..Release::new(4, 8)).contains(&release),
        rechecks_bucket: release >= Release::new(4, 12),
        seed: if seeded { around.seed } else { 0 },
        replaces_in_place: shape.percpu || shape.inner.is_some() && release >= IN_PLACE,
    }
}
