//! What one call costs under the supervisor, beside the least that it can cost on this machine, in
//! the same run. `cargo bench -p bpfsim-host --bench supervise`
//!
//! The program is this one again, with [`CHILD`] and a name: it makes the calls and takes the time.

use bpfsim_host::supervise::{self, Options};
use bpfsim_syscall::{Caps, Profile};
use std::ffi::OsString;
use std::time::Instant;

const CHILD: &str = "--child";
const CALLS: usize = 20_000;
/// Above every command: tells the floor that this was all.
const END: u32 = 1001;

fn main() {
    let args: Vec<String> = std::env::args().collect();
    match args.iter().position(|arg| arg == CHILD).and_then(|at| args.get(at + 1)) {
        Some(name) => child(name),
        None => parent(),
    }
}

fn parent() {
    let program = std::env::current_exe().expect("this program").into_os_string();
    let own = |name: String| vec![program.clone(), OsString::from(CHILD), OsString::from(name)];
    println!("{CALLS} calls each, nanoseconds: p50, p99");
    for round in 1..=3 {
        if let Err(error) = supervise::floor(&own(format!("{round}: floor  "))) {
            return println!("skipped: {error}");
        }
        let profile = Profile::release("6.18".parse().expect("a release")).expect("known");
        let options = Options {
            profile,
            caps: Caps::ROOT,
            trace: None,
            record: None,
            notes: Box::new(std::io::stderr()),
            verbose: false,
            foreground: false,
        };
        if let Err(error) = supervise::run(options, &own(format!("{round}: bpfsim "))) {
            return println!("skipped: {error}");
        }
    }
}

/// Calls bpf(2) with an attr of this process.
fn bpf(cmd: u32, attr: &mut [u64; 9], size: usize) -> i64 {
    // SAFETY: 1. The attr lives until the call returns, and so does what its addresses point to.
    unsafe { libc::syscall(libc::SYS_bpf, cmd, attr.as_mut_ptr(), size) }
}

fn child(name: &str) {
    let (key, mut value) = (0u32, 7u64);
    // MAP_CREATE: an array of four eight-byte values.
    let mut attr = [2 | 4 << 32, 8 | 4 << 32, 0, 0, 0, 0, 0, 0, 0];
    let fd = bpf(0, &mut attr, 72) as u64;
    let mut line = name.to_owned();
    for (what, cmd) in [("lookup", 1), ("update", 2), ("next key", 4)] {
        let mut times = Vec::with_capacity(CALLS);
        for _ in 0..CALLS {
            let mut attr = [0; 9];
            (attr[0], attr[1], attr[2]) = (fd, &raw const key as u64, &raw mut value as u64);
            let start = Instant::now();
            let answer = bpf(cmd, &mut attr, 32);
            times.push(start.elapsed().as_nanos());
            assert!(answer == 0, "{what} answers {answer}");
        }
        times.sort_unstable();
        let p = |percent: usize| times[CALLS * percent / 100];
        line += &format!("  {what} {} {}", p(50), p(99));
    }
    println!("{line}");
    let mut attr = [0, 0, &raw mut value as u64, 0, 0, 0, 0, 0, 0];
    bpf(END, &mut attr, 32);
}
