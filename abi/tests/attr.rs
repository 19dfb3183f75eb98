//! The arms against `data/attr_fields.csv`, read without the build script, and short attrs.

use bpfsim_abi::attr::*;
use bpfsim_abi::{Release, UserAddr, read_arm};
use rstest::rstest;
use std::collections::BTreeSet;

/// Fields whose name here stands for several of a union, or for a whole one.
const UNIONS: &[(&str, &str, &[&str])] = &[
    ("bpf_attr.MAP_ELEM", "value", &["next_key"]),
    ("bpf_attr.GET_ID", "id", &["start_id", "prog_id", "map_id", "btf_id", "link_id"]),
    ("bpf_attr.PROG_LOAD", "attach_prog_fd", &["attach_btf_obj_fd"]),
    ("bpf_attr.PROG_ATTACH_DETACH", "target_fd", &["target_ifindex"]),
    ("bpf_attr.PROG_ATTACH_DETACH", "relative_fd", &["relative_id"]),
    ("bpf_attr.query", "target_fd", &["target_ifindex"]),
    ("bpf_attr.query", "count", &["prog_cnt"]),
    ("bpf_attr.link_create", "prog_fd", &["map_fd"]),
    ("bpf_attr.link_create", "target_fd", &["target_ifindex"]),
    ("bpf_attr.link_update", "new_prog_fd", &["new_map_fd"]),
    ("bpf_attr.link_update", "old_prog_fd", &["old_map_fd"]),
];

/// The only container and offset at which a field here covers fields of any size.
const DETAIL: &str = "detail";

struct Row<'a> {
    name: &'a str,
    offset: usize,
    size: usize,
}

fn rows(container: &str, until: &str) -> Vec<Row<'static>> {
    let until: Release = until.parse().unwrap();
    let mut rows = Vec::new();
    for line in include_str!("../data/attr_fields.csv").lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        let since: Release = cells[5].trim_start_matches("<=").parse().unwrap();
        if cells[0] == container && since <= until {
            let (offset, size) = (cells[2].parse().unwrap(), cells[3].parse().unwrap());
            rows.push(Row { name: cells[1], offset, size });
        }
    }
    rows
}

fn stands_for(container: &str, field: &FieldAt, row: &Row<'_>) -> bool {
    let inside = field.offset <= row.offset && row.offset + row.size <= field.offset + field.size;
    if field.name == DETAIL {
        return inside;
    }
    let union = UNIONS.iter().any(|(c, name, others)| {
        *c == container && *name == field.name && others.contains(&row.name)
    });
    let same = field.name == row.name || union;
    same && field.offset == row.offset && field.size == row.size
}

#[rstest]
#[case("bpf_attr.MAP_CREATE", "4.5", MapCreateAttrV4_4::fields())]
#[case("bpf_attr.MAP_CREATE", "4.11", MapCreateAttrV4_6::fields())]
#[case("bpf_attr.MAP_CREATE", "7.2", MapCreateAttr::fields())]
#[case("bpf_attr.MAP_ELEM", "7.2", MapElemAttr::fields())]
#[case("bpf_attr.batch", "7.2", BatchAttr::fields())]
#[case("bpf_attr.PROG_LOAD", "4.11", ProgLoadAttrV4_4::fields())]
#[case("bpf_attr.PROG_LOAD", "7.2", ProgLoadAttr::fields())]
#[case("bpf_attr.OBJ_PIN_GET", "4.14", ObjAttrV4_4::fields())]
#[case("bpf_attr.OBJ_PIN_GET", "7.2", ObjAttr::fields())]
#[case("bpf_attr.PROG_ATTACH_DETACH", "7.2", ProgAttachAttr::fields())]
#[case("bpf_attr.test", "7.2", TestRunAttr::fields())]
#[case("bpf_attr.GET_ID", "7.2", GetIdAttr::fields())]
#[case("bpf_attr.info", "7.2", InfoAttr::fields())]
#[case("bpf_attr.query", "7.2", QueryAttr::fields())]
#[case("bpf_attr.raw_tracepoint", "7.2", RawTracepointAttr::fields())]
#[case("bpf_attr.BTF_LOAD", "7.2", BtfLoadAttr::fields())]
#[case("bpf_attr.task_fd_query", "7.2", TaskFdQueryAttr::fields())]
#[case("bpf_attr.link_create", "7.2", LinkCreateAttr::fields())]
#[case("bpf_attr.link_update", "7.2", LinkUpdateAttr::fields())]
#[case("bpf_attr.link_detach", "7.2", LinkDetachAttr::fields())]
#[case("bpf_attr.enable_stats", "7.2", EnableStatsAttr::fields())]
#[case("bpf_attr.iter_create", "7.2", IterCreateAttr::fields())]
#[case("bpf_attr.prog_bind_map", "7.2", ProgBindMapAttr::fields())]
#[case("bpf_attr.token_create", "7.2", TokenCreateAttr::fields())]
#[case("bpf_attr.prog_stream_read", "7.2", ProgStreamReadAttr::fields())]
#[case("bpf_attr.prog_assoc_struct_ops", "7.2", ProgAssocStructOpsAttr::fields())]
#[case("bpf_prog_info", "7.2", ProgInfo::fields())]
#[case("bpf_map_info", "7.2", MapInfo::fields())]
#[case("bpf_btf_info", "7.2", BtfInfo::fields())]
#[case("bpf_link_info", "7.2", LinkInfo::fields())]
fn arms_have_the_kernels_fields(
    #[case] container: &str,
    #[case] until: &str,
    #[case] arm: Vec<FieldAt>,
) {
    let rows = rows(container, until);
    assert!(!rows.is_empty(), "{container} has fields");
    for row in &rows {
        let found = arm.iter().any(|field| stands_for(container, field, row));
        assert!(found, "{container}.{} at {} is missing", row.name, row.offset);
    }
    for field in &arm {
        let found = rows.iter().any(|row| stands_for(container, field, row));
        assert!(found, "{container} has no {} at {}", field.name, field.offset);
    }
}

/// The CSV has as many containers as there are arms above.
#[test]
fn no_container_is_forgotten() {
    let lines = include_str!("../data/attr_fields.csv").lines().skip(1);
    let containers: BTreeSet<_> = lines.map(|line| line.split(',').next().unwrap()).collect();
    assert_eq!(containers.len(), 26, "{containers:?}");
}

#[test]
fn the_proposed_cpu_follows_the_flags() {
    let cpu = MapElemCpuAttr::fields().pop().unwrap();
    assert_eq!(cpu, FieldAt { name: "cpu", offset: 32, size: 4 });
    assert_eq!(MapElemCpuAttr::fields()[..4], MapElemAttr::fields()[..]);
}

#[rstest]
#[case::nothing(0, 0, 0, 0)]
#[case::half_a_field(2, 0x0201, 0, 0)]
#[case::up_to_the_key(8, 0x0403_0201, 0, 0)]
#[case::half_a_key(12, 0x0403_0201, 0x0c0b_0a09, 0)]
#[case::whole(32, 0x0403_0201, 0x100f_0e0d_0c0b_0a09, 0x201f_1e1d_1c1b_1a19)]
#[case::longer(40, 0x0403_0201, 0x100f_0e0d_0c0b_0a09, 0x201f_1e1d_1c1b_1a19)]
fn short_attrs_read_as_zero(
    #[case] size: u8,
    #[case] map_fd: u32,
    #[case] key: u64,
    #[case] flags: u64,
) {
    let bytes: Vec<u8> = (1..=size).collect();
    let arm: MapElemAttr = read_arm(&bytes);
    assert_eq!((arm.map_fd, arm.key, arm.flags), (map_fd, UserAddr(key), flags));
}

#[test]
fn addresses_do_not_wrap() {
    assert_eq!(UserAddr(8).checked_add(8), Some(UserAddr(16)));
    assert_eq!(UserAddr(u64::MAX).checked_add(1), None);
    assert!(UserAddr::NULL.is_null() && !UserAddr(1).is_null());
    assert_eq!(format!("{0} {0:?}", UserAddr(255)), "0xff UserAddr(0xff)");
}
