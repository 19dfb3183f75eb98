//! Attaching programs to cgroups, namespaces and devices, by links and by themselves.
//!
//! Nothing is attached to the live kernel. The errors of `refused` were measured there by hand on
//! v6.18, on targets that take nothing; those that begin with an fd of nobody also run there.

mod cgroups;
mod links;
mod others;
mod refused;

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

fn info(bench: &mut Bench, fd: u32) -> LinkInfo {
    let at = bench.room(64);
    let arm = InfoAttr { bpf_fd: fd, info_len: 64, info: at };
    assert_eq!(bench.call(cmd::INFO, &arm), Ok(0));
    LinkInfo::read_from_bytes(&bench.read(at, 64)).expect("64 bytes")
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
