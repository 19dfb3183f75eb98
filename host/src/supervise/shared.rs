//! Array maps that targets have mapped (`BPF_F_MMAPABLE`, v5.5).
//!
//! ```text
//! target: mmap ──▶ pages of the memfd ──take_in()──▶ words of the map ──call──▶ words
//!                            ▲                                                    │
//!                            └───────────── put_out(): only what changed ─────────┘
//! ```
//!
//! Programs run in calls only, so the pages and the words agree whenever nobody is in a call. What
//! a target stores while a call runs is not overwritten, unless the call changed the same word.

use bpfsim_maps::map::Words;
use bpfsim_sim::{Memory, RegionId};
use bpfsim_syscall::{Kernel, ObjectId};
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

/// `BPF_F_MMAPABLE`.
const MMAPABLE: u32 = 1 << 10;

/// `PAGE_SIZE`.
const PAGE: u64 = 4096;

/// The words of a map that lies in a file, and what they were when they were read.
#[derive(Debug)]
pub(super) struct Shared {
    region: RegionId,
    before: Vec<u64>,
}

impl Shared {
    /// Of a map that can be mapped; none for every other object.
    pub(super) fn of(kernel: &Kernel, object: ObjectId) -> Option<Self> {
        let ObjectId::Map(handle) = object else { return None };
        let map = kernel.core.map(handle)?;
        let Words::Array(array) = &map.words else { return None };
        let mapped = map.shape.flags & MMAPABLE != 0 && !map.shape.percpu;
        mapped.then(|| Self { region: array.region, before: Vec::new() })
    }

    /// Fills a new file.
    pub(super) fn fill(&self, memory: &Memory, file: &File) -> io::Result<()> {
        let words = memory.region(self.region).words();
        file.set_len((words.len() as u64 * 8).next_multiple_of(PAGE))?;
        if words.iter().all(|word| *word == 0) {
            return Ok(());
        }
        file.write_all_at(&bytes(words), 0)
    }

    /// What the targets stored goes into the map.
    pub(super) fn take_in(&mut self, memory: &mut Memory, file: &File) -> io::Result<()> {
        let words = memory.region_mut(self.region).words_mut();
        let mut bytes = vec![0; words.len() * 8];
        file.read_exact_at(&mut bytes, 0)?;
        for (word, bytes) in words.iter_mut().zip(bytes.as_chunks::<8>().0) {
            *word = u64::from_le_bytes(*bytes);
        }
        self.before.clear();
        self.before.extend_from_slice(words);
        Ok(())
    }

    /// What the call changed goes to the targets.
    pub(super) fn put_out(&mut self, memory: &Memory, file: &File) -> io::Result<()> {
        let words = memory.region(self.region).words();
        let mut at = 0;
        while let Some(first) = (at..words.len()).find(|i| self.before.get(*i) != words.get(*i)) {
            let same = (first..words.len()).find(|i| self.before.get(*i) == words.get(*i));
            let end = same.unwrap_or(words.len());
            file.write_all_at(&bytes(&words[first..end]), first as u64 * 8)?;
            at = end;
        }
        Ok(())
    }
}

fn bytes(words: &[u64]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}
