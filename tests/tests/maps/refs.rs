//! Map types whose elements stand for programs, maps, devices, CPUs, sockets, events, cgroups.

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

/// The order of refusals of every array of fds, and its keys.
const FD_ARRAY: Rows = &[
    (Do::Update(0, Value::Nothing, flag::ANY), NO_FILE),
    (Do::Update(0, Value::Words(u32::MAX, 0), flag::ANY), NO_FILE),
    (Do::Update(2, Value::Nothing, flag::ANY), TOO_BIG),
    (Do::Update(u32::MAX, Value::Nothing, flag::ANY), TOO_BIG),
    (Do::Update(2, Value::Nothing, flag::NOEXIST), INVALID),
    (Do::Update(0, Value::Nothing, flag::EXIST), INVALID),
    (Do::Update(0, Value::Nothing, 8), INVALID),
    (Do::Delete(0), MISSING),
    (Do::Delete(2), TOO_BIG),
    (Do::First, Ok(0)),
    (Do::Next(0), Ok(1)),
    (Do::Next(1), MISSING),
    (Do::Next(2), Ok(0)),
    (Do::Take(0), NOT_HERE),
];

#[rstest]
#[case::programs(map::PROG_ARRAY)]
#[case::maps(map::ARRAY_OF_MAPS)]
#[case::events(map::PERF_EVENT_ARRAY)]
#[case::cgroups(map::CGROUP_ARRAY)]
fn fd_arrays(#[values(World::Simulated, World::Native)] world: World, #[case] map_type: u32) {
    check(world.bench(), (map_type, 4), FD_ARRAY);
}

const PROGS: Rows = &[
    (Do::Lookup(0), MISSING),
    (Do::Lookup(2), MISSING),
    (Do::Update(0, Value::Map, flag::ANY), INVALID),
    (Do::Update(0, Value::Prog, flag::ANY), OK),
    (Do::Update(0, Value::Prog, flag::ANY), OK),
    (Do::Delete(0), OK),
    (Do::Delete(0), MISSING),
    (Do::Lookup(0), MISSING),
];

const MAPS: Rows = &[
    (Do::Lookup(0), MISSING),
    (Do::Update(0, Value::Prog, flag::ANY), INVALID),
    (Do::Update(1, Value::Map, flag::ANY), OK),
    (Do::Lookup(0), MISSING),
    (Do::Delete(1), OK),
    (Do::Lookup(1), MISSING),
];

const CLOSED: Rows = &[
    (Do::Lookup(0), NOT_HERE),
    (Do::Lookup(2), NOT_HERE),
    (Do::Update(0, Value::Map, flag::ANY), NO_FILE),
    (Do::Update(0, Value::Prog, flag::ANY), NO_FILE),
    (Do::Delete(0), MISSING),
];

/// `lo` is number 1.
const DEVICES: Rows = &[
    (Do::Lookup(0), MISSING),
    (Do::Update(0, Value::Words(1, 0), 3), INVALID),
    (Do::Update(2, Value::Words(1, 0), 3), INVALID),
    (Do::Update(2, Value::Words(1, 0), flag::NOEXIST), TOO_BIG),
    (Do::Update(0, Value::Words(1, 0), flag::NOEXIST), EXISTS),
    (Do::Update(0, Value::Words(77_777, 0), flag::ANY), INVALID),
    (Do::Update(0, Value::Words(1, 0), flag::ANY), OK),
    (Do::Lookup(0), Ok(1)),
    (Do::Update(1, Value::Words(1, 0), flag::EXIST), OK),
    (Do::Update(0, Value::Words(0, 0), flag::ANY), OK),
    (Do::Lookup(0), MISSING),
    (Do::Delete(0), OK),
    (Do::Delete(1), OK),
    (Do::Lookup(1), MISSING),
    (Do::Delete(2), INVALID),
    (Do::Next(0), Ok(1)),
    (Do::Next(1), MISSING),
    (Do::Next(7), Ok(0)),
    (Do::Take(0), NOT_HERE),
];

/// A program behind the device: an fd that is not above 0 is none.
const DEVICES_AND_PROGRAMS: Rows = &[
    (Do::Update(0, Value::Words(1, NO_FD), flag::ANY), INVALID),
    (Do::Update(0, Value::Words(0, NO_FD), flag::ANY), INVALID),
    (Do::Update(0, Value::Words(1, u32::MAX), flag::ANY), OK),
    (Do::Lookup(0), Ok(1)),
    (Do::Update(0, Value::Words(0, u32::MAX), flag::ANY), OK),
    (Do::Lookup(0), MISSING),
];

const DEVICE_HASH: Rows = &[
    (Do::First, MISSING),
    (Do::Update(9, Value::Words(1, 0), 3), INVALID),
    (Do::Update(9, Value::Words(0, 0), flag::ANY), INVALID),
    (Do::Update(9, Value::Words(77_777, 0), flag::ANY), INVALID),
    (Do::Update(9, Value::Words(1, 0), flag::EXIST), OK),
    (Do::Update(9, Value::Words(1, 0), flag::NOEXIST), EXISTS),
    (Do::Update(9, Value::Words(77_777, 0), flag::NOEXIST), EXISTS),
    (Do::Update(11, Value::Words(1, 0), flag::ANY), OK),
    (Do::Update(12, Value::Words(77_777, 0), flag::ANY), INVALID),
    (Do::Update(12, Value::Words(1, 0), flag::ANY), TOO_BIG),
    (Do::Lookup(9), Ok(1)),
    (Do::Lookup(12), MISSING),
    // Both are odd: one list, the newest first.
    (Do::First, Ok(11)),
    (Do::Next(11), Ok(9)),
    (Do::Next(9), MISSING),
    (Do::Next(12), Ok(11)),
    (Do::Update(9, Value::Words(1, 0), flag::ANY), OK),
    (Do::First, Ok(9)),
    (Do::Delete(9), OK),
    (Do::Delete(9), MISSING),
    (Do::First, Ok(11)),
    (Do::Update(4, Value::Words(1, 0), flag::ANY), OK),
    // An even key: the first list.
    (Do::First, Ok(4)),
    (Do::Take(4), NOT_HERE),
];

/// Every machine has CPU 0.
const QUEUES: Rows = &[
    (Do::Lookup(0), MISSING),
    (Do::Update(0, Value::Words(8, 0), 3), INVALID),
    (Do::Update(2, Value::Words(8, 0), flag::ANY), TOO_BIG),
    (Do::Update(0, Value::Words(8, 0), flag::NOEXIST), EXISTS),
    (Do::Update(0, Value::Words(16385, 0), flag::ANY), Err(Errno::EOVERFLOW)),
    (Do::Update(0, Value::Words(0, 0), flag::ANY), OK),
    (Do::Update(0, Value::Words(8, 0), flag::ANY), OK),
    (Do::Lookup(0), Ok(8)),
    (Do::Update(0, Value::Words(16384, 0), flag::EXIST), OK),
    (Do::Lookup(0), Ok(16384)),
    (Do::Update(0, Value::Words(0, 0), flag::ANY), OK),
    (Do::Lookup(0), MISSING),
    (Do::Delete(0), OK),
    (Do::Delete(2), INVALID),
    (Do::Next(0), Ok(1)),
    (Do::Take(0), NOT_HERE),
];

const QUEUES_AND_PROGRAMS: Rows = &[
    (Do::Update(0, Value::Words(8, NO_FD), flag::ANY), Err(Errno::ENOMEM)),
    (Do::Update(0, Value::Words(0, NO_FD), flag::ANY), OK),
    (Do::Update(0, Value::Words(8, u32::MAX), flag::ANY), OK),
    (Do::Lookup(0), Ok(8)),
    (Do::Delete(0), OK),
];

const NOT_A_SOCKET: Result<u32, Errno> = Err(Errno::ENOTSOCK);
const NO_SPACE: Result<u32, Errno> = Err(Errno::ENOSPC);

const XSK: Rows = &[
    (Do::Lookup(0), UNSUPPORTED),
    (Do::Update(0, Value::Nothing, 3), INVALID),
    (Do::Update(2, Value::Nothing, flag::ANY), TOO_BIG),
    (Do::Update(0, Value::Nothing, flag::NOEXIST), NO_FILE),
    (Do::Update(0, Value::Map, flag::ANY), NOT_A_SOCKET),
    (Do::Delete(0), OK),
    (Do::Delete(2), INVALID),
    (Do::Next(0), Ok(1)),
];

const SOCKETS: Rows = &[
    (Do::Lookup(0), NO_SPACE),
    (Do::Update(0, Value::Nothing, flag::ANY), NO_FILE),
    (Do::Update(0, Value::Words(u32::MAX, 0), flag::ANY), INVALID),
    (Do::Update(7, Value::Map, 3), NOT_A_SOCKET),
    (Do::Delete(0), INVALID),
    (Do::Delete(2), INVALID),
    (Do::Next(0), Ok(1)),
    (Do::Next(1), MISSING),
];

const WIDE_SOCKETS: Rows = &[
    (Do::Lookup(0), MISSING),
    (Do::Update(0, Value::Words(0, 1), flag::ANY), INVALID),
    (Do::Update(0, Value::Map, flag::ANY), NOT_A_SOCKET),
];

const SOCKET_HASH: Rows = &[
    (Do::Lookup(0), NO_SPACE),
    (Do::Update(0, Value::Nothing, flag::ANY), NO_FILE),
    (Do::Update(0, Value::Prog, flag::ANY), NOT_A_SOCKET),
    (Do::Delete(0), MISSING),
    (Do::First, MISSING),
];

const REUSEPORT: Rows = &[
    (Do::Lookup(0), NO_SPACE),
    (Do::Update(0, Value::Nothing, 3), INVALID),
    (Do::Update(2, Value::Nothing, flag::ANY), TOO_BIG),
    (Do::Update(0, Value::Words(u32::MAX, 0), flag::ANY), NO_FILE),
    (Do::Update(0, Value::Map, flag::NOEXIST), NOT_A_SOCKET),
    (Do::Delete(0), MISSING),
    (Do::Delete(2), TOO_BIG),
    (Do::Next(0), Ok(1)),
];

const WIDE_REUSEPORT: Rows = &[
    (Do::Lookup(0), MISSING),
    (Do::Lookup(9), MISSING),
    (Do::Update(0, Value::Words(u32::MAX, 0), flag::ANY), INVALID),
];

#[rstest]
#[case::programs(map::PROG_ARRAY, 4, PROGS)]
#[case::maps(map::ARRAY_OF_MAPS, 4, MAPS)]
#[case::events(map::PERF_EVENT_ARRAY, 4, CLOSED)]
#[case::cgroups(map::CGROUP_ARRAY, 4, CLOSED)]
#[case::devices(map::DEVMAP, 4, DEVICES)]
#[case::devices_of_eight_bytes(map::DEVMAP, 8, DEVICES)]
#[case::devices_and_programs(map::DEVMAP, 8, DEVICES_AND_PROGRAMS)]
#[case::device_hash(map::DEVMAP_HASH, 4, DEVICE_HASH)]
#[case::device_hash_of_eight_bytes(map::DEVMAP_HASH, 8, DEVICE_HASH)]
#[case::queues(map::CPUMAP, 4, QUEUES)]
#[case::queues_of_eight_bytes(map::CPUMAP, 8, QUEUES)]
#[case::queues_and_programs(map::CPUMAP, 8, QUEUES_AND_PROGRAMS)]
#[case::xsk(map::XSKMAP, 4, XSK)]
#[case::sockets(map::SOCKMAP, 4, SOCKETS)]
#[case::wide_sockets(map::SOCKMAP, 8, WIDE_SOCKETS)]
#[case::socket_hash(map::SOCKHASH, 4, SOCKET_HASH)]
#[case::reuseport(map::REUSEPORT_SOCKARRAY, 4, REUSEPORT)]
#[case::wide_reuseport(map::REUSEPORT_SOCKARRAY, 8, WIDE_REUSEPORT)]
fn elements(
    #[values(World::Simulated, World::Native)] world: World,
    #[case] map_type: u32,
    #[case] value_size: u32,
    #[case] rows: Rows,
) {
    check(world.bench(), (map_type, value_size), rows);
}

/// The fd comes before everything else in a hash of maps.
const HASH_OF_MAPS: Rows = &[
    (Do::Lookup(5), MISSING),
    (Do::Update(5, Value::Nothing, 8), NO_FILE),
    (Do::Update(5, Value::Prog, flag::EXIST), INVALID),
    (Do::Update(5, Value::Map, 3), INVALID),
    (Do::Update(5, Value::Map, flag::EXIST), MISSING),
    (Do::Update(5, Value::Map, flag::ANY), OK),
    (Do::Update(5, Value::Map, flag::NOEXIST), EXISTS),
    (Do::Update(5, Value::Map, flag::EXIST), OK),
    (Do::Update(6, Value::Map, flag::NOEXIST), OK),
    (Do::Update(7, Value::Map, flag::ANY), TOO_BIG),
    (Do::Take(5), NOT_HERE),
    (Do::Delete(5), OK),
    (Do::Delete(5), MISSING),
    (Do::First, Ok(6)),
    (Do::Next(6), MISSING),
];

#[rstest]
fn hash_of_maps(#[values(World::Simulated, World::Native)] world: World) {
    check(world.bench(), (map::HASH_OF_MAPS, 4), HASH_OF_MAPS);
}

fn by_id(bench: &mut Bench, command: u32, id: u32) -> Said {
    bench.call(command, &GetIdAttr { id, ..GetIdAttr::default() })
}

/// Nobody holds it any more. A real kernel empties an array of programs a little later.
fn is_gone(bench: &mut Bench, command: u32, id: u32) -> bool {
    (0..200_000).any(|_| match by_id(bench, command, id) {
        Ok(fd) => {
            bench.close(fd as u32);
            false
        }
        Err(errno) => {
            assert_eq!(errno, Errno::ENOENT);
            true
        }
    })
}

/// A lookup answers an id, and the object lives as long as somebody holds it: an fd, or a map.
#[rstest]
#[case::programs(map::PROG_ARRAY, Value::Prog, cmd::PROG_BY_ID)]
#[case::array_of_maps(map::ARRAY_OF_MAPS, Value::Map, cmd::MAP_BY_ID)]
#[case::hash_of_maps(map::HASH_OF_MAPS, Value::Map, cmd::MAP_BY_ID)]
fn ids_and_lives(
    #[values(World::Simulated, World::Native)] world: World,
    #[values(Do::Delete(0), Do::Update(0, Value::Words(0, 0), flag::ANY))] end: Do,
    #[case] map_type: u32,
    #[case] value: Value,
    #[case] command: u32,
) {
    let Some(bench) = world.bench() else { return };
    let mut stage = stage(bench, map_type, 4);
    for _ in 0..3 {
        assert_eq!(stage.run(Do::Update(0, value, flag::ANY)), OK);
    }
    let id = stage.run(Do::Lookup(0)).expect("an id");
    assert_eq!(stage.run(Do::Lookup(0)), Ok(id));
    let (prog, inner) = (stage.prog, stage.inner);
    stage.bench.close(prog);
    stage.bench.close(inner);
    let fd = by_id(&mut stage.bench, command, id).expect("the map holds it") as u32;
    stage.bench.close(fd);
    // An update puts another one in its place.
    let other = match value {
        Value::Prog => programs::load(&mut stage.bench, &RETURN).expect("a program") as u32,
        _ => stage.bench.create(wanted(map::ARRAY, 8, 1)),
    };
    let end = match end {
        Do::Update(key, _, flags) => Do::Update(key, Value::Words(other, 0), flags),
        end => end,
    };
    assert_eq!(stage.run(end), OK);
    assert!(is_gone(&mut stage.bench, command, id), "nobody holds it");
}

/// A map that goes lets go what it held.
#[rstest]
#[case::programs(map::PROG_ARRAY, Value::Prog, cmd::PROG_BY_ID)]
#[case::array_of_maps(map::ARRAY_OF_MAPS, Value::Map, cmd::MAP_BY_ID)]
#[case::hash_of_maps(map::HASH_OF_MAPS, Value::Map, cmd::MAP_BY_ID)]
fn the_last_fd(
    #[values(World::Simulated, World::Native)] world: World,
    #[case] map_type: u32,
    #[case] value: Value,
    #[case] command: u32,
) {
    let Some(bench) = world.bench() else { return };
    let mut stage = stage(bench, map_type, 4);
    assert_eq!(stage.run(Do::Update(1, value, flag::ANY)), OK);
    let id = stage.run(Do::Lookup(1)).expect("an id");
    let (prog, inner, fd) = (stage.prog, stage.inner, stage.fd);
    stage.bench.close(prog);
    stage.bench.close(inner);
    assert!(by_id(&mut stage.bench, command, id).map(|fd| stage.bench.close(fd as u32)).is_ok());
    stage.bench.close(fd);
    assert!(is_gone(&mut stage.bench, command, id));
}

/// A PROG_ARRAY that only programs hold is emptied: one that names the array and stands in it does
/// not keep itself alive.
#[rstest]
fn a_program_in_its_own_array(#[values(World::Simulated, World::Native)] world: World) {
    let Some(bench) = world.bench() else { return };
    let mut stage = stage(bench, map::PROG_ARRAY, 4);
    let [first, second] = programs::load_map(1, stage.fd);
    let own = [first, second, programs::mov(0, 0), programs::EXIT];
    stage.prog = programs::load(&mut stage.bench, &own).expect("a program") as u32;
    assert_eq!(stage.run(Do::Update(0, Value::Prog, flag::ANY)), OK);
    let id = stage.run(Do::Lookup(0)).expect("an id");
    let (prog, fd) = (stage.prog, stage.fd);
    stage.bench.close(prog);
    let held = by_id(&mut stage.bench, cmd::PROG_BY_ID, id).expect("the array holds it");
    stage.bench.close(held as u32);
    stage.bench.close(fd);
    assert!(is_gone(&mut stage.bench, cmd::PROG_BY_ID, id));
}

/// What goes into a map of maps has to be like the first.
#[rstest]
#[case::the_same(0, wanted(map::ARRAY, 8, 1), OK)]
#[case::other_type(0, wanted(map::HASH, 8, 1), INVALID)]
#[case::other_value(0, wanted(map::ARRAY, 16, 1), INVALID)]
#[case::other_entries(0, wanted(map::ARRAY, 8, 2), INVALID)]
#[case::other_flags(0, Wanted { flags: create::RDONLY_PROG, ..wanted(map::ARRAY, 8, 1) }, INVALID)]
#[case::marked_entries(
    create::INNER_MAP,
    Wanted { flags: create::INNER_MAP, ..wanted(map::ARRAY, 8, 2) },
    OK
)]
#[case::marked_and_not(create::INNER_MAP, wanted(map::ARRAY, 8, 1), INVALID)]
fn likeness(
    #[values(World::Simulated, World::Native)] world: World,
    #[values(map::ARRAY_OF_MAPS, map::HASH_OF_MAPS)] outer: u32,
    #[case] flags: u32,
    #[case] second: Wanted,
    #[case] expected: Result<u32, Errno>,
) {
    let Some(mut bench) = world.bench() else { return };
    let first = bench.create(Wanted { flags, ..wanted(map::ARRAY, 8, 1) });
    let mut stage = of_maps(bench, outer, first);
    stage.inner = stage.bench.create(second);
    assert_eq!(stage.run(Do::Update(0, Value::Map, flag::ANY)), expected);
}

fn of_maps(mut bench: Bench, map_type: u32, inner: u32) -> Stage {
    let arm = MapCreateAttr {
        map_type,
        key_size: 4,
        value_size: 4,
        max_entries: 2,
        inner_map_fd: inner,
        ..MapCreateAttr::default()
    };
    let fd = bench.call(cmd::MAP_CREATE, &arm).expect("a map of maps") as u32;
    Stage { bench, fd, value_size: 4, prog: 0, inner }
}

/// The number of entries of other types counts no more (v5.10).
#[rstest]
#[case::hash("5.9", map::HASH, INVALID)]
#[case::hash("5.10", map::HASH, OK)]
#[case::array("5.10", map::ARRAY, INVALID)]
#[case::hash("7.2", map::HASH, OK)]
fn entries_by_release(
    #[case] release: &str,
    #[case] inner: u32,
    #[case] expected: Result<u32, Errno>,
) {
    let mut bench = Bench::at(release);
    let first = bench.create(wanted(inner, 8, 1));
    let mut stage = of_maps(bench, map::ARRAY_OF_MAPS, first);
    stage.inner = stage.bench.create(wanted(inner, 8, 3));
    assert_eq!(stage.run(Do::Update(0, Value::Map, flag::ANY)), expected);
}

/// The map that a map of maps is made with.
#[rstest]
#[case::no_fd(None, Err(Errno::EBADF))]
#[case::array(Some((map::ARRAY, 8)), Ok(()))]
#[case::programs(Some((map::PROG_ARRAY, 4)), Err(Errno::ENOTSUPP))]
#[case::devices(Some((map::DEVMAP, 4)), Ok(()))]
#[case::sockets(Some((map::SOCKMAP, 4)), Ok(()))]
fn inner_maps(
    #[values(World::Simulated, World::Native)] world: World,
    #[values(map::ARRAY_OF_MAPS, map::HASH_OF_MAPS)] map_type: u32,
    #[case] inner: Option<(u32, u32)>,
    #[case] expected: Result<(), Errno>,
) {
    let Some(mut bench) = world.bench() else { return };
    let inner_map_fd =
        inner.map_or(NO_FD, |(map_type, value)| bench.create(wanted(map_type, value, 1)));
    let arm = MapCreateAttr {
        map_type,
        key_size: 4,
        value_size: 4,
        max_entries: 2,
        inner_map_fd,
        ..MapCreateAttr::default()
    };
    let said = bench.call(cmd::MAP_CREATE, &arm);
    assert_eq!(said.map(|_| ()), expected);
    if let Ok(fd) = said {
        let nested = MapCreateAttr { inner_map_fd: fd as u32, ..arm };
        assert_eq!(bench.call(cmd::MAP_CREATE, &nested), Err(Errno::EINVAL), "two levels");
    }
    let bad = MapCreateAttr { value_size: 8, inner_map_fd: NO_FD, ..arm };
    assert_eq!(bench.call(cmd::MAP_CREATE, &bad), Err(Errno::EINVAL), "sizes come first");
}

/// What lookups said when ids did not exist, and what "no lookup" was called.
#[rstest]
#[case::programs("4.12", map::PROG_ARRAY, 4, MISSING)]
#[case::events("4.12", map::PERF_EVENT_ARRAY, 4, MISSING)]
#[case::events("4.13", map::PERF_EVENT_ARRAY, 4, NOT_HERE)]
#[case::maps("4.12", map::ARRAY_OF_MAPS, 4, NOT_HERE)]
#[case::maps("4.13", map::ARRAY_OF_MAPS, 4, MISSING)]
#[case::hash_of_maps("4.12", map::HASH_OF_MAPS, 4, NOT_HERE)]
#[case::hash_of_maps("4.13", map::HASH_OF_MAPS, 4, MISSING)]
#[case::xsk("4.19", map::XSKMAP, 4, MISSING)]
#[case::xsk("4.20", map::XSKMAP, 4, UNSUPPORTED)]
#[case::sockets("4.19", map::SOCKMAP, 4, MISSING)]
#[case::sockets("4.20", map::SOCKMAP, 4, UNSUPPORTED)]
#[case::sockets("5.7", map::SOCKMAP, 4, NO_SPACE)]
#[case::sockets("5.7", map::SOCKMAP, 8, MISSING)]
fn lookups_by_release(
    #[case] release: &str,
    #[case] map_type: u32,
    #[case] value_size: u32,
    #[case] expected: Result<u32, Errno>,
) {
    let mut stage = stage(Bench::at(release), map_type, value_size);
    assert_eq!(stage.run(Do::Lookup(0)), expected);
}

/// Programs of one array are of one type; `expected_attach_type` counts from v6.18 on.
#[rstest]
fn one_type(#[values(World::Simulated, World::Native)] world: World) {
    let Some(bench) = world.bench() else { return };
    let mut stage = stage(bench, map::PROG_ARRAY, 4);
    assert_eq!(stage.run(Do::Update(0, Value::Prog, flag::ANY)), OK);
    let arm = programs::arm(&mut stage.bench, &RETURN);
    let other = bpfsim_abi::attr::ProgLoadAttr { prog_type: 3, ..arm };
    stage.prog = stage.bench.call(cmd::PROG_LOAD, &other).expect("a program") as u32;
    assert_eq!(stage.run(Do::Update(1, Value::Prog, flag::ANY)), INVALID);
    // The array remembers, empty or not.
    assert_eq!(stage.run(Do::Delete(0)), OK);
    assert_eq!(stage.run(Do::Update(1, Value::Prog, flag::ANY)), INVALID);
}
