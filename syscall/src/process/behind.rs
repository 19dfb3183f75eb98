//! Accesses that leave a segment: noted, and answered as a machine with or without a page there.

use super::{PAGE, Process};
use crate::overrun::{Access, Behind, MOST, Overrun};
use crate::task::Fault;
use bpfsim_abi::attr::UserAddr;

impl Process {
    /// What left a buffer so far, at most [`MOST`] accesses.
    pub fn overruns(&mut self) -> &[Overrun] {
        self.overruns.get_mut()
    }

    /// The same, and forgets it.
    pub fn take_overruns(&mut self) -> Vec<Overrun> {
        self.split_overruns(0)
    }

    pub(crate) fn split_overruns(&mut self, first: usize) -> Vec<Overrun> {
        self.overruns.get_mut().split_off(first)
    }

    pub(crate) fn note(&self, overrun: Overrun) {
        let mut overruns = self.overruns.borrow_mut();
        // One write may come in pieces, and then as a whole.
        let same = |last: &&mut Overrun| {
            last.call.is_none() && (last.at, last.access) == (overrun.at, overrun.access)
        };
        let room = overruns.len() < MOST;
        match overruns.last_mut().filter(same) {
            Some(last) => last.touched = last.touched.max(overrun.touched),
            None if room => overruns.push(overrun),
            None => {}
        }
    }

    /// Bytes from an address to the end of its buffer.
    pub(crate) fn room(&self, at: UserAddr) -> u64 {
        let end = |index: usize| self.segments[index].0 + self.segments[index].1.len() as u64;
        self.index(at).map_or(0, |index| end(index).saturating_sub(at.0))
    }

    /// True when both addresses are of one buffer, and the first is not behind the second.
    pub(crate) fn same_buffer(&self, first: u64, second: u64) -> bool {
        let index = |at: u64| self.index(UserAddr(at));
        first <= second && index(first).is_some() && index(first) == index(second)
    }

    /// Reads without leaving a note; false where not all of it is there.
    pub(crate) fn peek(&self, at: UserAddr, out: &mut [u8]) -> bool {
        let found = self.bytes(at, out.len()).map(|bytes| out.copy_from_slice(bytes));
        found.is_some()
    }

    /// An access that leaves its segment: notes it, and finds what is behind. `None` where nothing
    /// is. The offset counts from the end of the segment where it is behind it.
    #[cold]
    pub(super) fn leaves(&self, at: UserAddr, len: usize, access: Access) -> Option<usize> {
        let index = self.index(at)?;
        let (start, bytes) = &self.segments[index];
        let gave = self.room(at);
        self.note(Overrun { call: None, field: None, at, access, touched: len as u64, gave });
        let page_end = (start + bytes.len() as u64).next_multiple_of(PAGE);
        let within = at.0.checked_add(len as u64).is_some_and(|end| end <= page_end);
        (self.behind == Behind::Page && within).then_some(index)
    }

    #[cold]
    pub(super) fn read_behind(&self, at: UserAddr, out: &mut [u8]) -> Result<(), Fault> {
        let index = self.leaves(at, out.len(), Access::Read).ok_or(Fault)?;
        let (start, bytes) = &self.segments[index];
        let tail = self.tails.get(&index);
        for (offset, byte) in ((at.0 - start) as usize..).zip(out) {
            *byte = match offset.checked_sub(bytes.len()) {
                None => bytes[offset],
                Some(offset) => tail.map_or(0, |tail| tail[offset]),
            };
        }
        Ok(())
    }

    #[cold]
    pub(super) fn write_behind(&mut self, at: UserAddr, bytes: &[u8]) -> Result<(), Fault> {
        let found = self.leaves(at, bytes.len(), Access::Write);
        let index = self.index(at).ok_or(Fault)?;
        let (start, segment) = &mut self.segments[index];
        let (offset, end) = ((at.0 - *start) as usize, segment.len());
        // copy_to_user() of x86 stops at the byte that faults; those before it have arrived.
        let inside = end.saturating_sub(offset).min(bytes.len());
        segment[offset.min(end)..][..inside].copy_from_slice(&bytes[..inside]);
        if found.is_none() {
            return Err(Fault);
        }
        let rest = (*start + end as u64).next_multiple_of(PAGE) - (*start + end as u64);
        let tail = self.tails.entry(index).or_insert_with(|| vec![0; rest as usize]);
        let behind = offset.saturating_sub(end);
        tail[behind..][..bytes.len() - inside].copy_from_slice(&bytes[inside..]);
        Ok(())
    }
}
