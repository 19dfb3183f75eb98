//! Walks along the chains: looking for a key, and for the one behind it.

use super::{Hash, element_of, end_of};
use bpfsim_sim::{Cx, Memory, Place, Step, Wild, Yield, step};

/// A walk along a chain, looking for a key. Called from system calls and programs, with or
/// without the lock of the bucket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Find {
    /// The link that led here.
    pub from: Place,
    /// What it held; 0, which no link is, before it was loaded.
    link: u64,
    /// The key, where it has at most eight bytes.
    word: u64,
    bucket: u32,
    aimed: bool,
}

impl Find {
    /// Says which bucket the key belongs to. A walk that was not told finds out by itself.
    #[inline]
    pub fn aim(&mut self, hash: &Hash, key: Place, cx: &Cx<'_>) -> Result<(), Wild> {
        if !self.aimed {
            (self.bucket, self.word) = hash.bucket_of(&cx.hw.mem, key)?;
            self.from = hash.head(self.bucket);
            self.aimed = true;
        }
        Ok(())
    }

    /// The bucket of the key, once it is known.
    #[inline]
    pub fn bucket(&self) -> u32 {
        self.bucket
    }

    /// Goes on; `Done` with the element that was found, or none at the end of the chain.
    #[inline]
    pub fn run(&mut self, hash: &Hash, key: Place, cx: &mut Cx<'_>) -> Yield {
        match self.go(hash, key, cx) {
            Ok(yielded) => yielded,
            Err(wild) => Yield::Trapped(wild),
        }
    }

    fn go(&mut self, hash: &Hash, key: Place, cx: &mut Cx<'_>) -> Result<Yield, Wild> {
        self.aim(hash, key, cx)?;
        loop {
            if self.link == 0 {
                if !cx.pass(Step::Load { at: self.from, bytes: 8 }) {
                    return Ok(Yield::Stopped);
                }
                self.link = cx.hw.mem.load(self.from, 8)?;
            }
            let Some(element) = element_of(self.link) else {
                if hash.rechecks_bucket && self.link != end_of(self.bucket) {
                    (self.from, self.link) = (hash.head(self.bucket), 0);
                    continue;
                }
                return Ok(Yield::Done);
            };
            if !cx.pass(Step::Load { at: hash.key(element), bytes: 8 }) {
                return Ok(Yield::Stopped);
            }
            if self.is_key_of(hash, element, key, &cx.hw.mem)? {
                return Ok(Yield::Done);
            }
            (self.from, self.link) = (hash.link(element), 0);
        }
    }

    #[inline]
    fn is_key_of(
        &self,
        hash: &Hash,
        element: u32,
        key: Place,
        memory: &Memory,
    ) -> Result<bool, Wild> {
        let stored = hash.key(element);
        if hash.key_size <= 8 {
            // Behind a short key its word is zero.
            return Ok(memory.load(stored, 8)? == self.word);
        }
        same_bytes(memory, stored, key, hash.key_size)
    }

    /// Writes the key into a new element.
    #[inline]
    pub fn store_key(
        &self,
        hash: &Hash,
        key: Place,
        element: u32,
        cx: &mut Cx<'_>,
    ) -> Result<(), Wild> {
        let to = hash.key(element);
        if hash.key_size <= 8 {
            return cx.hw.mem.store(to, 8, self.word);
        }
        cx.hw.mem.copy(key, to, hash.key_size)
    }

    /// The element that was found.
    #[inline]
    pub fn element(&self) -> Option<u32> {
        element_of(self.link)
    }

    /// Feeds everything that tells two walks apart.
    pub fn encode(&self, out: &mut Vec<u64>) {
        out.extend([self.from.0, self.link, self.word]);
    }
}

fn same_bytes(memory: &Memory, a: Place, b: Place, len: u32) -> Result<bool, Wild> {
    let mut at = 0;
    while at < len {
        let bytes = match len - at {
            8.. => 8,
            4.. => 4,
            _ => 1,
        };
        let offset = u64::from(at);
        if memory.load(a.plus(offset), bytes)? != memory.load(b.plus(offset), bytes)? {
            return Ok(false);
        }
        at += bytes;
    }
    Ok(true)
}

/// Finds the key after another one, in bucket order. Called from GET_NEXT_KEY.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Next {
    find: Find,
    bucket: Option<u32>,
}

impl Next {
    /// Goes on; `Done` with the element in `next`, or none at the end.
    pub fn run(
        &mut self,
        hash: &Hash,
        key: Option<Place>,
        cx: &mut Cx<'_>,
        next: &mut Option<u32>,
    ) -> Yield {
        if let (None, Some(key)) = (self.bucket, key) {
            match self.find.run(hash, key, cx) {
                Yield::Done => {}
                other => return other,
            }
            if let Some(element) = self.find.element() {
                let at = hash.link(element);
                step!(cx, Step::Load { at, bytes: 8 });
                match cx.hw.mem.load(at, 8) {
                    Ok(link) => *next = element_of(link),
                    Err(wild) => return Yield::Trapped(wild),
                }
                if next.is_some() {
                    return Yield::Done;
                }
                self.bucket = Some(self.find.bucket + 1);
            }
        }
        let first = self.bucket.unwrap_or(0);
        for bucket in first..hash.buckets {
            self.bucket = Some(bucket);
            let at = hash.head(bucket);
            step!(cx, Step::Load { at, bytes: 8 });
            match cx.hw.mem.load(at, 8) {
                Ok(link) => *next = element_of(link),
                Err(wild) => return Yield::Trapped(wild),
            }
            if next.is_some() {
                return Yield::Done;
            }
        }
        Yield::Done
    }

    /// Feeds everything that tells two walks apart.
    pub fn encode(&self, out: &mut Vec<u64>) {
        self.find.encode(out);
        out.push(self.bucket.map_or(0, |bucket| u64::from(bucket) + 1));
    }
}
