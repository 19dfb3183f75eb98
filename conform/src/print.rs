//! Cases as text, in one form: what is printed and read again prints the same.

use crate::ast::{
    Act, Arg, Assign, Call, Case, Change, Cmd, Expected, File, Image, Needs, Origin, Outcome, Over,
    Piece, Place, Rights, Row, Slice, Source, Step, Value, Want,
};
use std::fmt::{self, Write};

impl fmt::Display for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, case) in self.cases.iter().enumerate() {
            write!(f, "{}{case}", if at == 0 { "" } else { "\n" })?;
        }
        if !self.notes.is_empty() {
            f.write_str(if self.cases.is_empty() { "" } else { "\n" })?;
            notes(f, &self.notes, "")?;
        }
        Ok(())
    }
}

fn notes(f: &mut fmt::Formatter<'_>, notes: &[String], indent: &str) -> fmt::Result {
    notes.iter().try_for_each(|note| match note.as_str() {
        "" => writeln!(f, "{indent}#"),
        note => writeln!(f, "{indent}# {note}"),
    })
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        notes(f, &self.notes, "")?;
        writeln!(f, "case {}", self.name)?;
        if self.source != Source::Unknown {
            writeln!(f, "  source {}", self.source)?;
        }
        if !self.kernels.0.is_empty() {
            writeln!(f, "  kernels {}", self.kernels)?;
        }
        if self.needs != Needs::default() {
            writeln!(f, "  needs{}", self.needs)?;
        }
        self.over.iter().try_for_each(|over| print_over(f, over))?;
        self.steps.iter().try_for_each(|step| print_step(f, step, "  "))?;
        if self.rows.is_empty() {
            return Ok(());
        }
        writeln!(f, "  rows")?;
        print_rows(f, &self.rows)
    }
}

fn print_rows(f: &mut fmt::Formatter<'_>, rows: &[Row]) -> fmt::Result {
    let width = rows.iter().map(|row| row.name.chars().count()).max().unwrap_or(0).min(32);
    for row in rows {
        notes(f, &row.notes, "    ")?;
        let mut line = String::new();
        for change in &row.changes {
            write!(line, " {change}")?;
        }
        if !row.expect.is_empty() {
            write!(line, "{}", arrow(&row.expect))?;
        }
        match line.is_empty() {
            true => writeln!(f, "    {}", row.name)?,
            false => writeln!(f, "    {:width$}{line}", row.name)?,
        }
        row.after.iter().try_for_each(|step| print_step(f, step, "      "))?;
    }
    Ok(())
}

fn print_step(f: &mut fmt::Formatter<'_>, step: &Step, indent: &str) -> fmt::Result {
    if let Act::Note(note) = &step.act {
        return notes(f, std::slice::from_ref(note), indent);
    }
    f.write_str(indent)?;
    if !step.when.0.is_empty() {
        write!(f, "[{}] ", step.when)?;
    }
    writeln!(f, "{}", step.act)?;
    if let Act::Program(_, lines) = &step.act {
        for line in lines {
            writeln!(f, "{}", format!("{indent}  | {line}").trim_end())?;
        }
    }
    Ok(())
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Live(release) => write!(f, "live {release}"),
            Source::Kernel(place) => write!(f, "kernel {place}"),
            Source::Header(place) => write!(f, "header {place}"),
            Source::Fuzz(what) => write!(f, "fuzz {what}"),
            Source::Unknown => f.write_str("unknown"),
        }
    }
}

impl fmt::Display for Needs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.rights == Rights::None {
            f.write_str(" caps=none")?;
        }
        if let Some(cpus) = self.cpus {
            write!(f, " cpus={cpus}")?;
        }
        if let Some(disabled) = self.unprivileged_disabled {
            write!(f, " unprivileged_bpf_disabled={}", u8::from(disabled))?;
        }
        Ok(())
    }
}

/// A line has at most this many columns, where it can be cut.
const COLUMNS: usize = 100;

/// As many lines as it takes, each as a `for` of its own.
fn print_over(f: &mut fmt::Formatter<'_>, over: &Over) -> fmt::Result {
    let names: Vec<String> = over.names.iter().map(|name| format!("${name}")).collect();
    let head = format!("  for {} in", names.join(":"));
    let mut line = head.clone();
    for words in &over.values {
        let word = words.join(":");
        if line.len() > head.len() && line.len() + 1 + word.len() > COLUMNS {
            writeln!(f, "{line}")?;
            line.clone_from(&head);
        }
        line += &format!(" {word}");
    }
    writeln!(f, "{line}")
}

impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Act::Note(note) => write!(f, "# {note}"),
            Act::Memory(name, image) => write!(f, "mem {name} ={image}"),
            Act::Program(name, _) => write!(f, "prog {name}"),
            Act::Write(name, image) => write!(f, "write {name} ={image}"),
            Act::Call(call) => call.fmt(f),
            Act::Close(name) => write!(f, "close {name}"),
            Act::Let(name, Origin::Slice(slice)) => write!(f, "let {name} = {slice}"),
            Act::Let(name, Origin::Attr(field)) => write!(f, "let {name} = attr.{field}"),
            Act::Expect(slice, Want::Bytes(image)) => write!(f, "expect {slice} ={image}"),
            Act::Expect(slice, Want::Untouched) => write!(f, "expect {slice} untouched"),
            Act::Attr(fields) => {
                f.write_str("attr")?;
                fields.iter().try_for_each(|field| write!(f, " {field}"))
            }
            Act::AttrUntouched => f.write_str("attr untouched"),
            Act::Set(slices, images) => {
                f.write_str("set")?;
                slices.iter().try_for_each(|slice| write!(f, " {slice}"))?;
                f.write_str(" =")?;
                for (at, image) in images.iter().enumerate() {
                    write!(f, "{}{image}", if at == 0 { "" } else { "," })?;
                }
                Ok(())
            }
        }
    }
}

impl fmt::Display for Slice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        if self.from.is_none() && self.to.is_none() {
            return Ok(());
        }
        f.write_str("[")?;
        self.from.iter().try_for_each(|from| write!(f, "{from}"))?;
        f.write_str("..")?;
        self.to.iter().try_for_each(|to| write!(f, "{to}"))?;
        f.write_str("]")
    }
}

/// With a blank in front of each piece.
impl fmt::Display for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|piece| write!(f, " {piece}"))
    }
}

impl fmt::Display for Piece {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Piece::Numbers(bytes, values) => {
                write!(f, "u{}", u32::from(*bytes) * 8)?;
                values.iter().try_for_each(|value| write!(f, " {value}"))
            }
            Piece::Hex(bytes) => {
                f.write_str("hex ")?;
                bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
            Piece::Text(bytes) => f.write_str(&quoted(bytes)),
            Piece::Zero(count) => write!(f, "zero {count}"),
            Piece::Fill(byte, count) => write!(f, "fill {byte} {count}"),
            Piece::Repeat(count, image) => write!(f, "repeat {count} ({image} )"),
        }
    }
}

/// Bytes between quotes.
fn quoted(bytes: &[u8]) -> String {
    let mut text = "\"".to_owned();
    for byte in bytes {
        match byte {
            0 => text += "\\0",
            b'\n' => text += "\\n",
            b'"' | b'\\' => text.extend(['\\', char::from(*byte)]),
            b' '..=b'~' => text.push(char::from(*byte)),
            byte => text += &format!("\\x{byte:02x}"),
        }
    }
    text + "\""
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(name) = &self.result {
            write!(f, "{name} = ")?;
        }
        write!(f, "{}", self.cmd)?;
        self.args.iter().try_for_each(|arg| write!(f, " {arg}"))?;
        f.write_str(&arrow(&self.expect))
    }
}

fn arrow(expect: &[Expected]) -> String {
    let each: Vec<String> = expect.iter().map(Expected::to_string).collect();
    if each.is_empty() { String::new() } else { format!(" -> {}", each.join(", ")) }
}

impl fmt::Display for Cmd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cmd::Named(name, _) => f.write_str(name),
            Cmd::Number(number) => write!(f, "CMD {number}"),
            Cmd::Param(name) => write!(f, "${name}"),
        }
    }
}

impl fmt::Display for Arg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Arg::Set(assign) => assign.fmt(f),
            Arg::Size(size) => write!(f, "size={size}"),
            Arg::At(address) => write!(f, "at={address}"),
            Arg::Mapped(bytes) => write!(f, "mapped={bytes}"),
        }
    }
}

impl fmt::Display for Assign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::Field(name) => f.write_str(name)?,
            Place::Bytes(from, None) => write!(f, "[{from}]")?,
            Place::Bytes(from, Some(to)) => write!(f, "[{from}..{to}]")?,
        }
        match &self.value {
            Value::Number(value) => write!(f, "={value}"),
            Value::Text(bytes) => write!(f, "={}", quoted(bytes)),
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.of {
            Some(name) => write!(f, "{name}:{}", self.arg),
            None => self.arg.fmt(f),
        }
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let each: Vec<String> = self.outcomes.iter().map(Outcome::to_string).collect();
        f.write_str(&each.join(" or "))?;
        self.when.iter().try_for_each(|range| write!(f, " {range}"))
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Outcome::Fd => f.write_str("fd"),
            Outcome::Number(number) => write!(f, "{number}"),
            Outcome::Errno(errno) => write!(f, "{errno}"),
            Outcome::Param(name) => write!(f, "${name}"),
        }
    }
}
