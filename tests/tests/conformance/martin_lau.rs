//! The hash of January 2016 that is read by interrupts: its command, its test_maps.

use bpfsim_abi::Errno;
use bpfsim_sim::Topology;
use bpfsim_tests::Bench;
use bpfsim_tests::bench::{Wanted, wanted};
use bpfsim_tests::numbers::{flag, map};
use bpfsim_tests::programs::{load, lookup_helper};
use bpfsim_tests::world::series;
use rstest::rstest;

/// `BPF_MAP_LOOKUP_PERCPU_ELEM`; the number is the next free one of v4.5.
const LOOKUP_PERCPU: u32 = 8;
/// `BPF_MAP_TYPE_PERCPU_HASH`, likewise.
const PERCPU_HASH: u32 = 5;

/// Three possible CPUs; the last is off line.
fn bench(name: &str) -> Bench {
    let mut profile = series(name);
    let list = |text: &str| text.parse().expect("a list of CPUs");
    profile.cpus = Topology { possible: list("0-2"), online: list("0-1") };
    Bench::simulated(profile)
}

fn hash(bench: &mut Bench) -> u32 {
    bench.create(Wanted { key: 8, ..wanted(PERCPU_HASH, 8, 2) })
}

fn get(bench: &mut Bench, fd: u32, key: u64, cpu: u32) -> Result<u64, Errno> {
    let mut value = [0; 8];
    bench.elem_on(LOOKUP_PERCPU, fd, (&key.to_le_bytes(), &mut value), 0, cpu)?;
    Ok(u64::from_le_bytes(value))
}

/// Patch 4/4.
#[rstest]
fn test_maps(#[values("martin-lau", "martin-lau@v1")] name: &str) {
    let mut bench = bench(name);
    let fd = hash(&mut bench);
    let (key, value) = (u64::to_le_bytes, 1234u64.to_le_bytes());
    assert_eq!(bench.update(fd, &key(1), &value, flag::ANY), Ok(0));
    assert_eq!(bench.update(fd, &key(1), &value, flag::NOEXIST), Err(Errno::EEXIST));
    assert_eq!(bench.update(fd, &key(1), &value, !0), Err(Errno::EINVAL));
    let plain = bench.lookup(fd, &key(1), 8).expect("the key");
    assert!(plain == value || plain == [0; 8], "{plain:?}");
    assert_eq!(bench.lookup(fd, &key(2), 8), Err(Errno::ENOENT));
    assert_eq!(bench.update(fd, &key(2), &value, flag::EXIST), Err(Errno::ENOENT));
    assert_eq!(bench.update(fd, &key(2), &value, flag::NOEXIST), Ok(0));
    assert_eq!(bench.update(fd, &key(0), &value, flag::NOEXIST), Err(Errno::E2BIG));
    assert_eq!(bench.delete(fd, &key(0)), Err(Errno::ENOENT));
    let mut keys = Vec::new();
    let mut at = key(0).to_vec();
    while let Ok(next) = bench.next(fd, Some(&at), 8) {
        let number = u64::from_le_bytes(next.clone().try_into().expect("8 bytes"));
        let found: Vec<_> = (0..3).map(|cpu| get(&mut bench, fd, number, cpu)).collect();
        // Found exactly once; a CPU that is off line cannot be asked.
        assert_eq!(found, [Ok(1234), Ok(0), Err(Errno::ENXIO)]);
        assert_eq!(get(&mut bench, fd, number, 3), Err(Errno::EINVAL));
        keys.push(number);
        at = next;
    }
    keys.sort_unstable();
    assert_eq!(keys, [1, 2]);
    assert_eq!(bench.update(fd, &key(1), &value, flag::EXIST), Ok(0));
    assert_eq!(bench.delete(fd, &key(1)), Ok(0));
    assert_eq!(bench.delete(fd, &key(2)), Ok(0));
    assert_eq!(bench.delete(fd, &key(1)), Err(Errno::ENOENT));
    assert_eq!(bench.next(fd, Some(&key(0)), 8), Err(Errno::ENOENT));
}

/// An update stays on the CPU that the caller is on, and so does the plain lookup.
#[rstest]
#[case::first(0)]
#[case::second(1)]
fn the_callers_cpu(#[case] cpu: u32) {
    let mut bench = bench("martin-lau");
    let fd = hash(&mut bench);
    bench.parts().1.cpu = cpu;
    assert_eq!(bench.update(fd, &[1; 8], &[7; 8], flag::ANY), Ok(0));
    assert_eq!(bench.lookup(fd, &[1; 8], 8), Ok(vec![7; 8]));
    bench.parts().1.cpu = 1 - cpu;
    assert_eq!(bench.lookup(fd, &[1; 8], 8), Ok(vec![0; 8]));
}

/// One CPU at a time, from whichever CPU: the copy runs on the owner's.
#[rstest]
#[case::own(0, 0, 0)]
#[case::foreign(0, 1, 1)]
#[case::back(1, 0, 1)]
fn interrupts(#[case] caller: u32, #[case] asked: u32, #[case] sent: u64) {
    let mut bench = bench("martin-lau");
    let fd = hash(&mut bench);
    bench.parts().1.cpu = asked;
    let key = 1u64.to_le_bytes();
    assert_eq!(bench.update(fd, &key, &1234u64.to_le_bytes(), flag::ANY), Ok(0));
    bench.parts().1.cpu = caller;
    let before = bench.parts().0.hw.ipis;
    assert_eq!(get(&mut bench, fd, 1, asked), Ok(1234));
    assert_eq!(bench.parts().0.hw.ipis - before, sent);
    assert_eq!(bench.parts().0.hw.cpus[asked as usize].irqs_off, 0);
}

#[rstest]
#[case::absent_key(3, 0, Err(Errno::ENOENT))]
#[case::off_line(1, 2, Err(Errno::ENXIO))]
#[case::past_the_last(1, 3, Err(Errno::EINVAL))]
#[case::minus_one(1, u32::MAX, Err(Errno::EINVAL))]
fn lookups(#[case] key: u64, #[case] cpu: u32, #[case] expected: Result<u64, Errno>) {
    let mut bench = bench("martin-lau");
    let fd = hash(&mut bench);
    assert_eq!(bench.update(fd, &1u64.to_le_bytes(), &[7; 8], flag::ANY), Ok(0));
    assert_eq!(get(&mut bench, fd, key, cpu), expected);
}

/// Programs use the plain helper, and have their own CPU's value.
#[test]
fn programs_have_their_own() {
    let mut bench = bench("martin-lau");
    let fd = bench.create(wanted(PERCPU_HASH, 8, 2));
    bench.parts().1.cpu = 1;
    assert_eq!(bench.update(fd, &1u32.to_le_bytes(), &77u64.to_le_bytes(), flag::ANY), Ok(0));
    let look = load(&mut bench, &lookup_helper(fd, 1)).expect("it verifies") as u32;
    assert_eq!((bench.run_on(look, 0), bench.run_on(look, 1)), (Ok(0), Ok(77)));
}

/// The release below is v4.5: a full map is noticed before the flags are looked at.
#[test]
fn a_full_map_comes_first() {
    let mut bench = bench("martin-lau");
    let fd = bench.create(wanted(map::HASH, 8, 1));
    assert_eq!(bench.update(fd, &[1; 4], &[7; 8], flag::ANY), Ok(0));
    assert_eq!(bench.update(fd, &[2; 4], &[7; 8], flag::EXIST), Err(Errno::E2BIG));
}
