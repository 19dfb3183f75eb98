//! One mechanism of fds, ids, pins and infos for maps, programs, BTF and links.

use bpfsim_abi::Errno;
use bpfsim_abi::attr::{GetIdAttr, InfoAttr, LinkInfo, ObjAttr};
use bpfsim_syscall::{Link, ObjectId, Task};
use bpfsim_tests::bench::{Said, wanted};
use bpfsim_tests::blob::Blob;
use bpfsim_tests::numbers::{cmd, map};
use bpfsim_tests::world::BOTH;
use bpfsim_tests::{Bench, programs};
use rstest::rstest;
use zerocopy::FromBytes;

const PIN: u32 = 6;
const GET: u32 = 7;
const LINK_BY_ID: u32 = 30;
const LINK_NEXT_ID: u32 = 31;

/// A bench with an fd for each kind: map, program, BTF, link.
fn four(release: &str) -> (Bench, [u32; 4]) {
    let mut bench = Bench::at(release);
    let map = bench.create(wanted(map::ARRAY, 8, 1));
    let prog = programs::load(&mut bench, &programs::returns(0)).expect("a program") as u32;
    let bytes = Blob::of(|b| {
        b.start();
    })
    .bytes();
    let types = bpfsim_verifier::btf::parse(bytes, BOTH, false).result.expect("a BTF");
    let (kernel, process) = bench.parts();
    let Some(Ok(ObjectId::Prog(program))) = process.fd(prog) else { panic!("no program") };
    let btf = kernel.core.add_btf(types.into());
    let link = Link { kind: 1, program: Some(program), attach_type: 0, ..Link::default() };
    let link = kernel.core.add_link(link);
    let btf = process.install(btf).expect("an fd");
    let link = process.install(link).expect("an fd");
    (bench, [map, prog, btf, link])
}

/// Which of the four a row is about.
const MAP: usize = 0;
const PROG: usize = 1;
const BTF: usize = 2;
const LINK: usize = 3;

#[rstest]
#[case::map(MAP, Ok(0))]
#[case::prog(PROG, Ok(0))]
#[case::btf(BTF, Err(Errno::EINVAL))]
#[case::link(LINK, Ok(0))]
fn pins(#[case] kind: usize, #[case] expected: Said) {
    let (mut bench, fds) = four("6.18");
    let pathname = bench.alloc(b"/sys/fs/bpf/one\0");
    let arm = ObjAttr { pathname, bpf_fd: fds[kind], ..ObjAttr::default() };
    assert_eq!(bench.call(PIN, &arm), expected);
    if expected.is_err() {
        return;
    }
    bench.close(fds[kind]);
    let arm = |file_flags| ObjAttr { pathname, file_flags, ..ObjAttr::default() };
    let fd = bench.call(GET, &arm(0)).expect("an fd") as u32;
    let (_, process) = bench.parts();
    assert!(process.fd(fd).is_some_and(|object| object.is_ok()));
    // The fd of a link is for everything; that of a program has no mode.
    let expected = if kind == LINK { Err(Errno::EINVAL) } else { Ok(()) };
    assert_eq!(bench.call(GET, &arm(8)).map(drop), expected);
}

#[rstest]
#[case::map(cmd::MAP_NEXT_ID, cmd::MAP_BY_ID, MAP)]
#[case::prog(cmd::PROG_NEXT_ID, cmd::PROG_BY_ID, PROG)]
#[case::btf(cmd::BTF_NEXT_ID, cmd::BTF_BY_ID, BTF)]
#[case::link(LINK_NEXT_ID, LINK_BY_ID, LINK)]
fn ids(#[case] next: u32, #[case] by_id: u32, #[case] kind: usize) {
    let (mut bench, fds) = four("6.18");
    let arm = |id| GetIdAttr { id, ..GetIdAttr::default() };
    let (said, attr) = bench.call_back(next, &arm(0));
    assert_eq!((said, &attr[4..8]), (Ok(0), &1u32.to_le_bytes()[..]));
    let again = bench.call(by_id, &arm(1)).expect("an fd") as u32;
    let (_, process) = bench.parts();
    assert_eq!(process.fd(again), process.fd(fds[kind]));
    bench.close(fds[kind]);
    assert_eq!(bench.call(next, &arm(0)), Ok(0), "the second fd holds it");
    // The link holds its program.
    if kind == PROG {
        bench.close(fds[LINK]);
    }
    bench.close(again);
    assert_eq!(bench.call(next, &arm(0)), Err(Errno::ENOENT));
}

#[test]
fn info_of_a_link() {
    let (mut bench, fds) = four("6.18");
    let info = bench.room(64);
    let arm = InfoAttr { bpf_fd: fds[LINK], info_len: 64, info };
    assert_eq!(bench.call(cmd::INFO, &arm), Ok(0));
    let info = LinkInfo::read_from_bytes(&bench.read(info, 64)).expect("64 bytes");
    assert_eq!(info, LinkInfo { r#type: 1, id: 1, prog_id: 1, ..LinkInfo::default() });
}

/// An fd of another kind is no map, no program and no link.
#[rstest]
#[case::map(MAP)]
#[case::prog(PROG)]
#[case::btf(BTF)]
#[case::link(LINK)]
fn kinds_are_kept_apart(#[case] kind: usize) {
    let (mut bench, fds) = four("6.18");
    let words = |bench: &mut Bench, command, word: u32| bench.call(command, &[word, 0]);
    let lookup = bench.lookup(fds[kind], &[0; 4], 8).map(drop);
    assert_eq!(lookup, if kind == MAP { Ok(()) } else { Err(Errno::EINVAL) });
    if kind != LINK {
        assert_eq!(words(&mut bench, 34, fds[kind]), Err(Errno::EINVAL));
    }
    if kind != PROG {
        let arm = [fds[kind], fds[MAP], 0];
        assert_eq!(bench.call(cmd::BIND_MAP, &arm), Err(Errno::EINVAL));
    }
}
