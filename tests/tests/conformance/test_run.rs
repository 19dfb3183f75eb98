//! `BPF_PROG_TEST_RUN` of socket filters and tc programs.

use bpfsim_abi::Errno;
use bpfsim_abi::attr::{ProgLoadAttr, TestRunAttr, UserAddr};
use bpfsim_tests::bench::Said;
use bpfsim_tests::numbers::{cmd, prog};
use bpfsim_tests::programs::{EXIT, arm, insn, load, returns};
use bpfsim_tests::{Bench, World};
use rstest::rstest;

/// Runs a program once on a packet; what it returned.
pub fn run(bench: &mut Bench, program: u32, packet: &[u8]) -> Result<u32, Errno> {
    let data_in = bench.alloc(packet);
    let arm = TestRunAttr {
        prog_fd: program,
        data_size_in: packet.len() as u32,
        data_in,
        ..TestRunAttr::default()
    };
    let (said, attr) = bench.call_back(cmd::TEST_RUN, &arm);
    said.map(|_| u32::from_le_bytes(attr[4..8].try_into().expect("four bytes")))
}

/// A program of a type; its fd.
fn program(bench: &mut Bench, prog_type: u32, insns: &[[u8; 8]]) -> u32 {
    let arm = ProgLoadAttr { prog_type, ..arm(bench, insns) };
    bench.call(cmd::PROG_LOAD, &arm).expect("a program") as u32
}

/// One change to the good attr: a run on an Ethernet frame of 20 bytes.
#[derive(Clone, Copy, Debug)]
enum Change {
    Nothing,
    NoSuchFd,
    NotAProgram,
    Size(u32),
    Unmapped,
    UnmappedOut,
    Repeat(u32),
    Flags(u32),
    Cpu,
    Batch,
    ContextWithoutSize,
    SizeWithoutContext,
    OutContextWithoutSize,
    FlagsAndUnmapped,
    SizeAndUnmapped,
    ContextAndNoSuchFd,
}

#[rstest]
#[case::good(Change::Nothing, Ok(0))]
#[case::no_such_fd(Change::NoSuchFd, Err(Errno::EBADF))]
#[case::fd_of_something_else(Change::NotAProgram, Err(Errno::EINVAL))]
#[case::no_header(Change::Size(13), Err(Errno::EINVAL))]
#[case::header_only(Change::Size(14), Ok(0))]
#[case::nothing(Change::Size(0), Err(Errno::EINVAL))]
#[case::largest(Change::Size(4096 - 64 - 320), Ok(0))]
#[case::too_large(Change::Size(4096 - 64 - 320 + 1), Err(Errno::EINVAL))]
#[case::unmapped(Change::Unmapped, Err(Errno::EFAULT))]
#[case::unmapped_result(Change::UnmappedOut, Err(Errno::EFAULT))]
#[case::ten_times(Change::Repeat(10), Ok(0))]
#[case::flags(Change::Flags(1), Err(Errno::EINVAL))]
#[case::cpu(Change::Cpu, Err(Errno::EINVAL))]
#[case::batch(Change::Batch, Err(Errno::EINVAL))]
#[case::context_without_a_size(Change::ContextWithoutSize, Err(Errno::EINVAL))]
#[case::size_without_a_context(Change::SizeWithoutContext, Err(Errno::EINVAL))]
#[case::out_context_without_a_size(Change::OutContextWithoutSize, Err(Errno::EINVAL))]
#[case::flags_before_the_packet(Change::FlagsAndUnmapped, Err(Errno::EINVAL))]
#[case::size_before_the_packet(Change::SizeAndUnmapped, Err(Errno::EINVAL))]
#[case::context_before_the_fd(Change::ContextAndNoSuchFd, Err(Errno::EINVAL))]
fn errors_in_order(
    #[values(World::Simulated, World::Native)] world: World,
    #[case] change: Change,
    #[case] expected: Said,
) {
    let Some(mut bench) = world.bench() else { return };
    let prog_fd = load(&mut bench, &returns(7)).expect("a program") as u32;
    let nowhere = bench.nowhere();
    let packet = bench.room(4096);
    let good = TestRunAttr { prog_fd, data_size_in: 20, data_in: packet, ..TestRunAttr::default() };
    let arm = match change {
        Change::Nothing => good,
        Change::NoSuchFd => TestRunAttr { prog_fd: 777, ..good },
        Change::NotAProgram => TestRunAttr { prog_fd: 0, ..good },
        Change::Size(data_size_in) => TestRunAttr { data_size_in, ..good },
        Change::Unmapped => TestRunAttr { data_in: nowhere, ..good },
        Change::UnmappedOut => TestRunAttr { data_out: nowhere, ..good },
        Change::Repeat(repeat) => TestRunAttr { repeat, ..good },
        Change::Flags(flags) => TestRunAttr { flags, ..good },
        Change::Cpu => TestRunAttr { cpu: 1, ..good },
        Change::Batch => TestRunAttr { batch_size: 1, ..good },
        Change::ContextWithoutSize => TestRunAttr { ctx_in: packet, ..good },
        Change::SizeWithoutContext => TestRunAttr { ctx_size_in: 1, ..good },
        Change::OutContextWithoutSize => TestRunAttr { ctx_out: packet, ..good },
        Change::FlagsAndUnmapped => TestRunAttr { flags: 1, data_in: nowhere, ..good },
        Change::SizeAndUnmapped => TestRunAttr { data_size_in: 13, data_in: nowhere, ..good },
        Change::ContextAndNoSuchFd => TestRunAttr { prog_fd: 777, ctx_size_in: 1, ..good },
    };
    let (said, attr) = bench.call_back(cmd::TEST_RUN, &arm);
    assert_eq!(said, expected);
    let retval = if expected.is_ok() { 7u32 } else { 0 };
    assert_eq!(attr[4..8], retval.to_le_bytes(), "retval");
    let size = if expected.is_ok() { arm.data_size_in } else { 0 };
    assert_eq!(attr[12..16], size.to_le_bytes(), "data_size_out");
}

/// A frame of 20 bytes: to 02:…, of a protocol for experiments (0x88b5). An IPv4 frame without a
/// whole header is refused by stable kernels.
const FRAME: [u8; 20] =
    [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x88, 0xb5, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6];

/// What comes back: socket filters never see the header, and zeros come back for it.
#[rstest]
#[case::filter(prog::SOCKET_FILTER, 64, Ok(0), 20, true)]
#[case::classifier(prog::SCHED_CLS, 64, Ok(0), 20, false)]
#[case::no_size_is_no_limit(prog::SCHED_CLS, 0, Ok(0), 20, false)]
#[case::exact(prog::SCHED_CLS, 20, Ok(0), 20, false)]
#[case::short(prog::SCHED_CLS, 19, Err(Errno::ENOSPC), 19, false)]
fn the_packet_comes_back(
    #[values(World::Simulated, World::Native)] world: World,
    #[case] prog_type: u32,
    #[case] room: u32,
    #[case] expected: Said,
    #[case] copied: usize,
    #[case] blank: bool,
) {
    let Some(mut bench) = world.bench() else { return };
    let arm = TestRunAttr {
        prog_fd: program(&mut bench, prog_type, &returns(0)),
        data_size_in: 20,
        data_size_out: room,
        data_in: bench.alloc(&FRAME),
        data_out: bench.room(64),
        ..TestRunAttr::default()
    };
    let (said, attr) = bench.call_back(cmd::TEST_RUN, &arm);
    assert_eq!(said, expected);
    assert_eq!(attr[12..16], 20u32.to_le_bytes(), "the whole size, cut or not");
    let mut frame = FRAME;
    if blank {
        frame[..14].fill(0);
    }
    let mut out = vec![0; 64];
    out[..copied].copy_from_slice(&frame[..copied]);
    assert_eq!(bench.read(arm.data_out, 64), out);
}

/// Before v4.18 the header came back as it was; before v5.0 a size was no limit.
#[rstest]
#[case::header_kept("4.17", 2, 64, Ok(0))]
#[case::header_blank("4.18", 0, 64, Ok(0))]
#[case::no_limit("4.20", 0, 4, Ok(0))]
#[case::limit("5.0", 0, 4, Err(Errno::ENOSPC))]
fn the_packet_by_release(
    #[case] release: &str,
    #[case] first: u8,
    #[case] room: u32,
    #[case] expected: Said,
) {
    let mut bench = Bench::at(release);
    let arm = TestRunAttr {
        prog_fd: program(&mut bench, prog::SOCKET_FILTER, &returns(0)),
        data_size_in: 20,
        data_size_out: room,
        data_in: bench.alloc(&FRAME),
        data_out: bench.room(64),
        ..TestRunAttr::default()
    };
    assert_eq!(bench.call(cmd::TEST_RUN, &arm), expected);
    assert_eq!(bench.read(arm.data_out, 1), [first]);
}

/// A frame with a length instead of a protocol, and ones behind it (802.3 without 802.2).
const RAW: [u8; 20] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 6, 0xff, 0xff, 0, 0, 0, 0];

/// `r0 = *(u32 *)(r1 + offset); exit`.
const fn reads(offset: i16) -> [[u8; 8]; 2] {
    [insn(0x61, 0, 1, offset, 0), EXIT]
}

/// What the context says: `len`, `pkt_type`, `protocol`, `ifindex` of struct __sk_buff.
#[rstest]
#[case::len_of_a_filter(prog::SOCKET_FILTER, 0, FRAME, 6)]
#[case::len_of_a_classifier(prog::SCHED_CLS, 0, FRAME, 20)]
#[case::for_somebody_else(prog::SOCKET_FILTER, 4, FRAME, 3)]
#[case::for_this_host(prog::SOCKET_FILTER, 4, [0; 20], 0)]
#[case::for_all_is_for_many(prog::SOCKET_FILTER, 4, [0xff; 20], 2)]
#[case::for_many(prog::SOCKET_FILTER, 4, [1; 20], 2)]
#[case::protocol_as_on_the_wire(prog::SOCKET_FILTER, 16, FRAME, 0xb588)]
#[case::length_instead_of_a_protocol(prog::SOCKET_FILTER, 16, [0; 20], 0x0400)]
#[case::length_of_a_raw_frame(prog::SOCKET_FILTER, 16, RAW, 0x0100)]
#[case::loopback(prog::SCHED_CLS, 40, FRAME, 1)]
fn the_context(
    #[values(World::Simulated, World::Native)] world: World,
    #[case] prog_type: u32,
    #[case] offset: i16,
    #[case] frame: [u8; 20],
    #[case] expected: u32,
) {
    let Some(mut bench) = world.bench() else { return };
    let fd = program(&mut bench, prog_type, &reads(offset));
    assert_eq!(run(&mut bench, fd, &frame), Ok(expected));
}

/// Programs without a test run: 524, which has no name in user space.
#[rstest]
fn kprobes_have_no_test_run(#[values(World::Simulated, World::Native)] world: World) {
    let Some(mut bench) = world.bench() else { return };
    let fd = program(&mut bench, prog::KPROBE, &returns(0));
    assert_eq!(run(&mut bench, fd, &FRAME), Err(Errno::ENOTSUPP));
}

/// Every repetition runs, and the program's maps show it.
#[rstest]
fn every_repetition_counts(#[values(World::Simulated, World::Native)] world: World) {
    use bpfsim_tests::numbers::map;
    use bpfsim_tests::programs::{add, call, load_map, mov_reg};
    let Some(mut bench) = world.bench() else { return };
    let fd = bench.create(bpfsim_tests::bench::wanted(map::ARRAY, 8, 1));
    let mut insns = vec![insn(0x62, 10, 0, -4, 0)];
    insns.extend(load_map(1, fd));
    insns.extend([mov_reg(2, 10), add(2, -4), call(1)]);
    // if r0 == 0 goto +3; r1 = *(u64 *)(r0 + 0); r1 += 1; *(u64 *)(r0 + 0) = r1; r0 = 0; exit
    insns.extend([insn(0x15, 0, 0, 3, 0), insn(0x79, 1, 0, 0, 0), add(1, 1)]);
    insns.extend([insn(0x7b, 0, 1, 0, 0)]);
    insns.extend(returns(0));
    let arm = TestRunAttr {
        prog_fd: load(&mut bench, &insns).expect("a program") as u32,
        data_size_in: 14,
        data_in: bench.room(14),
        data_out: UserAddr::NULL,
        repeat: 25,
        ..TestRunAttr::default()
    };
    assert_eq!(bench.call(cmd::TEST_RUN, &arm), Ok(0));
    assert_eq!(bench.lookup(fd, &[0; 4], 8), Ok(25u64.to_le_bytes().to_vec()));
}
