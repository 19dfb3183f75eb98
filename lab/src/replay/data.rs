//! What a replay knows, as data: the diagram and every other form are made from it.

use crate::class::Class;
use crate::scenario::{Field, Key};
use bpfsim_abi::Errno;
use bpfsim_maps::Series;
use bpfsim_sim::{CopyPlan, Count, Ctx, Place, Slot, Step};

/// The scalars of one value, by field; none where the key is absent.
pub type Content = Option<Vec<u64>>;

/// One schedule, walked again.
#[derive(Clone, Debug)]
pub struct Replay {
    /// The scenario's name.
    pub scenario: String,
    /// The design that it ran under.
    pub series: &'static Series,
    /// The design that the order was recorded under, by its label.
    pub recorded: String,
    /// In which pieces values were copied.
    pub copy: CopyPlan,
    /// The token that says it again.
    pub token: String,
    /// Who is on which CPU, by CPU number.
    pub lanes: Vec<Lane>,
    /// Numbers of all possible CPUs, ascending.
    pub possible: Vec<u32>,
    /// The maps, in file order.
    pub maps: Vec<MapNames>,
    /// The slots whose content is followed.
    pub slots: Vec<SlotTrace>,
    /// Everything that happened, in order.
    pub steps: Vec<ReplayStep>,
    /// What system calls returned, in the order in which they did.
    pub calls: Vec<Returned>,
    /// The classes of this schedule.
    pub classes: Vec<Class>,
    /// Preemptions.
    pub preemptions: u32,
    /// Numbered steps.
    pub numbered: u32,
    /// Who waits at the end for something that never happens.
    pub waiting: Vec<Waiting>,
    /// What the final memory lacks.
    pub lost: Vec<Lost>,
    /// What exploring the same scenario found.
    pub search: Search,
    /// Changes that were tried to get rid of the class; none for a class that nobody minds.
    pub contrast: Option<Contrast>,
    /// Index of the first step that is another than under [`Replay::recorded`].
    pub differs: Option<usize>,
    /// Remarks about the token.
    pub warnings: Vec<String>,
}

/// One CPU.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lane {
    /// Its number.
    pub cpu: u32,
    /// Who runs there, in scenario order.
    pub actors: Vec<LaneActor>,
}

/// Somebody on a CPU.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LaneActor {
    /// A program or a thread, by name.
    pub name: String,
    /// In which context.
    pub ctx: Ctx,
    /// Masks interrupts for the length of each unit.
    pub irqs_off: bool,
    /// A program, which runs in units with numbers.
    pub program: bool,
}

/// What a map is called, and its fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MapNames {
    /// Its name.
    pub name: String,
    /// The scalars of a value.
    pub fields: Vec<Field>,
    /// Bytes of a key as the scenario has it.
    pub key_size: u32,
    /// Buckets of a hash, 0 of an array.
    pub buckets: u32,
}

/// A slot whose content is followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotTrace {
    /// Index among the maps.
    pub map: usize,
    /// The key, without any CPU.
    pub key: Key,
    /// Number of the CPU; none where the map is not per-CPU.
    pub cpu: Option<u32>,
    /// At the start.
    pub start: Content,
    /// What whole units published, in order, without repeats.
    pub versions: Vec<Content>,
    /// Only program runs changed it.
    pub only_runs: bool,
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq)]
pub struct ReplayStep {
    /// Its number from 1; none for what is no step: a wait, a unit that nobody can see.
    pub number: Option<u32>,
    /// Which slot of the machine moved.
    pub slot: Slot,
    /// On whose behalf: index among the scenario's runs, threads and hotplug events.
    pub actor: usize,
    /// The actor's name.
    pub name: String,
    /// The unit's own name: `count#2`, or what a system call is called.
    pub label: String,
    /// Which of its units, from 0.
    pub unit: u16,
    /// On this CPU, by number.
    pub cpu: u32,
    /// In this context.
    pub ctx: Ctx,
    /// In the handler of an interrupt that the actor has sent.
    pub handler: bool,
    /// Interrupting frames open on this CPU, this one included.
    pub level: u8,
    /// Interrupts are masked on this CPU afterwards.
    pub masked: bool,
    /// What the frame is about.
    pub deed: Deed,
    /// The step itself.
    pub step: Option<Step>,
    /// The other CPU of an interrupt or of hotplug, by number.
    pub other_cpu: Option<u32>,
    /// The memory that it touched.
    pub access: Option<Access>,
    /// The first thing that the unit did; of a handler, the interrupt was taken here.
    pub began: bool,
    /// The unit ended; of a handler, the interrupt was acknowledged here.
    pub ended: bool,
    /// The interrupt that was taken here came without one of its own: another had been taken.
    pub drained: bool,
    /// It cannot go on before something happens elsewhere.
    pub waits: bool,
    /// Another frame could have gone on.
    pub preempts: bool,
    /// Ended by an access outside every region.
    pub trapped: Option<Trap>,
    /// Content of every followed slot afterwards.
    pub contents: Vec<Content>,
    /// Index in [`Replay::calls`] of what returned here.
    pub returned: Option<usize>,
}

/// An access outside every region, which was not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trap {
    /// Where it would have gone.
    pub at: Place,
    /// Index of the map whose region it left, if it was a map's.
    pub map: Option<usize>,
}

/// What a frame is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// A program runs.
    Program,
    /// A value is copied to the caller, here or by an interrupt.
    Lookup,
    /// A value is written.
    Update,
    /// A key is removed.
    Delete,
    /// The key after a key is looked for.
    NextKey,
    /// A CPU goes or comes.
    Hotplug,
    /// The call was refused by its checks.
    Refused,
}

/// Where a write or the initial content came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// Nobody has written it.
    Start,
    /// This numbered step.
    Step(u32),
}

/// An access to memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// What is there.
    pub target: Target,
    /// Where.
    pub at: Place,
    /// How many bytes.
    pub bytes: u32,
    /// Before.
    pub old: u64,
    /// Afterwards: what was read or written.
    pub new: u64,
    /// It was written.
    pub writes: bool,
    /// It became what it is by giving or linking: of words that a map is built of.
    pub gives: bool,
    /// Of a read: who wrote the bytes, ascending.
    pub from: Vec<Origin>,
}

/// What a place in memory is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// Bytes of a value.
    Value {
        /// Index among the maps.
        map: usize,
        /// The key; none while the element belongs to none.
        key: Option<Key>,
        /// Number of the CPU, where values have one.
        cpu: Option<u32>,
        /// Byte within the value.
        offset: u32,
    },
    /// The lock of a bucket.
    Lock(usize, u32),
    /// The chain of a bucket.
    Chain(usize, u32),
    /// The link of an element.
    Link(usize, u32),
    /// The key of an element.
    Key(usize, Key),
    /// The free list.
    FreeList(usize),
    /// How many elements there are.
    Count(usize),
    /// No map's.
    Other,
}

/// What a system call returned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Returned {
    /// The thread.
    pub actor: usize,
    /// Which of its calls.
    pub unit: u16,
    /// `into`, or what it does.
    pub name: String,
    /// How it failed.
    pub errno: Option<Errno>,
    /// By slot that it read: index, value, class.
    pub values: Vec<(usize, Content, Class)>,
    /// The key that it returned.
    pub key: Option<Key>,
}

/// Who waits for ever.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Index of the actor.
    pub actor: usize,
    /// The actor's name, with the number of the run.
    pub name: String,
    /// Number of its CPU.
    pub cpu: u32,
    /// What it waits for.
    pub what: WaitsFor,
}

/// What somebody waits for who waits for ever.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WaitsFor {
    /// The acknowledgement of this CPU, which has interrupts masked or does not run.
    Ack(u32),
    /// A lock that this one holds.
    Lock(String),
    /// Its turn on its CPU.
    Turn,
}

/// What the final content of a slot lacks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost {
    /// Which slot.
    pub slot: usize,
    /// What it holds.
    pub found: Content,
    /// What all units in some order would have made of it.
    pub expected: Vec<Content>,
    /// By field: who is missing; empty where the fields belong to different orders.
    pub missing: Vec<(String, Vec<String>)>,
}

/// What exploring found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Search {
    /// Nothing was left out.
    pub complete: bool,
    /// How many schedules there are; none when incomplete.
    pub schedules: Option<Count>,
    /// States that were seen.
    pub states: usize,
    /// At most so many preemptions were looked at.
    pub preemptions: Option<u32>,
    /// The classes that were reached.
    pub reached: Vec<Class>,
}

/// Changes that were tried, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contrast {
    /// The class to get rid of.
    pub class: Class,
    /// Without effect.
    pub tried: Vec<String>,
    /// Not explored to the end: nobody knows.
    pub open: Vec<String>,
    /// The first that makes the class unreachable.
    pub removes: Option<String>,
}
