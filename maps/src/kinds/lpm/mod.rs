//! LPM_TRIE, v4.11: the longest prefix that matches.
//!
//! ```text
//! word 0    how many entries there are
//! word 1    the root
//! word 2    nodes that were given back
//! word 3    nodes that were ever taken
//! word 4..  for each node: its children, a half each; 1 where it only branches;
//!           the key, which is its length in bits and then its bits; the value
//! ```
//!
//! A link is `node + 1`, and 0 leads nowhere. A node that only branches has two children and is
//! nobody's answer. Source: `kernel/bpf/lpm_trie.c`, v4.11, v4.15, v4.16, v5.0, v5.2, v5.14, v6.8
//! and v6.13.

mod nodes;
mod update;
mod walk;

use super::row::{Lookup, Take, Update};
use super::whole::{By, Fail, New, Whole};
use super::{Kind, Row, System};
use crate::create::Around;
use crate::shape::{MOST_BYTES, Shape};
use bpfsim_abi::{Errno, Release};
use bpfsim_sim::{Memory, Place, RegionId};

/// Keys are read, written and deleted in batches since v5.13 (f56387c534dd).
const BATCHES: Option<Release> = Some(Release::new(5, 13));

pub(super) static LPM_TRIE: Row = Row {
    number: 11,
    name: "LPM_TRIE",
    since: Release::new(4, 11),
    percpu: false,
    build,
    system: System {
        lookup: Lookup::Element,
        update: Update::Element,
        take: Take::Never,
        batch: [BATCHES, None, BATCHES, BATCHES],
    },
};

/// What a release does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Rules {
    /// There is a delete (v4.15, e454cf595853).
    deletes: bool,
    /// It looks at the bits of the key, not at its length alone (v5.0, 7c0cdf0b3940).
    deletes_what_matches: bool,
    /// Keys can be walked (v4.16, b471f2f1de8b).
    walks: bool,
    /// Such a walk goes to the right where there is no left (v5.2, da2577fdd093).
    walks_right: bool,
    /// It looks at the bits of the key (v6.13, 27abc7b3fa2e).
    walks_from_what_matches: bool,
    /// A lookup of a key that is too long finds nothing (v6.8, 9b75dbeb36fc).
    refuses_long: bool,
    /// An update looks at NOEXIST and EXIST, and a full trie can replace (v6.13, eae6a075e953).
    knows_flags: bool,
}

impl Rules {
    fn new(release: Release) -> Self {
        let since = |major, minor| release >= Release::new(major, minor);
        Self {
            deletes: since(4, 15),
            deletes_what_matches: since(5, 0),
            walks: since(4, 16),
            walks_right: since(5, 2),
            walks_from_what_matches: since(6, 13),
            refuses_long: since(6, 8),
            knows_flags: since(6, 13),
        }
    }
}

/// Where the nodes are, and what the release does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lpm {
    region: RegionId,
    /// Words of a node.
    node: u32,
    /// In bytes, with the length in front.
    key_size: u32,
    /// In bytes.
    value_size: u32,
    max_entries: u32,
    rules: Rules,
}

fn build(memory: &mut Memory, shape: &Shape, around: &Around<'_>) -> Result<Kind, Errno> {
    let node = nodes::words(shape).filter(|words| *words < MOST_BYTES / 8);
    Ok(Kind::Lpm(Lpm {
        node: node.ok_or(Errno::ENOMEM)?,
        region: memory.add(nodes::FIRST as usize),
        key_size: shape.key_size,
        value_size: shape.value_size,
        max_entries: shape.max_entries,
        rules: Rules::new(around.release),
    }))
}

impl Whole for Lpm {
    fn region(&self) -> RegionId {
        self.region
    }

    fn words(&self) -> u32 {
        let nodes = u64::from(self.max_entries) * 2 * u64::from(self.node);
        (nodes + u64::from(nodes::FIRST)).min(u64::from(MOST_BYTES / 8)) as u32
    }

    fn find(&self, memory: &mut Memory, _: By, key: Place) -> Result<Option<Place>, Fail> {
        let key = self.read(memory, key)?;
        if self.rules.refuses_long && key.bits > self.longest() {
            return Ok(None);
        }
        Ok(self.longest_match(memory, &key)?.map(|node| self.value(node)))
    }

    fn update(&self, memory: &mut Memory, by: By, key: Place, new: &New) -> Result<(), Fail> {
        let key = self.read(memory, key)?;
        if key.bits > self.longest() {
            return Err(Errno::EINVAL.into());
        }
        self.insert(memory, by.watched, &key, new)
    }

    fn delete(&self, memory: &mut Memory, _: By, key: Place) -> Result<(), Fail> {
        if !self.rules.deletes {
            return Err(Errno::ENOSYS.into());
        }
        let key = self.read(memory, key)?;
        if key.bits > self.longest() {
            return Err(Errno::EINVAL.into());
        }
        self.remove(memory, &key)
    }

    fn next_key(&self, memory: &Memory, key: Option<Place>) -> Result<Place, Fail> {
        if !self.rules.walks {
            return Err(Errno::ENOTSUPP.into());
        }
        let key = key.map(|key| self.read(memory, key)).transpose()?;
        let node = self.after(memory, key.as_ref())?.ok_or(Errno::ENOENT)?;
        Ok(self.key(node))
    }

    fn memory_bytes(&self) -> u64 {
        // sizeof(struct lpm_trie_node), v4.11.
        let node = 40 + u64::from(self.key_size - 4) + u64::from(self.value_size);
        u64::from(self.max_entries) * node
    }

    fn observe(&self, memory: &Memory, key: &[u8]) -> Option<Place> {
        let key = nodes::Key::from_bytes(key)?;
        self.longest_match(memory, &key).ok().flatten().map(|node| self.value(node))
    }
}
