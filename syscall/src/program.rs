//! Running a program: BPF_PROG_TEST_RUN, and an event on a CPU.

use crate::core::{Core, ObjectId};
use crate::drive;
use crate::entry::Attr;
use crate::{Answer, Failure, Kernel, Task};
use bpfsim_abi::attr::{TestRunAttr, UserAddr};
use bpfsim_abi::{Errno, Release};
use bpfsim_sim::{Hw, Memory, Place, RegionId};
use bpfsim_vm::{Frame, Packet};
use zerocopy::IntoBytes;

/// `sizeof(struct __sk_buff)` of v6.18, rounded up: more than any release reads.
const SKB_BYTES: u32 = 256;

/// Byte of `len` in `struct __sk_buff`.
const SKB_LEN: u32 = 0;

/// Byte of `protocol`.
const SKB_PROTOCOL: u32 = 16;

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

    /// A frame at the beginning of a run.
    pub fn frame(&self, program: u32) -> Frame {
        Frame::new(program, self.stack, self.ctx, self.packet)
    }

    /// Leaves the stack as a fresh run finds it, so that equal runs leave equal states.
    pub fn clean(&self, memory: &mut Memory) {
        memory.region_mut(self.stack).words_mut().fill(0);
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
        run_once(&self.core, &mut self.hw, program, rank as u32, data)
    }
}

/// bpf_prog_test_run_skb(): an Ethernet frame of 14 bytes at least.
pub(crate) fn test_run(kernel: &mut Kernel, task: &mut dyn Task, attr: &Attr) -> Answer {
    let arm: TestRunAttr = attr.arm();
    if kernel.core.profile.release >= Release::new(5, 2) {
        let sizes_fit = (arm.ctx_size_in == 0) == arm.ctx_in.is_null()
            && (arm.ctx_size_out == 0) == arm.ctx_out.is_null();
        if !sizes_fit {
            return Err(Errno::EINVAL.into());
        }
    }
    let program = match task.fd(arm.prog_fd).ok_or(Errno::EBADF)? {
        Ok(ObjectId::Prog(handle)) => handle,
        Ok(ObjectId::Map(_)) | Err(_) => return Err(Errno::EINVAL.into()),
    };
    check_modelled(&arm, &kernel.core, program)?;
    const HEADER: u32 = 14;
    const PAGE: u32 = 4096;
    if arm.data_size_in < HEADER || arm.data_size_in > PAGE {
        return Err(Errno::EINVAL.into());
    }
    let mut data = vec![0; arm.data_size_in as usize];
    task.read(arm.data_in, &mut data)?;
    let rank = kernel.core.profile.cpus.possible.rank(task.cpu()).unwrap_or(0) as u32;
    // The packet that a program of these types sees begins behind the Ethernet header.
    let seen = &data[HEADER as usize..];
    let run = ProgramRun::new(&mut kernel.hw.mem, seen);
    let mut retval = Ok(0);
    for _ in 0..arm.repeat.max(1) {
        let mut frame = run.frame(program);
        retval = drive::program(&kernel.core, &mut kernel.hw, &mut frame, rank)
            .map(|()| frame.returned.unwrap_or(0) as u32);
        run.clean(&mut kernel.hw.mem);
        if retval.is_err() {
            break;
        }
    }
    run.free(&mut kernel.hw.mem);
    answer(task, attr, &arm, &data, retval?)
}

fn check_modelled(arm: &TestRunAttr, core: &Core, program: u32) -> Result<(), Failure> {
    let prog_type = core.program(program).map_or(0, |program| program.prog_type());
    if !matches!(prog_type, 1 | 3 | 4) {
        return Err(Failure::NotModelled(format!("TEST_RUN of program type {prog_type}")));
    }
    if arm.flags != 0 || arm.cpu != 0 || arm.batch_size != 0 || arm.ctx_size_in != 0 {
        return Err(Failure::NotModelled("flags, CPU, batch or context of TEST_RUN".to_owned()));
    }
    Ok(())
}

/// bpf_test_finish(): the packet, its size, the result, the duration.
fn answer(task: &mut dyn Task, attr: &Attr, arm: &TestRunAttr, data: &[u8], retval: u32) -> Answer {
    let room = arm.data_size_out as usize;
    let limited = !arm.data_out.is_null() && room != 0 && room < data.len();
    if !arm.data_out.is_null() {
        let copied = if limited { room } else { data.len() };
        task.write(arm.data_out, &data[..copied])?;
    }
    let mut put = |offset: u64, value: u32| {
        let at = UserAddr(attr.at.0 + offset);
        task.write(at, value.as_bytes())
    };
    put(12, data.len() as u32)?;
    put(4, retval)?;
    // Nothing here takes time.
    put(36, 0)?;
    if limited { Err(Errno::ENOSPC.into()) } else { Ok(0) }
}
