//! What calls and runs cost, in numbers that do not depend on a machine.

use super::world::World;
use super::{Came, caller::Caller};
use crate::experiment::error::SetupError;
use crate::experiment::setup::Stage;
use crate::experiment::units::{self, Unit};
use crate::scenario::{CpuArg, Do, Key, Verb};
use bpfsim_abi::attr::MapElemCpuAttr;
use bpfsim_syscall::{Answer, Kernel, Process};
use std::ops::AddAssign;
use zerocopy::IntoBytes;

/// What something cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// Calls of bpf(2).
    pub calls: u64,
    /// Interrupts sent to other CPUs. A copy on the caller's own CPU needs none.
    pub ipis: u64,
    /// Bytes that the kernel wrote into the caller's memory.
    pub bytes: u64,
    /// BPF instructions executed; a 64-bit immediate counts once.
    pub instructions: u64,
    /// Helper calls among them.
    pub helpers: u64,
}

impl AddAssign for Spent {
    fn add_assign(&mut self, other: Self) {
        self.calls += other.calls;
        self.ipis += other.ipis;
        self.bytes += other.bytes;
        self.instructions += other.instructions;
        self.helpers += other.helpers;
    }
}

/// bpf(2) as a unit has it; adds what it cost to `spent`.
pub(super) fn call(
    kernel: &mut Kernel,
    process: &mut Process,
    unit: &Unit,
    spent: &mut Spent,
) -> Answer {
    let arm: MapElemCpuAttr = unit.attr.arm();
    let size = unit.attr.size;
    raw_call(kernel, process, unit.attr.cmd, &arm.as_bytes()[..size as usize], spent)
}

/// bpf(2) with these bytes as attr.
pub(super) fn raw_call(
    kernel: &mut Kernel,
    process: &mut Process,
    cmd: u32,
    attr: &[u8],
    spent: &mut Spent,
) -> Answer {
    let at = process.alloc(attr);
    let mut caller = Caller { process, written: 0 };
    let before = kernel.hw.ipis;
    let answer = kernel.bpf(&mut caller, cmd, at, attr.len() as u32);
    spent.calls += 1;
    spent.bytes += caller.written;
    spent.ipis += kernel.hw.ipis - before;
    answer
}

/// What user space pays to read every CPU's value of key 0 of the scenario's first per-CPU map,
/// by the series' own wrapper, from the first CPU on line. The stage stays as it was.
///
/// # Errors
/// There is no per-CPU map, the series cannot do this, or a call failed.
pub fn cost_of_reading_all(stage: &mut Stage) -> Result<Spent, SetupError> {
    let def = stage.maps.iter().map(|map| &map.def).find(|def| def.kind.is_percpu());
    let def = def.ok_or_else(|| SetupError::NoMap("of per-CPU values".to_owned()))?;
    let name = def.name.clone();
    let item = Do {
        verb: Verb::Lookup,
        map: name.clone(),
        key: Some(Key(vec![0; def.key_size as usize])),
        cpu: Some(CpuArg::All),
        value: None,
        flags: 0,
        into: None,
    };
    let mut process = stage.task.clone();
    process.cpu = stage.core.profile.cpus.online.iter().next().unwrap_or(0);
    let (watched, cpu) = (stage.slots.len(), process.cpu);
    let calls = units::calls(&mut units::Desk { stage, task: &mut process, cpu }, &item);
    stage.slots.truncate(watched);
    let mut kernel = stage.kernel();
    let mut spent = Spent::default();
    for unit in calls? {
        let answer = call(&mut kernel, &mut process, &unit, &mut spent);
        answer.map_err(|failure| SetupError::Map(name.clone(), failure))?;
    }
    Ok(spent)
}

/// What one run of a program on a packet costs, on a CPU, on the kernel as it is.
///
/// # Errors
/// What came instead of a result, in words.
pub fn cost_of_run(
    world: &mut World<'_>,
    prog: &str,
    cpu: u32,
    data: &[u8],
) -> Result<Spent, String> {
    let (came, spent) = world.run(prog, cpu, data);
    match came {
        Came::Returned(_) => Ok(spent),
        other => Err(other.to_string()),
    }
}
