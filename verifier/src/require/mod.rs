//! What an instruction requires of the state before it. Nothing here changes a state.
//!
//! The order of the checks is the kernel's, since the first broken rule is the message.

mod alu;
mod call;
mod memory;

use bpfsim_abi::insn::{Callee, Cond, Imm64, Op, Operand, Reg};

use crate::era::Era;
use crate::link::Maps;
use crate::rules::{self, No};
use crate::state::{State, Value};
use crate::{Env, ctx, returns};

pub(crate) use alu::operand;
pub(crate) use call::map_of;

/// What a requirement may depend on beside the state.
#[derive(Clone, Copy)]
pub(crate) struct Cx<'a> {
    pub era: Era,
    pub env: &'a dyn Env,
    pub maps: &'a Maps,
}

impl Cx<'_> {
    /// The loader must not learn what this register holds.
    pub fn is_secret(&self, state: &State, reg: Reg) -> bool {
        !self.era.privileged() && state.reg(reg).is_pointer()
    }
}

/// The first rule that `op` breaks in `state`.
pub(crate) fn check(cx: Cx<'_>, state: &State, op: Op) -> Result<(), No> {
    match op {
        Op::Alu { .. } | Op::Movsx { .. } | Op::Neg { .. } | Op::End { .. } => {
            alu::check(cx, state, op)
        }
        Op::LoadImm64 { dst, .. } => writable(dst),
        Op::LoadAbs { .. } => packet(cx, state, None),
        Op::LoadInd { src, .. } => packet(cx, state, Some(src)),
        Op::Load { .. }
        | Op::Store { .. }
        | Op::Atomic { .. }
        | Op::LoadAcquire { .. }
        | Op::StoreRelease { .. } => memory::check(cx, state, op),
        Op::Jump { dst, src, .. } => jump(cx, state, dst, src, op),
        Op::Call(Callee::Helper(id)) => call::check(cx, state, id),
        Op::Exit => exit(cx, state),
        // Nothing to ask; what is not modelled was refused before.
        Op::Goto { .. }
        | Op::Nop
        | Op::MayGoto { .. }
        | Op::Call(Callee::Local(_) | Callee::Kfunc(_)) => Ok(()),
    }
}

/// `check_reg_arg(SRC_OP)`.
fn readable(state: &State, reg: Reg) -> Result<(), No> {
    match state.reg(reg) {
        Value::NotInit => Err(rules::not_readable(reg)),
        _ => Ok(()),
    }
}

/// `check_reg_arg(DST_OP)`.
fn writable(reg: Reg) -> Result<(), No> {
    if reg == Reg::R10 { Err(rules::frame_is_read_only()) } else { Ok(()) }
}

const R6: usize = 6;

fn packet(cx: Cx<'_>, state: &State, index: Option<Reg>) -> Result<(), No> {
    if !ctx::reads_packets(cx.env.prog_type()) {
        return Err(match cx.era.since(4, 14) {
            true => rules::packet_load_not_here(),
            false => rules::packet_load_not_here_v4_4(),
        });
    }
    match state.regs()[R6] {
        Value::NotInit => return Err(rules::plain_access("R6 !read_ok")),
        Value::Ctx { .. } => {}
        _ => return Err(rules::packet_load_without_skb()),
    }
    match index {
        Some(reg) => readable(state, reg),
        None => Ok(()),
    }
}

fn jump(cx: Cx<'_>, state: &State, dst: Reg, src: Operand, op: Op) -> Result<(), No> {
    // v6.6 (d75e30dddf73) looks at the first operand first.
    if cx.era.since(6, 6) {
        readable(state, dst)?;
    }
    if let Operand::Reg(reg) = src {
        readable(state, reg)?;
        if cx.is_secret(state, reg) {
            return Err(rules::pointer_comparison(reg));
        }
    }
    readable(state, dst)?;
    if cx.is_secret(state, dst) && !is_null_check(state, op) {
        return Err(rules::pointer_comparison(dst));
    }
    match src {
        Operand::Reg(src) if cx.era.ranges() && is_own_copy(state, dst, src) => {
            Err(No::not_modelled("a comparison of a number with its own copy"))
        }
        Operand::Reg(_) | Operand::Imm(_) => Ok(()),
    }
}

/// The two are one number, which is not known. One way of a comparison then contradicts what is
/// known, and what a kernel makes of a contradiction changes from release to release.
fn is_own_copy(state: &State, dst: Reg, src: Reg) -> bool {
    let (Value::Scalar(a), Value::Scalar(b)) = (state.reg(dst), state.reg(src)) else {
        return false;
    };
    let linked = a.id != 0 && a.id == b.id;
    a.value().is_none() && (linked || dst == src)
}

/// `op` asks whether what a lookup returned is null.
pub(crate) fn is_null_check(state: &State, op: Op) -> bool {
    let Op::Jump { wide: true, cond: Cond::Eq | Cond::Ne, dst, src: Operand::Imm(0), .. } = op
    else {
        return false;
    };
    matches!(state.reg(dst), Value::MapValueOrNull { .. })
}

fn exit(cx: Cx<'_>, state: &State) -> Result<(), No> {
    readable(state, Reg::R0)?;
    if cx.is_secret(state, Reg::R0) {
        return Err(rules::leaks_at_exit());
    }
    returns::check(cx, state)
}

/// The map that an immediate names, and where into its value it points.
pub(crate) fn imm64_value(imm: Imm64, map: Option<u16>) -> Value {
    match (imm, map) {
        (Imm64::Value(value), _) => Value::constant(value as i64),
        (Imm64::MapFd(_), Some(map)) => Value::MapPtr { map },
        (Imm64::MapValue { offset, .. }, Some(map)) => {
            let off = i64::from(offset);
            Value::MapValue { map, lo: off, hi: off, fuzzy: false }
        }
        (Imm64::MapFd(_) | Imm64::MapValue { .. } | Imm64::Other { .. }, _) => Value::UNKNOWN,
    }
}
