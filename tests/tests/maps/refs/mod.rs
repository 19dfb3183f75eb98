//! Map types whose elements stand for programs, maps, devices, CPUs, sockets, events, cgroups.

mod elements;
mod lives;

use bpfsim_abi::Errno;
use bpfsim_abi::attr::{GetIdAttr, MapCreateAttr};
use bpfsim_tests::bench::{Said, Wanted, wanted};
use bpfsim_tests::numbers::{cmd, create, flag, map};
use bpfsim_tests::{Bench, World, programs};
use rstest::rstest;

/// What a value says.
#[derive(Clone, Copy, Debug)]
enum Value {
    /// A program that only returns.
    Prog,
    /// An array of one value of eight bytes.
    Map,
    /// No fd.
    Nothing,
    /// A number, and a second one where values have eight bytes.
    Words(u32, u32),
}

/// One element command.
#[derive(Clone, Copy, Debug)]
enum Do {
    Lookup(u32),
    Update(u32, Value, u64),
    Delete(u32),
    Next(u32),
    First,
    Take(u32),
}

const NO_FD: u32 = 777;

struct Stage {
    bench: Bench,
    fd: u32,
    value_size: usize,
    prog: u32,
    inner: u32,
}

/// A map of two elements.
fn stage(mut bench: Bench, map_type: u32, value_size: u32) -> Stage {
    let prog = programs::load(&mut bench, &RETURN).expect("a program") as u32;
    let inner = bench.create(wanted(map::ARRAY, 8, 1));
    let arm = MapCreateAttr {
        map_type,
        key_size: 4,
        value_size,
        max_entries: 2,
        inner_map_fd: inner,
        ..MapCreateAttr::default()
    };
    let fd = bench.call(cmd::MAP_CREATE, &arm).expect("a map") as u32;
    Stage { bench, fd, value_size: value_size as usize, prog, inner }
}

const RETURN: [[u8; 8]; 2] = [programs::mov(0, 0), programs::EXIT];

impl Stage {
    fn value(&self, value: Value) -> Vec<u8> {
        let (first, second) = match value {
            Value::Prog => (self.prog, 0),
            Value::Map => (self.inner, 0),
            Value::Nothing => (NO_FD, 0),
            Value::Words(first, second) => (first, second),
        };
        let mut bytes = [first.to_le_bytes(), second.to_le_bytes()].concat();
        bytes.truncate(self.value_size);
        bytes
    }

    /// The first word that comes back, 0 where none does.
    fn run(&mut self, what: Do) -> Result<u32, Errno> {
        let (fd, len) = (self.fd, self.value_size);
        let word = |bytes: Vec<u8>| bytes[..4].try_into().map(u32::from_le_bytes).expect("four");
        match what {
            Do::Lookup(key) => self.bench.lookup(fd, &key.to_le_bytes(), len).map(word),
            Do::Update(key, value, flags) => {
                let value = self.value(value);
                self.bench.update(fd, &key.to_le_bytes(), &value, flags).map(|_| 0)
            }
            Do::Delete(key) => self.bench.delete(fd, &key.to_le_bytes()).map(|_| 0),
            Do::Next(key) => self.bench.next(fd, Some(&key.to_le_bytes()), 4).map(word),
            Do::First => self.bench.next(fd, None, 4).map(word),
            Do::Take(key) => {
                let mut value = vec![0; len];
                let key = key.to_le_bytes();
                self.bench.elem_on(cmd::TAKE, fd, (&key, &mut value), 0, 0).map(|_| word(value))
            }
        }
    }
}

fn check(
    bench: Option<Bench>,
    (map_type, value_size): (u32, u32),
    rows: &[(Do, Result<u32, Errno>)],
) {
    let Some(bench) = bench else { return };
    let mut stage = stage(bench, map_type, value_size);
    for (at, (what, expected)) in rows.iter().enumerate() {
        assert_eq!(stage.run(*what), *expected, "row {at}: {what:?}");
    }
}

type Rows = &'static [(Do, Result<u32, Errno>)];

const OK: Result<u32, Errno> = Ok(0);
const INVALID: Result<u32, Errno> = Err(Errno::EINVAL);
const MISSING: Result<u32, Errno> = Err(Errno::ENOENT);
const TOO_BIG: Result<u32, Errno> = Err(Errno::E2BIG);
const NO_FILE: Result<u32, Errno> = Err(Errno::EBADF);
const EXISTS: Result<u32, Errno> = Err(Errno::EEXIST);
const NOT_HERE: Result<u32, Errno> = Err(Errno::ENOTSUPP);
const UNSUPPORTED: Result<u32, Errno> = Err(Errno::EOPNOTSUPP);
const NO_SPACE: Result<u32, Errno> = Err(Errno::ENOSPC);
