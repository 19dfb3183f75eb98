//! `BPF_MAP_LOOKUP_AND_DELETE_ELEM`.

use bpfsim_abi::Errno;
use bpfsim_abi::attr::{MapElemAttr, UserAddr};
use bpfsim_tests::bench::{Said, Wanted, wanted};
use bpfsim_tests::numbers::{cmd, create, flag, map};
use bpfsim_tests::{Bench, World};
use rstest::rstest;

/// One change to the good attr: key 1, which is there, and room for its value.
#[derive(Clone, Copy, Debug)]
enum Change {
    Nothing,
    NoSuchFd,
    NotAMap,
    UnmappedKey,
    AbsentKey,
    UnmappedValue,
    Flags(u64),
    FlagsAndNoSuchFd(u64),
    LockAndUnmappedKey,
}

/// What the call said, what it wrote, and whether the key is still there.
fn take(bench: &mut Bench, wanted: Wanted, change: Change) -> (Said, Vec<u8>, bool) {
    let fd = bench.create(wanted);
    let percpu = wanted.map_type == map::PERCPU_HASH || wanted.map_type == map::PERCPU_ARRAY;
    let len = if percpu { 8 * bench.cpus() } else { 8 };
    let stored: Vec<u8> = (1..=len as u8).collect();
    assert_eq!(bench.update(fd, &1u32.to_le_bytes(), &stored, flag::ANY), Ok(0));
    let (key, value) = (bench.alloc(&1u32.to_le_bytes()), bench.room(len));
    let (nowhere, absent) = (bench.nowhere(), bench.alloc(&9u32.to_le_bytes()));
    let good = MapElemAttr { map_fd: fd, key, value, ..MapElemAttr::default() };
    let arm = match change {
        Change::Nothing => good,
        Change::NoSuchFd => MapElemAttr { map_fd: 777, ..good },
        Change::NotAMap => MapElemAttr { map_fd: 0, ..good },
        Change::UnmappedKey => MapElemAttr { key: nowhere, ..good },
        Change::AbsentKey => MapElemAttr { key: absent, ..good },
        Change::UnmappedValue => MapElemAttr { value: nowhere, ..good },
        Change::Flags(flags) => MapElemAttr { flags, ..good },
        Change::FlagsAndNoSuchFd(flags) => MapElemAttr { flags, map_fd: 777, ..good },
        Change::LockAndUnmappedKey => MapElemAttr { flags: flag::LOCK, key: nowhere, ..good },
    };
    let said = bench.call(cmd::TAKE, &arm);
    let there = bench.lookup(fd, &1u32.to_le_bytes(), len).is_ok();
    (said, bench.read(value, len), there)
}

#[rstest]
#[case::taken(Change::Nothing, Ok(0), false)]
#[case::no_such_fd(Change::NoSuchFd, Err(Errno::EBADF), true)]
#[case::fd_of_something_else(Change::NotAMap, Err(Errno::EINVAL), true)]
#[case::unmapped_key(Change::UnmappedKey, Err(Errno::EFAULT), true)]
#[case::absent_key(Change::AbsentKey, Err(Errno::ENOENT), true)]
#[case::lost_with_its_value(Change::UnmappedValue, Err(Errno::EFAULT), false)]
#[case::lock_without_a_spin_lock(Change::Flags(flag::LOCK), Err(Errno::EINVAL), true)]
#[case::lock_after_the_fd(Change::FlagsAndNoSuchFd(flag::LOCK), Err(Errno::EBADF), true)]
#[case::lock_before_the_key(Change::LockAndUnmappedKey, Err(Errno::EINVAL), true)]
#[case::exist(Change::Flags(flag::EXIST), Err(Errno::EINVAL), true)]
#[case::upper_half(Change::Flags(1 << 32), Err(Errno::EINVAL), true)]
#[case::flags_before_the_fd(Change::FlagsAndNoSuchFd(1), Err(Errno::EINVAL), true)]
fn from_a_hash(
    #[values(World::Simulated, World::Native)] world: World,
    #[values(map::HASH, map::PERCPU_HASH)] map_type: u32,
    #[case] change: Change,
    #[case] expected: Said,
    #[case] stays: bool,
) {
    let Some(mut bench) = world.bench() else { return };
    let (said, value, there) = take(&mut bench, wanted(map_type, 8, 2), change);
    assert_eq!((said, there), (expected, stays));
    let written: Vec<u8> = (1..=value.len() as u8).collect();
    assert_eq!(value == written, said.is_ok(), "{value:?}");
}

/// Arrays are refused after the key was read.
#[rstest]
#[case::refused(Change::Nothing, Err(Errno::ENOTSUPP))]
#[case::key_first(Change::UnmappedKey, Err(Errno::EFAULT))]
#[case::flags_first(Change::Flags(flag::LOCK), Err(Errno::EINVAL))]
fn from_an_array(
    #[values(World::Simulated, World::Native)] world: World,
    #[values(map::ARRAY, map::PERCPU_ARRAY)] map_type: u32,
    #[case] change: Change,
    #[case] expected: Said,
) {
    let Some(mut bench) = world.bench() else { return };
    let (said, value, there) = take(&mut bench, wanted(map_type, 8, 2), change);
    assert_eq!((said, there), (expected, true));
    assert!(value.iter().all(|byte| *byte == 0), "{value:?}");
}

/// Hashes since v5.14, and flags with them.
#[rstest]
#[case::no_command("4.19", Change::Nothing, Err(Errno::EINVAL))]
#[case::queues_only("4.20", Change::Nothing, Err(Errno::ENOTSUPP))]
#[case::key_was_read("4.20", Change::UnmappedKey, Err(Errno::EFAULT))]
#[case::still("5.13", Change::Nothing, Err(Errno::ENOTSUPP))]
#[case::flags_are_past_the_end("5.13", Change::Flags(flag::LOCK), Err(Errno::EINVAL))]
#[case::past_the_end_first("5.13", Change::FlagsAndNoSuchFd(flag::LOCK), Err(Errno::EINVAL))]
#[case::hashes("5.14", Change::Nothing, Ok(0))]
#[case::lock_is_known("5.14", Change::FlagsAndNoSuchFd(flag::LOCK), Err(Errno::EBADF))]
#[case::cpus_are_not("7.0", Change::FlagsAndNoSuchFd(flag::CPU), Err(Errno::EINVAL))]
fn by_release(#[case] release: &str, #[case] change: Change, #[case] expected: Said) {
    let (said, ..) = take(&mut Bench::at(release), wanted(map::HASH, 8, 2), change);
    assert_eq!(said, expected);
}

fn with_mode(bench: &mut Bench, flags: u32) -> Said {
    let fd = bench.create(Wanted { flags, ..wanted(map::HASH, 8, 2) });
    let (key, value) = (bench.alloc(&1u32.to_le_bytes()), bench.room(8));
    let arm = MapElemAttr { map_fd: fd, key, value, ..MapElemAttr::default() };
    let unmapped = MapElemAttr { key: UserAddr(4096), ..arm };
    let said = bench.call(cmd::TAKE, &arm);
    if said == Err(Errno::EPERM) {
        assert_eq!(bench.call(cmd::TAKE, &unmapped), said, "the mode is judged before the key");
    }
    said
}

/// The fd must be good for both since v5.7.
#[rstest]
#[case::both(0, Err(Errno::ENOENT))]
#[case::read_only(create::RDONLY, Err(Errno::EPERM))]
#[case::write_only(create::WRONLY, Err(Errno::EPERM))]
fn modes(
    #[values(World::Simulated, World::Native)] world: World,
    #[case] flags: u32,
    #[case] expected: Said,
) {
    let Some(mut bench) = world.bench() else { return };
    assert_eq!(with_mode(&mut bench, flags), expected);
}

#[rstest]
#[case::write_only_was_enough("5.6", create::WRONLY, Err(Errno::ENOTSUPP))]
#[case::read_only_never("5.6", create::RDONLY, Err(Errno::EPERM))]
#[case::no_more("5.7", create::WRONLY, Err(Errno::EPERM))]
fn modes_by_release(#[case] release: &str, #[case] flags: u32, #[case] expected: Said) {
    assert_eq!(with_mode(&mut Bench::at(release), flags), expected);
}
