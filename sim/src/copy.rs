//! Copying a value in pieces: the copy plan says in which order and size.

use crate::gate::Step;
use crate::hw::{Cx, Yield};
use crate::memory::Place;
use crate::step;
use std::fmt;
use std::str::FromStr;

/// The order and size of the pieces in which a value is copied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum CopyPlan {
    /// Eight bytes at a time, ascending; then the rest in smaller powers of two.
    #[default]
    WordAsc,
    /// One byte at a time, ascending.
    ByteAsc,
    /// Half of the words from the head, then as many that end with the value: the middle of an
    /// odd number of words is copied twice, and the second copy stays.
    OverlapTail,
    /// Eight bytes at a time, descending.
    Desc,
}

impl CopyPlan {
    /// Every plan.
    pub const ALL: [CopyPlan; 4] =
        [CopyPlan::WordAsc, CopyPlan::ByteAsc, CopyPlan::OverlapTail, CopyPlan::Desc];

    /// As written in scenario files.
    pub const fn name(self) -> &'static str {
        match self {
            CopyPlan::WordAsc => "word-asc",
            CopyPlan::ByteAsc => "byte-asc",
            CopyPlan::OverlapTail => "overlap-tail",
            CopyPlan::Desc => "desc",
        }
    }

    /// Piece `index` of a value of `len` bytes as (offset, bytes), or `None` past the last.
    pub fn piece(self, index: u32, len: u32) -> Option<(u32, u32)> {
        match self {
            CopyPlan::WordAsc => ascending(index, len),
            CopyPlan::ByteAsc => (index < len).then_some((index, 1)),
            CopyPlan::Desc => {
                let pieces = len / 8 + (len % 8).count_ones();
                ascending(pieces.checked_sub(index + 1)?, len)
            }
            CopyPlan::OverlapTail if len < 16 => ascending(index, len),
            CopyPlan::OverlapTail => {
                let half = len.div_ceil(16);
                let from_end = |index: u32| len - (2 * half - index) * 8;
                let at = if index < half { Some(index * 8) } else { None };
                (index < 2 * half).then(|| (at.unwrap_or_else(|| from_end(index)), 8))
            }
        }
    }
}

fn ascending(index: u32, len: u32) -> Option<(u32, u32)> {
    let words = len / 8;
    if index < words {
        return Some((index * 8, 8));
    }
    let mut at = words * 8;
    let mut left = index - words;
    for size in [4, 2, 1] {
        if len & size != 0 {
            if left == 0 {
                return Some((at, size));
            }
            left -= 1;
            at += size;
        }
    }
    None
}

impl fmt::Display for CopyPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for CopyPlan {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|plan| plan.name() == text).ok_or_else(|| {
            format!("'{text}' is no copy plan: use word-asc, byte-asc, overlap-tail or desc")
        })
    }
}

/// A copy of one value, as a plain value with a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Copy {
    /// From here.
    pub src: Place,
    /// To here.
    pub dst: Place,
    /// In bytes.
    pub len: u32,
    /// In these pieces.
    pub plan: CopyPlan,
    /// How far it is.
    pub progress: Progress,
}

/// How far a copy is; at the beginning by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Progress {
    /// What was loaded and is not yet stored, where `holds`.
    value: u64,
    next: u32,
    holds: bool,
}

impl Progress {
    /// Feeds everything that tells two positions apart.
    pub fn encode(&self, out: &mut Vec<u64>) {
        out.extend([u64::from(self.next) << 1 | u64::from(self.holds), self.value]);
    }
}

impl Copy {
    /// A copy that has not begun.
    pub const fn new(src: Place, dst: Place, len: u32, plan: CopyPlan) -> Self {
        let progress = Progress { value: 0, next: 0, holds: false };
        Self { src, dst, len, plan, progress }
    }

    /// Goes on as far as the gate allows. A load and a store are two steps.
    #[inline]
    pub fn run(&mut self, cx: &mut Cx<'_>) -> Yield {
        if !cx.watched && self.progress == Progress::default() {
            return match cx.hw.mem.copy(self.src, self.dst, self.len) {
                Ok(()) => Yield::Done,
                Err(wild) => Yield::Trapped(wild),
            };
        }
        self.in_pieces(cx)
    }

    fn in_pieces(&mut self, cx: &mut Cx<'_>) -> Yield {
        let at = &mut self.progress;
        while let Some((offset, bytes)) = self.plan.piece(at.next, self.len) {
            let (src, dst) = (self.src.plus(offset.into()), self.dst.plus(offset.into()));
            if !at.holds {
                step!(cx, Step::Load { at: src, bytes });
                match cx.hw.mem.load(src, bytes) {
                    Ok(value) => (at.value, at.holds) = (value, true),
                    Err(wild) => return Yield::Trapped(wild),
                }
            }
            step!(cx, Step::Store { at: dst, bytes });
            if let Err(wild) = cx.hw.mem.store(dst, bytes, at.value) {
                return Yield::Trapped(wild);
            }
            *at = Progress { value: 0, next: at.next + 1, holds: false };
        }
        Yield::Done
    }

    /// Feeds everything that tells two positions apart.
    pub fn encode(&self, out: &mut Vec<u64>) {
        out.extend([self.src.0, self.dst.0]);
        out.push(u64::from(self.len) << 8 | u64::from(self.plan as u8));
        self.progress.encode(out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(plan: CopyPlan, len: u32) -> Vec<(u32, u32)> {
        (0..).map_while(|i| plan.piece(i, len)).collect()
    }

    #[test]
    fn every_plan_covers_every_byte() {
        for plan in CopyPlan::ALL {
            for len in 0..200 {
                let mut seen = vec![false; len as usize];
                for (offset, bytes) in pieces(plan, len) {
                    (offset..offset + bytes).for_each(|i| seen[i as usize] = true);
                }
                assert!(seen.iter().all(|b| *b), "{plan} {len}");
            }
        }
    }

    #[test]
    fn plans_are_what_they_are_called() {
        assert_eq!(pieces(CopyPlan::WordAsc, 15), [(0, 8), (8, 4), (12, 2), (14, 1)]);
        assert_eq!(pieces(CopyPlan::Desc, 20), [(16, 4), (8, 8), (0, 8)]);
        assert_eq!(pieces(CopyPlan::OverlapTail, 16), [(0, 8), (8, 8)]);
        assert_eq!(pieces(CopyPlan::OverlapTail, 24), [(0, 8), (8, 8), (8, 8), (16, 8)]);
        assert_eq!(pieces(CopyPlan::OverlapTail, 17), [(0, 8), (8, 8), (1, 8), (9, 8)]);
    }
}
