//! Random calls on one map at a time, on the simulator and on the live kernel: the same answers,
//! the same bytes. A failure names the seed and the call.

use bpfsim_abi::attr::{BatchAttr, MapElemAttr, UserAddr};
use bpfsim_host::cpus::Pinned;
use bpfsim_sim::Topology;
use bpfsim_tests::bench::Wanted;
use bpfsim_tests::numbers::{cmd, create, flag, map};
use bpfsim_tests::world::{profile, skipped};
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

/// How keys are made.
#[derive(Clone, Copy, Debug)]
enum Keys {
    /// There are none.
    None,
    /// The lowest numbers.
    Below(u64),
    /// Prefixes of few bits: a length, and bytes of which few differ.
    Prefixes,
}

impl Keys {
    fn make(self, random: &mut Random, len: usize) -> Vec<u8> {
        let mut key = vec![0; len];
        match self {
            Keys::None => {}
            Keys::Below(count) => {
                let number = random.below(count).to_le_bytes();
                let len = len.min(8);
                key[..len].copy_from_slice(&number[..len]);
            }
            Keys::Prefixes => {
                let most = (len as u64 - 4) * 8;
                let bits = random.below(most + 2) as u32;
                key[..4].copy_from_slice(&bits.to_le_bytes());
                for byte in &mut key[4..] {
                    *byte = random.pick(&[0, 0, 0, 1, 0x80, 0xc0, 0xff]);
                }
            }
        }
        key
    }
}

/// Room for the keys and values of a batch, and for one value of every CPU.
const BATCH: usize = 5;

/// One of the two callers, with one map.
struct Side {
    bench: Bench,
    fd: u32,
    keys: UserAddr,
    values: UserAddr,
    cursors: [UserAddr; 2],
}

/// One call, as both sides make it.
#[derive(Clone, Debug)]
struct Call {
    cmd: u32,
    keys: Vec<u8>,
    values: Vec<u8>,
    cursor: Option<Vec<u8>>,
    null_key: bool,
    null_value: bool,
    count: u32,
    flags: u64,
}

/// Bytes of one value as system calls see it.
fn wire(map: &Wanted, cpus: usize) -> usize {
    match map.map_type {
        map::LRU_PERCPU_HASH => map.value.next_multiple_of(8) as usize * cpus,
        _ => map.value as usize,
    }
}

/// Bytes of a cursor: a bucket's number, or a key.
fn cursor_len(map: &Wanted) -> usize {
    (map.key as usize).max(4)
}

impl Side {
    fn new(mut bench: Bench, map: &Wanted) -> Self {
        let fd = bench.create(*map);
        let value = wire(map, bench.cpus());
        let keys = bench.room((map.key as usize * BATCH).max(1));
        let values = bench.room((value.max(map.key as usize) * BATCH).max(1));
        let cursors = [(); 2].map(|()| bench.room(cursor_len(map)));
        Self { bench, fd, keys, values, cursors }
    }

    /// Makes the call; its answer, and everything that it may have written.
    fn make(&mut self, call: &Call, map: &Wanted) -> (String, Vec<u8>, Vec<u8>, Vec<u8>) {
        let bench = &mut self.bench;
        let values_len = (wire(map, bench.cpus()).max(map.key as usize) * BATCH).max(1);
        let keys_len = (map.key as usize * BATCH).max(1);
        bench.write(self.keys, &call.keys);
        bench.write(self.values, &call.values);
        bench.write(self.cursors[1], &vec![0xaa; cursor_len(map)]);
        if let Some(cursor) = &call.cursor {
            bench.write(self.cursors[0], cursor);
        }
        let null = |null: bool, at: UserAddr| if null { UserAddr::NULL } else { at };
        let said = if call.cmd >= cmd::LOOKUP_BATCH {
            let arm = BatchAttr {
                in_batch: null(call.cursor.is_none(), self.cursors[0]),
                out_batch: self.cursors[1],
                keys: self.keys,
                values: null(call.null_value, self.values),
                count: call.count,
                map_fd: self.fd,
                elem_flags: call.flags,
                ..BatchAttr::default()
            };
            let (said, attr) = bench.call_back(call.cmd, &arm);
            format!("{said:?} {:?}", &attr[32..36])
        } else {
            let deletes = call.cmd == cmd::DELETE;
            let arm = MapElemAttr {
                map_fd: self.fd,
                key: null(call.null_key, self.keys),
                value: null(call.null_value || deletes, self.values),
                flags: call.flags,
                ..MapElemAttr::default()
            };
            format!("{:?}", bench.try_call(call.cmd, arm.as_bytes()))
        };
        let [keys, values] =
            [(self.keys, keys_len), (self.values, values_len)].map(|(at, len)| bench.read(at, len));
        (said, keys, values, bench.read(self.cursors[1], cursor_len(map)))
    }
}

fn call(random: &mut Random, map: &Wanted, keys: Keys, cpus: usize, cursor: &[u8]) -> Call {
    let single = [
        cmd::UPDATE,
        cmd::UPDATE,
        cmd::UPDATE,
        cmd::UPDATE,
        cmd::UPDATE,
        cmd::LOOKUP,
        cmd::LOOKUP,
        cmd::LOOKUP,
        cmd::NEXT_KEY,
        cmd::DELETE,
        cmd::TAKE,
    ];
    let batch = [cmd::LOOKUP_BATCH, cmd::TAKE_BATCH, cmd::UPDATE_BATCH, cmd::DELETE_BATCH];
    let cmd = if random.below(30) == 0 { random.pick(&batch) } else { random.pick(&single) };
    let len = map.key as usize;
    let mut all: Vec<u8> = (0..BATCH).flat_map(|_| keys.make(random, len)).collect();
    all.resize((len * BATCH).max(1), 0);
    let room = (wire(map, cpus).max(len) * BATCH).max(1);
    let flags = match cmd {
        cmd::UPDATE => {
            random.pick(&[0, 0, 0, 0, flag::NOEXIST, flag::EXIST, flag::EXIST, 3, flag::LOCK, 9])
        }
        cmd::LOOKUP | cmd::TAKE => random.pick(&[0, 0, 0, 0, 0, 0, 0, 0, flag::LOCK, 1]),
        _ => 0,
    };
    let starts = random.below(2) == 0;
    Call {
        cmd,
        keys: all,
        values: (0..room).map(|_| random.next() as u8).collect(),
        cursor: (!starts).then(|| cursor.to_vec()),
        null_key: len == 0 || random.below(25) == 0,
        null_value: random.below(40) == 0,
        count: random.below(BATCH as u64 + 1) as u32,
        flags,
    }
}

/// Calls for each entry that the map can have, so that it fills up.
const ROUNDS: u32 = 3;

fn compare(map: Wanted, keys: Keys, seed: u64) {
    let calls = 800 + ROUNDS * map.entries;
    let Some(native) = World::Native.bench() else { return };
    let cpus = native.cpus() as u32;
    let mut here = None;
    let mut profile = profile("6.18");
    profile.cpus = Topology::all_online(cpus);
    let mut sides = [Bench::simulated(profile), native].map(|bench| Side::new(bench, &map));
    let (mut random, mut succeeded) = (Random(seed), 0);
    let mut cursor = vec![0; cursor_len(&map)];
    for number in 0..calls {
        // Both callers stay on a CPU for some calls, and then go to another one.
        if number % 16 == 0 {
            let cpu = if number % 64 == 0 { 0 } else { random.below(cpus.into()) as u32 };
            drop(here.take());
            let Ok(pinned) = Pinned::to(cpu).inspect_err(skipped) else { return };
            here = Some(pinned);
            sides[0].bench.parts().1.cpu = cpu;
        }
        let call = call(&mut random, &map, keys, sides[1].bench.cpus(), &cursor);
        let [simulated, live] = sides.each_mut().map(|side| side.make(&call, &map));
        assert_eq!(simulated, live, "seed {seed}, call {number}: {call:?}");
        succeeded += u32::from(live.0.starts_with("Ok"));
        if call.cmd >= cmd::LOOKUP_BATCH {
            cursor = live.3;
        }
    }
    assert!(succeeded > calls / 8, "{succeeded} of {calls} calls succeeded");
}

const fn a(map_type: u32, key: u32, value: u32, entries: u32, flags: u32) -> Wanted {
    Wanted { map_type, key, value, entries, flags }
}

#[rstest]
#[case::queue(a(map::QUEUE, 0, 8, 4, 0), Keys::None)]
#[case::queue_of_odd_values(a(map::QUEUE, 0, 13, 1, 0), Keys::None)]
#[case::stack(a(map::STACK, 0, 8, 3, 0), Keys::None)]
#[case::trie_of_four_bytes(a(map::LPM_TRIE, 8, 8, 12, create::NO_PREALLOC), Keys::Prefixes)]
#[case::trie_of_one_byte(a(map::LPM_TRIE, 5, 3, 100, create::NO_PREALLOC), Keys::Prefixes)]
#[case::trie_of_eleven_bytes(a(map::LPM_TRIE, 15, 8, 30, create::NO_PREALLOC), Keys::Prefixes)]
#[case::bloom(a(map::BLOOM_FILTER, 0, 1, 9, create::ZERO_SEED), Keys::None)]
fn the_others(#[case] map: Wanted, #[case] keys: Keys) {
    compare(map, keys, 1);
}

#[rstest]
#[case::small(a(map::LRU_HASH, 4, 8, 5, 0), Keys::Below(9))]
#[case::one(a(map::LRU_HASH, 4, 8, 1, 0), Keys::Below(3))]
#[case::middle(a(map::LRU_HASH, 4, 12, 40, 0), Keys::Below(70))]
#[case::large(a(map::LRU_HASH, 4, 8, 700, 0), Keys::Below(1000))]
#[case::odd_keys(a(map::LRU_HASH, 7, 5, 16, 0), Keys::Below(40))]
#[case::own_lists(a(map::LRU_HASH, 4, 8, 40, create::NO_COMMON_LRU), Keys::Below(30))]
#[case::own_lists_small(a(map::LRU_HASH, 4, 8, 1, create::NO_COMMON_LRU), Keys::Below(4))]
#[case::percpu(a(map::LRU_PERCPU_HASH, 4, 8, 6, 0), Keys::Below(10))]
#[case::percpu_odd(a(map::LRU_PERCPU_HASH, 5, 12, 30, 0), Keys::Below(50))]
#[case::percpu_own_lists(a(map::LRU_PERCPU_HASH, 4, 8, 32, create::NO_COMMON_LRU), Keys::Below(40))]
fn least_recently_used(#[case] map: Wanted, #[case] keys: Keys) {
    compare(Wanted { flags: map.flags | create::ZERO_SEED, ..map }, keys, 2);
}
