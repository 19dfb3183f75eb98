//! `BPF_MAP_DELETE_ELEM` of v6.18.

use bpfsim_abi::Errno;
use bpfsim_abi::attr::{MapElemAttr, UserAddr};
use bpfsim_tests::World;
use bpfsim_tests::bench::{Said, wanted};
use bpfsim_tests::numbers::{cmd, flag, map};
use rstest::rstest;

const HASHES: [u32; 2] = [map::HASH, map::PERCPU_HASH];
const ARRAYS: [u32; 2] = [map::ARRAY, map::PERCPU_ARRAY];

/// One change to the good attr: key 1, which is there.
#[derive(Clone, Copy, Debug)]
enum Change {
    Nothing,
    NoSuchFd,
    NotAMap,
    UnmappedKey,
    NullKey,
    AbsentKey,
    Value,
}

fn check(world: World, types: [u32; 2], change: Change, expected: Said) {
    for map_type in types {
        let Some(mut bench) = world.bench() else { return };
        let fd = bench.create(wanted(map_type, 8, 4));
        let value = vec![7; 8 * bench.cpus()];
        assert_eq!(bench.update(fd, &1u32.to_le_bytes(), &value, flag::ANY), Ok(0));
        let key = bench.alloc(&1u32.to_le_bytes());
        let good = MapElemAttr { map_fd: fd, key, ..MapElemAttr::default() };
        let arm = match change {
            Change::Nothing => good,
            Change::NoSuchFd => MapElemAttr { map_fd: 777, ..good },
            Change::NotAMap => MapElemAttr { map_fd: 0, ..good },
            Change::UnmappedKey => MapElemAttr { key: bench.nowhere(), ..good },
            Change::NullKey => MapElemAttr { key: UserAddr::NULL, ..good },
            Change::AbsentKey => MapElemAttr { key: bench.alloc(&9u32.to_le_bytes()), ..good },
            Change::Value => MapElemAttr { value: key, ..good },
        };
        assert_eq!(bench.call(cmd::DELETE, &arm), expected, "map type {map_type}");
        let gone = if expected.is_ok() { Err(Errno::ENOENT) } else { Ok(()) };
        let found = bench.lookup(fd, &1u32.to_le_bytes(), value.len()).map(|_| ());
        assert_eq!(found, gone, "map type {map_type}");
    }
}

#[rstest]
#[case::gone(Change::Nothing, Ok(0))]
#[case::no_such_fd(Change::NoSuchFd, Err(Errno::EBADF))]
#[case::fd_of_something_else(Change::NotAMap, Err(Errno::EINVAL))]
#[case::unmapped_key(Change::UnmappedKey, Err(Errno::EFAULT))]
#[case::null_key(Change::NullKey, Err(Errno::EFAULT))]
#[case::absent_key(Change::AbsentKey, Err(Errno::ENOENT))]
#[case::past_the_last_field(Change::Value, Err(Errno::EINVAL))]
fn from_a_hash(
    #[values(World::Simulated, World::Native)] world: World,
    #[case] change: Change,
    #[case] expected: Said,
) {
    check(world, HASHES, change, expected);
}

/// An array keeps its elements, whatever the index.
#[rstest]
#[case::index_in_range(Change::Nothing, Err(Errno::EINVAL))]
#[case::index_past_the_end(Change::AbsentKey, Err(Errno::EINVAL))]
#[case::unmapped_key(Change::UnmappedKey, Err(Errno::EFAULT))]
#[case::no_such_fd(Change::NoSuchFd, Err(Errno::EBADF))]
fn from_an_array(
    #[values(World::Simulated, World::Native)] world: World,
    #[case] change: Change,
    #[case] expected: Said,
) {
    check(world, ARRAYS, change, expected);
}

#[rstest]
fn twice_is_once_too_often(
    #[values(World::Simulated, World::Native)] world: World,
    #[values(map::HASH, map::PERCPU_HASH)] map_type: u32,
) {
    let Some(mut bench) = world.bench() else { return };
    let fd = bench.create(wanted(map_type, 8, 4));
    let value = vec![7; 8 * bench.cpus()];
    assert_eq!(bench.update(fd, &1u32.to_le_bytes(), &value, flag::ANY), Ok(0));
    assert_eq!(bench.delete(fd, &1u32.to_le_bytes()), Ok(0));
    assert_eq!(bench.delete(fd, &1u32.to_le_bytes()), Err(Errno::ENOENT));
}
