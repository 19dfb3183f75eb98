//! What the batch commands refuse, and in which order.

use bpfsim_abi::Errno;
use bpfsim_abi::attr::BatchAttr;
use bpfsim_tests::bench::{Said, Wanted, wanted};
use bpfsim_tests::numbers::{cmd, create, flag, map};
use bpfsim_tests::{Bench, World};
use rstest::rstest;

/// `count` before the call, for calls that do not reach it.
const COUNT: u32 = 2;

/// One change to the good attr: two keys, room for two values and for a cursor.
#[derive(Clone, Copy, Debug)]
enum Change {
    Nothing,
    NoSuchFd,
    NotAMap,
    ElemFlags(u64),
    ElemFlagsAndNoSuchFd(u64),
    Flags(u64),
    FlagsAndNothingToDo,
    NothingToDo,
    NothingToDoAndElemFlags,
    UnmappedKeys,
    UnmappedValues,
    UnmappedCursor,
    UnmappedOut,
}

/// What the call said, and `count` after it.
fn call(bench: &mut Bench, command: u32, wanted: Wanted, change: Change) -> (Said, u32) {
    let fd = bench.create(wanted);
    let key: Vec<u8> = [0u32, 1].iter().flat_map(|key| key.to_le_bytes()).collect();
    let stored = vec![7; 8 * bench.cpus()];
    for one in key.chunks(4) {
        assert_eq!(bench.update(fd, one, &stored, flag::ANY), Ok(0));
    }
    let nowhere = bench.nowhere();
    let good = BatchAttr {
        out_batch: bench.room(4),
        keys: bench.alloc(&key),
        values: bench.room(2 * 8 * bench.cpus()),
        count: COUNT,
        map_fd: fd,
        ..BatchAttr::default()
    };
    let arm = match change {
        Change::Nothing => good,
        Change::NoSuchFd => BatchAttr { map_fd: 777, ..good },
        Change::NotAMap => BatchAttr { map_fd: 0, ..good },
        Change::ElemFlags(elem_flags) => BatchAttr { elem_flags, ..good },
        Change::ElemFlagsAndNoSuchFd(elem_flags) => BatchAttr { elem_flags, map_fd: 777, ..good },
        Change::Flags(flags) => BatchAttr { flags, ..good },
        Change::FlagsAndNothingToDo => BatchAttr { flags: 1, count: 0, ..good },
        Change::NothingToDo => BatchAttr { count: 0, ..good },
        Change::NothingToDoAndElemFlags => BatchAttr { count: 0, elem_flags: 1, ..good },
        Change::UnmappedKeys => BatchAttr { keys: nowhere, ..good },
        Change::UnmappedValues => BatchAttr { values: nowhere, ..good },
        Change::UnmappedCursor => BatchAttr { in_batch: nowhere, ..good },
        Change::UnmappedOut => BatchAttr { out_batch: nowhere, ..good },
    };
    let (said, attr) = bench.call_back(command, &arm);
    let count = attr[32..36].try_into().map(u32::from_le_bytes).expect("four bytes");
    (said, count)
}

const LOCK: Change = Change::ElemFlags(flag::LOCK);

#[rstest]
#[case::lookup(cmd::LOOKUP_BATCH, Change::Nothing, Err(Errno::ENOENT), 2)]
#[case::take(cmd::TAKE_BATCH, Change::Nothing, Err(Errno::ENOENT), 2)]
#[case::update(cmd::UPDATE_BATCH, Change::Nothing, Ok(0), 2)]
#[case::delete(cmd::DELETE_BATCH, Change::Nothing, Ok(0), 2)]
#[case::no_such_fd(cmd::LOOKUP_BATCH, Change::NoSuchFd, Err(Errno::EBADF), 2)]
#[case::not_a_map(cmd::TAKE_BATCH, Change::NotAMap, Err(Errno::EINVAL), 2)]
#[case::elem_flags(cmd::LOOKUP_BATCH, Change::ElemFlags(1), Err(Errno::EINVAL), 2)]
#[case::update_has_no_noexist(cmd::UPDATE_BATCH, Change::ElemFlags(1), Err(Errno::EINVAL), 2)]
#[case::update_has_no_exist(cmd::UPDATE_BATCH, Change::ElemFlags(2), Err(Errno::EINVAL), 2)]
#[case::delete_flags(cmd::DELETE_BATCH, Change::ElemFlags(1 << 40), Err(Errno::EINVAL), 2)]
#[case::lock(cmd::LOOKUP_BATCH, LOCK, Err(Errno::EINVAL), 2)]
#[case::lock_of_a_take(cmd::TAKE_BATCH, LOCK, Err(Errno::EINVAL), 2)]
#[case::lock_of_an_update(cmd::UPDATE_BATCH, LOCK, Err(Errno::EINVAL), 2)]
#[case::lock_of_a_delete(cmd::DELETE_BATCH, LOCK, Err(Errno::EINVAL), 2)]
#[case::fd_first(cmd::UPDATE_BATCH, Change::ElemFlagsAndNoSuchFd(1), Err(Errno::EBADF), 2)]
#[case::flags_of_a_lookup(cmd::LOOKUP_BATCH, Change::Flags(1), Err(Errno::EINVAL), 2)]
#[case::flags_of_a_take(cmd::TAKE_BATCH, Change::Flags(1), Err(Errno::EINVAL), 2)]
#[case::nobody_reads_them(cmd::UPDATE_BATCH, Change::Flags(1), Ok(0), 2)]
#[case::nobody_here_either(cmd::DELETE_BATCH, Change::Flags(1), Ok(0), 2)]
#[case::flags_of_nothing(cmd::LOOKUP_BATCH, Change::FlagsAndNothingToDo, Err(Errno::EINVAL), 0)]
#[case::nothing(cmd::LOOKUP_BATCH, Change::NothingToDo, Ok(0), 0)]
#[case::nothing_to_take(cmd::TAKE_BATCH, Change::NothingToDo, Ok(0), 0)]
#[case::nothing_to_write(cmd::UPDATE_BATCH, Change::NothingToDo, Ok(0), 0)]
#[case::nothing_to_delete(cmd::DELETE_BATCH, Change::NothingToDo, Ok(0), 0)]
#[case::flags_first(cmd::DELETE_BATCH, Change::NothingToDoAndElemFlags, Err(Errno::EINVAL), 0)]
#[case::keys(cmd::LOOKUP_BATCH, Change::UnmappedKeys, Err(Errno::EFAULT), 0)]
#[case::keys_of_a_take(cmd::TAKE_BATCH, Change::UnmappedKeys, Err(Errno::EFAULT), 0)]
#[case::keys_of_an_update(cmd::UPDATE_BATCH, Change::UnmappedKeys, Err(Errno::EFAULT), 0)]
#[case::keys_of_a_delete(cmd::DELETE_BATCH, Change::UnmappedKeys, Err(Errno::EFAULT), 0)]
#[case::values(cmd::LOOKUP_BATCH, Change::UnmappedValues, Err(Errno::EFAULT), 0)]
#[case::values_of_an_update(cmd::UPDATE_BATCH, Change::UnmappedValues, Err(Errno::EFAULT), 0)]
#[case::delete_has_none(cmd::DELETE_BATCH, Change::UnmappedValues, Ok(0), 2)]
#[case::cursor(cmd::LOOKUP_BATCH, Change::UnmappedCursor, Err(Errno::EFAULT), 0)]
#[case::update_has_none(cmd::UPDATE_BATCH, Change::UnmappedCursor, Ok(0), 2)]
#[case::out(cmd::LOOKUP_BATCH, Change::UnmappedOut, Err(Errno::EFAULT), 0)]
#[case::out_of_a_take(cmd::TAKE_BATCH, Change::UnmappedOut, Err(Errno::EFAULT), 0)]
#[case::nothing_goes_out(cmd::DELETE_BATCH, Change::UnmappedOut, Ok(0), 2)]
fn of_hashes(
    #[values(World::Simulated, World::Native)] world: World,
    #[values(map::HASH, map::PERCPU_HASH)] map_type: u32,
    #[case] command: u32,
    #[case] change: Change,
    #[case] expected: Said,
    #[case] count: u32,
) {
    let Some(mut bench) = world.bench() else { return };
    assert_eq!(call(&mut bench, command, wanted(map_type, 8, 4), change), (expected, count));
}

#[rstest]
#[case::lookup(cmd::LOOKUP_BATCH, Change::Nothing, Ok(0), 2)]
#[case::update(cmd::UPDATE_BATCH, Change::Nothing, Ok(0), 2)]
#[case::no_take(cmd::TAKE_BATCH, Change::Nothing, Err(Errno::ENOTSUPP), 2)]
#[case::no_delete(cmd::DELETE_BATCH, Change::Nothing, Err(Errno::ENOTSUPP), 2)]
#[case::type_before_flags(cmd::DELETE_BATCH, Change::ElemFlags(1), Err(Errno::ENOTSUPP), 2)]
#[case::type_before_nothing(cmd::TAKE_BATCH, Change::NothingToDo, Err(Errno::ENOTSUPP), 0)]
#[case::elem_flags(cmd::LOOKUP_BATCH, Change::ElemFlags(2), Err(Errno::EINVAL), 2)]
#[case::nobody_reads_flags(cmd::LOOKUP_BATCH, Change::Flags(1), Ok(0), 2)]
#[case::keys(cmd::LOOKUP_BATCH, Change::UnmappedKeys, Err(Errno::EFAULT), 0)]
#[case::values(cmd::LOOKUP_BATCH, Change::UnmappedValues, Err(Errno::EFAULT), 0)]
#[case::cursor(cmd::LOOKUP_BATCH, Change::UnmappedCursor, Err(Errno::EFAULT), 0)]
#[case::out_after_count(cmd::LOOKUP_BATCH, Change::UnmappedOut, Err(Errno::EFAULT), 2)]
fn of_arrays(
    #[values(World::Simulated, World::Native)] world: World,
    #[values(map::ARRAY, map::PERCPU_ARRAY)] map_type: u32,
    #[case] command: u32,
    #[case] change: Change,
    #[case] expected: Said,
    #[case] count: u32,
) {
    let Some(mut bench) = world.bench() else { return };
    assert_eq!(call(&mut bench, command, wanted(map_type, 8, 4), change), (expected, count));
}

#[rstest]
#[case::lookup(cmd::LOOKUP_BATCH, true, false)]
#[case::take(cmd::TAKE_BATCH, true, true)]
#[case::update(cmd::UPDATE_BATCH, false, true)]
#[case::delete(cmd::DELETE_BATCH, false, true)]
fn modes(
    #[values(World::Simulated, World::Native)] world: World,
    #[case] command: u32,
    #[case] reads: bool,
    #[case] writes: bool,
) {
    for (flags, has) in [(create::RDONLY, !writes), (create::WRONLY, !reads)] {
        let Some(mut bench) = world.bench() else { return };
        let map_fd = bench.create(Wanted { flags, ..wanted(map::HASH, 8, 4) });
        let said = bench.call(command, &BatchAttr { map_fd, ..BatchAttr::default() });
        assert_eq!(said, if has { Ok(0) } else { Err(Errno::EPERM) }, "map_flags {flags}");
    }
}

/// What came when.
#[rstest]
#[case::no_command("5.5", cmd::LOOKUP_BATCH, map::HASH, Change::Nothing, Err(Errno::EINVAL), 2)]
#[case::hashes("5.6", cmd::LOOKUP_BATCH, map::HASH, Change::Nothing, Err(Errno::ENOENT), 2)]
#[case::arrays("5.6", cmd::LOOKUP_BATCH, map::ARRAY, Change::Nothing, Ok(0), 2)]
#[case::no_percpu("5.12", cmd::UPDATE_BATCH, map::PERCPU_ARRAY, Change::Nothing, NOT_HERE, 2)]
#[case::percpu("5.13", cmd::UPDATE_BATCH, map::PERCPU_ARRAY, Change::Nothing, Ok(0), 2)]
#[case::count_at_the_end("6.6", cmd::DELETE_BATCH, map::HASH, Change::UnmappedKeys, FAULT, 0)]
#[case::one_cpu("6.18", cmd::LOOKUP_BATCH, map::PERCPU_HASH, CPU_1, Err(Errno::EINVAL), 2)]
#[case::one_cpu("6.19", cmd::LOOKUP_BATCH, map::PERCPU_HASH, CPU_1, Err(Errno::EINVAL), 2)]
#[case::one_cpu("7.0", cmd::LOOKUP_BATCH, map::PERCPU_HASH, CPU_1, Err(Errno::ENOENT), 2)]
#[case::one_cpu("7.0", cmd::LOOKUP_BATCH, map::PERCPU_ARRAY, CPU_1, Ok(0), 2)]
#[case::one_cpu("7.0", cmd::UPDATE_BATCH, map::PERCPU_HASH, CPU_1, Ok(0), 2)]
#[case::has_no_cpus("7.0", cmd::LOOKUP_BATCH, map::HASH, CPU_1, Err(Errno::EINVAL), 2)]
#[case::has_no_cpus("7.0", cmd::UPDATE_BATCH, map::ARRAY, CPU_1, Err(Errno::EINVAL), 2)]
#[case::not_taken("7.0", cmd::TAKE_BATCH, map::PERCPU_HASH, CPU_1, Err(Errno::EINVAL), 2)]
#[case::not_deleted("7.0", cmd::DELETE_BATCH, map::PERCPU_HASH, CPU_1, Err(Errno::EINVAL), 2)]
#[case::no_such_cpu("7.0", cmd::UPDATE_BATCH, map::PERCPU_HASH, CPU_9, Err(Errno::ERANGE), 2)]
#[case::no_such_cpu("7.0", cmd::LOOKUP_BATCH, map::PERCPU_HASH, CPU_9, Err(Errno::ERANGE), 2)]
#[case::all_write("7.0", cmd::UPDATE_BATCH, map::PERCPU_ARRAY, ALL, Ok(0), 2)]
#[case::all_read("7.0", cmd::LOOKUP_BATCH, map::PERCPU_ARRAY, ALL, Err(Errno::EINVAL), 2)]
#[case::noexist("7.0", cmd::UPDATE_BATCH, map::PERCPU_HASH, NOEXIST, Err(Errno::EINVAL), 2)]
fn by_release(
    #[case] release: &str,
    #[case] command: u32,
    #[case] map_type: u32,
    #[case] change: Change,
    #[case] expected: Said,
    #[case] count: u32,
) {
    let mut bench = Bench::at(release);
    assert_eq!(call(&mut bench, command, wanted(map_type, 8, 4), change), (expected, count));
}

const NOT_HERE: Said = Err(Errno::ENOTSUPP);
const FAULT: Said = Err(Errno::EFAULT);
const CPU_1: Change = Change::ElemFlags(flag::CPU | 1 << 32);
const CPU_9: Change = Change::ElemFlags(flag::CPU | 9 << 32);
const ALL: Change = Change::ElemFlags(flag::ALL_CPUS);
const NOEXIST: Change = Change::ElemFlags(flag::CPU | flag::NOEXIST);
