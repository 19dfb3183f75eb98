//! What a place in memory is: which map, which key, which CPU, which part of what it is built of.

use super::data::{MapNames, Target, Trap};
use crate::experiment::Stage;
use crate::scenario::{Field, Key};
use bpfsim_maps::Map;
use bpfsim_maps::hash::Hash;
use bpfsim_maps::map::Words;
use bpfsim_sim::{Memory, Place};
use bpfsim_syscall::ObjectId;

/// The maps of a stage as [`Target`]s name them.
pub fn map_names(stage: &Stage) -> Vec<MapNames> {
    let names = |index: usize| {
        let def = &stage.maps[index].def;
        let buckets = match map(stage, index).map(|map| &map.words) {
            Some(Words::Hash(hash)) => hash.buckets,
            Some(Words::Array(_) | Words::Own(_)) | None => 0,
        };
        MapNames {
            name: def.name.clone(),
            fields: def.fields.clone(),
            key_size: def.key_size,
            buckets,
        }
    };
    (0..stage.maps.len()).map(names).collect()
}

/// A map by its index in the scenario.
fn map(stage: &Stage, index: usize) -> Option<&Map> {
    match stage.maps[index].object {
        ObjectId::Map(handle) => stage.core.map(handle),
        ObjectId::Prog(_) | ObjectId::Btf(_) | ObjectId::Link(_) | ObjectId::Stats => None,
    }
}

/// The index of a map by its handle.
pub fn index_of(stage: &Stage, handle: u32) -> Option<usize> {
    stage.maps.iter().position(|map| map.object == ObjectId::Map(handle))
}

/// An access to `at` that left the region which it names.
pub fn trap(stage: &Stage, at: Place) -> Trap {
    let region = |index: &usize| map(stage, *index).map(Map::region) == Some(at.region());
    Trap { at, map: (0..stage.maps.len()).find(region) }
}

/// What is at `at`.
pub fn locate(stage: &Stage, memory: &Memory, at: Place) -> Target {
    let found = (0..stage.maps.len()).find_map(|index| {
        let map = map(stage, index)?;
        (map.region() == at.region()).then_some((index, map))
    });
    let Some((index, map)) = found else { return Target::Other };
    let word = at.offset() / 8;
    match &map.words {
        Words::Array(array) => {
            let (rank, within) = (at.offset() / array.rank_stride, at.offset() % array.rank_stride);
            Target::Value {
                map: index,
                key: Some(Key((within / array.stride).to_le_bytes().to_vec())),
                cpu: if map.shape.percpu { cpu_of(stage, rank) } else { None },
                offset: within % array.stride,
            }
        }
        Words::Own(_) => Target::Other,
        Words::Hash(hash) => in_hash(stage, memory, index, map, hash, word, at.offset() % 8),
    }
}

fn in_hash(
    stage: &Stage,
    memory: &Memory,
    index: usize,
    map: &Map,
    hash: &Hash,
    word: u32,
    byte: u32,
) -> Target {
    let Some(within) = word.checked_sub(hash.link(0).offset() / 8) else {
        return match word.checked_sub(hash.lock(0).offset() / 8) {
            Some(of) if of % 2 == 0 => Target::Lock(index, of / 2),
            Some(of) => Target::Chain(index, of / 2),
            None if word == hash.count().offset() / 8 => Target::Count(index),
            None => Target::FreeList(index),
        };
    };
    let (element, part) = (within / hash.element, within % hash.element);
    let mut key = vec![0; hash.key_size as usize];
    let is_read = memory.read(hash.key(element), &mut key).is_ok();
    match part {
        0 | 1 => Target::Link(index, element),
        part if part < 2 + hash.key_words => Target::Key(index, Key(key)),
        part => {
            let linked = is_read && map.peek(memory, &key) == Some(hash.value(element));
            let at = (part - 2 - hash.key_words) * 8 + byte;
            let (rank, offset) = (at / map.shape.stride(), at % map.shape.stride());
            let (key, composite) = split_key(stage, index, &key);
            let cpu = if map.shape.percpu { cpu_of(stage, rank) } else { composite };
            let cpu = cpu.filter(|_| linked || map.shape.percpu);
            Target::Value { map: index, key: Some(key).filter(|_| linked), cpu, offset }
        }
    }
}

/// A key as the scenario has it, and the CPU behind it, where the design puts one there.
pub fn split_key(stage: &Stage, map: usize, key: &[u8]) -> (Key, Option<u32>) {
    let own = stage.maps[map].def.key_size as usize;
    match key.split_at_checked(own) {
        Some((key, cpu)) => (Key(key.to_vec()), cpu.try_into().ok().map(u32::from_le_bytes)),
        None => (Key(key.to_vec()), None),
    }
}

/// The number of the CPU with this rank.
pub fn cpu_of(stage: &Stage, rank: u32) -> Option<u32> {
    stage.core.profile.cpus.possible.iter().nth(rank as usize)
}

/// The scalars of a value that lies at `at`.
pub fn content_at(memory: &Memory, fields: &[Field], at: Place) -> Vec<u64> {
    let load = |field: &Field| {
        memory.load(at.plus(field.offset.into()), field.ty.bytes()).unwrap_or_default()
    };
    fields.iter().map(load).collect()
}

/// The scalars of a value in words.
pub fn content_of(fields: &[Field], words: &[u64]) -> Vec<u64> {
    let scalar = |field: &Field| {
        let word = words.get(field.offset as usize / 8).copied().unwrap_or_default();
        let bits = field.ty.bytes() * 8;
        let mask = if bits == 64 { u64::MAX } else { (1 << bits) - 1 };
        word >> (field.offset % 8 * 8) & mask
    };
    fields.iter().map(scalar).collect()
}
