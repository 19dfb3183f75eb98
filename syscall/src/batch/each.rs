//! Batches that go key by key: lookups of arrays, updates, deletes.

use super::Job;
use crate::elem::Started;
use crate::{Answer, Failure, Kernel, Task, bytes, drive, elem, refs};
use bpfsim_abi::{Errno, Release};
use bpfsim_maps::Op;
use bpfsim_maps::op::Todo;
use bpfsim_maps::update::Delete;

/// Keys without a value are passed over (5644c6b50ffe); before, three more tries end in EINTR.
const SKIPS: Release = Release::new(6, 14);

/// generic_map_lookup_batch(): a key that is copied out before the value faults stays there, and
/// `count` stays 0.
pub(super) fn lookup(kernel: &mut Kernel, task: &mut dyn Task, job: &Job) -> Answer {
    let (arm, desk, key_size) = (&job.arm, &job.desk, job.map.shape.key_size);
    if arm.count == 0 {
        return Ok(0);
    }
    job.put_count(task, 0)?;
    let mut first = arm.in_batch.is_null();
    let key = desk.key();
    if !first {
        elem::read_key(&mut kernel.hw, desk, task, &job.map, arm.in_batch)?;
    }
    let room = desk.value(&mut kernel.hw, key_size, job.value.wire.max(key_size));
    let (mut done, mut end) = (0, Ok(0));
    while done < arm.count {
        let mut next = Op::next_key(key, room, first);
        drive::op(kernel, &mut next, job.handle, desk.here)?;
        if let Err(errno) = next.result {
            end = Err(errno.into());
            break;
        }
        first = false;
        kernel.hw.mem.copy(room, key, key_size)?;
        let mut read = Op::read(key, job.value.moves?, room);
        drive::op(kernel, &mut read, job.handle, desk.here)?;
        match read.result {
            Err(Errno::ENOENT) if job.release >= SKIPS => continue,
            Err(Errno::ENOENT) => {
                end = Err(Errno::EINTR.into());
                break;
            }
            result => result?,
        };
        bytes::to_user(&kernel.hw, task, key, job.key_at(done)?, key_size)?;
        bytes::to_user(&kernel.hw, task, room, job.value_at(done)?, job.value.wire)?;
        done += 1;
    }
    job.put_count(task, done)?;
    if done > 0 {
        bytes::to_user(&kernel.hw, task, key, arm.out_batch, key_size)?;
    }
    end
}

/// generic_map_update_batch().
pub(super) fn update(kernel: &mut Kernel, task: &mut dyn Task, job: &Job) -> Answer {
    each(kernel, task, job, |kernel, task, index| {
        let (desk, map) = (&job.desk, &job.map);
        let hw = &mut kernel.hw;
        let key = elem::read_key(hw, desk, task, map, job.key_at(index)?)?;
        let value = desk.value(hw, map.shape.key_size, job.value.wire);
        elem::from_user(hw, task, job.value_at(index)?, value, job.value.wire)?;
        let todo = match (job.value.moves, job.value.want) {
            (Ok(plan), Ok(want)) => {
                let plan = elem::without_padding(job.release, map, plan);
                Todo::Update(elem::new_update(job.release, value, want, plan))
            }
            (Err(errno), _) | (_, Err(errno)) => Todo::Refuse(errno),
        };
        Ok(Op::new(key, todo))
    })
}

/// generic_map_delete_batch().
pub(super) fn delete(kernel: &mut Kernel, task: &mut dyn Task, job: &Job) -> Answer {
    each(kernel, task, job, |kernel, task, index| {
        let at = job.key_at(index)?;
        let key = elem::read_key(&mut kernel.hw, &job.desk, task, &job.map, at)?;
        Ok(Op::new(key, Todo::Delete(Delete::default())))
    })
}

type Prepare<'a> = dyn Fn(&mut Kernel, &mut dyn Task, u32) -> Result<Op, Failure> + 'a;

/// One operation after the other, until one fails. From v6.8 on `count` is set to 0 before
/// (06e5c999f102).
fn each(
    kernel: &mut Kernel,
    task: &mut dyn Task,
    job: &Job,
    prepare: impl Fn(&mut Kernel, &mut dyn Task, u32) -> Result<Op, Failure>,
) -> Answer {
    if job.arm.count == 0 {
        return Ok(0);
    }
    if job.release >= Release::new(6, 8) {
        job.put_count(task, 0)?;
    }
    let (mut done, mut end) = (0, Ok(0));
    while done < job.arm.count {
        match one(kernel, task, job, &prepare, done) {
            Ok(()) => done += 1,
            Err(Failure::Errno(refusal)) => {
                end = Err(refusal.into());
                break;
            }
            Err(other) => return Err(other),
        }
    }
    job.put_count(task, done).map_err(|_| Errno::EFAULT)?;
    end
}

fn one(
    kernel: &mut Kernel,
    task: &mut dyn Task,
    job: &Job,
    prepare: &Prepare<'_>,
    index: u32,
) -> Result<(), Failure> {
    let op = prepare(kernel, task, index)?;
    let here = job.desk.here;
    let mut started = Started { map: job.handle, op, out: None };
    match started.op.todo {
        Todo::Delete(_) => refs::delete(kernel, &mut started, here),
        _ => refs::update(kernel, task, &mut started, (here, job.arm.elem_flags)),
    }
}
