//! Instructions to text, as `llvm-objdump -d` writes them.
//!
//! LLVM 14 without `--mcpu` is the model: registers of loads and stores are `r`, whatever the
//! width; numbers are signed decimals. 32-bit fetching atomics, which that disassembler does not
//! know, look as with `--mattr=+alu32`; later instructions look as in LLVM 20.

use super::{Program, encode};
use bpfsim_abi::Insn;
use bpfsim_abi::insn::{AtomicOp, Callee, Endian, Imm64, Op, Operand, Reg, Size, decode_at};
use std::fmt::Write as _;

/// The whole program, one instruction a line, each line indented by two blanks. [`super::assemble`]
/// gives the same instructions again, given the same maps.
pub fn to_text(program: &Program) -> String {
    let mut text = String::new();
    let mut pc = 0;
    while pc < program.insns.len() {
        let (line, slots) = statement(program, pc);
        let _ = writeln!(text, "  {line}");
        pc += slots;
    }
    text
}

/// The instruction at `pc`, without looking at where a jump leads or what else the encoding holds;
/// the reason in brackets when it is none, nothing when `pc` is past the end.
pub fn text_at(insns: &[Insn], pc: usize) -> String {
    if pc >= insns.len() {
        return String::new();
    }
    match decode_at(insns, pc) {
        Ok(op) => op_text(&op),
        Err(error) => format!("<{}>", error.why),
    }
}

/// One line that assembles to the instruction at `pc`, and how many slots that is.
fn statement(program: &Program, pc: usize) -> (String, usize) {
    let insns = &program.insns;
    let raw = |why: &str| (format!(".quad {:#018x} # {why}", bits(insns[pc])), 1);
    let op = match decode_at(insns, pc) {
        Ok(op) => op,
        Err(error) => return raw(error.why),
    };
    let (first, second) = encode(&op);
    let slots = 1 + usize::from(second.is_some());
    if first != insns[pc] || second.is_some_and(|half| insns.get(pc + 1) != Some(&half)) {
        return raw(&format!("{}, with unused fields set", op_text(&op)));
    }
    if let Some(distance) = op.flow().distance() {
        let target = pc as i64 + 1 + i64::from(distance);
        if !(0..insns.len() as i64).contains(&target) {
            return raw(&format!("{}, which leaves the program", op_text(&op)));
        }
    }
    if let Op::LoadImm64 { dst, imm: Imm64::MapFd(0) } = op
        && let Some(map) = program.map_refs.iter().find(|reference| reference.insn == pc)
    {
        return (format!("{dst} = {} ll", map.map), slots);
    }
    (op_text(&op), slots)
}

fn bits(insn: Insn) -> u64 {
    let [o0, o1] = insn.off.to_le_bytes();
    let [i0, i1, i2, i3] = insn.imm.to_le_bytes();
    u64::from_le_bytes([insn.code, insn.regs, o0, o1, i0, i1, i2, i3])
}

/// `r1` or `w1`.
fn name(reg: Reg, wide: bool) -> String {
    format!("{}{}", if wide { 'r' } else { 'w' }, reg.index())
}

fn operand(src: Operand, wide: bool) -> String {
    match src {
        Operand::Reg(reg) => name(reg, wide),
        Operand::Imm(imm) => imm.to_string(),
    }
}

/// `r1 + 8`.
fn address(base: Reg, off: i16) -> String {
    let sign = if off < 0 { '-' } else { '+' };
    format!("{base} {sign} {}", off.unsigned_abs())
}

/// ` + 8`, or nothing for 0.
fn addend(imm: i32) -> String {
    match imm {
        0 => String::new(),
        1.. => format!(" + {imm}"),
        _ => format!(" - {}", imm.unsigned_abs()),
    }
}

/// `u64`.
fn scalar(size: Size, signed: bool) -> String {
    format!("{}{}", if signed { 's' } else { 'u' }, size.bytes() * 8)
}

/// One operation; the second slot of a 64-bit immediate is empty.
fn op_text(op: &Op) -> String {
    match *op {
        Op::Alu { wide, op, dst, src } => {
            format!("{} {}= {}", name(dst, wide), op.sign(), operand(src, wide))
        }
        Op::Movsx { wide, bits, dst, src } => {
            format!("{} = (s{bits}){}", name(dst, wide), name(src, wide))
        }
        Op::Neg { wide, dst } => format!("{0} = -{0}", name(dst, wide)),
        Op::End { order, bits, dst } => {
            let order = match order {
                Endian::Le => "le",
                Endian::Be => "be",
                Endian::Swap => "bswap",
            };
            format!("{dst} = {order}{bits} {dst}")
        }
        Op::LoadImm64 { dst, imm } => format!("{dst} = {} ll", imm64_text(imm)),
        Op::Nop => String::new(),
        Op::LoadAbs { size, imm } => format!("r0 = *({} *)skb[{imm}]", scalar(size, false)),
        Op::LoadInd { size, src, imm } => {
            format!("r0 = *({} *)skb[{src}{}]", scalar(size, false), addend(imm))
        }
        Op::Load { size, signed, dst, src, off } => {
            format!("{dst} = *({} *)({})", scalar(size, signed), address(src, off))
        }
        Op::Store { size, dst, off, src } => {
            let src = operand(src, true);
            format!("*({} *)({}) = {src}", scalar(size, false), address(dst, off))
        }
        Op::Atomic { size, op, fetch, dst, off, src } => {
            atomic_text(size, op, fetch, &address(dst, off), src)
        }
        Op::LoadAcquire { size, dst, src, off } => {
            let dst = name(dst, size == Size::Dw);
            format!("{dst} = load_acquire(({} *)({}))", scalar(size, false), address(src, off))
        }
        Op::StoreRelease { size, dst, off, src } => {
            let src = name(src, size == Size::Dw);
            format!("store_release(({} *)({}), {src})", scalar(size, false), address(dst, off))
        }
        Op::Jump { wide, cond, dst, src, off } => {
            let (dst, src) = (name(dst, wide), operand(src, wide));
            format!("if {dst} {} {src} goto {off:+}", cond.sign())
        }
        Op::Goto { off, long } => format!("{} {off:+}", if long { "gotol" } else { "goto" }),
        Op::MayGoto { off } => format!("may_goto {off:+}"),
        Op::Call(Callee::Helper(id)) => format!("call {id}"),
        Op::Call(Callee::Local(off)) => format!("call pc{off:+}"),
        Op::Call(Callee::Kfunc(id)) => format!("call kfunc {id}"),
        Op::Exit => "exit".to_owned(),
    }
}

fn imm64_text(imm: Imm64) -> String {
    match imm {
        Imm64::Value(value) => (value as i64).to_string(),
        Imm64::MapFd(fd) => format!("map_fd({fd})"),
        Imm64::MapValue { fd, offset } => format!("map_value({fd}, {offset})"),
        Imm64::Other { pseudo, low, high } => format!("pseudo({pseudo}, {low}, {high})"),
    }
}

fn atomic_text(size: Size, op: AtomicOp, fetch: bool, at: &str, src: Reg) -> String {
    let wide = size == Size::Dw;
    let ty = scalar(size, false);
    let (sign, word) = match op {
        AtomicOp::Add => ("+=", "add"),
        AtomicOp::Or => ("|=", "or"),
        AtomicOp::And => ("&=", "and"),
        AtomicOp::Xor => ("^=", "xor"),
        AtomicOp::Xchg => {
            let (src, kind) = (name(src, wide), if wide { "xchg_64" } else { "xchg32_32" });
            return format!("{src} = {kind}({at}, {src})");
        }
        AtomicOp::Cmpxchg => {
            let kind = if wide { "cmpxchg_64" } else { "cmpxchg32_32" };
            let (old, src) = (name(Reg::R0, wide), name(src, wide));
            return format!("{old} = {kind}({at}, {old}, {src})");
        }
    };
    if fetch {
        let src = name(src, wide);
        return format!("{src} = atomic_fetch_{word}(({ty} *)({at}), {src})");
    }
    // `+=` is the one that LLVM also knows without 32-bit registers.
    let src = name(src, wide || op == AtomicOp::Add);
    format!("lock *({ty} *)({at}) {sign} {src}")
}
