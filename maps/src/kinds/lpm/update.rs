//! Update and delete.

use super::Lpm;
use super::nodes::{Key, Slot};
use crate::kinds::whole::{Fail, New};
use crate::update::Want;
use bpfsim_abi::Errno;
use bpfsim_sim::{Memory, Wild};

/// Where a key belongs: what leads there, the node that is there now, and how much of it matches.
struct Spot {
    slot: Slot,
    node: Option<u32>,
    matched: u32,
    /// What leads to the parent, and the parent.
    above: Option<(Slot, u32)>,
}

impl Lpm {
    fn spot(&self, memory: &Memory, key: &Key) -> Result<Spot, Wild> {
        let mut spot = Spot { slot: Slot::Root, node: None, matched: 0, above: None };
        loop {
            spot.node = self.follow(memory, spot.slot)?;
            let Some(node) = spot.node else { return Ok(spot) };
            let here = self.read(memory, self.key(node))?;
            spot.matched = here.common(key);
            if here.bits != spot.matched || here.bits == key.bits {
                return Ok(spot);
            }
            spot.above = Some((spot.slot, node));
            spot.slot = Slot::Child(node, key.bit(here.bits));
        }
    }

    /// A key whose length is known to be good.
    pub(super) fn insert(
        &self,
        memory: &mut Memory,
        watched: bool,
        key: &Key,
        new: &New,
    ) -> Result<(), Fail> {
        let full = self.entries(memory)? == u64::from(self.max_entries);
        if full && !self.rules.knows_flags {
            return Err(Errno::ENOSPC.into());
        }
        let spot = self.spot(memory, key)?;
        let there = spot.node.map(|node| self.read(memory, self.key(node))).transpose()?;
        let exact = spot.node.filter(|_| there.as_ref().is_some_and(|t| t.bits == spot.matched));
        let replaced = match exact {
            Some(node) => !self.branches(memory, node)?,
            None => false,
        };
        if self.rules.knows_flags {
            match (replaced, new.want) {
                (true, Want::NoExist) => return Err(Errno::EEXIST.into()),
                (false, Want::Exist) => return Err(Errno::ENOENT.into()),
                (false, Want::Any | Want::NoExist) if full => return Err(Errno::ENOSPC.into()),
                (true, Want::Any | Want::Exist) | (false, Want::Any | Want::NoExist) => {}
            }
        }
        let node = self.take(memory, watched)?;
        self.set_key(memory, node, key)?;
        new.store(memory, self.value(node))?;
        if !replaced {
            self.add_entries(memory, 1)?;
        }
        match (spot.node.zip(there), exact) {
            (None, _) => self.lead(memory, spot.slot, Some(node))?,
            (Some(_), Some(old)) => {
                let children = self.children(memory, old)?;
                self.set_children(memory, node, children)?;
                self.lead(memory, spot.slot, Some(node))?;
                self.give(memory, old)?;
            }
            (Some((old, there)), None) => {
                self.squeeze_in(memory, watched, (&spot, key, node), (old, there))?;
            }
        }
        Ok(())
    }

    /// Puts a new node in front of an old one, or beside it below a node that only branches.
    fn squeeze_in(
        &self,
        memory: &mut Memory,
        watched: bool,
        (spot, key, node): (&Spot, &Key, u32),
        (old, there): (u32, Key),
    ) -> Result<(), Wild> {
        if spot.matched == key.bits {
            self.set_children(memory, node, beside(there.bit(spot.matched), old, None))?;
            return self.lead(memory, spot.slot, Some(node));
        }
        let between = self.take(memory, watched)?;
        self.set_key(memory, between, &Key { bits: spot.matched, data: there.data })?;
        self.set_branches(memory, between, true)?;
        let children = beside(key.bit(spot.matched), node, Some(old));
        self.set_children(memory, between, children)?;
        self.lead(memory, spot.slot, Some(between))
    }

    /// A key whose length is known to be good. A node with two children stays and branches;
    /// a parent that only branches goes with its child.
    pub(super) fn remove(&self, memory: &mut Memory, key: &Key) -> Result<(), Fail> {
        let spot = self.spot(memory, key)?;
        let node = spot.node.ok_or(Errno::ENOENT)?;
        let here = self.read(memory, self.key(node))?;
        let matches = here.bits == spot.matched || !self.rules.deletes_what_matches;
        if here.bits != key.bits || !matches || self.branches(memory, node)? {
            return Err(Errno::ENOENT.into());
        }
        self.add_entries(memory, -1)?;
        let above = match spot.above {
            Some((slot, parent)) if self.branches(memory, parent)? => Some((slot, parent)),
            Some(_) | None => None,
        };
        match (self.children(memory, node)?, above) {
            ([Some(_), Some(_)], _) => return Ok(self.set_branches(memory, node, true)?),
            ([None, None], Some((slot, parent))) => {
                let [left, right] = self.children(memory, parent)?;
                let other = if left == Some(node) { right } else { left };
                self.lead(memory, slot, other)?;
                self.give(memory, parent)?;
            }
            ([left, right], _) => self.lead(memory, spot.slot, left.or(right))?,
        }
        self.give(memory, node)?;
        Ok(())
    }
}

/// Two children, the first of them on `side`.
const fn beside(side: usize, child: u32, other: Option<u32>) -> [Option<u32>; 2] {
    if side == 0 { [Some(child), other] } else { [other, Some(child)] }
}
