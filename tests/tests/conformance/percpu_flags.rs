//! `BPF_F_CPU` and `BPF_F_ALL_CPUS` of v7.0, from its source.

use bpfsim_abi::Errno;
use bpfsim_abi::attr::{MapElemAttr, UserAddr};
use bpfsim_tests::Bench;
use bpfsim_tests::bench::wanted;
use bpfsim_tests::numbers::{cmd, flag, map};
use rstest::rstest;

/// Flags of v7.0 and what they are answered; earlier releases say EINVAL to all of them.
fn on_v7_0(map_type: u32, cmd: u32, flags: u64, key: UserAddr) -> Result<i64, Errno> {
    let mut bench = Bench::at("7.0");
    let fd = bench.create(wanted(map_type, 8, 2));
    if map_type == map::PERCPU_HASH {
        assert_eq!(bench.update(fd, &[0; 4], &[0; 16], flag::ANY), Ok(0));
    }
    let key = if key.is_null() { bench.alloc(&[0; 4]) } else { key };
    let value = bench.room(16);
    let arm = MapElemAttr { map_fd: fd, key, value, flags, ..MapElemAttr::default() };
    bench.call(cmd, &arm)
}

const KEY: UserAddr = UserAddr::NULL;
const NOWHERE: UserAddr = UserAddr(8);
const LAST_CPU: u64 = flag::CPU | 1 << 32;
const NO_CPU: u64 = flag::CPU | 2 << 32;

/// bpf_map_check_op_flags() of v7.0: after the fd, before the key.
#[rstest]
#[case::plain_lookup(cmd::LOOKUP, 0, KEY, Ok(0))]
#[case::one_cpu(cmd::LOOKUP, flag::CPU, KEY, Ok(0))]
#[case::last_cpu(cmd::LOOKUP, LAST_CPU, KEY, Ok(0))]
#[case::cpu_past_the_last(cmd::LOOKUP, NO_CPU, KEY, Err(Errno::ERANGE))]
#[case::cpu_minus_one(cmd::LOOKUP, flag::CPU | !0 << 32, KEY, Err(Errno::ERANGE))]
#[case::cpu_before_the_key(cmd::LOOKUP, NO_CPU, NOWHERE, Err(Errno::ERANGE))]
#[case::number_without_the_flag(cmd::LOOKUP, 1 << 32, KEY, Err(Errno::EINVAL))]
#[case::all_cpus_of_a_lookup(cmd::LOOKUP, flag::ALL_CPUS, KEY, Err(Errno::EINVAL))]
#[case::lock_of_a_lookup(cmd::LOOKUP, flag::LOCK, KEY, Err(Errno::EINVAL))]
#[case::noexist_of_a_lookup(cmd::LOOKUP, flag::NOEXIST, KEY, Err(Errno::EINVAL))]
#[case::update_of_one_cpu(cmd::UPDATE, LAST_CPU, KEY, Ok(0))]
#[case::update_of_all_cpus(cmd::UPDATE, flag::ALL_CPUS, KEY, Ok(0))]
#[case::both(cmd::UPDATE, flag::CPU | flag::ALL_CPUS, KEY, Err(Errno::EINVAL))]
#[case::update_past_the_last(cmd::UPDATE, NO_CPU, KEY, Err(Errno::ERANGE))]
#[case::update_cpu_before_the_key(cmd::UPDATE, NO_CPU, NOWHERE, Err(Errno::ERANGE))]
#[case::number_for_all(cmd::UPDATE, flag::ALL_CPUS | 1 << 32, KEY, Err(Errno::EINVAL))]
#[case::lock(cmd::UPDATE, flag::LOCK, NOWHERE, Err(Errno::EINVAL))]
// The map operation compares the flags for equality, so beside a CPU these are not looked at.
#[case::noexist_of_a_present_key_on_one_cpu(cmd::UPDATE, flag::CPU | flag::NOEXIST, KEY, Ok(0))]
#[case::noexist_alone(cmd::UPDATE, flag::NOEXIST, KEY, Err(Errno::EEXIST))]
#[case::all_noexist(cmd::UPDATE, flag::ALL_CPUS | flag::NOEXIST, KEY, Err(Errno::EINVAL))]
#[case::all_exist(cmd::UPDATE, flag::ALL_CPUS | flag::EXIST, KEY, Err(Errno::EINVAL))]
#[case::beyond_the_flags(cmd::UPDATE, 32, KEY, Err(Errno::EINVAL))]
#[case::other_flags_after_the_buffers(cmd::UPDATE, 32, NOWHERE, Err(Errno::EFAULT))]
fn flags_of_v7_0(
    #[values(map::PERCPU_HASH, map::PERCPU_ARRAY)] map_type: u32,
    #[case] cmd: u32,
    #[case] flags: u64,
    #[case] key: UserAddr,
    #[case] expected: Result<i64, Errno>,
) {
    assert_eq!(on_v7_0(map_type, cmd, flags, key), expected);
}

#[rstest]
#[case::lookup(cmd::LOOKUP)]
#[case::update(cmd::UPDATE)]
fn flags_of_v7_0_need_a_percpu_map(
    #[values(map::HASH, map::ARRAY)] map_type: u32,
    #[values(flag::CPU, NO_CPU, 1 << 32)] flags: u64,
    #[case] cmd: u32,
) {
    assert_eq!(on_v7_0(map_type, cmd, flags, NOWHERE), Err(Errno::EINVAL));
}

/// `BPF_F_CPU` moves one value of exactly `value_size` bytes, `BPF_F_ALL_CPUS` writes one value
/// everywhere.
#[rstest]
fn one_cpu_and_all_of_v7_0(#[values(map::PERCPU_HASH, map::PERCPU_ARRAY)] map_type: u32) {
    let mut bench = Bench::at("7.0");
    let fd = bench.create(wanted(map_type, 5, 2));
    assert_eq!(bench.update(fd, &[0; 4], b"abcde", flag::ALL_CPUS), Ok(0));
    assert_eq!(bench.update(fd, &[0; 4], b"12345", LAST_CPU), Ok(0));
    let whole = b"abcde\0\0\x0012345\0\0\0".to_vec();
    assert_eq!(bench.lookup(fd, &[0; 4], 16), Ok(whole));
    assert_eq!(bench.lookup_with(fd, &[0; 4], 5, LAST_CPU), Ok(b"12345".to_vec()));
    assert_eq!(bench.lookup_with(fd, &[0; 4], 5, flag::CPU), Ok(b"abcde".to_vec()));
    assert_eq!(bench.lookup_with(fd, &[0; 4], 4, flag::CPU), Err(Errno::EFAULT));
}

/// A key that `BPF_F_CPU` creates in a used element keeps what other CPUs had (before the fix of
/// September 2026).
#[test]
fn one_cpu_creates_a_key_in_v7_0() {
    let mut bench = Bench::at("7.0");
    let fd = bench.create(wanted(map::PERCPU_HASH, 8, 2));
    assert_eq!(bench.update(fd, &[1; 4], &[7; 8], flag::ALL_CPUS), Ok(0));
    assert_eq!(bench.delete(fd, &[1; 4]), Ok(0));
    assert_eq!(bench.update(fd, &[2; 4], &[9; 8], LAST_CPU), Ok(0));
    assert_eq!(bench.lookup(fd, &[2; 4], 16), Ok([[7; 8], [9; 8]].concat()));
}
