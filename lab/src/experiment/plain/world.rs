//! A kernel on which plain calls are made, one after the other.

use super::cost::{self, Spent};
use super::{Came, raw, walk};
use crate::experiment::error::SetupError;
use crate::experiment::setup::{Files, Stage};
use crate::experiment::units::{self, Desk, Unit, decode_fields};
use crate::scenario::{CallOp, Do, MapDef, Scenario, Verb};
use bpfsim_abi::attr::MapElemCpuAttr;
use bpfsim_abi::insn::{Callee, Op};
use bpfsim_abi::{Errno, Release};
use bpfsim_maps::Series;
use bpfsim_sim::{CopyPlan, Cx, Open};
use bpfsim_syscall::{Failure, Kernel, Process, ProgramRun, drive};

/// A scenario's kernel of one release, after some calls.
pub struct World<'a> {
    scenario: &'a Scenario,
    files: Files<'a>,
    /// The kernel, the maps, the caller.
    pub stage: Stage,
}

impl<'a> World<'a> {
    /// A fresh kernel with the scenario's maps.
    ///
    /// # Errors
    /// The series does not fit on the release, or a map cannot be made.
    pub fn new(
        scenario: &'a Scenario,
        series: &'static Series,
        release: Option<Release>,
        files: Files<'a>,
    ) -> Result<Self, SetupError> {
        let stage = Stage::boot(scenario, series, release, CopyPlan::default())?;
        Ok(Self { scenario, files, stage })
    }

    /// Does what a call says, from CPU `on`.
    pub fn act(&mut self, op: &CallOp, on: u32) -> (Came, Spent) {
        let mut spent = Spent::default();
        let came = match op {
            CallOp::Map(item) if item.verb == Verb::Walk => walk::walk(self, item, on, &mut spent),
            CallOp::Map(item) => self.map_op(item, on, &mut spent),
            CallOp::Load { prog } => self.load(prog).map_or_else(Came::from, |_| Came::Accepted),
            CallOp::Run { prog, cpu, data } => return self.run(prog, *cpu, data),
            CallOp::Offline(cpu) => self.hotplug(*cpu, false),
            CallOp::Online(cpu) => self.hotplug(*cpu, true),
            CallOp::Raw { cmd, attr } => raw::call(self, cmd, attr, on, &mut spent),
        };
        (came, spent)
    }

    pub(super) fn load(&mut self, prog: &str) -> Result<u32, SetupError> {
        self.stage.load(self.scenario, prog, self.files)
    }

    /// Lends the kernel and the caller, who is on CPU `on`.
    pub(super) fn with<T>(
        &mut self,
        on: u32,
        act: impl FnOnce(&mut Kernel, &mut Process) -> T,
    ) -> T {
        let hw = std::mem::take(&mut self.stage.root);
        let mut kernel = Kernel { core: self.stage.core.clone(), hw };
        self.stage.task.cpu = on;
        let result = act(&mut kernel, &mut self.stage.task);
        (self.stage.core, self.stage.root) = (kernel.core, kernel.hw);
        result
    }

    /// The calls of one operation under the series.
    pub(super) fn units(&mut self, item: &Do, on: u32) -> Result<Vec<Unit>, SetupError> {
        let mut task = std::mem::take(&mut self.stage.task);
        let stage = &mut self.stage;
        let units = units::calls(&mut Desk { stage, task: &mut task, cpu: on }, item);
        self.stage.task = task;
        units
    }

    /// Makes the calls of one operation, as far as they succeed.
    pub(super) fn map_op(&mut self, item: &Do, on: u32, spent: &mut Spent) -> Came {
        let units = match self.units(item, on) {
            Ok(units) => units,
            Err(error) => return error.into(),
        };
        let Some(def) = self.def(&item.map) else {
            return SetupError::NoMap(item.map.clone()).into();
        };
        let mut values = Vec::new();
        for unit in &units {
            let answer = self.with(on, |kernel, task| cost::call(kernel, task, unit, spent));
            if let Err(failure) = answer {
                return failure.into();
            }
            values.extend(self.values(unit, &def));
        }
        match (item.verb, units.first()) {
            (Verb::Lookup, _) => Came::Values(values),
            (Verb::Next, Some(unit)) => self.key(unit).map_or(Came::Done(0), Came::Key),
            (Verb::Next | Verb::Walk | Verb::Update | Verb::Delete, _) => Came::Done(0),
        }
    }

    pub(super) fn def(&self, map: &str) -> Option<MapDef> {
        self.stage.maps.iter().map(|map| &map.def).find(|def| def.name == map).cloned()
    }

    /// The values that a lookup wrote to the caller.
    fn values(&self, unit: &Unit, def: &MapDef) -> Vec<Vec<u64>> {
        let arm: MapElemCpuAttr = unit.attr.arm();
        let value = |offset: u32| {
            let at = arm.value.checked_add(offset.into())?;
            let bytes = self.stage.task.bytes(at, def.value_size as usize)?;
            Some(decode_fields(def, bytes))
        };
        unit.judged.iter().filter_map(|judged| value(judged.offset)).collect()
    }

    /// The key that GET_NEXT_KEY wrote to the caller.
    pub(super) fn key(&self, unit: &Unit) -> Option<Vec<u8>> {
        let arm: MapElemCpuAttr = unit.attr.arm();
        let len = self.stage.core.map(unit.map)?.shape.key_size;
        self.stage.task.bytes(arm.value, len as usize).map(<[u8]>::to_vec)
    }

    /// Runs a program once, and counts what it executes.
    pub fn run(&mut self, prog: &str, cpu: u32, data: &[u8]) -> (Came, Spent) {
        let mut spent = Spent::default();
        let program = match self.load(prog) {
            Ok(program) => program,
            Err(error) => return (error.into(), spent),
        };
        let rank = self.stage.core.profile.cpus.possible.rank(cpu);
        let Some(rank) = rank.filter(|rank| self.stage.root.cpus[*rank].online) else {
            return (Came::Errno(Errno::ENXIO), spent);
        };
        let ended = self
            .with(cpu, |kernel, _| run_counting(kernel, program, rank as u32, data, &mut spent));
        (ended.map_or_else(Came::from, Came::Returned), spent)
    }

    fn hotplug(&mut self, cpu: u32, online: bool) -> Came {
        match self.stage.core.profile.cpus.possible.rank(cpu) {
            None => Came::Errno(Errno::ENODEV),
            Some(rank) => {
                self.stage.root.cpus[rank].online = online;
                Came::Done(0)
            }
        }
    }
}

fn run_counting(
    kernel: &mut Kernel,
    program: u32,
    rank: u32,
    data: &[u8],
    spent: &mut Spent,
) -> Result<u32, Failure> {
    let Kernel { core, hw } = kernel;
    let run = ProgramRun::new(&mut hw.mem, data);
    let mut frame = run.frame(program);
    let mut seen = |op: Op| {
        // The second half of a 64-bit immediate is no instruction of its own.
        spent.instructions += u64::from(op != Op::Nop);
        spent.helpers += u64::from(matches!(op, Op::Call(Callee::Helper(_))));
    };
    let ended = loop {
        let mut cx = Cx { hw, cpu: rank, me: 0, watched: false, gate: &mut Open };
        let yielded = frame.run_seen(core, &mut cx, &mut seen);
        match drive::settle(hw, yielded) {
            Ok(true) => break Ok(frame.returned.unwrap_or(0) as u32),
            Ok(false) => {}
            Err(failure) => break Err(failure),
        }
    };
    run.free(&mut hw.mem);
    ended
}
