//! LPM_TRIE, v4.11: the longest prefix wins.

use crate::ask::{At, ask};
use bpfsim_abi::Errno;
use bpfsim_tests::bench::{Said, Wanted};
use bpfsim_tests::numbers::{cmd, create, flag, map};
use bpfsim_tests::{Bench, World};
use rstest::rstest;

/// A trie of IPv4 addresses.
fn trie(bench: &mut Bench, entries: u32) -> u32 {
    let flags = create::NO_PREALLOC;
    bench.create(Wanted { map_type: map::LPM_TRIE, key: 8, value: 8, entries, flags })
}

fn key(bits: u32, address: [u8; 4]) -> Vec<u8> {
    [bits.to_le_bytes(), address].concat()
}

fn add(bench: &mut Bench, fd: u32, bits: u32, address: [u8; 4], flags: u64) -> Said {
    let value = [bits.to_le_bytes(), address].concat();
    bench.update(fd, &key(bits, address), &value, flags)
}

/// The length of the prefix that an address falls into.
fn find(bench: &mut Bench, fd: u32, bits: u32, address: [u8; 4]) -> Result<u8, Errno> {
    bench.lookup(fd, &key(bits, address), 8).map(|value| value[0])
}

/// The prefixes of the examples.
const PREFIXES: [(u32, [u8; 4]); 5] = [
    (16, [192, 168, 0, 0]),
    (24, [192, 168, 0, 0]),
    (24, [192, 168, 128, 0]),
    (24, [192, 168, 1, 0]),
    (8, [10, 0, 0, 0]),
];

fn filled(bench: &mut Bench) -> u32 {
    let fd = trie(bench, 5);
    for (bits, address) in PREFIXES {
        assert_eq!(add(bench, fd, bits, address, flag::ANY), Ok(0));
    }
    fd
}

const ABSENT: Result<u8, Errno> = Err(Errno::ENOENT);

#[rstest]
#[case::itself(24, [192, 168, 1, 0], Ok(24))]
#[case::within(32, [192, 168, 1, 77], Ok(24))]
#[case::beside(32, [192, 168, 2, 1], Ok(16))]
#[case::short_of_it(20, [192, 168, 1, 0], Ok(16))]
#[case::what_only_branches(23, [192, 168, 0, 0], Ok(16))]
#[case::elsewhere(32, [10, 255, 0, 1], Ok(8))]
#[case::nowhere(32, [11, 0, 0, 1], ABSENT)]
#[case::too_short(7, [10, 0, 0, 0], ABSENT)]
#[case::no_bits(0, [10, 0, 0, 0], ABSENT)]
#[case::too_long(33, [10, 0, 0, 1], ABSENT)]
#[case::far_too_long(u32::MAX, [10, 0, 0, 1], ABSENT)]
fn lookups(
    #[values(World::Simulated, World::Native)] world: World,
    #[case] bits: u32,
    #[case] address: [u8; 4],
    #[case] expected: Result<u8, Errno>,
) {
    let Some(mut bench) = world.bench() else { return };
    let fd = filled(&mut bench);
    assert_eq!(find(&mut bench, fd, bits, address), expected);
}

/// Up to v6.7 a key that is too long matches as if it were of full length.
#[rstest]
#[case("6.7", Ok(8))]
#[case("6.8", ABSENT)]
fn long_keys(#[case] release: &str, #[case] expected: Result<u8, Errno>) {
    let mut bench = Bench::at(release);
    let fd = filled(&mut bench);
    assert_eq!(find(&mut bench, fd, 40, [10, 0, 0, 1]), expected);
}

/// The trie is full: five of five.
#[rstest]
#[case::replaced(8, [10, 0, 0, 0], flag::ANY, Ok(0))]
#[case::replaced_if_there(8, [10, 0, 0, 0], flag::EXIST, Ok(0))]
#[case::already_there(8, [10, 0, 0, 0], flag::NOEXIST, Err(Errno::EEXIST))]
#[case::full(9, [10, 0, 0, 0], flag::ANY, Err(Errno::ENOSPC))]
#[case::not_there(9, [10, 0, 0, 0], flag::EXIST, Err(Errno::ENOENT))]
#[case::only_branches(23, [192, 168, 0, 0], flag::EXIST, Err(Errno::ENOENT))]
#[case::would_be_an_entry(23, [192, 168, 0, 0], flag::NOEXIST, Err(Errno::ENOSPC))]
#[case::too_long(33, [10, 0, 0, 0], flag::ANY, Err(Errno::EINVAL))]
#[case::flags(8, [10, 0, 0, 0], 3, Err(Errno::EINVAL))]
#[case::locked(8, [10, 0, 0, 0], flag::LOCK, Err(Errno::EINVAL))]
fn updates(
    #[values(World::Simulated, World::Native)] world: World,
    #[case] bits: u32,
    #[case] address: [u8; 4],
    #[case] flags: u64,
    #[case] expected: Said,
) {
    let Some(mut bench) = world.bench() else { return };
    let fd = filled(&mut bench);
    assert_eq!(add(&mut bench, fd, bits, address, flags), expected);
}

/// Up to v6.12 flags say nothing, and a full trie replaces nothing.
#[rstest]
#[case::full("6.12", 5, flag::EXIST, Err(Errno::ENOSPC))]
#[case::replaces("6.13", 5, flag::EXIST, Ok(0))]
#[case::noexist_says_nothing("6.12", 6, flag::NOEXIST, Ok(0))]
#[case::noexist("6.13", 6, flag::NOEXIST, Err(Errno::EEXIST))]
fn flags_by_release(
    #[case] release: &str,
    #[case] entries: u32,
    #[case] flags: u64,
    #[case] expected: Said,
) {
    let mut bench = Bench::at(release);
    let fd = trie(&mut bench, entries);
    for (bits, address) in PREFIXES {
        assert_eq!(add(&mut bench, fd, bits, address, flag::ANY), Ok(0));
    }
    assert_eq!(add(&mut bench, fd, 8, [10, 0, 0, 0], flags), expected);
}

fn walk(bench: &mut Bench, fd: u32) -> Vec<(u8, [u8; 2])> {
    bench.keys(fd, 8, 9).into_iter().map(|key| (key[0], [key[4], key[6]])).collect()
}

/// Children before parents, zeros before ones.
#[rstest]
fn order(#[values(World::Simulated, World::Native)] world: World) {
    let Some(mut bench) = world.bench() else { return };
    let fd = filled(&mut bench);
    let order = [(8, [10, 0]), (24, [192, 0]), (24, [192, 1]), (24, [192, 128]), (16, [192, 0])];
    assert_eq!(walk(&mut bench, fd), order);
    for (bits, address) in [(16, [192, 168, 0, 0]), (24, [192, 168, 1, 0])] {
        assert_eq!(bench.delete(fd, &key(bits, address)), Ok(0));
    }
    assert_eq!(walk(&mut bench, fd), [(8, [10, 0]), (24, [192, 0]), (24, [192, 128])]);
    // A key that is not there, or is none, starts again.
    for bits in [9, 33] {
        let next = bench.next(fd, Some(&key(bits, [10, 0, 0, 0])), 8);
        assert_eq!(next, Ok(key(8, [10, 0, 0, 0])));
    }
}

#[rstest]
#[case::no_walk("4.15", Err(Errno::ENOTSUPP))]
#[case::walk("4.16", Ok(key(8, [10, 0, 0, 0])))]
fn first_keys(#[case] release: &str, #[case] expected: Result<Vec<u8>, Errno>) {
    let mut bench = Bench::at(release);
    let fd = filled(&mut bench);
    assert_eq!(bench.next(fd, None, 8), expected);
}

/// What hangs to the right of a node with no left was left out up to v5.1; from v6.13 on a key
/// that differs from the one at its place counts as absent.
#[rstest]
#[case::hidden("5.1", &[(16, [10, 0])])]
#[case::seen("5.2", &[(24, [10, 128]), (16, [10, 0])])]
fn walks_by_release(#[case] release: &str, #[case] expected: &[(u8, [u8; 2])]) {
    let mut bench = Bench::at(release);
    let fd = trie(&mut bench, 9);
    assert_eq!(add(&mut bench, fd, 16, [10, 0, 0, 0], 0), Ok(0));
    assert_eq!(add(&mut bench, fd, 24, [10, 0, 128, 0], 0), Ok(0));
    assert_eq!(walk(&mut bench, fd), expected);
}

#[rstest]
#[case::taken_for_it("6.12", Ok(key(16, [10, 0, 0, 0])))]
#[case::absent("6.13", Ok(key(24, [10, 0, 128, 0])))]
fn strangers(#[case] release: &str, #[case] expected: Result<Vec<u8>, Errno>) {
    let mut bench = Bench::at(release);
    let fd = trie(&mut bench, 9);
    assert_eq!(add(&mut bench, fd, 16, [10, 0, 0, 0], 0), Ok(0));
    assert_eq!(add(&mut bench, fd, 24, [10, 0, 128, 0], 0), Ok(0));
    assert_eq!(bench.next(fd, Some(&key(24, [10, 0, 129, 0])), 8), expected);
}

#[rstest]
#[case::there(24, [192, 168, 1, 0], Ok(0))]
#[case::with_children(16, [192, 168, 0, 0], Ok(0))]
#[case::absent(25, [192, 168, 1, 0], Err(Errno::ENOENT))]
#[case::only_branches(23, [192, 168, 0, 0], Err(Errno::ENOENT))]
#[case::same_length(8, [11, 0, 0, 0], Err(Errno::ENOENT))]
#[case::too_long(33, [10, 0, 0, 0], Err(Errno::EINVAL))]
fn deletes(
    #[values(World::Simulated, World::Native)] world: World,
    #[case] bits: u32,
    #[case] address: [u8; 4],
    #[case] expected: Said,
) {
    let Some(mut bench) = world.bench() else { return };
    let fd = filled(&mut bench);
    assert_eq!(bench.delete(fd, &key(bits, address)), expected);
    assert_eq!(walk(&mut bench, fd).len(), 5 - usize::from(expected.is_ok()));
}

/// There is a delete since v4.15, which up to v4.20 took the length of a key for the key.
#[rstest]
#[case::none("4.14", Err(Errno::ENOSYS))]
#[case::any_of_that_length("4.15", Ok(0))]
#[case::still("4.20", Ok(0))]
#[case::exactly("5.0", Err(Errno::ENOENT))]
fn deletes_by_release(#[case] release: &str, #[case] expected: Said) {
    let mut bench = Bench::at(release);
    let fd = trie(&mut bench, 5);
    assert_eq!(add(&mut bench, fd, 8, [10, 0, 0, 0], 0), Ok(0));
    assert_eq!(bench.delete(fd, &key(8, [11, 0, 0, 0])), expected);
    assert_eq!(find(&mut bench, fd, 32, [10, 0, 0, 1]).is_ok(), expected.is_err());
}

const NOT_AT_ALL: Said = Err(Errno::ENOTSUPP);
const ANY: At = At::Bytes(&[8, 0, 0, 0, 10, 0, 0, 0]);

#[rstest]
#[case::taken(cmd::TAKE, ANY, ANY, 0, NOT_AT_ALL)]
#[case::taken_from_nowhere(cmd::TAKE, At::Nowhere, ANY, 0, Err(Errno::EFAULT))]
#[case::looked_up_without_a_key(cmd::LOOKUP, At::Null, ANY, 0, Err(Errno::EFAULT))]
#[case::looked_up_for_nobody(cmd::LOOKUP, ANY, At::Null, 0, Err(Errno::EFAULT))]
#[case::deleted_without_a_key(cmd::DELETE, At::Null, At::Null, 0, Err(Errno::EFAULT))]
fn errors(
    #[values(World::Simulated, World::Native)] world: World,
    #[case] cmd: u32,
    #[case] key: At,
    #[case] value: At,
    #[case] flags: u64,
    #[case] expected: Said,
) {
    let Some(mut bench) = world.bench() else { return };
    let fd = filled(&mut bench);
    assert_eq!(ask(&mut bench, fd, cmd, (key, value), flags), expected);
}

/// Batches since v5.13, but none that deletes what it reads.
#[rstest]
#[case::none("5.12", [NOT_AT_ALL; 4])]
#[case::some("5.13", [Ok(0), NOT_AT_ALL, Ok(0), Ok(0)])]
fn batches(#[case] release: &str, #[case] expected: [Said; 4]) {
    let mut bench = Bench::at(release);
    let fd = filled(&mut bench);
    assert_eq!(crate::ask::batches(&mut bench, fd, 0), expected);
}
