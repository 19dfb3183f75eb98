//! `BPF_MAP_UPDATE_ELEM` of v6.18: what fails, and that it changes nothing. Full hashes, arrays and
//! other releases are cases, `tests/cases/elem/updates.case`.

use bpfsim_abi::Errno;
use bpfsim_abi::attr::{MapElemAttr, UserAddr};
use bpfsim_tests::bench::{Said, wanted};
use bpfsim_tests::numbers::{cmd, flag, map};
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
