//! Batches that read a hash, bucket by bucket.

use super::Job;
use crate::{Answer, Failure, Kernel, Task, bytes, drive};
use bpfsim_abi::attr::UserAddr;
use bpfsim_abi::{Errno, Release};
use bpfsim_maps::Op;
use bpfsim_maps::hash::{Hash, element_of};
use bpfsim_maps::op::Todo;
use bpfsim_maps::update::Delete;
use bpfsim_sim::Hw;

/// Bytes of the cursor: the number of a bucket, whatever the size of the keys.
const CURSOR: usize = 4;

/// __htab_map_lookup_and_delete_batch(). A bucket is copied whole or not at all: ENOSPC when not
/// even the first fits. ENOENT says that the last bucket was reached, and goes with a `count`.
/// Elements that were deleted and cannot be handed out are lost.
pub(super) fn lookup(
    kernel: &mut Kernel,
    task: &mut dyn Task,
    job: &Job,
    table: &Hash,
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
    if bucket >= table.buckets {
        return Err(Errno::ENOENT.into());
    }
    let mut done = 0;
    let end = loop {
        let elements = chain(&kernel.hw, table, bucket)?;
        if elements.len() > (arm.count - done) as usize {
            break if done == 0 { Err(Errno::ENOSPC.into()) } else { Ok(0) };
        }
        let (keys, values) = read(kernel, job, table, &elements)?;
        if delete {
            remove(kernel, job, &keys)?;
        }
        if !elements.is_empty() {
            task.write(job.key_at(done)?, &keys.concat())?;
            task.write(job.value_at(done)?, &values)?;
        }
        done += elements.len() as u32;
        bucket += 1;
        if bucket >= table.buckets {
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

/// The elements of a bucket, in the order of its chain.
fn chain(hw: &Hw, table: &Hash, bucket: u32) -> Result<Vec<u32>, Failure> {
    let mut elements = Vec::new();
    let mut link = hw.mem.load(table.head(bucket), 8)?;
    while let Some(element) = element_of(link) {
        elements.push(element);
        link = hw.mem.load(table.link(element), 8)?;
    }
    Ok(elements)
}

/// The keys, and the values one after the other.
fn read(
    kernel: &mut Kernel,
    job: &Job,
    table: &Hash,
    elements: &[u32],
) -> Result<(Vec<Vec<u8>>, Vec<u8>), Failure> {
    let (mut keys, mut values) = (Vec::new(), Vec::new());
    for element in elements {
        let key = bytes::load(&kernel.hw, table.key(*element), table.key_size)?;
        let place = job.desk.value(&mut kernel.hw, table.key_size, job.value.wire);
        kernel.hw.mem.write(job.desk.key(), &key)?;
        let mut op = Op::read(job.desk.key(), job.value.moves?, place);
        drive::op(kernel, &mut op, job.handle, job.desk.here)?;
        op.result?;
        values.extend(bytes::load(&kernel.hw, place, job.value.wire)?);
        keys.push(key);
    }
    Ok((keys, values))
}

/// From v6.13 on the elements of a bucket are given back after it is unlocked, the last first
/// (`node_to_free`): the next update takes the first of them.
fn remove(kernel: &mut Kernel, job: &Job, keys: &[Vec<u8>]) -> Result<(), Failure> {
    let mut order: Vec<&Vec<u8>> = keys.iter().collect();
    if job.release >= Release::new(6, 13) {
        order.reverse();
    }
    for key in order {
        kernel.hw.mem.write(job.desk.key(), key)?;
        let mut op = Op::new(job.desk.key(), Todo::Delete(Delete::default()));
        drive::op(kernel, &mut op, job.handle, job.desk.here)?;
        op.result?;
    }
    Ok(())
}
