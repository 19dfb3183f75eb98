//! HASH and its per-CPU form: buckets, chains and elements, all as words of one region.
//!
//! ```text
//! word 0       how many elements are in the map
//! word 1       free list of recycled elements
//! word 2       elements that were ever taken
//! word 3, 4    the same for spare elements
//! word 5..     for each bucket: its lock, then its chain
//! then         for each element: link, hash, key, and a value for each CPU
//! ```
//!
//! A link is `element + 1`, shifted left by one; the end of a chain is odd and names its bucket.
//! A preallocated element that was deleted goes back to the free list at once, with its bytes: a
//! program that still holds its place then writes into somebody else's value, as on a real CPU.
//! Source: `kernel/bpf/hashtab.c`, v4.5, v4.6 and v6.12.

mod walk;

pub use walk::{Find, Next};

use crate::jhash::{jhash, jhash_word};
use crate::key::Key;
use crate::shape::Shape;
use bpfsim_sim::visible::Kind;
use bpfsim_sim::{Cx, Memory, Place, RegionId, Wild};

const COUNT: u32 = 0;
const FREE: u32 = 1;
const TAKEN: u32 = 2;
const SPARES: u32 = 3;
const SPARES_TAKEN: u32 = 4;
const BUCKETS: u32 = 5;

/// Where everything is, and what the release does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hash {
    /// All of it.
    pub region: RegionId,
    /// A power of two.
    pub buckets: u32,
    /// Words of one element.
    pub element: u32,
    /// Words of its key.
    pub key_words: u32,
    /// In bytes.
    pub key_size: u32,
    /// Most elements at a time.
    pub max_entries: u32,
    /// Elements exist from the beginning and are recycled.
    pub prealloc: bool,
    /// Spare elements beyond `max_entries`, for replacing in a full map.
    pub spare: u32,
    /// Replacing an element of a full map needs no room (all but v4.6 and v4.7, where elements are
    /// counted one by one).
    pub replaces_when_full: bool,
    /// A walk that ended in another bucket starts again (v4.12).
    pub rechecks_bucket: bool,
    /// What the hash function starts from: an input of the kernel.
    pub seed: u32,
    /// A value that is there is written over: per-CPU values, and maps since v6.16.
    pub replaces_in_place: bool,
}

/// Where an element comes from, and goes back to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Pool {
    /// Room for new keys.
    Free,
    /// Room for replacing the element of a key that is there: `extra_elems`, v4.8.
    Spare,
}

/// The rules of a release that decide how a hash is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HashRules {
    /// Elements exist from the beginning.
    pub prealloc: bool,
    /// See [`Hash::spare`].
    pub spare: u32,
    /// See [`Hash::replaces_when_full`].
    pub replaces_when_full: bool,
    /// See [`Hash::rechecks_bucket`].
    pub rechecks_bucket: bool,
    /// See [`Hash::seed`].
    pub seed: u32,
    /// See [`Hash::replaces_in_place`].
    pub replaces_in_place: bool,
}

impl Hash {
    /// An empty table; `None` where it does not fit.
    pub fn create(
        memory: &mut Memory,
        shape: &Shape,
        ranks: u32,
        rules: HashRules,
    ) -> Option<Self> {
        let buckets = shape.max_entries.checked_next_power_of_two()?;
        let key_words = shape.key_size.div_ceil(8);
        let element = 2 + key_words + shape.stride() / 8 * ranks;
        let elements =
            if rules.prealloc { shape.max_entries.checked_add(rules.spare)? } else { 0 };
        let words =
            u64::from(elements) * u64::from(element) + u64::from(buckets) * 2 + u64::from(BUCKETS);
        let most = u64::from(shape.max_entries) * u64::from(element) + u64::from(buckets) * 2;
        if words.max(most) * 8 > u64::from(crate::shape::MOST_BYTES) {
            return None;
        }
        let region = memory.add(words as usize);
        let hash = Self {
            region,
            buckets,
            element,
            key_words,
            key_size: shape.key_size,
            max_entries: shape.max_entries,
            prealloc: rules.prealloc,
            spare: rules.spare,
            replaces_when_full: rules.replaces_when_full,
            rechecks_bucket: rules.rechecks_bucket,
            seed: rules.seed,
            replaces_in_place: rules.replaces_in_place,
        };
        for bucket in 0..buckets {
            let head = hash.head(bucket);
            memory.store(head, 8, end_of(bucket)).ok()?;
        }
        Some(hash)
    }

    #[inline]
    const fn word(&self, word: u32) -> Place {
        Place::new(self.region, word * 8)
    }

    /// How many elements there are.
    #[inline]
    pub const fn count(&self) -> Place {
        self.word(COUNT)
    }

    /// The lock of a bucket.
    #[inline]
    pub const fn lock(&self, bucket: u32) -> Place {
        self.word(BUCKETS + bucket * 2)
    }

    /// The chain of a bucket.
    #[inline]
    pub const fn head(&self, bucket: u32) -> Place {
        self.word(BUCKETS + bucket * 2 + 1)
    }

    #[inline]
    const fn first_element(&self) -> u32 {
        BUCKETS + self.buckets * 2
    }

    /// The link of an element.
    #[inline]
    pub const fn link(&self, element: u32) -> Place {
        self.word(self.first_element() + element * self.element)
    }

    /// The key of an element.
    #[inline]
    pub const fn key(&self, element: u32) -> Place {
        self.word(self.first_element() + element * self.element + 2)
    }

    /// The value of an element on the first CPU.
    #[inline]
    pub const fn value(&self, element: u32) -> Place {
        self.word(self.first_element() + element * self.element + 2 + self.key_words)
    }

    /// The word where the values begin to which `word` belongs, or what kind it is instead.
    pub fn value_start(&self, word: u32) -> Result<u32, Kind> {
        let Some(within) = word.checked_sub(self.first_element()) else {
            let is_lock = word >= BUCKETS && (word - BUCKETS).is_multiple_of(2);
            return Err(if is_lock { Kind::Lock } else { Kind::Link });
        };
        let start = within / self.element * self.element + 2 + self.key_words;
        if within < start { Err(Kind::Link) } else { Ok(self.first_element() + start) }
    }

    /// The bucket of a key, and the key itself where it has at most eight bytes.
    #[inline]
    pub fn bucket_of(&self, memory: &Memory, key: Key) -> Result<(u32, u64), Wild> {
        let len = self.key_size as usize;
        if let 4 | 8 = len {
            let word = key.word(memory, self.key_size)?;
            let hash = jhash_word(word, self.key_size, self.seed);
            return Ok((hash & (self.buckets - 1), word));
        }
        memory.with_bytes(key.place(), len, |bytes| {
            let short = if len <= 8 { bytes } else { &[] };
            let word = short.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte));
            (self.bucket_of_bytes(bytes), word)
        })
    }

    #[inline]
    fn bucket_of_bytes(&self, key: &[u8]) -> u32 {
        jhash(key, self.seed) & (self.buckets - 1)
    }

    /// Where the value of `key` is now, without steps.
    pub fn peek(&self, memory: &Memory, key: &[u8]) -> Option<Place> {
        let bucket = self.bucket_of_bytes(key);
        let mut link = memory.load(self.head(bucket), 8).ok()?;
        let has = |element: u32, (index, piece): (usize, &[u8])| {
            let mut bytes = [0; 8];
            let bytes = &mut bytes[..piece.len()];
            let at = self.key(element).plus(index as u64 * 8);
            memory.read(at, bytes).is_ok() && bytes == piece
        };
        while let Some(element) = element_of(link) {
            if key.chunks(8).enumerate().all(|piece| has(element, piece)) {
                return Some(self.value(element));
            }
            link = memory.load(self.link(element), 8).ok()?;
        }
        None
    }

    /// The pool for a new element.
    #[inline]
    pub const fn pool(&self, replaces: bool) -> Pool {
        if replaces && self.spare > 0 { Pool::Spare } else { Pool::Free }
    }

    /// Takes an element: a recycled one first, the last that was given back. `None`: there is
    /// none left. Called with the gate passed.
    #[inline]
    pub fn take(&self, cx: &mut Cx<'_>, pool: Pool) -> Result<Option<u32>, Wild> {
        let list = self.free_list(pool);
        let free = cx.hw.mem.load(list, 8)?;
        // A freed element that nobody recycles waits for readers; while somebody watches, there
        // may always be one.
        if let Some(element) = element_of(free).filter(|_| self.prealloc || !cx.watched) {
            let next = cx.hw.mem.load(self.link(element), 8)?;
            cx.hw.mem.store(list, 8, next)?;
            return Ok(Some(element));
        }
        let (counter, first, most) = match pool {
            Pool::Free => (TAKEN, 0, self.max_entries),
            Pool::Spare => (SPARES_TAKEN, self.max_entries, self.spare),
        };
        let taken = cx.hw.mem.load(self.word(counter), 8)? as u32;
        if self.prealloc && taken >= most {
            return Ok(None);
        }
        cx.hw.mem.store(self.word(counter), 8, u64::from(taken) + 1)?;
        if !self.prealloc {
            let end = (self.first_element() + (taken + 1) * self.element) as usize;
            let room = cx.hw.mem.region(self.region).words().len();
            if end > room {
                let more = if cx.watched { end } else { end.max(room + room / 2) };
                cx.hw.mem.grow(self.region, more);
            }
        }
        Ok(Some(first + taken))
    }

    /// Where `take` and `give` look: the free list of a pool.
    #[inline]
    pub const fn free_list(&self, pool: Pool) -> Place {
        match pool {
            Pool::Free => self.word(FREE),
            Pool::Spare => self.word(SPARES),
        }
    }

    /// Gives an element back, its bytes untouched. Called with the gate passed.
    #[inline]
    pub fn give(&self, cx: &mut Cx<'_>, element: u32, pool: Pool) -> Result<(), Wild> {
        let list = self.free_list(pool);
        let free = cx.hw.mem.load(list, 8)?;
        cx.hw.mem.store(self.link(element), 8, free)?;
        cx.hw.mem.store(list, 8, link_to(element))
    }
}

/// The link to an element.
pub const fn link_to(element: u32) -> u64 {
    (element as u64 + 1) << 1
}

/// The end of the chain of `bucket`.
pub const fn end_of(bucket: u32) -> u64 {
    (bucket as u64) << 1 | 1
}

/// The element that a link leads to.
#[inline]
pub const fn element_of(link: u64) -> Option<u32> {
    if link & 1 != 0 || link == 0 { None } else { Some((link >> 1) as u32 - 1) }
}
