//! Arithmetic and comparisons: pure functions of two numbers.

use bpfsim_abi::insn::{AluOp, Cond, Endian};

/// `dst op src`; 32-bit operations clear the upper half. Division by zero gives 0, modulo by zero
/// the dividend (`Documentation/bpf/standardization/instruction-set.rst`).
#[inline]
pub fn alu(op: AluOp, wide: bool, dst: u64, src: u64) -> u64 {
    if wide { alu64(op, dst, src) } else { u64::from(alu32(op, dst as u32, src as u32)) }
}

macro_rules! alu {
    ($name:ident, $unsigned:ty, $signed:ty) => {
        #[inline]
        fn $name(op: AluOp, dst: $unsigned, src: $unsigned) -> $unsigned {
            let (signed, by) = (dst as $signed, src as $signed);
            match op {
                AluOp::Add => dst.wrapping_add(src),
                AluOp::Sub => dst.wrapping_sub(src),
                AluOp::Mul => dst.wrapping_mul(src),
                AluOp::Div => dst.checked_div(src).unwrap_or(0),
                AluOp::Sdiv if by == 0 => 0,
                AluOp::Sdiv => signed.wrapping_div(by) as $unsigned,
                AluOp::Or => dst | src,
                AluOp::And => dst & src,
                AluOp::Lsh => dst.wrapping_shl(src as u32),
                AluOp::Rsh => dst.wrapping_shr(src as u32),
                AluOp::Mod => dst.checked_rem(src).unwrap_or(dst),
                AluOp::Smod if by == 0 => dst,
                AluOp::Smod => signed.wrapping_rem(by) as $unsigned,
                AluOp::Xor => dst ^ src,
                AluOp::Arsh => signed.wrapping_shr(src as u32) as $unsigned,
                AluOp::Mov => src,
            }
        }
    };
}

alu!(alu64, u64, i64);
alu!(alu32, u32, i32);

/// Byte order conversion of the low `bits` bits, on a little-endian machine.
pub fn end(order: Endian, bits: u8, value: u64) -> u64 {
    let swap = match order {
        Endian::Le => false,
        Endian::Be | Endian::Swap => true,
    };
    match (bits, swap) {
        (16, false) => u64::from(value as u16),
        (32, false) => u64::from(value as u32),
        (16, true) => u64::from((value as u16).swap_bytes()),
        (32, true) => u64::from((value as u32).swap_bytes()),
        (_, false) => value,
        (_, true) => value.swap_bytes(),
    }
}

/// Whether a conditional jump is taken.
#[inline]
pub fn taken(cond: Cond, wide: bool, dst: u64, src: u64) -> bool {
    let (a, b) = if wide { (dst, src) } else { (u64::from(dst as u32), u64::from(src as u32)) };
    let (sa, sb) =
        if wide { (dst as i64, src as i64) } else { ((dst as i32).into(), (src as i32).into()) };
    match cond {
        Cond::Eq => a == b,
        Cond::Ne => a != b,
        Cond::Gt => a > b,
        Cond::Ge => a >= b,
        Cond::Lt => a < b,
        Cond::Le => a <= b,
        Cond::Set => a & b != 0,
        Cond::Sgt => sa > sb,
        Cond::Sge => sa >= sb,
        Cond::Slt => sa < sb,
        Cond::Sle => sa <= sb,
    }
}

/// The low `bits` bits, sign-extended.
pub fn sign_extend(value: u64, bits: u32) -> u64 {
    let shift = 64 - bits;
    ((value << shift) as i64 >> shift) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn division_never_traps() {
        assert_eq!(alu(AluOp::Div, true, 7, 0), 0);
        assert_eq!(alu(AluOp::Mod, true, 7, 0), 7);
        assert_eq!(alu(AluOp::Mod, false, u64::MAX, 0), 0xffff_ffff);
        assert_eq!(alu(AluOp::Sdiv, true, i64::MIN as u64, u64::MAX), i64::MIN as u64);
        assert_eq!(alu(AluOp::Smod, false, i32::MIN as u32 as u64, u64::MAX), 0);
    }

    #[test]
    fn narrow_results_have_no_upper_half() {
        assert_eq!(alu(AluOp::Add, false, u64::MAX, 2), 1);
        assert_eq!(alu(AluOp::Arsh, false, 0x8000_0000, 31), 0xffff_ffff);
        assert_eq!(alu(AluOp::Lsh, true, 1, 64), 1);
    }

    #[test]
    fn orders_and_signs() {
        assert_eq!(end(Endian::Be, 16, 0x1_1234), 0x3412);
        assert_eq!(end(Endian::Le, 32, u64::MAX), 0xffff_ffff);
        assert!(taken(Cond::Slt, false, 0xffff_ffff, 0));
        assert!(!taken(Cond::Lt, true, 0xffff_ffff, 0));
        assert_eq!(sign_extend(0x80, 8), 0xffff_ffff_ffff_ff80);
    }
}
