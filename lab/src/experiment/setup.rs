//! Boots the kernel of a series, and puts a scenario's maps, programs and actors on it.

use super::sets::{ContentId, Sets};
use super::units::{self, Desk, Unit};
use crate::asm::{self, NameTable, Program};
use crate::object::{ObjectFile, builtin};
use crate::scenario::{self, HotplugDo, Irqs, MapDef, MapKind, Preempt, ProgDef, Scenario, Source};
use bpfsim_abi::attr::{MapCreateAttr, MapElemAttr, ProgLoadAttr};
use bpfsim_abi::{Errno, Release, helper_id};
use bpfsim_maps::series::{Addition, Series};
use bpfsim_maps::{Layout, Map};
use bpfsim_sim::machine::Doing;
use bpfsim_sim::{Actor, CopyPlan, CpuList, Ctx, Hw, Place, RegionId, Topology};
use bpfsim_syscall::{Core, Failure, Kernel, ObjectId, Process, Profile, ProgramRun, Task};
use hashbrown::HashMap;
use std::cell::RefCell;
use std::fmt;
use zerocopy::IntoBytes;

/// Gives the bytes of an object file that a scenario names.
pub type Files<'a> = &'a dyn Fn(&str) -> Result<Vec<u8>, String>;

/// The objects that come with the program.
pub fn builtin_files(name: &str) -> Result<Vec<u8>, String> {
    builtin::builtin(name)
        .map(<[u8]>::to_vec)
        .ok_or_else(|| format!("{name}: no such object is built in"))
}

/// Why a scenario does not run under a series. Its text stands in the cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SetupError {
    /// The release and the series do not go together.
    Profile(String),
    /// The series has no program of this name.
    NoProgram(String),
    /// The verifier's message.
    Rejected {
        /// The program.
        program: String,
        /// What the verifier said last.
        message: String,
        /// As the kernel would print it.
        log: String,
        /// What PROG_LOAD answers.
        failure: Failure,
        /// Line of the scenario file, where the program is assembler in it.
        line: Option<u32>,
    },
    /// The series has no such operation.
    NoOperation(String),
    /// MAP_CREATE or an insertion failed.
    Map(String, Failure),
    /// A map that nobody has made.
    NoMap(String),
    /// Assembler or object file: the line of the scenario file, and what is wrong.
    Source(Option<u32>, String),
}

impl fmt::Display for SetupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SetupError::Profile(why) | SetupError::NoOperation(why) => f.write_str(why),
            SetupError::Source(Some(line), why) => write!(f, "line {line}: {why}"),
            SetupError::Source(None, why) => f.write_str(why),
            SetupError::NoProgram(name) => write!(f, "no program {name} for this series"),
            SetupError::Rejected { program, message, .. } => {
                write!(f, "{program} does not verify: {message}")
            }
            SetupError::Map(name, failure) => write!(f, "map {name}: {failure}"),
            SetupError::NoMap(name) => write!(f, "no map {name} here"),
        }
    }
}

impl std::error::Error for SetupError {}

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
        units: Vec<Unit>,
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
    pub(super) applied: RefCell<HashMap<(u8, u8, ContentId), ContentId>>,
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
        Ok(stage)
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
            maps.push(create_map(&mut kernel, &mut task, series, def)?);
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
        let program = source(self.series, scenario, def, files)?;
        let lines = match def.source_for(self.series.name) {
            Some(Source::Asm { line, .. }) => {
                program.lines.iter().map(|own| own + line - 1).collect()
            }
            Some(Source::Object { .. }) | None => Vec::new(),
        };
        let mut kernel = self.kernel();
        let object = load(&mut kernel, &mut self.task, &self.maps, def, program)
            .map_err(|error| with_line(error, &lines))?;
        (self.core, self.root) = (kernel.core, kernel.hw);
        let ObjectId::Prog(handle) = object else {
            return Err(SetupError::NoProgram(name.to_owned()));
        };
        self.programs.push((name.to_owned(), handle));
        Ok(handle)
    }

    fn rank(&self, cpu: u32) -> u32 {
        self.core.profile.cpus.possible.rank(cpu).unwrap_or(0) as u32
    }

    fn add_run(&mut self, scenario: &Scenario, run: &scenario::Run) -> Result<(), SetupError> {
        let found = self.programs.iter().find(|(name, _)| *name == run.prog);
        let (_, program) = *found.ok_or_else(|| SetupError::NoProgram(run.prog.clone()))?;
        let ctx = ctx(run.ctx);
        self.restructures |= calls_updates(&self.core, program);
        self.actors.push(Actor {
            name: run.prog.clone(),
            cpu: self.rank(run.cpu),
            ctx,
            irqs_off: run.irqs == Irqs::Off,
            preemptible: scenario.machine.preempt == Preempt::Full && ctx == Ctx::Task,
            units: run.times.min(u32::from(u16::MAX)) as u16,
            doing: Doing::Frames,
        });
        let memory = ProgramRun::new(&mut self.root.mem, &run.data);
        self.acts.push(Act::Run { name: run.prog.clone(), program, run: memory });
        Ok(())
    }

    fn add_thread(
        &mut self,
        scenario: &Scenario,
        thread: &scenario::Thread,
    ) -> Result<(), SetupError> {
        let mut task = self.task.clone();
        task.cpu = thread.cpu;
        let mut all = Vec::new();
        for item in thread.ops_for(self.series.name) {
            let mut desk = Desk { stage: self, task: &mut task, cpu: thread.cpu };
            all.extend(units::calls(&mut desk, item)?);
        }
        self.restructures |= all.iter().any(|unit| !unit.changes.is_empty());
        let ctx = ctx(thread.ctx);
        self.actors.push(Actor {
            name: thread.name.clone(),
            cpu: self.rank(thread.cpu),
            ctx,
            irqs_off: thread.irqs == Irqs::Off,
            preemptible: scenario.machine.preempt == Preempt::Full && ctx == Ctx::Task,
            units: all.len() as u16,
            doing: Doing::Frames,
        });
        let scratch = self.root.mem.add_private(scratch_words(&self.core, &all));
        self.acts.push(Act::Thread { name: thread.name.clone(), task, scratch, units: all });
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

    pub(super) fn is_percpu(&self, def: &MapDef) -> bool {
        matches!(def.kind, MapKind::Percpu | MapKind::PercpuArray | MapKind::PercpuHash)
    }

    pub(super) fn is_composite(&self, def: &MapDef) -> bool {
        def.kind == MapKind::Percpu && scenario_map(self.series, def).2
    }
}

/// Room for the largest key and value of any call, so that memory does not grow on the way.
fn scratch_words(core: &Core, units: &[Unit]) -> usize {
    let words = |unit: &Unit| {
        core.map(unit.map).map_or(0, |map| {
            map.shape.key_size.div_ceil(8) * 2 + map.shape.stride() / 8 * map.shape.ranks + 2
        })
    };
    units.iter().map(words).max().unwrap_or(0) as usize + 2
}

/// The program may insert or remove keys: it calls an update or delete helper.
fn calls_updates(core: &Core, program: u32) -> bool {
    use bpfsim_abi::insn::{Callee, Op};
    let ops = core.program(program).map_or(&[][..], |program| program.ops());
    ops.iter().any(|op| matches!(op, Op::Call(Callee::Helper(id)) if matches!(id, 2 | 3)))
}

const fn ctx(ctx: scenario::Ctx) -> Ctx {
    match ctx {
        scenario::Ctx::Task => Ctx::Task,
        scenario::Ctx::Softirq => Ctx::Softirq,
        scenario::Ctx::Hardirq => Ctx::Hardirq,
        scenario::Ctx::Nmi => Ctx::Nmi,
    }
}

fn scenario_map(series: &Series, def: &MapDef) -> (u32, Layout, bool) {
    if def.hash { series.scenario_hash } else { series.scenario_map }
}

/// Number of the map type, and whether keys have the CPU behind them.
fn type_of(series: &Series, def: &MapDef) -> Result<(u32, Layout, bool), SetupError> {
    let own = |layout: Layout| {
        let found = series.map_types().find(|(_, _, known)| *known == layout);
        found.map(|(_, number, _)| (number, layout, false)).ok_or_else(|| {
            SetupError::NoOperation(format!("{} has no {}", series.base_name(), def.kind))
        })
    };
    match def.kind {
        MapKind::Percpu => Ok(scenario_map(series, def)),
        MapKind::Hash => Ok((1, Layout::Hash, false)),
        MapKind::Array => Ok((2, Layout::Array, false)),
        MapKind::PercpuArray => own(Layout::Array),
        MapKind::PercpuHash => own(Layout::Hash),
    }
}

fn create_map(
    kernel: &mut Kernel,
    task: &mut Process,
    series: &'static Series,
    def: &MapDef,
) -> Result<StageMap, SetupError> {
    let (map_type, layout, composite) = type_of(series, def)?;
    let cpus = kernel.core.profile.cpus.possible.clone();
    let entries = def.entries * if composite { cpus.len() as u32 } else { 1 };
    let no_prealloc = def.prealloc == Some(false) && layout == Layout::Hash;
    let arm = MapCreateAttr {
        map_type,
        key_size: def.key_size + if composite { 4 } else { 0 },
        value_size: def.value_size,
        max_entries: def.max_entries.unwrap_or(entries),
        map_flags: u32::from(no_prealloc && kernel.core.profile.release >= Release::new(4, 6)),
        ..MapCreateAttr::default()
    };
    let failed = |failure| SetupError::Map(def.name.clone(), failure);
    let bytes = &arm.as_bytes()[..20];
    let attr = task.alloc(bytes);
    let fd = kernel.bpf(task, 0, attr, bytes.len() as u32).map_err(failed)?;
    let object = task.fd(fd).and_then(Result::ok).ok_or(failed(Errno::EBADF.into()))?;
    if layout == Layout::Hash && !def.empty {
        for key in 0..def.entries {
            for cpu in if composite { cpus.clone() } else { CpuList::first(1) }.iter() {
                let mut bytes = key.to_le_bytes().to_vec();
                bytes.resize(def.key_size as usize, 0);
                if composite {
                    bytes.extend_from_slice(&cpu.to_le_bytes());
                }
                insert(kernel, task, fd, &bytes, def.value_size).map_err(failed)?;
            }
        }
    }
    Ok(StageMap { def: def.clone(), fd, object })
}

/// A key with zero values.
fn insert(
    kernel: &mut Kernel,
    task: &mut Process,
    fd: u32,
    key: &[u8],
    value_size: u32,
) -> Result<u32, Failure> {
    let room = value_size.next_multiple_of(8) as usize * kernel.core.profile.cpus.possible.len();
    let arm = MapElemAttr {
        map_fd: fd,
        key: task.alloc(key),
        value: task.alloc_zeroed(room),
        ..MapElemAttr::default()
    };
    let attr = task.alloc(arm.as_bytes());
    kernel.bpf(task, 2, attr, 32)
}

/// Helper names as a program of this kernel may write them: the series' own first.
fn names(series: &Series, maps: &[&str]) -> NameTable {
    let own = series.adds.iter().filter_map(|added| match added.what {
        Addition::Helper { proto, .. } => Some((proto.name, proto.id as i32)),
        Addition::Command { .. }
        | Addition::MapType { .. }
        | Addition::Field { .. }
        | Addition::Flag { .. } => None,
    });
    let short = |name: &'static str| name.strip_prefix("bpf_").unwrap_or(name);
    let all = helper_id::ALL.iter().map(|entry| (short(entry.name), entry.number as i32));
    let helpers: Vec<(&str, i32)> = own.chain(all).collect();
    NameTable::new(&helpers, maps)
}

/// Assembles or reads a program.
pub fn source(
    series: &Series,
    scenario: &Scenario,
    def: &ProgDef,
    files: Files<'_>,
) -> Result<Program, SetupError> {
    match def.source_for(series.name) {
        None => Err(SetupError::NoProgram(def.name.clone())),
        Some(Source::Asm { text, line }) => {
            let maps: Vec<&str> = scenario.maps.iter().map(|map| map.name.as_str()).collect();
            asm::assemble(text, &names(series, &maps)).map_err(|error| {
                let line = line + error.line - 1;
                let message = error.message;
                SetupError::Source(Some(line), format!("program {}: {message}", def.name))
            })
        }
        Some(Source::Object { file, program }) => {
            let bytes = files(file).map_err(|why| SetupError::Source(None, why))?;
            let object = ObjectFile::parse(&bytes)
                .map_err(|error| SetupError::Source(None, format!("{file}: {error}")))?;
            let found = match program {
                Some(name) => object.prog(name),
                None => object.prog(&def.name).or(object.progs.first()),
            };
            let missing = || SetupError::Source(None, format!("{file}: no program {}", def.name));
            found.map(crate::object::ProgDef::program).ok_or_else(missing)
        }
    }
}

/// Finds the line of the instruction that the verifier looked at last.
fn with_line(error: SetupError, lines: &[u32]) -> SetupError {
    let SetupError::Rejected { program, message, log, failure, .. } = error else { return error };
    let position = |line: &str| line.split_once(": (")?.0.parse::<usize>().ok();
    let last = log.lines().filter_map(position).next_back();
    let line = last.and_then(|at| lines.get(at).copied()).or(lines.first().copied());
    SetupError::Rejected { program, message, log, failure, line }
}

/// PROG_LOAD, with a log.
fn load(
    kernel: &mut Kernel,
    task: &mut Process,
    maps: &[StageMap],
    def: &ProgDef,
    program: Program,
) -> Result<ObjectId, SetupError> {
    let mut insns = program.insns;
    for reference in &program.map_refs {
        let found = maps.iter().find(|map| map.def.name == reference.map);
        let map = found.ok_or_else(|| SetupError::NoMap(reference.map.clone()))?;
        insns[reference.insn].imm = map.fd as i32;
    }
    const LOG: usize = 1 << 20;
    let log_buf = task.alloc_zeroed(LOG);
    let arm = ProgLoadAttr {
        prog_type: def.prog_type.number(),
        insn_cnt: insns.len() as u32,
        insns: task.alloc(insns.as_bytes()),
        license: task.alloc(b"GPL\0"),
        log_level: 1,
        log_size: LOG as u32,
        log_buf,
        ..ProgLoadAttr::default()
    };
    let attr = task.alloc(&arm.as_bytes()[..48]);
    let loaded = kernel.bpf(task, 5, attr, 48);
    let log = task.bytes(log_buf, LOG).unwrap_or(&[]);
    let end = log.iter().position(|byte| *byte == 0).unwrap_or(log.len());
    let log = String::from_utf8_lossy(&log[..end]).into_owned();
    match loaded {
        Ok(fd) => {
            let missing = || SetupError::NoProgram(def.name.clone());
            task.fd(fd).and_then(Result::ok).ok_or_else(missing)
        }
        Err(failure) => {
            let last = log.lines().rfind(|line| !line.starts_with("processed"));
            let message = match &failure {
                Failure::NotModelled(what) => what.clone(),
                Failure::Errno(_) | Failure::Trapped(_) => {
                    last.map_or_else(|| failure.to_string(), str::to_owned)
                }
            };
            let program = def.name.clone();
            Err(SetupError::Rejected { program, message, log, failure, line: None })
        }
    }
}
