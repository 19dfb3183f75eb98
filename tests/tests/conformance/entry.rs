//! What happens before a command is looked at: size, tail, copy, rights.

use bpfsim_abi::attr::UserAddr;
use bpfsim_abi::{Errno, known_releases};
use bpfsim_tests::bench::Said;
use bpfsim_tests::numbers::cmd;
use bpfsim_tests::world::profile;
use bpfsim_tests::{Bench, World};
use rstest::rstest;

/// DELETE reads 16 bytes and finds no fd: the entry has let the call through.
const THROUGH: Said = Err(Errno::EBADF);
const TOO_BIG: Said = Err(Errno::E2BIG);
const FAULT: Said = Err(Errno::EFAULT);
const INVALID: Said = Err(Errno::EINVAL);

/// `sizeof(union bpf_attr)` from each release on, as the uapi headers have it.
const SIZES: [(&str, usize); 9] = [
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

/// An attr of `len` bytes that names an fd which nobody has, and its last byte.
fn attr(len: usize, last: u8) -> Vec<u8> {
    let mut attr = vec![0; len];
    attr[..4].copy_from_slice(&77u32.to_le_bytes());
    attr[len - 1] = last;
    attr
}

fn delete(bench: &mut Bench, attr: &[u8]) -> Said {
    let at = bench.alloc(attr);
    bench.call_at(cmd::DELETE, at, attr.len() as u32)
}

/// The boundary at `size`, with clean and dirty ends.
fn check_boundary(bench: &mut Bench, size: usize, what: &str) {
    let mut expect = |len: usize, last: u8, said: Said| {
        assert_eq!(delete(bench, &attr(len, last)), said, "{what}: {len} bytes, last {last}");
    };
    expect(size - 1, 0, THROUGH);
    expect(size, 0, THROUGH);
    expect(size + 1, 0, THROUGH);
    expect(size - 1, 1, INVALID);
    expect(size, 1, INVALID);
    expect(size + 1, 1, TOO_BIG);
    expect(size + 9, 1, TOO_BIG);
    expect(4096, 0, THROUGH);
    expect(4096, 1, TOO_BIG);
    expect(4097, 0, TOO_BIG);
    expect(4097, 1, TOO_BIG);
    // One byte more than is mapped: inside what the kernel knows, and in the tail.
    for (mapped, asked) in [(size - 1, size), (size, size + 1), (size + 8, size + 9)] {
        let at = bench.alloc(&attr(mapped, 0));
        assert_eq!(bench.call_at(cmd::DELETE, at, asked as u32), FAULT, "{what}: {asked} bytes");
    }
}

#[test]
fn every_release_knows_its_own_size() {
    let mut rows = SIZES.iter().peekable();
    let mut size = 0;
    for release in known_releases() {
        if let Some((_, bytes)) = rows.next_if(|(from, _)| from.parse() == Ok(*release)) {
            size = *bytes;
        }
        let text = release.to_string();
        check_boundary(&mut Bench::at(&text), size, &text);
    }
    assert!(rows.next().is_none(), "every row was used");
}

#[test]
fn the_live_kernel_knows_the_size_of_its_release() {
    if let Some(mut bench) = World::Native.bench() {
        check_boundary(&mut bench, 168, "live");
    }
}

/// What the entry sees: a command, an address, a size.
#[derive(Clone, Copy, Debug)]
enum At {
    Null,
    Unmapped,
    Kernel,
    /// Clean bytes with an fd that nobody has.
    Good,
    /// The last byte is not zero.
    Dirty,
}

fn address(bench: &mut Bench, at: At, size: u32) -> UserAddr {
    match at {
        At::Null => UserAddr::NULL,
        At::Unmapped => bench.nowhere(),
        At::Kernel => UserAddr(0xffff_8880_0000_0000),
        At::Good => bench.alloc(&attr(size as usize, 0)),
        At::Dirty => bench.alloc(&attr(size as usize, 1)),
    }
}

fn call(bench: &mut Bench, cmd: u32, at: At, size: u32) -> Said {
    let place = address(bench, at, size);
    bench.call_at(cmd, place, size)
}

#[rstest]
#[case::good(cmd::DELETE, At::Good, 32, THROUGH)]
#[case::no_bytes_at_null_is_fd_zero(cmd::DELETE, At::Null, 0, INVALID)]
#[case::no_bytes_unmapped(cmd::DELETE, At::Unmapped, 0, INVALID)]
#[case::no_bytes_at_a_kernel_address(cmd::DELETE, At::Kernel, 0, INVALID)]
#[case::half_a_field(cmd::DELETE, At::Good, 14, THROUGH)]
#[case::null(cmd::DELETE, At::Null, 16, FAULT)]
#[case::unmapped(cmd::DELETE, At::Unmapped, 16, FAULT)]
#[case::kernel_address(cmd::DELETE, At::Kernel, 16, FAULT)]
#[case::too_long_before_unmapped(cmd::DELETE, At::Unmapped, 4097, TOO_BIG)]
#[case::too_long_before_kernel_address(cmd::DELETE, At::Kernel, 4097, TOO_BIG)]
#[case::a_tail_at_a_kernel_address(cmd::DELETE, At::Kernel, 4096, FAULT)]
#[case::no_such_command(999, At::Good, 32, INVALID)]
#[case::one_past_the_last_command(38, At::Good, 32, INVALID)]
#[case::command_minus_one(u32::MAX, At::Good, 32, INVALID)]
#[case::copied_before_the_command(999, At::Unmapped, 16, FAULT)]
#[case::tail_before_the_command(999, At::Dirty, 200, TOO_BIG)]
fn of_v6_18(
    #[values(World::Simulated, World::Native)] world: World,
    #[case] cmd: u32,
    #[case] at: At,
    #[case] size: u32,
    #[case] said: Said,
) {
    if let Some(mut bench) = world.bench() {
        assert_eq!(call(&mut bench, cmd, at, size), said);
    }
}

/// access_ok() of one byte before the size up to v4.13, of all bytes after it up to v5.7, then
/// none.
#[rstest]
#[case::first_byte_before_the_size("4.4", At::Kernel, 4097, FAULT)]
#[case::the_same_in_v4_13("4.13", At::Kernel, 4097, FAULT)]
#[case::size_first_from_v4_14("4.14", At::Kernel, 4097, TOO_BIG)]
#[case::no_bytes_are_looked_at("4.4", At::Kernel, 0, FAULT)]
#[case::no_bytes_in_v5_7("5.7", At::Kernel, 0, FAULT)]
#[case::not_from_v5_8("5.8", At::Kernel, 0, INVALID)]
#[case::null_passes("4.4", At::Null, 0, INVALID)]
#[case::unmapped_is_no_matter_of_range("4.4", At::Unmapped, 4097, TOO_BIG)]
fn of_other_releases(#[case] release: &str, #[case] at: At, #[case] size: u32, #[case] said: Said) {
    assert_eq!(call(&mut Bench::at(release), cmd::DELETE, at, size), said);
}

/// sysctl `unprivileged_bpf_disabled` and a caller without rights.
#[rstest]
#[case::before_anything_is_read("4.4", cmd::DELETE, At::Unmapped, Err(Errno::EPERM))]
#[case::any_command("5.18", 999, At::Unmapped, Err(Errno::EPERM))]
#[case::only_what_makes_objects("5.19", cmd::DELETE, At::Good, THROUGH)]
#[case::maps("5.19", cmd::MAP_CREATE, At::Unmapped, Err(Errno::EPERM))]
#[case::programs("6.4", cmd::PROG_LOAD, At::Unmapped, Err(Errno::EPERM))]
#[case::arguments_first("6.5", cmd::MAP_CREATE, At::Unmapped, FAULT)]
fn without_rights(#[case] release: &str, #[case] cmd: u32, #[case] at: At, #[case] said: Said) {
    let mut profile = profile(release);
    profile.unprivileged_disabled = true;
    let mut bench = Bench::simulated(profile);
    bench.parts().1.caps = bpfsim_syscall::Caps::NONE;
    assert_eq!(call(&mut bench, cmd, at, 32), said);
}

/// Whatever the sysctl, which came with v4.4.
#[rstest]
#[case::the_first_release("3.18", Err(Errno::EPERM))]
#[case::the_last_one("4.3", Err(Errno::EPERM))]
#[case::everybody("4.4", FAULT)]
fn root_only(#[case] release: &str, #[case] said: Said) {
    let mut bench = Bench::at(release);
    bench.parts().1.caps = bpfsim_syscall::Caps::NONE;
    assert_eq!(call(&mut bench, cmd::DELETE, At::Unmapped, 32), said);
}

/// Two E2BIG, three EFAULT and two EINVAL, told apart by their cause.
#[rstest]
#[case::too_long("6.18", cmd::DELETE, At::Good, 4097, "attr-too-long")]
#[case::tail("6.18", cmd::DELETE, At::Dirty, 200, "attr-tail-nonzero")]
#[case::tail_unreadable("6.18", cmd::DELETE, At::Unmapped, 4096, "attr-tail-unreadable")]
#[case::unreadable("6.18", cmd::DELETE, At::Unmapped, 16, "attr-unreadable")]
#[case::kernel_half("4.4", cmd::DELETE, At::Kernel, 16, "attr-outside-user-space")]
#[case::no_command("6.18", 999, At::Good, 32, "unknown-command")]
#[case::past_the_end("6.18", cmd::DELETE, At::Dirty, 32, "attr-past-last-field")]
fn causes(
    #[case] release: &str,
    #[case] cmd: u32,
    #[case] at: At,
    #[case] size: u32,
    #[case] id: &str,
) {
    let mut bench = Bench::at(release);
    let at = address(&mut bench, at, size);
    let failure = bench.try_call_at(cmd, at, size).expect_err("a refusal");
    assert_eq!(failure.cause().map(|cause| cause.id), Some(id), "{failure}");
}
