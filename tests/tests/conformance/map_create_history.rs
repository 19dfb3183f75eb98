//! `BPF_MAP_CREATE` by release: what the sources of v4.4 to v6.12 say.

use bpfsim_abi::Errno;
use bpfsim_abi::attr::MapCreateAttr;
use bpfsim_syscall::Caps;
use bpfsim_tests::Bench;
use bpfsim_tests::numbers::{cmd, create, map};
use rstest::rstest;

fn said(release: &str, arm: MapCreateAttr) -> Result<(), Errno> {
    Bench::at(release).call(cmd::MAP_CREATE, &arm).map(|_| ())
}

fn of(map_type: u32) -> MapCreateAttr {
    MapCreateAttr {
        map_type,
        key_size: 4,
        value_size: 8,
        max_entries: 2,
        ..MapCreateAttr::default()
    }
}

const HASH: u32 = map::HASH;
const ARRAY: u32 = map::ARRAY;

/// The first release that takes a flag; the one before answers EINVAL.
#[rstest]
#[case::no_prealloc(HASH, create::NO_PREALLOC, "4.5", "4.6")]
#[case::node_on_hash(HASH, create::NUMA_NODE, "4.13", "4.14")]
#[case::read_only_hash(HASH, create::RDONLY, "4.14", "4.15")]
#[case::write_only_hash(HASH, create::WRONLY, "4.14", "4.15")]
#[case::zero_seed(HASH, create::ZERO_SEED, "4.20", "5.0")]
#[case::programs_read_hash(HASH, create::RDONLY_PROG, "5.1", "5.2")]
#[case::node_on_array(ARRAY, create::NUMA_NODE, "4.13", "4.14")]
#[case::read_only_array(ARRAY, create::RDONLY, "4.14", "4.15")]
#[case::programs_write_array(ARRAY, create::WRONLY_PROG, "5.1", "5.2")]
#[case::mmapable(ARRAY, create::MMAPABLE, "5.4", "5.5")]
#[case::inner_map(ARRAY, create::INNER_MAP, "5.9", "5.10")]
fn flags_begin(
    #[case] map_type: u32,
    #[case] map_flags: u32,
    #[case] before: &str,
    #[case] from: &str,
) {
    let arm = MapCreateAttr { map_flags, ..of(map_type) };
    assert_eq!(said(before, arm), Err(Errno::EINVAL), "{before}");
    assert_eq!(said(from, arm), Ok(()), "{from}");
    assert_eq!(said("7.2", arm), Ok(()), "v7.2");
}

/// The first release that has a map type; before it, EINVAL.
#[rstest]
#[case::hash(HASH, "3.18", "3.19")]
#[case::array(ARRAY, "3.18", "3.19")]
#[case::percpu_hash(map::PERCPU_HASH, "4.5", "4.6")]
#[case::percpu_array(map::PERCPU_ARRAY, "4.5", "4.6")]
fn types_begin(#[case] map_type: u32, #[case] before: &str, #[case] from: &str) {
    assert_eq!(said(before, of(map_type)), Err(Errno::EINVAL), "{before}");
    assert_eq!(said(from, of(map_type)), Ok(()), "{from}");
}

/// Sizes of values and keys, by release.
#[rstest]
#[case::hash_key("5.10", MapCreateAttr { key_size: 513, ..of(HASH) }, Err(Errno::E2BIG))]
#[case::hash_key_fits("5.10", MapCreateAttr { key_size: 512, ..of(HASH) }, Ok(()))]
#[case::hash_key_of_any_size("5.11", MapCreateAttr { key_size: 513, ..of(HASH) }, Ok(()))]
// 4 MiB, without the stack and struct htab_elem of 40 bytes.
#[case::hash_value(
    "4.4", MapCreateAttr { value_size: (4 << 20) - 512 - 40, ..of(HASH) }, Err(Errno::E2BIG)
)]
#[case::hash_value_fits(
    "4.4", MapCreateAttr { value_size: (4 << 20) - 512 - 41, ..of(HASH) }, Ok(())
)]
// The LRU list made it 48.
#[case::hash_value_of_v4_10(
    "4.10", MapCreateAttr { value_size: (4 << 20) - 512 - 48, ..of(HASH) }, Err(Errno::E2BIG)
)]
#[case::array_value("4.4", MapCreateAttr { value_size: 4 << 20, ..of(ARRAY) }, Err(Errno::E2BIG))]
#[case::array_value_fits("4.4", MapCreateAttr { value_size: (4 << 20) - 1, ..of(ARRAY) }, Ok(()))]
#[case::array_value_of_v4_10("4.10", MapCreateAttr { value_size: 4 << 20, ..of(ARRAY) }, Ok(()))]
#[case::array_value_of_v5_19(
    "5.19", MapCreateAttr { value_size: (4 << 20) + 1, ..of(ARRAY) }, Err(Errno::E2BIG)
)]
#[case::array_value_of_v6_0("6.0", MapCreateAttr { value_size: (4 << 20) + 1, ..of(ARRAY) }, Ok(()))]
fn sizes(#[case] release: &str, #[case] arm: MapCreateAttr, #[case] expected: Result<(), Errno>) {
    assert_eq!(said(release, arm), expected);
}

/// A value of more than 32 KiB on each CPU: the check came, went, and came back; without it the
/// allocator says no.
#[rstest]
#[case::hash_v4_6(map::PERCPU_HASH, "4.6", Errno::E2BIG)]
#[case::hash_v4_13(map::PERCPU_HASH, "4.13", Errno::E2BIG)]
#[case::hash_v4_14(map::PERCPU_HASH, "4.14", Errno::ENOMEM)]
#[case::hash_v6_11(map::PERCPU_HASH, "6.11", Errno::ENOMEM)]
#[case::hash_v6_12(map::PERCPU_HASH, "6.12", Errno::E2BIG)]
#[case::array_v4_6(map::PERCPU_ARRAY, "4.6", Errno::ENOMEM)]
#[case::array_v6_11(map::PERCPU_ARRAY, "6.11", Errno::ENOMEM)]
#[case::array_v6_12(map::PERCPU_ARRAY, "6.12", Errno::E2BIG)]
fn large_percpu_values(#[case] map_type: u32, #[case] release: &str, #[case] errno: Errno) {
    let arm = MapCreateAttr { value_size: (32 << 10) + 1, ..of(map_type) };
    assert_eq!(said(release, arm), Err(errno));
}

/// Too many entries: the buckets of v4.4 had no locks, a table had to cost less than 4 GiB up to
/// v5.10.
#[rstest]
#[case::buckets_of_v4_4(HASH, "4.4", (1 << 28) + 1, Errno::E2BIG)]
#[case::buckets_of_v4_5(HASH, "4.5", (1 << 27) + 1, Errno::E2BIG)]
#[case::cost_of_v4_6(HASH, "4.6", 1 << 26, Errno::E2BIG)]
#[case::cost_of_v5_10(HASH, "5.10", 1 << 26, Errno::E2BIG)]
#[case::array_of_v4_6(ARRAY, "4.6", 1 << 29, Errno::ENOMEM)]
#[case::array_of_v5_3(ARRAY, "5.3", 1 << 29, Errno::E2BIG)]
fn too_many_entries(
    #[case] map_type: u32,
    #[case] release: &str,
    #[case] max_entries: u32,
    #[case] errno: Errno,
) {
    assert_eq!(said(release, MapCreateAttr { max_entries, ..of(map_type) }), Err(errno));
}

/// Names: v4.15; dots: v5.2.
#[rstest]
#[case::field_of_a_later_release("4.14", b"ab", Err(Errno::EINVAL))]
#[case::name("4.15", b"ab", Ok(()))]
#[case::dot_too_early("5.1", b"a.", Err(Errno::EINVAL))]
#[case::dot("5.2", b"a.", Ok(()))]
fn names(#[case] release: &str, #[case] text: &[u8; 2], #[case] expected: Result<(), Errno>) {
    let mut arm = of(HASH);
    arm.map_name[..2].copy_from_slice(text);
    assert_eq!(said(release, arm), expected);
}

/// `RLIMIT_MEMLOCK` of two pages: maps count up to v5.10, each at least one page, and no more
/// once they are gone.
#[rstest]
#[case::nobody_counts("4.3", 9, Ok(()))]
#[case::counted("4.4", 1, Err(Errno::EPERM))]
#[case::counted("5.10", 1, Err(Errno::EPERM))]
#[case::memory_cgroup("5.11", 9, Ok(()))]
fn memlock(#[case] release: &str, #[case] more: usize, #[case] third: Result<(), Errno>) {
    let mut bench = Bench::at(release);
    bench.parts().0.core.profile.inputs.memlock_limit = Some(2 * 4096);
    let make = |bench: &mut Bench| bench.call(cmd::MAP_CREATE, &of(ARRAY));
    let first = make(&mut bench).expect("a page") as u32;
    make(&mut bench).expect("another page");
    for _ in 0..more {
        assert_eq!(make(&mut bench).map(|_| ()), third);
    }
    bench.close(first);
    assert_eq!(make(&mut bench).map(|_| ()), Ok(()));
}

/// The limit before the name, where the map type asks for it early; then after it.
#[rstest]
#[case::array("4.4", ARRAY, Errno::EPERM)]
#[case::array("4.15", ARRAY, Errno::EPERM)]
#[case::cgroup_storage("4.20", 19, Errno::EINVAL)]
#[case::cgroup_storage("5.3", 19, Errno::EPERM)]
#[case::devices("5.3", 14, Errno::EPERM)]
#[case::devices_hide_it("5.4", 14, Errno::EINVAL)]
fn memlock_and_name(#[case] release: &str, #[case] map_type: u32, #[case] errno: Errno) {
    let mut bench = Bench::at(release);
    bench.parts().0.core.profile.inputs.memlock_limit = Some(0);
    let storage = map_type == 19;
    let mut arm = MapCreateAttr {
        key_size: if storage { 16 } else { 4 },
        value_size: if map_type == ARRAY { 8 } else { 4 },
        max_entries: u32::from(!storage),
        ..of(map_type)
    };
    if release != "4.4" {
        arm.map_name[0] = b'-';
    }
    assert_eq!(bench.call(cmd::MAP_CREATE, &arm), Err(errno));
}

/// Who may make maps of a type: CAP_SYS_ADMIN, later CAP_BPF; CAP_NET_ADMIN alone, later
/// CAP_SYS_ADMIN instead. Before v6.5 a map type may look at its arguments first.
#[rstest]
#[case::admin("5.7", 9, Caps { sys_admin: true, ..Caps::NONE }, 1, Ok(()))]
#[case::no_cap_bpf_yet("5.7", 9, Caps { bpf: true, ..Caps::NONE }, 1, Err(Errno::EPERM))]
#[case::cap_bpf("5.8", 9, Caps { bpf: true, ..Caps::NONE }, 1, Ok(()))]
#[case::net("4.14", 14, Caps { net_admin: true, ..Caps::NONE }, 1, Ok(()))]
#[case::admin_is_not_net("6.8", 14, Caps { net_admin: false, ..Caps::ROOT }, 1, Err(Errno::EPERM))]
#[case::admin_instead("6.9", 14, Caps { net_admin: false, ..Caps::ROOT }, 1, Ok(()))]
#[case::rights_first("6.4", 14, Caps::NONE, 0, Err(Errno::EPERM))]
#[case::arguments_first("6.11", 14, Caps::NONE, 0, Err(Errno::EINVAL))]
#[case::queue_rights_first("6.4", 16, Caps::NONE, 0, Err(Errno::EPERM))]
#[case::ordinary("5.15", 3, Caps::NONE, 1, Ok(()))]
fn rights(
    #[case] release: &str,
    #[case] map_type: u32,
    #[case] caps: Caps,
    #[case] max_entries: u32,
    #[case] expected: Result<(), Errno>,
) {
    let mut profile = bpfsim_tests::world::profile(release);
    profile.unprivileged_disabled = false;
    let mut bench = Bench::simulated(profile);
    bench.parts().1.caps = caps;
    let arm = MapCreateAttr { value_size: 4, max_entries, ..of(map_type) };
    assert_eq!(bench.call(cmd::MAP_CREATE, &arm).map(|_| ()), expected);
}
