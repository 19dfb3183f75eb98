//! A map type as a row: what it is called, since when it is there, how system calls reach it.

use super::Kind;
use crate::create::Around;
use crate::shape::Shape;
use bpfsim_abi::{Errno, Release};
use bpfsim_sim::Memory;

/// One map type.
#[derive(Debug)]
pub struct Row {
    /// In `enum bpf_map_type`.
    pub number: u32,
    /// Without `BPF_MAP_TYPE_`.
    pub name: &'static str,
    /// The first release that can make one.
    pub since: Release,
    /// Every possible CPU has a value of its own.
    pub percpu: bool,
    /// Makes an empty one. Its arguments have been checked
    /// (`create.rs`).
    pub build: fn(&mut Memory, &Shape, &Around<'_>) -> Result<Kind, Errno>,
    /// How system calls reach it.
    pub system: System,
}

/// How the element commands reach a map: what they call, and what they do not even try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct System {
    /// BPF_MAP_LOOKUP_ELEM.
    pub lookup: Lookup,
    /// BPF_MAP_UPDATE_ELEM.
    pub update: Update,
    /// BPF_MAP_LOOKUP_AND_DELETE_ELEM, from which release on.
    pub take: Take,
    /// Lookup, lookup and delete, update and delete of batches: since when, each.
    pub batch: [Option<Release>; 4],
}

/// What BPF_MAP_LOOKUP_ELEM does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lookup {
    /// Finds the element and copies its value.
    Element,
    /// Copies the value that `peek` answers.
    Peek,
    /// Asks `peek` about the caller's value, and copies nothing out.
    Ask,
}

/// What BPF_MAP_UPDATE_ELEM does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Update {
    /// Writes the value of an element.
    Element,
    /// Pushes a value that has no key.
    Push,
    /// Refuses, whatever the flags.
    Never(Errno),
}

/// What BPF_MAP_LOOKUP_AND_DELETE_ELEM does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Take {
    /// `ENOTSUPP`.
    Never,
    /// Copies the element and removes it, since that release.
    Element(Release),
    /// Takes what `pop` answers (v4.20).
    Pop,
}

/// No batch command at all.
pub(super) const NO_BATCH: [Option<Release>; 4] = [None; 4];
