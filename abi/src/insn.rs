//! Instruction encodings, from the eight bytes of `struct bpf_insn` to a closed set of operations.
//!
//! Source: `include/uapi/linux/bpf.h`, `bpf_common.h`, and the kernel's
//! `Documentation/bpf/standardization/instruction-set.rst`. Decoding says what an encoding *is*;
//! which release accepts it, and what runs it, is decided elsewhere.

use std::fmt;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// `struct bpf_insn`: eight bytes, little endian. A 64-bit immediate takes two of them.
#[repr(C)]
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, FromBytes, Immutable, IntoBytes, KnownLayout,
)]
pub struct Insn {
    /// Class in the low three bits; the rest depends on the class.
    pub code: u8,
    /// `dst_reg` in the low four bits, `src_reg` in the high four.
    pub regs: u8,
    /// Jump distance in instructions, or displacement of a memory access in bytes.
    pub off: i16,
    /// Immediate operand.
    pub imm: i32,
}

impl Insn {
    /// An instruction from its five fields.
    pub const fn new(code: u8, dst: u8, src: u8, off: i16, imm: i32) -> Self {
        Self { code, regs: (dst & 0xf) | (src << 4), off, imm }
    }

    /// `dst_reg`, 0 to 15.
    pub const fn dst(self) -> u8 {
        self.regs & 0xf
    }

    /// `src_reg`, 0 to 15.
    pub const fn src(self) -> u8 {
        self.regs >> 4
    }

    /// The instruction class, `BPF_CLASS(code)`.
    pub const fn class(self) -> u8 {
        self.code & 0x07
    }
}

/// Instruction classes, size and mode modifiers, operations: the names of the uapi headers.
#[expect(missing_docs, reason = "names of the uapi header, documented there")]
pub mod code {
    pub const BPF_LD: u8 = 0x00;
    pub const BPF_LDX: u8 = 0x01;
    pub const BPF_ST: u8 = 0x02;
    pub const BPF_STX: u8 = 0x03;
    pub const BPF_ALU: u8 = 0x04;
    pub const BPF_JMP: u8 = 0x05;
    pub const BPF_JMP32: u8 = 0x06;
    pub const BPF_ALU64: u8 = 0x07;

    pub const BPF_W: u8 = 0x00;
    pub const BPF_H: u8 = 0x08;
    pub const BPF_B: u8 = 0x10;
    pub const BPF_DW: u8 = 0x18;

    pub const BPF_IMM: u8 = 0x00;
    pub const BPF_ABS: u8 = 0x20;
    pub const BPF_IND: u8 = 0x40;
    pub const BPF_MEM: u8 = 0x60;
    pub const BPF_MEMSX: u8 = 0x80;
    pub const BPF_ATOMIC: u8 = 0xc0;

    pub const BPF_K: u8 = 0x00;
    pub const BPF_X: u8 = 0x08;

    pub const BPF_ADD: u8 = 0x00;
    pub const BPF_SUB: u8 = 0x10;
    pub const BPF_MUL: u8 = 0x20;
    pub const BPF_DIV: u8 = 0x30;
    pub const BPF_OR: u8 = 0x40;
    pub const BPF_AND: u8 = 0x50;
    pub const BPF_LSH: u8 = 0x60;
    pub const BPF_RSH: u8 = 0x70;
    pub const BPF_NEG: u8 = 0x80;
    pub const BPF_MOD: u8 = 0x90;
    pub const BPF_XOR: u8 = 0xa0;
    pub const BPF_MOV: u8 = 0xb0;
    pub const BPF_ARSH: u8 = 0xc0;
    pub const BPF_END: u8 = 0xd0;

    pub const BPF_JA: u8 = 0x00;
    pub const BPF_JEQ: u8 = 0x10;
    pub const BPF_JGT: u8 = 0x20;
    pub const BPF_JGE: u8 = 0x30;
    pub const BPF_JSET: u8 = 0x40;
    pub const BPF_JNE: u8 = 0x50;
    pub const BPF_JSGT: u8 = 0x60;
    pub const BPF_JSGE: u8 = 0x70;
    pub const BPF_CALL: u8 = 0x80;
    pub const BPF_EXIT: u8 = 0x90;
    pub const BPF_JLT: u8 = 0xa0;
    pub const BPF_JLE: u8 = 0xb0;
    pub const BPF_JSLT: u8 = 0xc0;
    pub const BPF_JSLE: u8 = 0xd0;

    pub const BPF_FETCH: i32 = 0x01;
    pub const BPF_XCHG: i32 = 0xe1;
    pub const BPF_CMPXCHG: i32 = 0xf1;
    pub const BPF_LOAD_ACQ: i32 = 0x100;
    pub const BPF_STORE_REL: i32 = 0x110;

    pub const BPF_PSEUDO_MAP_FD: u8 = 1;
    pub const BPF_PSEUDO_MAP_VALUE: u8 = 2;
    pub const BPF_PSEUDO_BTF_ID: u8 = 3;
    pub const BPF_PSEUDO_FUNC: u8 = 4;
    pub const BPF_PSEUDO_MAP_IDX: u8 = 5;
    pub const BPF_PSEUDO_MAP_IDX_VALUE: u8 = 6;
    pub const BPF_PSEUDO_CALL: u8 = 1;
    pub const BPF_PSEUDO_KFUNC_CALL: u8 = 2;
}

/// A register, r0 to r10.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reg(u8);

impl Reg {
    /// Return value and scratch.
    pub const R0: Reg = Reg(0);
    /// First argument; the context at entry.
    pub const R1: Reg = Reg(1);
    /// Frame pointer, read-only.
    pub const R10: Reg = Reg(10);
    /// How many registers there are.
    pub const COUNT: usize = 11;

    /// Register `number`, if there is one.
    pub const fn new(number: u8) -> Option<Reg> {
        if number <= 10 { Some(Reg(number)) } else { None }
    }

    /// 0 to 10.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

impl fmt::Display for Reg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "r{}", self.0)
    }
}

/// The width of a memory access.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Size {
    /// One byte, `BPF_B`.
    B = 1,
    /// Two bytes, `BPF_H`.
    H = 2,
    /// Four bytes, `BPF_W`.
    W = 4,
    /// Eight bytes, `BPF_DW`.
    Dw = 8,
}

impl Size {
    /// In bytes.
    pub const fn bytes(self) -> u32 {
        self as u32
    }

    const fn of(code: u8) -> Size {
        match code & 0x18 {
            code::BPF_W => Size::W,
            code::BPF_H => Size::H,
            code::BPF_B => Size::B,
            _ => Size::Dw,
        }
    }
}

/// The second operand: a register, or an immediate that is sign-extended to 64 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operand {
    /// `BPF_X`.
    Reg(Reg),
    /// `BPF_K`.
    Imm(i32),
}

/// Binary arithmetic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the operations of the instruction set")]
pub enum AluOp {
    Add,
    Sub,
    Mul,
    Div,
    /// Signed division, v6.6.
    Sdiv,
    Or,
    And,
    Lsh,
    Rsh,
    Mod,
    /// Signed modulo, v6.6.
    Smod,
    Xor,
    Arsh,
    Mov,
}

/// Comparison of a conditional jump.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the operations of the instruction set")]
pub enum Cond {
    Eq,
    Ne,
    Gt,
    Ge,
    Lt,
    Le,
    Set,
    Sgt,
    Sge,
    Slt,
    Sle,
}

/// Byte order conversion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Endian {
    /// To little endian: truncates only, on these machines.
    Le,
    /// To big endian: swaps, on these machines.
    Be,
    /// Swaps always, v6.6.
    Swap,
}

/// Read-modify-write operations; `xadd` of v4.x is `Add` without fetch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the operations of the instruction set")]
pub enum AtomicOp {
    Add,
    Or,
    And,
    Xor,
    Xchg,
    Cmpxchg,
}

/// What the 64-bit immediate of `lddw` stands for: `src_reg` of the first half.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Imm64 {
    /// A plain number.
    Value(u64),
    /// `BPF_PSEUDO_MAP_FD`: the map behind this fd.
    MapFd(i32),
    /// `BPF_PSEUDO_MAP_VALUE`: byte `offset` of the value of the map behind `fd` (v5.2).
    MapValue {
        /// File descriptor of the map.
        fd: i32,
        /// Byte offset into its first value.
        offset: u32,
    },
    /// Any later pseudo source register, decoded and not resolved: BTF ids, functions, fd arrays.
    Other {
        /// `src_reg`.
        pseudo: u8,
        /// Low immediate.
        low: i32,
        /// High immediate.
        high: i32,
    },
}

/// Who is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Callee {
    /// Helper by number.
    Helper(i32),
    /// A function of the same program, by distance (v4.16).
    Local(i32),
    /// A kernel function by BTF id (v5.13).
    Kfunc(i32),
}

/// One decoded operation. `Nop` fills the second slot of a 64-bit immediate, so that positions in
/// the decoded list are positions in the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    /// `dst = dst op src`, 64 bits wide or 32 with the upper half cleared.
    Alu {
        /// 64-bit when true.
        wide: bool,
        /// Operation.
        op: AluOp,
        /// Destination and first operand.
        dst: Reg,
        /// Second operand.
        src: Operand,
    },
    /// Sign-extending move of the low `bits` bits (v6.6).
    Movsx {
        /// 64-bit result when true.
        wide: bool,
        /// 8, 16 or 32.
        bits: u8,
        /// Destination.
        dst: Reg,
        /// Source.
        src: Reg,
    },
    /// `dst = -dst`.
    Neg {
        /// 64-bit when true.
        wide: bool,
        /// Destination.
        dst: Reg,
    },
    /// Byte order conversion of the low `bits` bits.
    End {
        /// Which order.
        order: Endian,
        /// 16, 32 or 64.
        bits: u8,
        /// Destination.
        dst: Reg,
    },
    /// `lddw`: takes two slots.
    LoadImm64 {
        /// Destination.
        dst: Reg,
        /// What is loaded.
        imm: Imm64,
    },
    /// The second slot of `lddw`.
    Nop,
    /// `r0 = *(size *)skb[imm]`, big endian packet bytes.
    LoadAbs {
        /// Width, at most four bytes.
        size: Size,
        /// Offset in the packet.
        imm: i32,
    },
    /// `r0 = *(size *)skb[src + imm]`.
    LoadInd {
        /// Width, at most four bytes.
        size: Size,
        /// Register part of the offset.
        src: Reg,
        /// Constant part.
        imm: i32,
    },
    /// `dst = *(size *)(src + off)`.
    Load {
        /// Width.
        size: Size,
        /// Sign-extends (v6.6).
        signed: bool,
        /// Destination.
        dst: Reg,
        /// Base.
        src: Reg,
        /// Displacement in bytes.
        off: i16,
    },
    /// `*(size *)(dst + off) = src`.
    Store {
        /// Width.
        size: Size,
        /// Base.
        dst: Reg,
        /// Displacement in bytes.
        off: i16,
        /// What is stored.
        src: Operand,
    },
    /// Atomic read-modify-write of four or eight bytes.
    Atomic {
        /// `W` or `Dw`.
        size: Size,
        /// Operation.
        op: AtomicOp,
        /// The old value lands in `src` (in r0 for `Cmpxchg`). v5.12.
        fetch: bool,
        /// Base.
        dst: Reg,
        /// Displacement in bytes.
        off: i16,
        /// Operand.
        src: Reg,
    },
    /// Load-acquire (v6.15).
    LoadAcquire {
        /// Width.
        size: Size,
        /// Destination.
        dst: Reg,
        /// Base.
        src: Reg,
        /// Displacement.
        off: i16,
    },
    /// Store-release (v6.15).
    StoreRelease {
        /// Width.
        size: Size,
        /// Base.
        dst: Reg,
        /// Displacement.
        off: i16,
        /// What is stored.
        src: Reg,
    },
    /// Conditional jump; the target is `pc + 1 + off`.
    Jump {
        /// Compares 64 bits when true, 32 (v5.1) otherwise.
        wide: bool,
        /// Comparison.
        cond: Cond,
        /// First operand.
        dst: Reg,
        /// Second operand.
        src: Operand,
        /// Distance.
        off: i16,
    },
    /// Unconditional jump; 32-bit distance (`gotol`) since v6.6.
    Goto {
        /// Distance.
        off: i32,
        /// Written as `gotol`.
        long: bool,
    },
    /// `may_goto` (v6.9): `BPF_JCOND`.
    MayGoto {
        /// Distance.
        off: i16,
    },
    /// Function call.
    Call(Callee),
    /// Return r0.
    Exit,
}

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

/// Decodes the instruction at `pc`.
pub fn decode_at(program: &[Insn], pc: usize) -> Result<Op, NotAnInsn> {
    let insn = program[pc];
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
