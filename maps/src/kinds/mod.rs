//! Map types that are neither a plain array nor a plain hash: a file for each family, and a row of
//! [`ROWS`] for each type.
//!
//! Everything such a type knows is words of one region, so that kernels can be cloned, compared
//! and explored. What it does is one step under an exploration: its lists and trees are not shown
//! at work, only before and after. To add a type: a file with a struct that implements [`Whole`]
//! and a `Row`, a line in `kinds!`, and the row in `ROWS`.

mod queue;
mod row;
mod whole;

pub use row::{Lookup, Row, System, Take};
pub use whole::{By, Fail, New, Verb, Whole};

use crate::map::Map;
use crate::mover::Plan;
use crate::op::{Stop, pass};
use crate::update::Want;
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
}

/// The types, by number.
pub static ROWS: &[&Row] = &[&queue::QUEUE, &queue::STACK];

/// The row of a type that `release` has.
pub fn row(number: u32, release: Release) -> Option<&'static Row> {
    ROWS.iter().copied().find(|row| row.number == number && row.since <= release)
}

/// The row of a map of such a type; none for the others.
pub fn row_of(map: &Map) -> Option<&'static Row> {
    ROWS.iter().copied().find(|row| row.number == map.shape.map_type)
}

impl Kind {
    /// The step before an operation: everything that the map consists of.
    fn enter(&self, writes: bool, cx: &mut Cx<'_>) -> Result<(), Stop> {
        let at = Place::new(self.whole().region(), 0);
        pass(cx, if writes { Step::Atomic { at, bytes: 8 } } else { Step::Load { at, bytes: 8 } })
    }

    /// The element of a key. Called from programs and from system calls.
    pub(crate) fn find(&self, key: Place, by: By, cx: &mut Cx<'_>) -> Result<Option<Place>, Stop> {
        let kind = self.whole();
        self.enter(kind.marks() && by.program, cx)?;
        kind.find(&mut cx.hw.mem, by, key)
    }

    /// A new value for a key. Called from programs and from system calls.
    pub(crate) fn update(
        &self,
        key: Place,
        (value, want, plan): (Place, Want, Plan),
        map: &Map,
        cx: &mut Cx<'_>,
    ) -> Result<u64, Stop> {
        self.enter(true, cx)?;
        let by = By::program(cx.cpu);
        let new = New { value, want, plan, stride: map.rank_stride(), ranks: map.shape.ranks };
        self.whole().update(&mut cx.hw.mem, by, key, &new)?;
        Ok(0)
    }

    /// Removes a key. Called from programs and from system calls.
    pub(crate) fn delete(&self, key: Place, cx: &mut Cx<'_>) -> Result<u64, Stop> {
        self.enter(true, cx)?;
        self.whole().delete(&mut cx.hw.mem, By::program(cx.cpu), key)?;
        Ok(0)
    }

    /// Writes the key after another one to `out`. Called from system calls.
    pub(crate) fn next_key(
        &self,
        key: Option<Place>,
        out: Place,
        cx: &mut Cx<'_>,
    ) -> Result<u64, Stop> {
        self.enter(false, cx)?;
        self.whole().next_key(&cx.hw.mem, key, out)?;
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
