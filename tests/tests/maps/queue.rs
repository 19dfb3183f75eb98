//! QUEUE and STACK, v4.20: no keys, values that are pushed, peeked at and popped.

use bpfsim_abi::Errno;
use bpfsim_abi::attr::{BatchAttr, MapElemAttr, UserAddr};
use bpfsim_tests::bench::{Said, Wanted};
use bpfsim_tests::numbers::{cmd, create, flag, map};
use bpfsim_tests::{Bench, World};
use rstest::rstest;

const LEN: usize = 12;

fn make(bench: &mut Bench, map_type: u32, flags: u32) -> u32 {
    bench.create(Wanted { map_type, key: 0, value: LEN as u32, entries: 3, flags })
}

fn call(bench: &mut Bench, cmd: u32, fd: u32, value: UserAddr, flags: u64) -> Said {
    bench.call(cmd, &MapElemAttr { map_fd: fd, value, flags, ..MapElemAttr::default() })
}

fn push(bench: &mut Bench, fd: u32, value: u8, flags: u64) -> Said {
    let value = bench.alloc(&[value; LEN]);
    call(bench, cmd::UPDATE, fd, value, flags)
}

/// The first byte of the value that a command hands out.
fn get(bench: &mut Bench, cmd: u32, fd: u32) -> Result<u8, Errno> {
    let value = bench.room(LEN);
    call(bench, cmd, fd, value, 0)?;
    let value = bench.read(value, LEN);
    assert!(value.iter().all(|byte| *byte == value[0]), "{value:?}");
    Ok(value[0])
}

#[rstest]
#[case::queue(map::QUEUE, [1, 2, 3], [3, 4, 5])]
#[case::stack(map::STACK, [3, 2, 1], [5, 4, 3])]
fn order(
    #[values(World::Simulated, World::Native)] world: World,
    #[case] map_type: u32,
    #[case] first: [u8; 3],
    #[case] second: [u8; 3],
) {
    let Some(mut bench) = world.bench() else { return };
    let fd = make(&mut bench, map_type, 0);
    let pops = |bench: &mut Bench| {
        [(); 3].map(|()| {
            let seen = get(bench, cmd::LOOKUP, fd);
            assert_eq!(get(bench, cmd::TAKE, fd), seen, "peek and pop agree");
            seen.expect("a value")
        })
    };
    for value in 1..=3 {
        assert_eq!(push(&mut bench, fd, value, flag::ANY), Ok(0));
    }
    assert_eq!(push(&mut bench, fd, 4, flag::ANY), Err(Errno::E2BIG), "full");
    assert_eq!(pops(&mut bench), first);
    assert_eq!(get(&mut bench, cmd::LOOKUP, fd), Err(Errno::ENOENT));
    assert_eq!(get(&mut bench, cmd::TAKE, fd), Err(Errno::ENOENT));
    // BPF_EXIST makes room where there is none: the oldest goes.
    for value in 1..=5 {
        assert_eq!(push(&mut bench, fd, value, flag::EXIST), Ok(0));
    }
    assert_eq!(pops(&mut bench), second);
}

/// One change to the good attr of a map with one value: no key, and room for a value.
#[derive(Clone, Copy, Debug)]
enum Change {
    Nothing,
    Key,
    UnmappedKey,
    NoSuchFd,
    NoValue,
    Flags(u64),
    KeyAndFlags(u64),
}

fn answer(bench: &mut Bench, map_type: u32, cmd: u32, change: Change) -> (Said, usize) {
    let fd = make(bench, map_type, 0);
    assert_eq!(push(bench, fd, 7, flag::ANY), Ok(0));
    let (nowhere, key, value) = (bench.nowhere(), bench.room(4), bench.room(LEN));
    let good = MapElemAttr { map_fd: fd, value, ..MapElemAttr::default() };
    let arm = match change {
        Change::Nothing => good,
        Change::Key => MapElemAttr { key, ..good },
        Change::UnmappedKey => MapElemAttr { key: nowhere, ..good },
        Change::NoSuchFd => MapElemAttr { map_fd: 777, ..good },
        Change::NoValue => MapElemAttr { value: UserAddr::NULL, ..good },
        Change::Flags(flags) => MapElemAttr { flags, ..good },
        Change::KeyAndFlags(flags) => MapElemAttr { flags, key, ..good },
    };
    let arm = match cmd {
        cmd::DELETE => MapElemAttr { value: UserAddr::NULL, ..arm },
        _ => arm,
    };
    let said = bench.call(cmd, &arm);
    let mut left = 0;
    while get(bench, cmd::TAKE, fd).is_ok() {
        left += 1;
    }
    (said, left)
}

const INVALID: Said = Err(Errno::EINVAL);

#[rstest]
#[case::peek(cmd::LOOKUP, Change::Nothing, Ok(0), 1)]
#[case::peek_with_a_key(cmd::LOOKUP, Change::Key, INVALID, 1)]
#[case::peek_with_an_unmapped_key(cmd::LOOKUP, Change::UnmappedKey, INVALID, 1)]
#[case::peek_nowhere(cmd::LOOKUP, Change::NoSuchFd, Err(Errno::EBADF), 1)]
#[case::peek_to_null(cmd::LOOKUP, Change::NoValue, Err(Errno::EFAULT), 1)]
#[case::peek_locked(cmd::LOOKUP, Change::Flags(flag::LOCK), INVALID, 1)]
#[case::peek_flags(cmd::LOOKUP, Change::Flags(flag::EXIST), INVALID, 1)]
#[case::push(cmd::UPDATE, Change::Nothing, Ok(0), 2)]
#[case::push_with_a_key(cmd::UPDATE, Change::Key, INVALID, 1)]
#[case::push_from_null(cmd::UPDATE, Change::NoValue, Err(Errno::EFAULT), 1)]
#[case::push_exist(cmd::UPDATE, Change::Flags(flag::EXIST), Ok(0), 2)]
#[case::push_noexist(cmd::UPDATE, Change::Flags(flag::NOEXIST), INVALID, 1)]
#[case::push_both(cmd::UPDATE, Change::Flags(3), INVALID, 1)]
#[case::push_locked(cmd::UPDATE, Change::Flags(flag::LOCK), INVALID, 1)]
#[case::push_upper_half(cmd::UPDATE, Change::Flags(1 << 32), INVALID, 1)]
#[case::pop(cmd::TAKE, Change::Nothing, Ok(0), 0)]
#[case::pop_with_a_key(cmd::TAKE, Change::Key, INVALID, 1)]
#[case::pop_loses_its_value(cmd::TAKE, Change::NoValue, Err(Errno::EFAULT), 0)]
#[case::pop_locked(cmd::TAKE, Change::Flags(flag::LOCK), INVALID, 1)]
#[case::pop_flags(cmd::TAKE, Change::Flags(1), INVALID, 1)]
#[case::pop_flags_and_key(cmd::TAKE, Change::KeyAndFlags(flag::LOCK), INVALID, 1)]
#[case::delete(cmd::DELETE, Change::Nothing, INVALID, 1)]
#[case::delete_a_key(cmd::DELETE, Change::Key, INVALID, 1)]
#[case::next(cmd::NEXT_KEY, Change::Nothing, INVALID, 1)]
#[case::next_of_a_key(cmd::NEXT_KEY, Change::Key, INVALID, 1)]
#[case::next_nowhere(cmd::NEXT_KEY, Change::NoSuchFd, Err(Errno::EBADF), 1)]
fn errors(
    #[values(World::Simulated, World::Native)] world: World,
    #[values(map::QUEUE, map::STACK)] map_type: u32,
    #[case] cmd: u32,
    #[case] change: Change,
    #[case] expected: Said,
    #[case] left: usize,
) {
    let Some(mut bench) = world.bench() else { return };
    assert_eq!(answer(&mut bench, map_type, cmd, change), (expected, left));
}

/// Up to v5.6 a pop whose value cannot be handed out said nothing of it; v5.14 knows flags.
#[rstest]
#[case::silent("4.20", Change::NoValue, Ok(0), 0)]
#[case::still_silent("5.6", Change::NoValue, Ok(0), 0)]
#[case::says_it("5.7", Change::NoValue, Err(Errno::EFAULT), 0)]
#[case::flags_are_past_the_end("5.13", Change::Flags(flag::LOCK), INVALID, 1)]
#[case::no_locks("7.1", Change::Flags(flag::LOCK), INVALID, 1)]
fn pops_by_release(
    #[case] release: &str,
    #[case] change: Change,
    #[case] expected: Said,
    #[case] left: usize,
) {
    let mut bench = Bench::at(release);
    assert_eq!(answer(&mut bench, map::QUEUE, cmd::TAKE, change), (expected, left));
}

#[rstest]
#[case::peek_read_only(create::RDONLY, cmd::LOOKUP, Err(Errno::ENOENT))]
#[case::push_read_only(create::RDONLY, cmd::UPDATE, Err(Errno::EPERM))]
#[case::pop_read_only(create::RDONLY, cmd::TAKE, Err(Errno::EPERM))]
#[case::peek_write_only(create::WRONLY, cmd::LOOKUP, Err(Errno::EPERM))]
#[case::push_write_only(create::WRONLY, cmd::UPDATE, Ok(0))]
#[case::pop_write_only(create::WRONLY, cmd::TAKE, Err(Errno::EPERM))]
fn modes(
    #[values(World::Simulated, World::Native)] world: World,
    #[case] flags: u32,
    #[case] cmd: u32,
    #[case] expected: Said,
) {
    let Some(mut bench) = world.bench() else { return };
    let fd = make(&mut bench, map::QUEUE, flags);
    let value = bench.room(LEN);
    assert_eq!(call(&mut bench, cmd, fd, value, 0), expected);
}

/// Batches need keys.
#[rstest]
fn no_batches(
    #[values(World::Simulated, World::Native)] world: World,
    #[values(map::QUEUE, map::STACK)] map_type: u32,
    #[values(cmd::LOOKUP_BATCH, cmd::TAKE_BATCH, cmd::UPDATE_BATCH, cmd::DELETE_BATCH)] cmd: u32,
) {
    let Some(mut bench) = world.bench() else { return };
    let fd = make(&mut bench, map_type, 0);
    let arm = BatchAttr { map_fd: fd, count: 1, ..BatchAttr::default() };
    assert_eq!(bench.call(cmd, &arm), Err(Errno::ENOTSUPP));
}
