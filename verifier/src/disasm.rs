//! Instructions as the verifier of a release prints them: `(b7) r0 = 0`.
//!
//! Source: `print_bpf_insn()` in `kernel/bpf/verifier.c` of v4.4, later `kernel/bpf/disasm.c`.

use bpfsim_abi::Release;
use bpfsim_abi::insn::{AtomicOp, Callee, Cond, Endian, Imm64, Op, Operand, Reg, Size};
use bpfsim_abi::insn::{Insn, code, decode_at};

use crate::era::v;

/// How a release spells what it spells differently from others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Style {
    /// 32-bit registers are `w0` (v5.1) instead of `(u32) r0`.
    w: bool,
    /// `-r1` and `be16 r1` (v4.17) instead of `r1 neg 0` and `(u32) r1 endian (u32) 16`.
    unary: bool,
    /// `call bpf_map_lookup_elem#1` (v4.10) instead of `call 1`.
    names: bool,
}

impl Style {
    fn of(release: Release) -> Style {
        Style { w: release >= v(5, 1), unary: release >= v(4, 17), names: release >= v(4, 10) }
    }

    fn reg(self, wide: bool, reg: Reg) -> String {
        match (wide, self.w) {
            (true, _) => reg.to_string(),
            (false, true) => format!("w{}", reg.index()),
            (false, false) => format!("(u32) {reg}"),
        }
    }

    fn operand(self, wide: bool, operand: Operand) -> String {
        match operand {
            Operand::Reg(reg) => self.reg(wide, reg),
            Operand::Imm(imm) if wide || self.w => imm.to_string(),
            Operand::Imm(imm) => format!("(u32) {imm}"),
        }
    }
}

/// Names of helpers without the `bpf_` prefix, where known.
pub type HelperNames<'a> = &'a dyn Fn(i32) -> Option<&'static str>;

/// The instruction at `pc` as `release` prints it, opcode first, without position and newline.
/// What is no instruction prints as `BUG_` and the opcode, as the kernel does.
///
/// Panics when `pc` is not in the program.
pub fn disasm(program: &[Insn], pc: usize, release: Release, names: HelperNames<'_>) -> String {
    let byte = program[pc].code;
    match decode_at(program, pc) {
        Ok(op) => format!("({byte:02x}) {}", op_text(op, byte, release, names)),
        Err(_) => match program[pc].class() {
            code::BPF_LD => format!("BUG_ld_{byte:02x}"),
            code::BPF_LDX => format!("BUG_ldx_{byte:02x}"),
            code::BPF_ST => format!("BUG_st_{byte:02x}"),
            _ => format!("BUG_{byte:02x}"),
        },
    }
}

fn op_text(op: Op, byte: u8, release: Release, names: HelperNames<'_>) -> String {
    let style = Style::of(release);
    match op {
        Op::Alu { wide, op, dst, src } => {
            let (dst, src) = (style.reg(wide, dst), style.operand(wide, src));
            format!("{dst} {}= {src}", op.sign())
        }
        Op::Neg { wide, dst } if style.unary => {
            let dst = style.reg(wide, dst);
            format!("{dst} = -{dst}")
        }
        Op::Neg { wide, dst } => format!("{} neg 0", style.reg(wide, dst)),
        Op::End { order, bits, dst } if style.unary => {
            format!("{dst} = {}{bits} {dst}", endian_text(order))
        }
        Op::End { bits, dst, .. } => format!("(u32) {dst} endian (u32) {bits}"),
        Op::Movsx { wide, bits, dst, src } => {
            format!("{} = (s{bits}){}", style.reg(wide, dst), style.reg(wide, src))
        }
        Op::LoadImm64 { dst, imm } => format!("{dst} = 0x{:x}", imm64_number(imm)),
        Op::Nop => format!("BUG_ld_{byte:02x}"),
        Op::LoadAbs { size, imm } => format!("r0 = *({} *)skb[{imm}]", size_text(size)),
        Op::LoadInd { size, src, imm } => {
            format!("r0 = *({} *)skb[{src} + {imm}]", size_text(size))
        }
        Op::Load { size, signed, dst, src, off } => {
            let size = if signed { signed_text(size) } else { size_text(size) };
            format!("{dst} = *({size} *)({src} {off:+})")
        }
        Op::Store { size, dst, off, src } => {
            let src = style.operand(true, src);
            format!("{} = {src}", place_text(size, dst, off))
        }
        Op::Atomic { size, op, fetch, dst, off, src } => {
            atomic_text(size, op, fetch, &place_text(size, dst, off)[1..], src)
        }
        Op::LoadAcquire { size, dst, src, off } => {
            format!("{dst} = load_acquire({})", &place_text(size, src, off)[1..])
        }
        Op::StoreRelease { size, dst, off, src } => {
            format!("store_release({}, {src})", &place_text(size, dst, off)[1..])
        }
        Op::Jump { wide, cond, dst, src, off } => jump_text(style, wide, cond, dst, src, off),
        Op::Goto { off, long: false } => format!("goto pc{off:+}"),
        Op::Goto { off, long: true } => format!("gotol pc{off:+}"),
        Op::MayGoto { off } => format!("may_goto pc{off:+}"),
        Op::Call(callee) => call_text(callee, style, names),
        Op::Exit => "exit".to_owned(),
    }
}

fn jump_text(style: Style, wide: bool, cond: Cond, dst: Reg, src: Operand, off: i16) -> String {
    let left = style.reg(wide, dst);
    let right = match src {
        Operand::Reg(reg) => style.reg(wide, reg),
        Operand::Imm(imm) => format!("0x{imm:x}"),
    };
    format!("if {left} {} {right} goto pc{off:+}", cond.sign())
}

fn call_text(callee: Callee, style: Style, names: HelperNames<'_>) -> String {
    match callee {
        Callee::Helper(id) if style.names => match names(id) {
            Some(name) => format!("call bpf_{name}#{id}"),
            None => format!("call unknown#{id}"),
        },
        Callee::Helper(id) => format!("call {id}"),
        Callee::Local(off) => format!("call pc{off:+}"),
        Callee::Kfunc(id) => format!("call kernel-function#{id}"),
    }
}

/// `*(u32 *)(r1 +4)`.
fn place_text(size: Size, base: Reg, off: i16) -> String {
    format!("*({} *)({base} {off:+})", size_text(size))
}

/// `place` without its star: `(u32 *)(r1 +4)`.
fn atomic_text(size: Size, op: AtomicOp, fetch: bool, place: &str, src: Reg) -> String {
    let atomic = if size == Size::Dw { "atomic64" } else { "atomic" };
    let (name, sign) = atomic_names(op);
    match op {
        AtomicOp::Cmpxchg => format!("r0 = {atomic}_cmpxchg({place}, r0, {src})"),
        AtomicOp::Xchg => format!("{src} = {atomic}_xchg({place}, {src})"),
        AtomicOp::Add | AtomicOp::Or | AtomicOp::And | AtomicOp::Xor if fetch => {
            format!("{src} = {atomic}_fetch_{name}({place}, {src})")
        }
        AtomicOp::Add | AtomicOp::Or | AtomicOp::And | AtomicOp::Xor => {
            format!("lock *{place} {sign} {src}")
        }
    }
}

const fn atomic_names(op: AtomicOp) -> (&'static str, &'static str) {
    match op {
        AtomicOp::Add => ("add", "+="),
        AtomicOp::Or => ("or", "|="),
        AtomicOp::And => ("and", "&="),
        AtomicOp::Xor => ("xor", "^="),
        AtomicOp::Xchg => ("xchg", "="),
        AtomicOp::Cmpxchg => ("cmpxchg", "="),
    }
}

const fn endian_text(order: Endian) -> &'static str {
    match order {
        Endian::Le => "le",
        Endian::Be => "be",
        Endian::Swap => "bswap",
    }
}

const fn size_text(size: Size) -> &'static str {
    match size {
        Size::B => "u8",
        Size::H => "u16",
        Size::W => "u32",
        Size::Dw => "u64",
    }
}

const fn signed_text(size: Size) -> &'static str {
    match size {
        Size::B => "s8",
        Size::H => "s16",
        Size::W => "s32",
        Size::Dw => "s64",
    }
}

const fn imm64_number(imm: Imm64) -> u64 {
    match imm {
        Imm64::Value(value) => value,
        Imm64::MapFd(fd) => fd as u32 as u64,
        Imm64::MapValue { fd, offset } => (offset as u64) << 32 | fd as u32 as u64,
        Imm64::Other { low, high, .. } => (high as u32 as u64) << 32 | low as u32 as u64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    const V44: Release = v(4, 4);
    const V618: Release = v(6, 18);

    fn name(id: i32) -> Option<&'static str> {
        (id == 1).then_some("map_lookup_elem")
    }

    #[rstest]
    #[case::mov(Insn::new(0xb7, 0, 0, 0, -1), "(b7) r0 = -1", "(b7) r0 = -1")]
    #[case::mov_reg(Insn::new(0xbf, 6, 1, 0, 0), "(bf) r6 = r1", "(bf) r6 = r1")]
    #[case::mov32(Insn::new(0xb4, 0, 0, 0, 5), "(b4) (u32) r0 = (u32) 5", "(b4) w0 = 5")]
    #[case::add(Insn::new(0x07, 2, 0, 0, -4), "(07) r2 += -4", "(07) r2 += -4")]
    #[case::arsh(Insn::new(0xc7, 2, 0, 0, 4), "(c7) r2 s>>= 4", "(c7) r2 s>>= 4")]
    #[case::neg(Insn::new(0x87, 1, 0, 0, 0), "(87) r1 neg 0", "(87) r1 = -r1")]
    #[case::be(Insn::new(0xdc, 1, 0, 0, 16), "(dc) (u32) r1 endian (u32) 16", "(dc) r1 = be16 r1")]
    #[case::load(
        Insn::new(0x61, 0, 1, 0, 0),
        "(61) r0 = *(u32 *)(r1 +0)",
        "(61) r0 = *(u32 *)(r1 +0)"
    )]
    #[case::store(
        Insn::new(0x7b, 10, 1, -8, 0),
        "(7b) *(u64 *)(r10 -8) = r1",
        "(7b) *(u64 *)(r10 -8) = r1"
    )]
    #[case::store_imm(
        Insn::new(0x62, 10, 0, -4, 7),
        "(62) *(u32 *)(r10 -4) = 7",
        "(62) *(u32 *)(r10 -4) = 7"
    )]
    #[case::xadd(
        Insn::new(0xdb, 0, 1, 0, 0),
        "(db) lock *(u64 *)(r0 +0) += r1",
        "(db) lock *(u64 *)(r0 +0) += r1"
    )]
    #[case::call(Insn::new(0x85, 0, 0, 0, 1), "(85) call 1", "(85) call bpf_map_lookup_elem#1")]
    #[case::jump(
        Insn::new(0x15, 0, 0, 2, 16),
        "(15) if r0 == 0x10 goto pc+2",
        "(15) if r0 == 0x10 goto pc+2"
    )]
    #[case::goto(Insn::new(0x05, 0, 0, -2, 0), "(05) goto pc-2", "(05) goto pc-2")]
    #[case::exit(Insn::new(0x95, 0, 0, 0, 0), "(95) exit", "(95) exit")]
    #[case::abs(
        Insn::new(0x30, 0, 0, 0, 23),
        "(30) r0 = *(u8 *)skb[23]",
        "(30) r0 = *(u8 *)skb[23]"
    )]
    fn prints(#[case] insn: Insn, #[case] old: &str, #[case] new: &str) {
        assert_eq!(disasm(&[insn], 0, V44, &name), old);
        assert_eq!(disasm(&[insn], 0, V618, &name), new);
    }

    #[rstest]
    #[case::fetch(Insn::new(0xdb, 0, 1, 0, 1), "(db) r1 = atomic64_fetch_add((u64 *)(r0 +0), r1)")]
    #[case::xchg(Insn::new(0xc3, 0, 1, 4, 0xe1), "(c3) r1 = atomic_xchg((u32 *)(r0 +4), r1)")]
    #[case::jump32(Insn::new(0x16, 1, 0, 1, 0), "(16) if w1 == 0x0 goto pc+1")]
    #[case::movsx(Insn::new(0xbf, 1, 2, 8, 0), "(bf) r1 = (s8)r2")]
    #[case::sdiv(Insn::new(0x37, 1, 0, 1, 3), "(37) r1 s/= 3")]
    #[case::gotol(Insn::new(0x06, 0, 0, 0, 70000), "(06) gotol pc+70000")]
    #[case::may_goto(Insn::new(0xe5, 0, 0, 3, 0), "(e5) may_goto pc+3")]
    #[case::ldsx(Insn::new(0x91, 1, 2, 0, 0), "(91) r1 = *(s8 *)(r2 +0)")]
    #[case::no_insn(Insn::new(0xff, 0, 0, 0, 0), "BUG_ff")]
    fn prints_later_instructions(#[case] insn: Insn, #[case] want: &str) {
        assert_eq!(disasm(&[insn], 0, V618, &name), want);
    }
}
