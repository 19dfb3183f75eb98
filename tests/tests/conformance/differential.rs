//! Random map commands on the simulator and on the live kernel: same answers, same memory.
//!
//! The sequence is fixed by a seed; a failure names the seed and the step, so it can be run again.

use bpfsim_abi::attr::{MapElemAttr, UserAddr};
use bpfsim_sim::Topology;
use bpfsim_tests::bench::{Wanted, wanted};
use bpfsim_tests::numbers::{cmd, create, flag, map};
use bpfsim_tests::world::profile;
use bpfsim_tests::{Bench, World};
use rstest::rstest;
use zerocopy::IntoBytes;

/// SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u64) as usize]
    }
}

/// The maps of a sequence: every layout, odd sizes, both ways to allocate.
fn maps() -> Vec<Wanted> {
    let hash = |map_type, key, value, entries, flags| Wanted {
        map_type,
        key,
        value,
        entries,
        flags: flags | create::ZERO_SEED,
    };
    vec![
        hash(map::HASH, 4, 8, 5, 0),
        hash(map::HASH, 3, 13, 4, create::NO_PREALLOC),
        hash(map::HASH, 12, 1, 16, 0),
        hash(map::PERCPU_HASH, 4, 8, 3, 0),
        hash(map::PERCPU_HASH, 5, 12, 4, create::NO_PREALLOC),
        wanted(map::ARRAY, 8, 3),
        wanted(map::ARRAY, 5, 1),
        wanted(map::PERCPU_ARRAY, 8, 3),
        wanted(map::PERCPU_ARRAY, 12, 2),
    ]
}

/// Bytes of the two buffers; the next byte is not mapped.
const KEY: usize = 16;
const VALUE: usize = 256;

/// One of the two callers.
struct Side {
    bench: Bench,
    fds: Vec<u32>,
    key: UserAddr,
    value: UserAddr,
}

impl Side {
    fn new(mut bench: Bench, maps: &[Wanted]) -> Self {
        let fds = maps.iter().map(|map| bench.create(*map)).collect();
        let (key, value) = (bench.room(KEY), bench.room(VALUE));
        Self { bench, fds, key, value }
    }
}

/// Where a buffer begins, seen from its end; other answers are other addresses.
#[derive(Clone, Copy, Debug)]
enum At {
    Whole,
    CutOff,
    Null,
    Nowhere,
}

/// One call, as both sides make it.
#[derive(Clone, Debug)]
struct Step {
    cmd: u32,
    map: usize,
    fd: Option<u32>,
    key_at: At,
    value_at: At,
    key: Vec<u8>,
    value: Vec<u8>,
    flags: u64,
}

fn step(random: &mut Random, maps: &[Wanted]) -> Step {
    let map = random.below(maps.len() as u64) as usize;
    let mut key = vec![0; KEY];
    // Few keys, so that they meet; the number stands where the key begins.
    let number = random.pick(&[0, 1, 2, 3, 4, 5, 6, 0xffff_ffffu32]);
    let start = KEY - maps[map].key as usize;
    let bytes = number.to_le_bytes();
    let len = bytes.len().min(KEY - start);
    key[start..start + len].copy_from_slice(&bytes[..len]);
    let value = (0..VALUE).map(|_| random.next() as u8).collect();
    let commands = [
        cmd::UPDATE,
        cmd::UPDATE,
        cmd::UPDATE,
        cmd::LOOKUP,
        cmd::LOOKUP,
        cmd::DELETE,
        cmd::NEXT_KEY,
    ];
    let cmd = random.pick(&commands);
    let odd = |random: &mut Random| match random.below(20) {
        0 => At::CutOff,
        1 => At::Null,
        2 => At::Nowhere,
        _ => At::Whole,
    };
    let flags = match cmd {
        cmd::UPDATE => {
            let known = [0, 0, 0, flag::NOEXIST, flag::EXIST, 3, flag::LOCK, flag::CPU, 1 << 32];
            random.pick(&known)
        }
        cmd::LOOKUP => random.pick(&[0, 0, 0, 0, 0, 0, 0, flag::EXIST, flag::LOCK]),
        _ => u64::from(random.below(20) == 0),
    };
    let (key_at, value_at) = (odd(random), odd(random));
    let value_at = if cmd == cmd::DELETE { At::Null } else { value_at };
    let fd = (random.below(25) == 0).then_some(random.pick(&[0, 777]));
    Step { cmd, map, fd, key_at, value_at, key, value, flags }
}

/// Makes the call; the answer and both buffers afterwards.
fn make(side: &mut Side, step: &Step, map: &Wanted) -> (String, Vec<u8>, Vec<u8>) {
    side.bench.write(side.key, &step.key);
    side.bench.write(side.value, &step.value);
    let percpu = map.map_type == map::PERCPU_HASH || map.map_type == map::PERCPU_ARRAY;
    let value_len = match step.cmd {
        cmd::NEXT_KEY => map.key as usize,
        _ if percpu => map.value.next_multiple_of(8) as usize * side.bench.cpus(),
        _ => map.value as usize,
    };
    let nowhere = side.bench.nowhere();
    let place = |buffer: UserAddr, room: usize, len: usize, at: At| match at {
        At::Whole => UserAddr(buffer.0 + (room - len) as u64),
        At::CutOff => UserAddr(buffer.0 + (room - len) as u64 + 1),
        At::Null => UserAddr::NULL,
        At::Nowhere => nowhere,
    };
    let arm = MapElemAttr {
        map_fd: step.fd.unwrap_or(side.fds[step.map]),
        key: place(side.key, KEY, map.key as usize, step.key_at),
        value: place(side.value, VALUE, value_len, step.value_at),
        flags: step.flags,
        ..MapElemAttr::default()
    };
    let said = side.bench.try_call(step.cmd, arm.as_bytes());
    // A live kernel gives no cause.
    let said = match said {
        Err(failure) if failure.errno().is_some() => format!("{:?}", failure.errno()),
        other => format!("{other:?}"),
    };
    (said, side.bench.read(side.key, KEY), side.bench.read(side.value, VALUE))
}

/// Every key in order with its value.
fn contents(side: &mut Side, index: usize, map: &Wanted) -> Vec<(Vec<u8>, Vec<u8>)> {
    let percpu = map.map_type == map::PERCPU_HASH || map.map_type == map::PERCPU_ARRAY;
    let slots = if percpu { side.bench.cpus() } else { 1 };
    let stride = if percpu { map.value.next_multiple_of(8) } else { map.value };
    let len = stride as usize * slots;
    let keys = side.bench.keys(side.fds[index], map.key as usize, 99);
    let value = |key: Vec<u8>| {
        let value = side.bench.lookup(side.fds[index], &key, len).expect("a key of the walk");
        (key, value)
    };
    keys.into_iter().map(value).collect()
}

#[rstest]
fn random_calls_agree(#[values(1, 2, 3)] seed: u64) {
    const CALLS: u32 = 2500;
    let Some(native) = World::Native.bench() else { return };
    let mut profile = profile("6.18");
    profile.cpus = Topology::all_online(native.cpus() as u32);
    assert!(native.cpus() * 16 <= VALUE, "{} CPUs: make the buffer larger", native.cpus());
    let maps = maps();
    let mut sides = [Side::new(Bench::simulated(profile), &maps), Side::new(native, &maps)];
    let mut random = Random(seed);
    let mut succeeded = 0;
    for number in 0..CALLS {
        let step = step(&mut random, &maps);
        let [simulated, live] = sides.each_mut().map(|side| make(side, &step, &maps[step.map]));
        assert_eq!(simulated, live, "seed {seed}, call {number}: {step:?}");
        succeeded += u32::from(live.0.starts_with("Ok"));
    }
    // A sequence of nothing but errors would say little.
    assert!(succeeded > CALLS / 5, "{succeeded} of {CALLS} calls succeeded");
    for (index, map) in maps.iter().enumerate() {
        let [simulated, live] = sides.each_mut().map(|side| contents(side, index, map));
        assert_eq!(simulated, live, "seed {seed}, map {index} at the end");
    }
}
