//! Instruction encodings, from the eight bytes of `struct bpf_insn` to a closed set of operations.
//!
//! Source: `include/uapi/linux/bpf.h`, `bpf_common.h`, and the kernel's
//! `Documentation/bpf/standardization/instruction-set.rst`. Decoding says what an encoding *is*;
//! which release accepts it, and what runs it, is decided elsewhere.

mod ask;
pub mod code;
mod decode;

pub use ask::Flow;
pub use decode::{NotAnInsn, decode, decode_at};

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
