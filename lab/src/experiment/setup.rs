//! Boots the kernel of a series, and puts a scenario's maps, programs and actors on it.

use super::error::SetupError;
use super::sets::{ContentId, Sets};
use super::threads::Calls;
use super::{maps, programs};
use crate::object::builtin;
use crate::scenario::{self, HotplugDo, Irqs, MapDef, Preempt, Scenario, Source};
use bpfsim_abi::Release;
use bpfsim_maps::Map;
use bpfsim_maps::series::Series;
use bpfsim_sim::machine::Doing;
use bpfsim_sim::{Actor, CopyPlan, CpuList, Ctx, Hw, Place, RegionId, Topology};
use bpfsim_syscall::{Core, Kernel, ObjectId, Process, Profile, ProgramRun};
use hashbrown::HashMap;
use std::cell::RefCell;

/// Gives the bytes of an object file that a scenario names.
pub type Files<'a> = &'a dyn Fn(&str) -> Result<Vec<u8>, String>;

/// The objects that come with the program.
pub fn builtin_files(name: &str) -> Result<Vec<u8>, String> {
    builtin::builtin(name)
        .map(<[u8]>::to_vec)
        .ok_or_else(|| format!("{name}: no such object is built in"))
}

/// A map of the scenario, made.
#[derive(Clone, Debug)]
pub struct StageMap {
    /// As the scenario has it.
    pub def: MapDef,
    /// The fd that every caller has for it.
    pub fd: u32,
    /// The object.
    pub object: ObjectId,
}

/// A slot whose content the observer follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WatchedSlot {
    /// The map.
    pub map: u32,
    /// The key, as the map has it.
    pub key: Vec<u8>,
    /// Whose value.
    pub rank: u32,
}

/// What an actor does.
#[derive(Clone, Debug)]
pub enum Act {
    /// Runs of a program.
    Run {
        /// Its name.
        name: String,
        /// Its handle.
        program: u32,
        /// Its memory.
        run: ProgramRun,
    },
    /// System calls.
    Thread {
        /// Its name.
        name: String,
        /// Memory and fds.
        task: Process,
        /// Where its keys and values are while the kernel works on them.
        scratch: RegionId,
        /// The calls.
        calls: Box<Calls>,
    },
    /// A CPU goes or comes.
    Hotplug,
}

/// A scenario under one series and copy plan.
pub struct Stage {
    /// The series.
    pub series: &'static Series,
    /// The kernel without its memory.
    pub core: Core,
    /// Memory and CPUs at the start.
    pub root: Hw,
    /// The maps.
    pub maps: Vec<StageMap>,
    /// What the machine runs.
    pub actors: Vec<Actor>,
    /// The same, as this crate knows it.
    pub acts: Vec<Act>,
    /// Slots whose content is followed.
    pub slots: Vec<WatchedSlot>,
    /// Keys may come and go, so that a slot may move.
    pub(super) restructures: bool,
    pub(crate) sets: RefCell<Sets>,
    pub(super) applied: RefCell<HashMap<(u8, u8, u8, ContentId), ContentId>>,
    /// A caller with an fd for each map.
    pub task: Process,
    programs: Vec<(String, u32)>,
}

impl Stage {
    /// Sets everything up.
    pub fn new(
        scenario: &Scenario,
        series: &'static Series,
        release: Option<Release>,
        plan: CopyPlan,
        files: Files<'_>,
    ) -> Result<Stage, SetupError> {
        let mut stage = Self::boot(scenario, series, release, plan)?;
        for run in &scenario.runs {
            stage.load(scenario, &run.prog, files)?;
        }
        for run in &scenario.runs {
            stage.add_run(scenario, run)?;
        }
        for thread in &scenario.threads {
            stage.add_thread(scenario, thread)?;
        }
        for hotplug in &scenario.hotplug {
            stage.add_hotplug(hotplug);
        }
        stage.check_size(scenario)?;
        Ok(stage)
    }

    /// What an exploration keeps as bits of a word, and tokens as five bits, must fit.
    fn check_size(&self, scenario: &Scenario) -> Result<(), SetupError> {
        let runs = scenario.runs.iter().map(|run| run.times as usize);
        let calls = self.actors.iter().map(|actor| actor.units.into());
        let sizes = [
            ("runs, threads and hotplug events", self.actors.len(), 16),
            ("possible CPUs", self.root.cpus.len(), 64),
            ("slots that are read or written by calls", self.slots.len(), 64),
            ("runs or calls in a row", runs.chain(calls).max().unwrap_or(0), 4096),
        ];
        match sizes.into_iter().find(|(_, found, most)| found > most) {
            Some((what, found, most)) => Err(SetupError::TooMuch { what, found, most }),
            None => Ok(()),
        }
    }

    /// A kernel with the scenario's maps, and nothing that runs.
    pub fn boot(
        scenario: &Scenario,
        series: &'static Series,
        release: Option<Release>,
        plan: CopyPlan,
    ) -> Result<Stage, SetupError> {
        let mut profile = Profile::with_series(series, release)
            .map_err(|error| SetupError::Profile(error.to_string()))?;
        profile.cpus = Topology {
            possible: CpuList::of(scenario.machine.possible.iter().copied()),
            online: CpuList::of(scenario.machine.online.iter().copied()),
        };
        profile.plan = plan;
        let mut kernel = Kernel::new(profile);
        let mut task = Process::default();
        let mut maps = Vec::new();
        for def in &scenario.maps {
            maps.push(maps::create(&mut kernel, &mut task, series, def)?);
        }
        Ok(Stage {
            series,
            core: kernel.core,
            root: kernel.hw,
            maps,
            actors: Vec::new(),
            acts: Vec::new(),
            slots: Vec::new(),
            restructures: false,
            sets: RefCell::default(),
            applied: RefCell::default(),
            task,
            programs: Vec::new(),
        })
    }

    /// The kernel as one value, to make plain calls on.
    pub fn kernel(&self) -> Kernel {
        Kernel { core: self.core.clone(), hw: self.root.clone() }
    }

    /// The program's handle; loads it when it is not loaded yet.
    pub fn load(
        &mut self,
        scenario: &Scenario,
        name: &str,
        files: Files<'_>,
    ) -> Result<u32, SetupError> {
        if let Some((_, handle)) = self.programs.iter().find(|(known, _)| known == name) {
            return Ok(*handle);
        }
        let def = scenario.prog(name).ok_or_else(|| SetupError::NoProgram(name.to_owned()))?;
        let program = programs::source(self.series, scenario, def, files)?;
        let lines = match def.source_for(self.series.name) {
            Some(Source::Asm { line, .. }) => {
                program.lines.iter().map(|own| own + line - 1).collect()
            }
            Some(Source::Object { .. }) | None => Vec::new(),
        };
        let mut kernel = self.kernel();
        let maps = &self.maps;
        let object = programs::load(&mut kernel, &mut self.task, maps, def, program, &lines)?;
        (self.core, self.root) = (kernel.core, kernel.hw);
        let ObjectId::Prog(handle) = object else {
            return Err(SetupError::NoProgram(name.to_owned()));
        };
        self.programs.push((name.to_owned(), handle));
        Ok(handle)
    }

    pub(super) fn rank(&self, cpu: u32) -> u32 {
        self.core.profile.cpus.possible.rank(cpu).unwrap_or(0) as u32
    }

    fn add_run(&mut self, scenario: &Scenario, run: &scenario::Run) -> Result<(), SetupError> {
        let found = self.programs.iter().find(|(name, _)| *name == run.prog);
        let (_, program) = *found.ok_or_else(|| SetupError::NoProgram(run.prog.clone()))?;
        let ctx = actor_ctx(run.ctx);
        self.restructures |= calls_updates(&self.core, program);
        self.actors.push(Actor {
            name: run.prog.clone(),
            cpu: self.rank(run.cpu),
            ctx,
            irqs_off: run.irqs == Irqs::Off,
            preemptible: scenario.machine.preempt == Preempt::Full && ctx == Ctx::Task,
            units: u16::try_from(run.times).unwrap_or(u16::MAX),
            doing: Doing::Frames,
        });
        let memory = ProgramRun::new(&mut self.root.mem, &run.data);
        self.acts.push(Act::Run { name: run.prog.clone(), program, run: memory });
        Ok(())
    }

    fn add_hotplug(&mut self, hotplug: &scenario::Hotplug) {
        let online = hotplug.action == HotplugDo::Online;
        let verb = if online { "on" } else { "off" };
        self.actors.push(Actor {
            name: format!("cpu{} {verb} line", hotplug.cpu),
            cpu: self.rank(hotplug.cpu),
            ctx: Ctx::Task,
            irqs_off: false,
            preemptible: true,
            units: 1,
            doing: Doing::Hotplug(online),
        });
        self.acts.push(Act::Hotplug);
    }

    /// The number of a watched slot; a new one where it is not watched yet.
    pub(super) fn watch_slot(&mut self, map: u32, key: &[u8], rank: u32) -> usize {
        let slot = WatchedSlot { map, key: key.to_vec(), rank };
        self.slots.iter().position(|known| *known == slot).unwrap_or_else(|| {
            self.slots.push(slot);
            self.slots.len() - 1
        })
    }

    /// Where a watched slot is now.
    pub fn place(&self, slot: usize, hw: &Hw) -> Option<Place> {
        let slot = &self.slots[slot];
        let map = self.core.map(slot.map)?;
        map.peek(&hw.mem, &slot.key).map(|element| map.slot(element, slot.rank))
    }

    /// The map of a watched slot.
    pub fn map_of(&self, slot: usize) -> Option<&Map> {
        self.core.map(self.slots[slot].map)
    }

    /// The scenario's definition of a map.
    pub fn def_of(&self, handle: u32) -> Option<&MapDef> {
        self.maps.iter().find(|map| map.object == ObjectId::Map(handle)).map(|map| &map.def)
    }
}

/// The program may insert or remove keys: it calls an update or delete helper.
fn calls_updates(core: &Core, program: u32) -> bool {
    use bpfsim_abi::insn::{Callee, Op};
    let ops = core.program(program).map_or(&[][..], |program| program.ops());
    ops.iter().any(|op| matches!(op, Op::Call(Callee::Helper(id)) if matches!(id, 2 | 3)))
}

/// A context of a scenario, as the machine has it.
pub(super) const fn actor_ctx(ctx: scenario::Ctx) -> Ctx {
    match ctx {
        scenario::Ctx::Task => Ctx::Task,
        scenario::Ctx::Softirq => Ctx::Softirq,
        scenario::Ctx::Hardirq => Ctx::Hardirq,
        scenario::Ctx::Nmi => Ctx::Nmi,
    }
}
