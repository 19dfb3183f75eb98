//! Maps of the real kernel whose element size is known, so that their commands are safe.

use super::{Attr, Cmd, bpf, take};
use crate::failed::Failed;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};

/// A map type whose element commands this crate can make directly.
/// Numbers of `enum bpf_map_type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum MapKind {
    /// `BPF_MAP_TYPE_HASH`.
    Hash = 1,
    /// `BPF_MAP_TYPE_ARRAY`.
    Array = 2,
    /// `BPF_MAP_TYPE_PERCPU_HASH`.
    PercpuHash = 5,
    /// `BPF_MAP_TYPE_PERCPU_ARRAY`.
    PercpuArray = 6,
}

impl MapKind {
    /// Whether a value has a slot for each possible CPU.
    pub const fn is_percpu(self) -> bool {
        match self {
            MapKind::PercpuHash | MapKind::PercpuArray => true,
            MapKind::Hash | MapKind::Array => false,
        }
    }
}

/// A map of the real kernel with four-byte keys. Freed on drop.
#[derive(Debug)]
pub struct NativeMap {
    fd: OwnedFd,
    value_bytes: usize,
}

impl NativeMap {
    /// `BPF_MAP_CREATE`. `possible` is how many CPUs the kernel calls possible, at least.
    pub(crate) fn create(
        kind: MapKind,
        value_size: u32,
        entries: u32,
        possible: usize,
    ) -> Result<Self, Failed> {
        let value_bytes = bytes_in_user_space(kind, value_size, possible);
        let value_bytes =
            value_bytes.ok_or(Failed { command: Cmd::MapCreate.name(), number: libc::E2BIG })?;
        let mut attr =
            Attr::new().u32(0, kind as u32).u32(4, 4).u32(8, value_size).u32(12, entries);
        // SAFETY: 1. and 2. The arm of MAP_CREATE has no address in these 16 bytes.
        let fd = unsafe { bpf(Cmd::MapCreate, &mut attr) }?;
        // SAFETY: 1. MAP_CREATE returns a new descriptor. 2. It returned just now.
        Ok(Self { fd: unsafe { take(fd) }, value_bytes })
    }

    /// Bytes that a lookup writes and an update reads: `value_size`, or its round-up to eight
    /// times the number of possible CPUs. Source: `bpf_map_value_size`, `kernel/bpf/syscall.c`.
    pub fn value_bytes(&self) -> usize {
        self.value_bytes
    }

    /// `BPF_MAP_LOOKUP_ELEM` without flags. `value` becomes [`Self::value_bytes`] long; after the
    /// first call with the same buffer nothing is allocated.
    pub fn lookup(&self, key: u32, value: &mut Vec<u8>) -> Result<(), Failed> {
        value.resize(self.value_bytes, 0);
        let mut attr = self.element(&key, value.as_mut_ptr() as u64);
        // SAFETY: 1. The map's keys have four bytes (`create`), and `key` lives until the end.
        // 2. The kernel writes the value's size in user space: `value` was resized to it, from the
        // same count of possible CPUs that the kernel has used since boot, and is borrowed
        // exclusively.
        unsafe { bpf(Cmd::MapLookupElem, &mut attr) }?;
        Ok(())
    }

    /// `BPF_MAP_UPDATE_ELEM`. A value that is not [`Self::value_bytes`] long is EINVAL, from here.
    pub fn update(&self, key: u32, value: &[u8], flags: u64) -> Result<(), Failed> {
        if value.len() != self.value_bytes {
            return Err(Failed { command: Cmd::MapUpdateElem.name(), number: libc::EINVAL });
        }
        let mut attr = self.element(&key, value.as_ptr() as u64).u64(24, flags);
        // SAFETY: 1. Keys have four bytes, and `value` has as many as the kernel reads (checked
        // above). 2. An update writes nothing in user space.
        unsafe { bpf(Cmd::MapUpdateElem, &mut attr) }?;
        Ok(())
    }

    /// `BPF_MAP_GET_NEXT_KEY`: the key after `key`, or the first.
    pub fn next_key(&self, key: Option<u32>) -> Result<u32, Failed> {
        let mut next = 0u32;
        let at = key.as_ref().map_or(0, |key| key as *const u32 as u64);
        let mut attr = Attr::new().fd(0, &self.fd).u64(8, at).u64(16, &raw mut next as u64);
        // SAFETY: 1. Keys have four bytes, and both lie in variables that live until the end.
        // 2. The kernel writes one key.
        unsafe { bpf(Cmd::MapGetNextKey, &mut attr) }?;
        Ok(next)
    }

    /// `BPF_MAP_LOOKUP_BATCH` from the beginning, for as many elements as `keys` has room for.
    /// Returns how many there were. The end of the map (ENOENT) is no error.
    pub fn lookup_batch(&self, keys: &mut [u32], values: &mut [u8]) -> Result<u32, Failed> {
        let room = values.len().checked_div(self.value_bytes).unwrap_or(0).min(keys.len());
        let mut cursor = [0u8; 8];
        let mut attr = Attr::new()
            .u64(8, cursor.as_mut_ptr() as u64)
            .u64(16, keys.as_mut_ptr() as u64)
            .u64(24, values.as_mut_ptr() as u64)
            .u32(32, room as u32)
            .fd(36, &self.fd)
            .u64(48, 0);
        // SAFETY: 1. `keys` and `values` have room for `room` elements of this map and are borrowed
        // exclusively. 2. The kernel writes at most that many, and four bytes of cursor.
        match unsafe { bpf(Cmd::MapLookupBatch, &mut attr) } {
            Ok(_) => {}
            Err(failed) if failed.number == libc::ENOENT => {}
            Err(failed) => return Err(failed),
        }
        Ok(attr.u32_at(32))
    }

    fn element(&self, key: &u32, value: u64) -> Attr {
        Attr::new().fd(0, &self.fd).u64(8, key as *const u32 as u64).u64(16, value)
    }
}

fn bytes_in_user_space(kind: MapKind, value_size: u32, possible: usize) -> Option<usize> {
    let size = usize::try_from(value_size).ok()?;
    if kind.is_percpu() {
        return size.checked_next_multiple_of(8)?.checked_mul(possible);
    }
    Some(size)
}

impl AsFd for NativeMap {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl AsRawFd for NativeMap {
    fn as_raw_fd(&self) -> RawFd {
        self.fd.as_raw_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::array_is_not_rounded(MapKind::Array, 12, 2, Some(12))]
    #[case::hash_is_not_rounded(MapKind::Hash, 12, 2, Some(12))]
    #[case::percpu_array(MapKind::PercpuArray, 12, 2, Some(32))]
    #[case::percpu_hash(MapKind::PercpuHash, 16, 3, Some(48))]
    #[case::too_long_to_count(MapKind::PercpuHash, u32::MAX, usize::MAX, None)]
    fn a_value_in_user_space_has_a_slot_per_possible_cpu(
        #[case] kind: MapKind,
        #[case] value_size: u32,
        #[case] possible: usize,
        #[case] bytes: Option<usize>,
    ) {
        assert_eq!(bytes_in_user_space(kind, value_size, possible), bytes);
    }
}
