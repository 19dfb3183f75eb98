//! `BPF_MAP_CREATE` of types that are not modelled. What it answers is in `tests/cases/map_create`.

use bpfsim_abi::attr::MapCreateAttr;
use bpfsim_syscall::Failure;
use bpfsim_tests::Bench;
use bpfsim_tests::numbers::{cmd, create, map};
use zerocopy::IntoBytes;

/// A hash of two 8-byte values.
fn good() -> MapCreateAttr {
    MapCreateAttr {
        map_type: map::HASH,
        key_size: 4,
        value_size: 8,
        max_entries: 2,
        ..MapCreateAttr::default()
    }
}

/// What the release has and the model has not is said, never answered with an errno.
#[test]
fn not_modelled() {
    let arm = MapCreateAttr { map_type: 35, map_flags: create::NO_PREALLOC, ..good() };
    let answer = Bench::at("7.2").try_call(cmd::MAP_CREATE, arm.as_bytes());
    let Err(Failure::NotModelled(text)) = answer else { panic!("{answer:?}") };
    assert!(text.contains("RHASH"), "{text}");
}
