//! Reads fixtures: the case's lines, and instructions in the kernel's own notation.

use bpfsim_abi::{Insn, Release};
use bpfsim_verifier::MapShape;

/// What a release answers.
#[derive(Clone, Debug)]
pub enum Expect {
    Accept,
    /// Errno and a part of the message.
    Reject(String, String),
    /// A part of the "not modelled" message.
    Unknown(String),
}

/// One program with its surroundings and its verdicts.
#[derive(Clone, Debug)]
pub struct Case {
    pub name: String,
    pub prog_type: u32,
    pub privileged: bool,
    pub gpl: bool,
    pub log_level: u32,
    pub maps: Vec<(i32, MapShape)>,
    pub program: Vec<Insn>,
    /// Slots at which an instruction starts, with its text in the fixture.
    pub lines: Vec<(usize, String)>,
    pub verdicts: Vec<(Release, Expect)>,
    pub says: Vec<(Release, String)>,
}

/// Every case of a fixture file. Panics with the line that it does not understand.
pub fn cases(text: &str) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    for line in text.lines() {
        let line = line.split(" #").next().unwrap_or_default().trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(name) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
            cases.push(Case {
                name: name.to_owned(),
                prog_type: 1,
                privileged: true,
                gpl: true,
                log_level: 0,
                maps: Vec::new(),
                program: Vec::new(),
                lines: Vec::new(),
                verdicts: Vec::new(),
                says: Vec::new(),
            });
            continue;
        }
        let case = cases.last_mut().expect("a fixture starts with [a name]");
        if directive(case, line).is_none() {
            let slots = insn(line).unwrap_or_else(|| panic!("{}: what is '{line}'?", case.name));
            case.lines.push((case.program.len(), line.to_owned()));
            case.program.extend(slots);
        }
    }
    cases
}

fn directive(case: &mut Case, line: &str) -> Option<()> {
    let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
    match word {
        "type" => case.prog_type = rest.parse().ok()?,
        "unprivileged" => case.privileged = false,
        "proprietary" => case.gpl = false,
        "log" => case.log_level = rest.parse().ok()?,
        "map" => case.maps.push(map(rest)?),
        "at" => {
            let words: Vec<&str> = rest.split(' ').collect();
            let count = words.iter().take_while(|word| word.parse::<Release>().is_ok()).count();
            let expect = expect(&words[count..])?;
            for release in &words[..count] {
                case.verdicts.push((release.parse().ok()?, expect.clone()));
            }
        }
        "says" => {
            let (release, text) = rest.split_once(' ')?;
            case.says.push((release.parse().ok()?, text.to_owned()));
        }
        // "repeat N INSN" stands for N equal instructions.
        "repeat" => {
            let (count, text) = rest.split_once(' ')?;
            for _ in 0..count.parse::<usize>().ok()? {
                case.program.extend(insn(text)?);
            }
        }
        _ => return None,
    }
    Some(())
}

fn expect(words: &[&str]) -> Option<Expect> {
    Some(match words {
        ["accept"] => Expect::Accept,
        ["reject", errno, message @ ..] => Expect::Reject((*errno).to_owned(), message.join(" ")),
        ["unknown", message @ ..] => Expect::Unknown(message.join(" ")),
        _ => return None,
    })
}

fn map(text: &str) -> Option<(i32, MapShape)> {
    let (fd, rest) = text.split_once(' ')?;
    let field = |name: &str| {
        let value = rest.split(' ').find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
        value.map_or(Some(0), |value| value.parse().ok())
    };
    let shape = MapShape {
        map_type: field("type")?,
        key_size: field("key")?,
        value_size: field("value")?,
        max_entries: field("max")?,
        flags: field("flags")?,
    };
    Some((fd.parse().ok()?, shape))
}

/// One instruction: one slot, or two.
fn insn(text: &str) -> Option<Vec<Insn>> {
    let words: Vec<&str> = text.split(' ').collect();
    let one = |insn| Some(vec![insn]);
    match words[..] {
        ["exit"] => one(Insn::new(0x95, 0, 0, 0, 0)),
        ["call", id] => one(Insn::new(0x85, 0, 0, 0, id.parse().ok()?)),
        ["goto", off] => one(Insn::new(0x05, 0, 0, off.parse().ok()?, 0)),
        ["raw", code, dst, src, off, imm] => one(Insn::new(
            u8::from_str_radix(code, 16).ok()?,
            dst.parse().ok()?,
            src.parse().ok()?,
            off.parse().ok()?,
            imm.parse().ok()?,
        )),
        ["if", left, cond, right, "goto", off] => one(jump(left, cond, right, off.parse().ok()?)?),
        [dst, "=", "map", fd] => {
            let low = Insn::new(0x18, reg(dst)?.0, 1, 0, fd.parse().ok()?);
            Some(vec![low, Insn::default()])
        }
        [dst, "=", "map_value", fd, off] => {
            let low = Insn::new(0x18, reg(dst)?.0, 2, 0, fd.parse().ok()?);
            Some(vec![low, Insn::new(0, 0, 0, 0, off.parse().ok()?)])
        }
        [dst, "=", value, "ll"] => {
            let value = number(value)?;
            let low = Insn::new(0x18, reg(dst)?.0, 0, 0, value as i32);
            Some(vec![low, Insn::new(0, 0, 0, 0, (value >> 32) as i32)])
        }
        [dst, "=", neg] if neg.strip_prefix('-').is_some_and(|neg| neg == dst) => {
            let (dst, wide) = reg(dst)?;
            one(Insn::new(if wide { 0x87 } else { 0x84 }, dst, 0, 0, 0))
        }
        [dst, "=", swap, _] if swap.starts_with("be") => {
            one(Insn::new(0xdc, reg(dst)?.0, 0, 0, swap[2..].parse().ok()?))
        }
        [dst, op, src] if op.ends_with('=') && !dst.contains('(') => one(alu(dst, op, src)?),
        _ => memory(text).map(|insn| vec![insn]),
    }
}

/// Register number, and whether it is named in full width.
fn reg(text: &str) -> Option<(u8, bool)> {
    let number = text.get(1..)?.parse().ok()?;
    match &text[..1] {
        "r" => Some((number, true)),
        "w" => Some((number, false)),
        _ => None,
    }
}

fn number(text: &str) -> Option<i64> {
    match text.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16).ok().map(|value| value as i64),
        None => text.parse().ok(),
    }
}

fn alu(dst: &str, op: &str, src: &str) -> Option<Insn> {
    const OPS: [&str; 13] =
        ["+=", "-=", "*=", "/=", "|=", "&=", "<<=", ">>=", "neg", "%=", "^=", "=", "s>>="];
    let (dst, wide) = reg(dst)?;
    let code = (OPS.iter().position(|&known| known == op)? as u8) << 4;
    let class = if wide { 0x07 } else { 0x04 };
    Some(match reg(src) {
        Some((src, _)) => Insn::new(code | class | 0x08, dst, src, 0, 0),
        None => Insn::new(code | class, dst, 0, 0, number(src)? as i32),
    })
}

fn jump(left: &str, cond: &str, right: &str, off: i16) -> Option<Insn> {
    let code = match cond {
        "==" => 0x10,
        ">" => 0x20,
        ">=" => 0x30,
        "&" => 0x40,
        "!=" => 0x50,
        "s>" => 0x60,
        "s>=" => 0x70,
        "<" => 0xa0,
        "<=" => 0xb0,
        "s<" => 0xc0,
        "s<=" => 0xd0,
        _ => return None,
    };
    let (dst, wide) = reg(left)?;
    let class = if wide { 0x05 } else { 0x06 };
    Some(match reg(right) {
        Some((src, _)) => Insn::new(code | class | 0x08, dst, src, off, 0),
        None => Insn::new(code | class, dst, 0, off, number(right)? as i32),
    })
}

/// Loads and stores: `r0 = *(u32 *)(r1 +0)`, `*(u64 *)(r10 -8) = r1`, `r0 = *(u8 *)skb[23]`.
fn memory(text: &str) -> Option<Insn> {
    let (left, right) = text.split_once(" += ").or_else(|| text.split_once(" = "))?;
    if let Some(place) = left.strip_prefix("lock ") {
        let (size, base, off) = place_of(place)?;
        return Some(Insn::new(0xc3 | size, base, reg(right)?.0, off, 0));
    }
    if left.starts_with('*') {
        let (size, base, off) = place_of(left)?;
        return Some(match reg(right) {
            Some((src, _)) => Insn::new(0x63 | size, base, src, off, 0),
            None => Insn::new(0x62 | size, base, 0, off, number(right)? as i32),
        });
    }
    if let Some((size, base, off)) = place_of(right) {
        return Some(Insn::new(0x61 | size, reg(left)?.0, base, off, 0));
    }
    if let Some((size, index)) = right.strip_suffix(']')?.split_once(" *)skb[") {
        let size = size_of(size.strip_prefix("*(")?)?;
        return Some(match index.split_once(" + ") {
            Some((src, imm)) => Insn::new(0x40 | size, 0, reg(src)?.0, 0, imm.parse().ok()?),
            None => Insn::new(0x20 | size, 0, 0, 0, index.parse().ok()?),
        });
    }
    None
}

/// Size bits, base register and displacement of `*(u32 *)(r1 +0)`.
fn place_of(text: &str) -> Option<(u8, u8, i16)> {
    let (size, rest) = text.strip_prefix("*(")?.split_once(" *)(")?;
    let (base, off) = rest.strip_suffix(')')?.split_once(' ')?;
    Some((size_of(size)?, reg(base)?.0, off.parse().ok()?))
}

fn size_of(text: &str) -> Option<u8> {
    Some(match text {
        "u32" => 0x00,
        "u16" => 0x08,
        "u8" => 0x10,
        "u64" => 0x18,
        _ => return None,
    })
}
