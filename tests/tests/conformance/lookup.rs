//! `BPF_MAP_LOOKUP_ELEM` of v6.18, and what other releases say of its flags.

use bpfsim_abi::Errno;
use bpfsim_abi::attr::{MapElemAttr, UserAddr};
use bpfsim_tests::bench::{Said, wanted};
use bpfsim_tests::numbers::{cmd, create, flag, map};
use bpfsim_tests::{Bench, World};
use rstest::rstest;

/// A map of two 8-byte values, the one under key 1 all sevens.
fn map_of(bench: &mut Bench, map_type: u32) -> u32 {
    let fd = bench.create(wanted(map_type, 8, 2));
    let percpu = map_type == map::PERCPU_HASH || map_type == map::PERCPU_ARRAY;
    let values = if percpu { bench.cpus() } else { 1 };
    assert_eq!(bench.update(fd, &1u32.to_le_bytes(), &vec![7; 8 * values], flag::ANY), Ok(0));
    fd
}

/// One change to the good attr: key 1 of a map, a buffer for its value.
#[derive(Clone, Copy, Debug)]
enum Change {
    Nothing,
    NoSuchFd,
    NotAMap,
    UnmappedKey,
    NullKey,
    KeyCutOff,
    AbsentKey,
    UnmappedValue,
    ValueCutOff,
    Flags(u64),
    FlagsAndNoSuchFd(u64),
    LockAndUnmappedKey,
    AbsentKeyAndUnmappedValue,
}

fn lookup(bench: &mut Bench, map_type: u32, change: Change) -> (Said, Vec<u8>) {
    let fd = map_of(bench, map_type);
    let percpu = map_type == map::PERCPU_HASH || map_type == map::PERCPU_ARRAY;
    let len = if percpu { 8 * bench.cpus() } else { 8 };
    let (nowhere, value) = (bench.nowhere(), bench.room(len));
    let good = MapElemAttr {
        map_fd: fd,
        key: bench.alloc(&1u32.to_le_bytes()),
        value,
        ..MapElemAttr::default()
    };
    let absent = bench.alloc(&9u32.to_le_bytes());
    let arm = match change {
        Change::Nothing => good,
        Change::NoSuchFd => MapElemAttr { map_fd: 777, ..good },
        Change::NotAMap => MapElemAttr { map_fd: 0, ..good },
        Change::UnmappedKey => MapElemAttr { key: nowhere, ..good },
        Change::NullKey => MapElemAttr { key: UserAddr::NULL, ..good },
        Change::KeyCutOff => MapElemAttr { key: UserAddr(good.key.0 + 1), ..good },
        Change::AbsentKey => MapElemAttr { key: absent, ..good },
        Change::UnmappedValue => MapElemAttr { value: nowhere, ..good },
        Change::ValueCutOff => MapElemAttr { value: UserAddr(value.0 + 1), ..good },
        Change::Flags(flags) => MapElemAttr { flags, ..good },
        Change::FlagsAndNoSuchFd(flags) => MapElemAttr { flags, map_fd: 777, ..good },
        Change::LockAndUnmappedKey => MapElemAttr { flags: flag::LOCK, key: nowhere, ..good },
        Change::AbsentKeyAndUnmappedValue => MapElemAttr { key: absent, value: nowhere, ..good },
    };
    let said = bench.call(cmd::LOOKUP, &arm);
    (said, bench.read(value, len))
}

#[rstest]
#[case::found(Change::Nothing, Ok(0))]
#[case::no_such_fd(Change::NoSuchFd, Err(Errno::EBADF))]
#[case::fd_of_something_else(Change::NotAMap, Err(Errno::EINVAL))]
#[case::unmapped_key(Change::UnmappedKey, Err(Errno::EFAULT))]
#[case::null_key(Change::NullKey, Err(Errno::EFAULT))]
#[case::last_byte_of_the_key_unmapped(Change::KeyCutOff, Err(Errno::EFAULT))]
#[case::absent_key(Change::AbsentKey, Err(Errno::ENOENT))]
#[case::unmapped_value(Change::UnmappedValue, Err(Errno::EFAULT))]
#[case::last_byte_of_the_value_unmapped(Change::ValueCutOff, Err(Errno::EFAULT))]
#[case::absent_before_the_value(Change::AbsentKeyAndUnmappedValue, Err(Errno::ENOENT))]
#[case::lock_without_a_spin_lock(Change::Flags(flag::LOCK), Err(Errno::EINVAL))]
#[case::lock_before_the_key(Change::LockAndUnmappedKey, Err(Errno::EINVAL))]
#[case::lock_after_the_fd(Change::FlagsAndNoSuchFd(flag::LOCK), Err(Errno::EBADF))]
#[case::exist(Change::Flags(flag::EXIST), Err(Errno::EINVAL))]
#[case::cpu_of_a_later_release(Change::Flags(flag::CPU), Err(Errno::EINVAL))]
#[case::upper_half(Change::Flags(1 << 32), Err(Errno::EINVAL))]
#[case::flags_before_the_fd(Change::FlagsAndNoSuchFd(1), Err(Errno::EINVAL))]
fn errors_in_order(
    #[values(World::Simulated, World::Native)] world: World,
    #[values(map::HASH, map::ARRAY, map::PERCPU_HASH, map::PERCPU_ARRAY)] map_type: u32,
    #[case] change: Change,
    #[case] expected: Said,
) {
    let Some(mut bench) = world.bench() else { return };
    let (said, value) = lookup(&mut bench, map_type, change);
    assert_eq!(said, expected);
    // A fault in the middle comes after the bytes before it.
    let arrived = match change {
        Change::Nothing => 0,
        Change::ValueCutOff => 1,
        _ => value.len(),
    };
    let (before, after) = value.split_at(arrived);
    assert!(before.iter().all(|byte| *byte == 0), "{value:?}");
    assert!(after.iter().all(|byte| *byte == 7), "{value:?}");
}

/// Flags of a lookup by release: none up to v5.0, then judged before the fd, after it from v6.19.
#[rstest]
#[case::no_field("5.0", 4, Err(Errno::EINVAL))]
#[case::judged_early("5.1", 8, Err(Errno::EINVAL))]
#[case::lock_is_known("5.1", 4, Err(Errno::EBADF))]
#[case::still_early("6.18", 8, Err(Errno::EINVAL))]
#[case::judged_late("6.19", 8, Err(Errno::EBADF))]
#[case::later("7.0", 1 << 20, Err(Errno::EBADF))]
fn flags_with_a_bad_fd(#[case] release: &str, #[case] flags: u64, #[case] expected: Said) {
    let mut bench = Bench::at(release);
    let (said, _) = lookup(&mut bench, map::HASH, Change::FlagsAndNoSuchFd(flags));
    assert_eq!(said, expected);
}

/// The fd says who may read and who may write.
#[rstest]
#[case::read_only_reads(create::RDONLY, cmd::LOOKUP, Ok(0))]
#[case::read_only_walks(create::RDONLY, cmd::NEXT_KEY, Ok(0))]
#[case::read_only_writes(create::RDONLY, cmd::UPDATE, Err(Errno::EPERM))]
#[case::read_only_deletes(create::RDONLY, cmd::DELETE, Err(Errno::EPERM))]
#[case::write_only_reads(create::WRONLY, cmd::LOOKUP, Err(Errno::EPERM))]
#[case::write_only_walks(create::WRONLY, cmd::NEXT_KEY, Err(Errno::EPERM))]
#[case::write_only_writes(create::WRONLY, cmd::UPDATE, Ok(0))]
#[case::write_only_deletes(create::WRONLY, cmd::DELETE, Err(Errno::EINVAL))]
fn modes_of_the_fd(
    #[values(World::Simulated, World::Native)] world: World,
    #[values(false, true)] bad_key: bool,
    #[case] flags: u32,
    #[case] cmd: u32,
    #[case] expected: Said,
) {
    let Some(mut bench) = world.bench() else { return };
    let mut array = wanted(map::ARRAY, 8, 2);
    array.flags = flags;
    let arm = MapElemAttr {
        map_fd: bench.create(array),
        key: if bad_key { bench.nowhere() } else { bench.alloc(&0u32.to_le_bytes()) },
        value: if cmd == cmd::DELETE { UserAddr::NULL } else { bench.room(8) },
        ..MapElemAttr::default()
    };
    // The mode is looked at before the key.
    let late = expected != Err(Errno::EPERM) && bad_key;
    let expected = if late { Err(Errno::EFAULT) } else { expected };
    assert_eq!(bench.call(cmd, &arm), expected);
}

/// Sizes that are no multiple of anything arrive whole, and nothing behind them is touched.
#[rstest]
fn odd_sizes(
    #[values(World::Simulated, World::Native)] world: World,
    #[values(1, 2, 3, 7, 9, 12, 13, 513)] key: u32,
    #[values(1, 3, 8, 13, 64, 65)] value: u32,
) {
    let Some(mut bench) = world.bench() else { return };
    let fd = bench.create(bpfsim_tests::bench::Wanted { key, ..wanted(map::HASH, value, 3) });
    let bytes = |len: u32, seed: u32| (0..len).map(|i| (i + seed) as u8).collect::<Vec<u8>>();
    for seed in 0..3 {
        assert_eq!(bench.update(fd, &bytes(key, seed), &bytes(value, seed + 9), 0), Ok(0));
    }
    for seed in 0..3 {
        let found = bench.lookup(fd, &bytes(key, seed), value as usize + 4);
        let mut expected = bytes(value, seed + 9);
        expected.extend([0; 4]);
        assert_eq!(found, Ok(expected));
    }
}
