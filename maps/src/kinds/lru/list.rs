//! The lists of an LRU hash, and how elements grow old in them.

use super::Lru;
use super::layout::{List, Node};
use bpfsim_sim::{Memory, Wild};

impl Lru {
    /// Every list is empty, every element is free; the last one comes first.
    pub(super) fn populate(&self, memory: &mut Memory) -> Result<(), Wild> {
        let at = &self.at;
        for set in 0..at.sets {
            for list in [List::Active, List::Inactive, List::Free] {
                self.clear(memory, at.head(list, set))?;
            }
            at.set_rotation(memory, set, at.head(List::Inactive, set))?;
        }
        for cpu in 0..at.ranks {
            at.set_steal(memory, cpu, cpu)?;
            if !self.own_lists {
                self.clear(memory, at.head(List::LocalFree, cpu))?;
                self.clear(memory, at.head(List::Pending, cpu))?;
            }
        }
        let share = (at.elements / at.sets).max(1);
        for element in 0..at.elements {
            let cpu = if self.own_lists { element / share } else { 0 };
            let node = Node { hash: 0, list: List::Free, mark: false, cpu };
            at.set_node(memory, element, node)?;
            self.add(memory, element, at.head(List::Free, if self.own_lists { cpu } else { 0 }))?;
        }
        Ok(())
    }

    fn clear(&self, memory: &mut Memory, head: u32) -> Result<(), Wild> {
        self.at.set_ring(memory, head, (head, head))
    }

    /// Puts a node behind the head of a list.
    pub(super) fn add(&self, memory: &mut Memory, node: u32, head: u32) -> Result<(), Wild> {
        let (next, before) = self.at.ring(memory, head)?;
        self.at.set_ring(memory, node, (next, head))?;
        self.at.set_ring(memory, head, (node, if before == head { node } else { before }))?;
        if next != head {
            let (behind, _) = self.at.ring(memory, next)?;
            self.at.set_ring(memory, next, (behind, node))?;
        }
        Ok(())
    }

    /// Takes a node out of its list.
    pub(super) fn remove(&self, memory: &mut Memory, node: u32) -> Result<(), Wild> {
        let (next, before) = self.at.ring(memory, node)?;
        let (_, other) = self.at.ring(memory, next)?;
        debug_assert_eq!(other, node, "a ring");
        if next == before {
            return self.clear(memory, next);
        }
        let (behind, _) = self.at.ring(memory, next)?;
        self.at.set_ring(memory, next, (behind, before))?;
        let (_, first) = self.at.ring(memory, before)?;
        self.at.set_ring(memory, before, (next, first))
    }

    /// The first node of a list.
    pub(super) fn first(&self, memory: &Memory, head: u32) -> Result<Option<u32>, Wild> {
        let (next, _) = self.at.ring(memory, head)?;
        Ok((next != head).then_some(next))
    }

    /// The nodes of a list as it is now, the last first.
    pub(super) fn tail_first(&self, memory: &Memory, head: u32) -> Result<Vec<u32>, Wild> {
        let (mut nodes, mut node) = (Vec::new(), self.at.ring(memory, head)?.1);
        while node != head {
            nodes.push(node);
            node = self.at.ring(memory, node)?.1;
        }
        Ok(nodes)
    }

    /// Sets or clears the mark of an element.
    pub(super) fn set_mark(
        &self,
        memory: &mut Memory,
        element: u32,
        mark: bool,
    ) -> Result<(), Wild> {
        let node = self.at.node(memory, element)?;
        self.at.set_node(memory, element, Node { mark, ..node })
    }

    /// Moves a node of a set to the front of one of its lists, unmarked.
    pub(super) fn turn(
        &self,
        memory: &mut Memory,
        set: u32,
        element: u32,
        list: List,
    ) -> Result<(), Wild> {
        let node = self.at.node(memory, element)?;
        if !node.list.is_local() {
            self.at.add_to_count(memory, node.list, set, -1)?;
            self.step_back(memory, set, element)?;
        }
        self.at.add_to_count(memory, list, set, 1)?;
        self.at.set_node(memory, element, Node { list, mark: false, ..node })?;
        self.remove(memory, element)?;
        self.add(memory, element, self.at.head(list, set))
    }

    /// Moves a node of a set to a list of free ones; its mark stays.
    pub(super) fn release(
        &self,
        memory: &mut Memory,
        set: u32,
        element: u32,
        (list, head): (List, u32),
    ) -> Result<(), Wild> {
        let node = self.at.node(memory, element)?;
        self.step_back(memory, set, element)?;
        self.at.add_to_count(memory, node.list, set, -1)?;
        self.at.set_node(memory, element, Node { list, ..node })?;
        self.remove(memory, element)?;
        self.add(memory, element, head)
    }

    /// Rotation does not go on at a node that leaves.
    fn step_back(&self, memory: &mut Memory, set: u32, node: u32) -> Result<(), Wild> {
        if self.at.rotation(memory, set)? == node {
            let (_, before) = self.at.ring(memory, node)?;
            self.at.set_rotation(memory, set, before)?;
        }
        Ok(())
    }

    /// Where the active list is the longer one, its tail grows old; marked nodes of the inactive
    /// list become active.
    pub(super) fn rotate(&self, memory: &mut Memory, set: u32) -> Result<(), Wild> {
        let count = |list| self.at.count(memory, list, set);
        if count(List::Inactive)? < count(List::Active)? {
            let tail = self.tail_first(memory, self.at.head(List::Active, set))?;
            for element in tail.into_iter().take(self.scans as usize) {
                let marked = self.at.node(memory, element)?.mark;
                let to = if marked { List::Active } else { List::Inactive };
                self.turn(memory, set, element, to)?;
            }
        }
        self.rotate_inactive(memory, set)
    }

    /// Goes on where it stopped the last time, towards the head and around, once at most.
    fn rotate_inactive(&self, memory: &mut Memory, set: u32) -> Result<(), Wild> {
        let head = self.at.head(List::Inactive, set);
        if self.first(memory, head)?.is_none() {
            return Ok(());
        }
        let mut here = self.at.rotation(memory, set)?;
        let mut last = self.at.ring(memory, here)?.0;
        if last == head {
            last = self.at.ring(memory, last)?.0;
        }
        let (mut scanned, mut next) = (0, head);
        while scanned < self.scans {
            if here == head {
                here = self.at.ring(memory, here)?.1;
                continue;
            }
            next = self.at.ring(memory, here)?.1;
            if self.at.node(memory, here)?.mark {
                self.turn(memory, set, here, List::Active)?;
            }
            if here == last {
                break;
            }
            here = next;
            scanned += 1;
        }
        self.at.set_rotation(memory, set, next)
    }

    /// Throws out up to `wanted` elements; one at least, marked or not, if there is any.
    pub(super) fn shrink(
        &self,
        memory: &mut Memory,
        set: u32,
        wanted: u32,
        to: (List, u32),
    ) -> Result<(), Wild> {
        let mut found = 0;
        let tail = self.tail_first(memory, self.at.head(List::Inactive, set))?;
        for element in tail.into_iter().take(self.scans as usize) {
            if self.at.node(memory, element)?.mark {
                self.turn(memory, set, element, List::Active)?;
            } else if self.unlink(memory, element)? {
                self.release(memory, set, element, to)?;
                found += 1;
                if found == wanted {
                    break;
                }
            }
        }
        if found > 0 {
            return Ok(());
        }
        let mut tail = self.tail_first(memory, self.at.head(List::Inactive, set))?;
        if tail.is_empty() {
            tail = self.tail_first(memory, self.at.head(List::Active, set))?;
        }
        for element in tail {
            if self.unlink(memory, element)? {
                return self.release(memory, set, element, to);
            }
        }
        Ok(())
    }
}
