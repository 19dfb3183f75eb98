//! How batches go on: cursors, `count`, and the end.

use bpfsim_abi::Errno;
use bpfsim_abi::attr::{BatchAttr, UserAddr};
use bpfsim_tests::bench::{Said, Wanted, wanted};
use bpfsim_tests::numbers::{cmd, create, flag, map};
use bpfsim_tests::{Bench, World};
use rstest::rstest;

/// One call: what it said, its keys and values as far as `count` says, and its cursor.
struct Got {
    said: Said,
    keys: Vec<Vec<u8>>,
    values: Vec<Vec<u8>>,
    cursor: u32,
}

fn call(
    bench: &mut Bench,
    command: u32,
    fd: u32,
    from: Option<u32>,
    count: u32,
    wire: usize,
) -> Got {
    let (keys, values) = (bench.room(4 * count as usize), bench.room(wire * count as usize));
    let in_batch = from.map_or(UserAddr::NULL, |from| bench.alloc(&from.to_le_bytes()));
    let out_batch = bench.alloc(&u32::MAX.to_le_bytes());
    let arm =
        BatchAttr { in_batch, out_batch, keys, values, count, map_fd: fd, ..BatchAttr::default() };
    let (said, attr) = bench.call_back(command, &arm);
    let done = attr[32..36].try_into().map(u32::from_le_bytes).expect("four bytes") as usize;
    let keys = bench.read(keys, 4 * done);
    let values = bench.read(values, wire * done);
    let cursor = bench.read(out_batch, 4).try_into().map(u32::from_le_bytes).expect("four bytes");
    Got {
        said,
        keys: keys.chunks(4).map(<[u8]>::to_vec).collect(),
        values: values.chunks(wire).map(<[u8]>::to_vec).collect(),
        cursor,
    }
}

/// A value that says which key and which CPU it is of, padded as it comes back.
fn value_of(key: u32, cpus: usize, size: usize) -> Vec<u8> {
    let one = |cpu: usize| {
        let mut bytes = vec![key as u8 + 16 * cpu as u8; size];
        bytes.resize(size.next_multiple_of(8), 0);
        bytes
    };
    if cpus == 1 { vec![key as u8; size] } else { (0..cpus).flat_map(one).collect() }
}

fn filled(bench: &mut Bench, wanted: Wanted, keys: std::ops::Range<u32>) -> (u32, usize) {
    let fd = bench.create(wanted);
    let percpu = wanted.map_type == map::PERCPU_HASH || wanted.map_type == map::PERCPU_ARRAY;
    let cpus = if percpu { bench.cpus() } else { 1 };
    for key in keys {
        let value = value_of(key, cpus, wanted.value as usize);
        assert_eq!(bench.update(fd, &key.to_le_bytes(), &value, flag::ANY), Ok(0));
    }
    (fd, cpus)
}

const fn seedless(map_type: u32, value: u32, entries: u32) -> Wanted {
    Wanted { flags: create::ZERO_SEED, ..wanted(map_type, value, entries) }
}

/// The cursor of an array is the last key that was read.
#[rstest]
fn arrays_go_by_key(
    #[values(World::Simulated, World::Native)] world: World,
    #[values(map::ARRAY, map::PERCPU_ARRAY)] map_type: u32,
) {
    let Some(mut bench) = world.bench() else { return };
    let (fd, cpus) = filled(&mut bench, wanted(map_type, 12, 5), 0..5);
    let wire = value_of(0, cpus, 12).len();
    let mut from = None;
    for (expected, keys, cursor) in
        [(Ok(0), 0..2, 1), (Ok(0), 2..4, 3), (Err(Errno::ENOENT), 4..5, 4)]
    {
        let got = call(&mut bench, cmd::LOOKUP_BATCH, fd, from, 2, wire);
        assert_eq!((got.said, got.cursor), (expected, cursor));
        let values: Vec<_> = keys.clone().map(|key| value_of(key, cpus, 12)).collect();
        assert_eq!(got.values, values);
        assert_eq!(got.keys, keys.map(|key| key.to_le_bytes().to_vec()).collect::<Vec<_>>());
        from = Some(got.cursor);
    }
    let got = call(&mut bench, cmd::LOOKUP_BATCH, fd, from, 2, wire);
    assert_eq!((got.said, got.keys.len(), got.cursor), (Err(Errno::ENOENT), 0, u32::MAX));
    // A cursor past the end starts again, as GET_NEXT_KEY does.
    let got = call(&mut bench, cmd::LOOKUP_BATCH, fd, Some(1000), 2, wire);
    assert_eq!((got.said, got.keys.len(), got.cursor), (Ok(0), 2, 1));
}

/// An array that is read to its last key in one call says nothing of the end.
#[rstest]
fn an_exact_fit_is_no_end(#[values(World::Simulated, World::Native)] world: World) {
    let Some(mut bench) = world.bench() else { return };
    let (fd, _) = filled(&mut bench, wanted(map::ARRAY, 8, 3), 0..3);
    let got = call(&mut bench, cmd::LOOKUP_BATCH, fd, None, 3, 8);
    assert_eq!((got.said, got.keys.len(), got.cursor), (Ok(0), 3, 2));
    let (fd, _) = filled(&mut bench, seedless(map::HASH, 8, 4), 0..3);
    let got = call(&mut bench, cmd::LOOKUP_BATCH, fd, None, 3, 8);
    let end = if got.cursor == 4 { Err(Errno::ENOENT) } else { Ok(0) };
    assert_eq!((got.said, got.keys.len()), (end, 3));
}

/// A walk over a hash meets every key once, in buckets, and a take leaves nothing.
#[rstest]
fn hashes_go_by_bucket(
    #[values(World::Simulated, World::Native)] world: World,
    #[values(map::HASH, map::PERCPU_HASH)] map_type: u32,
    #[values(cmd::LOOKUP_BATCH, cmd::TAKE_BATCH)] command: u32,
    #[values(4, 7, 40)] room: u32,
) {
    let Some(mut bench) = world.bench() else { return };
    let (fd, cpus) = filled(&mut bench, seedless(map_type, 12, 32), 0..20);
    let wire = value_of(0, cpus, 12).len();
    let (mut from, mut seen) = (None, Vec::new());
    loop {
        let got = call(&mut bench, command, fd, from, room, wire);
        for (key, value) in got.keys.iter().zip(&got.values) {
            let key = u32::from_le_bytes(key[..].try_into().expect("four bytes"));
            assert_eq!(*value, value_of(key, cpus, 12));
            seen.push(key);
        }
        if got.said == Err(Errno::ENOENT) {
            assert_eq!(got.cursor, 32, "the number of buckets");
            break;
        }
        assert_eq!(got.said, Ok(0));
        from = Some(got.cursor);
    }
    let mut sorted = seen.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, (0..20).collect::<Vec<_>>());
    let walked: Vec<_> = seen.iter().map(|key| key.to_le_bytes().to_vec()).collect();
    let left = bench.keys(fd, 4, 32);
    assert_eq!(left, if command == cmd::TAKE_BATCH { Vec::new() } else { walked });
}

/// A bucket that does not fit: ENOSPC where nothing was read yet, with the cursor at that bucket.
#[rstest]
fn a_bucket_is_read_whole(#[values(World::Simulated, World::Native)] world: World) {
    let Some(mut bench) = world.bench() else { return };
    // One bucket.
    let fd = bench.create(seedless(map::HASH, 8, 1));
    let (two, _) = filled(&mut bench, seedless(map::HASH, 8, 2), 0..2);
    assert_eq!(bench.update(fd, &5u32.to_le_bytes(), &[5; 8], flag::ANY), Ok(0));
    let got = call(&mut bench, cmd::LOOKUP_BATCH, fd, None, 1, 8);
    assert_eq!((got.said, got.keys.len(), got.cursor), (Err(Errno::ENOENT), 1, 1));
    let crowded = crowded(&mut bench);
    let got = call(&mut bench, cmd::TAKE_BATCH, crowded, None, 1, 8);
    assert_eq!((got.said, got.keys.len()), (Err(Errno::ENOSPC), 0));
    let again = call(&mut bench, cmd::LOOKUP_BATCH, crowded, Some(got.cursor), 2, 8);
    assert_eq!(again.keys.len(), 2, "nothing was taken");
    // A cursor past the buckets.
    let got = call(&mut bench, cmd::LOOKUP_BATCH, two, Some(2), 2, 8);
    assert_eq!((got.said, got.keys.len(), got.cursor), (Err(Errno::ENOENT), 0, u32::MAX));
}

/// A hash of two buckets with two keys, both in one of them.
fn crowded(bench: &mut Bench) -> u32 {
    for other in 1..64u32 {
        let fd = bench.create(seedless(map::HASH, 8, 2));
        for key in [0, other] {
            assert_eq!(bench.update(fd, &key.to_le_bytes(), &[7; 8], flag::ANY), Ok(0));
        }
        if call(bench, cmd::LOOKUP_BATCH, fd, None, 1, 8).said == Err(Errno::ENOSPC) {
            return fd;
        }
        bench.close(fd);
    }
    panic!("64 keys never share one of two buckets with key 0");
}

/// What a take cannot hand out is lost.
#[rstest]
#[case::lookup(cmd::LOOKUP_BATCH, 1)]
#[case::take(cmd::TAKE_BATCH, 0)]
fn unmapped_values(
    #[values(World::Simulated, World::Native)] world: World,
    #[case] command: u32,
    #[case] left: usize,
) {
    let Some(mut bench) = world.bench() else { return };
    let (fd, _) = filled(&mut bench, seedless(map::HASH, 8, 2), 0..1);
    let (keys, out_batch) = (bench.room(4), bench.room(4));
    let values = bench.nowhere();
    let arm = BatchAttr { out_batch, keys, values, count: 1, map_fd: fd, ..BatchAttr::default() };
    let (said, attr) = bench.call_back(command, &arm);
    assert_eq!((said, &attr[32..36]), (Err(Errno::EFAULT), &[0; 4][..]));
    assert_eq!(bench.keys(fd, 4, 2).len(), left);
}
