//! Batches of updates and deletes: what one that fails leaves behind, and whose values it sets.

use bpfsim_abi::Errno;
use bpfsim_abi::attr::{BatchAttr, UserAddr};
use bpfsim_tests::bench::{Said, wanted};
use bpfsim_tests::numbers::{cmd, flag, map};
use bpfsim_tests::{Bench, World};
use rstest::rstest;

fn bytes(keys: &[u32]) -> Vec<u8> {
    keys.iter().flat_map(|key| key.to_le_bytes()).collect()
}

fn call(bench: &mut Bench, command: u32, arm: BatchAttr) -> (Said, u32) {
    let (said, attr) = bench.call_back(command, &arm);
    (said, attr[32..36].try_into().map(u32::from_le_bytes).expect("four bytes"))
}

fn arm(bench: &mut Bench, fd: u32, keys: &[u32], values: &[u8], elem_flags: u64) -> BatchAttr {
    let (at, values) = (bench.alloc(&bytes(keys)), bench.alloc(values));
    let count = keys.len() as u32;
    BatchAttr { keys: at, values, count, map_fd: fd, elem_flags, ..BatchAttr::default() }
}

/// A full map stops an update; what was done stays and is counted.
#[rstest]
fn an_update_keeps_what_it_did(#[values(World::Simulated, World::Native)] world: World) {
    let Some(mut bench) = world.bench() else { return };
    let fd = bench.create(wanted(map::ARRAY, 8, 2));
    let values: Vec<u8> = (1..=24).collect();
    let good = arm(&mut bench, fd, &[1, 0, 2], &values, 0);
    assert_eq!(call(&mut bench, cmd::UPDATE_BATCH, good), (Err(Errno::E2BIG), 2));
    assert_eq!(bench.lookup(fd, &bytes(&[1]), 8), Ok(values[..8].to_vec()));
    assert_eq!(bench.lookup(fd, &bytes(&[0]), 8), Ok(values[8..16].to_vec()));
}

/// The keys end in the middle.
#[rstest]
fn keys_that_end(
    #[values(World::Simulated, World::Native)] world: World,
    #[values(cmd::UPDATE_BATCH, cmd::DELETE_BATCH)] command: u32,
) {
    let Some(mut bench) = world.bench() else { return };
    let fd = bench.create(wanted(map::HASH, 8, 4));
    for key in [1u32, 2] {
        assert_eq!(bench.update(fd, &key.to_le_bytes(), &[9; 8], flag::ANY), Ok(0));
    }
    let good = arm(&mut bench, fd, &[2, 1], &[5; 24], 0);
    let long = BatchAttr { count: 3, ..good };
    assert_eq!(call(&mut bench, command, long), (Err(Errno::EFAULT), 2));
    let there = command == cmd::UPDATE_BATCH;
    assert_eq!(bench.lookup(fd, &bytes(&[1]), 8).is_ok(), there);
}

/// A key that is not there stops a delete.
#[rstest]
#[case::all(&[1, 2, 3], Ok(0), 3)]
#[case::last(&[1, 2, 7], Err(Errno::ENOENT), 2)]
#[case::first(&[7, 1, 2], Err(Errno::ENOENT), 0)]
#[case::twice(&[1, 1, 2], Err(Errno::ENOENT), 1)]
fn a_delete_keeps_what_it_did(
    #[values(World::Simulated, World::Native)] world: World,
    #[values(map::HASH, map::PERCPU_HASH)] map_type: u32,
    #[case] keys: &[u32],
    #[case] expected: Said,
    #[case] count: u32,
) {
    let Some(mut bench) = world.bench() else { return };
    let fd = bench.create(wanted(map_type, 8, 4));
    let value = vec![7; 8 * bench.cpus()];
    for key in 1..4u32 {
        assert_eq!(bench.update(fd, &key.to_le_bytes(), &value, flag::ANY), Ok(0));
    }
    let good = BatchAttr { values: UserAddr::NULL, ..arm(&mut bench, fd, keys, &[], 0) };
    assert_eq!(call(&mut bench, cmd::DELETE_BATCH, good), (expected, count));
    assert_eq!(bench.keys(fd, 4, 4).len(), 3 - count as usize);
}

/// Values of per-CPU maps stand one after the other, each CPU's rounded up to eight bytes.
#[rstest]
fn every_cpu(
    #[values(World::Simulated, World::Native)] world: World,
    #[values(map::PERCPU_HASH, map::PERCPU_ARRAY)] map_type: u32,
) {
    let Some(mut bench) = world.bench() else { return };
    let fd = bench.create(wanted(map_type, 6, 4));
    let wire = 8 * bench.cpus();
    let mut values: Vec<u8> = (0..2 * wire as u8).collect();
    for padding in values.chunks_mut(8) {
        padding[6..].fill(0);
    }
    let good = arm(&mut bench, fd, &[3, 1], &values, 0);
    assert_eq!(call(&mut bench, cmd::UPDATE_BATCH, good), (Ok(0), 2));
    assert_eq!(bench.lookup(fd, &bytes(&[3]), wire), Ok(values[..wire].to_vec()));
    assert_eq!(bench.lookup(fd, &bytes(&[1]), wire), Ok(values[wire..].to_vec()));
}

/// v7.0: one CPU's values, or one value for every CPU, without padding between them.
#[rstest]
#[case::one(flag::CPU | 1 << 32, [0, 7])]
#[case::all(flag::ALL_CPUS, [7, 7])]
fn chosen_cpus(
    #[values(map::PERCPU_HASH, map::PERCPU_ARRAY)] map_type: u32,
    #[case] elem_flags: u64,
    #[case] first: [u8; 2],
) {
    let mut bench = Bench::at("7.0");
    let fd = bench.create(wanted(map_type, 4, 4));
    let good = arm(&mut bench, fd, &[3, 1], &[7, 7, 7, 7, 8, 8, 8, 8], elem_flags);
    assert_eq!(call(&mut bench, cmd::UPDATE_BATCH, good), (Ok(0), 2));
    let stored = bench.lookup(fd, &bytes(&[3]), 16).expect("key 3");
    assert_eq!([stored[0], stored[8]], first);
    assert_eq!(stored[12..16], [0; 4]);
    let flags = flag::CPU | 1 << 32;
    let (keys, values, out_batch) = (bench.room(16), bench.room(16), bench.room(4));
    let read = BatchAttr {
        out_batch,
        keys,
        values,
        count: 4,
        map_fd: fd,
        elem_flags: flags,
        ..BatchAttr::default()
    };
    let (_, count) = call(&mut bench, cmd::LOOKUP_BATCH, read);
    let got: Vec<(Vec<u8>, Vec<u8>)> = (0..count as usize)
        .map(|at| {
            let key = bench.read(UserAddr(keys.0 + 4 * at as u64), 4);
            (key, bench.read(UserAddr(values.0 + 4 * at as u64), 4))
        })
        .collect();
    assert!(got.contains(&(bytes(&[3]), vec![7; 4])), "{got:?}");
    assert!(got.contains(&(bytes(&[1]), vec![8; 4])), "{got:?}");
}
