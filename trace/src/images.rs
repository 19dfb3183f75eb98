//! Pieces of a caller's memory: what is known of it, by address.

use std::collections::BTreeMap;

/// Bytes at addresses; pieces neither overlap nor touch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Images {
    pieces: BTreeMap<u64, Vec<u8>>,
}

impl Images {
    /// Every piece, by address.
    pub fn iter(&self) -> impl Iterator<Item = (u64, &[u8])> {
        self.pieces.iter().map(|(at, bytes)| (*at, bytes.as_slice()))
    }

    /// Nothing is known.
    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// Copies `out.len()` bytes from `at`; false, and nothing copied, unless all are known.
    pub fn get(&self, at: u64, out: &mut [u8]) -> bool {
        let Some((start, piece)) = self.pieces.range(..=at).next_back() else { return false };
        let from = (at - start) as usize;
        match from.checked_add(out.len()).and_then(|end| piece.get(from..end)) {
            Some(bytes) => {
                out.copy_from_slice(bytes);
                true
            }
            None => false,
        }
    }

    /// The byte at an address.
    pub fn byte(&self, at: u64) -> Option<u8> {
        let mut byte = [0];
        self.get(at, &mut byte).then_some(byte[0])
    }

    /// Bytes that replace what was known. What would lie past the last address is dropped.
    pub fn put(&mut self, at: u64, bytes: &[u8]) {
        self.add(at, bytes, true);
    }

    /// Bytes where nothing was known; the rest stays.
    pub fn fill(&mut self, at: u64, bytes: &[u8]) {
        self.add(at, bytes, false);
    }

    fn add(&mut self, at: u64, bytes: &[u8], wins: bool) {
        let room = usize::try_from(u64::MAX - at).unwrap_or(usize::MAX);
        let bytes = &bytes[..bytes.len().min(room)];
        if bytes.is_empty() || self.append(at, bytes) {
            return;
        }
        let end = at + bytes.len() as u64;
        let touching = self.pieces.range(..=end).rev();
        let touching: Vec<u64> = touching
            .take_while(|(start, piece)| **start + piece.len() as u64 >= at)
            .map(|(start, _)| *start)
            .collect();
        let old: Vec<(u64, Vec<u8>)> =
            touching.iter().filter_map(|start| self.pieces.remove_entry(start)).collect();
        let first = old.iter().map(|(start, _)| *start).fold(at, u64::min);
        let last = old.iter().map(|(start, piece)| start + piece.len() as u64).fold(end, u64::max);
        let mut whole = vec![0; (last - first) as usize];
        let mut lay = |start: u64, piece: &[u8]| {
            let from = (start - first) as usize;
            whole[from..from + piece.len()].copy_from_slice(piece);
        };
        if !wins {
            lay(at, bytes);
        }
        for (start, piece) in &old {
            lay(*start, piece);
        }
        if wins {
            lay(at, bytes);
        }
        self.pieces.insert(first, whole);
    }

    /// The usual case: right behind a piece, and far from the next.
    fn append(&mut self, at: u64, bytes: &[u8]) -> bool {
        let end = at + bytes.len() as u64;
        let mut below = self.pieces.range_mut(..=end).rev();
        let Some((start, piece)) = below.next() else { return false };
        if *start > at || start + piece.len() as u64 != at {
            return false;
        }
        piece.extend_from_slice(bytes);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    /// `10:1 2, 20:5 6`.
    fn pieces(images: &Images) -> String {
        let piece = |(at, bytes): (u64, &[u8])| {
            let bytes: Vec<String> = bytes.iter().map(u8::to_string).collect();
            format!("{at}:{}", bytes.join(" "))
        };
        images.iter().map(piece).collect::<Vec<_>>().join(", ")
    }

    /// Over the bytes 1 2 3 4 at 10 and 5 6 at 20.
    #[rstest]
    #[case::apart(0, &[9], "0:9, 10:1 2 3 4, 20:5 6")]
    #[case::behind(14, &[9], "10:1 2 3 4 9, 20:5 6")]
    #[case::before(9, &[9], "9:9 1 2 3 4, 20:5 6")]
    #[case::inside(11, &[9, 9], "10:1 9 9 4, 20:5 6")]
    #[case::bridge(13, &[9; 8], "10:1 2 3 9 9 9 9 9 9 9 9 6")]
    #[case::gap(14, &[9; 6], "10:1 2 3 4 9 9 9 9 9 9 5 6")]
    #[case::nothing(11, &[], "10:1 2 3 4, 20:5 6")]
    fn put_replaces(#[case] at: u64, #[case] bytes: &[u8], #[case] want: &str) {
        let mut images = Images::default();
        images.put(10, &[1, 2, 3, 4]);
        images.put(20, &[5, 6]);
        images.put(at, bytes);
        assert_eq!(pieces(&images), want);
    }

    #[test]
    fn fill_keeps_what_is_known() {
        let mut images = Images::default();
        images.put(10, &[1, 2]);
        images.fill(9, &[9, 9, 9, 9]);
        assert_eq!(pieces(&images), "9:9 1 2 9");
    }

    #[test]
    fn get_is_all_or_nothing() {
        let mut images = Images::default();
        images.put(u64::MAX - 2, &[1, 2, 3, 4]);
        let mut out = [0; 2];
        assert!(images.get(u64::MAX - 2, &mut out));
        assert_eq!(out, [1, 2]);
        assert!(!images.get(u64::MAX - 1, &mut out));
        assert_eq!(images.byte(u64::MAX - 1), Some(2));
        assert_eq!(images.byte(5), None);
    }
}
