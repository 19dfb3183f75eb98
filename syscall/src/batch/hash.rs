//! Batches that read a hash, bucket by bucket.

use super::Job;
use super::table::Table;
use crate::elem::Started;
use crate::{Answer, Failure, Kernel, Task, bytes, drive, refs};
use bpfsim_abi::attr::UserAddr;
use bpfsim_abi::{Errno, Release};
use bpfsim_maps::Op;
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
    let mut done = 0;
    let end = loop {
        let elements = table.chain(&kernel.hw, bucket)?;
        if elements.len() > (arm.count - done) as usize {
            break if done == 0 { Err(Errno::ENOSPC.into()) } else { Ok(0) };
        }
        let (keys, values) = read(kernel, job, &elements)?;
        if delete {
            remove(kernel, job, &keys, table.frees_late())?;
        }
        if !elements.is_empty() {
            task.write(job.key_at(done)?, &keys.concat())?;
            task.write(job.value_at(done)?, &values)?;
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

/// The keys, and the values one after the other.
fn read(
    kernel: &mut Kernel,
    job: &Job,
    elements: &[Place],
) -> Result<(Vec<Vec<u8>>, Vec<u8>), Failure> {
    let key_size = job.map.shape.key_size;
    let (mut keys, mut values) = (Vec::new(), Vec::new());
    for element in elements {
        let key = bytes::load(&kernel.hw, *element, key_size)?;
        let place = job.desk.value(&mut kernel.hw, key_size, job.value.wire);
        kernel.hw.mem.write(job.desk.key(), &key)?;
        let mut op = Op::read(job.desk.key(), job.value.moves?, place);
        drive::op(kernel, &mut op, job.handle, job.desk.here)?;
        op.result?;
        values.extend(bytes::load(&kernel.hw, place, job.value.wire)?);
        keys.push(key);
    }
    Ok((keys, values))
}

/// From v6.13 on, and always in an LRU hash, the elements of a bucket are given back after it is unlocked, the last first
/// (`node_to_free`): the next update takes the first of them.
fn remove(kernel: &mut Kernel, job: &Job, keys: &[Vec<u8>], late: bool) -> Result<(), Failure> {
    let mut order: Vec<&Vec<u8>> = keys.iter().collect();
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
