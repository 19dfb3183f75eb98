//! Maps that are told the types of their keys and values.

use super::load;
use bpfsim_abi::Errno;
use bpfsim_abi::attr::{InfoAttr, MapCreateAttr, MapInfo};
use bpfsim_syscall::Failure;
use bpfsim_tests::bench::Said;
use bpfsim_tests::blob::{Blob, kind};
use bpfsim_tests::numbers::{cmd, create, map};
use bpfsim_tests::{Bench, World};
use rstest::rstest;
use zerocopy::{FromBytes, IntoBytes};

/// 1 int, 2 pointer, 3 struct of 12 bytes, 4 const int, 5 variable, 6 section of 4 bytes,
/// 7 array of 3 ints, 8 short, 9 a forward declaration, 10 int of 31 bits, 11 lock, 12 its struct.
fn blob() -> Blob {
    Blob::of(|b| {
        b.start().ptr(1).record("v", 12, &[("a", &[1, 0]), ("b", &[1, 32]), ("c", &[1, 64])]);
        b.plain(kind::CONST, "", 1).var("x", 1, 1).section(".bss", 4, &[[5, 0, 4]]);
        b.array(1, 1, 3).int("short", 2, 0x0100_0010).plain(kind::FWD, "f", 0);
        b.int("bits", 4, 31).record("bpf_spin_lock", 4, &[("val", &[1, 0])]);
        b.record("locked", 12, &[("l", &[11, 0])]);
    })
}

const GOOD: MapCreateAttr = MapCreateAttr {
    map_type: map::ARRAY,
    key_size: 4,
    value_size: 12,
    max_entries: 1,
    btf_key_type_id: 1,
    btf_value_type_id: 3,
    ..ZERO
};

const ZERO: MapCreateAttr = MapCreateAttr {
    map_type: 0,
    key_size: 0,
    value_size: 0,
    max_entries: 0,
    map_flags: 0,
    inner_map_fd: 0,
    numa_node: 0,
    map_name: [0; 16],
    map_ifindex: 0,
    btf_fd: 0,
    btf_key_type_id: 0,
    btf_value_type_id: 0,
    btf_vmlinux_value_type_id: 0,
    map_extra: 0,
    value_type_btf_obj_fd: 0,
    map_token_fd: 0,
    excl_prog_hash: bpfsim_abi::attr::UserAddr::NULL,
    excl_prog_hash_size: 0,
    pad92: [0; 4],
};

const fn types(key: u32, value: u32) -> MapCreateAttr {
    MapCreateAttr { btf_key_type_id: key, btf_value_type_id: value, ..GOOD }
}

const fn of(map_type: u32, arm: MapCreateAttr) -> MapCreateAttr {
    MapCreateAttr { map_type, ..arm }
}

fn make(bench: &mut Bench, arm: &MapCreateAttr) -> Result<i64, Failure> {
    let btf_fd = match arm.btf_fd {
        0 => load(bench, &blob()).expect("a BTF"),
        fd => fd,
    };
    bench.try_call(cmd::MAP_CREATE, MapCreateAttr { btf_fd, ..*arm }.as_bytes())
}

const SECTION: MapCreateAttr = MapCreateAttr { value_size: 4, ..types(0, 6) };

#[rstest]
#[case::good(GOOD, Ok(0))]
#[case::const_key(types(4, 3), Ok(0))]
#[case::array_value(types(1, 7), Ok(0))]
#[case::key_size(types(8, 3), Err(Errno::EINVAL))]
#[case::value_size(types(1, 1), Err(Errno::EINVAL))]
#[case::no_key(types(0, 3), Err(Errno::EINVAL))]
#[case::no_value(types(1, 0), Err(Errno::EINVAL))]
#[case::no_such_key(types(99, 3), Err(Errno::EINVAL))]
#[case::no_such_value(types(1, 99), Err(Errno::EINVAL))]
#[case::unsized_value(types(1, 9), Err(Errno::EINVAL))]
#[case::bits(types(10, 3), Err(Errno::EINVAL))]
#[case::ptr_key(of(map::HASH, MapCreateAttr { key_size: 8, ..types(2, 3) }), Ok(0))]
#[case::no_btf(MapCreateAttr { btf_fd: 777, ..GOOD }, Err(Errno::EBADF))]
#[case::bad_fd_and_no_types(MapCreateAttr { btf_fd: 777, ..types(0, 0) }, Ok(0))]
#[case::section(SECTION, Ok(0))]
#[case::two_sections(MapCreateAttr { max_entries: 2, ..SECTION }, Err(Errno::EINVAL))]
#[case::section_of_a_hash(of(map::HASH, SECTION), Err(Errno::EINVAL))]
#[case::section_per_cpu(of(map::PERCPU_ARRAY, SECTION), Err(Errno::EINVAL))]
#[case::section_with_key(MapCreateAttr { btf_key_type_id: 1, ..SECTION }, Ok(0))]
#[case::per_cpu(of(map::PERCPU_ARRAY, GOOD), Ok(0))]
#[case::per_cpu_hash(of(map::PERCPU_HASH, GOOD), Ok(0))]
#[case::name_first(
    MapCreateAttr { btf_fd: 777, map_name: *b"a b\0\0\0\0\0\0\0\0\0\0\0\0\0", ..GOOD },
    Err(Errno::EINVAL)
)]
#[case::lock_per_cpu(of(map::PERCPU_HASH, types(1, 12)), Err(Errno::EOPNOTSUPP))]
#[case::lock_read_only(
    MapCreateAttr { map_flags: create::RDONLY_PROG, ..types(1, 12) },
    Err(Errno::EACCES)
)]
fn by_type(
    #[values(World::Simulated, World::Native)] world: World,
    #[case] arm: MapCreateAttr,
    #[case] expected: Said,
) {
    let Some(mut bench) = world.bench() else { return };
    let said = make(&mut bench, &arm).map(|_| 0);
    assert_eq!(said, expected.map_err(Failure::from));
}

/// A map keeps its BTF, and says which it is.
#[rstest]
fn kept(#[values(World::Simulated, World::Native)] world: World) {
    let Some(mut bench) = world.bench() else { return };
    let btf_fd = load(&mut bench, &blob()).expect("a BTF");
    let fd = bench.call(cmd::MAP_CREATE, &MapCreateAttr { btf_fd, ..GOOD }).expect("a map") as u32;
    bench.close(btf_fd);
    let at = bench.room(104);
    let arm = InfoAttr { bpf_fd: fd, info_len: 104, info: at };
    assert_eq!(bench.call(cmd::INFO, &arm), Ok(0));
    let info = MapInfo::read_from_bytes(&bench.read(at, 104)).expect("104 bytes");
    assert_eq!((info.btf_key_type_id, info.btf_value_type_id), (1, 3));
    let by_id = bpfsim_abi::attr::GetIdAttr { id: info.btf_id, ..Default::default() };
    assert!(bench.call(cmd::BTF_BY_ID, &by_id).is_ok());
}

#[rstest]
#[case::arrays_only("4.18", of(map::HASH, MapCreateAttr { btf_fd: 777, ..GOOD }), Ok(0))]
#[case::hashes_too("4.19", of(map::HASH, MapCreateAttr { btf_fd: 777, ..GOOD }), Err(Errno::EBADF))]
#[case::key_needed("5.0", MapCreateAttr { btf_fd: 777, ..types(0, 3) }, Err(Errno::EINVAL))]
#[case::key_missing("5.2", MapCreateAttr { btf_fd: 777, ..types(0, 3) }, Err(Errno::EBADF))]
#[case::lock_per_cpu("6.1", of(map::PERCPU_HASH, types(1, 12)), Err(Errno::ENOTSUPP))]
#[case::lock_per_cpu_later("6.2", of(map::PERCPU_HASH, types(1, 12)), Err(Errno::EOPNOTSUPP))]
#[case::no_locks_yet("5.0", of(map::PERCPU_HASH, types(1, 12)), Ok(0))]
fn by_release(#[case] release: &str, #[case] arm: MapCreateAttr, #[case] expected: Said) {
    let mut bench = Bench::at(release);
    let arm = MapCreateAttr { btf_fd: arm.btf_fd, ..arm };
    let plain = Blob::of(|b| {
        b.start().ptr(1).record("v", 12, &[]).ptr(0).ptr(0).ptr(0).ptr(0).ptr(0).ptr(0).ptr(0);
        b.record("bpf_spin_lock", 4, &[("val", &[1, 0])]).record("locked", 12, &[("l", &[11, 0])]);
    });
    let btf_fd = match arm.btf_fd {
        0 => load(&mut bench, &plain).expect("a BTF"),
        fd => fd,
    };
    let said = bench.call(cmd::MAP_CREATE, &MapCreateAttr { btf_fd, ..arm });
    assert_eq!(said.map(|_| 0), expected);
}

/// What a lock in a value does is not modelled.
#[test]
fn locks() {
    let said = make(&mut Bench::at("6.18"), &types(1, 12));
    assert!(matches!(said, Err(Failure::NotModelled(_))), "{said:?}");
}

/// Map types with sizes that they take: type, key, value, entries, flags.
const TYPES: [[u32; 5]; 20] = [
    [1, 4, 12, 4, 0],
    [3, 4, 4, 1, 0],
    [4, 4, 4, 1, 0],
    [5, 4, 12, 4, 0],
    [7, 4, 64, 4, 0],
    [8, 4, 4, 1, 0],
    [9, 4, 12, 4, 0],
    [10, 4, 12, 4, 0],
    [11, 12, 12, 4, 1],
    [14, 4, 4, 1, 0],
    [15, 4, 4, 1, 0],
    [16, 4, 4, 1, 0],
    [20, 4, 4, 1, 0],
    [22, 0, 12, 4, 0],
    [23, 0, 12, 4, 0],
    [24, 4, 12, 0, 1],
    [27, 0, 0, 4096, 0],
    [28, 4, 12, 0, 1],
    [30, 0, 12, 4, 0],
    [31, 0, 0, 4096, 0],
];

/// Every map type that is modelled says of types what the live kernel says.
#[test]
fn all_map_types() {
    let mut judged = 0;
    for [map_type, key_size, value_size, max_entries, map_flags] in TYPES {
        for (key, value) in [(1, 3), (0, 3), (3, 3), (1, 1), (0, 1), (8, 3), (10, 3), (0, 0)] {
            let arm = MapCreateAttr {
                map_type,
                key_size,
                value_size,
                max_entries,
                map_flags,
                ..types(key, value)
            };
            let Some(mut native) = World::Native.bench() else { return };
            let ours = make(&mut Bench::at("6.18"), &arm).map(|_| 0);
            if !matches!(ours, Err(Failure::NotModelled(_))) {
                assert_eq!(ours, make(&mut native, &arm).map(|_| 0), "{arm:?}");
                judged += 1;
            }
        }
    }
    assert!(judged > 80, "{judged} cases are judged");
}
