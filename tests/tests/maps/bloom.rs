//! BLOOM_FILTER, v5.16: what was pushed is there; what was not is perhaps not.

use crate::ask::{At, ask, batches, with_extra};
use bpfsim_abi::Errno;
use bpfsim_tests::bench::{Said, Wanted};
use bpfsim_tests::numbers::{cmd, create, flag, map};
use bpfsim_tests::{Bench, World};
use rstest::rstest;

const INVALID: Said = Err(Errno::EINVAL);
const ABSENT: Said = Err(Errno::ENOENT);
const NOT_SUPPORTED: Said = Err(Errno::EOPNOTSUPP);
const NOT_AT_ALL: Said = Err(Errno::ENOTSUPP);
const HERE: At = At::Bytes(&[1, 2, 3, 4, 5, 6, 7, 8]);
const OTHER: At = At::Bytes(&[9, 2, 3, 4, 5, 6, 7, 8]);

fn filter(value: u32, entries: u32) -> Wanted {
    Wanted { map_type: map::BLOOM_FILTER, key: 0, value, entries, flags: create::ZERO_SEED }
}

#[rstest]
#[case::there(cmd::LOOKUP, At::Null, HERE, 0, Ok(0))]
#[case::not_there(cmd::LOOKUP, At::Null, OTHER, 0, ABSENT)]
#[case::of_a_key(cmd::LOOKUP, HERE, HERE, 0, INVALID)]
#[case::nothing_asked(cmd::LOOKUP, At::Null, At::Null, 0, Err(Errno::EFAULT))]
#[case::lookup_flags(cmd::LOOKUP, At::Null, HERE, 1, INVALID)]
#[case::lookup_locked(cmd::LOOKUP, At::Null, HERE, flag::LOCK, INVALID)]
#[case::push(cmd::UPDATE, At::Null, OTHER, 0, Ok(0))]
#[case::push_again(cmd::UPDATE, At::Null, HERE, 0, Ok(0))]
#[case::push_of_a_key(cmd::UPDATE, HERE, HERE, 0, INVALID)]
#[case::push_from_null(cmd::UPDATE, At::Null, At::Null, 0, Err(Errno::EFAULT))]
#[case::push_exist(cmd::UPDATE, At::Null, HERE, flag::EXIST, INVALID)]
#[case::push_noexist(cmd::UPDATE, At::Null, HERE, flag::NOEXIST, INVALID)]
#[case::push_upper_half(cmd::UPDATE, At::Null, HERE, 1 << 32, INVALID)]
#[case::delete(cmd::DELETE, At::Null, At::Null, 0, NOT_SUPPORTED)]
#[case::delete_a_key(cmd::DELETE, HERE, At::Null, 0, INVALID)]
#[case::next(cmd::NEXT_KEY, At::Null, HERE, 0, NOT_SUPPORTED)]
#[case::next_of_a_key(cmd::NEXT_KEY, HERE, HERE, 0, INVALID)]
#[case::take(cmd::TAKE, At::Null, HERE, 0, NOT_AT_ALL)]
#[case::take_flags(cmd::TAKE, At::Null, HERE, 1, INVALID)]
fn answers(
    #[values(World::Simulated, World::Native)] world: World,
    #[case] cmd: u32,
    #[case] key: At,
    #[case] value: At,
    #[case] flags: u64,
    #[case] expected: Said,
) {
    let Some(mut bench) = world.bench() else { return };
    let fd = bench.create(filter(8, 100));
    assert_eq!(ask(&mut bench, fd, cmd::UPDATE, (At::Null, HERE), 0), Ok(0));
    assert_eq!(ask(&mut bench, fd, cmd, (key, value), flags), expected);
    assert_eq!(ask(&mut bench, fd, cmd::LOOKUP, (At::Null, HERE), 0), Ok(0), "it stays");
    assert_eq!(batches(&mut bench, fd, 1), [NOT_AT_ALL; 4]);
}

/// Which of 250 numbers a full filter takes for known is the same on both sides: size, hash and
/// bits agree.
#[rstest]
#[case::aligned(4, 10, 0)]
#[case::one_function(4, 40, 1)]
#[case::all_functions(8, 3, 15)]
#[case::odd(7, 6, 3)]
#[case::one_byte(1, 5, 2)]
#[case::long(33, 20, 4)]
#[case::two_words(4, 64, 0)]
fn false_positives(#[case] value: u32, #[case] entries: u32, #[case] functions: u64) {
    let Some(native) = World::Native.bench() else { return };
    let seen = [Bench::at("6.18"), native].map(|mut bench| {
        let fd = with_extra(&mut bench, filter(value, entries), functions);
        let at = |bench: &mut Bench, number: u32, cmd: u32| {
            let mut bytes = vec![0; value.max(4) as usize];
            bytes[..4].copy_from_slice(&number.to_le_bytes());
            let value = bench.alloc(&bytes[..value as usize]);
            let arm = bpfsim_abi::attr::MapElemAttr { map_fd: fd, value, ..Default::default() };
            bench.call(cmd, &arm)
        };
        for number in 0..entries {
            assert_eq!(at(&mut bench, number * 3, cmd::UPDATE), Ok(0));
        }
        (0..250).filter(|n| at(&mut bench, *n, cmd::LOOKUP).is_ok()).collect::<Vec<u32>>()
    });
    assert_eq!(seen[0], seen[1]);
    assert!(seen[0].len() >= entries as usize, "{} of {entries}", seen[0].len());
}

#[rstest]
#[case::ask_read_only(create::RDONLY, cmd::LOOKUP, ABSENT)]
#[case::push_read_only(create::RDONLY, cmd::UPDATE, Err(Errno::EPERM))]
#[case::ask_write_only(create::WRONLY, cmd::LOOKUP, Err(Errno::EPERM))]
#[case::push_write_only(create::WRONLY, cmd::UPDATE, Ok(0))]
fn modes(
    #[values(World::Simulated, World::Native)] world: World,
    #[case] flags: u32,
    #[case] cmd: u32,
    #[case] expected: Said,
) {
    let Some(mut bench) = world.bench() else { return };
    let fd = bench.create(Wanted { flags: flags | create::ZERO_SEED, ..filter(8, 9) });
    assert_eq!(ask(&mut bench, fd, cmd, (At::Null, HERE), 0), expected);
}
