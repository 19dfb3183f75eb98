//! Contents and sets of numbers, each kept once and named by a small number, so that the
//! observer's state stays small and comparable.

use hashbrown::HashMap;

/// The content of a slot: words, or nothing where the key is absent.
pub type ContentId = u32;

/// The content of a slot whose key is absent.
pub const ABSENT: ContentId = 0;

/// A set of numbers.
pub type SetId = u32;

/// The empty set.
pub const EMPTY: SetId = 0;

/// Everything that was seen, by number.
#[derive(Clone, Debug)]
pub struct Sets {
    contents: Vec<Box<[u64]>>,
    content_ids: HashMap<Box<[u64]>, ContentId>,
    sets: Vec<Box<[u64]>>,
    set_ids: HashMap<Box<[u64]>, SetId>,
    added: HashMap<(SetId, u64), SetId>,
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
}
