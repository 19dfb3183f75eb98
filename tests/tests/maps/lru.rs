//! LRU_HASH and LRU_PERCPU_HASH, v4.10: a hash that is never full.

use bpfsim_abi::Errno;
use bpfsim_sim::Topology;
use bpfsim_tests::bench::{Said, Wanted};
use bpfsim_tests::numbers::{create, flag, map};
use bpfsim_tests::world::profile;
use bpfsim_tests::{Bench, World};
use rstest::rstest;

fn at(release: &str, cpus: u32) -> Bench {
    let mut profile = profile(release);
    profile.cpus = Topology::all_online(cpus);
    Bench::simulated(profile)
}

fn make(bench: &mut Bench, map_type: u32, entries: u32, flags: u32) -> u32 {
    bench.create(Wanted { map_type, key: 4, value: 8, entries, flags })
}

fn put(bench: &mut Bench, fd: u32, key: u32, flags: u64) -> Said {
    let value = vec![key as u8; 8 * bench.cpus()];
    bench.update(fd, &key.to_le_bytes(), &value, flags)
}

fn there(bench: &mut Bench, fd: u32, keys: u32) -> Vec<u32> {
    let len = 8 * bench.cpus();
    (0..keys).filter(|key| bench.lookup(fd, &key.to_le_bytes(), len).is_ok()).collect()
}

const TYPES: [u32; 2] = [map::LRU_HASH, map::LRU_PERCPU_HASH];

#[rstest]
#[case::new(9, flag::ANY, Ok(0))]
#[case::new_alone(9, flag::NOEXIST, Ok(0))]
#[case::absent(9, flag::EXIST, Err(Errno::ENOENT))]
#[case::replaced(1, flag::EXIST, Ok(0))]
#[case::already_there(1, flag::NOEXIST, Err(Errno::EEXIST))]
#[case::both(1, 3, Err(Errno::EINVAL))]
#[case::locked(1, flag::LOCK, Err(Errno::EINVAL))]
fn updates(
    #[values(World::Simulated, World::Native)] world: World,
    #[values(0, 1)] which: usize,
    #[case] key: u32,
    #[case] flags: u64,
    #[case] expected: Said,
) {
    let Some(mut bench) = world.bench() else { return };
    let fd = make(&mut bench, TYPES[which], 8, 0);
    assert_eq!(put(&mut bench, fd, 1, flag::ANY), Ok(0));
    assert_eq!(put(&mut bench, fd, key, flags), expected);
    assert_eq!(there(&mut bench, fd, 10).contains(&key), key == 1 || expected.is_ok());
}

/// How many of a thousand keys a map of 300 keeps on one of two CPUs: the other one may hold
/// elements back, and a CPU takes up to 128 at a time. v6.17 takes less from small maps.
#[rstest]
#[case::before("6.16", 0, 300)]
#[case::since("6.17", 0, 300)]
#[case::own_lists("6.17", create::NO_COMMON_LRU, 150)]
fn capacity(#[case] release: &str, #[case] flags: u32, #[case] most: usize) {
    let mut bench = at(release, 2);
    let fd = make(&mut bench, map::LRU_HASH, 300, flags);
    for key in 0..1000 {
        assert_eq!(put(&mut bench, fd, key, flag::ANY), Ok(0));
    }
    let kept = there(&mut bench, fd, 1000);
    assert!(kept.contains(&999) && kept.len() <= most, "{} keys", kept.len());
    assert!(kept.len() > most / 2, "{} keys", kept.len());
}

/// Up to v6.16 a CPU that found everything in the hands of others recycled its own last key; now
/// nobody holds more than its part of one half.
#[rstest]
#[case::starved("6.16", 1)]
#[case::shared("6.17", 12)]
fn the_second_cpu(#[case] release: &str, #[case] expected: usize) {
    let mut bench = at(release, 2);
    let fd = make(&mut bench, map::LRU_HASH, 16, 0);
    assert_eq!(put(&mut bench, fd, 100, flag::ANY), Ok(0));
    bench.parts().1.cpu = 1;
    for key in 0..16 {
        assert_eq!(put(&mut bench, fd, key, flag::ANY), Ok(0));
    }
    assert_eq!(there(&mut bench, fd, 16).len(), expected);
}

/// A lookup by a system call marked the element up to v5.1.
#[rstest]
#[case::marked("5.1", true)]
#[case::not_marked("5.2", false)]
fn marks(#[case] release: &str, #[case] stays: bool) {
    let mut bench = at(release, 1);
    let fd = make(&mut bench, map::LRU_HASH, 4, 0);
    for key in 0..40 {
        assert_eq!(put(&mut bench, fd, key, flag::ANY), Ok(0));
        let _ = bench.lookup(fd, &0u32.to_le_bytes(), 8);
    }
    assert_eq!(there(&mut bench, fd, 1), if stays { vec![0] } else { vec![] });
}
