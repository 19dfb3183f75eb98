//! Memory for calls by address: buffers between pages that nobody may touch.
//!
//! ```text
//! |guard|answer|guard|attr attr|guard|buffer|guard|buffer|guard ...
//! ```
//!
//! The pages are shared with the process that makes the call, see [`crate::Caller`].

use crate::failed::{Failed, Skipped};
use crate::sys::{Access, Answer, Mapping, Rights, bpf_in_child};
use std::fmt;

/// Pages of one arena: 16 MiB of address space with pages of 4 KiB.
const PAGES: usize = 4096;
/// First page of the window that holds the attr, and how many there are.
const ATTR: (usize, usize) = (3, 2);
/// First page for buffers.
const FIRST: usize = 6;

/// An address that is no buffer of the arena, or an arena that is full.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MemoryError {
    /// `len` bytes at `address` are not all inside one buffer that allows the access.
    NoBuffer {
        /// Where.
        address: u64,
        /// How many bytes.
        len: usize,
    },
    /// No room for another `len` bytes: take a new caller.
    Full {
        /// How many bytes were asked for.
        len: usize,
    },
    /// The system refused the pages.
    Failed(Failed),
}

impl fmt::Display for MemoryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MemoryError::NoBuffer { address, len } => {
                write!(f, "{len} bytes at {address:#x} are in no buffer: use what alloc returned")
            }
            MemoryError::Full { len } => {
                write!(f, "no room for a buffer of {len} bytes: take a new caller")
            }
            MemoryError::Failed(failed) => failed.fmt(f),
        }
    }
}

impl std::error::Error for MemoryError {}

impl From<MemoryError> for Skipped {
    fn from(error: MemoryError) -> Self {
        Skipped::new(error.to_string())
    }
}

impl From<Failed> for MemoryError {
    fn from(failed: Failed) -> Self {
        MemoryError::Failed(failed)
    }
}

/// One buffer, in bytes from the start of the arena.
struct Buffer {
    at: usize,
    len: usize,
}

/// An arena of buffers, each in pages of its own with an unmapped page behind it.
///
/// Nothing is freed before the arena drops: addresses stay what they are.
pub struct NativeMemory {
    mapping: Mapping,
    buffers: Vec<Buffer>,
    next_page: usize,
}

impl NativeMemory {
    /// An empty arena.
    pub fn new() -> Result<Self, MemoryError> {
        let mut mapping = Mapping::reserve(PAGES)?;
        let page = mapping.page();
        mapping.open(page..2 * page, Access::Write)?;
        mapping.open(ATTR.0 * page..(ATTR.0 + ATTR.1) * page, Access::Write)?;
        Ok(Self { mapping, buffers: Vec::new(), next_page: FIRST })
    }

    /// A zeroed buffer at the start of a page; its address.
    pub fn alloc(&mut self, len: usize) -> Result<u64, MemoryError> {
        let (start, _) = self.open(len, Access::Write)?;
        Ok(self.add(start, len))
    }

    /// A zeroed buffer whose last byte is the last of a page: the next byte is unmapped.
    pub fn alloc_at_page_end(&mut self, len: usize) -> Result<u64, MemoryError> {
        let (_, end) = self.open(len, Access::Write)?;
        Ok(self.add(end - len, len))
    }

    /// A zeroed buffer that neither [`Self::write`] nor the kernel can write.
    pub fn alloc_read_only(&mut self, len: usize) -> Result<u64, MemoryError> {
        let (start, _) = self.open(len, Access::Read)?;
        Ok(self.add(start, len))
    }

    /// An address at which nothing can be read or written, nor in the 4095 bytes behind it.
    pub fn unmapped(&self) -> u64 {
        self.mapping.base()
    }

    /// Copies `data` to `address`, inside one writable buffer.
    pub fn write(&mut self, address: u64, data: &[u8]) -> Result<(), MemoryError> {
        let at = self.find(address, data.len())?;
        let error = MemoryError::NoBuffer { address, len: data.len() };
        if self.mapping.put(at, data) { Ok(()) } else { Err(error) }
    }

    /// A copy of `len` bytes at `address`, inside one buffer.
    pub fn read(&self, address: u64, len: usize) -> Result<Vec<u8>, MemoryError> {
        let at = self.find(address, len)?;
        let mut bytes = vec![0; len];
        let error = MemoryError::NoBuffer { address, len };
        if self.mapping.get(at, &mut bytes) { Ok(bytes) } else { Err(error) }
    }

    fn open(&mut self, len: usize, access: Access) -> Result<(usize, usize), MemoryError> {
        let page = self.mapping.page();
        let pages = len.div_ceil(page).max(1);
        let start = self.next_page * page;
        let end = pages.checked_mul(page).and_then(|bytes| start.checked_add(bytes));
        // One page stays closed behind the last buffer.
        let limit = self.mapping.bytes() - page;
        let end = end.filter(|end| *end <= limit).ok_or(MemoryError::Full { len })?;
        self.mapping.open(start..end, access)?;
        self.next_page += pages + 1;
        Ok((start, end))
    }

    fn add(&mut self, at: usize, len: usize) -> u64 {
        self.buffers.push(Buffer { at, len });
        self.mapping.base() + at as u64
    }

    fn find(&self, address: u64, len: usize) -> Result<usize, MemoryError> {
        let none = || MemoryError::NoBuffer { address, len };
        let at = address.checked_sub(self.mapping.base()).ok_or_else(none)?;
        let at = usize::try_from(at).map_err(|_| none())?;
        let end = at.checked_add(len).ok_or_else(none)?;
        let inside = self.buffers.iter().any(|b| b.at <= at && end <= b.at + b.len);
        if inside { Ok(at) } else { Err(none()) }
    }

    /// Puts `attr` at the end of its window, so that the byte behind it is unmapped; its address.
    pub(crate) fn place_attr(&mut self, attr: &[u8]) -> Result<u64, MemoryError> {
        let error = MemoryError::Full { len: attr.len() };
        let end = (ATTR.0 + ATTR.1) * self.mapping.page();
        let at = end.checked_sub(attr.len()).ok_or(error.clone())?;
        if self.mapping.put(at, attr) { Ok(self.mapping.base() + at as u64) } else { Err(error) }
    }

    /// Reads back what [`Self::place_attr`] wrote.
    pub(crate) fn take_attr(&self, attr: &mut [u8]) -> Result<(), MemoryError> {
        let end = (ATTR.0 + ATTR.1) * self.mapping.page();
        let at = end.saturating_sub(attr.len());
        let error = MemoryError::Full { len: attr.len() };
        if self.mapping.get(at, attr) { Ok(()) } else { Err(error) }
    }

    /// Makes the call in a process that shares this arena.
    pub(crate) fn bpf(
        &mut self,
        cmd: u32,
        attr: u64,
        size: u32,
        rights: Rights,
    ) -> Result<Answer, Skipped> {
        let cell = self.mapping.page();
        bpf_in_child(cmd, attr, size, rights, (&mut self.mapping, cell))
    }

    /// Four bytes at `address` as a number; those that lie in no open page are zero.
    pub(crate) fn word(&self, address: u64) -> u32 {
        let mut bytes = [0; 4];
        let at = address.checked_sub(self.mapping.base()).and_then(|at| usize::try_from(at).ok());
        match at.is_some_and(|at| self.mapping.get(at, &mut bytes)) {
            true => u32::from_ne_bytes(bytes),
            false => 0,
        }
    }
}

impl fmt::Debug for NativeMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NativeMemory({} buffers)", self.buffers.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_keep_what_is_written_and_refuse_what_is_outside() {
        let mut memory = NativeMemory::new().expect("an arena");
        let a = memory.alloc(5).expect("five bytes");
        let end = memory.alloc_at_page_end(3).expect("three bytes");
        assert_eq!((end + 3) % memory.mapping.page() as u64, 0);
        memory.write(a, b"hello").expect("inside");
        memory.write(end + 1, b"ok").expect("inside");
        assert_eq!(memory.read(a + 1, 4).expect("inside"), b"ello");
        assert_eq!(memory.read(end, 3).expect("inside"), b"\0ok");
        let outside = |address, len| MemoryError::NoBuffer { address, len };
        assert_eq!(memory.write(a, b"hello!"), Err(outside(a, 6)));
        assert_eq!(memory.read(end + 1, 3), Err(outside(end + 1, 3)));
        assert_eq!(memory.read(memory.unmapped(), 1), Err(outside(memory.unmapped(), 1)));
        assert_eq!(memory.read(0, 1), Err(outside(0, 1)));
        let fixed = memory.alloc_read_only(8).expect("eight bytes");
        assert_eq!(memory.read(fixed, 8).expect("readable"), [0; 8]);
        assert_eq!(memory.write(fixed, &[1]), Err(outside(fixed, 1)));
    }

    #[test]
    fn a_full_arena_says_so_and_stays_usable() {
        let mut memory = NativeMemory::new().expect("an arena");
        let whole = PAGES * memory.mapping.page();
        assert_eq!(memory.alloc(whole), Err(MemoryError::Full { len: whole }));
        assert_eq!(memory.alloc(usize::MAX), Err(MemoryError::Full { len: usize::MAX }));
        let small = memory.alloc(8).expect("room");
        memory.write(small, &[7; 8]).expect("inside");
    }
}
