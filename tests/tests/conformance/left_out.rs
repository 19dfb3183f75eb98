//! What a configuration has left out is as unknown as in a release before it.

use bpfsim_abi::Errno;
use bpfsim_abi::attr::MapCreateAttr;
use bpfsim_syscall::Without;
use bpfsim_tests::Bench;
use bpfsim_tests::numbers::{cmd, map, prog};
use bpfsim_tests::programs::{EXIT, arm, insn, mov, returns};
use bpfsim_tests::world::profile;
use rstest::rstest;

/// `BPF_FUNC_get_prandom_u32`.
const GET_PRANDOM_U32: i32 = 7;

fn bench(without: Without) -> Bench {
    let mut profile = profile("6.18");
    profile.without = without;
    Bench::simulated(profile)
}

fn create(bench: &mut Bench, map_type: u32) -> Result<i64, Errno> {
    let arm = MapCreateAttr {
        map_type,
        key_size: 4,
        value_size: 8,
        max_entries: 1,
        ..MapCreateAttr::default()
    };
    bench.call(cmd::MAP_CREATE, &arm)
}

#[rstest]
#[case::plain(map::HASH)]
#[case::percpu(map::PERCPU_ARRAY)]
fn a_map_type(#[case] map_type: u32) {
    assert!(create(&mut bench(Without::default()), map_type).is_ok());
    let mut bench = bench(Without { map_types: vec![map_type], ..Without::default() });
    assert_eq!(create(&mut bench, map_type), Err(Errno::EINVAL));
    assert!(create(&mut bench, map::ARRAY).is_ok());
}

#[test]
fn a_command() {
    let mut bench = bench(Without { commands: vec![cmd::FREEZE], ..Without::default() });
    let failure = bench.try_call(cmd::FREEZE, &[0; 4]).expect_err("unknown");
    assert_eq!(failure.cause().map(|cause| cause.id), Some("unknown-command"));
}

#[test]
fn a_program_type() {
    let mut bench = bench(Without { prog_types: vec![prog::KPROBE], ..Without::default() });
    let good = arm(&mut bench, &returns(0));
    assert!(bench.call(cmd::PROG_LOAD, &good).is_ok());
    let kprobe = bpfsim_abi::attr::ProgLoadAttr { prog_type: prog::KPROBE, ..good };
    assert_eq!(bench.call(cmd::PROG_LOAD, &kprobe), Err(Errno::EINVAL));
}

#[rstest]
#[case::there(&[], true)]
#[case::left_out(&[GET_PRANDOM_U32 as u32], false)]
fn a_helper(#[case] helpers: &[u32], #[case] loads: bool) {
    let mut bench = bench(Without { helpers: helpers.to_vec(), ..Without::default() });
    let insns = [insn(0x85, 0, 0, 0, GET_PRANDOM_U32), mov(0, 0), EXIT];
    let arm = arm(&mut bench, &insns);
    let said = bench.call(cmd::PROG_LOAD, &arm).map(|_| ());
    assert_eq!(said, if loads { Ok(()) } else { Err(Errno::EINVAL) });
}
