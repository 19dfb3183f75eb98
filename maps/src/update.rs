//! Update and delete: the operations that change a map.

use crate::hash::{Find, Hash, Pool, link_to};
use crate::key::Key;
use crate::map::{Map, Words};
use crate::mover::{Direction, Mover, Plan};
use crate::op::{Stop, done, index, pass};
use bpfsim_abi::Errno;
use bpfsim_sim::{Cx, Place, Step, Wait, Wild, Yield};

/// What the flags of an update ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Want {
    /// `BPF_ANY`.
    Any,
    /// `BPF_NOEXIST`.
    NoExist,
    /// `BPF_EXIST`.
    Exist,
}

impl Want {
    /// The three flags; anything else is EINVAL, and the map operation says so.
    pub const fn from_flags(flags: u64) -> Result<Want, Errno> {
        match flags {
            0 => Ok(Want::Any),
            1 => Ok(Want::NoExist),
            2 => Ok(Want::Exist),
            _ => Err(Errno::EINVAL),
        }
    }
}

/// What a release does when it updates a hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct UpdateRules {
    /// A full map is noticed before the flags are looked at (before v4.6).
    pub full_first: bool,
    /// A recycled element keeps the other CPUs' old values when one CPU's value is set.
    pub keeps_stale: bool,
}

/// An update as a value with a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Update {
    want: Want,
    rules: UpdateRules,
    at: At,
    find: Find,
    /// Moves the bytes into the element, once it is known which.
    mover: Mover,
    new: Option<u32>,
    refused: Option<Errno>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    Lock,
    Find,
    Decide,
    Take,
    Zero(u32),
    Write,
    Link,
    Unlink,
    Give,
    InPlace,
    Unlock,
}

impl Update {
    /// An update that has not begun.
    pub fn new(value: Place, want: Want, plan: Plan, rules: UpdateRules) -> Self {
        Self {
            want,
            rules,
            at: At::Lock,
            find: Find::default(),
            mover: Mover::new(plan, Direction::Write, value),
            new: None,
            refused: None,
        }
    }

    /// Goes on as far as the gate allows. Called from system calls and programs.
    pub fn run(&mut self, key: Key, map: &Map, cx: &mut Cx<'_>) -> Result<u64, Stop> {
        match &map.words {
            Words::Array(array) => self.array(array.place(index(key, cx)?), map, cx),
            Words::Hash(hash) => self.hash(hash, key, map, cx),
            Words::Own(own) => {
                let value = (self.mover.buffer, self.want, self.mover.plan, self.rules);
                own.update(key.place(), value, map, cx)
            }
        }
    }

    /// From here on the bytes move into this element. A rank that no CPU has, which nobody has
    /// checked, leads outside every region.
    #[inline]
    fn set_out(&mut self, element: Place, map: &Map) -> Result<(), Stop> {
        let first = self.mover.plan.first;
        if map.shape.percpu && first >= map.shape.ranks {
            return Err(Wild(map.slot(element, first)).into());
        }
        self.mover.set_out(element, map.rank_stride());
        Ok(())
    }

    /// array_map_update_elem(): the index first, then the flags.
    fn array(&mut self, element: Option<Place>, map: &Map, cx: &mut Cx<'_>) -> Result<u64, Stop> {
        if !self.mover.is_set_out() {
            let element = element.ok_or(Errno::E2BIG)?;
            if self.want == Want::NoExist {
                return Err(Errno::EEXIST.into());
            }
            self.set_out(element, map)?;
        }
        done(self.mover.run(cx, &mut None))?;
        Ok(0)
    }

    fn hash(&mut self, hash: &Hash, key: Key, map: &Map, cx: &mut Cx<'_>) -> Result<u64, Stop> {
        loop {
            self.at = match self.at {
                At::Lock => {
                    self.find.aim(hash, key, cx)?;
                    lock(hash, self.find.bucket(), cx)?;
                    At::Find
                }
                At::Find => {
                    self.find.run(hash, key, cx)?;
                    At::Decide
                }
                At::Decide => self.decide(hash, map, cx)?,
                At::Take => self.take(hash, cx)?,
                At::Zero(word) => self.zero(hash, word, map, cx)?,
                At::Write => {
                    done(self.mover.run(cx, &mut None))?;
                    let element = self.new.unwrap_or(0);
                    self.find.store_key(hash, key, element, cx)?;
                    At::Link
                }
                At::Link => self.link(hash, cx)?,
                At::Unlink => self.unlink(hash, cx)?,
                At::Give => {
                    let pool = self.pool(hash);
                    pass(cx, free_step(hash, pool))?;
                    if let Some(old) = self.find.element() {
                        hash.give(cx, old, pool)?;
                    }
                    At::Unlock
                }
                At::InPlace => {
                    done(self.mover.run(cx, &mut None))?;
                    At::Unlock
                }
                At::Unlock => {
                    unlock(hash, self.find.bucket(), cx)?;
                    return self.refused.map_or(Ok(0), |errno| Err(errno.into()));
                }
            }
        }
    }

    /// The order of E2BIG, EEXIST and ENOENT, and whether the old element stays.
    #[inline]
    fn decide(&mut self, hash: &Hash, map: &Map, cx: &mut Cx<'_>) -> Result<At, Stop> {
        let old = self.find.element();
        let counted = !hash.prealloc || self.rules.full_first;
        let needs_room = old.is_none() || !hash.replaces_when_full && !map.shape.percpu;
        if counted && needs_room {
            pass(cx, Step::Load { at: hash.count(), bytes: 8 })?;
        }
        let full = needs_room
            && counted
            && cx.hw.mem.load(hash.count(), 8)? >= u64::from(hash.max_entries);
        let refusal = match (old.is_some(), self.want) {
            _ if full && self.rules.full_first => Some(Errno::E2BIG),
            (true, Want::NoExist) => Some(Errno::EEXIST),
            (false, Want::Exist) => Some(Errno::ENOENT),
            (true, Want::Any | Want::Exist) | (false, Want::Any | Want::NoExist) if full => {
                Some(Errno::E2BIG)
            }
            (true, Want::Any | Want::Exist) | (false, Want::Any | Want::NoExist) => None,
        };
        if let Some(errno) = refusal {
            self.refused = Some(errno);
            return Ok(At::Unlock);
        }
        Ok(match old {
            Some(element) if hash.replaces_in_place => {
                self.set_out(hash.value(element), map)?;
                At::InPlace
            }
            Some(_) | None => At::Take,
        })
    }

    fn pool(&self, hash: &Hash) -> Pool {
        hash.pool(self.find.element().is_some())
    }

    #[inline]
    fn take(&mut self, hash: &Hash, cx: &mut Cx<'_>) -> Result<At, Stop> {
        let pool = self.pool(hash);
        pass(cx, free_step(hash, pool))?;
        self.new = hash.take(cx, pool)?;
        if self.new.is_none() {
            self.refused = Some(Errno::E2BIG);
            return Ok(At::Unlock);
        }
        Ok(At::Zero(0))
    }

    /// A fresh element is zero everywhere; a recycled one where the release cleans it.
    fn zero(&mut self, hash: &Hash, from: u32, map: &Map, cx: &mut Cx<'_>) -> Result<At, Stop> {
        let element = hash.value(self.new.unwrap_or(0));
        let plan = self.mover.plan;
        let partial = plan.end - plan.first < map.shape.ranks;
        let fresh = !hash.prealloc;
        if (fresh || !self.rules.keeps_stale) && map.shape.percpu && partial {
            for word in from..map.shape.stride() / 8 * map.shape.ranks {
                self.at = At::Zero(word);
                let at = element.plus(u64::from(word) * 8);
                if cx.hw.mem.load(at, 8)? != 0 {
                    pass(cx, Step::Store { at, bytes: 8 })?;
                    cx.hw.mem.store(at, 8, 0)?;
                }
            }
        }
        self.set_out(element, map)?;
        Ok(At::Write)
    }

    #[inline]
    fn link(&mut self, hash: &Hash, cx: &mut Cx<'_>) -> Result<At, Stop> {
        let (head, element) = (hash.head(self.find.bucket()), self.new.unwrap_or(0));
        pass(cx, Step::Store { at: head, bytes: 8 })?;
        let first = cx.hw.mem.load(head, 8)?;
        cx.hw.mem.store(hash.link(element), 8, first)?;
        cx.hw.mem.store(head, 8, link_to(element))?;
        if self.find.element().is_some() {
            // The old element is now behind the new one if it was first.
            if self.find.from == head {
                self.find.from = hash.link(element);
            }
            return Ok(At::Unlink);
        }
        add_to_count(hash, cx, 1)?;
        Ok(At::Unlock)
    }

    #[inline]
    fn unlink(&mut self, hash: &Hash, cx: &mut Cx<'_>) -> Result<At, Stop> {
        let Some(old) = self.find.element() else { return Ok(At::Unlock) };
        pass(cx, Step::Store { at: self.find.from, bytes: 8 })?;
        let next = cx.hw.mem.load(hash.link(old), 8)?;
        cx.hw.mem.store(self.find.from, 8, next)?;
        Ok(At::Give)
    }

    /// Feeds everything that tells two positions apart.
    pub fn encode(&self, out: &mut Vec<u64>) {
        self.find.encode(out);
        self.mover.encode(out);
        let at = match self.at {
            At::Lock => 0,
            At::Find => 1,
            At::Decide => 2,
            At::Take => 3,
            At::Zero(word) => 4 | u64::from(word) << 8,
            At::Write => 5,
            At::Link => 6,
            At::Unlink => 7,
            At::Give => 8,
            At::InPlace => 9,
            At::Unlock => 10,
        };
        out.push(at);
        let new = self.new.map_or(0, |new| u64::from(new) + 1);
        let refused = self.refused.map_or(0, |errno| errno.number() as u64);
        out.push(new << 32 | refused << 8 | self.want as u64);
    }
}

#[inline]
fn free_step(hash: &Hash, pool: Pool) -> Step {
    Step::Atomic { at: hash.free_list(pool), bytes: 8 }
}

#[inline]
fn add_to_count(hash: &Hash, cx: &mut Cx<'_>, by: i64) -> Result<(), Stop> {
    let count = cx.hw.mem.load(hash.count(), 8)?;
    cx.hw.mem.store(hash.count(), 8, count.wrapping_add(by as u64))?;
    Ok(())
}

/// Takes the lock of a bucket, interrupts off.
#[inline]
fn lock(hash: &Hash, bucket: u32, cx: &mut Cx<'_>) -> Result<(), Stop> {
    let at = hash.lock(bucket);
    let wait = Wait::Lock(at);
    if !cx.hw.is_over(wait) {
        return Err(Stop::Yield(Yield::Blocked(wait)));
    }
    pass(cx, Step::Lock(at))?;
    let holder = u64::from(cx.me) + 1;
    cx.hw.mem.store(at, 8, holder)?;
    cx.this_cpu().irqs_off += 1;
    Ok(())
}

#[inline]
fn unlock(hash: &Hash, bucket: u32, cx: &mut Cx<'_>) -> Result<(), Stop> {
    let at = hash.lock(bucket);
    pass(cx, Step::Unlock(at))?;
    cx.hw.mem.store(at, 8, 0)?;
    cx.this_cpu().irqs_off -= 1;
    Ok(())
}

/// A delete as a value with a position.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Delete {
    at: DeleteAt,
    find: Find,
    found: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum DeleteAt {
    #[default]
    Lock,
    Find,
    Unlink,
    Give,
    Unlock,
}

impl Delete {
    /// Goes on as far as the gate allows. Called from system calls and programs.
    pub fn run(&mut self, key: Key, map: &Map, cx: &mut Cx<'_>) -> Result<u64, Stop> {
        let hash = match &map.words {
            // array_map_delete_elem(): whatever the index.
            Words::Array(_) => return Err(Errno::EINVAL.into()),
            Words::Hash(hash) => hash,
            Words::Own(own) => return own.delete(key.place(), cx),
        };
        loop {
            match self.at {
                DeleteAt::Lock => {
                    self.find.aim(hash, key, cx)?;
                    lock(hash, self.find.bucket(), cx)?;
                    self.at = DeleteAt::Find;
                }
                DeleteAt::Find => {
                    self.find.run(hash, key, cx)?;
                    self.found = self.find.element().is_some();
                    self.at = if self.found { DeleteAt::Unlink } else { DeleteAt::Unlock };
                }
                DeleteAt::Unlink => {
                    pass(cx, Step::Store { at: self.find.from, bytes: 8 })?;
                    let next = self.find.element().map(|old| hash.link(old));
                    let next = cx.hw.mem.load(next.unwrap_or(Place::NULL), 8)?;
                    cx.hw.mem.store(self.find.from, 8, next)?;
                    add_to_count(hash, cx, -1)?;
                    self.at = DeleteAt::Give;
                }
                DeleteAt::Give => {
                    pass(cx, free_step(hash, Pool::Free))?;
                    if let Some(old) = self.find.element() {
                        hash.give(cx, old, Pool::Free)?;
                    }
                    self.at = DeleteAt::Unlock;
                }
                DeleteAt::Unlock => {
                    unlock(hash, self.find.bucket(), cx)?;
                    return if self.found { Ok(0) } else { Err(Errno::ENOENT.into()) };
                }
            }
        }
    }

    /// Feeds everything that tells two positions apart.
    pub fn encode(&self, out: &mut Vec<u64>) {
        self.find.encode(out);
        out.push(u64::from(self.found) << 4 | self.at as u64);
    }
}
