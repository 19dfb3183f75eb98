//! Shared memory as regions of 64-bit words, and places in it.
//!
//! A place is a region and a byte offset, never a reference: a program can hold one across a step,
//! and an offset that leaves its region is seen, not followed.

mod bytes;
mod region;

pub use bytes::copy_slice;
pub use region::Region;

use std::fmt;

/// Number of a region, from 1; 0 is no region, so that place 0 is NULL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RegionId(pub u32);

/// A region in the high half, a byte offset in the low half. What a program sees as a pointer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place(pub u64);

impl Place {
    /// Points nowhere.
    pub const NULL: Place = Place(0);

    /// Byte `offset` of `region`.
    pub const fn new(region: RegionId, offset: u32) -> Self {
        Place((region.0 as u64) << 32 | offset as u64)
    }

    /// The region, which need not exist.
    pub const fn region(self) -> RegionId {
        RegionId((self.0 >> 32) as u32)
    }

    /// In bytes.
    pub const fn offset(self) -> u32 {
        self.0 as u32
    }

    /// True for NULL.
    pub const fn is_null(self) -> bool {
        self.0 == 0
    }

    /// True at the beginning of a word.
    #[inline]
    const fn is_aligned(self) -> bool {
        self.0 & 7 == 0
    }

    /// The word of the region that it lies in.
    #[inline]
    const fn word(self) -> usize {
        (self.offset() >> 3) as usize
    }

    /// How many bits into that word.
    #[inline]
    const fn shift(self) -> u32 {
        (self.offset() & 7) * 8
    }

    /// `bytes` further on. Leaving the region makes a place that no access accepts.
    pub const fn plus(self, bytes: u64) -> Self {
        Place(self.0.wrapping_add(bytes))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}+{}", self.region().0, self.offset() as i32)
    }
}

/// An access outside every region: trapped, not executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Wild(pub Place);

impl fmt::Display for Wild {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "access outside every region, at {}", self.0)
    }
}

/// The first and the last of some places; no places at the beginning.
#[derive(Clone, Copy, Debug)]
struct News {
    first: Place,
    last: Place,
}

impl Default for News {
    fn default() -> Self {
        News { first: Place(u64::MAX), last: Place::NULL }
    }
}

impl News {
    #[inline]
    fn note(&mut self, first: Place, last: Place) {
        self.first = self.first.min(first);
        self.last = self.last.max(last);
    }
}

/// All regions of one kernel.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    regions: Vec<Region>,
    free: Vec<u32>,
    /// What was written of the shared words since this was last asked.
    news: News,
}

/// The same regions with the same words.
impl PartialEq for Memory {
    fn eq(&self, other: &Self) -> bool {
        self.regions == other.regions && self.free == other.free
    }
}

impl Eq for Memory {}

impl Memory {
    /// A new shared region of `words` zero words.
    pub fn add(&mut self, words: usize) -> RegionId {
        self.insert(Region::zeroed(words, false))
    }

    /// A new region of `words` zero words that only its owner touches.
    pub fn add_private(&mut self, words: usize) -> RegionId {
        self.insert(Region::zeroed(words, true))
    }

    fn insert(&mut self, region: Region) -> RegionId {
        if let Some(index) = self.free.pop() {
            self.regions[index as usize] = region;
            return RegionId(index + 1);
        }
        self.regions.push(region);
        RegionId(self.regions.len() as u32)
    }

    /// Gives a region back. Places in it become wild until the number is used again.
    pub fn remove(&mut self, id: RegionId) {
        self.regions[id.0 as usize - 1] = Region::default();
        self.free.push(id.0 - 1);
    }

    /// Makes a region longer, with zero words.
    #[inline]
    pub fn grow(&mut self, id: RegionId, words: usize) {
        let region = &mut self.regions[id.0 as usize - 1];
        if region.words.len() < words {
            region.words.resize(words, 0);
            self.news.note(Place::new(id, 0), Place::new(id, u32::MAX));
        }
    }

    /// A region that is known to exist.
    pub fn region(&self, id: RegionId) -> &Region {
        &self.regions[id.0 as usize - 1]
    }

    /// A region that is known to exist, to fill it.
    pub fn region_mut(&mut self, id: RegionId) -> &mut Region {
        let region = &mut self.regions[id.0 as usize - 1];
        if !region.private {
            self.news.note(Place::new(id, 0), Place::new(id, u32::MAX));
        }
        region
    }

    /// From here on it is remembered where words are written, so that clones of this memory can
    /// be told apart, and made equal again, by looking at those alone.
    pub fn mark(&mut self) {
        for region in &mut self.regions {
            region.forget_writes();
        }
        self.news = News::default();
    }

    /// Becomes equal to `other`. Both must descend from one memory by `clone` after its `mark`,
    /// with no region added or removed since.
    pub fn rewind(&mut self, other: &Self) {
        for (mine, theirs) in self.regions.iter_mut().zip(&other.regions) {
            mine.rewind(theirs);
        }
        self.news = other.news;
        debug_assert_eq!(self, other, "no descendants of one memory");
    }

    /// Feeds everything that tells two descendants of `base` apart; see [`Memory::rewind`].
    pub fn encode_changes(&self, base: &Self, out: &mut Vec<u64>) {
        for (index, (mine, theirs)) in self.regions.iter().zip(&base.regions).enumerate() {
            mine.encode_changes(theirs, (index as u64 + 1) << 32, out);
        }
    }

    /// Where shared words were written since this was asked last: the first and the last place.
    pub fn take_news(&mut self) -> Option<(Place, Place)> {
        let news = std::mem::take(&mut self.news);
        (!news.last.is_null()).then_some((news.first, news.last))
    }

    /// All regions in order of their numbers.
    pub fn regions(&self) -> impl Iterator<Item = (RegionId, &Region)> {
        self.regions.iter().enumerate().map(|(i, r)| (RegionId(i as u32 + 1), r))
    }

    /// True when the region of `at` exists and is shared.
    #[inline]
    pub fn is_shared(&self, at: Place) -> bool {
        let index = at.region().0.wrapping_sub(1) as usize;
        self.regions.get(index).is_some_and(|r| !r.private)
    }

    #[inline]
    fn region_of(&self, at: Place) -> Option<&Region> {
        self.regions.get(at.region().0.wrapping_sub(1) as usize)
    }

    /// Reads `bytes` (1, 2, 4 or 8) at `at`, little endian, zero-extended.
    #[inline]
    pub fn load(&self, at: Place, bytes: u32) -> Result<u64, Wild> {
        if bytes == 8 && at.is_aligned() {
            let region = self.region_of(at).ok_or(Wild(at))?;
            return region.words.get(at.word()).copied().ok_or(Wild(at));
        }
        self.load_part(at, bytes)
    }

    /// Of one word, or of two.
    fn load_part(&self, at: Place, bytes: u32) -> Result<u64, Wild> {
        let region = self.region_of(at).ok_or(Wild(at))?;
        let (word, shift) = (at.word(), at.shift());
        let mut value = *region.words.get(word).ok_or(Wild(at))? >> shift;
        if shift + bytes * 8 > 64 {
            value |= *region.words.get(word + 1).ok_or(Wild(at))? << (64 - shift);
        }
        Ok(value & mask(bytes))
    }

    /// Writes the low `bytes` (1, 2, 4 or 8) of `value` at `at`, and no neighbour.
    #[inline]
    pub fn store(&mut self, at: Place, bytes: u32, value: u64) -> Result<(), Wild> {
        if bytes == 8 && at.is_aligned() {
            let index = at.region().0.wrapping_sub(1) as usize;
            let region = self.regions.get_mut(index).ok_or(Wild(at))?;
            let word = at.word();
            *region.words.get_mut(word).ok_or(Wild(at))? = value;
            region.written.note(word, word + 1);
            if !region.private {
                self.news.note(at, at);
            }
            return Ok(());
        }
        self.store_part(at, bytes, value)
    }

    /// Into one word, or into two.
    fn store_part(&mut self, at: Place, bytes: u32, value: u64) -> Result<(), Wild> {
        let index = at.region().0.wrapping_sub(1) as usize;
        let region = self.regions.get_mut(index).ok_or(Wild(at))?;
        let (word, shift) = (at.word(), at.shift());
        let crosses = shift + bytes * 8 > 64;
        if region.words.len() <= word + usize::from(crosses) {
            return Err(Wild(at));
        }
        region.written.note(word, word + 1 + usize::from(crosses));
        if !region.private {
            self.news.note(at, at);
        }
        let (value, mask) = (value & mask(bytes), mask(bytes));
        region.words[word] = region.words[word] & !(mask << shift) | value << shift;
        if crosses {
            let back = 64 - shift;
            region.words[word + 1] = region.words[word + 1] & !(mask >> back) | value >> back;
        }
        Ok(())
    }
}

const fn mask(bytes: u32) -> u64 {
    if bytes >= 8 { u64::MAX } else { (1 << (bytes * 8)) - 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn narrow_stores_keep_their_neighbours() {
        let mut memory = Memory::default();
        let at = Place::new(memory.add(2), 0);
        memory.store(at, 8, u64::MAX).unwrap();
        memory.store(at.plus(2), 2, 0x1234).unwrap();
        assert_eq!(memory.load(at, 8), Ok(0xffff_ffff_1234_ffff));
        memory.store(at.plus(6), 4, 0xaabb_ccdd).unwrap();
        assert_eq!(memory.load(at.plus(6), 4), Ok(0xaabb_ccdd));
        assert_eq!(memory.load(at.plus(8), 8), Ok(0xaabb));
    }

    #[test]
    fn an_access_outside_is_wild_and_changes_nothing() {
        let mut memory = Memory::default();
        let id = memory.add(1);
        let at = Place::new(id, 4);
        assert_eq!(memory.store(at, 8, 1), Err(Wild(at)));
        assert_eq!(memory.region(id).words(), [0]);
        assert_eq!(memory.load(Place::NULL, 8), Err(Wild(Place::NULL)));
        let before = Place::new(id, 0).plus(-8i64 as u64);
        assert_eq!(memory.load(before, 8), Err(Wild(before)));
    }

    #[test]
    fn a_clone_goes_back_to_any_other() {
        let mut root = Memory::default();
        let (shared, stack) = (root.add(4), root.add_private(8));
        root.write(Place::new(shared, 0), &[7; 32]).unwrap();
        root.mark();
        let (mut a, mut b) = (root.clone(), root.clone());
        a.store(Place::new(shared, 24), 8, 1).unwrap();
        b.store(Place::new(stack, 60), 4, 2).unwrap();
        let written = Place::new(shared, 24);
        assert_eq!(a.take_news(), Some((written, written)));
        assert_eq!((a.take_news(), b.take_news()), (None, None));
        let changes = |memory: &Memory| {
            let mut out = Vec::new();
            memory.encode_changes(&root, &mut out);
            out
        };
        assert_eq!(changes(&b), [2 << 32 | 8, 2 << 32]);
        a.rewind(&b);
        assert_eq!((&a, changes(&a)), (&b, changes(&b)));
        b.region_mut(stack).clear();
        assert_eq!((&b, changes(&b)), (&root, vec![]));
        a.rewind(&root);
        assert_eq!(a, root);
    }

    #[test]
    fn copies_and_bytes_agree() {
        let mut memory = Memory::default();
        let (a, b) = (Place::new(memory.add(3), 0), Place::new(memory.add(3), 0));
        memory.write(a, b"per-cpu values, 20 b").unwrap();
        memory.copy(a, b, 20).unwrap();
        let mut out = [0; 20];
        memory.read(b, &mut out).unwrap();
        assert_eq!(&out, b"per-cpu values, 20 b");
    }
}
