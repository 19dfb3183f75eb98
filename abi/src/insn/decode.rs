//! From the eight bytes of an instruction to an operation.

use super::{AluOp, AtomicOp, Callee, Cond, Endian, Imm64, Insn, Op, Operand, Reg, Size, code};
use std::fmt;

/// Why an encoding is none: the position and the reason. What a release *says* about it is the
/// verifier's business.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAnInsn {
    /// Position in the program.
    pub pc: usize,
    /// The opcode byte.
    pub code: u8,
    /// In a few words.
    pub why: &'static str,
}

impl fmt::Display for NotAnInsn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "instruction {} (opcode {:#04x}): {}", self.pc, self.code, self.why)
    }
}

/// Decodes a whole program. The list is as long as the program.
pub fn decode(program: &[Insn]) -> Result<Vec<Op>, NotAnInsn> {
    let mut ops = Vec::with_capacity(program.len());
    while ops.len() < program.len() {
        let pc = ops.len();
        let op = decode_at(program, pc)?;
        ops.push(op);
        if matches!(op, Op::LoadImm64 { .. }) {
            ops.push(Op::Nop);
        }
    }
    Ok(ops)
}

/// Decodes the instruction at `pc`; past the end there is none.
pub fn decode_at(program: &[Insn], pc: usize) -> Result<Op, NotAnInsn> {
    let Some(&insn) = program.get(pc) else {
        return Err(NotAnInsn { pc, code: 0, why: "the program ends before it" });
    };
    let no = |why| NotAnInsn { pc, code: insn.code, why };
    match insn.class() {
        code::BPF_LD => decode_ld(program, pc),
        code::BPF_LDX => decode_ldx(insn).map_err(no),
        code::BPF_ST | code::BPF_STX => decode_store(insn).map_err(no),
        code::BPF_ALU | code::BPF_ALU64 => decode_alu(insn).map_err(no),
        _ => decode_jump(insn).map_err(no),
    }
}

fn dst(insn: Insn) -> Result<Reg, &'static str> {
    Reg::new(insn.dst()).ok_or("the destination is no register")
}

fn src(insn: Insn) -> Result<Reg, &'static str> {
    Reg::new(insn.src()).ok_or("the source is no register")
}

fn operand(insn: Insn) -> Result<Operand, &'static str> {
    if insn.code & code::BPF_X != 0 {
        Ok(Operand::Reg(src(insn)?))
    } else {
        Ok(Operand::Imm(insn.imm))
    }
}

fn decode_ld(program: &[Insn], pc: usize) -> Result<Op, NotAnInsn> {
    let insn = program[pc];
    let no = |why| NotAnInsn { pc, code: insn.code, why };
    let size = Size::of(insn.code);
    match insn.code & 0xe0 {
        code::BPF_IMM if size == Size::Dw => {
            let high = program.get(pc + 1).ok_or(no("the second half is missing"))?;
            if high.code != 0 {
                return Err(no("the second half has an opcode"));
            }
            let dst = dst(insn).map_err(no)?;
            let imm = match insn.src() {
                0 => Imm64::Value((high.imm as u32 as u64) << 32 | insn.imm as u32 as u64),
                code::BPF_PSEUDO_MAP_FD => Imm64::MapFd(insn.imm),
                code::BPF_PSEUDO_MAP_VALUE => {
                    Imm64::MapValue { fd: insn.imm, offset: high.imm as u32 }
                }
                pseudo => Imm64::Other { pseudo, low: insn.imm, high: high.imm },
            };
            Ok(Op::LoadImm64 { dst, imm })
        }
        code::BPF_ABS if size != Size::Dw => Ok(Op::LoadAbs { size, imm: insn.imm }),
        code::BPF_IND if size != Size::Dw => {
            Ok(Op::LoadInd { size, src: src(insn).map_err(no)?, imm: insn.imm })
        }
        _ => Err(no("unknown load mode")),
    }
}

fn decode_ldx(insn: Insn) -> Result<Op, &'static str> {
    let signed = match insn.code & 0xe0 {
        code::BPF_MEM => false,
        code::BPF_MEMSX if Size::of(insn.code) != Size::Dw => true,
        _ => return Err("unknown load mode"),
    };
    let size = Size::of(insn.code);
    Ok(Op::Load { size, signed, dst: dst(insn)?, src: src(insn)?, off: insn.off })
}

fn decode_store(insn: Insn) -> Result<Op, &'static str> {
    let size = Size::of(insn.code);
    let is_stx = insn.class() == code::BPF_STX;
    match insn.code & 0xe0 {
        code::BPF_MEM => {
            let src = if is_stx { Operand::Reg(src(insn)?) } else { Operand::Imm(insn.imm) };
            Ok(Op::Store { size, dst: dst(insn)?, off: insn.off, src })
        }
        code::BPF_ATOMIC if is_stx => decode_atomic(insn, size),
        _ => Err("unknown store mode"),
    }
}

fn decode_atomic(insn: Insn, size: Size) -> Result<Op, &'static str> {
    let (dst, src, off) = (dst(insn)?, src(insn)?, insn.off);
    if insn.imm == code::BPF_LOAD_ACQ {
        return Ok(Op::LoadAcquire { size, dst, src, off });
    }
    if insn.imm == code::BPF_STORE_REL {
        return Ok(Op::StoreRelease { size, dst, off, src });
    }
    if !matches!(size, Size::W | Size::Dw) {
        return Err("atomic operations take four or eight bytes");
    }
    let fetch = insn.imm & code::BPF_FETCH != 0;
    let op = match insn.imm {
        code::BPF_XCHG => AtomicOp::Xchg,
        code::BPF_CMPXCHG => AtomicOp::Cmpxchg,
        other => match other & !code::BPF_FETCH {
            0x00 => AtomicOp::Add,
            0x40 => AtomicOp::Or,
            0x50 => AtomicOp::And,
            0xa0 => AtomicOp::Xor,
            _ => return Err("unknown atomic operation"),
        },
    };
    Ok(Op::Atomic { size, op, fetch, dst, off, src })
}

fn decode_alu(insn: Insn) -> Result<Op, &'static str> {
    let wide = insn.class() == code::BPF_ALU64;
    let reg = dst(insn)?;
    let op = match insn.code & 0xf0 {
        code::BPF_ADD => AluOp::Add,
        code::BPF_SUB => AluOp::Sub,
        code::BPF_MUL => AluOp::Mul,
        code::BPF_DIV if insn.off == 1 => AluOp::Sdiv,
        code::BPF_DIV => AluOp::Div,
        code::BPF_OR => AluOp::Or,
        code::BPF_AND => AluOp::And,
        code::BPF_LSH => AluOp::Lsh,
        code::BPF_RSH => AluOp::Rsh,
        code::BPF_MOD if insn.off == 1 => AluOp::Smod,
        code::BPF_MOD => AluOp::Mod,
        code::BPF_XOR => AluOp::Xor,
        code::BPF_ARSH => AluOp::Arsh,
        code::BPF_MOV if insn.off != 0 && insn.code & code::BPF_X != 0 => {
            let bits = match insn.off {
                8 | 16 => insn.off as u8,
                32 if wide => 32,
                _ => return Err("unknown width of a sign-extending move"),
            };
            return Ok(Op::Movsx { wide, bits, dst: reg, src: src(insn)? });
        }
        code::BPF_MOV => AluOp::Mov,
        code::BPF_NEG => return Ok(Op::Neg { wide, dst: reg }),
        code::BPF_END => return decode_end(insn, reg, wide),
        _ => return Err("unknown arithmetic operation"),
    };
    Ok(Op::Alu { wide, op, dst: reg, src: operand(insn)? })
}

fn decode_end(insn: Insn, dst: Reg, wide: bool) -> Result<Op, &'static str> {
    let order = match (wide, insn.code & code::BPF_X != 0) {
        (false, false) => Endian::Le,
        (false, true) => Endian::Be,
        (true, false) => Endian::Swap,
        (true, true) => return Err("unknown byte order conversion"),
    };
    match insn.imm {
        16 | 32 | 64 => Ok(Op::End { order, bits: insn.imm as u8, dst }),
        _ => Err("byte order conversion takes 16, 32 or 64 bits"),
    }
}

fn decode_jump(insn: Insn) -> Result<Op, &'static str> {
    let wide = insn.class() == code::BPF_JMP;
    let cond = match insn.code & 0xf0 {
        code::BPF_JA if wide => return Ok(Op::Goto { off: insn.off.into(), long: false }),
        code::BPF_JA => return Ok(Op::Goto { off: insn.imm, long: true }),
        code::BPF_CALL if wide && insn.code & code::BPF_X == 0 => return decode_call(insn),
        code::BPF_EXIT if wide && insn.code & code::BPF_X == 0 => return Ok(Op::Exit),
        0xe0 if wide => return Ok(Op::MayGoto { off: insn.off }),
        code::BPF_JEQ => Cond::Eq,
        code::BPF_JNE => Cond::Ne,
        code::BPF_JGT => Cond::Gt,
        code::BPF_JGE => Cond::Ge,
        code::BPF_JLT => Cond::Lt,
        code::BPF_JLE => Cond::Le,
        code::BPF_JSET => Cond::Set,
        code::BPF_JSGT => Cond::Sgt,
        code::BPF_JSGE => Cond::Sge,
        code::BPF_JSLT => Cond::Slt,
        code::BPF_JSLE => Cond::Sle,
        _ => return Err("unknown jump"),
    };
    Ok(Op::Jump { wide, cond, dst: dst(insn)?, src: operand(insn)?, off: insn.off })
}

fn decode_call(insn: Insn) -> Result<Op, &'static str> {
    match insn.src() {
        0 => Ok(Op::Call(Callee::Helper(insn.imm))),
        code::BPF_PSEUDO_CALL => Ok(Op::Call(Callee::Local(insn.imm))),
        code::BPF_PSEUDO_KFUNC_CALL => Ok(Op::Call(Callee::Kfunc(insn.imm))),
        _ => Err("unknown kind of call"),
    }
}
