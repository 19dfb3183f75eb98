//! What a map command or a helper does after its checks, as a value with a position.

use crate::hash::{Find, Next};
use crate::key::Key;
use crate::kinds::Verb;
use crate::map::{Map, Words};
use crate::mover::{Direction, Mover, Plan};
use crate::update::{Delete, Update};
use bpfsim_abi::Errno;
use bpfsim_sim::{Cx, Place, Step, Wild, Yield};

/// One operation on one map. The result stands in [`Op::result`] once `run` says `Done`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Op {
    /// Where the key lies, `key_size` bytes.
    pub key: Place,
    /// What is to be done, and how far it is.
    pub todo: Todo,
    /// Meaningful at the end: 0, or the place of a value as a program sees it.
    pub result: Result<u64, Errno>,
}

/// The operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Todo {
    /// Where the value is, for a program: on this CPU, or at the rank of a CPU that it named.
    Locate(Find, Option<u32>),
    /// The bytes of a value, for a system call.
    Read(Find, Mover),
    /// A new value.
    Update(Update),
    /// Remove the key.
    Delete(Delete),
    /// The key after this one; the first where there is none.
    NextKey(Next, Place, bool),
    /// The map operation itself refuses.
    Refuse(Errno),
    /// What only the map types of [`crate::kinds`] do.
    Own(Verb),
}

impl Op {
    /// `todo` for the key at `key`.
    pub fn new(key: Place, todo: Todo) -> Self {
        Self { key, todo, result: Ok(0) }
    }

    /// A lookup by a program. Called from programs only.
    pub fn locate(key: Place, rank: Option<u32>) -> Self {
        Self::new(key, Todo::Locate(Find::default(), rank))
    }

    /// A lookup that copies into `buffer`.
    pub fn read(key: Place, plan: Plan, buffer: Place) -> Self {
        Self::new(key, Todo::Read(Find::default(), Mover::new(plan, Direction::Read, buffer)))
    }

    /// The key after the one at `key`, written to `out`; `first`: there is no key to start from.
    pub fn next_key(key: Place, out: Place, first: bool) -> Self {
        let next = if first { Next::first() } else { Next::default() };
        Self::new(key, Todo::NextKey(next, out, first))
    }

    /// Goes on as far as the gate allows.
    pub fn run(&mut self, map: &Map, cx: &mut Cx<'_>) -> Yield {
        let key = self.key;
        let yielded = match &mut self.todo {
            Todo::Locate(find, rank) => locate(find, *rank, key, map, cx),
            Todo::Read(find, mover) => read(find, mover, key, map, cx),
            Todo::Update(update) => update.run(Key::At(key), map, cx),
            Todo::Delete(delete) => delete.run(Key::At(key), map, cx),
            Todo::NextKey(next, out, first) => next_key(next, *out, *first, key, map, cx),
            Todo::Refuse(errno) => Err(Stop::Fail(*errno)),
            Todo::Own(verb) => match &map.words {
                Words::Own(own) => own.run(*verb, cx),
                Words::Array(_) | Words::Hash(_) => Err(Stop::Fail(Errno::ENOTSUPP)),
            },
        };
        match yielded {
            Ok(value) => {
                self.result = Ok(value);
                Yield::Done
            }
            Err(Stop::Fail(errno)) => {
                self.result = Err(errno);
                Yield::Done
            }
            Err(Stop::Yield(yielded)) => yielded,
        }
    }

    /// Feeds everything that tells two positions apart.
    pub fn encode(&self, out: &mut Vec<u64>) {
        out.push(self.key.0);
        match &self.todo {
            Todo::Locate(find, _) => find.encode(out),
            Todo::Read(find, mover) => {
                find.encode(out);
                mover.encode(out);
            }
            Todo::Update(update) => update.encode(out),
            Todo::Delete(delete) => delete.encode(out),
            Todo::NextKey(next, ..) => next.encode(out),
            Todo::Refuse(_) | Todo::Own(_) => {}
        }
    }
}

/// Why an operation does not go on: it has failed, or it waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// It ends with this error.
    Fail(Errno),
    /// It goes on later, or is trapped.
    Yield(Yield),
}

impl From<Wild> for Stop {
    fn from(wild: Wild) -> Self {
        Stop::Yield(Yield::Trapped(wild))
    }
}

impl From<Errno> for Stop {
    fn from(errno: Errno) -> Self {
        Stop::Fail(errno)
    }
}

/// Turns a part's `Done` into "go on", everything else into "stop here".
pub fn done(yielded: Yield) -> Result<(), Stop> {
    match yielded {
        Yield::Done => Ok(()),
        Yield::Stopped | Yield::Blocked(_) | Yield::Trapped(_) => Err(Stop::Yield(yielded)),
    }
}

/// Asks the gate; "stop here" when it is shut.
#[inline]
pub fn pass(cx: &mut Cx<'_>, what: Step) -> Result<(), Stop> {
    if cx.pass(what) { Ok(()) } else { Err(Stop::Yield(Yield::Stopped)) }
}

/// The index that an array key holds.
#[inline]
pub fn index(key: Key, cx: &Cx<'_>) -> Result<u32, Stop> {
    Ok(key.word(&cx.hw.mem, 4)? as u32)
}

/// The element of a key, if it is there. Called from system calls and, where `program` says so,
/// from programs.
#[inline]
pub fn find(
    find: &mut Find,
    program: bool,
    key: Key,
    map: &Map,
    cx: &mut Cx<'_>,
) -> Result<Option<Place>, Stop> {
    match &map.words {
        Words::Array(array) => Ok(array.place(index(key, cx)?)),
        Words::Hash(hash) => {
            find.run(hash, key, cx)?;
            Ok(find.element().map(|element| hash.value(element)))
        }
        Words::Own(own) => own.find(key.place(), program, cx),
    }
}

fn locate(
    walk: &mut Find,
    rank: Option<u32>,
    key: Place,
    map: &Map,
    cx: &mut Cx<'_>,
) -> Result<u64, Stop> {
    let Some(element) = find(walk, true, Key::At(key), map, cx)? else { return Ok(Place::NULL.0) };
    if !map.shape.percpu {
        return Ok(element.0);
    }
    Ok(map.slot(element, rank.unwrap_or(cx.cpu)).0)
}

fn read(
    walk: &mut Find,
    mover: &mut Mover,
    key: Place,
    map: &Map,
    cx: &mut Cx<'_>,
) -> Result<u64, Stop> {
    if !mover.is_set_out() {
        let element = find(walk, false, Key::At(key), map, cx)?.ok_or(Errno::ENOENT)?;
        mover.set_out(element, map.rank_stride());
    }
    let mut failed = None;
    done(mover.run(cx, &mut failed))?;
    failed.map_or(Ok(0), |errno| Err(errno.into()))
}

fn next_key(
    next: &mut Next,
    out: Place,
    first: bool,
    key: Place,
    map: &Map,
    cx: &mut Cx<'_>,
) -> Result<u64, Stop> {
    match &map.words {
        // An index past the end starts again; the last one has no successor
        // (array_map_get_next_key, kernel/bpf/arraymap.c).
        Words::Array(array) => {
            let index = if first { u32::MAX } else { index(Key::At(key), cx)? };
            let next = if index >= array.entries { 0 } else { index + 1 };
            if index == array.entries - 1 {
                return Err(Errno::ENOENT.into());
            }
            cx.hw.mem.store(out, 4, next.into())?;
        }
        Words::Hash(hash) => {
            let element = next.run(hash, Key::At(key), cx)?.ok_or(Errno::ENOENT)?;
            cx.hw.mem.copy(hash.key(element), out, hash.key_size)?;
        }
        Words::Own(own) => {
            let out = (out, map.shape.key_size);
            return own.next_key((!first).then_some(key), out, cx);
        }
    }
    Ok(0)
}
