//! `BPF_BTF_LOAD` up to its types.

use bpfsim_abi::Errno;
use bpfsim_abi::attr::{BtfLoadAttr, GetIdAttr};
use bpfsim_syscall::{Caps, Failure};
use bpfsim_tests::numbers::cmd;
use bpfsim_tests::{Bench, World};
use rstest::rstest;

/// One type (`int`, 4 bytes, signed) and its name, behind a header of 24 bytes.
const GOOD: [u32; 11] =
    [0x0001_eb9f, 24, 0, 16, 16, 5, 1, 0x0100_0000, 4, 0x0100_0020, 0x746e_6900];

/// The length of [`GOOD`]: the last string ends with one byte more.
const LEN: usize = 45;

fn bytes() -> Vec<u8> {
    let mut bytes: Vec<u8> = GOOD.iter().flat_map(|word| word.to_le_bytes()).collect();
    bytes.push(0);
    assert_eq!(bytes.len(), LEN);
    bytes
}

/// One change to the good BTF.
#[derive(Clone, Copy, Debug)]
enum Change {
    Nothing,
    Word(usize, u32),
    Byte(usize, u8),
    Length(usize),
    LongHeader(u8),
}

fn changed(change: Change) -> Vec<u8> {
    let mut data = bytes();
    match change {
        Change::Nothing => {}
        Change::Word(at, word) => data[at * 4..at * 4 + 4].copy_from_slice(&word.to_le_bytes()),
        Change::Byte(at, byte) => data[at] = byte,
        Change::Length(len) => data.resize(len, 0),
        Change::LongHeader(byte) => {
            data[4] = 28;
            data.splice(24..24, [0, 0, 0, byte]);
        }
    }
    data
}

fn load(bench: &mut Bench, data: &[u8]) -> Result<i64, Failure> {
    let btf = bench.alloc(data);
    let arm = BtfLoadAttr { btf, btf_size: data.len() as u32, ..BtfLoadAttr::default() };
    bench.try_call(cmd::BTF_LOAD, zerocopy::IntoBytes::as_bytes(&arm))
}

#[rstest]
#[case::empty(Change::Length(0), Errno::EINVAL)]
#[case::no_hdr_len(Change::Length(7), Errno::EINVAL)]
#[case::header_cut(Change::Length(23), Errno::EINVAL)]
#[case::no_data(Change::Length(24), Errno::EINVAL)]
#[case::too_long(Change::Length(LEN + 1), Errno::EINVAL)]
#[case::too_short(Change::Length(LEN - 1), Errno::EINVAL)]
#[case::unknown_header(Change::LongHeader(1), Errno::E2BIG)]
#[case::magic(Change::Byte(0, 0), Errno::EINVAL)]
#[case::version(Change::Byte(2, 2), Errno::ENOTSUPP)]
#[case::flags(Change::Byte(3, 1), Errno::ENOTSUPP)]
#[case::magic_before_version(Change::Word(0, 0xffff_0000), Errno::EINVAL)]
#[case::no_header(Change::Word(1, 0), Errno::EINVAL)]
#[case::header_past_the_end(Change::Word(1, 46), Errno::EINVAL)]
#[case::header_is_all(Change::Word(1, 45), Errno::E2BIG)]
#[case::gap(Change::Word(2, 4), Errno::EINVAL)]
#[case::overlap(Change::Word(4, 12), Errno::EINVAL)]
#[case::types_too_long(Change::Word(3, u32::MAX), Errno::EINVAL)]
#[case::strings_too_long(Change::Word(5, 6), Errno::EINVAL)]
#[case::first_string(Change::Byte(40, 1), Errno::EINVAL)]
#[case::last_byte(Change::Byte(44, 1), Errno::EINVAL)]
fn header(
    #[values(World::Simulated, World::Native)] world: World,
    #[case] change: Change,
    #[case] expected: Errno,
) {
    let Some(mut bench) = world.bench() else { return };
    assert_eq!(load(&mut bench, &changed(change)), Err(expected.into()));
}

#[rstest]
#[case::good(Change::Nothing)]
#[case::longer_header(Change::LongHeader(0))]
fn taken(#[values(World::Simulated, World::Native)] world: World, #[case] change: Change) {
    let Some(mut bench) = world.bench() else { return };
    assert!(load(&mut bench, &changed(change)).is_ok());
}

#[rstest]
fn sizes(#[values(World::Simulated, World::Native)] world: World) {
    let Some(mut bench) = world.bench() else { return };
    let nowhere = bench.nowhere();
    let arm = |btf_size| BtfLoadAttr { btf: nowhere, btf_size, ..BtfLoadAttr::default() };
    assert_eq!(bench.call(cmd::BTF_LOAD, &arm((16 << 20) + 1)), Err(Errno::E2BIG));
    assert_eq!(bench.call(cmd::BTF_LOAD, &arm(45)), Err(Errno::EFAULT));
    let flags = |btf_flags| BtfLoadAttr { btf_flags, btf_token_fd: 777, ..arm(45) };
    assert_eq!(bench.call(cmd::BTF_LOAD, &flags(1)), Err(Errno::EINVAL));
    assert_eq!(bench.call(cmd::BTF_LOAD, &flags(1 << 16)), Err(Errno::EBADF));
}

#[rstest]
#[case::admin_only("5.7", true, Errno::EPERM)]
#[case::bpf_too("5.8", true, Errno::EFAULT)]
#[case::nobody_else("6.18", false, Errno::EPERM)]
fn rights(#[case] release: &str, #[case] bpf: bool, #[case] expected: Errno) {
    let mut profile = bpfsim_tests::world::profile(release);
    profile.unprivileged_disabled = false;
    let mut bench = Bench::simulated(profile);
    bench.parts().1.caps = Caps { bpf, ..Caps::NONE };
    let arm = BtfLoadAttr { btf_size: 45, ..BtfLoadAttr::default() };
    assert_eq!(bench.call(cmd::BTF_LOAD, &arm), Err(expected));
    for command in [cmd::BTF_BY_ID, cmd::BTF_NEXT_ID] {
        assert_eq!(bench.call(command, &GetIdAttr::default()), Err(Errno::EPERM));
    }
}
