//! `BPF_MAP_CREATE` by release: rights and limits that cases have no words for. The rest is in
//! `tests/cases/map_create/history.case`.

use bpfsim_abi::Errno;
use bpfsim_abi::attr::MapCreateAttr;
use bpfsim_syscall::Caps;
use bpfsim_tests::Bench;
use bpfsim_tests::numbers::{cmd, map};
use rstest::rstest;

fn of(map_type: u32) -> MapCreateAttr {
    MapCreateAttr {
        map_type,
        key_size: 4,
        value_size: 8,
        max_entries: 2,
        ..MapCreateAttr::default()
    }
}

const ARRAY: u32 = map::ARRAY;

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
