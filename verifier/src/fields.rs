//! Encodings: which opcodes a release knows, and which fields must be zero.
//!
//! Everything here looks at the eight bytes of an instruction, before anything is decoded, since
//! the kernel's messages name fields and not operations.

use bpfsim_abi::insn::{Callee, Imm64, Insn, Op, code};

use crate::era::Era;
use crate::rules::{self, No};

const X: u8 = code::BPF_X;

/// What the first pass over the program asks of every instruction.
pub(crate) fn opcode(era: Era, insn: Insn) -> Result<(), No> {
    let mode = insn.code & 0xe0;
    let signed = mode == code::BPF_MEMSX && era.since(6, 6);
    match insn.class() {
        code::BPF_LDX if mode != code::BPF_MEM && !signed || insn.imm != 0 => {
            return Err(rules::reserved("BPF_LDX"));
        }
        // Since v5.12 (91c960b00566) the walk asks, since the immediate of an atomic counts.
        code::BPF_STX if !era.since(5, 12) => {
            let known = mode == code::BPF_MEM || mode == code::BPF_ATOMIC;
            zero("BPF_STX", known && insn.imm == 0)?;
        }
        _ => {}
    }
    // The table of opcodes is asked since v4.16 (5e581dad4fec).
    if era.since(4, 16) && !is_known(era, insn.code) {
        return Err(rules::unknown_opcode(insn.code));
    }
    Ok(())
}

/// The opcode is in the release's table of public instructions.
fn is_known(era: Era, byte: u8) -> bool {
    let (op, size, mode) = (byte & 0xf0, byte & 0x18, byte & 0xe0);
    match byte & 0x07 {
        code::BPF_LD => match mode {
            code::BPF_IMM => size == code::BPF_DW,
            code::BPF_ABS | code::BPF_IND => size != code::BPF_DW,
            _ => false,
        },
        code::BPF_LDX => mode == code::BPF_MEM || mode == code::BPF_MEMSX && size != code::BPF_DW,
        code::BPF_ST => mode == code::BPF_MEM,
        code::BPF_STX => {
            let word = size == code::BPF_W || size == code::BPF_DW || era.since(6, 15);
            mode == code::BPF_MEM || mode == code::BPF_ATOMIC && word
        }
        class @ (code::BPF_ALU | code::BPF_ALU64) => match op {
            code::BPF_NEG => byte & X == 0,
            code::BPF_ARSH => class == code::BPF_ALU64 || era.since(5, 0),
            code::BPF_END => class == code::BPF_ALU || byte & X == 0 && era.since(6, 6),
            _ => op < code::BPF_END,
        },
        code::BPF_JMP32 => match op {
            code::BPF_JA => byte & X == 0 && era.since(6, 6),
            code::BPF_CALL | code::BPF_EXIT => false,
            _ => op <= code::BPF_JSLE && era.since(5, 1),
        },
        _ => match op {
            code::BPF_JA | code::BPF_CALL | code::BPF_EXIT => byte & X == 0,
            0xe0 => byte & X == 0 && era.since(6, 9),
            _ => op <= code::BPF_JSLE,
        },
    }
}

/// What the walk asks of an instruction when it comes by, before it looks at registers.
pub(crate) fn reserved(era: Era, insn: Insn) -> Result<(), No> {
    match insn.class() {
        code::BPF_LD => ld(era, insn),
        // The first pass has asked all there is to ask.
        code::BPF_LDX => Ok(()),
        code::BPF_ST => zero("BPF_ST", insn.code & 0xe0 == code::BPF_MEM && insn.src() == 0),
        code::BPF_STX => stx(era, insn),
        code::BPF_ALU | code::BPF_ALU64 => alu(era, insn),
        code::BPF_JMP32 if !era.since(5, 1) => Err(rules::plain("unknown insn class 6")),
        _ => jump(era, insn),
    }
}

fn zero(name: &str, is_zero: bool) -> Result<(), No> {
    if is_zero { Ok(()) } else { Err(rules::reserved(name)) }
}

fn ld(era: Era, insn: Insn) -> Result<(), No> {
    let size = insn.code & 0x18;
    match insn.code & 0xe0 {
        code::BPF_IMM if size != code::BPF_DW => Err(rules::plain("invalid BPF_LD_IMM insn")),
        code::BPF_IMM => zero("BPF_LD_IMM64", insn.off == 0),
        mode @ (code::BPF_ABS | code::BPF_IND) => {
            let name = if era.since(4, 14) { "BPF_LD_[ABS|IND]" } else { "BPF_LD_ABS" };
            let src_is_free = mode == code::BPF_IND || insn.src() == 0;
            let rest = insn.dst() == 0 && insn.off == 0 && size != code::BPF_DW;
            zero(name, src_is_free && rest)
        }
        _ => Err(rules::plain("invalid BPF_LD mode")),
    }
}

fn stx(era: Era, insn: Insn) -> Result<(), No> {
    if insn.code & 0xe0 != code::BPF_ATOMIC {
        return zero("BPF_STX", insn.code & 0xe0 == code::BPF_MEM && insn.imm == 0);
    }
    let size = insn.code & 0x18;
    let word = size == code::BPF_W || size == code::BPF_DW;
    if !era.since(5, 12) {
        return zero("BPF_XADD", word && insn.imm == 0);
    }
    let ordered = insn.imm == code::BPF_LOAD_ACQ || insn.imm == code::BPF_STORE_REL;
    if ordered && era.since(6, 15) {
        return Ok(());
    }
    let known = matches!(insn.imm & !code::BPF_FETCH, 0x00 | 0x40 | 0x50 | 0xa0)
        || matches!(insn.imm, code::BPF_XCHG | code::BPF_CMPXCHG);
    if !known {
        return Err(rules::plain(&format!(
            "BPF_ATOMIC uses invalid atomic opcode {:02x}",
            insn.imm
        )));
    }
    if word { Ok(()) } else { Err(rules::plain("invalid atomic operand size")) }
}

fn alu(era: Era, insn: Insn) -> Result<(), No> {
    let wide = insn.class() == code::BPF_ALU64;
    let from_reg = insn.code & X != 0;
    let op = insn.code & 0xf0;
    let v6_6 = era.since(6, 6);
    match op {
        code::BPF_NEG => {
            let rest = insn.src() == 0 && insn.off == 0 && insn.imm == 0;
            zero("BPF_NEG", !from_reg && rest)
        }
        code::BPF_END => {
            let bits = matches!(insn.imm, 16 | 32 | 64);
            let class = !wide || v6_6 && !from_reg;
            zero("BPF_END", insn.src() == 0 && insn.off == 0 && bits && class)
        }
        code::BPF_MOV if from_reg => {
            let signs = matches!(insn.off, 8 | 16) || wide && insn.off == 32;
            zero("BPF_MOV", insn.imm == 0 && (insn.off == 0 || v6_6 && signs))
        }
        code::BPF_MOV => zero("BPF_MOV", insn.src() == 0 && insn.off == 0),
        _ if op > code::BPF_END => Err(rules::plain(&format!("invalid BPF_ALU opcode {op:x}"))),
        _ => {
            let divides = matches!(op, code::BPF_DIV | code::BPF_MOD);
            let off = insn.off == 0 || insn.off == 1 && divides && v6_6;
            let other = if from_reg { insn.imm == 0 } else { insn.src() == 0 };
            zero("BPF_ALU", off && other)
        }
    }
}

fn jump(era: Era, insn: Insn) -> Result<(), No> {
    let from_imm = insn.code & X == 0;
    let (op, narrow) = (insn.code & 0xf0, insn.class() == code::BPF_JMP32);
    let no_regs = insn.src() == 0 && insn.dst() == 0;
    match op {
        code::BPF_CALL => {
            let src = match insn.src() {
                0 => true,
                code::BPF_PSEUDO_CALL => era.since(4, 16),
                code::BPF_PSEUDO_KFUNC_CALL => era.since(5, 13),
                _ => false,
            };
            let off = insn.off == 0 || insn.src() == code::BPF_PSEUDO_KFUNC_CALL;
            zero("BPF_CALL", from_imm && off && src && insn.dst() == 0)
        }
        code::BPF_JA if narrow => zero("BPF_JA", from_imm && insn.off == 0 && no_regs),
        code::BPF_JA => zero("BPF_JA", from_imm && insn.imm == 0 && no_regs),
        code::BPF_EXIT => zero("BPF_EXIT", from_imm && insn.imm == 0 && no_regs),
        // may_goto is refused by name later.
        0xe0 if era.since(6, 9) => Ok(()),
        // JLT and its like came with v4.14 (92b31a9af73b).
        _ if op > code::BPF_EXIT && !era.since(4, 14) || op > code::BPF_JSLE => {
            Err(rules::plain(&format!("invalid BPF_JMP opcode {op:x}")))
        }
        _ => {
            let name = if era.since(5, 1) { "BPF_JMP/JMP32" } else { "BPF_JMP" };
            zero(name, if from_imm { insn.src() == 0 } else { insn.imm == 0 })
        }
    }
}

/// The registers that an instruction names and that do not exist, the source first.
pub(crate) fn registers(insn: Insn) -> Result<(), No> {
    let from_reg = match insn.class() {
        code::BPF_LDX | code::BPF_STX => true,
        code::BPF_LD => insn.code & 0xe0 == code::BPF_IND,
        code::BPF_ST => false,
        _ => insn.code & X != 0,
    };
    if from_reg && insn.src() > 10 {
        return Err(rules::invalid_register(insn.src()));
    }
    if insn.dst() > 10 {
        return Err(rules::invalid_register(insn.dst()));
    }
    Ok(())
}

/// Refuses by name what later releases have and this verifier does not judge.
pub(crate) fn modelled(op: Op) -> Result<(), No> {
    let what = match op {
        Op::Call(Callee::Local(_)) => "calls between BPF functions (v4.16)",
        Op::Call(Callee::Kfunc(_)) => "calls of kernel functions (v5.13)",
        Op::MayGoto { .. } => "may_goto (v6.9)",
        Op::LoadImm64 { imm: Imm64::Other { .. }, .. } => {
            "64-bit immediates that stand for BTF ids, functions or fd arrays (v5.6 to v5.14)"
        }
        Op::LoadImm64 {
            imm: Imm64::Value(_) | Imm64::MapFd(_) | Imm64::MapValue { .. }, ..
        }
        | Op::Call(Callee::Helper(_))
        | Op::Alu { .. }
        | Op::Movsx { .. }
        | Op::Neg { .. }
        | Op::End { .. }
        | Op::Nop
        | Op::LoadAbs { .. }
        | Op::LoadInd { .. }
        | Op::Load { .. }
        | Op::Store { .. }
        | Op::Atomic { .. }
        | Op::LoadAcquire { .. }
        | Op::StoreRelease { .. }
        | Op::Jump { .. }
        | Op::Goto { .. }
        | Op::Exit => return Ok(()),
    };
    Err(No::not_modelled(what))
}
