//! bpffs: its directories, links, modes, and pins by path. Nothing is pinned on the live kernel
//! by tests; the rows of v6.18 without a release were measured there by hand, on a mount of their
//! own.

use bpfsim_abi::Errno;
use bpfsim_abi::attr::ObjAttr;
use bpfsim_syscall::bpffs::{Dir, Kind};
use bpfsim_syscall::{Caps, Failure, File, Process};
use bpfsim_tests::Bench;
use bpfsim_tests::bench::wanted;
use bpfsim_tests::numbers::{cmd, map};
use rstest::rstest;

const PATH_FD: u32 = 1 << 14;

/// Directories `d` with a pin `m` and `e` without, a pin `m`, links to `d`, `m`, nothing and
/// itself.
struct Tree {
    bench: Bench,
    fd: u32,
}

type Done = Result<(), Errno>;

fn done<T>(said: Result<T, Failure>) -> Done {
    match said {
        Ok(_) => Ok(()),
        Err(failure) => Err(failure.errno().expect("an answer")),
    }
}

/// `path` below the mount; absolute without one.
fn at(path: &str) -> Vec<u8> {
    format!("/sys/fs/bpf{path}").into_bytes()
}

impl Tree {
    fn new(release: &str) -> Self {
        let mut bench = Bench::at(release);
        let fd = bench.create(wanted(map::ARRAY, 8, 1));
        let mut tree = Self { bench, fd };
        for path in ["/d", "/e"] {
            assert_eq!(tree.act(Act::Mkdir(path, 0o755)), Ok(()));
        }
        for path in ["/d/m", "/m"] {
            assert_eq!(tree.act(Act::Pin(path)), Ok(()));
        }
        tree
    }

    fn with_links() -> Self {
        let mut tree = Self::new("6.18");
        for (target, path) in [("d", "/l"), ("loop", "/loop"), ("m", "/lm"), ("none", "/dead")] {
            assert_eq!(tree.act(Act::Symlink(target, path)), Ok(()));
        }
        tree
    }

    fn object(&mut self, command: u32, path: &[u8], arm: ObjAttr) -> Result<u32, Errno> {
        let pathname = self.bench.alloc(&[path, &[0]].concat());
        let said = self.bench.call(command, &ObjAttr { pathname, ..arm });
        said.map(|fd| u32::try_from(fd).expect("an fd"))
    }

    fn act(&mut self, act: Act) -> Done {
        let pin = ObjAttr { bpf_fd: self.fd, ..ObjAttr::default() };
        match act {
            Act::Pin(path) => return self.object(cmd::OBJ_PIN, &at(path), pin).map(drop),
            Act::Get(path) => {
                let fd = self.object(cmd::OBJ_GET, &at(path), ObjAttr::default())?;
                self.bench.close(fd);
                return Ok(());
            }
            _ => {}
        }
        let (kernel, task) = self.bench.parts();
        match act {
            Act::Mkdir(path, mode) => done(kernel.mkdir(task, &at(path), mode)),
            Act::Rmdir(path) => done(kernel.rmdir(task, &at(path))),
            Act::Unlink(path) => done(kernel.unlink(task, &at(path))),
            Act::Symlink(target, path) => done(kernel.symlink(task, target.as_bytes(), &at(path))),
            Act::Readlink(path) => kernel.readlink(task, &at(path)).map(drop),
            Act::Link(old, new) => done(kernel.link(task, &at(old), &at(new))),
            Act::Rename(old, new) => done(kernel.rename(task, &at(old), &at(new))),
            Act::Chmod(path, mode) => done(kernel.chmod(task, &at(path), mode)),
            Act::Chown(path) => done(kernel.chown(task, &at(path), (1000, 1000))),
            Act::List(path) => kernel.list(task, &at(path)).map(drop),
            Act::Pin(_) | Act::Get(_) => unreachable!("answered above"),
        }
    }

    fn list(&mut self, path: &str) -> Vec<String> {
        let (kernel, task) = self.bench.parts();
        let entries = kernel.list(task, &at(path)).expect("a directory");
        entries.iter().map(ToString::to_string).collect()
    }

    fn process(&mut self) -> &mut Process {
        self.bench.parts().1
    }
}

/// A call, with paths below the mount.
#[derive(Clone, Copy, Debug)]
enum Act {
    Mkdir(&'static str, u16),
    Rmdir(&'static str),
    Unlink(&'static str),
    Symlink(&'static str, &'static str),
    Readlink(&'static str),
    Link(&'static str, &'static str),
    Rename(&'static str, &'static str),
    Chmod(&'static str, u16),
    Chown(&'static str),
    List(&'static str),
    Pin(&'static str),
    Get(&'static str),
}

use Act::*;

#[rstest]
#[case::new(Mkdir("/n", 0), Ok(()))]
#[case::with_a_slash(Mkdir("/n/", 0), Ok(()))]
#[case::present(Mkdir("/d", 0), Err(Errno::EEXIST))]
#[case::dot_in_the_name(Mkdir("/a.b", 0), Err(Errno::EPERM))]
#[case::below_a_pin(Mkdir("/m/a", 0), Err(Errno::ENOTDIR))]
#[case::dot(Mkdir("/.", 0), Err(Errno::EEXIST))]
#[case::through_a_link(Mkdir("/l/a", 0), Ok(()))]
#[case::a_link_to_nothing(Mkdir("/dead", 0), Err(Errno::EEXIST))]
#[case::through_a_loop(Mkdir("/loop/a", 0), Err(Errno::ELOOP))]
#[case::through_a_name_with_a_dot(Mkdir("/x.y/a", 0), Err(Errno::EPERM))]
#[case::rmdir(Rmdir("/e"), Ok(()))]
#[case::rmdir_slash(Rmdir("/e/"), Ok(()))]
#[case::rmdir_full(Rmdir("/d"), Err(Errno::ENOTEMPTY))]
#[case::rmdir_pin(Rmdir("/m"), Err(Errno::ENOTDIR))]
#[case::rmdir_dot(Rmdir("/e/."), Err(Errno::EINVAL))]
#[case::rmdir_dots(Rmdir("/e/.."), Err(Errno::ENOTEMPTY))]
#[case::rmdir_link(Rmdir("/l"), Err(Errno::ENOTDIR))]
#[case::rmdir_none(Rmdir("/none"), Err(Errno::ENOENT))]
#[case::rmdir_the_mount(Rmdir(""), Err(Errno::EBUSY))]
#[case::rmdir_dot_in_the_name(Rmdir("/a.b"), Err(Errno::EPERM))]
#[case::unlink(Unlink("/m"), Ok(()))]
#[case::unlink_slash(Unlink("/m/"), Err(Errno::ENOTDIR))]
#[case::unlink_directory(Unlink("/d"), Err(Errno::EISDIR))]
#[case::unlink_directory_slash(Unlink("/d/"), Err(Errno::EISDIR))]
#[case::unlink_link(Unlink("/l"), Ok(()))]
#[case::unlink_dot(Unlink("/."), Err(Errno::EISDIR))]
#[case::unlink_none(Unlink("/none/"), Err(Errno::ENOENT))]
#[case::unlink_dot_in_the_name(Unlink("/a.b"), Err(Errno::EPERM))]
#[case::symlink(Symlink("x", "/n"), Ok(()))]
#[case::symlink_slash(Symlink("x", "/n/"), Err(Errno::ENOENT))]
#[case::symlink_present(Symlink("x", "/l"), Err(Errno::EEXIST))]
#[case::symlink_to_nothing(Symlink("", "/n"), Err(Errno::ENOENT))]
#[case::symlink_dot(Symlink("x", "/n."), Err(Errno::EPERM))]
#[case::readlink(Readlink("/l"), Ok(()))]
#[case::readlink_of_a_pin(Readlink("/m"), Err(Errno::EINVAL))]
#[case::readlink_slash(Readlink("/l/"), Err(Errno::EINVAL))]
#[case::link(Link("/m", "/n"), Ok(()))]
#[case::link_directory(Link("/d", "/n"), Err(Errno::EPERM))]
#[case::link_itself(Link("/m", "/m"), Err(Errno::EEXIST))]
#[case::link_dot(Link("/m", "/n.n"), Err(Errno::EPERM))]
#[case::link_none(Link("/no", "/n"), Err(Errno::ENOENT))]
#[case::link_slash(Link("/m", "/n/"), Err(Errno::ENOENT))]
#[case::link_of_a_link(Link("/lm", "/n"), Ok(()))]
#[case::link_from_outside(Link("/..", "/n"), Err(Errno::EXDEV))]
#[case::rename(Rename("/m", "/n"), Ok(()))]
#[case::rename_over(Rename("/m", "/d/m"), Ok(()))]
#[case::rename_over_empty(Rename("/d", "/e"), Ok(()))]
#[case::rename_over_full(Rename("/e", "/d"), Err(Errno::ENOTEMPTY))]
#[case::rename_directory_over_pin(Rename("/d", "/m"), Err(Errno::ENOTDIR))]
#[case::rename_pin_over_directory(Rename("/m", "/d"), Err(Errno::EISDIR))]
#[case::rename_into_itself(Rename("/d", "/d/x"), Err(Errno::EINVAL))]
#[case::rename_over_its_parent(Rename("/d/m", "/d"), Err(Errno::ENOTEMPTY))]
#[case::rename_nothing(Rename("/m", "/m"), Ok(()))]
#[case::rename_pin_slash(Rename("/m", "/n/"), Err(Errno::ENOTDIR))]
#[case::rename_directory_slash(Rename("/e", "/n/"), Ok(()))]
#[case::rename_none(Rename("/no", "/n"), Err(Errno::ENOENT))]
#[case::rename_dot_in_the_name(Rename("/m", "/n.n"), Err(Errno::EPERM))]
#[case::rename_dot(Rename("/d/.", "/n"), Err(Errno::EBUSY))]
#[case::rename_away(Rename("/m", "/../x"), Err(Errno::EXDEV))]
#[case::pin_through_a_link(Pin("/l/n"), Ok(()))]
#[case::pin_over_a_link(Pin("/lm"), Err(Errno::EEXIST))]
#[case::pin_over_a_dead_link(Pin("/dead"), Err(Errno::EEXIST))]
#[case::pin_through_a_loop(Pin("/loop/n"), Err(Errno::ELOOP))]
#[case::pin_back_and_forth(Pin("/l/../n"), Ok(()))]
#[case::pin_in_no_directory(Pin("/x/b"), Err(Errno::ENOENT))]
#[case::get(Get("/m"), Ok(()))]
#[case::get_link(Get("/lm"), Ok(()))]
#[case::get_link_slash(Get("/lm/"), Err(Errno::ENOTDIR))]
#[case::get_through_a_link(Get("/l/m"), Ok(()))]
#[case::get_dead(Get("/dead"), Err(Errno::ENOENT))]
#[case::get_loop(Get("/loop"), Err(Errno::ELOOP))]
#[case::get_dot_in_the_name(Get("/a.b"), Err(Errno::EPERM))]
#[case::get_dots(Get("/d/./../m"), Ok(()))]
#[case::get_below_a_pin(Get("/m/.."), Err(Errno::ENOTDIR))]
#[case::get_directory(Get("/d"), Err(Errno::EACCES))]
fn as_root(#[case] act: Act, #[case] expected: Done) {
    assert_eq!(Tree::with_links().act(act), expected);
}

/// An ordinary user in root's bpffs, whose root anyone may write to.
#[rstest]
#[case::unlink_in_sticky(Unlink("/m"), Err(Errno::EPERM))]
#[case::unlink_in_closed(Unlink("/d/m"), Err(Errno::EACCES))]
#[case::mkdir(Mkdir("/n", 0o755), Ok(()))]
#[case::mkdir_in_closed(Mkdir("/d/n", 0o755), Err(Errno::EACCES))]
#[case::rmdir_before_the_kind(Rmdir("/m"), Err(Errno::EPERM))]
#[case::rmdir_before_the_content(Rmdir("/d"), Err(Errno::EPERM))]
#[case::rename(Rename("/m", "/n"), Err(Errno::EPERM))]
#[case::chmod(Chmod("/m", 0o777), Err(Errno::EPERM))]
#[case::chown(Chown("/m"), Err(Errno::EPERM))]
#[case::symlink(Symlink("a", "/n"), Ok(()))]
#[case::list(List("/d"), Ok(()))]
#[case::get(Get("/m"), Err(Errno::EACCES))]
#[case::present_before_rights(Pin("/d/m"), Err(Errno::EEXIST))]
#[case::pin(Pin("/mine"), Ok(()))]
fn as_an_ordinary_user(#[case] act: Act, #[case] expected: Done) {
    let mut tree = Tree::with_links();
    ordinary(&mut tree);
    assert_eq!(tree.act(act), expected);
}

fn ordinary(tree: &mut Tree) {
    let process = tree.process();
    (process.uid, process.gid) = (1000, 1000);
    process.caps = Caps { bpf: true, ..Caps::NONE };
}

/// What a directory's mode forbids, whoever owns the pins in it.
#[rstest]
#[case::no_search(0o666, Get("/d/m"), Err(Errno::EACCES))]
#[case::no_search_before_the_name(0o666, Pin("/d/a.b"), Err(Errno::EACCES))]
#[case::no_read(0o711, List("/d"), Err(Errno::EACCES))]
#[case::no_write(0o755, Pin("/d/n"), Err(Errno::EACCES))]
#[case::write(0o777, Pin("/d/n"), Ok(()))]
#[case::unlink(0o777, Unlink("/d/m"), Ok(()))]
fn modes_of_directories(#[case] mode: u16, #[case] act: Act, #[case] expected: Done) {
    let mut tree = Tree::new("6.18");
    assert_eq!(tree.act(Chmod("/d", mode)), Ok(()));
    ordinary(&mut tree);
    assert_eq!(tree.act(act), expected);
}

/// v4.4 makes no names with a dot, v4.7 does not look them up either; v4.5 has links and renames,
/// v4.10 symbolic links.
#[rstest]
#[case::made("4.4", Pin("/a.b"), Err(Errno::EPERM))]
#[case::looked_up("4.6", Get("/a.b"), Err(Errno::ENOENT))]
#[case::not_looked_up("4.7", Get("/a.b"), Err(Errno::EPERM))]
#[case::mkdir("4.4", Mkdir("/a.b", 0), Err(Errno::EPERM))]
#[case::no_link("4.4", Link("/m", "/n"), Err(Errno::EPERM))]
#[case::link("4.5", Link("/m", "/n"), Ok(()))]
#[case::link_with_a_dot("4.6", Link("/m", "/n.n"), Err(Errno::EPERM))]
#[case::no_rename("4.4", Rename("/m", "/n"), Err(Errno::EPERM))]
#[case::rename("4.5", Rename("/m", "/n"), Ok(()))]
#[case::no_symlink("4.9", Symlink("m", "/n"), Err(Errno::EPERM))]
#[case::symlink("4.10", Symlink("m", "/n"), Ok(()))]
fn by_release(#[case] release: &str, #[case] act: Act, #[case] expected: Done) {
    assert_eq!(Tree::new(release).act(act), expected);
}

/// Which right OBJ_GET asks of the file: writing up to v4.14, then what the fd is for.
#[rstest]
#[case::write("4.14", 0o200, 0, Ok(()))]
#[case::not_only_read("4.14", 0o400, 0, Err(Errno::EACCES))]
#[case::both("4.15", 0o600, 0, Ok(()))]
#[case::not_only_write("4.15", 0o200, 0, Err(Errno::EACCES))]
#[case::reads("4.15", 0o400, 8, Ok(()))]
#[case::writes("4.15", 0o200, 16, Ok(()))]
#[case::cannot_write("6.18", 0o400, 16, Err(Errno::EACCES))]
fn rights_of_files(
    #[case] release: &str,
    #[case] mode: u16,
    #[case] file_flags: u32,
    #[case] expected: Done,
) {
    let mut tree = Tree::new(release);
    assert_eq!(tree.act(Chmod("/m", mode)), Ok(()));
    assert_eq!(tree.act(Chown("/m")), Ok(()));
    ordinary(&mut tree);
    let caps = Caps { sys_admin: true, ..Caps::NONE };
    tree.process().caps = caps;
    let arm = ObjAttr { file_flags, ..ObjAttr::default() };
    assert_eq!(tree.object(cmd::OBJ_GET, &at("/m"), arm).map(drop), expected);
}

#[test]
fn modes_and_owners() {
    let mut tree = Tree::with_links();
    tree.process().umask = 0;
    assert_eq!(tree.act(Pin("/open")), Ok(()));
    assert_eq!(tree.act(Mkdir("/all", 0o7777)), Ok(()));
    tree.process().umask = 0o777;
    assert_eq!(tree.act(Pin("/shut")), Ok(()));
    assert_eq!(tree.act(Link("/m", "/m2")), Ok(()));
    ordinary(&mut tree);
    tree.process().umask = 0o022;
    assert_eq!(tree.act(Mkdir("/mine", 0o777)), Ok(()));
    assert_eq!(
        tree.list(""),
        [
            "drwxrwxrwt 2 0 0 all",
            "drwxr-xr-x 2 0 0 d",
            "lrwxrwxrwx 1 0 0 dead -> none",
            "drwxr-xr-x 2 0 0 e",
            "lrwxrwxrwx 1 0 0 l -> d",
            "lrwxrwxrwx 1 0 0 lm -> m",
            "lrwxrwxrwx 1 0 0 loop -> loop",
            "-rw------- 2 0 0 m",
            "-rw------- 2 0 0 m2",
            "drwxr-xr-x 2 1000 1000 mine",
            "-rw------- 1 0 0 open",
            "---------- 1 0 0 shut",
        ]
    );
    let (kernel, task) = tree.bench.parts();
    let root = kernel.stat(task, b"/sys/fs/bpf", true).expect("the mount");
    assert_eq!((root.mode_text().as_str(), root.nlink), ("drwxrwxrwt", 6));
    let link = kernel.stat(task, b"/sys/fs/bpf/lm", false).expect("a link");
    assert_eq!(link.kind, Kind::Symlink(b"m".to_vec()));
}

/// A pin holds its object until its last name goes, by unlink or by another name's move.
#[test]
fn names_hold_the_object() {
    let mut tree = Tree::new("6.18");
    assert_eq!(tree.act(Link("/m", "/n")), Ok(()));
    assert_eq!(tree.act(Unlink("/d/m")), Ok(()));
    tree.bench.close(tree.fd);
    let maps = |tree: &mut Tree| tree.bench.parts().0.core.maps().count();
    assert_eq!(tree.act(Unlink("/m")), Ok(()));
    assert_eq!(maps(&mut tree), 1);
    tree.fd = tree.bench.create(wanted(map::ARRAY, 8, 1));
    assert_eq!(tree.act(Pin("/o")), Ok(()));
    assert_eq!(maps(&mut tree), 2);
    assert_eq!(tree.act(Rename("/o", "/n")), Ok(()));
    assert_eq!(maps(&mut tree), 1, "the map behind the name that was moved over");
    assert_eq!(tree.act(Get("/n")), Ok(()));
}

/// What an fd stands for, in front of a path.
#[derive(Clone, Copy, Debug)]
enum From {
    Directory(&'static str),
    Other,
    Map,
    Number(i32),
    Cgroup,
}

#[rstest]
#[case::the_mount(From::Directory(""), "m", Ok(()))]
#[case::a_directory(From::Directory("/d"), "m", Ok(()))]
#[case::upwards(From::Directory("/d"), "../m", Ok(()))]
#[case::empty(From::Directory("/e"), "m", Err(Errno::ENOENT))]
#[case::no_directory(From::Other, "m", Err(Errno::ENOTDIR))]
#[case::a_map(From::Map, "m", Err(Errno::ENOTDIR))]
#[case::no_fd(From::Number(777), "m", Err(Errno::EBADF))]
#[case::minus_one(From::Number(-1), "m", Err(Errno::EBADF))]
#[case::path_first(From::Number(777), "", Err(Errno::ENOENT))]
#[case::absolute(From::Number(777), "/sys/fs/bpf/m", Ok(()))]
#[case::here(From::Number(-100), "sys/fs/bpf/m", Ok(()))]
fn path_fd(#[case] from: From, #[case] path: &str, #[case] expected: Done) {
    let mut tree = Tree::new("6.18");
    let path_fd = tree.directory(from);
    let arm = ObjAttr { file_flags: PATH_FD, path_fd, ..ObjAttr::default() };
    assert_eq!(tree.object(cmd::OBJ_GET, path.as_bytes(), arm).map(drop), expected);
}

impl Tree {
    fn directory(&mut self, from: From) -> i32 {
        let (fd, (kernel, process)) = (self.fd, self.bench.parts());
        let fd = match from {
            From::Directory(path) => {
                let dir = kernel.open_directory(process, &at(path)).expect("a directory");
                process.open(File::Directory(dir)).expect("an fd")
            }
            From::Other => process.open(File::Other).expect("an fd"),
            From::Cgroup => process.open(File::Cgroup(1)).expect("an fd"),
            From::Map => fd,
            From::Number(number) => return number,
        };
        i32::try_from(fd).expect("a small number")
    }
}

/// A directory that is gone holds nothing and takes nothing.
#[test]
fn an_fd_of_a_removed_directory() {
    let mut tree = Tree::new("6.18");
    let path_fd = tree.directory(From::Directory("/e"));
    assert_eq!(tree.act(Rmdir("/e")), Ok(()));
    let arm = ObjAttr { file_flags: PATH_FD, path_fd, ..ObjAttr::default() };
    assert_eq!(tree.object(cmd::OBJ_GET, b"m", arm), Err(Errno::ENOENT));
    let arm = ObjAttr { bpf_fd: tree.fd, ..arm };
    assert_eq!(tree.object(cmd::OBJ_PIN, b"m", arm), Err(Errno::ENOENT));
}

/// The current directory is where relative paths begin.
#[test]
fn the_current_directory() {
    let mut tree = Tree::new("4.4");
    assert_eq!(tree.process().cwd, Dir::ROOT);
    assert_eq!(tree.object(cmd::OBJ_GET, b"m", ObjAttr::default()), Err(Errno::ENOENT));
    let (kernel, process) = tree.bench.parts();
    process.cwd = kernel.open_directory(process, b"sys/fs/bpf/d").expect("a directory");
    assert!(tree.object(cmd::OBJ_GET, b"./m", ObjAttr::default()).is_ok());
}

/// Other file systems are not modelled, and say so.
#[test]
fn elsewhere() {
    let mut tree = Tree::new("6.18");
    let path_fd = tree.directory(From::Cgroup);
    let pathname = tree.bench.alloc(b"m\0");
    let arm = ObjAttr { pathname, file_flags: PATH_FD, path_fd, ..ObjAttr::default() };
    let said = tree.bench.try_call(cmd::OBJ_GET, zerocopy::IntoBytes::as_bytes(&arm));
    assert!(matches!(said, Err(Failure::NotModelled(_))), "{said:?}");
    let (kernel, task) = tree.bench.parts();
    let said = kernel.mkdir(task, b"/tmp/a", 0o755);
    assert!(matches!(said, Err(Failure::NotModelled(_))), "{said:?}");
}
