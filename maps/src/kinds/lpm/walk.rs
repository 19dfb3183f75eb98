//! Lookup, and the keys in order.

use super::Lpm;
use super::nodes::{Key, Slot};
use bpfsim_sim::{Memory, Wild};

impl Lpm {
    /// The node with the longest key that the key begins with.
    pub(super) fn longest_match(&self, memory: &Memory, key: &Key) -> Result<Option<u32>, Wild> {
        let (mut found, mut slot) = (None, Slot::Root);
        while let Some(node) = self.follow(memory, slot)? {
            let here = self.read(memory, self.key(node))?;
            let matched = here.common(key);
            if matched == self.longest() {
                return Ok(Some(node));
            }
            if matched < here.bits {
                break;
            }
            if !self.branches(memory, node)? {
                found = Some(node);
            }
            slot = Slot::Child(node, key.bit(here.bits));
        }
        Ok(found)
    }

    /// The node behind the one with this key, children before their parents; the first one where
    /// there is no such key.
    pub(super) fn after(&self, memory: &Memory, key: Option<&Key>) -> Result<Option<u32>, Wild> {
        let Some(root) = self.follow(memory, Slot::Root)? else { return Ok(None) };
        let path = match key.filter(|key| key.bits <= self.longest()) {
            Some(key) => self.path(memory, root, key)?,
            None => Vec::new(),
        };
        let mut path = path.into_iter().rev();
        let Some(mut node) = path.next() else { return self.leftmost(memory, root) };
        for parent in path {
            let [left, right] = self.children(memory, parent)?;
            if let (true, Some(right)) = (left == Some(node), right) {
                return self.leftmost(memory, right);
            }
            if !self.branches(memory, parent)? {
                return Ok(Some(parent));
            }
            node = parent;
        }
        Ok(None)
    }

    /// From the root to the node of a key; empty where there is none.
    fn path(&self, memory: &Memory, root: u32, key: &Key) -> Result<Vec<u32>, Wild> {
        let (mut path, mut node) = (Vec::new(), Some(root));
        while let Some(here) = node {
            path.push(here);
            let bits = self.read(memory, self.key(here))?;
            let matched = bits.common(key);
            if bits.bits != matched || bits.bits == key.bits {
                let exact = match self.rules.walks_from_what_matches {
                    true => bits.bits == matched,
                    false => bits.bits == key.bits,
                };
                let found = exact && !self.branches(memory, here)?;
                return Ok(if found { path } else { Vec::new() });
            }
            node = self.children(memory, here)?[key.bit(bits.bits)];
        }
        Ok(Vec::new())
    }

    /// The first node below this one. Up to v5.1 one that has nothing to its left hides what it
    /// has to its right.
    fn leftmost(&self, memory: &Memory, below: u32) -> Result<Option<u32>, Wild> {
        let (mut found, mut node) = (None, Some(below));
        while let Some(here) = node {
            let [left, right] = self.children(memory, here)?;
            let branches = self.branches(memory, here)?;
            if !branches {
                found = Some(here);
            }
            node = left.or(right.filter(|_| !branches && self.rules.walks_right));
        }
        Ok(found)
    }
}
