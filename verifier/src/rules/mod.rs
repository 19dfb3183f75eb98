//! What a kernel says: one function per rule, with its errno, its message in v4.4 and later, and
//! the release that first lets some programs pass it.
//!
//! Source: the `verbose()` calls of `kernel/bpf/verifier.c`; the messages are part of what a
//! caller of bpf(2) sees. Later wordings were read from the log of a v6.18 kernel.

mod calls;
mod memory;
mod registers;
mod structure;

pub(crate) use calls::*;
pub(crate) use memory::*;
pub(crate) use registers::*;
pub(crate) use structure::*;

use std::fmt;

use bpfsim_abi::insn::Reg;
use bpfsim_abi::{Errno, Release};

use crate::era::{Era, v};
use crate::state::Value;
use crate::{Reject, RejectKind};

/// A rule that an instruction breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct No {
    pub errno: Errno,
    pub message: String,
    /// From this release on a later verifier may accept it, and we cannot judge.
    pub relaxed: Option<Release>,
}

impl No {
    pub fn new(errno: Errno, message: impl Into<String>) -> No {
        No { errno, message: message.into(), relaxed: None }
    }

    /// Holds before `major.minor` only.
    pub fn before(self, major: u8, minor: u8) -> No {
        No { relaxed: Some(v(major, minor)), ..self }
    }

    /// Holds in every release after all, where `always` says so.
    pub fn or_holds(self, always: bool) -> No {
        if always { No { relaxed: None, ..self } } else { self }
    }

    /// Nobody's verdict: we do not know.
    pub fn not_modelled(why: impl Into<String>) -> No {
        No { relaxed: Some(v(0, 0)), ..No::new(Errno::ENOTSUPP, why) }
    }

    /// The rule holds in this release.
    pub fn holds(&self, release: Release) -> bool {
        self.relaxed.is_none_or(|relaxed| release < relaxed)
    }
}

/// A broken rule as a rejection: the kernel's, or nobody's.
pub(crate) fn reject(era: Era, pc: Option<usize>, doubt: bool, no: No) -> Reject {
    if no.holds(era.release()) && !doubt {
        let No { errno, message, .. } = no;
        return Reject { pc, errno, message, kind: RejectKind::Kernel };
    }
    let at = pc.map(|pc| format!(" (instruction {pc})")).unwrap_or_default();
    let release = era.release();
    let message = match no.errno {
        Errno::ENOTSUPP => format!("not modelled: {}{at}", no.message),
        _ => {
            format!("not modelled: {release} may accept what breaks this rule{at}: {}", no.message)
        }
    };
    Reject { pc, errno: Errno::ENOTSUPP, message, kind: RejectKind::NotModelled }
}

fn access(message: impl Into<String>) -> No {
    No::new(Errno::EACCES, message)
}

fn invalid(message: impl Into<String>) -> No {
    No::new(Errno::EINVAL, message)
}

/// `R3`, as messages spell registers.
pub(crate) struct R(pub Reg);

impl fmt::Display for R {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "R{}", self.0.index())
    }
}

/// `reg_type_str[]`: the name of a register's type.
pub(crate) fn type_name(era: Era, value: Value) -> &'static str {
    match value {
        Value::NotInit => "?",
        Value::Scalar(_) if era.since(5, 18) => "scalar",
        Value::Scalar(scalar) if !era.ranges() && scalar.value().is_some() => "imm",
        Value::Scalar(_) => "inv",
        Value::Ctx { .. } => "ctx",
        Value::MapPtr { .. } => "map_ptr",
        Value::MapValue { .. } => "map_value",
        Value::MapValueOrNull { .. } => "map_value_or_null",
        Value::Frame | Value::Stack { .. } => "fp",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_holds_until_it_is_relaxed() {
        let no = misaligned(3, 4);
        assert!(no.holds(v(4, 6)));
        assert!(!no.holds(v(4, 7)));
        assert!(!No::not_modelled("x").holds(v(4, 4)));
        assert!(back_edge(1, 0).holds(v(6, 18)));
    }

    #[test]
    fn types_are_spelled_by_the_release() {
        let five = Value::constant(5);
        assert_eq!(type_name(Era::new(v(4, 4), true), five), "imm");
        assert_eq!(type_name(Era::new(v(4, 4), true), Value::UNKNOWN), "inv");
        assert_eq!(type_name(Era::new(v(4, 14), true), five), "inv");
        assert_eq!(type_name(Era::new(v(5, 18), true), five), "scalar");
    }
}
