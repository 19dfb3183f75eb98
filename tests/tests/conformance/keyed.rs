//! No per-CPU map: a plain hash whose key has the CPU number behind it.

use bpfsim_abi::Errno;
use bpfsim_tests::bench::{Wanted, wanted};
use bpfsim_tests::numbers::{create, flag, map};
use bpfsim_tests::world::series;
use bpfsim_tests::{Bench, World};
use rstest::rstest;

/// `{u32 key, u32 cpu}`.
fn key(key: u32, cpu: u32) -> Vec<u8> {
    [key.to_le_bytes(), cpu.to_le_bytes()].concat()
}

/// A hash of so many elements, filled with keys 0 and 1 on CPUs 0 and 1.
fn filled(bench: &mut Bench, entries: u32, flags: u32) -> u32 {
    let fd = bench.create(Wanted { key: 8, flags, ..wanted(map::HASH, 8, entries) });
    for (number, cpu) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
        assert_eq!(bench.update(fd, &key(number, cpu), &[7; 8], flag::ANY), Ok(0));
    }
    fd
}

/// Four elements are two keys on two CPUs: the third key does not fit.
#[test]
fn max_entries_counts_cpus() {
    let mut bench = Bench::simulated(series("keyed"));
    let fd = filled(&mut bench, 4, 0);
    assert_eq!(bench.update(fd, &key(2, 0), &[7; 8], flag::ANY), Err(Errno::E2BIG));
}

/// One logical key appears once for each CPU, in the order of the hash; a key that is gone starts
/// the walk again.
#[rstest]
fn a_walk_needs_help(#[values(World::Simulated, World::Native)] world: World) {
    let Some(mut bench) = world.bench() else { return };
    let fd = filled(&mut bench, 4, create::ZERO_SEED);
    let keys = bench.keys(fd, 8, 9);
    assert_eq!(keys.len(), 4);
    let mut sorted = keys.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, [key(0, 0), key(0, 1), key(1, 0), key(1, 1)]);
    assert_eq!(bench.delete(fd, &keys[2]), Ok(0));
    assert_eq!(bench.next(fd, Some(&keys[2]), 8), Ok(keys[0].clone()));
}

/// A delete names one CPU.
#[test]
fn deletes_are_for_one_cpu() {
    let mut bench = Bench::simulated(series("keyed"));
    let fd = filled(&mut bench, 8, 0);
    assert_eq!(bench.delete(fd, &key(1, 0)), Ok(0));
    assert_eq!(bench.lookup(fd, &key(1, 0), 8), Err(Errno::ENOENT));
    assert_eq!(bench.lookup(fd, &key(1, 1), 8), Ok(vec![7; 8]));
}
