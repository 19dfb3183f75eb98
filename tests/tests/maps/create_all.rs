//! `BPF_MAP_CREATE`: every map type of v6.18 with every combination of a few sizes, flags and
//! extras, the simulator beside the live kernel. Bounded in number and in memory.

use bpfsim_abi::attr::{MapCreateAttr, UserAddr};
use bpfsim_syscall::Failure;
use bpfsim_tests::bench::wanted;
use bpfsim_tests::numbers::{cmd, create, map};
use bpfsim_tests::{Bench, World};
use rstest::rstest;
use zerocopy::IntoBytes;

/// Map types of v6.18, and the numbers around them.
const TYPES: std::ops::RangeInclusive<u32> = 0..=36;

const KEYS: &[u32] = &[0, 3, 4, 5, 8, 16, 260, 261, 512, 513, u32::MAX];

const VALUES: &[u32] = &[
    0,
    1,
    4,
    8,
    16,
    32,
    1016,
    4064,
    32768,
    32769,
    65407,
    65408,
    (4 << 20) - 52,
    4 << 20,
    (4 << 20) + 1,
    1 << 31,
    u32::MAX,
];

const ENTRIES: &[u32] = &[0, 1, 4096];

/// One of the many.
#[derive(Clone, Copy, Debug, Default)]
struct Row {
    map_type: u32,
    key: u32,
    value: u32,
    entries: u32,
    flags: u32,
    extra: u64,
}

impl Row {
    /// A real kernel has to find the memory, and to clean it up: many entries only of nothing.
    fn is_small(self) -> bool {
        self.entries <= 2 || self.value == 0
    }
}

/// A world with one attr in its memory, written again for each call.
struct Caller {
    bench: Bench,
    at: UserAddr,
    inner: u32,
}

impl Caller {
    fn new(mut bench: Bench) -> Self {
        let at = bench.alloc(MapCreateAttr::default().as_bytes());
        let inner = bench.create(wanted(map::ARRAY, 8, 1));
        Self { bench, at, inner }
    }

    /// The errno; 0 for a map, and for one that the simulator knows but cannot make.
    fn create(&mut self, row: Row) -> i32 {
        let arm = MapCreateAttr {
            map_type: row.map_type,
            key_size: row.key,
            value_size: row.value,
            max_entries: row.entries,
            map_flags: row.flags,
            map_extra: row.extra,
            inner_map_fd: self.inner,
            ..MapCreateAttr::default()
        };
        self.bench.write(self.at, arm.as_bytes());
        match self.bench.try_call_at(cmd::MAP_CREATE, self.at, arm.as_bytes().len() as u32) {
            Ok(fd) => {
                self.bench.close(fd as u32);
                0
            }
            Err(Failure::Errno(refusal)) => refusal.errno as i32,
            Err(Failure::NotModelled(_)) => 0,
            Err(Failure::Trapped(wild)) => panic!("{row:?}: {wild}"),
        }
    }
}

fn compare(rows: impl Iterator<Item = Row>, least: u32) {
    let (Some(native), Some(simulated)) = (World::Native.bench(), World::Simulated.bench()) else {
        return;
    };
    let (mut native, mut simulated) = (Caller::new(native), Caller::new(simulated));
    let (mut compared, mut differ) = (0, Vec::new());
    for row in rows.filter(|row| row.is_small()) {
        compared += 1;
        let (live, ours) = (native.create(row), simulated.create(row));
        if live != ours {
            differ.push(format!("{row:?}: live {live}, simulated {ours}"));
        }
    }
    assert!(compared >= least, "{compared} rows");
    let shown: Vec<&String> = differ.iter().step_by(differ.len() / 40 + 1).collect();
    assert!(differ.is_empty(), "{} of {compared} differ: {shown:#?}", differ.len());
}

fn shapes() -> impl Iterator<Item = Row> {
    TYPES.flat_map(|map_type| {
        KEYS.iter().flat_map(move |key| {
            VALUES.iter().flat_map(move |value| {
                ENTRIES.iter().map(move |entries| Row {
                    map_type,
                    key: *key,
                    value: *value,
                    entries: *entries,
                    ..Row::default()
                })
            })
        })
    })
}

#[rstest]
#[case::plain(0)]
#[case::no_prealloc(create::NO_PREALLOC)]
fn sizes(#[case] flags: u32) {
    compare(shapes().map(|row| Row { flags, ..row }), 14_000);
}

/// Keys, values, entries that some map type takes.
const SHAPES: &[(u32, u32, u32)] = &[
    (4, 4, 1),
    (4, 8, 2),
    (8, 8, 1),
    (0, 8, 1),
    (0, 0, 4096),
    (0, 0, 1),
    (4, 8, 0),
    (16, 8, 0),
    (4, 16, 1),
    (4, 4000, 1),
];

fn good_shapes() -> impl Iterator<Item = Row> {
    TYPES.flat_map(|map_type| {
        SHAPES.iter().map(move |(key, value, entries)| Row {
            map_type,
            key: *key,
            value: *value,
            entries: *entries,
            ..Row::default()
        })
    })
}

#[rstest]
#[case::alone(0)]
#[case::no_prealloc(create::NO_PREALLOC)]
#[case::mmapable(create::MMAPABLE)]
fn flags(#[case] base: u32) {
    let bits = move |row: Row| (0..32).map(move |bit| Row { flags: base | 1 << bit, ..row });
    compare(good_shapes().flat_map(bits), 10_000);
}

#[rstest]
#[case::alone(0)]
#[case::mmapable(create::MMAPABLE)]
fn extras(#[case] flags: u32) {
    let extras = [0, 1, 15, 16, 4095, 4096, 1 << 32, (1 << 32) - 4096, 1 << 63, u64::MAX];
    let with = move |row: Row| extras.map(|extra| Row { flags, extra, ..row });
    compare(good_shapes().flat_map(with), 3_000);
}
