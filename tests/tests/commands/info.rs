//! `BPF_OBJ_GET_INFO_BY_FD` of maps and programs.

use bpfsim_abi::Errno;
use bpfsim_abi::attr::{InfoAttr, MapCreateAttr, MapInfo, ProgInfo, UserAddr};
use bpfsim_tests::bench::{Said, Wanted, wanted};
use bpfsim_tests::numbers::{cmd, create, flag, map, prog};
use bpfsim_tests::programs::{self, EXIT, insn, mov};
use bpfsim_tests::{Bench, World};
use rstest::rstest;
use zerocopy::{FromBytes, IntoBytes};

/// What the call said, the buffer, and `info_len` after it.
fn call(bench: &mut Bench, bpf_fd: u32, buffer: &[u8], info_len: u32) -> (Said, Vec<u8>, u32) {
    let info = bench.alloc(buffer);
    let (said, attr) = bench.call_back(cmd::INFO, &InfoAttr { bpf_fd, info_len, info });
    let len = attr[4..8].try_into().map(u32::from_le_bytes).expect("four bytes");
    (said, bench.read(info, buffer.len()), len)
}

fn named(bench: &mut Bench, map_type: u32, name: &[u8; 16]) -> u32 {
    let arm = MapCreateAttr {
        map_type,
        key_size: 4,
        value_size: 12,
        max_entries: 3,
        map_name: *name,
        ..MapCreateAttr::default()
    };
    bench.call(cmd::MAP_CREATE, &arm).expect("a map") as u32
}

#[rstest]
fn of_a_map(
    #[values(World::Simulated, World::Native)] world: World,
    #[values(map::HASH, map::ARRAY, map::PERCPU_HASH, map::PERCPU_ARRAY)] map_type: u32,
) {
    let Some(mut bench) = world.bench() else { return };
    let fd = named(&mut bench, map_type, b"a.name\0_behind\0\0");
    let (said, bytes, len) = call(&mut bench, fd, &[0; 104], 104);
    assert_eq!((said, len), (Ok(0), 104));
    let info = MapInfo::read_from_bytes(&bytes).expect("104 bytes");
    let expected = MapInfo {
        r#type: map_type,
        id: info.id,
        key_size: 4,
        value_size: 12,
        max_entries: 3,
        name: *b"a.name\0\0\0\0\0\0\0\0\0\0",
        ..MapInfo::default()
    };
    assert_eq!(info, expected);
    assert_ne!(info.id, 0);
}

/// The mode of the fd is no property of the map since v5.2.
#[rstest]
fn flags_of_a_map(#[values(World::Simulated, World::Native)] world: World) {
    let Some(mut bench) = world.bench() else { return };
    let flags = create::NO_PREALLOC | create::RDONLY | create::ZERO_SEED;
    let fd = bench.create(Wanted { flags, ..wanted(map::HASH, 8, 3) });
    let (said, bytes, _) = call(&mut bench, fd, &[0; 104], 104);
    assert_eq!(said, Ok(0));
    let left = create::NO_PREALLOC | create::ZERO_SEED;
    assert_eq!(bytes[20..24], left.to_le_bytes());
}

#[rstest]
#[case::kept("5.1", 8)]
#[case::dropped("5.2", 0)]
fn flags_by_release(#[case] release: &str, #[case] expected: u32) {
    let mut bench = Bench::at(release);
    let fd = bench.create(Wanted { flags: create::RDONLY, ..wanted(map::HASH, 8, 3) });
    let (said, bytes, _) = call(&mut bench, fd, &[0; 24], 24);
    assert_eq!((said, &bytes[20..24]), (Ok(0), &expected.to_le_bytes()[..]));
}

/// What is longer than the kernel's must be zero there; what is shorter is cut.
#[rstest]
#[case::exact(104, 104, Ok(0), 104)]
#[case::nothing(0, 0, Ok(0), 0)]
#[case::half_a_field(6, 6, Ok(0), 6)]
#[case::a_clean_tail(4096, 200, Ok(0), 104)]
#[case::a_dirty_tail(200, 104, Err(Errno::E2BIG), 200)]
#[case::more_than_a_page(4097, 4097, Err(Errno::E2BIG), 4097)]
fn lengths(
    #[values(World::Simulated, World::Native)] world: World,
    #[case] given: u32,
    #[case] clean: usize,
    #[case] expected: Said,
    #[case] len: u32,
) {
    let Some(mut bench) = world.bench() else { return };
    let fd = bench.create(wanted(map::ARRAY, 8, 3));
    let mut buffer = vec![0; given as usize];
    if given == 200 {
        buffer[clean] = 1;
    }
    let (said, bytes, after) = call(&mut bench, fd, &buffer, given);
    assert_eq!((said, after), (expected, len));
    if expected.is_err() {
        assert_eq!(bytes, buffer);
    } else if given >= 4 {
        assert_eq!(bytes[..4], map::ARRAY.to_le_bytes());
    }
}

/// What v6.18 knows nothing of comes back as it went in; before, it came back as zero.
#[rstest]
fn leftovers(#[values(World::Simulated, World::Native)] world: World) {
    let Some(mut bench) = world.bench() else { return };
    let fd = bench.create(wanted(map::ARRAY, 8, 3));
    let mut buffer = [0x5a; 104];
    buffer[88..].fill(0);
    let (said, bytes, _) = call(&mut bench, fd, &buffer, 104);
    assert_eq!(said, Ok(0));
    assert_eq!(bytes[40..44], [0x5a; 4], "ifindex");
    assert_eq!(bytes[44..48], [0; 4], "btf_vmlinux_value_type_id");
    assert_eq!(bytes[48..80], [0x5a; 32], "netns and BTF");
    assert_eq!(bytes[80..88], [0; 8], "map_extra");
}

#[test]
fn no_leftovers_before() {
    let mut bench = Bench::at("6.17");
    let fd = bench.create(wanted(map::ARRAY, 8, 3));
    let (said, bytes, len) = call(&mut bench, fd, &[0x5a; 88], 88);
    assert_eq!((said, len), (Ok(0), 88));
    assert_eq!(bytes[40..], [0; 48]);
}

/// SHA-256 of the values of an array, v6.18; frozen, since stable kernels of v6.18 want it as v6.19
/// does.
#[rstest]
#[case::array(map::ARRAY, 32, Ok(0))]
#[case::wrong_size(map::ARRAY, 31, Err(Errno::EINVAL))]
#[case::no_array(map::HASH, 32, Err(Errno::EINVAL))]
#[case::no_plain_array(map::PERCPU_ARRAY, 32, Err(Errno::EINVAL))]
fn hashes(
    #[values(World::Simulated, World::Native)] world: World,
    #[case] map_type: u32,
    #[case] hash_size: u32,
    #[case] expected: Said,
) {
    let Some(mut bench) = world.bench() else { return };
    let fd = bench.create(wanted(map_type, 8, 1));
    assert_eq!(bench.call(cmd::FREEZE, &fd), Ok(0));
    let hash = bench.room(32);
    let info = MapInfo { hash, hash_size, ..MapInfo::default() };
    assert_eq!(call(&mut bench, fd, info.as_bytes(), 104).0, expected);
    // Of eight zero bytes.
    let zeros = [0xaf, 0x55, 0x70, 0xf5, 0xa1, 0x81, 0x0b, 0x7a];
    let beginning = if expected.is_ok() { zeros } else { [0; 8] };
    assert_eq!(bench.read(hash, 8), beginning);
    let stray = MapInfo { hash_size, ..MapInfo::default() };
    assert_eq!(call(&mut bench, fd, stray.as_bytes(), 104).0, Err(Errno::EINVAL));
}

#[rstest]
#[case::no_such_fd(777, Err(Errno::EBADFD))]
#[case::something_else(0, Err(Errno::EINVAL))]
fn bad_fds(
    #[values(World::Simulated, World::Native)] world: World,
    #[case] fd: u32,
    #[case] expected: Said,
) {
    let Some(mut bench) = world.bench() else { return };
    assert_eq!(call(&mut bench, fd, &[0; 8], 8).0, expected);
}

/// How long the structs are, and that each release takes exactly so much.
#[rstest]
#[case("4.13", 24, 40)]
#[case("4.15", 40, 80)]
#[case("4.18", 80, 128)]
#[case("5.0", 80, 192)]
#[case("5.16", 88, 224)]
#[case("6.0", 88, 232)]
#[case("6.18", 104, 232)]
fn sizes(#[case] release: &str, #[case] map_size: u32, #[case] prog_size: u32) {
    let mut bench = Bench::at(release);
    let map = bench.create(wanted(map::ARRAY, 8, 3));
    let prog = programs::load(&mut bench, &programs::returns(0)).expect("a program") as u32;
    for (fd, size) in [(map, map_size), (prog, prog_size)] {
        let mut buffer = vec![0; size as usize + 1];
        assert_eq!(call(&mut bench, fd, &buffer, size + 1).2, size);
        buffer[size as usize] = 1;
        assert_eq!(call(&mut bench, fd, &buffer, size + 1).0, Err(Errno::E2BIG));
    }
}

/// A program without anything that a kernel rewrites.
const PLAIN: [[u8; 8]; 4] = [mov(0, 7), insn(0x7a, 10, 0, -8, 1), insn(0x07, 0, 0, 0, 3), EXIT];

fn prog_info(bench: &mut Bench, fd: u32, info: &ProgInfo) -> (Said, ProgInfo) {
    let (said, bytes, _) = call(bench, fd, info.as_bytes(), 232);
    (said, ProgInfo::read_from_bytes(&bytes).expect("232 bytes"))
}

#[rstest]
fn of_a_program(#[values(World::Simulated, World::Native)] world: World) {
    let Some(mut bench) = world.bench() else { return };
    let mut arm = programs::arm(&mut bench, &PLAIN);
    arm.prog_name = *b"plain\0\0\0\0\0\0\0\0\0\0\0";
    let fd = bench.call(cmd::PROG_LOAD, &arm).expect("a program") as u32;
    let (xlated, tags) = (bench.room(32), bench.room(8));
    let asked = ProgInfo {
        xlated_prog_len: 24,
        xlated_prog_insns: xlated,
        nr_prog_tags: 5,
        prog_tags: tags,
        ..ProgInfo::default()
    };
    let (said, info) = prog_info(&mut bench, fd, &asked);
    assert_eq!(said, Ok(0));
    assert_eq!((info.r#type, info.name), (prog::SOCKET_FILTER, arm.prog_name));
    assert_eq!((info.xlated_prog_len, info.verified_insns), (32, 4));
    assert_eq!(bench.read(xlated, 32), [&PLAIN.as_flattened()[..24], &[0; 8]].concat());
    assert_eq!((info.gpl_compatible, info.nr_map_ids, info.nr_prog_tags), (1, 0, 1));
    assert_eq!(bench.read(tags, 8), info.tag);
    // SHA-256 of the 32 bytes, computed elsewhere.
    assert_eq!(info.tag, TAG);
    assert_eq!((info.func_info_rec_size, info.line_info_rec_size), (8, 16));
    assert_eq!((info.nr_jited_ksyms, info.nr_jited_func_lens), (1, 1));
    assert_eq!((info.run_cnt, info.btf_id, info.attach_btf_id), (0, 0, 0));
    assert_ne!((info.id, info.load_time), (0, 0));
}

/// The first eight bytes of the digest of [`PLAIN`], by `sha256sum` and by `sha1sum`.
const TAG: [u8; 8] = [0xeb, 0xc7, 0x97, 0x0f, 0xa0, 0xda, 0x41, 0xf2];
const OLD_TAG: [u8; 8] = [0x7c, 0xc5, 0x40, 0x2a, 0x58, 0xba, 0xca, 0xa8];

#[test]
fn tags_were_sha1() {
    let mut bench = Bench::at("6.17");
    let fd = programs::load(&mut bench, &PLAIN).expect("a program") as u32;
    assert_eq!(prog_info(&mut bench, fd, &ProgInfo::default()).1.tag, OLD_TAG);
}

/// The fd of a map is no part of a tag, and the map's id is listed.
#[rstest]
fn maps_of_a_program(#[values(World::Simulated, World::Native)] world: World) {
    let Some(mut bench) = world.bench() else { return };
    let mut seen = Vec::new();
    for _ in 0..2 {
        let map = bench.create(wanted(map::ARRAY, 8, 3));
        let id = call(&mut bench, map, &[0; 8], 8).1[4..].to_vec();
        let prog = programs::load(&mut bench, &programs::lookup_helper(map, 1));
        let map_ids = bench.room(8);
        let asked = ProgInfo { nr_map_ids: 2, map_ids, ..ProgInfo::default() };
        let (said, info) = prog_info(&mut bench, prog.expect("a program") as u32, &asked);
        assert_eq!((said, info.nr_map_ids), (Ok(0), 1));
        assert_eq!(bench.read(map_ids, 8), [id, vec![0; 4]].concat());
        seen.push(info.tag);
    }
    assert_eq!(seen[0], seen[1]);
}

/// Sizes of records, and pointers that lead nowhere.
#[rstest]
#[case::right(ProgInfo { func_info_rec_size: 8, ..ProgInfo::default() }, Ok(0))]
#[case::func(ProgInfo { func_info_rec_size: 4, ..ProgInfo::default() }, Err(Errno::EINVAL))]
#[case::line(ProgInfo { line_info_rec_size: 8, ..ProgInfo::default() }, Err(Errno::EINVAL))]
#[case::line_without(ProgInfo { nr_line_info: 1, ..ProgInfo::default() }, Err(Errno::EINVAL))]
#[case::jited(ProgInfo { jited_line_info_rec_size: 4, ..ProgInfo::default() }, Err(Errno::EINVAL))]
#[case::insns(ProgInfo { xlated_prog_len: 8, ..ProgInfo::default() }, Err(Errno::EFAULT))]
#[case::tags(ProgInfo { nr_prog_tags: 1, ..ProgInfo::default() }, Err(Errno::EFAULT))]
#[case::lens(ProgInfo { nr_jited_func_lens: 1, ..ProgInfo::default() }, Err(Errno::EFAULT))]
#[case::no_maps(ProgInfo { nr_map_ids: 1, ..ProgInfo::default() }, Ok(0))]
#[case::leftovers(ProgInfo { ifindex: 9, btf_id: 8, netns_dev: 7, ..ProgInfo::default() }, Ok(0))]
fn fields_of_a_program(
    #[values(World::Simulated, World::Native)] world: World,
    #[case] asked: ProgInfo,
    #[case] expected: Said,
) {
    let Some(mut bench) = world.bench() else { return };
    let fd = programs::load(&mut bench, &PLAIN).expect("a program") as u32;
    let (said, info) = prog_info(&mut bench, fd, &asked);
    assert_eq!(said, expected);
    assert_eq!(
        (info.ifindex, info.btf_id, info.netns_dev),
        (asked.ifindex, asked.btf_id, asked.netns_dev)
    );
    assert_eq!(info.map_ids, UserAddr::NULL);
}

/// Those who may not see code still see the rest.
#[rstest]
#[case::admin("5.7", true, 32)]
#[case::bpf_is_not_enough("5.7", false, 0)]
#[case::bpf_is("5.8", false, 32)]
fn rights(#[case] release: &str, #[case] sys_admin: bool, #[case] len: u32) {
    let mut profile = bpfsim_tests::world::profile(release);
    profile.unprivileged_disabled = false;
    let mut bench = Bench::simulated(profile);
    let fd = programs::load(&mut bench, &PLAIN).expect("a program") as u32;
    bench.parts().1.caps =
        bpfsim_syscall::Caps { sys_admin, bpf: true, ..bpfsim_syscall::Caps::NONE };
    let (said, bytes, _) = call(&mut bench, fd, &[0; 80], 80);
    assert_eq!((said, &bytes[20..24]), (Ok(0), &len.to_le_bytes()[..]));
    assert_eq!(bytes[..4], prog::SOCKET_FILTER.to_le_bytes());
}

/// A hash of an array needs it frozen from v6.19 on.
#[rstest]
#[case("6.18", false, Ok(0))]
#[case("6.19", false, Err(Errno::EPERM))]
#[case("6.19", true, Ok(0))]
fn hashes_by_release(#[case] release: &str, #[case] frozen: bool, #[case] expected: Said) {
    let mut bench = Bench::at(release);
    let fd = bench.create(wanted(map::ARRAY, 8, 1));
    assert_eq!(bench.update(fd, &0u32.to_le_bytes(), &[0; 8], flag::ANY), Ok(0));
    if frozen {
        assert_eq!(bench.call(cmd::FREEZE, &fd), Ok(0));
    }
    let info = MapInfo { hash: bench.room(32), hash_size: 32, ..MapInfo::default() };
    assert_eq!(call(&mut bench, fd, info.as_bytes(), 104).0, expected);
}
