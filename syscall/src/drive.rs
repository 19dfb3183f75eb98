//! Runs operations and programs to their end when nobody explores.

use crate::core::Core;
use crate::{Failure, Kernel};
use bpfsim_abi::helper_id;
use bpfsim_maps::Op;
use bpfsim_maps::op::Stop;
use bpfsim_sim::{Cx, Hw, Open, Yield};
use bpfsim_vm::Frame;

/// The actor of plain calls: one at a time.
const ME: u8 = 0;

fn cx<'a>(hw: &'a mut Hw, cpu: u32, gate: &'a mut Open) -> Cx<'a> {
    Cx { hw, cpu, me: ME, watched: false, gate }
}

/// Runs one map operation. Interrupts that it sends are taken at once: nothing else runs.
pub fn op(kernel: &mut Kernel, op: &mut Op, map: u32, cpu: u32) -> Result<(), Failure> {
    let Some(map) = kernel.core.map(map) else { return Ok(()) };
    loop {
        let yielded = op.run(map, &mut cx(&mut kernel.hw, cpu, &mut Open));
        if settle(&mut kernel.hw, yielded)? {
            return Ok(());
        }
    }
}

/// Runs a part of an operation to its end.
#[inline]
pub(crate) fn run<T>(
    hw: &mut Hw,
    cpu: u32,
    mut part: impl FnMut(&mut Cx<'_>) -> Result<T, Stop>,
) -> Result<T, Failure> {
    loop {
        match part(&mut cx(hw, cpu, &mut Open)) {
            Ok(value) => return Ok(value),
            Err(Stop::Fail(errno)) => return Err(errno.into()),
            Err(Stop::Yield(yielded)) => {
                settle(hw, yielded)?;
            }
        }
    }
}

/// Runs one program. `frame.returned` has its result.
pub fn program(core: &Core, hw: &mut Hw, frame: &mut Frame, cpu: u32) -> Result<(), Failure> {
    loop {
        let yielded = frame.run(core, &mut cx(hw, cpu, &mut Open));
        if let (Yield::Trapped(_), Some(id)) = (&yielded, frame.unanswered(core)) {
            return Err(Failure::NotModelled(format!("what helper {} answers", name(id))));
        }
        if settle(hw, yielded)? {
            return Ok(());
        }
    }
}

/// A helper as messages name it.
fn name(id: i32) -> String {
    let known = helper_id::ALL.iter().find(|entry| i64::from(entry.number) == i64::from(id));
    known.map_or_else(|| format!("#{id}"), |entry| format!("{}#{id}", entry.name))
}

/// True when the frame has ended; otherwise lets everybody else do what it waits for.
pub fn settle(hw: &mut Hw, yielded: Yield) -> Result<bool, Failure> {
    match yielded {
        Yield::Done => Ok(true),
        Yield::Trapped(wild) => Err(Failure::Trapped(wild)),
        Yield::Blocked(wait) => {
            take_interrupts(hw)?;
            if hw.is_over(wait) {
                Ok(false)
            } else {
                Err(Failure::NotModelled("a plain call that waits for ever".to_owned()))
            }
        }
        Yield::Stopped => Err(Failure::NotModelled("an open gate that was shut".to_owned())),
    }
}

fn take_interrupts(hw: &mut Hw) -> Result<(), Failure> {
    for rank in 0..hw.cpus.len() {
        while !hw.cpus[rank].pending.is_empty() {
            let mut ipi = hw.cpus[rank].pending.remove(0);
            if let Yield::Trapped(wild) = ipi.work.run(&mut cx(hw, rank as u32, &mut Open)) {
                return Err(Failure::Trapped(wild));
            }
            hw.acked |= 1 << ipi.from;
        }
    }
    Ok(())
}
