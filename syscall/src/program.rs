//! Running a program: BPF_PROG_TEST_RUN, and an event on a CPU.

use crate::core::Core;
use crate::drive;
use crate::entry::Attr;
use crate::{Answer, Failure, Fault, Kernel, Task, fds};
use bpfsim_abi::attr::TestRunAttr;
use bpfsim_abi::{Because, Errno, Release, cause};
use bpfsim_sim::{Hw, Memory, Place, RegionId};
use bpfsim_vm::{Frame, Packet};
use zerocopy::IntoBytes;

/// `sizeof(struct __sk_buff)` of v6.18, rounded up: more than any release reads.
const SKB_BYTES: u32 = 256;

/// Byte of `len` in `struct __sk_buff`.
const SKB_LEN: u32 = 0;

/// Byte of `pkt_type`.
const SKB_PKT_TYPE: u32 = 4;

/// Byte of `protocol`.
const SKB_PROTOCOL: u32 = 16;

/// Byte of `ifindex`.
const SKB_IFINDEX: u32 = 40;

/// Bytes of an Ethernet header.
const HEADER: u32 = 14;

/// Program types with a test run here.
const SOCKET_FILTER: u32 = 1;
const SCHED_CLS: u32 = 3;
const SCHED_ACT: u32 = 4;

/// What a packet of a test run can have: a page without `NET_SKB_PAD` and the end of an skb.
const MOST_DATA: u32 = 4096 - 64 - 320;

/// `BPF_F_TEST_SKB_CHECKSUM_COMPLETE`, v6.12.
const CHECKSUM_COMPLETE: u32 = 4;

/// Memory that a run of a program needs: stack, context, packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProgramRun {
    stack: RegionId,
    ctx: Place,
    packet: Packet,
}

impl ProgramRun {
    /// For packets of these bytes. Nobody but the run touches any of it.
    pub fn new(memory: &mut Memory, data: &[u8]) -> Self {
        let stack = Frame::stack(memory);
        let words = SKB_BYTES as usize / 8 + data.len().div_ceil(8);
        let region = memory.add_private(words);
        let run = Self {
            stack,
            ctx: Place::new(region, 0),
            packet: Packet { at: Place::new(region, SKB_BYTES), len: data.len() as u32 },
        };
        run.fill(memory, data);
        run
    }

    /// Puts the packet and its description in place.
    fn fill(&self, memory: &mut Memory, data: &[u8]) {
        let protocol = data.get(12..14).map_or(0, |p| u16::from_le_bytes([p[0], p[1]]));
        let field = |offset: u32| self.ctx.plus(offset.into());
        let written = memory
            .store(field(SKB_LEN), 4, data.len() as u64)
            .and_then(|()| memory.store(field(SKB_PROTOCOL), 4, protocol.into()))
            .and_then(|()| memory.write(self.packet.at, data));
        debug_assert_eq!(written, Ok(()), "the region was made for this packet");
    }

    /// Fills in what the network stack knows of an Ethernet frame on the loopback device.
    fn describe(&self, memory: &mut Memory, frame: &[u8]) {
        let (protocol, kind) = describe_frame(frame);
        let field = |offset: u32| self.ctx.plus(offset.into());
        let written = memory
            .store(field(SKB_PROTOCOL), 4, protocol.swap_bytes().into())
            .and_then(|()| memory.store(field(SKB_PKT_TYPE), 4, kind.into()))
            .and_then(|()| memory.store(field(SKB_IFINDEX), 4, 1));
        debug_assert_eq!(written, Ok(()), "the region has room for the fields");
    }

    /// A frame at the beginning of a run.
    pub fn frame(&self, program: u32) -> Frame {
        Frame::new(program, self.stack, self.ctx, self.packet)
    }

    /// Leaves the stack as a fresh run finds it, so that equal runs leave equal states.
    pub fn clean(&self, memory: &mut Memory) {
        memory.region_mut(self.stack).clear();
    }

    /// Gives the memory back.
    pub fn free(self, memory: &mut Memory) {
        memory.remove(self.stack);
        memory.remove(self.ctx.region());
    }
}

/// Runs a program once, on the CPU with this rank, on a packet. Answers r0.
pub fn run_once(
    core: &Core,
    hw: &mut Hw,
    program: u32,
    cpu: u32,
    data: &[u8],
) -> Result<u32, Failure> {
    let run = ProgramRun::new(&mut hw.mem, data);
    let mut frame = run.frame(program);
    let outcome = drive::program(core, hw, &mut frame, cpu);
    run.free(&mut hw.mem);
    outcome?;
    Ok(frame.returned.unwrap_or(0) as u32)
}

impl Kernel {
    /// An event runs a program on the CPU with this number.
    pub fn run_program(&mut self, program: u32, cpu: u32, data: &[u8]) -> Result<u32, Failure> {
        let rank = self.core.profile.cpus.possible.rank(cpu);
        let rank = rank.filter(|rank| self.hw.cpus[*rank].online).ok_or(Errno::ENXIO)?;
        let answer = run_once(&self.core, &mut self.hw, program, rank as u32, data)?;
        self.count_runs(program, 1);
        Ok(answer)
    }
}

/// bpf_prog_test_run_skb(): an Ethernet frame of 14 bytes at least.
pub(crate) fn test_run(kernel: &mut Kernel, task: &mut dyn Task, attr: &Attr) -> Answer {
    let arm: TestRunAttr = attr.arm();
    let release = kernel.core.profile.release;
    if release >= Release::new(5, 2) {
        let sizes_fit = (arm.ctx_size_in == 0) == arm.ctx_in.is_null()
            && (arm.ctx_size_out == 0) == arm.ctx_out.is_null();
        if !sizes_fit {
            return cause::TEST_CTX_SIZES.refuse();
        }
    }
    let program = fds::program(task, arm.prog_fd)?;
    let prog_type = kernel.core.program(program).map_or(0, |program| program.prog_type());
    check_type(prog_type)?;
    check_arguments(&arm, release)?;
    let mut data = vec![0; arm.data_size_in as usize];
    task.read(arm.data_in, &mut data).because(cause::TEST_DATA_UNREADABLE)?;
    if release >= Release::new(7, 1) && is_cut_off(&data) {
        return cause::TEST_HEADER_CUT_OFF.refuse();
    }
    if !arm.ctx_in.is_null() || !arm.ctx_out.is_null() {
        return Err(Failure::NotModelled("the context of TEST_RUN".to_owned()));
    }
    let rank = kernel.core.profile.cpus.possible.rank(task.cpu()).unwrap_or(0) as u32;
    let retval = run_frame(kernel, program, prog_type, &data, arm.repeat, rank)?;
    kernel.count_runs(program, arm.repeat.max(1).into());
    if prog_type == SOCKET_FILTER && release >= Release::new(4, 18) {
        // What the program never saw comes back as zeros (6e6fddc78323).
        data[..HEADER as usize].fill(0);
    }
    answer(task, attr, &arm, &data, retval, release)
}

/// Types without a test run are ENOTSUPP; some have one that is not modelled.
fn check_type(prog_type: u32) -> Result<(), Failure> {
    /// `BPF_PROG_TYPE_KPROBE`: never had one.
    const KPROBE: u32 = 2;
    match prog_type {
        SOCKET_FILTER | SCHED_CLS | SCHED_ACT => Ok(()),
        KPROBE => cause::TEST_NOT_SUPPORTED.refuse(),
        other => Err(Failure::NotModelled(format!("TEST_RUN of program type {other}"))),
    }
}

/// Flags, a CPU and a batch size are not for packets; then the size of the packet.
fn check_arguments(arm: &TestRunAttr, release: Release) -> Result<(), Failure> {
    let flags = if release >= Release::new(6, 12) { CHECKSUM_COMPLETE } else { 0 };
    if arm.flags & !flags != 0 || arm.cpu != 0 || arm.batch_size != 0 {
        return cause::TEST_ARGUMENTS.refuse();
    }
    if arm.data_size_in < HEADER || arm.data_size_in > MOST_DATA {
        return cause::TEST_DATA_SIZE.refuse();
    }
    if arm.flags != 0 {
        return Err(Failure::NotModelled("the checksum of TEST_RUN (flags)".to_owned()));
    }
    Ok(())
}

/// An IPv4 or IPv6 packet without a whole header, which v7.1 refuses.
fn is_cut_off(frame: &[u8]) -> bool {
    let least = match frame[12..14] {
        [0x08, 0x00] => 20,
        [0x86, 0xdd] => 40,
        _ => 0,
    };
    frame.len() < HEADER as usize + least
}

/// Runs the program `repeat` times on one Ethernet frame. Socket filters see it without its
/// header, tc programs with it.
fn run_frame(
    kernel: &mut Kernel,
    program: u32,
    prog_type: u32,
    data: &[u8],
    repeat: u32,
    rank: u32,
) -> Result<u32, Failure> {
    let hidden = if prog_type == SOCKET_FILTER { HEADER as usize } else { 0 };
    let run = ProgramRun::new(&mut kernel.hw.mem, &data[hidden..]);
    run.describe(&mut kernel.hw.mem, data);
    let mut retval = Ok(0);
    for _ in 0..repeat.max(1) {
        let mut frame = run.frame(program);
        retval = drive::program(&kernel.core, &mut kernel.hw, &mut frame, rank)
            .map(|()| frame.returned.unwrap_or(0) as u32);
        run.clean(&mut kernel.hw.mem);
        if retval.is_err() {
            break;
        }
    }
    run.free(&mut kernel.hw.mem);
    retval
}

/// What eth_type_trans() says of a frame on the loopback device: its protocol, as in the header
/// or `ETH_P_802_3` and `ETH_P_802_2` for a length, and whom it is for.
fn describe_frame(data: &[u8]) -> (u16, u32) {
    let field = |at: usize| u16::from_be_bytes([data[at], data[at + 1]]);
    let protocol = match field(12) {
        length if length < 0x600 && data.get(14..16) == Some(&[0xff; 2]) => 1,
        length if length < 0x600 => 4,
        protocol => protocol,
    };
    let kind = match &data[..6] {
        [0, 0, 0, 0, 0, 0] => 0,
        // The loopback device has no broadcast address.
        [first, ..] if first & 1 == 1 => 2,
        _ => 3,
    };
    (protocol, kind)
}

/// bpf_test_finish(): the packet, its size, the result, the duration. Too little room for the
/// packet is what counts, also where one of them cannot be written.
fn answer(
    task: &mut dyn Task,
    attr: &Attr,
    arm: &TestRunAttr,
    data: &[u8],
    retval: u32,
    release: Release,
) -> Answer {
    let room = arm.data_size_out as usize;
    // Before v5.0 the size was no limit.
    let limited = release >= Release::new(5, 0) && room != 0 && room < data.len();
    let copied = if limited { room } else { data.len() };
    let written = hand_out(task, attr, arm, &data[..copied], data.len() as u32, retval);
    if limited {
        return cause::TEST_OUT_TOO_SMALL.refuse();
    }
    written.because(cause::TEST_OUT_UNWRITABLE)?;
    Ok(0)
}

/// In the kernel's order, up to the first that cannot be written.
fn hand_out(
    task: &mut dyn Task,
    attr: &Attr,
    arm: &TestRunAttr,
    data: &[u8],
    size: u32,
    retval: u32,
) -> Result<(), Fault> {
    if !arm.data_out.is_null() {
        task.write(arm.data_out, data)?;
    }
    // The last is the duration, and nothing here takes time.
    for (offset, value) in [(12, size), (4, retval), (36, 0)] {
        let at = attr.at.checked_add(offset).ok_or(Fault)?;
        task.write(at, value.as_bytes())?;
    }
    Ok(())
}
