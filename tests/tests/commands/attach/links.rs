//! Links, and what they hold.

use super::*;

/// A link lives as long as its fd or its pin, and takes its program with it.
#[test]
fn the_life_of_a_link() {
    let mut tree = Tree::new("6.18");
    let program = tree.skb();
    let link = tree.link(1, program).expect("a link");
    tree.bench.close(program);
    assert_eq!(tree.list(1, 0), (vec![1], MULTI));
    let LinkInfo { r#type, id, prog_id, detail, .. } = info(&mut tree.bench, link);
    assert_eq!((r#type, id, prog_id, detail[0], detail[1]), (3, 1, 1, 2, 0));
    let pathname = tree.bench.alloc(b"/sys/fs/bpf/link\0");
    let pin = ObjAttr { pathname, bpf_fd: link, ..ObjAttr::default() };
    assert_eq!(tree.bench.call(cmd::OBJ_PIN, &pin), Ok(0));
    tree.bench.close(link);
    assert_eq!(tree.list(1, 0).0, [1], "the pin holds it");
    let link = tree.bench.call(cmd::OBJ_GET, &ObjAttr { bpf_fd: 0, ..pin }).expect("an fd") as u32;
    let (kernel, task) = tree.bench.parts();
    assert_eq!(kernel.unlink(task, b"/sys/fs/bpf/link"), Ok(()));
    tree.bench.close(link);
    assert_eq!(tree.list(1, 0).0, [0u32; 0]);
    assert_eq!(call(&mut tree.bench, LINK_NEXT_ID, &[0, 0]), Err(Errno::ENOENT));
    assert!(tree.bench.parts().0.core.program(0).is_none(), "nobody holds the program");
}

/// A program that is attached by a link cannot be detached as if it had none.
#[test]
fn links_are_let_go_by_themselves() {
    let mut tree = Tree::new("6.18");
    let program = tree.skb();
    let link = tree.link(1, program).expect("a link");
    assert_eq!(tree.detach(1, program), Err(Errno::ENOENT));
    assert_eq!(tree.attach(1, program, MULTI), Ok(0), "beside its link");
    assert_eq!(tree.attach(1, program, 0), Err(Errno::EPERM));
    assert_eq!(call(&mut tree.bench, LINK_DETACH, &[link]), Ok(0));
    assert_eq!(call(&mut tree.bench, LINK_DETACH, &[link]), Ok(0), "again");
    assert_eq!(tree.list(1, 0).0, [1]);
    assert_eq!(info(&mut tree.bench, link).detail[0], 0, "no cgroup any more");
    assert_eq!(call(&mut tree.bench, ITER_CREATE, &[link, 0]), Err(Errno::EINVAL));
}

/// What LINK_UPDATE is told about the old program.
#[derive(Clone, Copy, Debug)]
enum Old {
    Nothing,
    Right,
    Wrong,
    WithoutTheFlag,
    Nobody,
}

#[rstest]
#[case::anything(8, 0, Old::Nothing, false, Ok(0))]
#[case::as_expected(8, 0, Old::Right, false, Ok(0))]
#[case::changed(8, 0, Old::Wrong, false, Err(Errno::EPERM))]
#[case::without_the_flag(8, 0, Old::WithoutTheFlag, false, Err(Errno::EINVAL))]
#[case::nobody(8, 0, Old::Nobody, false, Err(Errno::EBADF))]
#[case::other_type(9, 2, Old::Nothing, false, Err(Errno::EINVAL))]
#[case::old_before_type(9, 2, Old::Wrong, false, Err(Errno::EPERM))]
#[case::severed(8, 0, Old::Wrong, true, Err(Errno::ENOLINK))]
fn updates(
    #[case] prog_type: u32,
    #[case] attach_type: u32,
    #[case] old: Old,
    #[case] detached: bool,
    #[case] said: Said,
) {
    let mut tree = Tree::new("5.10");
    let first = tree.skb();
    let link = tree.link(1, first).expect("a link");
    let next = program(&mut tree.bench, prog_type, attach_type);
    if detached {
        assert_eq!(call(&mut tree.bench, LINK_DETACH, &[link]), Ok(0));
    }
    let (flags, old) = match old {
        Old::Nothing => (0, 0),
        Old::Right => (REPLACE, first),
        Old::Wrong => (REPLACE, next),
        Old::WithoutTheFlag => (0, first),
        Old::Nobody => (REPLACE, NOBODY),
    };
    assert_eq!(call(&mut tree.bench, LINK_UPDATE, &[link, next, flags, old]), said);
    tree.bench.close(first);
    let (ids, _) = tree.list(1, 0);
    assert_eq!(ids, if detached { vec![] } else { vec![if said.is_ok() { 2 } else { 1 }] });
}

/// Which program goes with which hook, by release.
#[rstest]
#[case::egress("5.8", 8, 0, 1, Ok(()))]
#[case::tied_to_nothing("5.7", 8, 0, 1, Ok(()))]
#[case::sock_of_another_hook("5.7", 9, 12, 2, Err(Errno::EINVAL))]
#[case::sock("5.7", 9, 12, 12, Ok(()))]
#[case::sockopt("5.7", 25, 21, 21, Ok(()))]
#[case::device("5.7", 15, 0, 6, Ok(()))]
#[case::flow("5.7", 22, 0, 17, Err(Errno::EINVAL))]
#[case::socket_filter("5.7", 1, 0, 0, Err(Errno::EINVAL))]
fn pairs(
    #[case] release: &str,
    #[case] prog_type: u32,
    #[case] loaded: u32,
    #[case] attach_type: u32,
    #[case] said: Result<(), Errno>,
) {
    let mut tree = Tree::new(release);
    let program = program(&mut tree.bench, prog_type, loaded);
    let words = [program, tree.groups[1], attach_type, 0];
    assert_eq!(call(&mut tree.bench, LINK_CREATE, &words).map(drop), said);
}

/// Devices: one XDP program, any number at tc.
#[test]
fn devices() {
    let mut bench = Bench::at("6.18");
    let programs = [XDP, XDP, TC, TC, TC].map(|word| words(&mut bench, &[word])[0]);
    let xdp = call(&mut bench, LINK_CREATE, &[programs[0], 1, 37, 0]).expect("a link");
    let again = call(&mut bench, LINK_CREATE, &[programs[1], 1, 37, 0]);
    assert_eq!(again, Err(Errno::EBUSY));
    let other_mode = call(&mut bench, LINK_CREATE, &[programs[1], 1, 37, 4]);
    assert_eq!(other_mode, Err(Errno::EEXIST));
    let found = info(&mut bench, xdp);
    // The refused ones have used up their ids.
    assert_eq!((found.r#type, found.id, found.detail[0]), (6, 1, 1));
    assert_eq!(call(&mut bench, LINK_UPDATE, &[xdp, programs[1], 0, 0]), Ok(0));
    let tc = call(&mut bench, LINK_CREATE, &[programs[2], 1, 46, 0]).expect("a link");
    assert_eq!((info(&mut bench, tc).id, info(&mut bench, tc).detail[0]), (4, 46 << 32 | 1));
    assert_eq!(call(&mut bench, ATTACH, &[1, programs[2], 46, 0]), Err(Errno::EEXIST));
    assert_eq!(call(&mut bench, ATTACH, &[1, programs[3], 46, BEFORE]), Ok(0));
    let (kernel, _) = bench.parts();
    let order: Vec<u32> =
        kernel.core.hooks.entries(&Place::Tcx(1, 46)).iter().map(|entry| entry.program).collect();
    assert_eq!(order, [3, 2]);
    assert_eq!(call(&mut bench, DETACH, &[1, programs[2], 46]), Err(Errno::EBUSY), "a link's");
    assert_eq!(call(&mut bench, LINK_UPDATE, &[tc, programs[3], 0, 0]), Err(Errno::EEXIST));
    assert_eq!(call(&mut bench, LINK_UPDATE, &[tc, programs[4], 0, 0]), Ok(0));
    assert_eq!(call(&mut bench, DETACH, &[1, programs[3], 46]), Ok(0));
    bench.close(tc);
    assert_eq!(call(&mut bench, DETACH, &[1, 0, 46]), Err(Errno::ENOENT));
}

/// One flow dissector, 64 socket lookups (v5.9), for each network namespace.
#[test]
fn namespaces() {
    let mut bench = Bench::at("5.9");
    let (kernel, process) = bench.parts();
    let own = kernel.core.profile.targets.netns;
    let fds = [own, own + 1].map(|inode| process.open(File::NetNs(inode)).expect("an fd"));
    let flow = [FLOW, FLOW].map(|word| words(&mut bench, &[word])[0]);
    let lookup = words(&mut bench, &[LOOKUP])[0];
    let link = call(&mut bench, LINK_CREATE, &[flow[0], fds[0], 17, 0]).expect("a link");
    assert_eq!(info(&mut bench, link).detail[0], 17 << 32 | u64::from(own));
    let mut create = |words: [u32; 4]| call(&mut bench, LINK_CREATE, &words);
    assert_eq!(create([flow[1], fds[0], 17, 0]), Err(Errno::E2BIG));
    assert_eq!(create([flow[1], fds[1], 17, 0]), Err(Errno::EEXIST), "the first has one");
    for _ in 0..64 {
        assert!(create([lookup, fds[0], 36, 0]).is_ok());
    }
    assert_eq!(create([lookup, fds[0], 36, 0]), Err(Errno::E2BIG));
    assert_eq!(call(&mut bench, ATTACH, &[0, flow[1], 17, 0]), Err(Errno::EEXIST), "a link");
    assert_eq!(call(&mut bench, LINK_DETACH, &[link]), Ok(0));
    assert_eq!(call(&mut bench, ATTACH, &[0, flow[1], 17, 0]), Ok(0));
    assert_eq!(call(&mut bench, ATTACH, &[0, flow[1], 17, 0]), Err(Errno::EINVAL), "again");
    assert_eq!(call(&mut bench, DETACH, &[0, flow[0], 17]), Err(Errno::ENOENT));
    assert_eq!(call(&mut bench, DETACH, &[0, flow[1], 17]), Ok(0));
}

#[test]
fn netfilter_hooks() {
    let mut bench = Bench::at("6.18");
    let program = words(&mut bench, &[NF])[0];
    let mut create =
        |priority: u32| call(&mut bench, LINK_CREATE, &[program, 0, 45, 0, 2, 1, priority, 0]);
    let link = create(7).expect("a link");
    assert_eq!(create(7), Err(Errno::EBUSY), "a priority of its own");
    assert!(create(8).is_ok());
    assert_eq!(info(&mut bench, link).detail[..2], [1 << 32 | 2, 7]);
    assert_eq!(call(&mut bench, LINK_DETACH, &[link]), Err(Errno::EOPNOTSUPP));
    assert_eq!(call(&mut bench, LINK_UPDATE, &[link, program, 0, 0]), Err(Errno::EOPNOTSUPP));
}
