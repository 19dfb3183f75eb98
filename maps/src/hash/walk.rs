//! Walks along the chains: looking for a key, and for the one behind it.

use super::{Hash, element_of, end_of};
use crate::key::Key;
use crate::op::{Stop, pass};
use bpfsim_sim::{Cx, Memory, Place, Step, Wild};

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
    pub fn aim(&mut self, hash: &Hash, key: Key, cx: &Cx<'_>) -> Result<(), Wild> {
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

    /// Goes on, to the element that was found or to the end of the chain.
    #[inline]
    pub fn run(&mut self, hash: &Hash, key: Key, cx: &mut Cx<'_>) -> Result<(), Stop> {
        self.aim(hash, key, cx)?;
        loop {
            if self.link == 0 {
                pass(cx, Step::Load { at: self.from, bytes: 8 })?;
                self.link = cx.hw.mem.load(self.from, 8)?;
            }
            let Some(element) = element_of(self.link) else {
                if hash.rechecks_bucket && self.link != end_of(self.bucket) {
                    (self.from, self.link) = (hash.head(self.bucket), 0);
                    continue;
                }
                return Ok(());
            };
            pass(cx, Step::Load { at: hash.key(element), bytes: 8 })?;
            if self.is_key_of(hash, element, key, &cx.hw.mem)? {
                return Ok(());
            }
            (self.from, self.link) = (hash.link(element), 0);
        }
    }

    #[inline]
    fn is_key_of(
        &self,
        hash: &Hash,
        element: u32,
        key: Key,
        memory: &Memory,
    ) -> Result<bool, Wild> {
        let stored = hash.key(element);
        if hash.key_size <= 8 {
            // Behind a short key its word is zero.
            return Ok(memory.load(stored, 8)? == self.word);
        }
        same_bytes(memory, stored, key.place(), hash.key_size)
    }

    /// Writes the key into a new element.
    #[inline]
    pub fn store_key(
        &self,
        hash: &Hash,
        key: Key,
        element: u32,
        cx: &mut Cx<'_>,
    ) -> Result<(), Wild> {
        let to = hash.key(element);
        if hash.key_size <= 8 {
            return cx.hw.mem.store(to, 8, self.word);
        }
        cx.hw.mem.copy(key.place(), to, hash.key_size)
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
    at: At,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum At {
    /// Looking for the key to start from.
    #[default]
    Key,
    /// At its element.
    Element(u32),
    /// Before a bucket.
    Bucket(u32),
}

impl Next {
    /// A walk that begins before the first key.
    pub fn first() -> Self {
        Self { find: Find::default(), at: At::Bucket(0) }
    }

    /// Goes on, to the element of the next key, or to none at the end.
    pub fn run(&mut self, hash: &Hash, key: Key, cx: &mut Cx<'_>) -> Result<Option<u32>, Stop> {
        loop {
            self.at = match self.at {
                At::Key => {
                    self.find.run(hash, key, cx)?;
                    // A key that is not there stands before all others.
                    self.find.element().map_or(At::Bucket(0), At::Element)
                }
                At::Element(element) => match follow(hash.link(element), cx)? {
                    Some(next) => return Ok(Some(next)),
                    None => At::Bucket(self.find.bucket + 1),
                },
                At::Bucket(bucket) if bucket >= hash.buckets => return Ok(None),
                At::Bucket(bucket) => match follow(hash.head(bucket), cx)? {
                    Some(first) => return Ok(Some(first)),
                    None => At::Bucket(bucket + 1),
                },
            };
        }
    }

    /// Feeds everything that tells two walks apart.
    pub fn encode(&self, out: &mut Vec<u64>) {
        self.find.encode(out);
        out.push(match self.at {
            At::Key => 0,
            At::Element(element) => u64::from(element) << 2 | 1,
            At::Bucket(bucket) => u64::from(bucket) << 2 | 2,
        });
    }
}

/// The element that the link at `at` leads to.
#[inline]
fn follow(at: Place, cx: &mut Cx<'_>) -> Result<Option<u32>, Stop> {
    pass(cx, Step::Load { at, bytes: 8 })?;
    Ok(element_of(cx.hw.mem.load(at, 8)?))
}
