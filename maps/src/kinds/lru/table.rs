//! The hash of an LRU hash: buckets, and chains of elements.

use super::Lru;
use crate::jhash::jhash;
use bpfsim_sim::{Memory, Place, Wild};

/// The element that a link leads to.
const fn element_of(link: u64) -> Option<u32> {
    if link == 0 { None } else { Some(link as u32 - 1) }
}

impl Lru {
    fn bytes(&self, memory: &Memory, key: Place) -> Result<Vec<u8>, Wild> {
        let mut bytes = vec![0; self.at.key_size as usize];
        memory.read(key, &mut bytes)?;
        Ok(bytes)
    }

    pub(super) fn hash(&self, memory: &Memory, key: Place) -> Result<u32, Wild> {
        Ok(jhash(&self.bytes(memory, key)?, self.seed))
    }

    const fn bucket_of(&self, hash: u32) -> u32 {
        hash & (self.at.buckets - 1)
    }

    /// The elements of a bucket, in the order of its chain.
    pub(super) fn chain(&self, memory: &Memory, bucket: u32) -> Result<Vec<u32>, Wild> {
        let (mut elements, mut link) = (Vec::new(), self.at.chain_of(memory, bucket)?);
        while let Some(element) = element_of(link) {
            elements.push(element);
            link = self.at.behind(memory, element)?;
        }
        Ok(elements)
    }

    /// The element of a key that lies in memory.
    pub(super) fn lookup(&self, memory: &Memory, key: Place) -> Result<Option<u32>, Wild> {
        self.search(memory, &self.bytes(memory, key)?)
    }

    /// The element of a key.
    pub(super) fn search(&self, memory: &Memory, key: &[u8]) -> Result<Option<u32>, Wild> {
        let hash = jhash(key, self.seed);
        let mut link = self.at.chain_of(memory, self.bucket_of(hash))?;
        while let Some(element) = element_of(link) {
            let same = self.at.node(memory, element)?.hash == hash;
            if same && self.bytes(memory, self.at.key(element))? == key {
                return Ok(Some(element));
            }
            link = self.at.behind(memory, element)?;
        }
        Ok(None)
    }

    /// Puts an element in front of its chain.
    pub(super) fn link(&self, memory: &mut Memory, element: u32) -> Result<(), Wild> {
        let bucket = self.bucket_of(self.at.node(memory, element)?.hash);
        let first = self.at.chain_of(memory, bucket)?;
        self.at.set_behind(memory, element, first)?;
        self.at.set_chain_of(memory, bucket, u64::from(element) + 1)
    }

    /// Takes an element out of its chain; false where it is in none.
    pub(super) fn unlink(&self, memory: &mut Memory, element: u32) -> Result<bool, Wild> {
        let bucket = self.bucket_of(self.at.node(memory, element)?.hash);
        let (mut before, mut link) = (None, self.at.chain_of(memory, bucket)?);
        while let Some(here) = element_of(link) {
            let next = self.at.behind(memory, here)?;
            if here == element {
                match before {
                    Some(before) => self.at.set_behind(memory, before, next)?,
                    None => self.at.set_chain_of(memory, bucket, next)?,
                }
                return Ok(true);
            }
            (before, link) = (Some(here), next);
        }
        Ok(false)
    }

    /// The key after another one in bucket order; the first where there is no such key.
    pub(super) fn after(&self, memory: &Memory, key: Option<Place>) -> Result<Option<Place>, Wild> {
        let mut bucket = 0;
        if let Some(key) = key
            && let Some(element) = self.lookup(memory, key)?
        {
            if let Some(next) = element_of(self.at.behind(memory, element)?) {
                return Ok(Some(self.at.key(next)));
            }
            bucket = self.bucket_of(self.at.node(memory, element)?.hash) + 1;
        }
        while bucket < self.at.buckets {
            if let Some(first) = element_of(self.at.chain_of(memory, bucket)?) {
                return Ok(Some(self.at.key(first)));
            }
            bucket += 1;
        }
        Ok(None)
    }
}
