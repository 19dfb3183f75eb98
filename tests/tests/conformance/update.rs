//! `BPF_MAP_UPDATE_ELEM` of v6.18, and the order of E2BIG, EEXIST and ENOENT by release.

use bpfsim_abi::Errno;
use bpfsim_abi::attr::{MapElemAttr, UserAddr};
use bpfsim_tests::bench::{Said, Wanted, wanted};
use bpfsim_tests::numbers::{cmd, create, flag, map};
use bpfsim_tests::{Bench, World};
use rstest::rstest;

fn is_percpu(map_type: u32) -> bool {
    map_type == map::PERCPU_HASH || map_type == map::PERCPU_ARRAY
}

fn value_len(bench: &Bench, map_type: u32) -> usize {
    if is_percpu(map_type) { 8 * bench.cpus() } else { 8 }
}

/// One change to the good attr: key 1, which is there, with a new value.
#[derive(Clone, Copy, Debug)]
enum Change {
    Nothing,
    NoSuchFd,
    NotAMap,
    UnmappedKey,
    NullKey,
    UnmappedValue,
    NullValue,
    ValueCutOff,
    Flags(u64),
    UnmappedKeyAndValue(u64),
    UnmappedValueAndFlags(u64),
}

fn update(bench: &mut Bench, map_type: u32, change: Change) -> Said {
    let fd = bench.create(wanted(map_type, 8, 4));
    let len = value_len(bench, map_type);
    assert_eq!(bench.update(fd, &1u32.to_le_bytes(), &vec![7; len], flag::ANY), Ok(0));
    let nowhere = bench.nowhere();
    let good = MapElemAttr {
        map_fd: fd,
        key: bench.alloc(&1u32.to_le_bytes()),
        value: bench.alloc(&vec![8; len]),
        ..MapElemAttr::default()
    };
    let arm = match change {
        Change::Nothing => good,
        Change::NoSuchFd => MapElemAttr { map_fd: 777, flags: !0, ..good },
        Change::NotAMap => MapElemAttr { map_fd: 0, ..good },
        Change::UnmappedKey => MapElemAttr { key: nowhere, ..good },
        Change::NullKey => MapElemAttr { key: UserAddr::NULL, ..good },
        Change::UnmappedValue => MapElemAttr { value: nowhere, ..good },
        Change::NullValue => MapElemAttr { value: UserAddr::NULL, ..good },
        Change::ValueCutOff => MapElemAttr { value: UserAddr(good.value.0 + 1), ..good },
        Change::Flags(flags) => MapElemAttr { flags, ..good },
        Change::UnmappedKeyAndValue(flags) => {
            MapElemAttr { key: nowhere, value: nowhere, flags, ..good }
        }
        Change::UnmappedValueAndFlags(flags) => MapElemAttr { value: nowhere, flags, ..good },
    };
    let said = bench.call(cmd::UPDATE, &arm);
    let byte = if said.is_ok() { 8 } else { 7 };
    let found = bench.lookup(fd, &1u32.to_le_bytes(), len);
    assert_eq!(found, Ok(vec![byte; len]), "a failed update changes nothing");
    said
}

#[rstest]
#[case::replaced(Change::Nothing, Ok(0))]
#[case::fd_before_flags(Change::NoSuchFd, Err(Errno::EBADF))]
#[case::fd_of_something_else(Change::NotAMap, Err(Errno::EINVAL))]
#[case::unmapped_key(Change::UnmappedKey, Err(Errno::EFAULT))]
#[case::null_key(Change::NullKey, Err(Errno::EFAULT))]
#[case::unmapped_value(Change::UnmappedValue, Err(Errno::EFAULT))]
#[case::null_value(Change::NullValue, Err(Errno::EFAULT))]
#[case::last_byte_of_the_value_unmapped(Change::ValueCutOff, Err(Errno::EFAULT))]
#[case::exist(Change::Flags(flag::EXIST), Ok(0))]
#[case::noexist(Change::Flags(flag::NOEXIST), Err(Errno::EEXIST))]
#[case::both(Change::Flags(3), Err(Errno::EINVAL))]
#[case::lock_without_a_spin_lock(Change::Flags(flag::LOCK), Err(Errno::EINVAL))]
#[case::lock_before_the_key(Change::UnmappedKeyAndValue(flag::LOCK), Err(Errno::EINVAL))]
#[case::cpu_of_a_later_release(Change::Flags(flag::CPU), Err(Errno::EINVAL))]
#[case::all_cpus_of_a_later_release(Change::Flags(flag::ALL_CPUS), Err(Errno::EINVAL))]
#[case::upper_half(Change::Flags(1 << 32), Err(Errno::EINVAL))]
#[case::minus_one(Change::Flags(!0), Err(Errno::EINVAL))]
#[case::buffers_before_other_flags(Change::UnmappedKeyAndValue(8), Err(Errno::EFAULT))]
#[case::value_before_other_flags(Change::UnmappedValueAndFlags(3), Err(Errno::EFAULT))]
#[case::value_before_noexist(Change::UnmappedValueAndFlags(1), Err(Errno::EFAULT))]
fn errors_in_order(
    #[values(World::Simulated, World::Native)] world: World,
    #[values(map::HASH, map::ARRAY, map::PERCPU_HASH, map::PERCPU_ARRAY)] map_type: u32,
    #[case] change: Change,
    #[case] expected: Said,
) {
    if let Some(mut bench) = world.bench() {
        assert_eq!(update(&mut bench, map_type, change), expected);
    }
}

/// One update of a hash of two elements: keys 1 and, where it is full, 2.
fn of_a_hash(bench: &mut Bench, wanted: Wanted, full: bool, key: u32, flags: u64) -> Said {
    let fd = bench.create(wanted);
    let len = value_len(bench, wanted.map_type);
    for present in if full { &[1u32, 2][..] } else { &[1][..] } {
        assert_eq!(bench.update(fd, &present.to_le_bytes(), &vec![7; len], flag::ANY), Ok(0));
    }
    bench.update(fd, &key.to_le_bytes(), &vec![9; len], flags)
}

#[rstest]
#[case::absent(false, 3, flag::ANY, Ok(0))]
#[case::absent_noexist(false, 3, flag::NOEXIST, Ok(0))]
#[case::absent_exist(false, 3, flag::EXIST, Err(Errno::ENOENT))]
#[case::full(true, 3, flag::ANY, Err(Errno::E2BIG))]
#[case::full_noexist(true, 3, flag::NOEXIST, Err(Errno::E2BIG))]
#[case::full_and_absent_exist(true, 3, flag::EXIST, Err(Errno::ENOENT))]
#[case::full_replaced(true, 1, flag::ANY, Ok(0))]
#[case::full_replaced_exist(true, 2, flag::EXIST, Ok(0))]
#[case::full_and_present_noexist(true, 1, flag::NOEXIST, Err(Errno::EEXIST))]
#[case::flags_before_full(true, 3, 3, Err(Errno::EINVAL))]
fn a_hash_that_is_full(
    #[values(World::Simulated, World::Native)] world: World,
    #[values(map::HASH, map::PERCPU_HASH)] map_type: u32,
    #[values(0, create::NO_PREALLOC)] map_flags: u32,
    #[case] full: bool,
    #[case] key: u32,
    #[case] flags: u64,
    #[case] expected: Said,
) {
    let Some(mut bench) = world.bench() else { return };
    let map = Wanted { flags: map_flags, ..wanted(map_type, 8, 2) };
    assert_eq!(of_a_hash(&mut bench, map, full, key, flags), expected);
}

/// Up to v4.5 a full map was noticed first; v4.6 and v4.7 need room to replace.
#[rstest]
#[case::v4_4_absent_exist("4.4", 3, flag::EXIST, Err(Errno::E2BIG))]
#[case::v4_5_absent_exist("4.5", 3, flag::EXIST, Err(Errno::E2BIG))]
#[case::v4_6_absent_exist("4.6", 3, flag::EXIST, Err(Errno::ENOENT))]
#[case::v4_5_replaced("4.5", 1, flag::ANY, Ok(0))]
#[case::v4_5_present_noexist("4.5", 1, flag::NOEXIST, Err(Errno::EEXIST))]
#[case::v4_6_replaced("4.6", 1, flag::ANY, Err(Errno::E2BIG))]
#[case::v4_6_replaced_exist("4.6", 1, flag::EXIST, Err(Errno::E2BIG))]
#[case::v4_6_present_noexist("4.6", 1, flag::NOEXIST, Err(Errno::EEXIST))]
#[case::v4_7_replaced("4.7", 1, flag::ANY, Err(Errno::E2BIG))]
#[case::v4_8_replaced("4.8", 1, flag::ANY, Ok(0))]
fn a_full_hash_by_release(
    #[case] release: &str,
    #[case] key: u32,
    #[case] flags: u64,
    #[case] expected: Said,
) {
    let mut bench = Bench::at(release);
    assert_eq!(of_a_hash(&mut bench, wanted(map::HASH, 8, 2), true, key, flags), expected);
}

/// The same without preallocation, where v4.6 and v4.7 count elements one by one; per-CPU values
/// are updated in place at every release.
#[rstest]
#[case::v4_6("4.6", map::HASH, create::NO_PREALLOC, Err(Errno::E2BIG))]
#[case::v4_7("4.7", map::HASH, create::NO_PREALLOC, Err(Errno::E2BIG))]
#[case::v4_8("4.8", map::HASH, create::NO_PREALLOC, Ok(0))]
#[case::v4_6_percpu("4.6", map::PERCPU_HASH, 0, Ok(0))]
#[case::v4_6_percpu_not_preallocated("4.6", map::PERCPU_HASH, create::NO_PREALLOC, Ok(0))]
fn replacing_in_a_full_hash(
    #[case] release: &str,
    #[case] map_type: u32,
    #[case] flags: u32,
    #[case] expected: Said,
) {
    let map = Wanted { flags, ..wanted(map_type, 8, 2) };
    assert_eq!(of_a_hash(&mut Bench::at(release), map, true, 1, flag::ANY), expected);
}

#[rstest]
#[case::in_range(1, flag::ANY, Ok(0))]
#[case::in_range_exist(1, flag::EXIST, Ok(0))]
#[case::in_range_noexist(1, flag::NOEXIST, Err(Errno::EEXIST))]
#[case::past_the_end(2, flag::ANY, Err(Errno::E2BIG))]
#[case::past_the_end_exist(2, flag::EXIST, Err(Errno::E2BIG))]
#[case::past_the_end_noexist(2, flag::NOEXIST, Err(Errno::E2BIG))]
#[case::flags_before_the_index(2, 3, Err(Errno::EINVAL))]
#[case::index_minus_one(u32::MAX, flag::ANY, Err(Errno::E2BIG))]
fn an_array(
    #[values(World::Simulated, World::Native)] world: World,
    #[values(map::ARRAY, map::PERCPU_ARRAY)] map_type: u32,
    #[case] key: u32,
    #[case] flags: u64,
    #[case] expected: Said,
) {
    let Some(mut bench) = world.bench() else { return };
    let fd = bench.create(wanted(map_type, 8, 2));
    let value = vec![9; value_len(&bench, map_type)];
    assert_eq!(bench.update(fd, &key.to_le_bytes(), &value, flags), expected);
}

/// A deleted element can be created again, as often as one likes.
#[rstest]
fn elements_come_back(
    #[values(World::Simulated, World::Native)] world: World,
    #[values(map::HASH, map::PERCPU_HASH)] map_type: u32,
    #[values(0, create::NO_PREALLOC)] flags: u32,
) {
    let Some(mut bench) = world.bench() else { return };
    let fd = bench.create(Wanted { flags, ..wanted(map_type, 8, 2) });
    let len = value_len(&bench, map_type);
    for round in 0..20u32 {
        let key = round.to_le_bytes();
        assert_eq!(bench.update(fd, &key, &vec![round as u8; len], flag::NOEXIST), Ok(0));
        assert_eq!(bench.lookup(fd, &key, len), Ok(vec![round as u8; len]));
        assert_eq!(bench.delete(fd, &key), Ok(0));
    }
}
