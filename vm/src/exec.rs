//! The interpreter: one instruction after the other, stopping where the gate is shut.

use crate::World;
use crate::alu;
use crate::frame::Frame;
use bpfsim_abi::insn::{AtomicOp, Callee, Imm64, Op, Operand, Reg, Size};
use bpfsim_sim::{Cx, Place, Step, Wild, Yield};

/// What a program holds for a map: no place, and nothing that an access accepts.
const MAP_POINTER: u64 = 0xffff_ff00 << 32;

/// What became of one instruction.
pub(crate) enum Next {
    /// Go on with the next one.
    Step,
    /// Jump by this distance, counted from the next one.
    Jump(i32),
    /// The program has returned.
    Exit,
    /// Not now, or never.
    Halt(Yield),
}

impl From<Result<Next, Next>> for Next {
    fn from(result: Result<Next, Next>) -> Self {
        match result {
            Ok(next) | Err(next) => next,
        }
    }
}

impl Frame {
    /// Runs as far as the gate allows. `Done`: see [`Frame::returned`].
    pub fn run(&mut self, world: &dyn World, cx: &mut Cx<'_>) -> Yield {
        self.run_seen(world, cx, &mut |_| ())
    }

    /// The same, and shows every instruction before it is executed: once each, a helper that goes
    /// on after it was stopped not again.
    pub fn run_seen(
        &mut self,
        world: &dyn World,
        cx: &mut Cx<'_>,
        seen: &mut impl FnMut(Op),
    ) -> Yield {
        let ops = world.program(self.program).ops();
        loop {
            let next = match self.op {
                Some(_) => self.resume(world, cx),
                None => {
                    let op = &ops[self.pc as usize];
                    seen(*op);
                    self.exec(op, world, cx)
                }
            };
            match next {
                Next::Step => self.pc += 1,
                Next::Jump(off) => self.pc = (self.pc as i32 + 1 + off) as u32,
                Next::Exit => {
                    self.returned = Some(self.regs[0]);
                    return Yield::Done;
                }
                Next::Halt(yielded) => return yielded,
            }
        }
    }

    #[inline]
    pub(crate) fn reg(&self, reg: Reg) -> u64 {
        self.regs[reg.index()]
    }

    #[inline]
    fn operand(&self, operand: Operand) -> u64 {
        match operand {
            Operand::Reg(reg) => self.reg(reg),
            Operand::Imm(imm) => i64::from(imm) as u64,
        }
    }

    #[inline]
    fn set(&mut self, reg: Reg, value: u64) -> Next {
        self.regs[reg.index()] = value;
        Next::Step
    }

    #[inline]
    fn exec(&mut self, op: &Op, world: &dyn World, cx: &mut Cx<'_>) -> Next {
        match *op {
            Op::Alu { wide, op, dst, src } => {
                self.set(dst, alu::alu(op, wide, self.reg(dst), self.operand(src)))
            }
            Op::Movsx { wide, bits, dst, src } => {
                let value = alu::sign_extend(self.reg(src), bits.into());
                self.set(dst, if wide { value } else { u64::from(value as u32) })
            }
            Op::Neg { wide, dst } => {
                let value = self.reg(dst).wrapping_neg();
                self.set(dst, if wide { value } else { u64::from(value as u32) })
            }
            Op::End { order, bits, dst } => self.set(dst, alu::end(order, bits, self.reg(dst))),
            Op::LoadImm64 { dst, imm } => {
                let value = match imm {
                    Imm64::Value(value) => value,
                    Imm64::MapFd(handle) => MAP_POINTER | u64::from(handle as u32),
                    Imm64::MapValue { fd, offset } => {
                        let map = world.map(fd as u32);
                        let value = map.and_then(|map| map.first_value());
                        value.unwrap_or(Place::NULL).plus(offset.into()).0
                    }
                    // The verifier lets no other kind through.
                    Imm64::Other { .. } => 0,
                };
                self.set(dst, value)
            }
            Op::Nop => Next::Step,
            Op::LoadAbs { size, imm } => self.packet(size, imm.into(), cx),
            Op::LoadInd { size, src, imm } => {
                let offset = i64::from(self.reg(src) as u32 as i32) + i64::from(imm);
                self.packet(size, offset, cx)
            }
            Op::Load { size, signed, dst, src, off } => {
                self.load(size, signed, dst, self.place(src, off), cx).into()
            }
            Op::LoadAcquire { size, dst, src, off } => {
                self.load(size, false, dst, self.place(src, off), cx).into()
            }
            Op::Store { size, dst, off, src } => {
                self.store(size, self.place(dst, off), self.operand(src), cx).into()
            }
            Op::StoreRelease { size, dst, off, src } => {
                self.store(size, self.place(dst, off), self.reg(src), cx).into()
            }
            Op::Atomic { size, op, fetch, dst, off, src } => {
                self.atomic(size, op, fetch, self.place(dst, off), src, cx).into()
            }
            Op::Jump { wide, cond, dst, src, off } => {
                let taken = alu::taken(cond, wide, self.reg(dst), self.operand(src));
                if taken { Next::Jump(off.into()) } else { Next::Step }
            }
            Op::Goto { off, .. } => Next::Jump(off),
            // Its budget of eight million rounds is not modelled: the loop goes on.
            Op::MayGoto { .. } => Next::Step,
            Op::Call(Callee::Helper(id)) => self.call(id, world, cx),
            // The verifier lets none of these through.
            Op::Call(Callee::Local(_) | Callee::Kfunc(_)) => {
                Next::Halt(Yield::Trapped(Wild(Place(0))))
            }
            Op::Exit => Next::Exit,
        }
    }

    #[inline]
    fn place(&self, base: Reg, off: i16) -> Place {
        Place(self.reg(base)).plus(i64::from(off) as u64)
    }

    #[inline]
    fn load(
        &mut self,
        size: Size,
        signed: bool,
        dst: Reg,
        at: Place,
        cx: &mut Cx<'_>,
    ) -> Result<Next, Next> {
        let bytes = size.bytes();
        pass(cx, Step::Load { at, bytes })?;
        let value = cx.hw.mem.load(at, bytes).map_err(trapped)?;
        Ok(self.set(dst, if signed { alu::sign_extend(value, bytes * 8) } else { value }))
    }

    #[inline]
    fn store(&mut self, size: Size, at: Place, value: u64, cx: &mut Cx<'_>) -> Result<Next, Next> {
        let bytes = size.bytes();
        pass(cx, Step::Store { at, bytes })?;
        cx.hw.mem.store(at, bytes, value).map_err(trapped)?;
        Ok(Next::Step)
    }

    fn atomic(
        &mut self,
        size: Size,
        op: AtomicOp,
        fetch: bool,
        at: Place,
        src: Reg,
        cx: &mut Cx<'_>,
    ) -> Result<Next, Next> {
        let bytes = size.bytes();
        pass(cx, Step::Atomic { at, bytes })?;
        let old = cx.hw.mem.load(at, bytes).map_err(trapped)?;
        let by = self.reg(src);
        let narrow = |value: u64| if size == Size::W { u64::from(value as u32) } else { value };
        let new = match op {
            AtomicOp::Add => old.wrapping_add(by),
            AtomicOp::Or => old | by,
            AtomicOp::And => old & by,
            AtomicOp::Xor => old ^ by,
            AtomicOp::Xchg => by,
            AtomicOp::Cmpxchg if narrow(self.regs[0]) == old => by,
            AtomicOp::Cmpxchg => old,
        };
        cx.hw.mem.store(at, bytes, new).map_err(trapped)?;
        match op {
            AtomicOp::Cmpxchg => self.regs[0] = old,
            AtomicOp::Add | AtomicOp::Or | AtomicOp::And | AtomicOp::Xor | AtomicOp::Xchg => {
                if fetch {
                    self.regs[src.index()] = old;
                }
            }
        }
        Ok(Next::Step)
    }

    /// LD_ABS and LD_IND: packet bytes in network order; past the end the program returns 0.
    fn packet(&mut self, size: Size, offset: i64, cx: &mut Cx<'_>) -> Next {
        let bytes = i64::from(size.bytes());
        let fits = offset >= 0 && offset + bytes <= i64::from(self.packet.len);
        let load = |at: u64| cx.hw.mem.load(self.packet.at.plus(at), 1).unwrap_or(0);
        if !fits {
            self.regs[0] = 0;
            return Next::Exit;
        }
        let value = (0..bytes).fold(0, |value, i| value << 8 | load((offset + i) as u64));
        self.forget_arguments();
        self.set(Reg::R0, value)
    }

    /// r1 to r5 mean nothing after a call.
    pub(crate) fn forget_arguments(&mut self) {
        self.regs[1..=5].fill(0);
    }

    /// The handle behind a map pointer.
    pub(crate) fn map_handle(pointer: u64) -> u32 {
        pointer as u32
    }
}

fn pass(cx: &mut Cx<'_>, step: Step) -> Result<(), Next> {
    if cx.pass(step) { Ok(()) } else { Err(Next::Halt(Yield::Stopped)) }
}

fn trapped(wild: Wild) -> Next {
    Next::Halt(Yield::Trapped(wild))
}
