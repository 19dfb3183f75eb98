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
