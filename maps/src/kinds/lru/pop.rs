//! Where the elements of an LRU hash come from, and where they go.

use super::Lru;
use super::layout::{List, Node};
use bpfsim_sim::{Memory, Place, Wild};

/// The set of all CPUs, where there is one.
const COMMON: u32 = 0;

impl Lru {
    /// An element for a new key, with the key in it. `None`: every element is being made.
    pub(super) fn pop(
        &self,
        memory: &mut Memory,
        cpu: u32,
        hash: u32,
        key: Place,
    ) -> Result<Option<u32>, Wild> {
        let popped = match self.own_lists {
            true => self.pop_own(memory, cpu, hash)?,
            false => self.pop_common(memory, cpu, hash)?,
        };
        if let Some(element) = popped {
            memory.copy(key, self.at.key(element), self.at.key_size)?;
        }
        Ok(popped)
    }

    fn pop_own(&self, memory: &mut Memory, cpu: u32, hash: u32) -> Result<Option<u32>, Wild> {
        self.rotate(memory, cpu)?;
        let free = self.at.head(List::Free, cpu);
        if self.first(memory, free)?.is_none() {
            self.shrink(memory, cpu, self.target, (List::Free, free))?;
        }
        let Some(element) = self.first(memory, free)? else { return Ok(None) };
        let node = self.at.node(memory, element)?;
        self.at.set_node(memory, element, Node { hash, ..node })?;
        self.turn(memory, cpu, element, List::Inactive)?;
        Ok(Some(element))
    }

    fn pop_common(&self, memory: &mut Memory, cpu: u32, hash: u32) -> Result<Option<u32>, Wild> {
        let free = self.at.head(List::LocalFree, cpu);
        if self.first(memory, free)?.is_none() {
            self.refill(memory, cpu)?;
        }
        let element = match self.first(memory, free)? {
            Some(element) => Some(element),
            None => self.steal(memory, cpu)?,
        };
        if let Some(element) = element {
            self.remove(memory, element)?;
            let node = Node { hash, list: List::Pending, mark: false, cpu };
            self.at.set_node(memory, element, node)?;
            self.add(memory, element, self.at.head(List::Pending, cpu))?;
        }
        Ok(element)
    }

    /// What is pending joins the common lists, which grow older by it and then give.
    fn refill(&self, memory: &mut Memory, cpu: u32) -> Result<(), Wild> {
        for element in self.tail_first(memory, self.at.head(List::Pending, cpu))? {
            let marked = self.at.node(memory, element)?.mark;
            let to = if marked { List::Active } else { List::Inactive };
            self.turn(memory, COMMON, element, to)?;
        }
        self.rotate(memory, COMMON)?;
        let to = (List::LocalFree, self.at.head(List::LocalFree, cpu));
        let mut found = 0;
        while found < self.target
            && let Some(element) = self.first(memory, self.at.head(List::Free, COMMON))?
        {
            self.release(memory, COMMON, element, to)?;
            found += 1;
        }
        if found < self.target {
            self.shrink(memory, COMMON, self.target - found, to)?;
        }
        Ok(())
    }

    /// From the CPUs in turn, itself among them: what they keep free, or what they last made.
    fn steal(&self, memory: &mut Memory, cpu: u32) -> Result<Option<u32>, Wild> {
        let start = self.at.steal(memory, cpu)?;
        let mut whom = start;
        loop {
            let mut found = self.first(memory, self.at.head(List::LocalFree, whom))?;
            if found.is_none() {
                found = self.pending(memory, whom)?;
            }
            whom = (whom + 1) % self.at.ranks;
            if found.is_some() || whom == start {
                self.at.set_steal(memory, cpu, whom)?;
                return Ok(found);
            }
        }
    }

    /// The oldest that is not marked, or else the oldest.
    fn pending(&self, memory: &mut Memory, cpu: u32) -> Result<Option<u32>, Wild> {
        let tail = self.tail_first(memory, self.at.head(List::Pending, cpu))?;
        for force in [false, true] {
            for element in &tail {
                let marked = self.at.node(memory, *element)?.mark;
                if (!marked || force) && self.unlink(memory, *element)? {
                    return Ok(Some(*element));
                }
            }
        }
        Ok(None)
    }

    /// An element is in the hash no more.
    pub(super) fn push(&self, memory: &mut Memory, element: u32) -> Result<(), Wild> {
        let node = self.at.node(memory, element)?;
        if node.list != List::Pending {
            let set = if self.own_lists { node.cpu } else { COMMON };
            return self.turn(memory, set, element, List::Free);
        }
        let node = Node { list: List::LocalFree, mark: false, ..node };
        self.at.set_node(memory, element, node)?;
        self.remove(memory, element)?;
        self.add(memory, element, self.at.head(List::LocalFree, node.cpu))
    }
}
