//! A region: words, and where they may have changed since they were marked.

/// From the first to the last word that was written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    first: usize,
    end: usize,
}

impl Span {
    const NOTHING: Span = Span { first: usize::MAX, end: 0 };

    #[inline]
    pub(super) fn note(&mut self, first: usize, end: usize) {
        self.first = self.first.min(first);
        self.end = self.end.max(end);
    }

    fn with(self, other: Span) -> Span {
        Span { first: self.first.min(other.first), end: self.end.max(other.end) }
    }

    fn range(self) -> std::ops::Range<usize> {
        self.first.min(self.end)..self.end
    }
}

/// Words that belong together: a map's values, a program's stack, a caller's buffer.
#[derive(Clone, Debug)]
pub struct Region {
    pub(super) words: Vec<u64>,
    /// Nobody but its owner touches it: no access to it is a step.
    pub(super) private: bool,
    /// Where it may differ from what it was at [`Memory::mark`](super::Memory::mark).
    pub(super) written: Span,
}

impl Default for Region {
    fn default() -> Self {
        Self::zeroed(0, false)
    }
}

/// The same words: how they came about does not matter.
impl PartialEq for Region {
    fn eq(&self, other: &Self) -> bool {
        self.private == other.private && self.words == other.words
    }
}

impl Eq for Region {}

impl Region {
    pub(super) fn zeroed(words: usize, private: bool) -> Self {
        Self { words: vec![0; words], private, written: Span::NOTHING }
    }

    /// The words.
    pub fn words(&self) -> &[u64] {
        &self.words
    }

    /// The words, to fill them. All of them count as written.
    pub fn words_mut(&mut self) -> &mut [u64] {
        self.written.note(0, self.words.len());
        &mut self.words
    }

    /// True where no other frame can reach.
    pub fn is_private(&self) -> bool {
        self.private
    }

    /// What it is now is what it is compared with from here on.
    pub(super) fn forget_writes(&mut self) {
        self.written = Span::NOTHING;
    }

    /// All words become zero.
    pub fn clear(&mut self) {
        let written = self.written.range();
        let any = |words: &[u64]| words.iter().fold(0, |all, word| all | word) != 0;
        if any(&self.words[..written.start]) || any(&self.words[written.end..]) {
            self.written.note(0, self.words.len());
        }
        self.words[self.written.range()].fill(0);
    }

    /// Becomes equal to `other`, which was equal at the mark.
    pub(super) fn rewind(&mut self, other: &Self) {
        if self.words.len() != other.words.len() {
            self.words.clone_from(&other.words);
        } else {
            let range = self.written.with(other.written).range();
            self.words[range.clone()].copy_from_slice(&other.words[range]);
        }
        self.written = other.written;
    }

    /// Feeds every word that differs from `base`, with its position, and the length where that
    /// differs.
    pub(super) fn encode_changes(&self, base: &Self, id: u64, out: &mut Vec<u64>) {
        if self.words.len() != base.words.len() {
            out.extend([id, self.words.len() as u64]);
        }
        let range = self.written.range();
        match base.words.get(range.clone()) {
            Some(before) => differences(&self.words[range.clone()], before, id, range.start, out),
            None => {
                // It has grown: what was not there was zero.
                let mut before = base.words.clone();
                before.resize(self.words.len(), 0);
                differences(&self.words, &before, id, 0, out);
            }
        }
    }
}

fn differences(words: &[u64], before: &[u64], id: u64, first: usize, out: &mut Vec<u64>) {
    for (index, (word, before)) in words.iter().zip(before).enumerate() {
        if word != before {
            out.extend([id + (first + index) as u64 + 1, *word]);
        }
    }
}
