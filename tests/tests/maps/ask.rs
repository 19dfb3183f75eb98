//! Element commands with arguments of every kind.

use bpfsim_abi::attr::{BatchAttr, MapCreateAttr, MapElemAttr, UserAddr};
use bpfsim_tests::Bench;
use bpfsim_tests::bench::{Said, Wanted};
use bpfsim_tests::numbers::cmd;

/// A pointer of an element command.
#[derive(Clone, Copy, Debug)]
pub enum At {
    /// To these bytes.
    Bytes(&'static [u8]),
    /// To nothing.
    Null,
    /// To memory that is not there.
    Nowhere,
}

/// One element command; its answer.
pub fn ask(bench: &mut Bench, fd: u32, cmd: u32, (key, value): (At, At), flags: u64) -> Said {
    let nowhere = bench.nowhere();
    let mut place = |at: At| match at {
        At::Bytes(bytes) => bench.alloc(bytes),
        At::Null => UserAddr::NULL,
        At::Nowhere => nowhere,
    };
    let (key, value) = (place(key), place(value));
    let arm = MapElemAttr { map_fd: fd, key, value, flags, ..MapElemAttr::default() };
    bench.call(cmd, &arm)
}

/// The four batch commands, with nothing in them but the map.
pub fn batches(bench: &mut Bench, fd: u32, count: u32) -> [Said; 4] {
    [cmd::LOOKUP_BATCH, cmd::TAKE_BATCH, cmd::UPDATE_BATCH, cmd::DELETE_BATCH].map(|cmd| {
        let arm = BatchAttr { map_fd: fd, count, ..BatchAttr::default() };
        bench.call(cmd, &arm)
    })
}

/// A map with `map_extra`.
pub fn with_extra(bench: &mut Bench, map: Wanted, map_extra: u64) -> u32 {
    let arm = MapCreateAttr {
        map_type: map.map_type,
        key_size: map.key,
        value_size: map.value,
        max_entries: map.entries,
        map_flags: map.flags,
        map_extra,
        ..MapCreateAttr::default()
    };
    bench.call(cmd::MAP_CREATE, &arm).expect("a map") as u32
}
