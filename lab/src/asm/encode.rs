//! Operations to their encodings: the inverse of `bpfsim_abi::insn::decode_at`.

use bpfsim_abi::Insn;
use bpfsim_abi::insn::{
    AluOp, AtomicOp, Callee, Cond, Endian, Imm64, Op, Operand, Reg, Size, code,
};

/// The encoding of `op` with every unused field zero. The second instruction is there for `lddw`
/// only; [`Op::Nop`], which stands for it, encodes to zeros.
pub fn encode(op: &Op) -> (Insn, Option<Insn>) {
    let insn = match *op {
        Op::LoadImm64 { dst, imm } => return load_imm64(dst, imm),
        Op::Nop => Insn::default(),
        Op::Alu { wide, op, dst, src } => alu(wide, op, dst, src),
        Op::Movsx { wide, bits, dst, src } => {
            let code = alu_class(wide) | code::BPF_MOV | code::BPF_X;
            Insn::new(code, number(dst), number(src), bits.into(), 0)
        }
        Op::Neg { wide, dst } => Insn::new(alu_class(wide) | code::BPF_NEG, number(dst), 0, 0, 0),
        Op::End { order, bits, dst } => Insn::new(end(order), number(dst), 0, 0, bits.into()),
        Op::LoadAbs { size, imm } => packet(code::BPF_ABS, size, 0, imm),
        Op::LoadInd { size, src, imm } => packet(code::BPF_IND, size, number(src), imm),
        Op::Load { size, signed, dst, src, off } => {
            let mode = if signed { code::BPF_MEMSX } else { code::BPF_MEM };
            memory(code::BPF_LDX | mode, size, dst, src, off, 0)
        }
        Op::Store { size, dst, off, src } => store(size, dst, off, src),
        Op::Atomic { size, op, fetch, dst, off, src } => {
            memory(ATOMIC, size, dst, src, off, atomic_imm(op, fetch))
        }
        Op::LoadAcquire { size, dst, src, off } => {
            memory(ATOMIC, size, dst, src, off, code::BPF_LOAD_ACQ)
        }
        Op::StoreRelease { size, dst, off, src } => {
            memory(ATOMIC, size, dst, src, off, code::BPF_STORE_REL)
        }
        Op::Jump { wide, cond, dst, src, off } => jump(wide, cond, dst, src, off),
        Op::Goto { off, long: true } => Insn::new(code::BPF_JMP32 | code::BPF_JA, 0, 0, 0, off),
        Op::Goto { off, long: false } => Insn::new(code::BPF_JMP, 0, 0, off as i16, 0),
        Op::MayGoto { off } => Insn::new(MAY_GOTO, 0, 0, off, 0),
        Op::Call(callee) => call(callee),
        Op::Exit => Insn::new(code::BPF_JMP | code::BPF_EXIT, 0, 0, 0, 0),
    };
    (insn, None)
}

/// `BPF_JCOND` of the 64-bit jump class: `may_goto`.
const MAY_GOTO: u8 = code::BPF_JMP | 0xe0;

const ATOMIC: u8 = code::BPF_STX | code::BPF_ATOMIC;

fn number(reg: Reg) -> u8 {
    reg.index() as u8
}

const fn size_bits(size: Size) -> u8 {
    match size {
        Size::B => code::BPF_B,
        Size::H => code::BPF_H,
        Size::W => code::BPF_W,
        Size::Dw => code::BPF_DW,
    }
}

const fn alu_class(wide: bool) -> u8 {
    if wide { code::BPF_ALU64 } else { code::BPF_ALU }
}

/// The `BPF_X` bit, `src_reg` and `imm` of an operand.
fn operand(src: Operand) -> (u8, u8, i32) {
    match src {
        Operand::Reg(reg) => (code::BPF_X, number(reg), 0),
        Operand::Imm(imm) => (code::BPF_K, 0, imm),
    }
}

fn load_imm64(dst: Reg, imm: Imm64) -> (Insn, Option<Insn>) {
    let (src, low, high) = match imm {
        Imm64::Value(value) => (0, value as i32, (value >> 32) as i32),
        Imm64::MapFd(fd) => (code::BPF_PSEUDO_MAP_FD, fd, 0),
        Imm64::MapValue { fd, offset } => (code::BPF_PSEUDO_MAP_VALUE, fd, offset as i32),
        Imm64::Other { pseudo, low, high } => (pseudo, low, high),
    };
    let code = code::BPF_LD | code::BPF_IMM | code::BPF_DW;
    (Insn::new(code, number(dst), src, 0, low), Some(Insn::new(0, 0, 0, 0, high)))
}

fn alu(wide: bool, op: AluOp, dst: Reg, src: Operand) -> Insn {
    let (bits, off) = match op {
        AluOp::Add => (code::BPF_ADD, 0),
        AluOp::Sub => (code::BPF_SUB, 0),
        AluOp::Mul => (code::BPF_MUL, 0),
        AluOp::Div => (code::BPF_DIV, 0),
        AluOp::Sdiv => (code::BPF_DIV, 1),
        AluOp::Or => (code::BPF_OR, 0),
        AluOp::And => (code::BPF_AND, 0),
        AluOp::Lsh => (code::BPF_LSH, 0),
        AluOp::Rsh => (code::BPF_RSH, 0),
        AluOp::Mod => (code::BPF_MOD, 0),
        AluOp::Smod => (code::BPF_MOD, 1),
        AluOp::Xor => (code::BPF_XOR, 0),
        AluOp::Arsh => (code::BPF_ARSH, 0),
        AluOp::Mov => (code::BPF_MOV, 0),
    };
    let (x, src, imm) = operand(src);
    Insn::new(alu_class(wide) | bits | x, number(dst), src, off, imm)
}

const fn end(order: Endian) -> u8 {
    code::BPF_END
        | match order {
            Endian::Le => code::BPF_ALU,
            Endian::Be => code::BPF_ALU | code::BPF_X,
            Endian::Swap => code::BPF_ALU64,
        }
}

fn packet(mode: u8, size: Size, src: u8, imm: i32) -> Insn {
    Insn::new(code::BPF_LD | mode | size_bits(size), 0, src, 0, imm)
}

fn memory(code: u8, size: Size, dst: Reg, src: Reg, off: i16, imm: i32) -> Insn {
    Insn::new(code | size_bits(size), number(dst), number(src), off, imm)
}

fn store(size: Size, dst: Reg, off: i16, src: Operand) -> Insn {
    match src {
        Operand::Reg(src) => memory(code::BPF_STX | code::BPF_MEM, size, dst, src, off, 0),
        Operand::Imm(imm) => {
            let code = code::BPF_ST | code::BPF_MEM | size_bits(size);
            Insn::new(code, number(dst), 0, off, imm)
        }
    }
}

fn atomic_imm(op: AtomicOp, fetch: bool) -> i32 {
    let fetched = if fetch { code::BPF_FETCH } else { 0 };
    match op {
        AtomicOp::Add => i32::from(code::BPF_ADD) | fetched,
        AtomicOp::Or => i32::from(code::BPF_OR) | fetched,
        AtomicOp::And => i32::from(code::BPF_AND) | fetched,
        AtomicOp::Xor => i32::from(code::BPF_XOR) | fetched,
        AtomicOp::Xchg => code::BPF_XCHG,
        AtomicOp::Cmpxchg => code::BPF_CMPXCHG,
    }
}

const fn cond_bits(cond: Cond) -> u8 {
    match cond {
        Cond::Eq => code::BPF_JEQ,
        Cond::Ne => code::BPF_JNE,
        Cond::Gt => code::BPF_JGT,
        Cond::Ge => code::BPF_JGE,
        Cond::Lt => code::BPF_JLT,
        Cond::Le => code::BPF_JLE,
        Cond::Set => code::BPF_JSET,
        Cond::Sgt => code::BPF_JSGT,
        Cond::Sge => code::BPF_JSGE,
        Cond::Slt => code::BPF_JSLT,
        Cond::Sle => code::BPF_JSLE,
    }
}

fn jump(wide: bool, cond: Cond, dst: Reg, src: Operand, off: i16) -> Insn {
    let class = if wide { code::BPF_JMP } else { code::BPF_JMP32 };
    let (x, src, imm) = operand(src);
    Insn::new(class | cond_bits(cond) | x, number(dst), src, off, imm)
}

fn call(callee: Callee) -> Insn {
    let (src, imm) = match callee {
        Callee::Helper(id) => (0, id),
        Callee::Local(off) => (code::BPF_PSEUDO_CALL, off),
        Callee::Kfunc(id) => (code::BPF_PSEUDO_KFUNC_CALL, id),
    };
    Insn::new(code::BPF_JMP | code::BPF_CALL, 0, src, 0, imm)
}
