//! `BPF_MAP_GET_NEXT_KEY`: its errors, and the order of a walk.

use bpfsim_abi::Errno;
use bpfsim_abi::attr::{MapElemAttr, UserAddr};
use bpfsim_tests::bench::{Said, Wanted, wanted};
use bpfsim_tests::numbers::{cmd, create, flag, map};
use bpfsim_tests::{Bench, World};
use rstest::rstest;

/// A map of three, with one element under key 1 at least.
fn map_of(bench: &mut Bench, map_type: u32) -> u32 {
    let fd = bench.create(wanted(map_type, 8, 3));
    let value = vec![7; 8 * bench.cpus()];
    assert_eq!(bench.update(fd, &1u32.to_le_bytes(), &value, flag::ANY), Ok(0));
    fd
}

/// One change to the good attr: no key, a buffer for the first.
#[derive(Clone, Copy, Debug)]
enum Change {
    Nothing,
    NoSuchFd,
    NotAMap,
    UnmappedKey,
    AbsentKey,
    UnmappedNext,
    NextCutOff,
    Flags,
}

#[rstest]
#[case::first(Change::Nothing, Ok(0))]
#[case::no_such_fd(Change::NoSuchFd, Err(Errno::EBADF))]
#[case::fd_of_something_else(Change::NotAMap, Err(Errno::EINVAL))]
#[case::unmapped_key(Change::UnmappedKey, Err(Errno::EFAULT))]
#[case::absent_key_starts_again(Change::AbsentKey, Ok(0))]
#[case::unmapped_buffer(Change::UnmappedNext, Err(Errno::EFAULT))]
#[case::last_byte_of_the_buffer_unmapped(Change::NextCutOff, Err(Errno::EFAULT))]
#[case::past_the_last_field(Change::Flags, Err(Errno::EINVAL))]
fn errors_in_order(
    #[values(World::Simulated, World::Native)] world: World,
    #[values(map::HASH, map::ARRAY, map::PERCPU_HASH, map::PERCPU_ARRAY)] map_type: u32,
    #[case] change: Change,
    #[case] expected: Said,
) {
    let Some(mut bench) = world.bench() else { return };
    let fd = map_of(&mut bench, map_type);
    let (nowhere, next) = (bench.nowhere(), bench.room(4));
    let good = MapElemAttr { map_fd: fd, value: next, ..MapElemAttr::default() };
    let arm = match change {
        Change::Nothing => good,
        Change::NoSuchFd => MapElemAttr { map_fd: 777, ..good },
        Change::NotAMap => MapElemAttr { map_fd: 0, ..good },
        Change::UnmappedKey => MapElemAttr { key: nowhere, ..good },
        Change::AbsentKey => MapElemAttr { key: bench.alloc(&9u32.to_le_bytes()), ..good },
        Change::UnmappedNext => MapElemAttr { value: nowhere, ..good },
        Change::NextCutOff => MapElemAttr { value: UserAddr(next.0 + 1), ..good },
        Change::Flags => MapElemAttr { flags: 1, ..good },
    };
    assert_eq!(bench.call(cmd::NEXT_KEY, &arm), expected);
    let is_array = map_type == map::ARRAY || map_type == map::PERCPU_ARRAY;
    let first = if is_array { 0u32 } else { 1 };
    let mut written = [0; 4];
    match change {
        // A fault in the middle comes after the bytes before it.
        Change::NextCutOff => written[1..].copy_from_slice(&first.to_le_bytes()[..3]),
        _ if expected.is_ok() => written = first.to_le_bytes(),
        _ => {}
    }
    assert_eq!(bench.read(next, 4), written);
}

/// Before v4.12 a NULL key was an address like any other.
#[rstest]
#[case::v4_4("4.4", Err(Errno::EFAULT))]
#[case::v4_11("4.11", Err(Errno::EFAULT))]
#[case::v4_12("4.12", Ok(0))]
fn a_null_key(#[case] release: &str, #[case] expected: Said) {
    let mut bench = Bench::at(release);
    let fd = bench.create(wanted(map::ARRAY, 8, 3));
    let said = bench.next(fd, None, 4).map(|_| 0);
    assert_eq!(said, expected);
}

#[rstest]
#[case::first(0, Ok(1))]
#[case::middle(1, Ok(2))]
#[case::last(2, Err(Errno::ENOENT))]
#[case::past_the_end(3, Ok(0))]
#[case::minus_one(u32::MAX, Ok(0))]
fn an_array_counts(
    #[values(World::Simulated, World::Native)] world: World,
    #[values(map::ARRAY, map::PERCPU_ARRAY)] map_type: u32,
    #[case] key: u32,
    #[case] expected: Result<u32, Errno>,
) {
    let Some(mut bench) = world.bench() else { return };
    let fd = bench.create(wanted(map_type, 8, 3));
    let next = bench.next(fd, Some(&key.to_le_bytes()), 4);
    assert_eq!(next, expected.map(|key| key.to_le_bytes().to_vec()));
}

#[rstest]
fn an_empty_hash_ends_at_once(
    #[values(World::Simulated, World::Native)] world: World,
    #[values(map::HASH, map::PERCPU_HASH)] map_type: u32,
) {
    let Some(mut bench) = world.bench() else { return };
    let fd = bench.create(wanted(map_type, 8, 3));
    assert_eq!(bench.next(fd, None, 4), Err(Errno::ENOENT));
    assert_eq!(bench.next(fd, Some(&[1; 4]), 4), Err(Errno::ENOENT));
}

/// Key number `i`, of `len` bytes.
fn key(i: u32, len: u32) -> Vec<u8> {
    let seed = i.wrapping_mul(0x9e37_79b1).to_le_bytes();
    (0..len as usize).map(|at| seed[at % 4] ^ at as u8).collect()
}

/// Fills a hash without a random seed, deletes some, replaces some; the walk.
fn walk(bench: &mut Bench, map: Wanted) -> Vec<Vec<u8>> {
    let fd = bench.create(Wanted { flags: map.flags | create::ZERO_SEED, ..map });
    let value = vec![1; 8 * bench.cpus()];
    for i in 0..map.entries {
        assert_eq!(bench.update(fd, &key(i, map.key), &value, flag::ANY), Ok(0));
    }
    for i in (0..map.entries).step_by(3) {
        assert_eq!(bench.delete(fd, &key(i, map.key)), Ok(0));
    }
    for i in (1..map.entries).step_by(3) {
        assert_eq!(bench.update(fd, &key(i, map.key), &value, flag::EXIST), Ok(0));
    }
    for i in (0..map.entries).step_by(6) {
        assert_eq!(bench.update(fd, &key(i, map.key), &value, flag::NOEXIST), Ok(0));
    }
    bench.keys(fd, map.key as usize, 2 * map.entries as usize)
}

/// With `BPF_F_ZERO_SEED` the order is the hash function's alone, and both worlds have the same.
#[rstest]
fn the_order_of_a_hash(
    #[values(map::HASH, map::PERCPU_HASH)] map_type: u32,
    #[values(0, create::NO_PREALLOC)] flags: u32,
    #[values(4, 5, 8, 12, 13, 16, 29)] key_len: u32,
    #[values(1, 7, 16)] entries: u32,
) {
    let map = Wanted { map_type, key: key_len, value: 8, entries, flags };
    let mut simulated = Bench::at("6.18");
    let order = walk(&mut simulated, map);
    let gone = entries.div_ceil(3) - entries.div_ceil(6);
    assert_eq!(order.len() as u32, entries - gone);
    let Some(mut native) = World::Native.bench() else { return };
    if native.cpus() == simulated.cpus() {
        assert_eq!(order, walk(&mut native, map));
    }
}
