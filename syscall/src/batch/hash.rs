//! Batches that read a hash, bucket by bucket.

use super::Job;
use super::table::Table;
use crate::elem::Started;
use crate::{Answer, Failure, Kernel, Task, drive, refs};
use bpfsim_abi::attr::UserAddr;
use bpfsim_abi::{Errno, Release};
use bpfsim_maps::Op;
use bpfsim_maps::mover::Where;
use bpfsim_maps::op::Todo;
use bpfsim_maps::update::Delete;
use bpfsim_sim::Place;

/// Bytes of the cursor: the number of a bucket, whatever the size of the keys.
const CURSOR: usize = 4;

/// __htab_map_lookup_and_delete_batch(). A bucket is copied whole or not at all: ENOSPC when not
/// even the first fits. ENOENT says that the last bucket was reached, and goes with a `count`.
/// Elements that were deleted and cannot be handed out are lost.
pub(super) fn lookup(
    kernel: &mut Kernel,
    task: &mut dyn Task,
    job: &Job,
    table: Table<'_>,
    delete: bool,
) -> Answer {
    let arm = &job.arm;
    if arm.flags != 0 {
        return Err(Errno::EINVAL.into());
    }
    if arm.count == 0 {
        return Ok(0);
    }
    job.put_count(task, 0)?;
    let mut bucket = cursor(task, arm.in_batch)?;
    if bucket >= table.buckets() {
        return Err(Errno::ENOENT.into());
    }
    let (mut done, mut elements, mut bytes) = (0, Vec::new(), Bytes::default());
    let end = loop {
        table.chain(&kernel.hw, bucket, &mut elements)?;
        if elements.len() > (arm.count - done) as usize {
            break if done == 0 { Err(Errno::ENOSPC.into()) } else { Ok(0) };
        }
        read(kernel, job, table, &elements, &mut bytes)?;
        if delete {
            remove(kernel, job, &bytes.keys, table.frees_late())?;
        }
        if !elements.is_empty() {
            task.write(job.key_at(done)?, &bytes.keys)?;
            task.write(job.value_at(done)?, &bytes.values)?;
        }
        done += elements.len() as u32;
        bucket += 1;
        if bucket >= table.buckets() {
            break Err(Errno::ENOENT.into());
        }
    };
    task.write(arm.out_batch, &bucket.to_le_bytes())?;
    job.put_count(task, done)?;
    end
}

fn cursor(task: &dyn Task, at: UserAddr) -> Result<u32, Failure> {
    let mut bytes = [0; CURSOR];
    if !at.is_null() {
        task.read(at, &mut bytes)?;
    }
    Ok(u32::from_le_bytes(bytes))
}

/// The elements of one bucket.
#[derive(Default)]
struct Bytes {
    /// One after the other.
    keys: Vec<u8>,
    /// The same.
    values: Vec<u8>,
}

/// Reads a bucket. In a plain hash the value lies behind its key; elsewhere it is looked up.
fn read(
    kernel: &mut Kernel,
    job: &Job,
    table: Table<'_>,
    elements: &[Place],
    bytes: &mut Bytes,
) -> Result<(), Failure> {
    let (key_size, wire) = (job.map.shape.key_size, job.value.wire as usize);
    let plan = job.value.moves?;
    bytes.keys.resize(elements.len() * key_size as usize, 0);
    bytes.values.resize(elements.len() * wire, 0);
    let keys = bytes.keys.chunks_exact_mut(key_size as usize);
    let values = bytes.values.chunks_exact_mut(wire);
    for ((element, key), value) in elements.iter().zip(keys).zip(values) {
        kernel.hw.mem.read(*element, key)?;
        match table.value_behind(*element) {
            Some(first) if plan.place == Where::Caller => {
                for (slot, at) in plan.pieces(first, job.map.rank_stride()) {
                    let at = at as usize;
                    kernel.hw.mem.read(slot, &mut value[at..at + plan.len as usize])?;
                }
            }
            Some(_) | None => look_up(kernel, job, key, value)?,
        }
    }
    Ok(())
}

/// The value of a key, by the operation of a lookup.
fn look_up(kernel: &mut Kernel, job: &Job, key: &[u8], value: &mut [u8]) -> Result<(), Failure> {
    let place = job.desk.value(&mut kernel.hw, job.map.shape.key_size, job.value.wire);
    kernel.hw.mem.write(job.desk.key(), key)?;
    let mut op = Op::read(job.desk.key(), job.value.moves?, place);
    drive::op(kernel, &mut op, job.handle, job.desk.here)?;
    op.result?;
    kernel.hw.mem.read(place, value)?;
    Ok(())
}

/// From v6.13 on, and always in an LRU hash, the elements of a bucket are given back after it is
/// unlocked, the last first (`node_to_free`): the next update takes the first of them.
fn remove(kernel: &mut Kernel, job: &Job, keys: &[u8], late: bool) -> Result<(), Failure> {
    let mut order: Vec<&[u8]> = keys.chunks_exact(job.map.shape.key_size as usize).collect();
    if late || job.release >= Release::new(6, 13) {
        order.reverse();
    }
    for key in order {
        kernel.hw.mem.write(job.desk.key(), key)?;
        let op = Op::new(job.desk.key(), Todo::Delete(Delete::default()));
        let mut started = Started { map: job.handle, op, out: None };
        refs::delete(kernel, &mut started, job.desk.here)?;
    }
    Ok(())
}
