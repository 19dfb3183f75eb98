//! Contents, sets and lists of numbers, each kept once and named by a small number, so that the
//! observer's state stays small and comparable.

use super::watch::Fold;
use hashbrown::HashMap;

/// The content of a slot: words, or nothing where the key is absent.
pub type ContentId = u32;

/// The content of a slot whose key is absent.
pub const ABSENT: ContentId = 0;

/// A set of numbers.
pub type SetId = u32;

/// The empty set.
pub const EMPTY: SetId = 0;

/// A list of numbers.
pub type ListId = u32;

/// Everything that was seen, by number.
#[derive(Clone, Debug)]
pub struct Sets {
    contents: Vec<Box<[u64]>>,
    content_ids: HashMap<Box<[u64]>, ContentId>,
    sets: Vec<Box<[u64]>>,
    set_ids: HashMap<Box<[u64]>, SetId>,
    added: HashMap<(SetId, u64), SetId>,
    lists: Vec<Box<[u64]>>,
    list_ids: HashMap<Box<[u64]>, ListId>,
    folds: HashMap<Fold, (SetId, SetId)>,
    past_memory: HashMap<(u32, u32), bool>,
}

impl Default for Sets {
    fn default() -> Self {
        let empty: Box<[u64]> = Box::new([]);
        Self {
            contents: vec![empty.clone()],
            content_ids: HashMap::new(),
            sets: vec![empty.clone()],
            set_ids: HashMap::from_iter([(empty, EMPTY)]),
            added: HashMap::new(),
            lists: Vec::new(),
            list_ids: HashMap::new(),
            folds: HashMap::new(),
            past_memory: HashMap::new(),
        }
    }
}

impl Sets {
    /// The number of a content.
    pub fn content(&mut self, words: &[u64]) -> ContentId {
        if let Some(id) = self.content_ids.get(words) {
            return *id;
        }
        let id = self.contents.len() as ContentId;
        self.contents.push(words.into());
        self.content_ids.insert(words.into(), id);
        id
    }

    /// The words of a content; none where the key is absent.
    pub fn words(&self, id: ContentId) -> Option<&[u64]> {
        (id != ABSENT).then(|| &*self.contents[id as usize])
    }

    /// The members of a set, ascending.
    pub fn members(&self, id: SetId) -> &[u64] {
        &self.sets[id as usize]
    }

    /// True when `member` is in the set.
    pub fn has(&self, id: SetId, member: u64) -> bool {
        self.members(id).binary_search(&member).is_ok()
    }

    /// The set of these members.
    pub fn set(&mut self, mut members: Vec<u64>) -> SetId {
        members.sort_unstable();
        members.dedup();
        let members: Box<[u64]> = members.into();
        if let Some(id) = self.set_ids.get(&members) {
            return *id;
        }
        let id = self.sets.len() as SetId;
        self.sets.push(members.clone());
        self.set_ids.insert(members, id);
        id
    }

    /// The set with one more member.
    pub fn with(&mut self, id: SetId, member: u64) -> SetId {
        if let Some(with) = self.added.get(&(id, member)) {
            return *with;
        }
        let mut members = self.members(id).to_vec();
        members.push(member);
        let with = self.set(members);
        self.added.insert((id, member), with);
        with
    }

    /// The number of a list.
    pub fn list(&mut self, items: &[u64]) -> ListId {
        if let Some(id) = self.list_ids.get(items) {
            return *id;
        }
        let id = self.lists.len() as ListId;
        self.lists.push(items.into());
        self.list_ids.insert(items.into(), id);
        id
    }

    /// The items of a list, in order.
    pub fn items(&self, id: ListId) -> &[u64] {
        &self.lists[id as usize]
    }

    /// The list with another item at `index`.
    pub fn list_with(&mut self, id: ListId, index: usize, item: u64) -> ListId {
        if self.items(id)[index] == item {
            return id;
        }
        let mut items = self.items(id).to_vec();
        items[index] = item;
        self.list(&items)
    }

    /// Configurations and history after the beginning or end of a unit, where known.
    pub fn folded(&self, fold: &Fold) -> Option<(SetId, SetId)> {
        self.folds.get(fold).copied()
    }

    /// Notes them.
    pub fn note_folded(&mut self, fold: Fold, after: (SetId, SetId)) {
        self.folds.insert(fold, after);
    }

    /// Whether no instruction that can follow this position of a program touches memory; worked
    /// out by `find` once.
    pub fn past_memory(&mut self, program: u32, pc: u32, find: impl FnOnce() -> bool) -> bool {
        *self.past_memory.entry((program, pc)).or_insert_with(find)
    }
}
