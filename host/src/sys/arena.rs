//! Pages that this process and the processes it starts both see.

use super::last_errno;
use crate::failed::Failed;
use std::ops::Range;
use std::ptr;

/// What may be done with a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Reading only.
    Read,
    /// Reading and writing.
    Write,
}

/// Bytes in a page, a power of two.
fn page_size() -> usize {
    // SAFETY: 1. sysconf takes a number and touches no memory of ours.
    let size = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    usize::try_from(size).ok().filter(|size| size.is_power_of_two()).unwrap_or(4096)
}

/// A reserved range of shared anonymous pages. None may be touched until it is opened, and what is
/// open stays open, so `opened` says which bytes exist.
///
/// Holds a raw pointer, so it is neither `Send` nor `Sync`.
pub(crate) struct Mapping {
    base: *mut u8,
    bytes: usize,
    page: usize,
    opened: Vec<(Range<usize>, Access)>,
}

impl Mapping {
    /// Reserves `pages` pages. They cost address space only, until they are opened and written.
    pub(crate) fn reserve(pages: usize) -> Result<Self, Failed> {
        let page = page_size();
        let failed = |number| Failed { command: "mmap(2)", number };
        let bytes = pages.checked_mul(page).filter(|b| *b > 0).ok_or(failed(libc::EINVAL))?;
        let flags = libc::MAP_SHARED | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
        // SAFETY: 1. The address is the kernel's choice (null, no MAP_FIXED), so nothing that is
        // mapped is replaced. 2. Anonymous memory has no file that somebody else could cut short.
        let base = unsafe { libc::mmap(ptr::null_mut(), bytes, libc::PROT_NONE, flags, -1, 0) };
        if base == libc::MAP_FAILED {
            return Err(failed(last_errno()));
        }
        Ok(Self { base: base.cast(), bytes, page, opened: Vec::new() })
    }

    /// Bytes in a page.
    pub(crate) fn page(&self) -> usize {
        self.page
    }

    /// Bytes in the whole range.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The address of byte 0.
    pub(crate) fn base(&self) -> u64 {
        self.base as u64
    }

    /// Lets the pages of `range` (in bytes, page aligned) be accessed. A page is opened once.
    pub(crate) fn open(&mut self, range: Range<usize>, access: Access) -> Result<(), Failed> {
        let failed = |number| Failed { command: "mprotect(2)", number };
        let aligned = range.start.is_multiple_of(self.page) && range.end.is_multiple_of(self.page);
        let fresh = self.opened.iter().all(|(o, _)| o.end <= range.start || range.end <= o.start);
        if !aligned || !fresh || range.start >= range.end || range.end > self.bytes {
            return Err(failed(libc::EINVAL));
        }
        let prot = libc::PROT_READ | if access == Access::Write { libc::PROT_WRITE } else { 0 };
        // SAFETY: 1. The range lies in the reservation, which this value owns (checked above), so
        // no other mapping changes its protection. 2. Nobody holds a reference into it: it is
        // accessed by `get`, `put` and system calls only.
        let ret = unsafe {
            libc::mprotect(self.base.add(range.start).cast(), range.end - range.start, prot)
        };
        if ret != 0 {
            return Err(failed(last_errno()));
        }
        self.opened.push((range, access));
        Ok(())
    }

    fn is_open(&self, at: usize, len: usize, write: bool) -> bool {
        let Some(end) = at.checked_add(len) else { return false };
        self.opened.iter().any(|(range, access)| {
            range.start <= at && end <= range.end && (!write || *access == Access::Write)
        })
    }

    /// Reads `out.len()` bytes from byte `at`; false when they are not all open.
    #[must_use]
    pub(crate) fn get(&self, at: usize, out: &mut [u8]) -> bool {
        if !self.is_open(at, out.len(), false) {
            return false;
        }
        for (i, byte) in out.iter_mut().enumerate() {
            // SAFETY: 1. The byte lies in an open page of this mapping (checked above), which
            // stays open while `self` lives. 2. Volatile, since another process or the kernel may
            // have written it, and no reference to it exists.
            *byte = unsafe { self.base.add(at + i).read_volatile() };
        }
        true
    }

    /// Writes `data` from byte `at` on; false, and nothing written, when not all is open to it.
    #[must_use]
    pub(crate) fn put(&mut self, at: usize, data: &[u8]) -> bool {
        if !self.is_open(at, data.len(), true) {
            return false;
        }
        for (i, byte) in data.iter().enumerate() {
            // SAFETY: 1. The byte lies in a writable page of this mapping (checked above).
            // 2. Volatile, and no reference to it exists.
            unsafe { self.base.add(at + i).write_volatile(*byte) };
        }
        true
    }

    /// The address of an i64 at byte `at`, if it is aligned and open to writing.
    pub(super) fn cell(&self, at: usize) -> Option<*mut i64> {
        let fits = at.is_multiple_of(8) && self.is_open(at, 8, true);
        // SAFETY: 1. `at` lies in this mapping (checked above), so the sum stays inside it.
        fits.then(|| unsafe { self.base.add(at) }.cast())
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: 1. `reserve` mapped exactly this range and nobody else unmaps it. 2. No
        // reference into it was ever made, so none can outlive it.
        unsafe { libc::munmap(self.base.cast(), self.bytes) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_open_pages_are_touched() {
        let mut mapping = Mapping::reserve(4).expect("16 KiB of address space");
        let page = mapping.page();
        assert!(!mapping.get(0, &mut [0]), "nothing is open yet");
        mapping.open(page..2 * page, Access::Write).expect("a page");
        mapping.open(2 * page..3 * page, Access::Read).expect("a page");
        assert!(mapping.put(page, &[1, 2]));
        let mut two = [0; 2];
        assert!(mapping.get(page, &mut two));
        assert_eq!(two, [1, 2]);
        assert!(!mapping.put(2 * page, &[1]), "read only");
        assert!(!mapping.put(2 * page - 1, &[1, 1]), "runs into the next page");
        assert!(!mapping.get(usize::MAX, &mut two), "wraps around");
        assert!(mapping.open(page..2 * page, Access::Read).is_err(), "opened once");
        assert!(mapping.open(3 * page..5 * page, Access::Read).is_err(), "past the end");
        assert!(mapping.open(1..page, Access::Read).is_err(), "not aligned");
    }
}
