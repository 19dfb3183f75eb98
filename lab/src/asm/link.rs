//! Labels to distances, statements to instructions.

use super::parse::{Statement, Target};
use super::{AsmError, MapRef, Names, Program, encode, suggest};
use bpfsim_abi::Insn;
use bpfsim_abi::insn::{Callee, Imm64, Op};
use std::collections::BTreeMap;

/// A jump that waits for the end of the program.
#[derive(Debug)]
struct Open {
    pc: usize,
    op: Op,
    target: Target,
    line: u32,
    column: u32,
}

/// The program so far.
#[derive(Debug, Default)]
pub(super) struct Linker {
    program: Program,
    labels: BTreeMap<String, (usize, u32)>,
    open: Vec<Open>,
}

impl Linker {
    /// Defines `name` as the next instruction.
    pub(super) fn label(&mut self, name: String, line: u32) -> Result<(), String> {
        if let Some((_, first)) = self.labels.get(&name) {
            return Err(format!("label `{name}` is already defined in line {first}"));
        }
        self.labels.insert(name, (self.program.insns.len(), line));
        Ok(())
    }

    /// Appends a statement.
    pub(super) fn push(&mut self, statement: Statement, line: u32) {
        match statement {
            Statement::Op(op) => self.push_op(op, line),
            Statement::Raw(insn) => self.push_insn(insn, line),
            Statement::Map { dst, name } => {
                self.program.map_refs.push(MapRef { insn: self.program.insns.len(), map: name });
                self.push_op(Op::LoadImm64 { dst, imm: Imm64::MapFd(0) }, line);
            }
            Statement::Jump { op, target, column } => {
                self.open.push(Open { pc: self.program.insns.len(), op, target, line, column });
                self.push_op(op, line);
            }
        }
    }

    fn push_op(&mut self, op: Op, line: u32) {
        let (first, second) = encode(&op);
        self.push_insn(first, line);
        if let Some(second) = second {
            self.push_insn(second, line);
        }
    }

    fn push_insn(&mut self, insn: Insn, line: u32) {
        self.program.insns.push(insn);
        self.program.lines.push(line);
    }

    /// Resolves every jump.
    pub(super) fn finish(mut self, names: &dyn Names) -> Result<Program, AsmError> {
        for jump in std::mem::take(&mut self.open) {
            let insn = self.resolve(&jump, names).map_err(|message| AsmError {
                line: jump.line,
                column: jump.column,
                message,
            })?;
            self.program.insns[jump.pc] = insn;
        }
        Ok(self.program)
    }

    fn resolve(&self, jump: &Open, names: &dyn Names) -> Result<Insn, String> {
        let next = jump.pc as i64 + 1;
        let (distance, shown) = match &jump.target {
            Target::Distance(distance) => (*distance, format!("{distance:+}")),
            Target::Label(name) | Target::Callee(name) => match self.labels.get(name) {
                Some((pc, _)) => (*pc as i64 - next, format!("`{name}`")),
                None => return Err(self.unknown(&jump.target, name, names)),
            },
        };
        let len = self.program.insns.len() as i64;
        let inside = next.checked_add(distance).is_some_and(|to| (0..len).contains(&to));
        if !inside {
            let way_out = "`.quad` states such an encoding";
            return Err(format!(
                "the jump to {shown} leaves the program of {len} instructions; {way_out}"
            ));
        }
        let op = with_distance(jump.op, distance).ok_or_else(|| {
            format!("the jump to {shown} goes {distance:+} instructions: more than 16 bits reach")
        })?;
        Ok(encode(&op).0)
    }

    fn unknown(&self, target: &Target, name: &str, names: &dyn Names) -> String {
        let labels = self.labels.keys().map(String::as_str);
        if matches!(target, Target::Callee(_)) {
            let helpers = names.helper_names();
            let short = name.strip_prefix("bpf_").unwrap_or(name);
            let hint = suggest::did_you_mean(short, helpers.iter().map(String::as_str));
            return format!("there is no helper and no label `{name}`{hint}");
        }
        format!("there is no label `{name}`{}", suggest::did_you_mean(name, labels))
    }
}

/// `op` with its distance, if that fits.
fn with_distance(op: Op, distance: i64) -> Option<Op> {
    match op {
        Op::Jump { wide, cond, dst, src, off: _ } => {
            Some(Op::Jump { wide, cond, dst, src, off: i16::try_from(distance).ok()? })
        }
        Op::Goto { off: _, long: false } => {
            Some(Op::Goto { off: i16::try_from(distance).ok()?.into(), long: false })
        }
        Op::Goto { off: _, long: true } => {
            Some(Op::Goto { off: i32::try_from(distance).ok()?, long: true })
        }
        Op::MayGoto { off: _ } => Some(Op::MayGoto { off: i16::try_from(distance).ok()? }),
        Op::Call(Callee::Local(_)) => Some(Op::Call(Callee::Local(i32::try_from(distance).ok()?))),
        Op::Call(Callee::Helper(_) | Callee::Kfunc(_))
        | Op::Alu { .. }
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
        | Op::StoreRelease { .. }
        | Op::Exit => Some(op),
    }
}
