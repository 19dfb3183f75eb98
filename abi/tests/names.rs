//! Names, numbers and first releases.

use bpfsim_abi::{MapCreateFlags, MapUpdateFlags, Release, cmd, exists, flag};
use bpfsim_abi::{attach_type, helper_id, link_type, map_type, prog_type};
use rstest::rstest;

fn r(text: &str) -> Release {
    text.parse().expect("a test names a release as X.Y")
}

#[rstest]
#[case(0, "3.17", false)]
#[case(0, "3.18", true)]
#[case(6, "4.3", false)]
#[case(6, "4.4", true)]
#[case(22, "5.1", false)]
#[case(22, "5.2", true)]
#[case(37, "6.16", false)]
#[case(37, "6.17", true)]
#[case(38, "6.19", false)]
#[case(38, "7.0", true)]
#[case(39, "7.2", false)]
#[case::a_bit_is_no_command(65536, "7.2", false)]
fn commands_come_with_releases(#[case] number: u32, #[case] release: &str, #[case] known: bool) {
    assert_eq!(exists(number, r(release)), known);
}

#[test]
fn aliases_stay_aliases() {
    let run = cmd::by_name("BPF_PROG_RUN").unwrap();
    assert!(run.is_alias && run.number == 10 && run.since == r("5.14"));
    assert_eq!(cmd::by_number(10, r("7.2")).unwrap().name, "BPF_PROG_TEST_RUN");
    assert_eq!(map_type::by_number(19, r("7.2")).unwrap().name, "BPF_MAP_TYPE_CGROUP_STORAGE");
    assert!(map_type::by_name("BPF_MAP_TYPE_CGROUP_STORAGE_DEPRECATED").unwrap().is_alias);
    assert!(map_type::by_number(19, r("4.18")).is_none());
    assert_eq!(cmd::BPF_COMMON_ATTRS, 1 << 16);
}

#[rstest]
#[case::commands(cmd::ALL, 39)]
#[case::map_types(map_type::ALL, 36)]
#[case::prog_types(prog_type::ALL, 33)]
#[case::helpers(helper_id::ALL, 212)]
#[case::attach_types(attach_type::ALL, 62)]
#[case::link_types(link_type::ALL, 16)]
fn numbers_have_no_gap(#[case] table: &[bpfsim_abi::tables::Entry], #[case] count: u32) {
    let numbers: Vec<_> = table.iter().filter(|e| !e.is_alias).map(|e| e.number).collect();
    assert_eq!(numbers, (0..count).collect::<Vec<_>>());
}

#[rstest]
#[case(map_type::BPF_MAP_TYPE_PERCPU_HASH, 5)]
#[case(map_type::BPF_MAP_TYPE_PERCPU_ARRAY, 6)]
#[case(prog_type::BPF_PROG_TYPE_RAW_TRACEPOINT, 17)]
#[case(helper_id::BPF_FUNC_skb_load_bytes, 26)]
#[case(helper_id::BPF_FUNC_map_lookup_percpu_elem, 195)]
#[case(attach_type::BPF_XDP, 37)]
#[case(link_type::BPF_LINK_TYPE_XDP, 6)]
fn constants_have_the_kernels_numbers(#[case] constant: u32, #[case] number: u32) {
    assert_eq!(constant, number);
}

#[test]
fn bitflags_bear_the_names_and_values_of_the_table() {
    for (name, bit) in MapUpdateFlags::all().iter_names() {
        assert_eq!(flag::by_name(name).unwrap().value, bit.bits(), "{name}");
    }
    for (name, bit) in MapCreateFlags::all().iter_names() {
        assert_eq!(flag::by_name(name).unwrap().value, u64::from(bit.bits()), "{name}");
    }
    assert_eq!(MapUpdateFlags::all().bits(), 0x1f);
    assert_eq!(MapCreateFlags::all().bits(), (1 << 20) - 1);
    assert_eq!(flag::by_name("BPF_ANY").unwrap().value, MapUpdateFlags::BPF_ANY.bits());
}

#[test]
fn the_cpu_number_is_no_flag() {
    let (flags, cpu) = MapUpdateFlags::split(3 << 32 | 0x28);
    assert_eq!((flags.bits(), cpu), (0x28, 3));
    assert!(flags.contains(MapUpdateFlags::BPF_F_CPU));
    assert_eq!(flags.difference(MapUpdateFlags::all()).bits(), 0x20);
}

#[test]
fn a_release_to_come_is_marked() {
    let uncertain: Vec<_> = flag::ALL.iter().filter(|f| !f.is_certain).map(|f| f.name).collect();
    assert_eq!(uncertain, ["BPF_F_EGRESS"]);
    assert_eq!(flag::by_name("BPF_F_CPU").unwrap().since, r("7.0"));
}
