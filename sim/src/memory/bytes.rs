//! Many bytes at a time: what nobody watches.

use super::{Memory, Place, Wild};
use zerocopy::IntoBytes;

/// Copies a slice onto another of the same length, without a call for the lengths that keys and
/// values mostly have.
#[inline]
pub fn copy_slice(to: &mut [u8], from: &[u8]) {
    match from.len() {
        4 => fixed::<4>(to, from),
        8 => fixed::<8>(to, from),
        16 => fixed::<16>(to, from),
        32 => fixed::<32>(to, from),
        64 => fixed::<64>(to, from),
        _ => to.copy_from_slice(from),
    }
}

#[inline]
fn fixed<const N: usize>(to: &mut [u8], from: &[u8]) {
    if let (Some(to), Some(from)) = (to.first_chunk_mut::<N>(), from.first_chunk()) {
        *to = *from;
    }
}

impl Memory {
    /// Moves `len` bytes when nobody watches: the words of a copy, all at once.
    #[inline]
    pub fn copy(&mut self, src: Place, dst: Place, len: u32) -> Result<(), Wild> {
        if (src.0 | dst.0) & 7 == 0 && src.region() != dst.region() {
            let words = (len / 8) as usize;
            let (s, d) = (self.index(src)?, self.index(dst)?);
            let (from, to) = (src.offset() as usize / 8, dst.offset() as usize / 8);
            let [source, target] = self.regions.get_disjoint_mut([s, d]).map_err(|_| Wild(src))?;
            let source = source.words.get(from..from + words).ok_or(Wild(src))?.as_bytes();
            let room = target.words.get_mut(to..to + words).ok_or(Wild(dst))?.as_mut_bytes();
            copy_slice(room, source);
            target.written.note(to, to + words);
            if !target.private {
                self.news.note(dst, dst.plus(u64::from(len)));
            }
            let done = words as u32 * 8;
            if done == len {
                return Ok(());
            }
            return self.copy_bytes(src.plus(done.into()), dst.plus(done.into()), len - done);
        }
        self.copy_bytes(src, dst, len)
    }

    fn copy_bytes(&mut self, src: Place, dst: Place, len: u32) -> Result<(), Wild> {
        let mut at = 0;
        while at < len {
            let piece = piece(len - at);
            let value = self.load(src.plus(at.into()), piece)?;
            self.store(dst.plus(at.into()), piece, value)?;
            at += piece;
        }
        Ok(())
    }

    fn index(&self, at: Place) -> Result<usize, Wild> {
        let index = at.region().0.wrapping_sub(1) as usize;
        if index < self.regions.len() { Ok(index) } else { Err(Wild(at)) }
    }

    /// Zeroes `len` bytes.
    pub fn zero(&mut self, at: Place, len: u32) -> Result<(), Wild> {
        let mut done = 0;
        while done < len {
            let here = at.plus(done.into());
            let piece = if len - done >= 8 && here.0 & 7 == 0 { 8 } else { 1 };
            self.store(here, piece, 0)?;
            done += piece;
        }
        Ok(())
    }

    /// The bytes at `at`, where all of them exist and the machine keeps words as we do: little
    /// endian.
    #[inline]
    fn bytes(&self, at: Place, len: usize) -> Option<&[u8]> {
        let region = self.regions.get(at.region().0.wrapping_sub(1) as usize)?;
        let (first, little) = (at.offset() as usize, cfg!(target_endian = "little"));
        region.words.as_bytes().get(first..first + len).filter(|_| little)
    }

    /// The same, to write all of them.
    #[inline]
    fn bytes_mut(&mut self, at: Place, len: usize) -> Option<&mut [u8]> {
        let region = self.regions.get_mut(at.region().0.wrapping_sub(1) as usize)?;
        let (first, little) = (at.offset() as usize, cfg!(target_endian = "little"));
        let bytes = region.words.as_mut_bytes().get_mut(first..first + len);
        let bytes = bytes.filter(|bytes| little && !bytes.is_empty())?;
        region.written.note(first / 8, (first + len).div_ceil(8));
        if !region.private {
            self.news.note(at, at.plus(len as u64 - 1));
        }
        Some(bytes)
    }

    /// Shows `len` bytes to `look`.
    #[inline]
    pub fn with_bytes<T>(
        &self,
        at: Place,
        len: usize,
        look: impl FnOnce(&[u8]) -> T,
    ) -> Result<T, Wild> {
        match self.bytes(at, len) {
            Some(bytes) => Ok(look(bytes)),
            None => {
                let mut bytes = vec![0; len];
                self.read_pieces(at, &mut bytes)?;
                Ok(look(&bytes))
            }
        }
    }

    /// Lets `fill` write `len` bytes; what they hold before is not to be relied on.
    #[inline]
    pub fn fill_bytes<T>(
        &mut self,
        at: Place,
        len: usize,
        fill: impl FnOnce(&mut [u8]) -> T,
    ) -> Result<T, Wild> {
        match self.bytes_mut(at, len) {
            Some(bytes) => Ok(fill(bytes)),
            None => {
                let mut bytes = vec![0; len];
                let filled = fill(&mut bytes);
                self.write_pieces(at, &bytes)?;
                Ok(filled)
            }
        }
    }

    /// Reads bytes into a slice.
    #[inline]
    pub fn read(&self, at: Place, out: &mut [u8]) -> Result<(), Wild> {
        match self.bytes(at, out.len()) {
            Some(bytes) => {
                copy_slice(out, bytes);
                Ok(())
            }
            None => self.read_pieces(at, out),
        }
    }

    fn read_pieces(&self, at: Place, out: &mut [u8]) -> Result<(), Wild> {
        let (mut here, mut rest) = (at, out);
        while !rest.is_empty() {
            let bytes = piece(rest.len().min(8) as u32) as usize;
            let (now, later) = rest.split_at_mut(bytes);
            now.copy_from_slice(&self.load(here, bytes as u32)?.to_le_bytes()[..bytes]);
            (here, rest) = (here.plus(bytes as u64), later);
        }
        Ok(())
    }

    /// Writes bytes from a slice.
    #[inline]
    pub fn write(&mut self, at: Place, bytes: &[u8]) -> Result<(), Wild> {
        match self.bytes_mut(at, bytes.len()) {
            Some(target) => {
                copy_slice(target, bytes);
                Ok(())
            }
            None => self.write_pieces(at, bytes),
        }
    }

    fn write_pieces(&mut self, at: Place, bytes: &[u8]) -> Result<(), Wild> {
        let (mut here, mut rest) = (at, bytes);
        while !rest.is_empty() {
            let bytes = piece(rest.len().min(8) as u32) as usize;
            let (now, later) = rest.split_at(bytes);
            let mut word = [0; 8];
            word[..bytes].copy_from_slice(now);
            self.store(here, bytes as u32, u64::from_le_bytes(word))?;
            (here, rest) = (here.plus(bytes as u64), later);
        }
        Ok(())
    }
}

/// The largest power of two, at most 8, that fits into `bytes`.
const fn piece(bytes: u32) -> u32 {
    match bytes {
        8.. => 8,
        4..8 => 4,
        2 | 3 => 2,
        0 | 1 => 1,
    }
}
