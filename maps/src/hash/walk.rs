//! Walks along the chains: looking for a key, and for the one behind it.

use super::{Hash, element_of, end_of};
use bpfsim_sim::{Cx, Memory, Place, Step, Wild, Yield, step};

/// A walk along a chain, looking for a key. Called from system calls and programs, with or
/// without the lock of the bucket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Find {
    /// The link that led here.
    pub from: Place,
    /// What it held.
    pub link: Option<u64>,
    bucket: u32,
    started: bool,
}

impl Find {
    /// Goes on; `Done` with `self.link` naming the element, or the end of the chain.
    pub fn run(&mut self, hash: &Hash, key: Place, cx: &mut Cx<'_>) -> Yield {
        match self.go(hash, key, cx) {
            Ok(yielded) => yielded,
            Err(wild) => Yield::Trapped(wild),
        }
    }

    fn go(&mut self, hash: &Hash, key: Place, cx: &mut Cx<'_>) -> Result<Yield, Wild> {
        if !self.started {
            self.bucket = hash.bucket_of(&cx.hw.mem, key)?.0;
            self.from = hash.head(self.bucket);
            self.started = true;
        }
        loop {
            let link = match self.link {
                Some(link) => link,
                None => {
                    if !cx.pass(Step::Load { at: self.from, bytes: 8 }) {
                        return Ok(Yield::Stopped);
                    }
                    cx.hw.mem.load(self.from, 8)?
                }
            };
            self.link = Some(link);
            let Some(element) = element_of(link) else {
                if hash.rechecks_bucket && link != end_of(self.bucket) {
                    (self.from, self.link) = (hash.head(self.bucket), None);
                    continue;
                }
                return Ok(Yield::Done);
            };
            if !cx.pass(Step::Load { at: hash.key(element), bytes: 8 }) {
                return Ok(Yield::Stopped);
            }
            if same_key(&cx.hw.mem, hash, element, key)? {
                return Ok(Yield::Done);
            }
            (self.from, self.link) = (hash.link(element), None);
        }
    }

    /// The element that was found.
    pub fn element(&self) -> Option<u32> {
        self.link.and_then(element_of)
    }

    /// Feeds everything that tells two walks apart.
    pub fn encode(&self, out: &mut Vec<u64>) {
        out.extend([self.from.0, self.link.map_or(0, |link| link + 1)]);
    }
}

fn same_key(memory: &Memory, hash: &Hash, element: u32, key: Place) -> Result<bool, Wild> {
    let (stored, mut at, len) = (hash.key(element), 0, hash.key_size);
    while at < len {
        let bytes = if len - at >= 8 {
            8
        } else if len - at >= 4 {
            4
        } else {
            1
        };
        let offset = u64::from(at);
        if memory.load(stored.plus(offset), bytes)? != memory.load(key.plus(offset), bytes)? {
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
