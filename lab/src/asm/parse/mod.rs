//! Tokens of one line to a statement.

mod assign;
mod operand;

use super::lex::{Cursor, LineError, Token};
use super::{Names, suggest};
use bpfsim_abi::Insn;
use bpfsim_abi::insn::{AtomicOp, Callee, Cond, Op, Operand, Reg, Size};
use operand::Register;

/// One statement. What needs the rest of the program is left open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Statement {
    /// Complete.
    Op(Op),
    /// `lddw` of a map.
    Map {
        /// Destination.
        dst: Reg,
        /// Name of the map, which exists.
        name: String,
    },
    /// A jump or a local call whose distance is still 0.
    Jump {
        /// The operation.
        op: Op,
        /// Where to.
        target: Target,
        /// Where the target is written.
        column: u32,
    },
    /// `.quad`: eight bytes.
    Raw(Insn),
}

/// Where a jump goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// Instructions from the next one.
    Distance(i64),
    /// A label.
    Label(String),
    /// A label, or else a misspelt helper.
    Callee(String),
}

/// Parses the statement at the cursor; the caller checks that nothing follows.
pub(super) fn statement(at: &mut Cursor, names: &dyn Names) -> Result<Statement, LineError> {
    if at.eat("*") {
        return store(at);
    }
    let Some(Token::Word(word)) = at.peek(0).cloned() else {
        return Err(at.expected("an instruction"));
    };
    if operand::looks_like_register(&word) {
        return assign::assignment(at, names);
    }
    let column = at.column();
    at.take();
    match word.as_str() {
        "exit" => Ok(Statement::Op(Op::Exit)),
        "goto" => jump(at, Op::Goto { off: 0, long: false }),
        "gotol" => jump(at, Op::Goto { off: 0, long: true }),
        "may_goto" => jump(at, Op::MayGoto { off: 0 }),
        "if" => conditional(at),
        "call" => call(at, names),
        "lock" => lock(at, names),
        "store_release" => store_release(at),
        ".quad" | ".8byte" => Ok(Statement::Raw(operand::quad(at)?)),
        other => {
            let known = ["exit", "goto", "gotol", "may_goto", "if", "call", "lock"];
            let hint = suggest::did_you_mean(other, known);
            Err((column, format!("found `{other}`, expected an instruction{hint}")))
        }
    }
}

fn jump(at: &mut Cursor, op: Op) -> Result<Statement, LineError> {
    let column = at.column();
    let target = match at.peek(0).cloned() {
        Some(Token::Word(label)) => {
            at.take();
            Target::Label(label)
        }
        Some(Token::Punct("+" | "-")) => Target::Distance(operand::distance(at)?),
        _ => return Err(at.expected("a label, or a distance as in `+3`")),
    };
    Ok(Statement::Jump { op, target, column })
}

fn conditional(at: &mut Cursor) -> Result<Statement, LineError> {
    let first = operand::register(at)?;
    let column = at.column();
    let cond = match at.take() {
        Some(Token::Punct("==")) => Cond::Eq,
        Some(Token::Punct("!=")) => Cond::Ne,
        Some(Token::Punct(">")) => Cond::Gt,
        Some(Token::Punct(">=")) => Cond::Ge,
        Some(Token::Punct("<")) => Cond::Lt,
        Some(Token::Punct("<=")) => Cond::Le,
        Some(Token::Punct("&")) => Cond::Set,
        Some(Token::Punct("s>")) => Cond::Sgt,
        Some(Token::Punct("s>=")) => Cond::Sge,
        Some(Token::Punct("s<")) => Cond::Slt,
        Some(Token::Punct("s<=")) => Cond::Sle,
        _ => {
            let all = "expected one of == != > >= < <= s> s>= s< s<= &";
            return Err((column, format!("found no comparison after the register, {all}")));
        }
    };
    let src = operand::register_or_imm(at, first.wide)?;
    at.expect_word("goto")?;
    jump(at, Op::Jump { wide: first.wide, cond, dst: first.reg, src, off: 0 })
}

fn call(at: &mut Cursor, names: &dyn Names) -> Result<Statement, LineError> {
    let column = at.column();
    let Some(Token::Word(word)) = at.peek(0).cloned() else {
        let id = operand::imm32(at, "a helper's name or number")?;
        return Ok(Statement::Op(Op::Call(Callee::Helper(id))));
    };
    at.take();
    if word == "pc" && matches!(at.peek(0), Some(Token::Punct("+" | "-"))) {
        let target = Target::Distance(operand::distance(at)?);
        return Ok(Statement::Jump { op: Op::Call(Callee::Local(0)), target, column });
    }
    if word == "kfunc" && !at.at_end() {
        let id = operand::imm32(at, "a BTF id")?;
        return Ok(Statement::Op(Op::Call(Callee::Kfunc(id))));
    }
    let short = word.strip_prefix("bpf_").unwrap_or(&word);
    if let Some(id) = names.helper(short).or_else(|| names.helper(&word)) {
        return Ok(Statement::Op(Op::Call(Callee::Helper(id))));
    }
    Ok(Statement::Jump { op: Op::Call(Callee::Local(0)), target: Target::Callee(word), column })
}

/// After `*`: `(u64 *)(r1 + 8) = r2`.
fn store(at: &mut Cursor) -> Result<Statement, LineError> {
    let size = unsigned(at)?;
    let (dst, off) = operand::address(at)?;
    at.expect("=")?;
    let src = stored(at, size)?;
    Ok(Statement::Op(Op::Store { size, dst, off, src }))
}

fn stored(at: &mut Cursor, size: Size) -> Result<Operand, LineError> {
    if operand::is_register(at) {
        return Ok(Operand::Reg(sized_register(at, size)?));
    }
    operand::register_or_imm(at, size == Size::Dw)
}

/// A register that holds a value of `size`: `w1` only for four bytes and less.
fn sized_register(at: &mut Cursor, size: Size) -> Result<Reg, LineError> {
    let column = at.column();
    let Register { reg, wide } = operand::register(at)?;
    if !wide && size == Size::Dw {
        let n = reg.index();
        return Err((column, format!("found `w{n}`, expected `r{n}`: the access is 8 bytes wide")));
    }
    Ok(reg)
}

/// `(u64 *)` of a store or an atomic operation.
fn unsigned(at: &mut Cursor) -> Result<Size, LineError> {
    let column = at.column();
    match operand::pointer_type(at)? {
        (size, false) => Ok(size),
        (_, true) => Err((column, "signed types are for loads only, expected u8 to u64".into())),
    }
}

/// After `lock`: an update in place, or one of the fetching forms.
fn lock(at: &mut Cursor, names: &dyn Names) -> Result<Statement, LineError> {
    if !at.eat("*") {
        let column = at.column();
        let statement = assign::assignment(at, names)?;
        if !matches!(statement, Statement::Op(Op::Atomic { .. })) {
            return Err((column, "this instruction is not atomic: remove `lock`".into()));
        }
        return Ok(statement);
    }
    let size = atomic_size(at)?;
    let (dst, off) = operand::address(at)?;
    let op = match at.peek(0) {
        Some(Token::Punct("+=")) => AtomicOp::Add,
        Some(Token::Punct("|=")) => AtomicOp::Or,
        Some(Token::Punct("&=")) => AtomicOp::And,
        Some(Token::Punct("^=")) => AtomicOp::Xor,
        _ => return Err(at.expected("one of += |= &= ^=")),
    };
    at.take();
    let src = sized_register(at, size)?;
    Ok(Statement::Op(Op::Atomic { size, op, fetch: false, dst, off, src }))
}

/// `(u32 *)` or `(u64 *)`.
fn atomic_size(at: &mut Cursor) -> Result<Size, LineError> {
    let column = at.column();
    match unsigned(at)? {
        size @ (Size::W | Size::Dw) => Ok(size),
        Size::B | Size::H => {
            Err((column, "atomic operations take four or eight bytes: u32 or u64".into()))
        }
    }
}

/// After `store_release`: `((u64 *)(r1 + 0), r2)`.
fn store_release(at: &mut Cursor) -> Result<Statement, LineError> {
    at.expect("(")?;
    let size = unsigned(at)?;
    let (dst, off) = operand::address(at)?;
    at.expect(",")?;
    let src = sized_register(at, size)?;
    at.expect(")")?;
    Ok(Statement::Op(Op::StoreRelease { size, dst, off, src }))
}
