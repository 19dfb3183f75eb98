//! What a scenario file means.

use super::holds::Holds;
use super::names::*;
use super::ops::{Call, Do};
use crate::class::Class;

/// A scenario: machine, maps, programs, what runs, what is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scenario {
    /// Short name, as in `ipi-mid-update`.
    pub name: String,
    /// The question in one sentence.
    pub question: Option<String>,
    /// The claim it tests, in the words of its author.
    pub cites: Option<String>,
    /// Who said it.
    pub attribution: Option<String>,
    /// The machine.
    pub machine: Machine,
    /// Maps, in file order.
    pub maps: Vec<MapDef>,
    /// Programs, in file order.
    pub progs: Vec<ProgDef>,
    /// Program runs, in file order.
    pub runs: Vec<Run>,
    /// Threads that call bpf(2), in file order.
    pub threads: Vec<Thread>,
    /// Plain calls, in file order: on a fresh kernel of each series, beside any exploration.
    pub calls: Vec<Call>,
    /// CPUs that go and come.
    pub hotplug: Vec<Hotplug>,
    /// What is explored, and how far.
    pub explore: Explore,
    /// What is expected, by series.
    pub expects: Vec<Expect>,
}

/// The CPUs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Machine {
    /// Possible CPUs, ascending; may have holes.
    pub possible: Vec<u32>,
    /// CPUs that are on line at the start, ascending.
    pub online: Vec<u32>,
    /// Preemption of tasks.
    pub preempt: Preempt,
}

impl Default for Machine {
    /// Two CPUs on line, no preemption.
    fn default() -> Self {
        Self { possible: vec![0, 1], online: vec![0, 1], preempt: Preempt::None }
    }
}

/// One scalar of a value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Its type.
    pub ty: FieldType,
    /// Byte offset in the value, as a C struct has it.
    pub offset: u32,
}

/// A map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MapDef {
    /// Its name; programs refer to it.
    pub name: String,
    /// Its type.
    pub kind: MapKind,
    /// Keys 0 to `entries` - 1 are present and zero at the start, unless `empty`.
    pub entries: u32,
    /// The scalars of a value, by offset. A map without `fields` has words `w0`, `w1`, … .
    pub fields: Vec<Field>,
    /// Bytes of a value.
    pub value_size: u32,
    /// Bytes of a key. (A design without per-CPU maps appends the CPU.)
    pub key_size: u32,
    /// What a reader could check by itself.
    pub holds: Option<Holds>,
    /// No key is present at the start.
    pub empty: bool,
    /// `max_entries` as written; absent, it is `entries`, times the possible
    /// CPUs where keys have the CPU behind them.
    pub max_entries: Option<u32>,
    /// Whether a hash takes its elements from a freelist filled at creation (v4.6); absent, as
    /// the release does by default.
    pub prealloc: Option<bool>,
    /// Of `percpu`: a series that has both takes the hash.
    pub hash: bool,
}

/// What a program is made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Assembler text.
    Asm {
        /// The text, as written.
        text: String,
        /// The line of the scenario file on which the text begins, from 1.
        line: u32,
    },
    /// An object file.
    Object {
        /// Its name, for the caller to find.
        file: String,
        /// The program in it; absent, its only one.
        program: Option<String>,
    },
}

/// A program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProgDef {
    /// Its name.
    pub name: String,
    /// How it is written where nothing else is said.
    pub source: Option<Source>,
    /// Its type.
    pub prog_type: ProgType,
    /// How a series would have it written; `None`: that series has no such program.
    pub for_series: Vec<(String, Option<Source>)>,
}

impl ProgDef {
    /// The program as `series` (perhaps `name@variant`) has it; `None`: it has none.
    pub fn source_for(&self, series: &str) -> Option<&Source> {
        match for_series(&self.for_series, series) {
            Some(own) => own.as_ref(),
            None => self.source.as_ref(),
        }
    }
}

/// The entry for a series: under its full name, else under the name before `@`.
pub(super) fn for_series<'a, T>(list: &'a [(String, T)], series: &str) -> Option<&'a T> {
    let plain = series.split('@').next().unwrap_or(series);
    let find = |wanted: &str| list.iter().find(|(name, _)| name == wanted);
    find(series).or_else(|| find(plain)).map(|(_, value)| value)
}

/// Runs of a program on a CPU, one after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// The program.
    pub prog: String,
    /// The CPU.
    pub cpu: u32,
    /// The context.
    pub ctx: Ctx,
    /// Interrupts during the run.
    pub irqs: Irqs,
    /// How many runs, at least one.
    pub times: u32,
    /// The bytes of the packet.
    pub data: Vec<u8>,
}

/// A thread that calls bpf(2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thread {
    /// Its name.
    pub name: String,
    /// Its CPU.
    pub cpu: u32,
    /// The context.
    pub ctx: Ctx,
    /// Interrupts.
    pub irqs: Irqs,
    /// What it does, in order.
    pub ops: Vec<Do>,
    /// What it does in one series instead.
    pub for_series: Vec<(String, Vec<Do>)>,
}

impl Thread {
    /// What it does in `series` (perhaps `name@variant`).
    pub fn ops_for(&self, series: &str) -> &[Do] {
        for_series(&self.for_series, series).unwrap_or(&self.ops)
    }
}

/// A CPU goes or comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hotplug {
    /// The CPU.
    pub cpu: u32,
    /// When.
    pub at: At,
    /// Which.
    pub action: HotplugDo,
}

/// Where an exploration stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// States.
    pub states: u64,
    /// Preemptions in one schedule; `None`: all.
    pub preemptions: Option<u32>,
}

impl Default for Limits {
    /// Five million states, any number of preemptions.
    fn default() -> Self {
        Self { states: 5_000_000, preemptions: None }
    }
}

/// What is explored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explore {
    /// The series, as `name` or `name@variant`.
    pub series: Vec<String>,
    /// The file names no series: `series` is all that the caller knows.
    pub all_series: bool,
    /// Memory models.
    pub models: Vec<Model>,
    /// Copy plans by series, for those that have any written.
    pub copy: Vec<(String, Vec<CopyPlan>)>,
    /// Limits.
    pub limits: Limits,
}

impl Explore {
    /// The copy plans of `series`: as written, else `word-asc`.
    pub fn copy_for(&self, series: &str) -> &[CopyPlan] {
        for_series(&self.copy, series).map_or(&[CopyPlan::WordAsc], Vec::as_slice)
    }
}

/// What the verifier is expected to say about every program of a series.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It accepts.
    Accepted,
    /// It rejects with a message that contains this.
    Message(String),
}

/// What a lookup is expected to cost, at most one number each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Calls of bpf(2).
    pub calls: Option<u64>,
    /// Inter-processor interrupts.
    pub ipis: Option<u64>,
    /// Bytes copied to user space.
    pub bytes: Option<u64>,
}

/// What is expected of a series.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expect {
    /// The series, as `name` or `name@variant`.
    pub series: String,
    /// Classes that some schedule shows.
    pub reachable: Vec<Class>,
    /// Classes that no schedule shows.
    pub unreachable: Vec<Class>,
    /// The verifier's verdict.
    pub verify: Option<Verdict>,
    /// The price.
    pub cost: Option<Cost>,
}

impl Scenario {
    /// The map with this name.
    pub fn map(&self, name: &str) -> Option<&MapDef> {
        self.maps.iter().find(|map| map.name == name)
    }

    /// The program with this name.
    pub fn prog(&self, name: &str) -> Option<&ProgDef> {
        self.progs.iter().find(|prog| prog.name == name)
    }
}
