//! The state of a running program.

use crate::World;
use crate::helpers::has_answer;
use bpfsim_abi::insn::{self, Callee};
use bpfsim_maps::Op;
use bpfsim_sim::{Memory, Place, RegionId};

/// Bytes of a program's stack: `MAX_BPF_STACK`.
pub const STACK_BYTES: u32 = 512;

/// The packet that a program of the packet kinds works on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Packet {
    /// First byte.
    pub at: Place,
    /// In bytes.
    pub len: u32,
}

/// A program in the middle of its run: registers, position, and a helper that has begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Which program.
    pub program: u32,
    /// Next instruction.
    pub pc: u32,
    /// r0 to r10.
    pub regs: [u64; 11],
    /// The helper that has begun: the map and the operation.
    pub op: Option<(u32, Op)>,
    /// For the packet loads.
    pub packet: Packet,
    /// Random numbers drawn so far.
    pub drawn: u32,
    /// Set when the run has ended: what r0 held.
    pub returned: Option<u64>,
}

impl Frame {
    /// A program that has not begun, with its context in r1 and a stack of its own.
    pub fn new(program: u32, stack: RegionId, ctx: Place, packet: Packet) -> Self {
        let mut regs = [0; 11];
        regs[1] = ctx.0;
        regs[10] = Place::new(stack, STACK_BYTES).0;
        Self { program, pc: 0, regs, op: None, packet, drawn: 0, returned: None }
    }

    /// A private region for a stack.
    pub fn stack(memory: &mut Memory) -> RegionId {
        memory.add_private(STACK_BYTES as usize / 8)
    }

    /// The kernel's own helper that the next instruction calls, where nobody here knows what it
    /// answers.
    pub fn unanswered(&self, world: &dyn World) -> Option<i32> {
        let Some(insn::Op::Call(Callee::Helper(id))) =
            world.program(self.program).ops().get(self.pc as usize)
        else {
            return None;
        };
        let own = world.series().is_some_and(|series| series.helper(*id).is_some());
        (!own && !has_answer(*id)).then_some(*id)
    }

    /// Feeds everything that tells two runs apart, the stack excepted: that is memory.
    pub fn encode(&self, out: &mut Vec<u64>) {
        out.extend_from_slice(&self.regs[..10]);
        out.push(u64::from(self.program) << 32 | u64::from(self.pc));
        out.push(u64::from(self.drawn) << 2 | u64::from(self.op.is_some()));
        if let Some((map, op)) = &self.op {
            out.push((*map).into());
            op.encode(out);
        }
    }
}
