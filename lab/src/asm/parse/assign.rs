//! Statements that begin with a register.

use super::operand::{self, Register};
use super::{Statement, atomic_size, sized_register, unsigned};
use crate::asm::lex::{Cursor, LineError, Token};
use crate::asm::{Names, suggest};
use bpfsim_abi::insn::{AluOp, AtomicOp, Endian, Imm64, Op, Reg, Size};

/// `r1 += …` or `r1 = …`.
pub(super) fn assignment(at: &mut Cursor, names: &dyn Names) -> Result<Statement, LineError> {
    let dst = operand::register(at)?;
    let op = match at.peek(0) {
        Some(Token::Punct("=")) => {
            at.take();
            return right_side(at, dst, names);
        }
        Some(Token::Punct("+=")) => AluOp::Add,
        Some(Token::Punct("-=")) => AluOp::Sub,
        Some(Token::Punct("*=")) => AluOp::Mul,
        Some(Token::Punct("/=")) => AluOp::Div,
        Some(Token::Punct("s/=")) => AluOp::Sdiv,
        Some(Token::Punct("|=")) => AluOp::Or,
        Some(Token::Punct("&=")) => AluOp::And,
        Some(Token::Punct("<<=")) => AluOp::Lsh,
        Some(Token::Punct(">>=")) => AluOp::Rsh,
        Some(Token::Punct("s>>=")) => AluOp::Arsh,
        Some(Token::Punct("%=")) => AluOp::Mod,
        Some(Token::Punct("s%=")) => AluOp::Smod,
        Some(Token::Punct("^=")) => AluOp::Xor,
        _ => return Err(at.expected("`=` or an operator such as `+=`")),
    };
    at.take();
    let src = operand::register_or_imm(at, dst.wide)?;
    Ok(Statement::Op(Op::Alu { wide: dst.wide, op, dst: dst.reg, src }))
}

fn right_side(at: &mut Cursor, dst: Register, names: &dyn Names) -> Result<Statement, LineError> {
    if at.eat("*") {
        return Ok(Statement::Op(load(at, dst)?));
    }
    match at.peek(0).cloned() {
        Some(Token::Punct("(")) => Ok(Statement::Op(sign_extension(at, dst)?)),
        Some(Token::Punct("-")) if matches!(at.peek(1), Some(Token::Word(_))) => {
            at.take();
            operand::same_register(at, dst)?;
            Ok(Statement::Op(Op::Neg { wide: dst.wide, dst: dst.reg }))
        }
        Some(Token::Word(word)) if at.word_is(1, "ll") => map(at, dst, word, names),
        Some(Token::Word(word)) if !operand::looks_like_register(&word) => {
            named(at, dst, &word, names).map(Statement::Op)
        }
        _ => number_or_move(at, dst),
    }
}

/// `r1 = stats ll`.
fn map(
    at: &mut Cursor,
    dst: Register,
    name: String,
    names: &dyn Names,
) -> Result<Statement, LineError> {
    let column = at.column();
    let dst = sixty_four(dst, column)?;
    if !names.is_map(&name) {
        let known = names.map_names();
        let hint = suggest::did_you_mean(&name, known.iter().map(String::as_str));
        return Err((column, format!("there is no map `{name}`{hint}")));
    }
    at.take();
    at.expect_word("ll")?;
    Ok(Statement::Map { dst, name })
}

fn sixty_four(dst: Register, column: u32) -> Result<Reg, LineError> {
    if dst.wide {
        return Ok(dst.reg);
    }
    let n = dst.reg.index();
    Err((column, format!("this fills 64 bits: expected `r{n}` on the left, not `w{n}`")))
}

fn number_or_move(at: &mut Cursor, dst: Register) -> Result<Statement, LineError> {
    let column = at.column();
    let signed = usize::from(matches!(at.peek(0), Some(Token::Punct("-" | "+"))));
    if at.word_is(signed + 1, "ll") {
        let dst = sixty_four(dst, column)?;
        let value = operand::imm64(at, "a number")?;
        at.expect_word("ll")?;
        return Ok(Statement::Op(Op::LoadImm64 { dst, imm: Imm64::Value(value) }));
    }
    let src = operand::register_or_imm(at, dst.wide)?;
    Ok(Statement::Op(Op::Alu { wide: dst.wide, op: AluOp::Mov, dst: dst.reg, src }))
}

/// `(s8)r2`.
fn sign_extension(at: &mut Cursor, dst: Register) -> Result<Op, LineError> {
    at.expect("(")?;
    let bits = match at.peek(0) {
        Some(Token::Word(word)) if word == "s8" => 8,
        Some(Token::Word(word)) if word == "s16" => 16,
        Some(Token::Word(word)) if word == "s32" && dst.wide => 32,
        _ if dst.wide => return Err(at.expected("s8, s16 or s32")),
        _ => return Err(at.expected("s8 or s16")),
    };
    at.take();
    at.expect(")")?;
    let src = operand::register_of(at, dst.wide)?;
    Ok(Op::Movsx { wide: dst.wide, bits, dst: dst.reg, src })
}

/// After `r1 = *`: memory, or packet bytes.
fn load(at: &mut Cursor, dst: Register) -> Result<Op, LineError> {
    let column = at.column();
    let (size, signed) = operand::pointer_type(at)?;
    if at.eat_word("skb") {
        if signed || size == Size::Dw {
            return Err((column, "packet bytes are loaded as u8, u16 or u32".into()));
        }
        if dst.reg != Reg::R0 {
            return Err((column, "packet bytes go to r0: expected `r0` on the left".into()));
        }
        return packet(at, size);
    }
    if signed || size == Size::Dw {
        sixty_four(dst, column)?;
    }
    let (src, off) = operand::address(at)?;
    Ok(Op::Load { size, signed, dst: dst.reg, src, off })
}

/// After `skb`: `[12]`, `[r1]` or `[r1 + 4]`.
fn packet(at: &mut Cursor, size: Size) -> Result<Op, LineError> {
    at.expect("[")?;
    let op = if operand::is_register(at) {
        let src = operand::register_of(at, true)?;
        let plain = matches!(at.peek(0), Some(Token::Punct("]")));
        let imm = if plain { 0 } else { operand::imm32(at, "`+` and an offset, or `]`")? };
        Op::LoadInd { size, src, imm }
    } else {
        Op::LoadAbs { size, imm: operand::imm32(at, "an offset in the packet")? }
    };
    at.expect("]")?;
    Ok(op)
}

/// What begins with a word that is no register.
fn named(at: &mut Cursor, dst: Register, word: &str, names: &dyn Names) -> Result<Op, LineError> {
    let column = at.column();
    if let Some((order, bits)) = byte_order(word) {
        at.take();
        let dst = Register { reg: sixty_four(dst, column)?, wide: true };
        operand::same_register(at, dst)?;
        return Ok(Op::End { order, bits, dst: dst.reg });
    }
    let known = [
        "atomic_fetch_add",
        "atomic_fetch_or",
        "atomic_fetch_and",
        "atomic_fetch_xor",
        "xchg_64",
        "xchg32_32",
        "cmpxchg_64",
        "cmpxchg32_32",
        "load_acquire",
        "map_fd",
        "map_value",
        "pseudo",
    ];
    if !known.contains(&word) {
        if names.is_map(word) {
            let n = dst.reg.index();
            return Err((column, format!("a map needs `ll`: write `r{n} = {word} ll`")));
        }
        let hint = suggest::did_you_mean(word, known);
        let what = "a register, a number, a map and `ll`, or an operation";
        return Err((column, format!("found `{word}`, expected {what}{hint}")));
    }
    at.take();
    at.expect("(")?;
    let op = match word {
        "atomic_fetch_add" => fetch(at, dst, AtomicOp::Add)?,
        "atomic_fetch_or" => fetch(at, dst, AtomicOp::Or)?,
        "atomic_fetch_and" => fetch(at, dst, AtomicOp::And)?,
        "atomic_fetch_xor" => fetch(at, dst, AtomicOp::Xor)?,
        "xchg_64" | "xchg32_32" => exchange(at, dst, word == "xchg_64")?,
        "cmpxchg_64" | "cmpxchg32_32" => compare_exchange(at, dst, column, word == "cmpxchg_64")?,
        "load_acquire" => load_acquire(at, dst, column)?,
        _ => Op::LoadImm64 { dst: sixty_four(dst, column)?, imm: loaded(at, word)? },
    };
    at.expect(")")?;
    if matches!(op, Op::LoadImm64 { .. }) {
        at.expect_word("ll")?;
    }
    Ok(op)
}

fn byte_order(word: &str) -> Option<(Endian, u8)> {
    let digits = word.find(|c: char| c.is_ascii_digit())?;
    let order = match &word[..digits] {
        "le" => Endian::Le,
        "be" => Endian::Be,
        "bswap" => Endian::Swap,
        _ => return None,
    };
    let bits = match &word[digits..] {
        "16" => 16,
        "32" => 32,
        "64" => 64,
        _ => return None,
    };
    Some((order, bits))
}

/// After `atomic_fetch_add(`: `(u64 *)(r1 + 0), r2`; the old value lands in the operand.
fn fetch(at: &mut Cursor, old: Register, op: AtomicOp) -> Result<Op, LineError> {
    let size = atomic_size(at)?;
    let (dst, off) = operand::address(at)?;
    at.expect(",")?;
    let column = at.column();
    let src = sized_register(at, size)?;
    landed(old, src, size, column)?;
    Ok(Op::Atomic { size, op, fetch: true, dst, off, src })
}

/// The register on the left must be the operand.
fn landed(old: Register, src: Reg, size: Size, column: u32) -> Result<(), LineError> {
    if old.reg == src && (old.wide || size != Size::Dw) {
        return Ok(());
    }
    let n = src.index();
    Err((column, format!("the old value lands in the operand: expected r{n} on the left")))
}

/// After `xchg_64(`: `r1 + 0, r2`.
fn exchange(at: &mut Cursor, old: Register, wide: bool) -> Result<Op, LineError> {
    let size = if wide { Size::Dw } else { Size::W };
    let (dst, off) = operand::bare_address(at)?;
    at.expect(",")?;
    let column = at.column();
    let src = sized_register(at, size)?;
    landed(old, src, size, column)?;
    Ok(Op::Atomic { size, op: AtomicOp::Xchg, fetch: true, dst, off, src })
}

/// After `cmpxchg_64(`: `r1 + 0, r0, r2`.
fn compare_exchange(
    at: &mut Cursor,
    old: Register,
    column: u32,
    wide: bool,
) -> Result<Op, LineError> {
    let size = if wide { Size::Dw } else { Size::W };
    let (dst, off) = operand::bare_address(at)?;
    at.expect(",")?;
    let expected = sized_register(at, size)?;
    if expected != Reg::R0 || old.reg != Reg::R0 {
        return Err((column, "compare-exchange compares with r0 and returns in r0".into()));
    }
    at.expect(",")?;
    let src = sized_register(at, size)?;
    Ok(Op::Atomic { size, op: AtomicOp::Cmpxchg, fetch: true, dst, off, src })
}

/// After `load_acquire(`: `(u64 *)(r1 + 0)`.
fn load_acquire(at: &mut Cursor, dst: Register, column: u32) -> Result<Op, LineError> {
    let size = unsigned(at)?;
    if size == Size::Dw {
        sixty_four(dst, column)?;
    }
    let (src, off) = operand::address(at)?;
    Ok(Op::LoadAcquire { size, dst: dst.reg, src, off })
}

/// After `map_fd(`, `map_value(` or `pseudo(`: numbers.
fn loaded(at: &mut Cursor, word: &str) -> Result<Imm64, LineError> {
    let first = at.column();
    let low = operand::imm32(at, "a number")?;
    if word == "map_fd" {
        return Ok(Imm64::MapFd(low));
    }
    at.expect(",")?;
    let column = at.column();
    if word == "map_value" {
        let offset = operand::integer(at, "a byte offset")?;
        let offset = u32::try_from(offset)
            .map_err(|_| (column, format!("offset {offset} does not fit 32 bits")))?;
        return Ok(Imm64::MapValue { fd: low, offset });
    }
    let pseudo = u8::try_from(low)
        .ok()
        .filter(|pseudo| (3..=15).contains(pseudo))
        .ok_or_else(|| (first, format!("pseudo source {low}: expected 3 to 15")))?;
    let low = operand::imm32(at, "the low immediate")?;
    at.expect(",")?;
    let high = operand::imm32(at, "the high immediate")?;
    Ok(Imm64::Other { pseudo, low, high })
}
