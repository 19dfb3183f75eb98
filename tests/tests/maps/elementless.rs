//! Maps without elements for user space: rings (v5.8, v6.1) and stack traces (v4.6), of which only
//! programs know more.

use crate::ask::{At, ask, batches};
use bpfsim_abi::Errno;
use bpfsim_tests::bench::{Said, Wanted};
use bpfsim_tests::numbers::{cmd, create, flag, map};
use bpfsim_tests::{Bench, World};
use rstest::rstest;

const NOT_AT_ALL: Said = Err(Errno::ENOTSUPP);
const INVALID: Said = Err(Errno::EINVAL);
const ABSENT: Said = Err(Errno::ENOENT);
const SOME: At = At::Bytes(&[0; 8]);

fn ring(bench: &mut Bench, map_type: u32) -> u32 {
    bench.create(Wanted { map_type, key: 0, value: 0, entries: 8192, flags: 0 })
}

/// Every command gets as far as the map operation, which refuses: `ENOTSUPP`, not `EOPNOTSUPP`.
#[rstest]
#[case::lookup(cmd::LOOKUP, At::Null, At::Null, 0, NOT_AT_ALL)]
#[case::lookup_with_room(cmd::LOOKUP, At::Null, SOME, 0, NOT_AT_ALL)]
#[case::lookup_of_a_key(cmd::LOOKUP, SOME, SOME, 0, INVALID)]
#[case::lookup_of_an_unmapped_key(cmd::LOOKUP, At::Nowhere, SOME, 0, INVALID)]
#[case::lookup_flags(cmd::LOOKUP, At::Null, SOME, 1, INVALID)]
#[case::lookup_locked(cmd::LOOKUP, At::Null, SOME, flag::LOCK, INVALID)]
#[case::update(cmd::UPDATE, At::Null, At::Null, 0, NOT_AT_ALL)]
#[case::update_from_nowhere(cmd::UPDATE, At::Null, At::Nowhere, 0, NOT_AT_ALL)]
#[case::update_of_a_key(cmd::UPDATE, SOME, SOME, 0, INVALID)]
#[case::update_both(cmd::UPDATE, At::Null, SOME, 3, NOT_AT_ALL)]
#[case::update_upper_half(cmd::UPDATE, At::Null, SOME, 1 << 32, NOT_AT_ALL)]
#[case::update_locked(cmd::UPDATE, At::Null, SOME, flag::LOCK, INVALID)]
#[case::delete(cmd::DELETE, At::Null, At::Null, 0, NOT_AT_ALL)]
#[case::delete_a_key(cmd::DELETE, SOME, At::Null, 0, INVALID)]
#[case::next(cmd::NEXT_KEY, At::Null, SOME, 0, NOT_AT_ALL)]
#[case::next_of_a_key(cmd::NEXT_KEY, SOME, SOME, 0, INVALID)]
#[case::take(cmd::TAKE, At::Null, SOME, 0, NOT_AT_ALL)]
#[case::take_a_key(cmd::TAKE, SOME, SOME, 0, INVALID)]
#[case::take_flags(cmd::TAKE, At::Null, SOME, 1, INVALID)]
fn rings(
    #[values(World::Simulated, World::Native)] world: World,
    #[values(map::RINGBUF, map::USER_RINGBUF)] map_type: u32,
    #[case] cmd: u32,
    #[case] key: At,
    #[case] value: At,
    #[case] flags: u64,
    #[case] expected: Said,
) {
    let Some(mut bench) = world.bench() else { return };
    let fd = ring(&mut bench, map_type);
    assert_eq!(ask(&mut bench, fd, cmd, (key, value), flags), expected);
    assert_eq!(batches(&mut bench, fd, 1), [NOT_AT_ALL; 4]);
}

fn traces(bench: &mut Bench) -> u32 {
    let map_type = map::STACK_TRACE;
    bench.create(Wanted { map_type, key: 4, value: 80, entries: 5, flags: 0 })
}

const THIRD: At = At::Bytes(&[3, 0, 0, 0]);
/// The last of eight buckets, which five entries are rounded up to, and the one behind it.
const LAST: At = At::Bytes(&[7, 0, 0, 0]);
const BEHIND: At = At::Bytes(&[8, 0, 0, 0]);
const TRACE: At = At::Bytes(&[0; 80]);

#[rstest]
#[case::lookup(cmd::LOOKUP, THIRD, TRACE, 0, ABSENT)]
#[case::lookup_behind_the_end(cmd::LOOKUP, BEHIND, TRACE, 0, ABSENT)]
#[case::lookup_without_a_key(cmd::LOOKUP, At::Null, TRACE, 0, Err(Errno::EFAULT))]
#[case::update(cmd::UPDATE, THIRD, TRACE, 0, INVALID)]
#[case::update_from_nowhere(cmd::UPDATE, THIRD, At::Nowhere, 0, Err(Errno::EFAULT))]
#[case::update_both(cmd::UPDATE, THIRD, TRACE, 3, INVALID)]
#[case::delete(cmd::DELETE, THIRD, At::Null, 0, ABSENT)]
#[case::delete_the_last(cmd::DELETE, LAST, At::Null, 0, ABSENT)]
#[case::delete_behind_the_end(cmd::DELETE, BEHIND, At::Null, 0, Err(Errno::E2BIG))]
#[case::next(cmd::NEXT_KEY, THIRD, THIRD, 0, ABSENT)]
#[case::first(cmd::NEXT_KEY, At::Null, THIRD, 0, ABSENT)]
#[case::take(cmd::TAKE, THIRD, TRACE, 0, ABSENT)]
#[case::take_behind_the_end(cmd::TAKE, BEHIND, TRACE, 0, ABSENT)]
fn stack_traces(
    #[values(World::Simulated, World::Native)] world: World,
    #[case] cmd: u32,
    #[case] key: At,
    #[case] value: At,
    #[case] flags: u64,
    #[case] expected: Said,
) {
    let Some(mut bench) = world.bench() else { return };
    let fd = traces(&mut bench);
    assert_eq!(ask(&mut bench, fd, cmd, (key, value), flags), expected);
    assert_eq!(batches(&mut bench, fd, 1), [NOT_AT_ALL; 4]);
}

/// v4.16 walks the buckets, v6.18 hands out what it deletes.
#[rstest]
#[case::no_walk("4.15", cmd::NEXT_KEY, INVALID)]
#[case::walk("4.16", cmd::NEXT_KEY, ABSENT)]
#[case::not_taken("6.17", cmd::TAKE, NOT_AT_ALL)]
#[case::taken("6.18", cmd::TAKE, ABSENT)]
fn stack_traces_by_release(#[case] release: &str, #[case] cmd: u32, #[case] expected: Said) {
    let mut bench = Bench::at(release);
    let fd = traces(&mut bench);
    assert_eq!(ask(&mut bench, fd, cmd, (THIRD, TRACE), 0), expected);
}

#[rstest]
#[case::lookup(create::RDONLY, cmd::LOOKUP, ABSENT)]
#[case::lookup_write_only(create::WRONLY, cmd::LOOKUP, Err(Errno::EPERM))]
#[case::delete_read_only(create::RDONLY, cmd::DELETE, Err(Errno::EPERM))]
#[case::delete(create::WRONLY, cmd::DELETE, ABSENT)]
fn modes_of_stack_traces(
    #[values(World::Simulated, World::Native)] world: World,
    #[case] flags: u32,
    #[case] cmd: u32,
    #[case] expected: Said,
) {
    let Some(mut bench) = world.bench() else { return };
    let wanted = Wanted { map_type: map::STACK_TRACE, key: 4, value: 8, entries: 1, flags };
    let fd = bench.create(wanted);
    let value = if cmd == cmd::DELETE { At::Null } else { TRACE };
    assert_eq!(ask(&mut bench, fd, cmd, (At::Bytes(&[0; 4]), value), 0), expected);
}
