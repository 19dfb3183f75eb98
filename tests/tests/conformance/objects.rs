//! `BPF_OBJ_PIN` and `BPF_OBJ_GET`. Nothing is pinned on the live kernel: only what OBJ_GET
//! answers without a pin is asked there.

use bpfsim_abi::Errno;
use bpfsim_abi::attr::{ObjAttr, UserAddr};
use bpfsim_tests::bench::{Said, wanted};
use bpfsim_tests::numbers::{cmd, create, flag, map};
use bpfsim_tests::programs::{load, returns};
use bpfsim_tests::{Bench, World};
use rstest::rstest;

/// A simulated kernel with a map pinned as `/sys/fs/bpf/map`.
fn pinned(release: &str) -> (Bench, u32) {
    let mut bench = Bench::at(release);
    let fd = bench.create(wanted(map::HASH, 8, 2));
    assert_eq!(pin(&mut bench, "/sys/fs/bpf/map", fd), Ok(0));
    (bench, fd)
}

fn pin(bench: &mut Bench, path: &str, fd: u32) -> Said {
    let pathname = bench.alloc(&[path.as_bytes(), &[0]].concat());
    bench.call(cmd::OBJ_PIN, &ObjAttr { pathname, bpf_fd: fd, ..ObjAttr::default() })
}

fn get(bench: &mut Bench, path: &str) -> Result<u32, Errno> {
    let pathname = bench.alloc(&[path.as_bytes(), &[0]].concat());
    let said = bench.call(cmd::OBJ_GET, &ObjAttr { pathname, ..ObjAttr::default() });
    said.map(|fd| u32::try_from(fd).expect("an fd"))
}

#[rstest]
#[case::new("/sys/fs/bpf/other", Ok(0))]
#[case::present("/sys/fs/bpf/map", Err(Errno::EEXIST))]
#[case::the_directory("/sys/fs/bpf", Err(Errno::EEXIST))]
#[case::the_directory_with_a_slash("/sys/fs/bpf/", Err(Errno::EEXIST))]
#[case::dot("/sys/fs/bpf/.", Err(Errno::EEXIST))]
#[case::dots("/sys/fs/bpf/..", Err(Errno::EEXIST))]
#[case::slashes("//sys//fs/bpf", Err(Errno::EEXIST))]
#[case::name_with_a_dot("/sys/fs/bpf/a.b", Err(Errno::EPERM))]
#[case::name_with_a_slash_behind("/sys/fs/bpf/a/", Err(Errno::ENOENT))]
#[case::no_such_directory("/sys/fs/bpf/a/b", Err(Errno::ENOENT))]
#[case::below_a_pin("/sys/fs/bpf/map/b", Err(Errno::ENOTDIR))]
#[case::another_file_system("/tmp/map", Err(Errno::EPERM))]
#[case::nowhere("/no/such/place", Err(Errno::ENOENT))]
#[case::no_path("", Err(Errno::ENOENT))]
fn paths_of_a_pin(#[case] path: &str, #[case] expected: Said) {
    let (mut bench, fd) = pinned("6.18");
    assert_eq!(pin(&mut bench, path, fd), expected);
}

#[rstest]
#[case::name_of_255(255, Ok(0))]
#[case::name_of_256(256, Err(Errno::ENAMETOOLONG))]
#[case::path_of_a_page(4096, Err(Errno::ENAMETOOLONG))]
fn long_names(#[case] len: usize, #[case] expected: Said) {
    let (mut bench, fd) = pinned("6.18");
    let path = format!("/sys/fs/bpf/{}", "n".repeat(len));
    assert_eq!(pin(&mut bench, &path, fd), expected);
}

/// What is wrong with the attr of a pin.
#[derive(Clone, Copy, Debug)]
enum Change {
    NoSuchFd,
    NotBpf,
    NoSuchFdAndPath,
    Path,
    Flags(u32),
    PathFd,
}

#[rstest]
#[case::fd_of_nothing("6.18", Change::NoSuchFd, Errno::EINVAL)]
#[case::fd_of_nothing_in_v5_7("5.7", Change::NoSuchFd, Errno::EINVAL)]
#[case::fd_of_nothing_in_v5_6("5.6", Change::NoSuchFd, Errno::EBADF)]
#[case::fd_of_something_else("4.4", Change::NotBpf, Errno::EINVAL)]
#[case::fd_before_path("5.6", Change::NoSuchFdAndPath, Errno::EBADF)]
#[case::path_before_fd("5.5", Change::NoSuchFdAndPath, Errno::EFAULT)]
#[case::unmapped_path("6.18", Change::Path, Errno::EFAULT)]
#[case::flags_too_early("4.14", Change::Flags(8), Errno::EINVAL)]
#[case::flags_of_get("6.18", Change::Flags(8), Errno::EINVAL)]
#[case::unknown_flags("6.18", Change::Flags(1), Errno::EINVAL)]
#[case::path_fd_without_the_flag("6.5", Change::PathFd, Errno::EINVAL)]
fn the_attr_of_a_pin(#[case] release: &str, #[case] change: Change, #[case] errno: Errno) {
    let (mut bench, fd) = pinned(release);
    let pathname = bench.alloc(b"/sys/fs/bpf/other\0");
    let good = ObjAttr { pathname, bpf_fd: fd, ..ObjAttr::default() };
    let arm = match change {
        Change::NoSuchFd => ObjAttr { bpf_fd: 777, ..good },
        Change::NotBpf => ObjAttr { bpf_fd: 0, ..good },
        Change::NoSuchFdAndPath => ObjAttr { bpf_fd: 777, pathname: UserAddr(8), ..good },
        Change::Path => ObjAttr { pathname: UserAddr(8), ..good },
        Change::Flags(file_flags) => ObjAttr { file_flags, ..good },
        Change::PathFd => ObjAttr { path_fd: 3, ..good },
    };
    assert_eq!(bench.call(cmd::OBJ_PIN, &arm), Err(errno));
    assert_eq!(get(&mut bench, "/sys/fs/bpf/other"), Err(Errno::ENOENT));
}

#[rstest]
#[case::absent("/sys/fs/bpf/other", Errno::ENOENT)]
#[case::the_directory("/sys/fs/bpf", Errno::EACCES)]
#[case::with_a_slash_behind("/sys/fs/bpf/map/", Errno::ENOTDIR)]
fn paths_of_get(#[case] path: &str, #[case] errno: Errno) {
    assert_eq!(get(&mut pinned("6.18").0, path), Err(errno));
}

/// What needs no pin to be answered.
#[rstest]
#[case::no_path("", Errno::ENOENT)]
#[case::nowhere("/no/such/place", Errno::ENOENT)]
#[case::no_bpf_file_system("/tmp", Errno::EACCES)]
#[case::the_root("/", Errno::EACCES)]
fn paths_of_get_without_a_pin(
    #[values(World::Simulated, World::Native)] world: World,
    #[case] path: &str,
    #[case] errno: Errno,
) {
    if let Some(mut bench) = world.bench() {
        assert_eq!(get(&mut bench, path), Err(errno));
    }
}

/// The attr of OBJ_GET, with a path that leads nowhere.
#[rstest]
#[case::good(ObjAttr::default(), Errno::ENOENT)]
#[case::fd(ObjAttr { bpf_fd: 1, ..ObjAttr::default() }, Errno::EINVAL)]
#[case::read_only(ObjAttr { file_flags: create::RDONLY, ..ObjAttr::default() }, Errno::ENOENT)]
#[case::neither(
    ObjAttr { file_flags: create::RDONLY | create::WRONLY, ..ObjAttr::default() },
    Errno::EINVAL
)]
#[case::unknown_flag(ObjAttr { file_flags: 1, ..ObjAttr::default() }, Errno::EINVAL)]
#[case::path_fd_without_the_flag(ObjAttr { path_fd: 1, ..ObjAttr::default() }, Errno::EINVAL)]
#[case::unmapped_path(ObjAttr { pathname: UserAddr(8), ..ObjAttr::default() }, Errno::EFAULT)]
fn the_attr_of_get(
    #[values(World::Simulated, World::Native)] world: World,
    #[case] arm: ObjAttr,
    #[case] errno: Errno,
) {
    let Some(mut bench) = world.bench() else { return };
    let path = bench.alloc(b"/no/such/place\0");
    let pathname = if arm.pathname.is_null() { path } else { arm.pathname };
    assert_eq!(bench.call(cmd::OBJ_GET, &ObjAttr { pathname, ..arm }), Err(errno));
}

/// A pin keeps the map after the last fd, and each fd that it gives is one of its own.
#[test]
fn a_pin_holds_its_object() {
    let (mut bench, fd) = pinned("4.4");
    assert_eq!(bench.update(fd, &[1; 4], &[7; 8], flag::ANY), Ok(0));
    bench.close(fd);
    let again = get(&mut bench, "/sys/fs/bpf/map").expect("the map");
    assert_eq!(bench.lookup(again, &[1; 4], 8), Ok(vec![7; 8]));
    let (kernel, process) = bench.parts();
    assert_eq!(kernel.unlink(process, b"/sys/fs/bpf/map"), Ok(()));
    assert_eq!(get(&mut bench, "/sys/fs/bpf/map"), Err(Errno::ENOENT));
    assert_eq!(bench.lookup(again, &[1; 4], 8), Ok(vec![7; 8]));
    bench.close(again);
    assert_eq!(bench.parts().0.core.maps().count(), 0, "nothing holds the map");
}

/// An fd that OBJ_GET gives may be for reading only, whatever the map's first fd was for.
#[test]
fn modes_of_an_fd_that_get_gives() {
    let (mut bench, _) = pinned("6.18");
    let pathname = bench.alloc(b"/sys/fs/bpf/map\0");
    let arm = ObjAttr { pathname, file_flags: create::RDONLY, ..ObjAttr::default() };
    let fd = bench.call(cmd::OBJ_GET, &arm).expect("an fd") as u32;
    assert_eq!(bench.update(fd, &[1; 4], &[7; 8], flag::ANY), Err(Errno::EPERM));
    assert_eq!(bench.lookup(fd, &[1; 4], 8), Err(Errno::ENOENT));
}

#[test]
fn programs_are_pinned_too() {
    let mut bench = Bench::at("4.4");
    let program = load(&mut bench, &returns(3)).expect("a program") as u32;
    assert_eq!(pin(&mut bench, "/sys/fs/bpf/prog", program), Ok(0));
    bench.close(program);
    let again = get(&mut bench, "/sys/fs/bpf/prog").expect("the program");
    assert_eq!(bench.lookup(again, &[1; 4], 8), Err(Errno::EINVAL), "a program is no map");
    assert_eq!(bench.parts().0.core.maps().count(), 0);
}
