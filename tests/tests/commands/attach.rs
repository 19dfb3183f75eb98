//! Attaching programs to cgroups, namespaces and devices, by links and by themselves.
//!
//! Nothing is attached to the live kernel. The errors of `refused` were measured there by hand on
//! v6.18, on targets that take nothing; those that begin with an fd of nobody also run there.

use bpfsim_abi::Errno;
use bpfsim_abi::attr::{InfoAttr, LinkInfo, ObjAttr, ProgLoadAttr, QueryAttr};
use bpfsim_syscall::attach::Place;
use bpfsim_syscall::targets::Cgroup;
use bpfsim_syscall::{Caps, Failure, File};
use bpfsim_tests::bench::wanted;
use bpfsim_tests::numbers::{cmd, map};
use bpfsim_tests::programs::{EXIT, arm, mov};
use bpfsim_tests::world::profile;
use bpfsim_tests::{Bench, World};
use rstest::rstest;
use zerocopy::{FromBytes, IntoBytes};

const ATTACH: u32 = 8;
const DETACH: u32 = 9;
const QUERY: u32 = 16;
const RAW_TRACEPOINT_OPEN: u32 = 17;
const TASK_FD_QUERY: u32 = 20;
const LINK_CREATE: u32 = 28;
const LINK_UPDATE: u32 = 29;
const LINK_NEXT_ID: u32 = 31;
const ENABLE_STATS: u32 = 32;
const ITER_CREATE: u32 = 33;
const LINK_DETACH: u32 = 34;
const TOKEN_CREATE: u32 = 36;

/// An fd that nobody has.
const NOBODY: u32 = 0x7fff_0000;

type Said = Result<u32, Errno>;

/// `r0 = 1; exit` of this program type and `expected_attach_type`.
fn program(bench: &mut Bench, prog_type: u32, expected_attach_type: u32) -> u32 {
    let arm = arm(bench, &[mov(0, 1), EXIT]);
    let arm = ProgLoadAttr { prog_type, expected_attach_type, ..arm };
    // The attr of the first releases ends before the attach type.
    let size = if expected_attach_type == 0 { 48 } else { arm.as_bytes().len() };
    bench.try_call(cmd::PROG_LOAD, &arm.as_bytes()[..size]).expect("a program") as u32
}

fn call(bench: &mut Bench, command: u32, words: &[u32]) -> Said {
    match bench.try_call(command, words.as_bytes()) {
        Ok(value) => Ok(value as u32),
        Err(failure) => Err(failure.errno().unwrap_or_else(|| panic!("no answer: {failure}"))),
    }
}

/// A word of an attr.
#[derive(Clone, Copy, Debug)]
enum Word {
    Is(u32),
    Map,
    /// A program of this type, loaded for this attach type.
    Prog(u32, u32),
}

use Word::{Is, Map, Prog};

/// cgroup_skb, cgroup_sock for INET_SOCK_CREATE, xdp, tc, netfilter, sk_lookup, flow dissector.
const SKB: Word = Prog(8, 0);
const SOCK: Word = Prog(9, 2);
const XDP: Word = Prog(6, 37);
const TC: Word = Prog(3, 0);
const NF: Word = Prog(32, 45);
const LOOKUP: Word = Prog(30, 36);
const FLOW: Word = Prog(22, 0);
const MSG: Word = Prog(16, 0);
const NONE: Word = Is(NOBODY);

fn words(bench: &mut Bench, words: &[Word]) -> Vec<u32> {
    let mut word = |word: &Word| match *word {
        Is(number) => number,
        Map => bench.create(wanted(map::ARRAY, 8, 1)),
        Prog(prog_type, attach_type) => program(bench, prog_type, attach_type),
    };
    words.iter().map(&mut word).collect()
}

#[rstest]
#[case::attach_for_events(ATTACH, &[NONE, SKB, Is(41)], Errno::EINVAL)]
#[case::attach_for_nothing(ATTACH, &[NONE, SKB, Is(99)], Errno::EINVAL)]
#[case::attach_flag(ATTACH, &[NONE, NONE, Is(0), Is(0x8000)], Errno::EINVAL)]
#[case::attach_no_program(ATTACH, &[NONE, NONE, Is(0)], Errno::EBADF)]
#[case::attach_map(ATTACH, &[NONE, Map, Is(0)], Errno::EINVAL)]
#[case::attach_other_type(ATTACH, &[NONE, SOCK, Is(0)], Errno::EINVAL)]
#[case::attach_no_cgroup(ATTACH, &[NONE, SKB, Is(0)], Errno::EBADF)]
#[case::attach_replace(ATTACH, &[NONE, SKB, Is(0), Is(6), NONE], Errno::EBADF)]
#[case::attach_other_attach_type(ATTACH, &[NONE, SOCK, Is(12)], Errno::EINVAL)]
#[case::attach_relative(ATTACH, &[NONE, SKB, Is(0), Is(0), Is(0), Is(5)], Errno::EBADF)]
#[case::attach_tc_no_device(ATTACH, &[NONE, TC, Is(46)], Errno::ENODEV)]
#[case::attach_tc_flag(ATTACH, &[NONE, TC, Is(46), Is(1)], Errno::EINVAL)]
#[case::attach_tc_replace(ATTACH, &[NONE, TC, Is(46), Is(4), NONE], Errno::ENODEV)]
#[case::attach_flow_target(ATTACH, &[Is(5), FLOW, Is(17)], Errno::EINVAL)]
#[case::attach_flow_flags(ATTACH, &[Is(0), FLOW, Is(17), Is(1)], Errno::EINVAL)]
#[case::attach_flow_order(
    ATTACH, &[Is(0), FLOW, Is(17), Is(0), Is(0), Is(1)], Errno::EINVAL
)]
#[case::attach_socket_lookup(ATTACH, &[Is(0), LOOKUP, Is(36)], Errno::EINVAL)]
#[case::attach_xdp(ATTACH, &[Is(1), XDP, Is(37)], Errno::EINVAL)]
#[case::attach_msg_array(ATTACH, &[Map, MSG, Is(7)], Errno::EOPNOTSUPP)]
#[case::attach_msg_no_map(ATTACH, &[NONE, MSG, Is(7)], Errno::EBADF)]
#[case::attach_msg_flags(ATTACH, &[Map, MSG, Is(7), Is(1)], Errno::EINVAL)]
#[case::detach_nothing(DETACH, &[NONE, Is(0), Is(99)], Errno::EINVAL)]
#[case::detach_flags(DETACH, &[NONE, Is(0), Is(0), Is(1)], Errno::EINVAL)]
#[case::detach_no_cgroup(DETACH, &[NONE, Is(0), Is(0)], Errno::EBADF)]
#[case::detach_relative(DETACH, &[NONE, Is(0), Is(0), Is(0), Is(0), Is(1)], Errno::EINVAL)]
#[case::detach_revision(
    DETACH, &[NONE, Is(0), Is(0), Is(0), Is(0), Is(0), Is(7), Is(0)], Errno::EBADF
)]
#[case::detach_flow_target(DETACH, &[Is(5), FLOW, Is(17)], Errno::EINVAL)]
#[case::detach_flow_program(DETACH, &[Is(0), NONE, Is(17)], Errno::EBADF)]
#[case::detach_flow_nothing(DETACH, &[Is(0), FLOW, Is(17)], Errno::ENOENT)]
#[case::detach_tc_no_device(DETACH, &[NONE, Is(0), Is(46)], Errno::ENODEV)]
#[case::detach_tc_program(DETACH, &[Is(1), NONE, Is(46)], Errno::EBADF)]
#[case::detach_tc_nothing(DETACH, &[Is(1), Is(0), Is(46)], Errno::ENOENT)]
#[case::detach_tc_flags(DETACH, &[Is(1), Is(0), Is(46), Is(1)], Errno::EINVAL)]
#[case::detach_tc_replace(DETACH, &[Is(1), Is(0), Is(46), Is(4)], Errno::ENOENT)]
#[case::detach_xdp(DETACH, &[Is(1), XDP, Is(37)], Errno::EINVAL)]
#[case::detach_msg(DETACH, &[Map, MSG, Is(7)], Errno::EOPNOTSUPP)]
#[case::detach_lsm(DETACH, &[NONE, Is(0), Is(43)], Errno::EBADF)]
#[case::detach_lsm_of_all(DETACH, &[NONE, Is(0), Is(27)], Errno::EBADF)]
#[case::query_nothing(QUERY, &[NONE, Is(99)], Errno::EINVAL)]
#[case::query_flags(QUERY, &[NONE, Is(0), Is(2)], Errno::EINVAL)]
#[case::query_no_cgroup(QUERY, &[NONE, Is(0)], Errno::EBADF)]
#[case::query_no_such_cgroup(QUERY, &[Is(0), Is(0)], Errno::EBADF)]
#[case::query_no_namespace(QUERY, &[NONE, Is(17)], Errno::EBADF)]
#[case::query_no_such_namespace(QUERY, &[Is(0), Is(17)], Errno::EINVAL)]
#[case::query_effective_namespace(QUERY, &[Is(0), Is(17), Is(1)], Errno::EINVAL)]
#[case::query_tc_no_device(QUERY, &[NONE, Is(46)], Errno::ENODEV)]
#[case::query_tc_attach_flags(QUERY, &[Is(1), Is(46), Is(0), Is(1)], Errno::EINVAL)]
#[case::query_tc_effective(QUERY, &[Is(1), Is(46), Is(1)], Errno::EINVAL)]
#[case::query_msg(QUERY, &[Map, Is(7)], Errno::EOPNOTSUPP)]
#[case::query_xdp(QUERY, &[Is(1), Is(37)], Errno::EINVAL)]
#[case::query_lsm(QUERY, &[NONE, Is(43)], Errno::EBADF)]
#[case::link_no_program(LINK_CREATE, &[NONE, Is(0), Is(0)], Errno::EBADF)]
#[case::link_cgroup_flags(LINK_CREATE, &[SKB, NONE, Is(0), Is(1)], Errno::EINVAL)]
#[case::link_no_cgroup(LINK_CREATE, &[SKB, NONE, Is(0)], Errno::EBADF)]
#[case::link_other_hook(LINK_CREATE, &[SKB, NONE, Is(2)], Errno::EINVAL)]
#[case::link_other_attach_type(LINK_CREATE, &[SOCK, NONE, Is(12)], Errno::EINVAL)]
#[case::link_xdp_no_device(LINK_CREATE, &[XDP, NONE, Is(37)], Errno::EINVAL)]
#[case::link_xdp_flag(LINK_CREATE, &[XDP, Is(1), Is(37), Is(16)], Errno::EINVAL)]
#[case::link_xdp_two_modes(LINK_CREATE, &[XDP, Is(1), Is(37), Is(6)], Errno::EINVAL)]
#[case::link_xdp_driver(LINK_CREATE, &[XDP, Is(1), Is(37), Is(4)], Errno::EOPNOTSUPP)]
#[case::link_xdp_hardware(LINK_CREATE, &[XDP, Is(1), Is(37), Is(8)], Errno::EOPNOTSUPP)]
#[case::link_xdp_no_hook(LINK_CREATE, &[XDP, Is(1), Is(0)], Errno::EINVAL)]
#[case::link_tc_no_device(LINK_CREATE, &[TC, NONE, Is(46)], Errno::ENODEV)]
#[case::link_tc_no_such_id(LINK_CREATE, &[TC, Is(1), Is(46), Is(32), NONE], Errno::ENOENT)]
#[case::link_tc_revision(
    LINK_CREATE, &[TC, Is(1), Is(46), Is(0), Is(0), Is(0), Is(99), Is(0)], Errno::ESTALE
)]
#[case::link_tc_replace(LINK_CREATE, &[TC, Is(1), Is(46), Is(4)], Errno::ENOENT)]
#[case::link_no_namespace(LINK_CREATE, &[LOOKUP, NONE, Is(36)], Errno::EBADF)]
#[case::link_no_such_namespace(LINK_CREATE, &[LOOKUP, Is(0), Is(36)], Errno::EINVAL)]
#[case::link_namespace_flags(LINK_CREATE, &[LOOKUP, Is(0), Is(36), Is(1)], Errno::EINVAL)]
#[case::link_flow(LINK_CREATE, &[FLOW, Is(0), Is(17)], Errno::EINVAL)]
#[case::link_netfilter_flags(LINK_CREATE, &[NF, Is(0), Is(45), Is(1)], Errno::EINVAL)]
#[case::link_netfilter_family(
    LINK_CREATE, &[NF, Is(0), Is(45), Is(0), Is(1)], Errno::EAFNOSUPPORT
)]
#[case::link_netfilter_hook(
    LINK_CREATE, &[NF, Is(0), Is(45), Is(0), Is(2), Is(5)], Errno::EPROTO
)]
#[case::link_netfilter_flag(
    LINK_CREATE, &[NF, Is(0), Is(45), Is(0), Is(2), Is(0), Is(0), Is(2)], Errno::EOPNOTSUPP
)]
#[case::link_netfilter_first(
    LINK_CREATE, &[NF, Is(0), Is(45), Is(0), Is(2), Is(0), Is(0x8000_0000)], Errno::ERANGE
)]
#[case::link_netfilter_before_defrag(
    LINK_CREATE, &[NF, Is(0), Is(45), Is(0), Is(2), Is(0), Is(-400i32 as u32), Is(1)],
    Errno::ERANGE
)]
#[case::link_event(LINK_CREATE, &[Prog(2, 0), Is(0), Is(41)], Errno::EBADF)]
#[case::link_event_flags(LINK_CREATE, &[Prog(2, 0), Is(0), Is(41), Is(1)], Errno::EINVAL)]
#[case::link_kprobe_elsewhere(LINK_CREATE, &[Prog(2, 0), Is(0), Is(0)], Errno::EINVAL)]
#[case::link_msg(LINK_CREATE, &[MSG, Map, Is(7)], Errno::EINVAL)]
#[case::link_struct_ops(LINK_CREATE, &[Map, Is(0), Is(44)], Errno::EINVAL)]
#[case::link_no_struct_ops(LINK_CREATE, &[NONE, Is(0), Is(44)], Errno::EBADF)]
#[case::link_raw_tracepoint(LINK_CREATE, &[Prog(17, 0), Is(0), Is(23)], Errno::EINVAL)]
fn refused(#[case] command: u32, #[case] attr: &[Word], #[case] expected: Errno) {
    let mut bench = Bench::at("6.18");
    let attr = words(&mut bench, attr);
    assert_eq!(call(&mut bench, command, &attr), Err(expected));
}

/// Rows of `refused` without programs, on both.
#[rstest]
#[case::no_program(ATTACH, &[NOBODY, NOBODY, 0], Errno::EBADF)]
#[case::flag_first(ATTACH, &[NOBODY, NOBODY, 0, 0x8000], Errno::EINVAL)]
#[case::attach_type_first(ATTACH, &[NOBODY, NOBODY, 99], Errno::EINVAL)]
#[case::query_nothing(QUERY, &[NOBODY, 99], Errno::EINVAL)]
#[case::query_no_cgroup(QUERY, &[NOBODY, 0], Errno::EBADF)]
#[case::query_no_namespace(QUERY, &[NOBODY, 17], Errno::EBADF)]
#[case::query_tc_no_device(QUERY, &[NOBODY, 46], Errno::ENODEV)]
#[case::link_no_program(LINK_CREATE, &[NOBODY, 0, 0], Errno::EBADF)]
#[case::link_no_struct_ops(LINK_CREATE, &[NOBODY, 0, 44], Errno::EBADF)]
fn refused_on_both(
    #[values(World::Simulated, World::Native)] world: World,
    #[case] command: u32,
    #[case] attr: &[u32],
    #[case] expected: Errno,
) {
    let Some(mut bench) = world.bench() else { return };
    assert_eq!(call(&mut bench, command, attr), Err(expected));
}

/// A kernel with the cgroups 1, 2 below it and 3 below that, and fds of all three.
struct Tree {
    bench: Bench,
    groups: [u32; 3],
}

impl Tree {
    fn new(release: &str) -> Self {
        let mut profile = profile(release);
        profile.targets.cgroups.push(Cgroup { id: 2, parent: Some(1) });
        profile.targets.cgroups.push(Cgroup { id: 3, parent: Some(2) });
        let mut bench = Bench::simulated(profile);
        let process = bench.parts().1;
        let groups = [1, 2, 3].map(|id| process.open(File::Cgroup(id)).expect("an fd"));
        Self { bench, groups }
    }

    fn skb(&mut self) -> u32 {
        program(&mut self.bench, 8, 0)
    }

    fn attach(&mut self, group: usize, program: u32, flags: u32) -> Said {
        call(&mut self.bench, ATTACH, &[self.groups[group], program, 0, flags])
    }

    fn detach(&mut self, group: usize, program: u32) -> Said {
        call(&mut self.bench, DETACH, &[self.groups[group], program, 0])
    }

    fn link(&mut self, group: usize, program: u32) -> Said {
        call(&mut self.bench, LINK_CREATE, &[program, self.groups[group], 0, 0])
    }

    /// Ids of the programs of a cgroup, in order, and the flags of the list.
    fn list(&mut self, group: usize, query_flags: u32) -> (Vec<u32>, u32) {
        let ids = self.bench.room(64);
        let arm = QueryAttr {
            target_fd: self.groups[group],
            query_flags,
            prog_ids: ids,
            count: 16,
            ..QueryAttr::default()
        };
        let (said, attr) = self.bench.call_back(QUERY, &arm);
        assert_eq!(said, Ok(0));
        let arm = QueryAttr::read_from_bytes(&attr).expect("the attr");
        let bytes = self.bench.read(ids, arm.count as usize * 4);
        let ids = bytes.chunks(4).map(|id| u32::from_le_bytes(id.try_into().expect("four")));
        (ids.collect(), arm.attach_flags)
    }
}

const OVERRIDE: u32 = 1;
const MULTI: u32 = 2;
const REPLACE: u32 = 4;
const BEFORE: u32 = 8;
const PREORDER: u32 = 64;

/// Flags of a cgroup's first program decide what comes after it and below it.
#[rstest]
#[case::again(0, 1, 0, Ok(0))]
#[case::below_none(0, 2, 0, Err(Errno::EPERM))]
#[case::below_override(OVERRIDE, 2, OVERRIDE, Ok(0))]
#[case::none_below_override(OVERRIDE, 2, 0, Ok(0))]
#[case::above(0, 0, 0, Ok(0))]
#[case::other_flags(0, 1, OVERRIDE, Err(Errno::EPERM))]
#[case::multi(MULTI, 1, MULTI, Ok(0))]
#[case::below_multi(MULTI, 2, 0, Ok(0))]
#[case::both(MULTI, 1, MULTI | OVERRIDE, Err(Errno::EINVAL))]
#[case::replace_alone(MULTI, 1, REPLACE, Err(Errno::EINVAL))]
fn hierarchy(#[case] first: u32, #[case] group: usize, #[case] flags: u32, #[case] said: Said) {
    let mut tree = Tree::new("5.10");
    let (a, b) = (tree.skb(), tree.skb());
    assert_eq!(tree.attach(1, a, first), Ok(0));
    assert_eq!(tree.attach(group, b, flags), said);
}

/// Up to v4.14 those below must open themselves as far as those above.
#[rstest]
#[case::below_override("4.14", OVERRIDE, 2, 0, Err(Errno::EPERM))]
#[case::both_override("4.14", OVERRIDE, 2, OVERRIDE, Ok(0))]
#[case::below_none("4.10", 0, 2, OVERRIDE, Err(Errno::EPERM))]
#[case::again("4.10", 0, 1, 0, Ok(0))]
#[case::other_flags("4.10", 0, 1, OVERRIDE, Err(Errno::EPERM))]
#[case::no_lists("4.14", 0, 1, MULTI, Err(Errno::EINVAL))]
fn hierarchy_of_one_program(
    #[case] release: &str,
    #[case] first: u32,
    #[case] group: usize,
    #[case] flags: u32,
    #[case] said: Said,
) {
    let mut tree = Tree::new(release);
    let (a, b) = (tree.skb(), tree.skb());
    assert_eq!(tree.attach(1, a, first), Ok(0));
    assert_eq!(tree.attach(group, b, flags), said);
    assert_eq!(tree.detach(1, 0), Ok(0));
    assert_eq!(tree.detach(1, 0), Err(Errno::ENOENT));
}

#[test]
fn lists_of_a_cgroup() {
    let mut tree = Tree::new("5.10");
    let programs = [tree.skb(), tree.skb(), tree.skb()];
    for program in &programs[..2] {
        assert_eq!(tree.attach(1, *program, MULTI), Ok(0));
    }
    assert_eq!(tree.attach(1, programs[0], MULTI), Err(Errno::EINVAL), "it is there already");
    assert_eq!(tree.attach(2, programs[2], 0), Ok(0));
    assert_eq!(tree.list(1, 0), (vec![1, 2], MULTI));
    assert_eq!(tree.list(2, 0), (vec![3], 0));
    assert_eq!(tree.list(2, 1), (vec![3, 1, 2], 0), "its own, then those above");
    assert_eq!(tree.list(0, 1), (vec![], 0));
    assert_eq!(tree.detach(1, 0), Err(Errno::EINVAL), "which one");
    assert_eq!(tree.detach(1, programs[2]), Err(Errno::ENOENT));
    tree.bench.close(programs[0]);
    assert_eq!(tree.list(1, 0), (vec![1, 2], MULTI), "the cgroup holds it");
    assert_eq!(tree.detach(1, programs[1]), Ok(0));
    assert_eq!(tree.list(1, 0), (vec![1], MULTI));
}

/// `BPF_F_REPLACE` (v5.6): the new program stands where the old one stood.
#[rstest]
#[case::replaces("5.6", 1, Ok(0), &[1, 3])]
#[case::not_there("5.6", 3, Err(Errno::ENOENT), &[1, 2])]
#[case::too_early("5.5", 1, Err(Errno::EINVAL), &[1, 2])]
fn replacing(#[case] release: &str, #[case] old: usize, #[case] said: Said, #[case] ids: &[u32]) {
    let mut tree = Tree::new(release);
    let programs = [tree.skb(), tree.skb(), tree.skb(), tree.skb()];
    assert_eq!(tree.attach(1, programs[0], MULTI), Ok(0));
    assert_eq!(tree.attach(1, programs[1], MULTI), Ok(0));
    let words = [tree.groups[1], programs[2], 0, MULTI | REPLACE, programs[old]];
    let words = if release == "5.5" { &words[..4] } else { &words[..] };
    assert_eq!(call(&mut tree.bench, ATTACH, words), said);
    assert_eq!(tree.list(1, 0).0, ids);
}

/// v6.17: where in the list, and a count of changes.
#[test]
fn order_in_a_cgroup() {
    let mut tree = Tree::new("6.17");
    let programs = [tree.skb(), tree.skb(), tree.skb()];
    let group = tree.groups[1];
    let mut attach = |program: u32, flags: u32, relative: u32, revision: u32| {
        let words = [group, program, 0, flags, 0, relative, revision, 0];
        call(&mut tree.bench, ATTACH, &words)
    };
    assert_eq!(attach(programs[0], MULTI, 0, 9), Err(Errno::ESTALE));
    assert_eq!(attach(programs[0], MULTI, 0, 1), Ok(0));
    assert_eq!(attach(programs[1], MULTI | BEFORE, programs[0], 2), Ok(0));
    assert_eq!(attach(programs[2], MULTI, programs[0], 0), Err(Errno::EINVAL), "on which side");
    let beside = MULTI | BEFORE | PREORDER;
    assert_eq!(attach(programs[2], beside, programs[0], 0), Err(Errno::EINVAL), "unlike it");
    assert_eq!(attach(programs[2], MULTI | PREORDER, 0, 0), Ok(0));
    assert_eq!(tree.list(1, 0).0, [2, 1, 3]);
    assert_eq!(tree.list(1, 1).0, [3, 2, 1], "what comes early runs first");
}

/// v6.17 and v7.0 write the revision whether or not the attr is that long.
#[rstest]
#[case("6.16", 0)]
#[case("6.17", 1)]
#[case("7.1", 0)]
fn a_revision_behind_the_attr(#[case] release: &str, #[case] expected: u64) {
    let mut tree = Tree::new(release);
    let arm = QueryAttr { target_fd: tree.groups[0], ..QueryAttr::default() };
    let at = tree.bench.alloc(arm.as_bytes());
    assert_eq!(tree.bench.call_at(QUERY, at, 40), Ok(0));
    let behind = tree.bench.read(at, 64)[56..].to_vec();
    assert_eq!(behind, expected.to_le_bytes());
}

fn info(bench: &mut Bench, fd: u32) -> LinkInfo {
    let at = bench.room(64);
    let arm = InfoAttr { bpf_fd: fd, info_len: 64, info: at };
    assert_eq!(bench.call(cmd::INFO, &arm), Ok(0));
    LinkInfo::read_from_bytes(&bench.read(at, 64)).expect("64 bytes")
}

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

fn open_tracepoint(bench: &mut Bench, program: u32, name: &str) -> Result<u32, Failure> {
    let name = bench.alloc(&[name.as_bytes(), &[0]].concat());
    let words = [name.0 as u32, (name.0 >> 32) as u32, program];
    bench.try_call(RAW_TRACEPOINT_OPEN, words.as_bytes()).map(|fd| fd as u32)
}

#[rstest]
#[case::known("6.18", "sys_enter", Ok(()))]
#[case::empty("6.18", "", Err(Errno::ENOENT))]
#[case::no_identifier("6.18", "sys.enter", Err(Errno::ENOENT))]
#[case::known_of_v4_17("4.17", "sched_switch", Ok(()))]
fn tracepoints(#[case] release: &str, #[case] name: &str, #[case] said: Result<(), Errno>) {
    let mut bench = Bench::at(release);
    let program = words(&mut bench, &[Prog(17, 0)])[0];
    let answer = open_tracepoint(&mut bench, program, name).map(drop);
    assert_eq!(answer, said.map_err(Failure::from));
}

/// Names that are not listed are not modelled; a program is called twice from v6.10 on.
#[rstest]
#[case("6.9", Err(Errno::EEXIST))]
#[case("6.10", Ok(()))]
fn programs_of_a_tracepoint(#[case] release: &str, #[case] twice: Result<(), Errno>) {
    let mut bench = Bench::at(release);
    let program = words(&mut bench, &[Prog(17, 0)])[0];
    let said = open_tracepoint(&mut bench, program, "some_tracepoint");
    assert!(matches!(said, Err(Failure::NotModelled(_))), "{said:?}");
    let link = open_tracepoint(&mut bench, program, "sys_exit").expect("a link");
    let again = open_tracepoint(&mut bench, program, "sys_exit").map(drop);
    assert_eq!(again, twice.map_err(Failure::from));
    assert_eq!(call(&mut bench, LINK_DETACH, &[link]), Err(Errno::EOPNOTSUPP));
    assert_eq!(call(&mut bench, LINK_UPDATE, &[link, program, 0, 0]), Err(Errno::EINVAL));
    let name = bench.room(16);
    let at = [name.0 as u32, (name.0 >> 32) as u32];
    let words = [1, link, 0, 16, at[0], at[1], 0, 0, 0, 0, 0, 0];
    let (said, attr) = bench.call_back(TASK_FD_QUERY, &words);
    assert_eq!((said, attr[12], attr[24]), (Ok(0), 8, 1));
    assert_eq!(bench.read(name, 9), b"sys_exit\0");
    let words = [1, link, 0, 4, at[0], at[1], 0, 0, 0, 0, 0, 0];
    assert_eq!(call(&mut bench, TASK_FD_QUERY, &words), Err(Errno::ENOSPC));
    assert_eq!(bench.read(name, 4), b"sys\0");
}

/// CAP_NET_ADMIN: before everything else up to v5.7, and for queries; of a cgroup_skb program at
/// the attach (v5.8), which PROG_ATTACH says as EINVAL.
#[rstest]
#[case::attach("5.7", ATTACH, &[NOBODY, NOBODY, 99], Err(Errno::EPERM))]
#[case::attach_attr_first("5.8", ATTACH, &[NOBODY, NOBODY, 99], Err(Errno::EINVAL))]
#[case::before_the_attr("5.7", ATTACH, &[0, 0, 0, 0, 0, 1], Err(Errno::EPERM))]
#[case::query("6.18", QUERY, &[NOBODY, 99], Err(Errno::EPERM))]
fn rights(#[case] release: &str, #[case] command: u32, #[case] words: &[u32], #[case] said: Said) {
    let mut bench = Bench::at(release);
    bench.parts().1.caps = Caps { bpf: true, ..Caps::NONE };
    bench.parts().0.core.profile.unprivileged_disabled = false;
    assert_eq!(call(&mut bench, command, words), said);
}

#[rstest]
#[case::link(LINK_CREATE, 0, 1, Errno::EPERM)]
#[case::attach(ATTACH, 1, 0, Errno::EINVAL)]
fn rights_of_a_program(
    #[case] command: u32,
    #[case] program_at: usize,
    #[case] group_at: usize,
    #[case] expected: Errno,
) {
    let mut tree = Tree::new("5.8");
    let mut words = [0; 4];
    words[program_at] = tree.skb();
    words[group_at] = tree.groups[1];
    tree.bench.parts().1.caps = Caps { bpf: true, ..Caps::NONE };
    assert_eq!(call(&mut tree.bench, command, &words), Err(expected));
}

/// Runs count while somebody keeps statistics on, and take as long as the input says.
#[test]
fn statistics() {
    let mut profile = profile("6.18");
    profile.inputs.run_ns = 40;
    let mut bench = Bench::simulated(profile);
    let program = program(&mut bench, 1, 0);
    let counts = |bench: &mut Bench| {
        let (kernel, process) = bench.parts();
        let Some(Ok(object)) = bpfsim_syscall::Task::fd(process, program) else { panic!("an fd") };
        let meta = kernel.core.meta(object).expect("a program");
        (meta.runs, meta.run_ns)
    };
    assert!(bench.run_on(program, 0).is_ok());
    assert_eq!(counts(&mut bench), (0, 0));
    let one = call(&mut bench, ENABLE_STATS, &[0]).expect("an fd");
    let two = call(&mut bench, ENABLE_STATS, &[0]).expect("an fd");
    assert!(bench.run_on(program, 0).is_ok());
    bench.close(one);
    assert!(bench.run_on(program, 0).is_ok());
    bench.close(two);
    assert!(bench.run_on(program, 0).is_ok());
    assert_eq!(counts(&mut bench), (2, 80));
}

/// A token of the root of bpffs, in the first user namespace.
#[rstest]
#[case::the_mount("/sys/fs/bpf", Caps::ROOT, Errno::EOPNOTSUPP)]
#[case::without_cap_bpf("/sys/fs/bpf", Caps { bpf: false, ..Caps::ROOT }, Errno::EPERM)]
#[case::another_directory("/sys/fs", Caps::ROOT, Errno::EINVAL)]
fn tokens(#[case] path: &str, #[case] caps: Caps, #[case] expected: Errno) {
    let mut bench = Bench::at("6.18");
    let (kernel, process) = bench.parts();
    let dir = kernel.open_directory(process, path.as_bytes()).expect("a directory");
    let fd = process.open(File::Directory(dir)).expect("an fd");
    process.caps = caps;
    assert_eq!(call(&mut bench, TOKEN_CREATE, &[0, fd]), Err(expected));
}
