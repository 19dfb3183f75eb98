//! Map types that are neither a plain array nor a plain hash: a file for each family, and a row of
//! [`ROWS`] for each type.
//!
//! Everything such a type knows is words of one region, so that kernels can be cloned, compared
//! and explored. What it does is one step under an exploration: its lists and trees are not shown
//! at work, only before and after. To add a type: a file with a struct that implements [`Whole`]
//! and a `Row`, a line in `kinds!`, and the row in `ROWS`.

mod bloom;
mod devices;
mod insns;
mod lacks;
mod lpm;
mod lru;
mod outside;
mod queue;
mod ring;
mod row;
mod slots;
mod stack_trace;
mod whole;

pub use lacks::lacks;
pub use row::{Lookup, Row, System, Take, Update};
pub use slots::Slots;
pub use whole::{By, Fail, New, Verb, Whole};

use crate::map::Map;
use crate::mover::Plan;
use crate::op::{Stop, pass};
use crate::update::{UpdateRules, Want};
use bpfsim_abi::Release;
use bpfsim_sim::{Cx, Place, Step};

/// The structs behind the rows, one line each: a variant of [`Kind`], and where it is.
macro_rules! kinds {
    ($($variant:ident: $type:ty, $text:literal;)*) => {
        /// What a map of such a type is made of.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum Kind {
            $(#[doc = $text] $variant($type),)*
        }

        impl Kind {
            /// What it can do.
            pub fn whole(&self) -> &dyn Whole {
                match self { $(Kind::$variant(kind) => kind,)* }
            }
        }
    };
}

kinds! {
    Queue: queue::Queue, "QUEUE and STACK.";
    Lru: lru::Lru, "LRU_HASH and LRU_PERCPU_HASH.";
    Lpm: lpm::Lpm, "LPM_TRIE.";
    Bloom: bloom::Bloom, "BLOOM_FILTER.";
    Ring: ring::Ring, "RINGBUF and USER_RINGBUF.";
    StackTrace: stack_trace::StackTrace, "STACK_TRACE.";
    Slots: slots::Slots, "Arrays of what stands for something else.";
    Devices: devices::Devices, "DEVMAP_HASH.";
    Outside: outside::Outside, "What has its elements from somewhere else.";
    Insns: insns::Insns, "INSN_ARRAY.";
}

/// The types, by number.
pub static ROWS: &[&Row] = &[
    &slots::PROG_ARRAY,
    &slots::PERF_EVENT_ARRAY,
    &stack_trace::STACK_TRACE,
    &slots::CGROUP_ARRAY,
    &lru::LRU_HASH,
    &lru::LRU_PERCPU_HASH,
    &lpm::LPM_TRIE,
    &slots::ARRAY_OF_MAPS,
    &slots::DEVMAP,
    &slots::SOCKMAP,
    &slots::CPUMAP,
    &slots::XSKMAP,
    &outside::SOCKHASH,
    &outside::CGROUP_STORAGE,
    &slots::REUSEPORT,
    &outside::PERCPU_CGROUP_STORAGE,
    &queue::QUEUE,
    &queue::STACK,
    &outside::SK_STORAGE,
    &devices::DEVMAP_HASH,
    &ring::RINGBUF,
    &outside::INODE_STORAGE,
    &outside::TASK_STORAGE,
    &bloom::BLOOM_FILTER,
    &ring::USER_RINGBUF,
    &outside::CGRP_STORAGE,
    &outside::ARENA,
    &insns::INSN_ARRAY,
];

/// The row of a type that `release` has.
pub fn row(number: u32, release: Release) -> Option<&'static Row> {
    ROWS.iter().copied().find(|row| row.number == number && row.since <= release)
}

/// The row of a map of such a type; none for the others.
pub fn row_of(map: &Map) -> Option<&'static Row> {
    ROWS.iter().copied().find(|row| row.number == map.shape.map_type)
}

impl By {
    fn from(program: bool, cx: &Cx<'_>) -> Self {
        Self { cpu: cx.cpu, program, watched: cx.watched }
    }
}

impl Kind {
    /// The step before an operation: everything that the map consists of.
    fn enter(&self, writes: bool, cx: &mut Cx<'_>) -> Result<(), Stop> {
        let at = Place::new(self.whole().region(), 0);
        pass(cx, if writes { Step::Atomic { at, bytes: 8 } } else { Step::Load { at, bytes: 8 } })
    }

    /// The element of a key. Called from programs and from system calls.
    pub(crate) fn find(
        &self,
        key: Place,
        program: bool,
        cx: &mut Cx<'_>,
    ) -> Result<Option<Place>, Stop> {
        let kind = self.whole();
        self.enter(kind.marks() && program, cx)?;
        let by = By::from(program, cx);
        kind.find(&mut cx.hw.mem, by, key)
    }

    /// A new value for a key. Called from programs and from system calls.
    pub(crate) fn update(
        &self,
        key: Place,
        (value, want, plan, rules): (Place, Want, Plan, UpdateRules),
        map: &Map,
        cx: &mut Cx<'_>,
    ) -> Result<u64, Stop> {
        self.enter(true, cx)?;
        let by = By::from(false, cx);
        let new = New {
            value,
            want,
            plan,
            stride: map.rank_stride(),
            ranks: map.shape.ranks,
            keeps_stale: rules.keeps_stale,
        };
        self.whole().update(&mut cx.hw.mem, by, key, &new)?;
        Ok(0)
    }

    /// Removes a key. Called from programs and from system calls.
    pub(crate) fn delete(&self, key: Place, cx: &mut Cx<'_>) -> Result<u64, Stop> {
        self.enter(true, cx)?;
        let by = By::from(false, cx);
        self.whole().delete(&mut cx.hw.mem, by, key)?;
        Ok(0)
    }

    /// Writes the key after another one, `len` bytes, to `out`. Called from system calls.
    pub(crate) fn next_key(
        &self,
        key: Option<Place>,
        (out, len): (Place, u32),
        cx: &mut Cx<'_>,
    ) -> Result<u64, Stop> {
        self.enter(false, cx)?;
        let next = self.whole().next_key(&cx.hw.mem, key)?;
        cx.hw.mem.copy(next, out, len)?;
        Ok(0)
    }

    /// What only some types do. Called from programs and from system calls.
    pub(crate) fn run(&self, verb: Verb, cx: &mut Cx<'_>) -> Result<u64, Stop> {
        self.enter(!matches!(verb, Verb::Peek { .. }), cx)?;
        let (kind, memory) = (self.whole(), &mut cx.hw.mem);
        match verb {
            Verb::Push { value, flags } => kind.push(memory, value, flags)?,
            Verb::Pop { out } => kind.pop(memory, out)?,
            Verb::Peek { value } => kind.peek(memory, value)?,
        }
        Ok(0)
    }
}
