//! What a kernel knows of an object beside the object itself: its id, its name, who made it.
//!
//! Ids are inputs of a kernel, not hidden state: every kind counts up from 1 by itself, and a
//! number is not given twice, as with `idr_alloc_cyclic()` until it wraps around.

use crate::btf::DebugInfo;
use crate::core::{Core, ObjectId};
use std::collections::BTreeMap;

/// The kinds of objects that have ids of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Maps, v4.13.
    Map,
    /// Programs, v4.13.
    Prog,
    /// BTF, v4.18.
    Btf,
    /// Links, v5.8.
    Link,
    /// Files that keep statistics on, v5.8; they have no ids.
    Stats,
}

impl Kind {
    /// Every kind that has ids.
    pub const ALL: [Kind; 4] = [Kind::Map, Kind::Prog, Kind::Btf, Kind::Link];

    /// Which kind an object is of.
    pub const fn of(object: ObjectId) -> Self {
        match object {
            ObjectId::Map(_) => Kind::Map,
            ObjectId::Prog(_) => Kind::Prog,
            ObjectId::Btf(_) => Kind::Btf,
            ObjectId::Link(_) => Kind::Link,
            ObjectId::Stats => Kind::Stats,
        }
    }
}

/// What is known of one object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Meta {
    /// As `BPF_*_GET_NEXT_ID` answers it; from 1.
    pub id: u32,
    /// NUL-terminated; empty without a name (v4.15).
    pub name: [u8; 16],
    /// Nobody writes to the map by a system call any more (BPF_MAP_FREEZE, v5.2).
    pub frozen: bool,
    /// `gpl_compatible` of a program's license.
    pub gpl: bool,
    /// `expected_attach_type` of a program (v4.17).
    pub attach_type: u32,
    /// How often a program ran while statistics were kept (v5.1).
    pub runs: u64,
    /// How long that took, in nanoseconds.
    pub run_ns: u64,
    /// Nanoseconds since boot when it was made.
    pub made_ns: u64,
    /// Who made it.
    pub uid: u32,
    /// Pages of a map that count against its maker's `RLIMIT_MEMLOCK` (v4.4 to v5.10).
    pub locked: u64,
    /// What a program says of its functions and lines (v5.0).
    pub debug: Option<Box<DebugInfo>>,
    /// The types of a map's keys and values (v4.18).
    pub types: Option<TypeIds>,
}

/// Types of a map. It holds the BTF that they are in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TypeIds {
    /// Handle of the BTF.
    pub btf: u32,
    /// Id of the type of keys; 0 for none (v5.2).
    pub key: u32,
    /// Id of the type of values.
    pub value: u32,
    /// Values have a spin lock, for which `BPF_F_LOCK` asks (v5.1).
    pub locks: bool,
}

/// The ids that are given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ids {
    given: BTreeMap<(Kind, u32), ObjectId>,
    last: BTreeMap<Kind, u32>,
}

impl Ids {
    /// A number for a new object.
    pub fn give(&mut self, object: ObjectId) -> u32 {
        let kind = Kind::of(object);
        let last = self.last.entry(kind).or_default();
        *last += 1;
        self.given.insert((kind, *last), object);
        *last
    }

    /// The next object of a kind gets this id: ids are inputs of a kernel. Nothing happens for a
    /// number that is no id: 0, and those above `INT_MAX`.
    pub fn go_on_with(&mut self, kind: Kind, id: u32) {
        if (1..=i32::MAX as u32).contains(&id) {
            self.last.insert(kind, id - 1);
        }
    }

    /// The object is gone.
    pub fn take(&mut self, object: ObjectId, id: u32) {
        self.given.remove(&(Kind::of(object), id));
    }

    /// The object with this id.
    pub fn find(&self, kind: Kind, id: u32) -> Option<ObjectId> {
        self.given.get(&(kind, id)).copied()
    }

    /// The lowest id above `start`.
    pub fn after(&self, kind: Kind, start: u32) -> Option<u32> {
        let first = start.checked_add(1)?;
        self.given.range((kind, first)..=(kind, u32::MAX)).next().map(|((_, id), _)| *id)
    }
}

impl Core {
    /// Says how a new object is called and who made it.
    pub(crate) fn sign(&mut self, object: ObjectId, name: [u8; 16], uid: u32) {
        if let Some(meta) = self.meta_mut(object) {
            (meta.name, meta.uid) = (name, uid);
        }
    }

    /// Keeps what a program says of its functions and lines.
    pub(crate) fn give_debug_info(&mut self, program: ObjectId, info: DebugInfo) {
        let Some(btf) = info.btf else { return };
        if let Some(meta) = self.meta_mut(program) {
            meta.debug = Some(Box::new(info));
        }
        self.hold(program, ObjectId::Btf(btf));
    }

    /// Says what keys and values of a new map are made of.
    pub(crate) fn give_types(&mut self, map: ObjectId, types: TypeIds) {
        if let Some(meta) = self.meta_mut(map) {
            meta.types = Some(types);
        }
        self.hold(map, ObjectId::Btf(types.btf));
    }

    /// Says what the license of a program allows, and what it was loaded to be attached for.
    pub(crate) fn set_program(&mut self, object: ObjectId, gpl: bool, attach_type: u32) {
        if let Some(meta) = self.meta_mut(object) {
            (meta.gpl, meta.attach_type) = (gpl, attach_type);
        }
    }

    /// The maps that a program holds: those that it uses, then those bound to it (v5.10).
    pub fn held_maps(&self, program: u32) -> Vec<u32> {
        let map = |object: &ObjectId| match object {
            ObjectId::Map(handle) => Some(*handle),
            ObjectId::Prog(_) | ObjectId::Btf(_) | ObjectId::Link(_) | ObjectId::Stats => None,
        };
        self.holds(ObjectId::Prog(program)).iter().filter_map(map).collect()
    }
}
