//! Sizes and `CHECK_ATTR` ends at the releases where they change, restated from
//! `data/attr_sizes.csv` and from kernel sources.

use bpfsim_abi::sizes::{end_of, size_of};
use bpfsim_abi::{Release, attr_size, check_attr_end, cmd, exists, fields, known_releases};
use rstest::rstest;

fn r(text: &str) -> Release {
    text.parse().expect("a test names a release as X.Y")
}

fn before(release: Release) -> Option<Release> {
    let at = known_releases().iter().position(|known| *known == release)?;
    at.checked_sub(1).map(|at| known_releases()[at])
}

#[test]
fn known_releases_run_from_3_18_to_7_2() {
    let known = known_releases();
    assert_eq!(known.len(), 66);
    assert_eq!((known[0], known[1], known[2]), (r("3.18"), r("3.19"), r("4.0")));
    assert_eq!((known[22], known[23]), (r("4.20"), r("5.0")));
    assert_eq!((known[62], known[63], known[65]), (r("6.19"), r("7.0"), r("7.2")));
    assert!(known.windows(2).all(|pair| pair[0] < pair[1]));
}

#[rstest]
#[case("3.17", 0)]
#[case("3.18", 40)]
#[case("4.0", 40)]
#[case("4.1", 48)]
#[case("4.14", 48)]
#[case("4.15", 72)]
#[case("4.20", 72)]
#[case("5.0", 112)]
#[case("5.4", 112)]
#[case("5.5", 120)]
#[case("5.13", 120)]
#[case("5.14", 128)]
#[case("5.16", 128)]
#[case("5.17", 144)]
#[case("6.8", 144)]
#[case("6.9", 152)]
#[case("6.17", 152)]
#[case("6.18", 168)]
#[case("7.2", 168)]
#[case("9.0", 168)]
fn attr_grows(#[case] release: &str, #[case] bytes: u32) {
    assert_eq!(attr_size(r(release)), bytes);
}

/// Each row at its release and at the release before it, read without the build script.
#[test]
fn every_size_holds_from_its_release() {
    let mut last = std::collections::BTreeMap::new();
    let mut rows = 0;
    for line in include_str!("../data/attr_sizes.csv").lines().skip(1) {
        let cells: Vec<_> = line.split(',').collect();
        let (container, release) = (cells[0], r(cells[1]));
        let bytes: u32 = cells[2].parse().unwrap();
        let measure = if cells[3].starts_with("sizeof") { size_of } else { end_of };
        let key = (container, cells[3].starts_with("sizeof"));
        assert_eq!(measure(container, release), Some(bytes), "{line}");
        let earlier = before(release).and_then(|release| measure(container, release));
        assert_eq!(earlier, last.insert(key, bytes), "the release before: {line}");
        rows += 1;
    }
    assert_eq!(rows, 116);
}

/// The end of an arm is the end of its last field, in every release.
#[test]
fn ends_agree_with_fields() {
    let arms = ["MAP_CREATE", "MAP_ELEM", "PROG_LOAD", "OBJ_PIN_GET", "batch", "test", "query"];
    for release in known_releases() {
        for arm in arms {
            let container = format!("bpf_attr.{arm}");
            let end = fields(&container, *release).map(|field| field.end()).max();
            assert_eq!(end, end_of(&container, *release), "{container} in {release}");
        }
    }
}

#[rstest]
#[case::map_create(cmd::BPF_MAP_CREATE, &[
    ("3.18", 16), ("4.5", 16), ("4.6", 20), ("4.12", 24), ("4.14", 28), ("4.15", 44),
    ("4.16", 48), ("4.17", 48), ("4.18", 60), ("5.5", 60), ("5.6", 64), ("5.15", 64),
    ("5.16", 72), ("6.8", 72), ("6.9", 80), ("6.17", 80), ("6.18", 92), ("7.2", 92)])]
#[case::lookup(cmd::BPF_MAP_LOOKUP_ELEM, &[("3.18", 24), ("5.0", 24), ("5.1", 32), ("7.2", 32)])]
#[case::update(cmd::BPF_MAP_UPDATE_ELEM, &[("3.18", 24), ("3.19", 32), ("7.2", 32)])]
#[case::delete(cmd::BPF_MAP_DELETE_ELEM, &[("3.18", 16), ("7.2", 16)])]
#[case::next(cmd::BPF_MAP_GET_NEXT_KEY, &[("3.18", 24), ("7.2", 24)])]
#[case::pop(cmd::BPF_MAP_LOOKUP_AND_DELETE_ELEM, &[("4.20", 24), ("5.13", 24), ("5.14", 32)])]
#[case::freeze(cmd::BPF_MAP_FREEZE, &[("5.2", 4), ("7.2", 4)])]
#[case::batch(cmd::BPF_MAP_UPDATE_BATCH, &[("5.6", 56), ("7.2", 56)])]
#[case::prog_load(cmd::BPF_PROG_LOAD, &[
    ("3.18", 40), ("4.0", 40), ("4.1", 44), ("4.12", 48), ("4.15", 68), ("4.17", 72),
    ("5.0", 108), ("5.5", 116), ("5.14", 128), ("5.17", 140), ("6.4", 144), ("6.9", 148),
    ("6.14", 152), ("6.18", 168)])]
#[case::obj_get(cmd::BPF_OBJ_GET, &[("4.4", 12), ("4.14", 12), ("4.15", 16), ("6.5", 20)])]
#[case::attach(cmd::BPF_PROG_ATTACH, &[("4.10", 16), ("5.6", 20), ("6.6", 32)])]
#[case::detach_ends_before_flags(cmd::BPF_PROG_DETACH, &[("4.10", 12), ("6.5", 12), ("6.6", 32)])]
#[case::test_run(cmd::BPF_PROG_TEST_RUN, &[("4.12", 40), ("5.2", 64), ("5.10", 72), ("5.18", 76)])]
#[case::prog_by_id(cmd::BPF_PROG_GET_FD_BY_ID, &[("4.13", 4), ("7.2", 4)])]
#[case::map_by_id(cmd::BPF_MAP_GET_FD_BY_ID, &[("4.13", 4), ("4.15", 12), ("7.2", 12)])]
#[case::btf_by_id(cmd::BPF_BTF_GET_FD_BY_ID, &[("4.18", 4), ("6.14", 4), ("6.15", 16)])]
#[case::assoc_ends_before_flags(cmd::BPF_PROG_ASSOC_STRUCT_OPS, &[("7.0", 8), ("7.2", 8)])]
fn attr_may_be_nonzero_up_to(#[case] cmd: u32, #[case] ends: &[(&str, u32)]) {
    for (release, end) in ends {
        assert_eq!(check_attr_end(cmd, r(release)), Some(*end), "in v{release}");
    }
    let first = before(r(ends[0].0));
    assert_eq!(first.and_then(|release| check_attr_end(cmd, release)), None);
}

/// A command has an end exactly where it exists, within attr, and ends never shrink.
#[test]
fn every_command_has_an_end() {
    let mut commands = 0;
    for entry in cmd::ALL.iter().filter(|entry| !entry.is_alias) {
        let mut last = 0;
        for release in known_releases() {
            let end = check_attr_end(entry.number, *release);
            let name = entry.name;
            assert_eq!(end.is_some(), exists(entry.number, *release), "{name} in {release}");
            let Some(end) = end else { continue };
            assert!(last <= end && end <= attr_size(*release), "{name} in {release}");
            last = end;
        }
        commands += 1;
    }
    assert_eq!(commands, 39);
}

#[test]
fn unknown_sources_are_few_and_say_what_they_derive_from() {
    let rows = bpfsim_abi::check_attr::rows();
    let unknown: Vec<_> = rows.iter().filter(|row| row.source.starts_with("unknown")).collect();
    assert_eq!(unknown.len(), 1);
    assert_eq!((unknown[0].field, unknown[0].from), ("uprobe_multi.path_fd", r("7.2")));
    assert!(unknown[0].source.contains("attr_fields.csv"));
}
