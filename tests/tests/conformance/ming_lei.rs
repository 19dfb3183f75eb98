//! The array of January 2016 with `attr->cpu`: its two commands, its two helpers, its test_maps.

use bpfsim_abi::Errno;
use bpfsim_abi::attr::MapCreateAttr;
use bpfsim_syscall::Failure;
use bpfsim_tests::Bench;
use bpfsim_tests::bench::{Said, wanted};
use bpfsim_tests::numbers::{cmd, flag, map};
use bpfsim_tests::programs::{
    EXIT, add, call, insn, load, load_map, lookup_helper, mov, mov_reg, update_helper,
};
use bpfsim_tests::world::series;
use rstest::rstest;

/// `BPF_MAP_LOOKUP_ELEM_PERCPU`.
const LOOKUP_PERCPU: u32 = 8;
/// `BPF_MAP_UPDATE_ELEM_PERCPU`.
const UPDATE_PERCPU: u32 = 9;
/// `BPF_MAP_TYPE_ARRAY_PERCPU`.
const ARRAY_PERCPU: u32 = 5;

fn bench() -> Bench {
    Bench::simulated(series("ming-lei"))
}

fn get(bench: &mut Bench, fd: u32, key: u32, cpu: u32) -> Result<u64, Errno> {
    let mut value = [0; 8];
    bench.elem_on(LOOKUP_PERCPU, fd, (&key.to_le_bytes(), &mut value), 0, cpu)?;
    Ok(u64::from_le_bytes(value))
}

fn set(bench: &mut Bench, fd: u32, key: u32, value: u64, flags: u64, cpu: u32) -> Said {
    let mut value = value.to_le_bytes();
    bench.elem_on(UPDATE_PERCPU, fd, (&key.to_le_bytes(), &mut value), flags, cpu)
}

/// Patch 9/9: each CPU by itself, then all.
#[test]
fn test_maps() {
    let mut bench = bench();
    for cpu in 0..2 {
        let fd = bench.create(wanted(ARRAY_PERCPU, 8, 2));
        assert_eq!(set(&mut bench, fd, 1, 1234, flag::ANY, cpu), Ok(0));
        assert_eq!(set(&mut bench, fd, 1, 1234, flag::NOEXIST, cpu), Err(Errno::EEXIST));
        assert_eq!(get(&mut bench, fd, 1, cpu), Ok(1234));
        assert_eq!(get(&mut bench, fd, 0, cpu), Ok(0));
        assert_eq!(set(&mut bench, fd, 2, 1234, flag::EXIST, cpu), Err(Errno::E2BIG));
        assert_eq!(get(&mut bench, fd, 2, cpu), Err(Errno::ENOENT));
        let next = |bench: &mut Bench, key: u32| bench.next(fd, Some(&key.to_le_bytes()), 4);
        assert_eq!(next(&mut bench, 2), Ok(vec![0, 0, 0, 0]));
        assert_eq!(next(&mut bench, 0), Ok(vec![1, 0, 0, 0]));
        assert_eq!(next(&mut bench, 1), Err(Errno::ENOENT));
        assert_eq!(bench.delete(fd, &1u32.to_le_bytes()), Err(Errno::EINVAL));
    }
    let fd = bench.create(wanted(ARRAY_PERCPU, 8, 1000));
    for key in 0..1000 {
        for cpu in 0..2 {
            assert_eq!(set(&mut bench, fd, key, key.into(), flag::ANY, cpu), Ok(0));
        }
    }
    for key in 0..1000 {
        let sum: u64 = (0..2).map(|cpu| get(&mut bench, fd, key, cpu).expect("a value")).sum();
        assert_eq!(sum, 2 * u64::from(key));
    }
}

/// array_map_update_elem_percpu(): flags, index, NOEXIST.
#[rstest]
#[case::any(0, flag::ANY, Ok(0))]
#[case::exist(0, flag::EXIST, Ok(0))]
#[case::noexist(0, flag::NOEXIST, Err(Errno::EEXIST))]
#[case::flags(0, 3, Err(Errno::EINVAL))]
#[case::past_the_end(2, flag::ANY, Err(Errno::E2BIG))]
#[case::flags_before_the_index(2, 3, Err(Errno::EINVAL))]
#[case::index_before_noexist(2, flag::NOEXIST, Err(Errno::E2BIG))]
fn updates(#[case] key: u32, #[case] flags: u64, #[case] expected: Said) {
    let mut bench = bench();
    let fd = bench.create(wanted(ARRAY_PERCPU, 8, 2));
    assert_eq!(set(&mut bench, fd, key, 5, flags, 1), expected);
    assert_eq!(get(&mut bench, fd, 0, 0), Ok(0), "another CPU's value is its own");
}

/// One value of exactly `value_size` bytes: nothing is rounded.
#[test]
fn one_value_on_the_wire() {
    let mut bench = bench();
    let fd = bench.create(wanted(ARRAY_PERCPU, 5, 1));
    let mut value = *b"abcde";
    assert_eq!(bench.elem_on(UPDATE_PERCPU, fd, (&[0; 4], &mut value), 0, 1), Ok(0));
    let mut found = [0; 5];
    assert_eq!(bench.elem_on(LOOKUP_PERCPU, fd, (&[0; 4], &mut found), 0, 1), Ok(0));
    assert_eq!(&found, b"abcde");
    let mut short = [0; 4];
    let said = bench.elem_on(LOOKUP_PERCPU, fd, (&[0; 4], &mut short), 0, 1);
    assert_eq!(said, Err(Errno::EFAULT));
}

/// The plain commands find nothing in the map, and the new ones nothing in other maps: empty
/// functions stand for both.
#[rstest]
#[case::plain_lookup(ARRAY_PERCPU, cmd::LOOKUP, Err(Errno::ENOENT))]
#[case::plain_update(ARRAY_PERCPU, cmd::UPDATE, Err(Errno::EINVAL))]
#[case::plain_delete(ARRAY_PERCPU, cmd::DELETE, Err(Errno::EINVAL))]
#[case::lookup_in_an_array(map::ARRAY, LOOKUP_PERCPU, Err(Errno::ENOENT))]
#[case::update_of_an_array(map::ARRAY, UPDATE_PERCPU, Err(Errno::EINVAL))]
fn empty_functions(#[case] map_type: u32, #[case] cmd: u32, #[case] expected: Said) {
    let mut bench = bench();
    let fd = bench.create(wanted(map_type, 8, 2));
    let said = match cmd {
        cmd::LOOKUP => bench.lookup(fd, &[0; 4], 8).map(|_| 0),
        cmd::UPDATE => bench.update(fd, &[0; 4], &[1; 8], flag::ANY),
        cmd::DELETE => bench.delete(fd, &[0; 4]),
        other => bench.elem_on(other, fd, (&[0; 4], &mut [0; 8]), 0, 0),
    };
    assert_eq!(said, expected);
}

/// What the commands share with the plain ones.
#[rstest]
#[case::lookup(LOOKUP_PERCPU)]
#[case::update(UPDATE_PERCPU)]
fn fds_and_keys(#[case] cmd: u32) {
    let mut bench = bench();
    let fd = bench.create(wanted(ARRAY_PERCPU, 8, 2));
    let mut value = [0; 8];
    assert_eq!(bench.elem_on(cmd, 777, (&[0; 4], &mut value), 0, 0), Err(Errno::EBADF));
    assert_eq!(bench.elem_on(cmd, 0, (&[0; 4], &mut value), 0, 0), Err(Errno::EINVAL));
    assert_eq!(bench.elem_on(cmd, fd, (&[0; 3], &mut value), 0, 0), Err(Errno::EFAULT));
    assert_eq!(bench.elem_on(cmd, fd, (&[0; 4], &mut value[..7]), 0, 0), Err(Errno::EFAULT));
}

/// MAP_CREATE of the type: as an array, and v4.5 has no flags.
#[rstest]
#[case::good(|_: &mut MapCreateAttr| {}, Ok(()))]
#[case::no_entries(|arm: &mut MapCreateAttr| arm.max_entries = 0, Err(Errno::EINVAL))]
#[case::key_of_eight(|arm: &mut MapCreateAttr| arm.key_size = 8, Err(Errno::EINVAL))]
#[case::no_value(|arm: &mut MapCreateAttr| arm.value_size = 0, Err(Errno::EINVAL))]
#[case::large_value(|arm: &mut MapCreateAttr| arm.value_size = 4 << 20, Err(Errno::E2BIG))]
#[case::flags(|arm: &mut MapCreateAttr| arm.map_flags = 1, Err(Errno::EINVAL))]
#[case::the_number_behind(|arm: &mut MapCreateAttr| arm.map_type = 6, Err(Errno::EINVAL))]
fn creates(#[case] change: fn(&mut MapCreateAttr), #[case] expected: Result<(), Errno>) {
    let mut arm = MapCreateAttr {
        map_type: ARRAY_PERCPU,
        key_size: 4,
        value_size: 8,
        max_entries: 2,
        ..MapCreateAttr::default()
    };
    change(&mut arm);
    assert_eq!(bench().call(cmd::MAP_CREATE, &arm).map(|_| ()), expected);
}

/// `r0 = *map_lookup_elem_percpu(map, &0, cpu)`, or -1 (helper 27).
fn lookup_on(fd: u32, cpu: i32) -> Vec<[u8; 8]> {
    let mut insns = vec![insn(0x62, 10, 0, -4, 0)];
    insns.extend(load_map(1, fd));
    insns.extend([mov_reg(2, 10), add(2, -4), mov(3, cpu), call(27)]);
    insns.extend([insn(0x55, 0, 0, 2, 0), mov(0, -1), EXIT, insn(0x79, 0, 0, 0, 0), EXIT]);
    insns
}

/// `r0 = map_update_elem_percpu(map, &0, &value, 0, cpu)` (helper 28).
fn update_on(fd: u32, value: i32, cpu: i32) -> Vec<[u8; 8]> {
    let mut insns = vec![insn(0x62, 10, 0, -4, 0), insn(0x7a, 10, 0, -16, value)];
    insns.extend(load_map(1, fd));
    insns.extend([mov_reg(2, 10), add(2, -4), mov_reg(3, 10), add(3, -16)]);
    insns.extend([mov(4, 0), mov(5, cpu), call(28), EXIT]);
    insns
}

/// Programs name any CPU, and nobody checks the number.
#[rstest]
#[case::own(0, Some(10))]
#[case::foreign(1, Some(11))]
#[case::one_past_the_last(2, None)]
#[case::far(1000, None)]
#[case::minus_one(-1, None)]
fn helpers_take_any_cpu(#[case] cpu: i32, #[case] expected: Option<u32>) {
    let mut bench = bench();
    let fd = bench.create(wanted(ARRAY_PERCPU, 8, 1));
    for cpu in 0..2 {
        assert_eq!(set(&mut bench, fd, 0, 10 + u64::from(cpu), flag::ANY, cpu), Ok(0));
    }
    let look = load(&mut bench, &lookup_on(fd, cpu)).expect("it verifies") as u32;
    let store = load(&mut bench, &update_on(fd, 99, cpu)).expect("it verifies") as u32;
    match expected {
        Some(value) => {
            assert_eq!(bench.run_on(look, 0), Ok(value));
            assert_eq!(bench.run_on(store, 0), Ok(0));
            assert_eq!(get(&mut bench, fd, 0, cpu as u32), Ok(99));
        }
        None => {
            let looked = bench.run_on(look, 0);
            assert!(matches!(looked, Err(Failure::Trapped(_))), "{looked:?}");
            let stored = bench.run_on(store, 0);
            assert!(matches!(stored, Err(Failure::Trapped(_))), "{stored:?}");
        }
    }
}

/// The plain helpers find nothing in the map either.
#[test]
fn plain_helpers() {
    let mut bench = bench();
    let fd = bench.create(wanted(ARRAY_PERCPU, 8, 1));
    let look = load(&mut bench, &lookup_helper(fd, 0)).expect("it verifies") as u32;
    assert_eq!(bench.run_on(look, 0), Ok(u32::MAX));
    let store = load(&mut bench, &update_helper(fd, 0, 5)).expect("it verifies") as u32;
    assert_eq!(bench.run_on(store, 0), Ok(-22i32 as u32));
}
