//! Per-CPU maps as releases shipped them: v4.6, v5.9, v5.10, v6.18, v7.0.

use bpfsim_abi::Errno;
use bpfsim_sim::Topology;
use bpfsim_tests::bench::{Wanted, wanted};
use bpfsim_tests::numbers::{create, flag, map};
use bpfsim_tests::programs::{
    EXIT, add, call, insn, load, load_map, lookup_helper, mov, mov_reg, update_helper,
};
use bpfsim_tests::world::profile;
use bpfsim_tests::{Bench, World};
use rstest::rstest;

/// A value for each CPU, 8 bytes apart: CPU `i` has `first + i`.
fn values(bench: &Bench, first: u64) -> Vec<u8> {
    (0..bench.cpus() as u64).flat_map(|cpu| (first + cpu).to_le_bytes()).collect()
}

/// The words of a buffer.
fn words(bytes: &[u8]) -> Vec<u64> {
    bytes.chunks(8).map(|word| u64::from_le_bytes(word.try_into().expect("8 bytes"))).collect()
}

/// One call moves the values of all possible CPUs, each rounded up to 8 bytes, and not one byte
/// more or less.
#[rstest]
fn the_buffer_is_exact(
    #[values(World::Simulated, World::Native)] world: World,
    #[values(map::PERCPU_HASH, map::PERCPU_ARRAY)] map_type: u32,
    #[values(1, 4, 5, 8, 12, 64)] value: u32,
) {
    let Some(mut bench) = world.bench() else { return };
    let fd = bench.create(wanted(map_type, value, 2));
    let len = value.next_multiple_of(8) as usize * bench.cpus();
    let bytes: Vec<u8> = (0..len).map(|i| i as u8 + 1).collect();
    assert_eq!(bench.update(fd, &[0; 4], &bytes[1..], flag::ANY), Err(Errno::EFAULT));
    assert_eq!(bench.update(fd, &[0; 4], &bytes, flag::ANY), Ok(0));
    // The bytes that round a value up come back too.
    assert_eq!(bench.lookup(fd, &[0; 4], len), Ok(bytes));
    assert_eq!(bench.lookup(fd, &[0; 4], len - 1), Err(Errno::EFAULT));
}

/// What rounds a value up: stored and returned up to v6.19, left alone by updates from v7.0 on.
#[rstest]
#[case::v4_6("4.6", true)]
#[case::v5_9("5.9", true)]
#[case::v5_10("5.10", true)]
#[case::v6_18("6.18", true)]
#[case::v6_19("6.19", true)]
#[case::v7_0("7.0", false)]
fn padding(
    #[values(map::PERCPU_HASH, map::PERCPU_ARRAY)] map_type: u32,
    #[case] release: &str,
    #[case] stored: bool,
) {
    let mut bench = Bench::at(release);
    let fd = bench.create(wanted(map_type, 5, 2));
    for byte in [0xaa, 0xbb] {
        assert_eq!(bench.update(fd, &[0; 4], &[byte; 16], flag::ANY), Ok(0));
        let mut expected = [byte; 16];
        if !stored {
            expected[5..8].fill(0);
            expected[13..].fill(0);
        }
        assert_eq!(bench.lookup(fd, &[0; 4], 16), Ok(expected.to_vec()), "{byte:#x}");
    }
}

/// A program creates a key in an element that was used before: what other CPUs then read.
#[rstest]
#[case::v4_6("4.6", 0, 7)]
#[case::v5_9("5.9", 0, 7)]
#[case::v5_10("5.10", 0, 0)]
#[case::v6_18("6.18", 0, 0)]
#[case::v7_0("7.0", 0, 0)]
#[case::v4_6_not_preallocated("4.6", create::NO_PREALLOC, 0)]
#[case::v5_9_not_preallocated("5.9", create::NO_PREALLOC, 0)]
#[case::v6_18_not_preallocated("6.18", create::NO_PREALLOC, 0)]
fn a_recycled_element(#[case] release: &str, #[case] flags: u32, #[case] left: u64) {
    let mut bench = Bench::at(release);
    let fd = bench.create(Wanted { flags, ..wanted(map::PERCPU_HASH, 8, 2) });
    let program = load(&mut bench, &update_helper(fd, 2, 9)).expect("a program") as u32;
    let sevens = [7u64, 7].map(u64::to_le_bytes).concat();
    assert_eq!(bench.update(fd, &1u32.to_le_bytes(), &sevens, flag::ANY), Ok(0));
    assert_eq!(bench.delete(fd, &1u32.to_le_bytes()), Ok(0));
    assert_eq!(bench.run_on(program, 1), Ok(0));
    let found = bench.lookup(fd, &2u32.to_le_bytes(), 16).expect("the key");
    assert_eq!(words(&found), [left, 9]);
}

/// The same on the live kernel, where the CPU is whichever runs the program.
#[rstest]
fn a_recycled_element_of_v6_18(
    #[values(World::Simulated, World::Native)] world: World,
    #[values(0, create::NO_PREALLOC)] flags: u32,
) {
    let Some(mut bench) = world.bench() else { return };
    let fd = bench.create(Wanted { flags, ..wanted(map::PERCPU_HASH, 8, 1) });
    let program = load(&mut bench, &update_helper(fd, 2, 9)).expect("a program") as u32;
    let sevens = vec![7; 8 * bench.cpus()];
    assert_eq!(bench.update(fd, &1u32.to_le_bytes(), &sevens, flag::ANY), Ok(0));
    assert_eq!(bench.delete(fd, &1u32.to_le_bytes()), Ok(0));
    assert_eq!(crate::test_run::run(&mut bench, program, &[0; 14]), Ok(0));
    let found = bench.lookup(fd, &2u32.to_le_bytes(), sevens.len()).expect("the key");
    let mut found = words(&found);
    found.sort_unstable();
    assert_eq!(found.pop(), Some(9), "the CPU that ran");
    assert!(found.iter().all(|word| *word == 0), "{found:?}");
}

/// An element that was never used is zero on the other CPUs at every release.
#[rstest]
fn a_first_element(
    #[values("4.6", "4.8", "5.9", "5.10", "6.18", "7.0")] release: &str,
    #[values(0, create::NO_PREALLOC)] flags: u32,
) {
    let mut bench = Bench::at(release);
    let fd = bench.create(Wanted { flags, ..wanted(map::PERCPU_HASH, 8, 2) });
    let program = load(&mut bench, &update_helper(fd, 2, 9)).expect("a program") as u32;
    assert_eq!(bench.run_on(program, 0), Ok(0));
    let found = bench.lookup(fd, &2u32.to_le_bytes(), 16).expect("the key");
    assert_eq!(words(&found), [9, 0]);
}

/// Programs see and write the value of the CPU that they run on; a delete is for all.
#[rstest]
fn programs_have_their_own(
    #[values("4.6", "5.10", "6.18", "7.0")] release: &str,
    #[values(map::PERCPU_HASH, map::PERCPU_ARRAY)] map_type: u32,
) {
    let mut bench = Bench::at(release);
    let fd = bench.create(wanted(map_type, 8, 2));
    let all = values(&bench, 40);
    assert_eq!(bench.update(fd, &1u32.to_le_bytes(), &all, flag::ANY), Ok(0));
    let look = load(&mut bench, &lookup_helper(fd, 1)).expect("a program") as u32;
    assert_eq!((bench.run_on(look, 0), bench.run_on(look, 1)), (Ok(40), Ok(41)));
    let update = load(&mut bench, &update_helper(fd, 1, 9)).expect("a program") as u32;
    assert_eq!(bench.run_on(update, 1), Ok(0));
    let found = bench.lookup(fd, &1u32.to_le_bytes(), 16).expect("the key");
    assert_eq!(words(&found), [40, 9], "an update stays on its CPU");
    if map_type == map::PERCPU_HASH {
        assert_eq!(bench.delete(fd, &1u32.to_le_bytes()), Ok(0));
        // The program answers -1, as 32 bits.
        assert_eq!((bench.run_on(look, 0), bench.run_on(look, 1)), (Ok(!0), Ok(!0)));
    }
}

/// CPUs that are possible and off line have their slots, and CPU numbers with holes are counted,
/// not used as an index.
#[rstest]
#[case::off_line("0-3", "0-1", 1, 1)]
#[case::holes("0,2,5", "0,2,5", 5, 2)]
fn slots(#[case] possible: &str, #[case] online: &str, #[case] cpu: u32, #[case] rank: usize) {
    let mut profile = profile("6.18");
    let list = |text: &str| text.parse().expect("a list of CPUs");
    profile.cpus = Topology { possible: list(possible), online: list(online) };
    let mut bench = Bench::simulated(profile);
    let fd = bench.create(wanted(map::PERCPU_ARRAY, 8, 1));
    let all = values(&bench, 10);
    assert_eq!(bench.update(fd, &[0; 4], &all, flag::ANY), Ok(0));
    let update = load(&mut bench, &update_helper(fd, 0, 99)).expect("a program") as u32;
    assert_eq!(bench.run_on(update, cpu), Ok(0));
    let mut expected = words(&all);
    expected[rank] = 99;
    let found = bench.lookup(fd, &[0; 4], all.len()).expect("the key");
    assert_eq!(words(&found), expected);
}

/// `r0 = *bpf_map_lookup_percpu_elem(map, &0, cpu)`, or -1 (helper 195, v5.19).
fn lookup_on(fd: u32, cpu: i32) -> Vec<[u8; 8]> {
    let mut insns = vec![insn(0x62, 10, 0, -4, 0)];
    insns.extend(load_map(1, fd));
    insns.extend([mov_reg(2, 10), add(2, -4), mov(3, cpu), call(195)]);
    insns.extend([insn(0x55, 0, 0, 2, 0), mov(0, -1), EXIT, insn(0x79, 0, 0, 0, 0), EXIT]);
    insns
}

#[rstest]
#[case::first(0, 10)]
#[case::second(1, 11)]
#[case::one_past_the_last(2, u32::MAX)]
#[case::far(1000, u32::MAX)]
#[case::minus_one(-1, u32::MAX)]
fn helper_195_checks_the_cpu(
    #[values(World::Simulated, World::Native)] world: World,
    #[values(map::PERCPU_HASH, map::PERCPU_ARRAY)] map_type: u32,
    #[case] cpu: i32,
    #[case] expected: u32,
) {
    let Some(mut bench) = world.bench() else { return };
    if bench.cpus() != 2 {
        return;
    }
    let fd = bench.create(wanted(map_type, 8, 1));
    let all = values(&bench, 10);
    assert_eq!(bench.update(fd, &[0; 4], &all, flag::ANY), Ok(0));
    let program = load(&mut bench, &lookup_on(fd, cpu)).expect("a program") as u32;
    assert_eq!(crate::test_run::run(&mut bench, program, &[0; 14]), Ok(expected));
}

/// samples/bpf/test_maps.c of v4.6, the hash.
#[rstest]
fn test_maps_of_v4_6_hash(
    #[values("4.6", "5.9", "6.18")] release: &str,
    #[values(0, create::NO_PREALLOC)] flags: u32,
) {
    let mut bench = Bench::at(release);
    let map = Wanted { key: 8, flags, ..wanted(map::PERCPU_HASH, 8, 2) };
    hash_of_test_maps(&mut bench, map);
}

/// The same on the live kernel.
#[rstest]
fn test_maps_hash_natively(#[values(0, create::NO_PREALLOC)] flags: u32) {
    let map = Wanted { key: 8, flags, ..wanted(map::PERCPU_HASH, 8, 2) };
    if let Some(mut bench) = World::Native.bench() {
        hash_of_test_maps(&mut bench, map);
    }
}

fn hash_of_test_maps(bench: &mut Bench, map: Wanted) {
    let fd = bench.create(map);
    let all = values(bench, 100);
    let key = |number: u64| number.to_le_bytes();
    assert_eq!(bench.update(fd, &key(1), &all, flag::ANY), Ok(0));
    assert_eq!(bench.update(fd, &key(1), &all, flag::NOEXIST), Err(Errno::EEXIST));
    assert_eq!(bench.update(fd, &key(1), &all, !0), Err(Errno::EINVAL));
    assert_eq!(bench.lookup(fd, &key(1), all.len()), Ok(all.clone()));
    assert_eq!(bench.lookup(fd, &key(2), all.len()), Err(Errno::ENOENT));
    assert_eq!(bench.update(fd, &key(2), &all, flag::EXIST), Err(Errno::ENOENT));
    assert_eq!(bench.update(fd, &key(2), &all, flag::NOEXIST), Ok(0));
    assert_eq!(bench.update(fd, &key(0), &all, flag::NOEXIST), Err(Errno::E2BIG));
    assert_eq!(bench.delete(fd, &key(0)), Err(Errno::ENOENT));
    let mut at = key(0).to_vec();
    let mut seen = Vec::new();
    loop {
        match bench.next(fd, Some(&at), 8) {
            Ok(next) => {
                assert_eq!(bench.lookup(fd, &next, all.len()), Ok(all.clone()));
                seen.push(u64::from_le_bytes(next.clone().try_into().expect("8 bytes")));
                at = next;
            }
            Err(errno) => {
                assert_eq!(errno, Errno::ENOENT);
                break;
            }
        }
    }
    seen.sort_unstable();
    assert_eq!(seen, [1, 2], "each key once");
    assert_eq!(bench.update(fd, &key(1), &all, flag::EXIST), Ok(0));
    assert_eq!(bench.delete(fd, &key(1)), Ok(0));
    assert_eq!(bench.delete(fd, &key(2)), Ok(0));
    assert_eq!(bench.delete(fd, &key(1)), Err(Errno::ENOENT));
    assert_eq!(bench.next(fd, Some(&key(0)), 8), Err(Errno::ENOENT));
}

/// samples/bpf/test_maps.c of v4.6, the array.
#[rstest]
fn test_maps_of_v4_6_array(#[values("4.6", "5.9", "6.18")] release: &str) {
    array_of_test_maps(&mut Bench::at(release));
}

/// The same on the live kernel.
#[test]
fn test_maps_array_natively() {
    if let Some(mut bench) = World::Native.bench() {
        array_of_test_maps(&mut bench);
    }
}

fn array_of_test_maps(bench: &mut Bench) {
    let fd = bench.create(wanted(map::PERCPU_ARRAY, 8, 2));
    let all = values(bench, 100);
    let key = |number: u32| number.to_le_bytes();
    assert_eq!(bench.update(fd, &key(1), &all, flag::ANY), Ok(0));
    assert_eq!(bench.update(fd, &key(1), &all, flag::NOEXIST), Err(Errno::EEXIST));
    assert_eq!(bench.lookup(fd, &key(1), all.len()), Ok(all.clone()));
    assert_eq!(bench.lookup(fd, &key(0), all.len()), Ok(vec![0; all.len()]));
    assert_eq!(bench.update(fd, &key(2), &all, flag::EXIST), Err(Errno::E2BIG));
    assert_eq!(bench.lookup(fd, &key(2), all.len()), Err(Errno::ENOENT));
    let next = |bench: &mut Bench, at| bench.next(fd, Some(&key(at)), 4);
    assert_eq!(next(bench, 2), Ok(key(0).to_vec()));
    assert_eq!(next(bench, 0), Ok(key(1).to_vec()));
    assert_eq!(next(bench, 1), Err(Errno::ENOENT));
    assert_eq!(bench.delete(fd, &key(1)), Err(Errno::EINVAL));
}

/// Many keys, each with its own value on every CPU: 20,000 in v4.6, 2,000 later.
#[rstest]
#[case::v4_6("4.6", 20_000)]
#[case::v6_18("6.18", 2_000)]
fn test_maps_many_keys(#[case] release: &str, #[case] entries: u32) {
    let mut bench = Bench::at(release);
    let fd = bench.create(wanted(map::PERCPU_HASH, 8, entries));
    let all = values(&bench, 10);
    for key in 0..entries {
        assert_eq!(bench.update(fd, &key.to_le_bytes(), &all, flag::NOEXIST), Ok(0));
    }
    assert_eq!(bench.update(fd, &entries.to_le_bytes(), &all, flag::ANY), Err(Errno::E2BIG));
    for key in 0..entries {
        assert_eq!(bench.lookup(fd, &key.to_le_bytes(), all.len()), Ok(all.clone()));
    }
    let (kernel, _) = bench.parts();
    assert_eq!(kernel.core.maps().count(), 1);
}
