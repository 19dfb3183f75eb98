//! Ids, and new fds for them.

use bpfsim_abi::Errno;
use bpfsim_abi::attr::{GetIdAttr, MapCreateAttr};
use bpfsim_syscall::Caps;
use bpfsim_tests::bench::{Said, wanted};
use bpfsim_tests::numbers::{cmd, create, flag, map};
use bpfsim_tests::{Bench, World, programs};
use rstest::rstest;

fn next(bench: &mut Bench, command: u32, id: u32) -> Result<u32, Errno> {
    let (said, attr) = bench.call_back(command, &GetIdAttr { id, ..GetIdAttr::default() });
    assert_eq!(said.is_ok(), attr[4..8] != [0; 4], "{said:?} {attr:?}");
    said.map(|_| attr[4..8].try_into().map(u32::from_le_bytes).expect("four bytes"))
}

fn open(bench: &mut Bench, command: u32, arm: GetIdAttr) -> Said {
    bench.call(command, &arm)
}

const fn by_id(id: u32) -> GetIdAttr {
    GetIdAttr { id, next_id: 0, open_flags: 0, fd_by_id_token_fd: 0 }
}

/// They count up from 1, each kind by itself, and are not given again.
#[test]
fn ids_count_up() {
    let mut bench = Bench::at("6.18");
    let first = bench.create(wanted(map::HASH, 8, 2));
    bench.create(wanted(map::ARRAY, 8, 2));
    programs::load(&mut bench, &programs::returns(0)).expect("a program");
    assert_eq!(next(&mut bench, cmd::MAP_NEXT_ID, 0), Ok(1));
    assert_eq!(next(&mut bench, cmd::MAP_NEXT_ID, 1), Ok(2));
    assert_eq!(next(&mut bench, cmd::MAP_NEXT_ID, 2), Err(Errno::ENOENT));
    assert_eq!(next(&mut bench, cmd::PROG_NEXT_ID, 0), Ok(1));
    bench.close(first);
    assert_eq!(next(&mut bench, cmd::MAP_NEXT_ID, 0), Ok(2));
    bench.create(wanted(map::HASH, 8, 2));
    assert_eq!(next(&mut bench, cmd::MAP_NEXT_ID, 2), Ok(3));
    assert_eq!(open(&mut bench, cmd::MAP_BY_ID, by_id(1)), Err(Errno::ENOENT));
}

/// A new map and a new program are found by a walk, and an fd by id is as good as the first.
#[rstest]
fn found_again(#[values(World::Simulated, World::Native)] world: World) {
    let Some(mut bench) = world.bench() else { return };
    let fd = bench.create(wanted(map::ARRAY, 8, 2));
    assert_eq!(bench.update(fd, &1u32.to_le_bytes(), &[0xa5; 8], flag::ANY), Ok(0));
    let mut id = 0;
    let mut last = 0;
    while let Ok(found) = next(&mut bench, cmd::MAP_NEXT_ID, id) {
        assert!(found > id, "ids ascend: {found} after {id}");
        (last, id) = (found, found);
    }
    let again = open(&mut bench, cmd::MAP_BY_ID, by_id(last)).expect("the newest map") as u32;
    assert_eq!(bench.lookup(again, &1u32.to_le_bytes(), 8), Ok(vec![0xa5; 8]));
    bench.close(fd);
    assert_eq!(bench.lookup(again, &1u32.to_le_bytes(), 8), Ok(vec![0xa5; 8]));
}

#[rstest]
#[case::past_the_last(cmd::MAP_NEXT_ID, i32::MAX as u32 - 1, Err(Errno::ENOENT))]
#[case::no_id(cmd::MAP_NEXT_ID, i32::MAX as u32, Err(Errno::EINVAL))]
#[case::past_the_last_program(cmd::PROG_NEXT_ID, i32::MAX as u32 - 1, Err(Errno::ENOENT))]
#[case::no_id_of_a_program(cmd::PROG_NEXT_ID, u32::MAX, Err(Errno::EINVAL))]
fn ends(
    #[values(World::Simulated, World::Native)] world: World,
    #[case] command: u32,
    #[case] id: u32,
    #[case] expected: Result<u32, Errno>,
) {
    let Some(mut bench) = world.bench() else { return };
    assert_eq!(next(&mut bench, command, id), expected);
}

#[rstest]
#[case::no_such_map(cmd::MAP_BY_ID, by_id(0x7fff_0000), Err(Errno::ENOENT))]
#[case::zero(cmd::MAP_BY_ID, by_id(0), Err(Errno::ENOENT))]
#[case::no_such_program(cmd::PROG_BY_ID, by_id(0x7fff_0000), Err(Errno::ENOENT))]
#[case::both_modes(cmd::MAP_BY_ID, GetIdAttr { open_flags: 24, ..by_id(0) }, Err(Errno::EINVAL))]
#[case::mode_first(cmd::MAP_BY_ID, GetIdAttr { open_flags: 1, ..by_id(0) }, Err(Errno::EINVAL))]
#[case::a_mode(cmd::MAP_BY_ID, GetIdAttr { open_flags: 8, ..by_id(0) }, Err(Errno::ENOENT))]
#[case::of_a_program(
    cmd::PROG_BY_ID,
    GetIdAttr { open_flags: 8, ..by_id(0) },
    Err(Errno::EINVAL)
)]
#[case::a_next_id_goes_in(cmd::PROG_BY_ID, GetIdAttr { next_id: 1, ..by_id(0) }, Err(Errno::EINVAL))]
fn refused(
    #[values(World::Simulated, World::Native)] world: World,
    #[case] command: u32,
    #[case] arm: GetIdAttr,
    #[case] expected: Said,
) {
    let Some(mut bench) = world.bench() else { return };
    assert_eq!(open(&mut bench, command, arm), expected);
}

/// The mode belongs to the fd, not to the map.
#[test]
fn modes() {
    let mut bench = Bench::at("6.18");
    let fd = bench.create(wanted(map::HASH, 8, 2));
    let key = 1u32.to_le_bytes();
    let arm = |open_flags| GetIdAttr { open_flags, ..by_id(1) };
    let reads = open(&mut bench, cmd::MAP_BY_ID, arm(create::RDONLY)).expect("an fd") as u32;
    let writes = open(&mut bench, cmd::MAP_BY_ID, arm(create::WRONLY)).expect("an fd") as u32;
    assert_eq!(bench.update(reads, &key, &[1; 8], flag::ANY), Err(Errno::EPERM));
    assert_eq!(bench.update(writes, &key, &[1; 8], flag::ANY), Ok(0));
    assert_eq!(bench.lookup(writes, &key, 8), Err(Errno::EPERM));
    assert_eq!(bench.lookup(reads, &key, 8), Ok(vec![1; 8]));
    assert_eq!(bench.lookup(fd, &key, 8), Ok(vec![1; 8]));
}

/// CAP_SYS_ADMIN, after the attr and before the id.
#[rstest]
#[case::next(cmd::MAP_NEXT_ID, by_id(0), Err(Errno::EPERM))]
#[case::attr_first(cmd::MAP_NEXT_ID, by_id(u32::MAX), Err(Errno::EINVAL))]
#[case::program(cmd::PROG_BY_ID, by_id(9), Err(Errno::EPERM))]
#[case::map(cmd::MAP_BY_ID, by_id(9), Err(Errno::EPERM))]
#[case::flags_first(cmd::MAP_BY_ID, GetIdAttr { open_flags: 1, ..by_id(9) }, Err(Errno::EINVAL))]
#[case::both_modes_later(
    cmd::MAP_BY_ID,
    GetIdAttr { open_flags: 24, ..by_id(9) },
    Err(Errno::EPERM)
)]
fn rights(
    #[values("4.15", "5.8", "6.18")] release: &str,
    #[case] command: u32,
    #[case] arm: GetIdAttr,
    #[case] expected: Said,
) {
    let mut profile = bpfsim_tests::world::profile(release);
    profile.unprivileged_disabled = false;
    let mut bench = Bench::simulated(profile);
    bench.parts().1.caps = Caps { bpf: true, ..Caps::NONE };
    assert_eq!(open(&mut bench, command, arm), expected);
}

#[rstest]
#[case::no_command("4.12", 0, Err(Errno::EINVAL))]
#[case::no_flags_yet("4.14", 8, Err(Errno::EINVAL))]
#[case::flags("4.15", 8, Err(Errno::ENOENT))]
fn by_release(#[case] release: &str, #[case] open_flags: u32, #[case] expected: Said) {
    let mut bench = Bench::at(release);
    let arm = GetIdAttr { open_flags, ..by_id(5) };
    assert_eq!(bench.call(cmd::MAP_BY_ID, &arm), expected);
}

/// A program keeps the maps that are bound to it.
#[rstest]
fn bound(#[values(World::Simulated, World::Native)] world: World) {
    let Some(mut bench) = world.bench() else { return };
    let fd = bench.create(wanted(map::ARRAY, 8, 2));
    let prog = programs::load(&mut bench, &programs::returns(0)).expect("a program") as u32;
    let good = [prog, fd, 0];
    let call = |bench: &mut Bench, arm: [u32; 3]| bench.call(cmd::BIND_MAP, &arm);
    assert_eq!(call(&mut bench, [777, fd, 0]), Err(Errno::EBADF));
    assert_eq!(call(&mut bench, [fd, fd, 0]), Err(Errno::EINVAL));
    assert_eq!(call(&mut bench, [prog, prog, 0]), Err(Errno::EINVAL));
    assert_eq!(call(&mut bench, [prog, 777, 0]), Err(Errno::EBADF));
    assert_eq!(call(&mut bench, [777, fd, 1]), Err(Errno::EINVAL));
    assert_eq!(call(&mut bench, good), Ok(0));
    assert_eq!(call(&mut bench, good), Ok(0), "it is bound already");
}

/// A map goes with the last that holds it.
#[test]
fn bound_maps_stay() {
    let mut bench = Bench::at("5.10");
    let fd = bench.create(wanted(map::ARRAY, 8, 2));
    let prog = programs::load(&mut bench, &programs::returns(0)).expect("a program") as u32;
    assert_eq!(bench.call(cmd::BIND_MAP, &[prog, fd, 0]), Ok(0));
    bench.close(fd);
    assert_eq!(next(&mut bench, cmd::MAP_NEXT_ID, 0), Ok(1));
    bench.close(prog);
    assert_eq!(next(&mut bench, cmd::MAP_NEXT_ID, 0), Err(Errno::ENOENT));
}

/// A map whose creation fails leaves no id behind.
#[test]
fn failures_leave_nothing() {
    let mut bench = Bench::at("6.18");
    let arm = MapCreateAttr {
        map_type: map::ARRAY,
        key_size: 4,
        value_size: 8,
        max_entries: 2,
        map_name: *b"not a name\0\0\0\0\0\0",
        ..MapCreateAttr::default()
    };
    assert_eq!(bench.call(cmd::MAP_CREATE, &arm), Err(Errno::EINVAL));
    assert_eq!(next(&mut bench, cmd::MAP_NEXT_ID, 0), Err(Errno::ENOENT));
}
