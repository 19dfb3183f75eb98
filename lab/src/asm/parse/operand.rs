//! Registers, numbers, types and addresses.

use crate::asm::lex::{Cursor, LineError, Token};
use bpfsim_abi::Insn;
use bpfsim_abi::insn::{Operand, Reg, Size};

/// A register as written: `r1` is 64 bits wide, `w1` its lower 32.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Register {
    pub(super) reg: Reg,
    pub(super) wide: bool,
}

/// `r` or `w` and digits, whether or not there is such a register.
pub(super) fn looks_like_register(word: &str) -> bool {
    word.strip_prefix(['r', 'w'])
        .is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
}

/// Whether a register is next.
pub(super) fn is_register(at: &Cursor) -> bool {
    matches!(at.peek(0), Some(Token::Word(word)) if looks_like_register(word))
}

/// A register.
pub(super) fn register(at: &mut Cursor) -> Result<Register, LineError> {
    let Some(Token::Word(word)) = at.peek(0).cloned() else {
        return Err(at.expected("a register, r0 to r10 or w0 to w10"));
    };
    if !looks_like_register(&word) {
        return Err(at.expected("a register, r0 to r10 or w0 to w10"));
    }
    let number: Option<u8> = word[1..].parse().ok();
    // A leading zero would give one register two names.
    let reg = number.filter(|n| n.to_string() == word[1..]).and_then(Reg::new);
    let Some(reg) = reg else {
        let kind = &word[..1];
        return Err((
            at.column(),
            format!("`{word}` is no register, expected {kind}0 to {kind}10"),
        ));
    };
    at.take();
    Ok(Register { reg, wide: word.starts_with('r') })
}

/// A register of this width.
pub(super) fn register_of(at: &mut Cursor, wide: bool) -> Result<Reg, LineError> {
    let column = at.column();
    let found = register(at)?;
    if found.wide == wide {
        return Ok(found.reg);
    }
    let n = found.reg.index();
    let (is, should) = if wide { ('w', 'r') } else { ('r', 'w') };
    Err((column, format!("found `{is}{n}`, expected `{should}{n}`: both sides have one width")))
}

/// The register `same`, written again.
pub(super) fn same_register(at: &mut Cursor, same: Register) -> Result<(), LineError> {
    let column = at.column();
    if register(at)? == same {
        return Ok(());
    }
    let name = if same.wide { 'r' } else { 'w' };
    let n = same.reg.index();
    Err((column, format!("expected `{name}{n}` again: this operation works in place")))
}

/// A number with its sign; `what` is named when there is none.
pub(super) fn integer(at: &mut Cursor, what: &str) -> Result<i128, LineError> {
    let negative = at.eat("-");
    if !negative {
        at.eat("+");
    }
    match at.peek(0) {
        Some(Token::Number(magnitude, _)) => {
            let magnitude = i128::from(*magnitude);
            at.take();
            Ok(if negative { -magnitude } else { magnitude })
        }
        _ => Err(at.expected(what)),
    }
}

/// A number of 32 signed bits.
pub(super) fn imm32(at: &mut Cursor, what: &str) -> Result<i32, LineError> {
    let column = at.column();
    let value = integer(at, what)?;
    i32::try_from(value).map_err(|_| (column, out_of_range(value)))
}

fn out_of_range(value: i128) -> String {
    format!("{value} does not fit 32 signed bits: -2147483648 to 2147483647")
}

/// The second operand of an operation of this width. An immediate is sign-extended to 64 bits, so
/// 0xffffffff is one of 32-bit operations only.
pub(super) fn register_or_imm(at: &mut Cursor, wide: bool) -> Result<Operand, LineError> {
    if is_register(at) {
        return Ok(Operand::Reg(register_of(at, wide)?));
    }
    let column = at.column();
    let value = integer(at, "a register or a number")?;
    let imm = match u32::try_from(value) {
        Ok(bits) if !wide => Some(bits as i32),
        Ok(_) | Err(_) => i32::try_from(value).ok(),
    };
    let hint = if wide { "; `ll` behind a move makes it 64 bits" } else { "" };
    imm.map(Operand::Imm).ok_or_else(|| (column, format!("{}{hint}", out_of_range(value))))
}

/// `+3` or `-3`; what does not fit 64 bits fits no jump either.
pub(super) fn distance(at: &mut Cursor) -> Result<i64, LineError> {
    let column = at.column();
    let value = integer(at, "a distance")?;
    i64::try_from(value).map_err(|_| (column, format!("{value} is farther than any jump reaches")))
}

/// The eight bytes of `.quad`, little endian.
pub(super) fn quad(at: &mut Cursor) -> Result<Insn, LineError> {
    let bits = imm64(at, "the eight bytes of an instruction as one number")?;
    let [code, regs, o0, o1, i0, i1, i2, i3] = bits.to_le_bytes();
    let off = i16::from_le_bytes([o0, o1]);
    Ok(Insn { code, regs, off, imm: i32::from_le_bytes([i0, i1, i2, i3]) })
}

/// A number of 64 bits, signed or not.
pub(super) fn imm64(at: &mut Cursor, what: &str) -> Result<u64, LineError> {
    let column = at.column();
    let value = integer(at, what)?;
    u64::try_from(value)
        .or_else(|_| i64::try_from(value).map(|signed| signed as u64))
        .map_err(|_| (column, format!("{value} does not fit 64 bits")))
}

/// `(u64 *)` or `(s8 *)`: the size, and whether it is signed.
pub(super) fn pointer_type(at: &mut Cursor) -> Result<(Size, bool), LineError> {
    at.expect("(")?;
    let found = scalar_type(at)?;
    at.expect("*")?;
    at.expect(")")?;
    Ok(found)
}

fn scalar_type(at: &mut Cursor) -> Result<(Size, bool), LineError> {
    let found = match at.peek(0) {
        Some(Token::Word(word)) => match word.as_str() {
            "u8" => (Size::B, false),
            "u16" => (Size::H, false),
            "u32" => (Size::W, false),
            "u64" => (Size::Dw, false),
            "s8" => (Size::B, true),
            "s16" => (Size::H, true),
            "s32" => (Size::W, true),
            _ => return Err(at.expected("a type: u8 u16 u32 u64 s8 s16 s32")),
        },
        _ => return Err(at.expected("a type: u8 u16 u32 u64 s8 s16 s32")),
    };
    at.take();
    Ok(found)
}

/// `(r1 + 8)`, also `(r1)`.
pub(super) fn address(at: &mut Cursor) -> Result<(Reg, i16), LineError> {
    at.expect("(")?;
    let found = bare_address(at)?;
    at.expect(")")?;
    Ok(found)
}

/// `r1 + 8`, `r1 - 8` or `r1`.
pub(super) fn bare_address(at: &mut Cursor) -> Result<(Reg, i16), LineError> {
    let base = register_of(at, true)?;
    if !matches!(at.peek(0), Some(Token::Punct("+" | "-"))) {
        return Ok((base, 0));
    }
    let column = at.column();
    let value = integer(at, "a displacement in bytes")?;
    let off = i16::try_from(value).map_err(|_| {
        (column, format!("displacement {value} does not fit 16 signed bits: -32768 to 32767"))
    })?;
    Ok((base, off))
}
