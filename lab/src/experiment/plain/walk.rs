//! A walk: GET_NEXT_KEY from before the first key to the end, and a lookup of every key.

use super::Came;
use super::cost::{self, Spent};
use super::world::World;
use crate::scenario::{CpuArg, Do, Key, Verb};
use bpfsim_abi::Errno;
use bpfsim_syscall::{Failure, Process};

/// Follows the keys. Starts from a key of ones, as programs did before v4.12 took NULL; stops
/// after twice as many keys as the map can hold.
pub(super) fn walk(world: &mut World<'_>, item: &Do, on: u32, spent: &mut Spent) -> Came {
    let Ok((def, fd, handle)) = world.stage.map_named(&item.map) else {
        return crate::experiment::SetupError::NoMap(item.map.clone()).into();
    };
    let Some(shape) = world.stage.core.map(handle).map(|map| map.shape) else {
        return Came::Errno(Errno::EBADF);
    };
    let composite = world.stage.is_composite(&def);
    let (mut keys, mut values) = (Vec::new(), Vec::new());
    let mut key = vec![0xff; shape.key_size as usize];
    let most = shape.max_entries as usize * 2 + 1;
    while keys.len() < most {
        key = match next(world, fd, &key, on, spent) {
            Ok(key) => key,
            Err(failure) if failure == Errno::ENOENT => {
                return Came::Walked { keys, values, ends: true };
            }
            Err(failure) => return failure.into(),
        };
        keys.push(key.clone());
        let (logical, cpu) = key.split_at(def.key_size as usize);
        let mut lookup =
            Do { verb: Verb::Lookup, key: Some(Key(logical.to_vec())), ..item.clone() };
        if let (true, Ok(cpu)) = (composite, cpu.try_into()) {
            lookup.cpu = Some(CpuArg::One(u32::from_le_bytes(cpu)));
        }
        match world.map_op(&lookup, on, spent) {
            Came::Values(found) => values.extend(found),
            other => return other,
        }
    }
    Came::Walked { keys, values, ends: false }
}

fn next(
    world: &mut World<'_>,
    fd: u32,
    key: &[u8],
    on: u32,
    spent: &mut Spent,
) -> Result<Vec<u8>, Failure> {
    world.with(on, |kernel, task: &mut Process| {
        let out = task.alloc_zeroed(key.len());
        let arm = bpfsim_abi::attr::MapElemAttr {
            map_fd: fd,
            key: task.alloc(key),
            value: out,
            ..Default::default()
        };
        const GET_NEXT_KEY: u32 = 4;
        cost::raw_call(kernel, task, GET_NEXT_KEY, zerocopy::IntoBytes::as_bytes(&arm), spent)?;
        Ok(task.bytes(out, key.len()).unwrap_or_default().to_vec())
    })
}
