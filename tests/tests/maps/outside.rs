//! Map types whose elements hang on sockets, inodes, tasks and cgroups, or are memory of user space:
//! what is refused, and how.

use bpfsim_abi::Errno;
use bpfsim_abi::attr::{BtfLoadAttr, MapCreateAttr, MapElemAttr, UserAddr};
use bpfsim_tests::bench::Said;
use bpfsim_tests::numbers::{cmd, create, flag, map};
use bpfsim_tests::{Bench, World};
use rstest::rstest;

const NO_FD: u32 = 777;

/// BTF of one type: `int`, 4 bytes, signed.
fn load_btf(bench: &mut Bench) -> Said {
    let words = [0x0001_eb9f, 24, 0, 16, 16, 5, 1, 0x0100_0000, 4, 0x0100_0020, 0x746e_6900u32];
    let mut bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    bytes.push(0);
    let btf = bench.alloc(&bytes);
    bench.call(cmd::BTF_LOAD, &BtfLoadAttr { btf, btf_size: 45, ..BtfLoadAttr::default() })
}

fn storage(bench: &mut Bench, map_type: u32) -> u32 {
    let btf_fd = load_btf(bench).expect("a BTF") as u32;
    let arm = MapCreateAttr {
        map_type,
        key_size: 4,
        value_size: 4,
        map_flags: create::NO_PREALLOC,
        btf_fd,
        btf_key_type_id: 1,
        btf_value_type_id: 1,
        ..MapCreateAttr::default()
    };
    bench.call(cmd::MAP_CREATE, &arm).expect("a storage") as u32
}

/// The fd of a map is no socket, no task and no cgroup.
#[rstest]
#[case::sockets(map::SK_STORAGE, Errno::ENOTSOCK)]
#[case::tasks(map::TASK_STORAGE, Errno::EBADF)]
#[case::cgroups(map::CGRP_STORAGE, Errno::EBADF)]
fn local_storages(
    #[values(World::Simulated, World::Native)] world: World,
    #[case] map_type: u32,
    #[case] other: Errno,
) {
    let Some(mut bench) = world.bench() else { return };
    let fd = storage(&mut bench, map_type);
    for (key, errno) in [(NO_FD, Errno::EBADF), (u32::MAX, Errno::EBADF), (fd, other)] {
        let key = key.to_le_bytes();
        assert_eq!(bench.lookup(fd, &key, 4), Err(errno), "lookup {key:?}");
        assert_eq!(bench.update(fd, &key, &[0; 4], flag::ANY), Err(errno), "update {key:?}");
        assert_eq!(bench.update(fd, &key, &[0; 4], 9), Err(errno), "flags come later");
        assert_eq!(bench.delete(fd, &key), Err(errno), "delete {key:?}");
    }
    assert_eq!(bench.next(fd, None, 4), Err(Errno::ENOTSUPP));
    assert_eq!(bench.next(fd, Some(&[0; 4]), 4), Err(Errno::ENOTSUPP));
}

/// Every file has an inode; this one has no storage.
#[rstest]
fn inodes(#[values(World::Simulated, World::Native)] world: World) {
    let Some(mut bench) = world.bench() else { return };
    let fd = storage(&mut bench, map::INODE_STORAGE);
    let (nothing, itself) = (NO_FD.to_le_bytes(), fd.to_le_bytes());
    assert_eq!(bench.lookup(fd, &nothing, 4), Err(Errno::EBADF));
    assert_eq!(bench.update(fd, &nothing, &[0; 4], flag::ANY), Err(Errno::EBADF));
    assert_eq!(bench.delete(fd, &nothing), Err(Errno::EBADF));
    assert_eq!(bench.lookup(fd, &itself, 4), Err(Errno::ENOENT));
    assert_eq!(bench.delete(fd, &itself), Err(Errno::ENOENT));
    assert_eq!(bench.next(fd, None, 4), Err(Errno::ENOTSUPP));
}

/// Nobody is attached, so that no cgroup has storage.
#[rstest]
#[case::plain(map::CGROUP_STORAGE)]
#[case::percpu(map::PERCPU_CGROUP_STORAGE)]
fn cgroup_storages(
    #[values(World::Simulated, World::Native)] world: World,
    #[values(8, 16)] key_size: u32,
    #[case] map_type: u32,
) {
    let Some(mut bench) = world.bench() else { return };
    let arm = MapCreateAttr { map_type, key_size, value_size: 8, ..MapCreateAttr::default() };
    let fd = bench.call(cmd::MAP_CREATE, &arm).expect("a storage") as u32;
    let (key, value) = (vec![1; key_size as usize], vec![0; 8 * bench.cpus()]);
    assert_eq!(bench.lookup(fd, &key, value.len()), Err(Errno::ENOENT));
    assert_eq!(bench.update(fd, &key, &value, flag::ANY), Err(Errno::ENOENT));
    assert_eq!(bench.update(fd, &key, &value, flag::EXIST), Err(Errno::ENOENT));
    assert_eq!(bench.update(fd, &key, &value, flag::NOEXIST), Err(Errno::EINVAL));
    assert_eq!(bench.delete(fd, &key), Err(Errno::EINVAL));
    assert_eq!(bench.next(fd, None, key.len()), Err(Errno::ENOENT));
    assert_eq!(bench.next(fd, Some(&key), key.len()), Err(Errno::ENOENT));
}

/// An arena is memory: there are neither keys nor values.
#[rstest]
#[case::lookup(cmd::LOOKUP, Errno::EINVAL)]
#[case::update(cmd::UPDATE, Errno::EOPNOTSUPP)]
#[case::delete(cmd::DELETE, Errno::EOPNOTSUPP)]
#[case::next(cmd::NEXT_KEY, Errno::EOPNOTSUPP)]
#[case::take(cmd::TAKE, Errno::ENOTSUPP)]
fn arenas(
    #[values(World::Simulated, World::Native)] world: World,
    #[case] command: u32,
    #[case] expected: Errno,
) {
    let Some(mut bench) = world.bench() else { return };
    let arm = MapCreateAttr {
        map_type: map::ARENA,
        max_entries: 1,
        map_flags: create::MMAPABLE,
        ..MapCreateAttr::default()
    };
    let map_fd = bench.call(cmd::MAP_CREATE, &arm).expect("an arena") as u32;
    let without_key = MapElemAttr { map_fd, key: UserAddr::NULL, ..MapElemAttr::default() };
    assert_eq!(bench.call(command, &without_key), Err(expected));
    let with_key = MapElemAttr { key: bench.room(4), ..without_key };
    assert_eq!(bench.call(command, &with_key), Err(Errno::EINVAL));
}

/// The instructions of a program by their place in it (v6.19).
#[test]
fn instructions() {
    let mut bench = Bench::at("6.19");
    let arm = MapCreateAttr {
        map_type: map::INSN_ARRAY,
        key_size: 4,
        value_size: 16,
        max_entries: 2,
        ..MapCreateAttr::default()
    };
    assert_eq!(Bench::at("6.18").call(cmd::MAP_CREATE, &arm), Err(Errno::EINVAL));
    let fd = bench.call(cmd::MAP_CREATE, &arm).expect("an array") as u32;
    let value = |at: usize, byte: u8| {
        let mut value = [0; 16];
        value[at] = byte;
        value
    };
    let key = 1u32.to_le_bytes();
    assert_eq!(bench.update(fd, &key, &value(0, 9), flag::ANY), Ok(0));
    assert_eq!(bench.lookup(fd, &key, 16), Ok(value(0, 9).to_vec()));
    assert_eq!(bench.update(fd, &key, &value(4, 1), flag::ANY), Err(Errno::EINVAL));
    assert_eq!(bench.update(fd, &key, &value(8, 1), flag::ANY), Err(Errno::EINVAL));
    assert_eq!(bench.update(fd, &key, &value(0, 9), flag::NOEXIST), Err(Errno::EEXIST));
    assert_eq!(bench.update(fd, &[2, 0, 0, 0], &value(0, 9), flag::ANY), Err(Errno::E2BIG));
    assert_eq!(bench.delete(fd, &key), Err(Errno::EINVAL));
    assert_eq!(bench.next(fd, Some(&[0; 4]), 4), Ok(key.to_vec()));
}

/// Which map types may have types, here `int` for key and value.
#[rstest]
#[case::programs(map::PROG_ARRAY, Ok(()))]
#[case::events(map::PERF_EVENT_ARRAY, Err(Errno::ENOTSUPP))]
#[case::cgroups(map::CGROUP_ARRAY, Err(Errno::ENOTSUPP))]
#[case::devices(map::DEVMAP, Err(Errno::ENOTSUPP))]
#[case::device_hash(map::DEVMAP_HASH, Err(Errno::ENOTSUPP))]
#[case::sockets(map::SOCKMAP, Err(Errno::ENOTSUPP))]
#[case::socket_hash(map::SOCKHASH, Err(Errno::ENOTSUPP))]
#[case::queues(map::CPUMAP, Err(Errno::ENOTSUPP))]
#[case::xsk(map::XSKMAP, Err(Errno::ENOTSUPP))]
#[case::reuseport(map::REUSEPORT_SOCKARRAY, Ok(()))]
fn types(
    #[values(World::Simulated, World::Native)] world: World,
    #[case] map_type: u32,
    #[case] expected: Result<(), Errno>,
) {
    let Some(mut bench) = world.bench() else { return };
    let btf_fd = load_btf(&mut bench).expect("a BTF") as u32;
    let arm = MapCreateAttr {
        map_type,
        key_size: 4,
        value_size: 4,
        max_entries: 1,
        btf_fd,
        btf_key_type_id: 1,
        btf_value_type_id: 1,
        ..MapCreateAttr::default()
    };
    assert_eq!(bench.call(cmd::MAP_CREATE, &arm).map(|_| ()), expected);
}
