//! Questions that whoever walks over operations has in common, and the signs of operators.

use super::{AluOp, Callee, Cond, Op, Reg};

/// What runs after an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// The next one.
    Next,
    /// The one this far behind the next.
    Jump(i32),
    /// The next, or the one this far behind it.
    Branch(i32),
    /// The next, after a call.
    Call(Callee),
    /// Nothing: the function ends.
    Exit,
}

impl Flow {
    /// How many instructions behind the next one a jump or a call within the program leads.
    pub const fn distance(self) -> Option<i32> {
        match self {
            Flow::Jump(off) | Flow::Branch(off) | Flow::Call(Callee::Local(off)) => Some(off),
            Flow::Next | Flow::Call(Callee::Helper(_) | Callee::Kfunc(_)) | Flow::Exit => None,
        }
    }
}

impl Op {
    /// What runs afterwards.
    pub const fn flow(&self) -> Flow {
        match *self {
            Op::Jump { off, .. } | Op::MayGoto { off } => Flow::Branch(off as i32),
            Op::Goto { off, .. } => Flow::Jump(off),
            Op::Call(callee) => Flow::Call(callee),
            Op::Exit => Flow::Exit,
            Op::Alu { .. }
            | Op::Movsx { .. }
            | Op::Neg { .. }
            | Op::End { .. }
            | Op::LoadImm64 { .. }
            | Op::Nop
            | Op::LoadAbs { .. }
            | Op::LoadInd { .. }
            | Op::Load { .. }
            | Op::Store { .. }
            | Op::Atomic { .. }
            | Op::LoadAcquire { .. }
            | Op::StoreRelease { .. } => Flow::Next,
        }
    }

    /// Base register and displacement in bytes of a load, a store or an atomic operation. Packet
    /// loads (`LoadAbs`, `LoadInd`) have no pointer.
    pub const fn access(&self) -> Option<(Reg, i16)> {
        match *self {
            Op::Load { src, off, .. } | Op::LoadAcquire { src, off, .. } => Some((src, off)),
            Op::Store { dst, off, .. }
            | Op::StoreRelease { dst, off, .. }
            | Op::Atomic { dst, off, .. } => Some((dst, off)),
            Op::Alu { .. }
            | Op::Movsx { .. }
            | Op::Neg { .. }
            | Op::End { .. }
            | Op::LoadImm64 { .. }
            | Op::Nop
            | Op::LoadAbs { .. }
            | Op::LoadInd { .. }
            | Op::Jump { .. }
            | Op::Goto { .. }
            | Op::MayGoto { .. }
            | Op::Call(_)
            | Op::Exit => None,
        }
    }
}

impl AluOp {
    /// As assembler and verifier write it, without the equals sign that follows: `s/`.
    pub const fn sign(self) -> &'static str {
        match self {
            AluOp::Add => "+",
            AluOp::Sub => "-",
            AluOp::Mul => "*",
            AluOp::Div => "/",
            AluOp::Sdiv => "s/",
            AluOp::Or => "|",
            AluOp::And => "&",
            AluOp::Lsh => "<<",
            AluOp::Rsh => ">>",
            AluOp::Mod => "%",
            AluOp::Smod => "s%",
            AluOp::Xor => "^",
            AluOp::Arsh => "s>>",
            AluOp::Mov => "",
        }
    }
}

impl Cond {
    /// As assembler and verifier write it: `s>=`.
    pub const fn sign(self) -> &'static str {
        match self {
            Cond::Eq => "==",
            Cond::Ne => "!=",
            Cond::Gt => ">",
            Cond::Ge => ">=",
            Cond::Lt => "<",
            Cond::Le => "<=",
            Cond::Set => "&",
            Cond::Sgt => "s>",
            Cond::Sge => "s>=",
            Cond::Slt => "s<",
            Cond::Sle => "s<=",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Insn, decode};
    use super::*;
    use rstest::rstest;

    const fn r(number: u8) -> Reg {
        Reg::new(number).expect("a register")
    }

    /// Opcode, dst, src, off, imm; encodings as `instruction-set.rst` has them.
    #[rstest]
    #[case::load((0x79, 3, 2, -8, 0), Flow::Next, Some((r(2), -8)))]
    #[case::store((0x7b, 10, 1, -8, 0), Flow::Next, Some((r(10), -8)))]
    #[case::atomic((0xdb, 2, 1, 16, 0), Flow::Next, Some((r(2), 16)))]
    #[case::add((0x07, 2, 0, 0, 4), Flow::Next, None)]
    #[case::packet((0x30, 0, 0, 0, 12), Flow::Next, None)]
    #[case::conditional((0x15, 1, 0, -3, 0), Flow::Branch(-3), None)]
    #[case::always((0x05, 0, 0, 7, 0), Flow::Jump(7), None)]
    #[case::far((0x06, 0, 0, 0, 70_000), Flow::Jump(70_000), None)]
    #[case::helper((0x85, 0, 0, 0, 1), Flow::Call(Callee::Helper(1)), None)]
    #[case::function((0x85, 0, 1, 0, 5), Flow::Call(Callee::Local(5)), None)]
    #[case::exit((0x95, 0, 0, 0, 0), Flow::Exit, None)]
    fn answers(
        #[case] (code, dst, src, off, imm): (u8, u8, u8, i16, i32),
        #[case] flow: Flow,
        #[case] access: Option<(Reg, i16)>,
    ) {
        let ops = decode(&[Insn::new(code, dst, src, off, imm)]).expect("one instruction");
        assert_eq!((ops[0].flow(), ops[0].access()), (flow, access));
    }

    #[test]
    fn a_helper_is_not_within_the_program() {
        assert_eq!(Flow::Call(Callee::Helper(5)).distance(), None);
        assert_eq!(Flow::Call(Callee::Local(5)).distance(), Some(5));
        assert_eq!(Flow::Branch(-2).distance(), Some(-2));
        assert_eq!(Flow::Next.distance(), None);
    }
}
