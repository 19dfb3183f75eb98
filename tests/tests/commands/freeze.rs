//! `BPF_MAP_FREEZE`: system calls write no more.

use bpfsim_abi::Errno;
use bpfsim_abi::attr::{BatchAttr, MapElemAttr};
use bpfsim_syscall::Caps;
use bpfsim_tests::bench::{Said, Wanted, wanted};
use bpfsim_tests::numbers::{cmd, create, flag, map};
use bpfsim_tests::{Bench, World, programs};
use rstest::rstest;

fn freeze(bench: &mut Bench, fd: u32) -> Said {
    bench.call(cmd::FREEZE, &MapElemAttr { map_fd: fd, ..MapElemAttr::default() })
}

fn delete(bench: &mut Bench, command: u32, fd: u32) -> Said {
    let keys = bench.alloc(&1u32.to_le_bytes());
    let values = bench.room(8 * bench.cpus());
    let arm = BatchAttr { keys, values, count: 1, map_fd: fd, ..BatchAttr::default() };
    bench.call(command, &arm)
}

#[rstest]
fn writes_no_more(
    #[values(World::Simulated, World::Native)] world: World,
    #[values(map::HASH, map::ARRAY, map::PERCPU_HASH, map::PERCPU_ARRAY)] map_type: u32,
) {
    let Some(mut bench) = world.bench() else { return };
    let fd = bench.create(wanted(map_type, 8, 2));
    let percpu = map_type == map::PERCPU_HASH || map_type == map::PERCPU_ARRAY;
    let value = vec![7; if percpu { 8 * bench.cpus() } else { 8 }];
    let key = 1u32.to_le_bytes();
    assert_eq!(bench.update(fd, &key, &value, flag::ANY), Ok(0));
    assert_eq!(freeze(&mut bench, fd), Ok(0));
    assert_eq!(bench.update(fd, &key, &value, flag::ANY), Err(Errno::EPERM));
    assert_eq!(bench.delete(fd, &key), Err(Errno::EPERM));
    for command in [cmd::TAKE_BATCH, cmd::UPDATE_BATCH, cmd::DELETE_BATCH] {
        assert_eq!(delete(&mut bench, command, fd), Err(Errno::EPERM), "command {command}");
    }
    assert_eq!(bench.lookup(fd, &key, value.len()), Ok(value));
    let array = map_type == map::ARRAY || map_type == map::PERCPU_ARRAY;
    let first = if array { 0u32 } else { 1 };
    assert_eq!(bench.next(fd, None, 4), Ok(first.to_le_bytes().to_vec()));
}

#[rstest]
#[case::no_such_fd(777, Err(Errno::EBADF))]
#[case::fd_of_something_else(0, Err(Errno::EINVAL))]
fn bad_fds(
    #[values(World::Simulated, World::Native)] world: World,
    #[case] fd: u32,
    #[case] expected: Said,
) {
    let Some(mut bench) = world.bench() else { return };
    assert_eq!(freeze(&mut bench, fd), expected);
}

/// A frozen map's fd is no longer good for writing, and from v6.5 on that is looked at first.
#[rstest]
fn twice(#[values(World::Simulated, World::Native)] world: World) {
    let Some(mut bench) = world.bench() else { return };
    let fd = bench.create(wanted(map::ARRAY, 8, 2));
    assert_eq!(freeze(&mut bench, fd), Ok(0));
    assert_eq!(freeze(&mut bench, fd), Err(Errno::EPERM));
}

#[rstest]
fn read_only_fd(#[values(World::Simulated, World::Native)] world: World) {
    let Some(mut bench) = world.bench() else { return };
    let fd = bench.create(Wanted { flags: create::RDONLY, ..wanted(map::ARRAY, 8, 2) });
    assert_eq!(freeze(&mut bench, fd), Err(Errno::EPERM));
}

#[rstest]
#[case::no_command("5.1", [Err(Errno::EINVAL), Err(Errno::EINVAL)])]
#[case::busy("5.2", [Ok(0), Err(Errno::EBUSY)])]
#[case::still_busy("6.4", [Ok(0), Err(Errno::EBUSY)])]
#[case::fd_first("6.5", [Ok(0), Err(Errno::EPERM)])]
fn twice_by_release(#[case] release: &str, #[case] expected: [Said; 2]) {
    let mut bench = Bench::at(release);
    let fd = bench.create(wanted(map::ARRAY, 8, 2));
    assert_eq!([freeze(&mut bench, fd), freeze(&mut bench, fd)], expected);
}

/// Who may: CAP_SYS_ADMIN, then CAP_BPF, then whoever has the fd.
#[rstest]
#[case::admin_only("5.7", Caps { bpf: true, ..Caps::NONE }, Err(Errno::EPERM))]
#[case::bpf_too("5.8", Caps { bpf: true, ..Caps::NONE }, Ok(0))]
#[case::nobody_else("6.4", Caps::NONE, Err(Errno::EPERM))]
#[case::the_fd_is_enough("6.5", Caps::NONE, Ok(0))]
fn rights(#[case] release: &str, #[case] caps: Caps, #[case] expected: Said) {
    let mut profile = bpfsim_tests::world::profile(release);
    profile.unprivileged_disabled = false;
    let mut bench = Bench::simulated(profile);
    let fd = bench.create(wanted(map::ARRAY, 8, 2));
    bench.parts().1.caps = caps;
    assert_eq!(freeze(&mut bench, fd), expected);
}

/// A program still writes.
#[rstest]
fn programs_write(#[values(World::Simulated, World::Native)] world: World) {
    let Some(mut bench) = world.bench() else { return };
    let fd = bench.create(wanted(map::ARRAY, 8, 2));
    assert_eq!(freeze(&mut bench, fd), Ok(0));
    let insns = programs::update_helper(fd, 1, 42);
    let prog = programs::load(&mut bench, &insns).expect("a program") as u32;
    let data_in = bench.room(14);
    let arm = bpfsim_abi::attr::TestRunAttr {
        prog_fd: prog,
        data_size_in: 14,
        data_in,
        ..bpfsim_abi::attr::TestRunAttr::default()
    };
    assert_eq!(bench.call(cmd::TEST_RUN, &arm), Ok(0));
    assert_eq!(bench.lookup(fd, &1u32.to_le_bytes(), 8), Ok(42u64.to_le_bytes().to_vec()));
}
