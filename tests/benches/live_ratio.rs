//! What one call of bpf(2) costs: the running kernel, the simulator, and a bare hash table, in
//! turn, in one run.
//!
//! ```text
//! cargo bench -p bpfsim-tests --bench live_ratio [-- --million]
//! ```
//!
//! What counts is the ratio: absolute figures drift with the machine. Each figure is the best of
//! many short rounds, since noise only ever adds. Where bpf(2) does not answer, the live column
//! says why. `--million` adds hashes of a million elements, some 100 MB of the kernel's memory.

use bpfsim_abi::Release;
use bpfsim_abi::attr::{BatchAttr, MapCreateAttr, MapElemAttr, UserAddr};
use bpfsim_host::{MapKind, Native, NativeMap};
use bpfsim_syscall::{Kernel, Process, Profile};
use std::collections::HashMap;
use std::hint::black_box;
use std::time::Instant;
use zerocopy::IntoBytes;

const CALLS: u32 = 5_000;
const ROUNDS: usize = 101;

/// What is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Call {
    Lookup,
    Update,
    NextKey,
    /// The cost of one element, in batches of all of them.
    Batch,
}

impl Call {
    const fn name(self) -> &'static str {
        match self {
            Call::Lookup => "lookup",
            Call::Update => "update",
            Call::NextKey => "next key",
            Call::Batch => "lookup batch",
        }
    }
}

/// A kind of map with its size: one block of rows.
#[derive(Clone, Copy, Debug)]
struct Size {
    kind: MapKind,
    value: u32,
    entries: u32,
}

/// A map on the simulator, and a caller with an attr for each key.
struct Simulated {
    kernel: Kernel,
    process: Process,
    elements: Vec<UserAddr>,
    batch: UserAddr,
}

impl Simulated {
    fn new(size: Size) -> Self {
        let mut profile = Profile::release(Release::new(6, 18)).expect("a known release");
        profile.inputs.hash_seed = 1;
        let mut kernel = Kernel::new(profile);
        let mut process = Process::default();
        let create = MapCreateAttr {
            map_type: size.kind as u32,
            key_size: 4,
            value_size: size.value,
            max_entries: size.entries,
            ..MapCreateAttr::default()
        };
        let at = process.alloc(&create.as_bytes()[..92]);
        let map_fd = kernel.bpf(&mut process, 0, at, 92).expect("a map");
        // Keys and attrs lie in one piece each, as in the memory of a program.
        let wire = size.value.next_multiple_of(8) as usize * 2;
        let value = process.alloc_zeroed(wire);
        let keys: Vec<u32> = (0..size.entries).collect();
        let keys = process.alloc(keys.as_bytes());
        let arms: Vec<MapElemAttr> = (0..u64::from(size.entries))
            .map(|key| MapElemAttr {
                map_fd,
                key: UserAddr(keys.0 + key * 4),
                value,
                ..MapElemAttr::default()
            })
            .collect();
        let first = process.alloc(arms.as_bytes());
        let elements = (0..u64::from(size.entries)).map(|i| UserAddr(first.0 + i * 32)).collect();
        let batch = BatchAttr {
            out_batch: process.alloc_zeroed(8),
            keys: process.alloc_zeroed(size.entries as usize * 4),
            values: process.alloc_zeroed(size.entries as usize * wire),
            count: size.entries,
            map_fd,
            ..BatchAttr::default()
        };
        let batch = process.alloc(batch.as_bytes());
        let mut simulated = Self { kernel, process, elements, batch };
        (0..size.entries).for_each(|key| simulated.call(Call::Update, key));
        simulated
    }

    fn call(&mut self, call: Call, key: u32) {
        let (cmd, at, size) = match call {
            Call::Lookup => (1, self.elements[key as usize], 32),
            Call::Update => (2, self.elements[key as usize], 32),
            Call::NextKey => (4, self.elements[key as usize], 32),
            Call::Batch => (24, self.batch, 56),
        };
        // The last key has no successor, and the last batch ends with ENOENT: both are calls.
        let answer = self.kernel.bpf(&mut self.process, cmd, at, size);
        assert!(answer.is_ok() || matches!(call, Call::NextKey | Call::Batch), "{answer:?}");
    }
}

/// A map on the running kernel.
struct Live {
    map: NativeMap,
    value: Vec<u8>,
    keys: Vec<u32>,
    values: Vec<u8>,
}

impl Live {
    fn new(size: Size) -> Result<Self, String> {
        let native = Native::probe().map_err(|skipped| skipped.reason)?;
        let map = native.map(size.kind, size.value, size.entries).map_err(|f| f.to_string())?;
        let (value, entries) = (vec![0; map.value_bytes()], size.entries as usize);
        let values = vec![0; map.value_bytes() * entries];
        let mut live = Self { map, value, keys: vec![0; entries], values };
        (0..size.entries).for_each(|key| live.call(Call::Update, key));
        Ok(live)
    }

    fn call(&mut self, call: Call, key: u32) {
        match call {
            Call::Lookup => self.map.lookup(key, &mut self.value).expect("it succeeds"),
            Call::Update => self.map.update(key, &self.value, 0).expect("it succeeds"),
            Call::NextKey => drop(black_box(self.map.next_key(Some(key)))),
            Call::Batch => {
                let read = self.map.lookup_batch(&mut self.keys, &mut self.values);
                assert_eq!(read.ok(), Some(self.keys.len() as u32));
            }
        }
    }
}

/// Nanoseconds for each of `calls` calls.
fn time(calls: u32, entries: u32, mut call: impl FnMut(u32)) -> f64 {
    let start = Instant::now();
    for i in 0..calls {
        call(i.wrapping_mul(7919) % entries);
    }
    start.elapsed().as_nanos() as f64 / f64::from(calls)
}

/// A hash table of the standard library (hashbrown), its value copied out: the floor.
fn bare(size: Size) -> f64 {
    let value = vec![1u8; size.value as usize];
    let table: HashMap<u32, Vec<u8>> = (0..size.entries).map(|key| (key, value.clone())).collect();
    let mut out = value;
    let round = |_| {
        time(CALLS, size.entries, |key| {
            if let Some(value) = black_box(&table).get(&key) {
                out.copy_from_slice(value);
            }
            black_box(&mut out);
        })
    };
    (0..ROUNDS).map(round).fold(f64::INFINITY, f64::min)
}

fn row(size: Size, call: Call, live: &mut Result<Live, String>, simulated: &mut Simulated) {
    let (calls, per_call) = match call {
        Call::Batch => (1 + CALLS / size.entries, f64::from(size.entries)),
        Call::Lookup | Call::Update | Call::NextKey => (CALLS, 1.0),
    };
    let (mut best_live, mut best_sim) = (f64::INFINITY, f64::INFINITY);
    for _ in 0..ROUNDS {
        if let Ok(live) = live {
            let ns = time(calls, size.entries, |key| live.call(call, key));
            best_live = best_live.min(ns / per_call);
        }
        let ns = time(calls, size.entries, |key| simulated.call(call, key));
        best_sim = best_sim.min(ns / per_call);
    }
    let Size { kind, value, entries } = size;
    let what = format!("{kind:?} {}", call.name());
    let bare = if call == Call::Lookup { format!("{:.1}", bare(size)) } else { String::new() };
    match live {
        Ok(_) => println!(
            "{what:<24} {entries:>9} {value:>6} {best_live:>9.1} {best_sim:>8.1} {:>7.1} {bare:>8}",
            best_live / best_sim
        ),
        Err(why) => println!(
            "{what:<24} {entries:>9} {value:>6} {:>9} {best_sim:>8.1} {:>7} {bare:>8}  {why}",
            "skipped", "-"
        ),
    }
}

fn main() {
    let million = std::env::args().any(|arg| arg == "--million");
    let mut sizes = Vec::new();
    for kind in [MapKind::Array, MapKind::Hash, MapKind::PercpuArray, MapKind::PercpuHash] {
        for value in [8, 64, 1024] {
            sizes.push(Size { kind, value, entries: 1000 });
        }
    }
    if million {
        sizes.push(Size { kind: MapKind::Hash, value: 16, entries: 1_000_000 });
    }
    println!(
        "{:<24} {:>9} {:>6} {:>9} {:>8} {:>7} {:>8}",
        "best of rounds, ns", "entries", "value", "live", "sim", "ratio", "bare"
    );
    for size in sizes {
        let (mut live, mut simulated) = (Live::new(size), Simulated::new(size));
        for call in [Call::Lookup, Call::Update, Call::NextKey, Call::Batch] {
            // Per-CPU arrays have batches since v5.13; a million at a time is no batch.
            if call != Call::Batch || size.entries <= 1000 {
                row(size, call, &mut live, &mut simulated);
            }
        }
    }
}
