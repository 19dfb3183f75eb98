//! Counted objects by handle: one kind of object in each slab.

use crate::core::ObjectId;
use crate::meta::Meta;

/// What every object has, of whatever kind.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    /// How many fds, pins and objects hold it.
    pub refs: u32,
    /// Id, name, maker.
    pub meta: Meta,
    /// The objects that go when it goes, unless others hold them.
    pub holds: Vec<ObjectId>,
}

/// Objects of one kind. A handle is given again once its object is gone.
#[derive(Clone, Debug)]
pub(crate) struct Slab<T> {
    slots: Vec<Option<(T, Held)>>,
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Self { slots: Vec::new() }
    }
}

impl<T> Slab<T> {
    #[inline]
    fn slot(&self, handle: u32) -> Option<&(T, Held)> {
        self.slots.get(handle as usize)?.as_ref()
    }

    fn slot_mut(&mut self, handle: u32) -> Option<&mut (T, Held)> {
        self.slots.get_mut(handle as usize)?.as_mut()
    }

    /// The object.
    #[inline]
    pub fn get(&self, handle: u32) -> Option<&T> {
        self.slot(handle).map(|(object, _)| object)
    }

    /// The object, to be changed.
    pub fn get_mut(&mut self, handle: u32) -> Option<&mut T> {
        self.slot_mut(handle).map(|(object, _)| object)
    }

    /// What is known of it.
    #[inline]
    pub fn held(&self, handle: u32) -> Option<&Held> {
        self.slot(handle).map(|(_, held)| held)
    }

    /// What is known of it, to be changed.
    pub fn held_mut(&mut self, handle: u32) -> Option<&mut Held> {
        self.slot_mut(handle).map(|(_, held)| held)
    }

    /// Every object, by handle.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &T)> {
        let slots = self.slots.iter().enumerate();
        slots.filter_map(|(handle, slot)| Some((handle as u32, &slot.as_ref()?.0)))
    }

    /// Keeps an object at the lowest free handle, held once.
    pub fn insert(&mut self, object: T) -> u32 {
        let held = Held { refs: 1, meta: Meta::default(), holds: Vec::new() };
        let free = self.slots.iter().position(Option::is_none);
        let handle = free.unwrap_or(self.slots.len());
        match self.slots.get_mut(handle) {
            Some(slot) => *slot = Some((object, held)),
            None => self.slots.push(Some((object, held))),
        }
        handle as u32
    }

    /// Takes an object out, whoever holds it.
    pub fn remove(&mut self, handle: u32) -> Option<T> {
        self.slots.get_mut(handle as usize)?.take().map(|(object, _)| object)
    }
}
