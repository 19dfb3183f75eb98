//! What the element commands say.

use super::*;

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
