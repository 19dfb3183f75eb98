//! CHECK_ATTR: every byte behind a command's last field must be zero, at every release.

use bpfsim_abi::{Errno, Release, known_releases};
use bpfsim_tests::numbers::cmd;
use bpfsim_tests::{Bench, World};
use rstest::rstest;

/// Where the last field ends, from each release on: the `*_LAST_FIELD` macros of
/// `kernel/bpf/syscall.c`, and the offsets of the uapi headers.
type Ends = &'static [(&'static str, usize)];

const CREATE: Ends = &[
    ("3.18", 16),
    ("4.6", 20),
    ("4.12", 24),
    ("4.14", 28),
    ("4.15", 44),
    ("4.16", 48),
    ("4.18", 60),
    ("5.6", 64),
    ("5.16", 72),
    ("6.9", 80),
    ("6.18", 92),
];
const LOOKUP: Ends = &[("3.18", 24), ("5.1", 32)];
const UPDATE: Ends = &[("3.18", 24), ("3.19", 32)];
const DELETE: Ends = &[("3.18", 16)];
const NEXT_KEY: Ends = &[("3.18", 24)];
const PROG_LOAD: Ends = &[
    ("3.18", 40),
    ("4.1", 44),
    ("4.12", 48),
    ("4.15", 68),
    ("4.17", 72),
    ("5.0", 108),
    ("5.5", 116),
    ("5.14", 128),
    ("5.17", 140),
    ("6.4", 144),
    ("6.9", 148),
    ("6.14", 152),
    ("6.18", 168),
];
const OBJ: Ends = &[("4.4", 12), ("4.15", 16), ("6.5", 20)];
const TEST_RUN: Ends = &[("4.12", 40), ("5.2", 64), ("5.10", 72), ("5.18", 76)];

fn end_at(ends: Ends, release: Release) -> Option<usize> {
    let known = |text: &str| text.parse::<Release>().expect("a release") <= release;
    ends.iter().rev().find(|(from, _)| known(from)).map(|(_, end)| *end)
}

/// The size of the attr, as in the table of `entry.rs`.
fn size_at(release: Release) -> usize {
    const SIZES: Ends = &[
        ("3.18", 40),
        ("4.1", 48),
        ("4.15", 72),
        ("5.0", 112),
        ("5.5", 120),
        ("5.14", 128),
        ("5.17", 144),
        ("6.9", 152),
        ("6.18", 168),
    ];
    end_at(SIZES, release).expect("known from v3.18 on")
}

/// An attr that is right up to its end, for a command that then does not find its fd, type or
/// path: anything but what CHECK_ATTR says.
fn good(cmd: u32) -> Vec<u8> {
    let mut attr = vec![0u8; 168];
    match cmd {
        // A hash of nothing: EINVAL too, so one of 8 bytes.
        cmd::MAP_CREATE => {
            for (offset, value) in [(0, 1u32), (4, 8), (8, 8), (12, 4)] {
                attr[offset..offset + 4].copy_from_slice(&value.to_le_bytes());
            }
        }
        // A socket filter whose license nobody can read.
        cmd::PROG_LOAD => attr[..8].copy_from_slice(&[1, 0, 0, 0, 2, 0, 0, 0]),
        cmd::OBJ_PIN | cmd::OBJ_GET => {}
        _ => attr[..4].copy_from_slice(&77u32.to_le_bytes()),
    }
    attr
}

/// What `good` is answered: no EINVAL, where that can be.
fn expected(cmd: u32, release: Release) -> Option<Errno> {
    match cmd {
        // v3.18 has no map types, and takes no socket filters.
        cmd::MAP_CREATE if release > Release::new(3, 18) => None,
        cmd::MAP_CREATE => Some(Errno::EINVAL),
        cmd::PROG_LOAD | cmd::OBJ_GET => Some(Errno::EFAULT),
        // Before v5.6 the path is read first, then the fd 0 is no object.
        cmd::OBJ_PIN if release < Release::new(5, 6) => Some(Errno::EFAULT),
        cmd::OBJ_PIN => Some(Errno::EINVAL),
        _ => Some(Errno::EBADF),
    }
}

#[rstest]
#[case::map_create(cmd::MAP_CREATE, CREATE)]
#[case::lookup(cmd::LOOKUP, LOOKUP)]
#[case::update(cmd::UPDATE, UPDATE)]
#[case::delete(cmd::DELETE, DELETE)]
#[case::next_key(cmd::NEXT_KEY, NEXT_KEY)]
#[case::prog_load(cmd::PROG_LOAD, PROG_LOAD)]
#[case::obj_pin(cmd::OBJ_PIN, OBJ)]
#[case::obj_get(cmd::OBJ_GET, OBJ)]
#[case::test_run(cmd::TEST_RUN, TEST_RUN)]
fn every_byte_behind_the_last_field_must_be_zero(#[case] cmd: u32, #[case] ends: Ends) {
    for release in known_releases() {
        let size = size_at(*release);
        let mut bench = Bench::at(&release.to_string());
        let attr = &good(cmd)[..size];
        let answer = bench.try_call(cmd, attr);
        let Some(end) = end_at(ends, *release) else {
            assert_eq!(answer, Err(Errno::EINVAL.into()), "{release} has no command {cmd}");
            continue;
        };
        match expected(cmd, *release) {
            Some(errno) => assert_eq!(answer, Err(errno.into()), "{release}, clean"),
            None => assert!(answer.is_ok(), "{release}, clean: {answer:?}"),
        }
        for offset in end..size {
            let mut dirty = attr.to_vec();
            dirty[offset] = 1;
            let answer = bench.try_call(cmd, &dirty);
            assert_eq!(answer, Err(Errno::EINVAL.into()), "{release}, byte {offset}");
        }
    }
}

/// The same on the live kernel, for the commands that a bad fd ends.
#[rstest]
#[case::lookup(cmd::LOOKUP, 32)]
#[case::update(cmd::UPDATE, 32)]
#[case::delete(cmd::DELETE, 16)]
#[case::next_key(cmd::NEXT_KEY, 24)]
#[case::obj_get(cmd::OBJ_GET, 20)]
#[case::test_run(cmd::TEST_RUN, 76)]
#[case::map_create(cmd::MAP_CREATE, 92)]
fn the_live_kernel_has_the_ends_of_v6_18(#[case] cmd: u32, #[case] end: usize) {
    let Some(mut bench) = World::Native.bench() else { return };
    let release = Release::new(6, 18);
    let attr = good(cmd);
    let answer = bench.try_call(cmd, &attr);
    match expected(cmd, release) {
        Some(errno) => assert_eq!(answer, Err(errno.into()), "clean"),
        None => assert!(answer.is_ok(), "clean: {answer:?}"),
    }
    for offset in end..168 {
        let mut dirty = attr.clone();
        dirty[offset] = 1;
        assert_eq!(bench.try_call(cmd, &dirty), Err(Errno::EINVAL.into()), "byte {offset}");
    }
}

/// The hole behind `map_fd`, and the fields in front of the end, are not looked at here.
#[rstest]
#[case::of_lookup(cmd::LOOKUP)]
#[case::of_update(cmd::UPDATE)]
#[case::of_delete(cmd::DELETE)]
#[case::of_next_key(cmd::NEXT_KEY)]
fn the_hole_is_never_read(
    #[values(World::Simulated, World::Native)] world: World,
    #[case] cmd: u32,
) {
    let Some(mut bench) = world.bench() else { return };
    let mut attr = good(cmd);
    attr[4..8].fill(0xff);
    assert_eq!(bench.try_call(cmd, &attr), Err(Errno::EBADF.into()));
}

/// A command is EINVAL before its release, whatever its attr.
#[rstest]
#[case::attach("4.9", 8)]
#[case::query("4.14", 16)]
#[case::streams("6.16", 37)]
#[case::pins("4.3", 6)]
fn a_command_before_its_release(#[case] release: &str, #[case] cmd: u32) {
    let answer = Bench::at(release).try_call(cmd, &[0; 32]);
    assert_eq!(answer, Err(Errno::EINVAL.into()));
}
