//! One `do` item as plain calls, driven to their end: nobody explores.

use super::error::SetupError;
use super::setup::Stage;
use super::units::{self, Desk, Unit};
use crate::scenario::Do;
use bpfsim_abi::attr::{MapElemCpuAttr, UserAddr};
use bpfsim_syscall::{Answer, Attr, Kernel, Process};

/// One call and what came of it.
#[derive(Clone, Debug)]
pub struct Performed {
    /// The call.
    pub unit: Unit,
    /// What bpf(2) answered.
    pub answer: Answer,
    /// The caller's buffer afterwards.
    pub buffer: Vec<u8>,
}

/// Makes the calls of `item` from the CPU with this number, one after the other, until one fails.
pub fn perform(
    stage: &mut Stage,
    kernel: &mut Kernel,
    item: &Do,
    cpu: u32,
) -> Result<Vec<Performed>, SetupError> {
    let mut task = stage.task.clone();
    task.cpu = cpu;
    let calls = units::calls(&mut Desk { stage, task: &mut task, cpu }, item)?;
    let mut done = Vec::new();
    for unit in calls {
        let answer = call(kernel, &mut task, &unit.attr);
        let arm: MapElemCpuAttr = unit.attr.arm();
        let room = kernel.core.map(unit.map).map_or(0, |map| {
            (map.shape.stride() * map.shape.ranks).max(map.shape.key_size) as usize
        });
        let buffer = (1..=room).rev().find_map(|len| task.bytes(arm.value, len));
        let buffer = buffer.map_or_else(Vec::new, <[u8]>::to_vec);
        let failed = answer.is_err();
        done.push(Performed { unit, answer, buffer });
        if failed {
            break;
        }
    }
    Ok(done)
}

/// bpf(2) with an attr that is put into the caller's memory first.
fn call(kernel: &mut Kernel, task: &mut Process, attr: &Attr) -> Answer {
    let bytes = attr.bytes();
    let at: UserAddr = task.alloc(bytes);
    kernel.bpf(task, attr.cmd, at, bytes.len() as u32)
}
