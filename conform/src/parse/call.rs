//! Calls and rows: `m = MAP_CREATE map_type=HASH … -> fd`.

use super::words::words;
use super::{name_of, value, variable};
use crate::ast::{Arg, Assign, Call, Change, Cmd, Expected, Outcome, Place, Row};
use crate::expr::Expr;
use crate::names;
use crate::range::Range;
use bpfsim_abi::Errno;

/// Reads a call.
pub(super) fn call(line: &str) -> Result<Call, String> {
    let (before, expect) = arrow(line)?;
    let words = words(before)?;
    let (result, words) = match words.as_slice() {
        [name, "=", rest @ ..] => (Some(variable(name)?), rest),
        rest => (None, rest),
    };
    let (cmd, args) = match words {
        ["CMD", number, rest @ ..] => (Cmd::Number(Expr::parse(number)?), rest),
        [name, rest @ ..] => (command(name)?, rest),
        [] => return Err(format!("'{line}' names no command")),
    };
    let args = args.iter().map(|word| arg(word)).collect::<Result<Vec<_>, _>>()?;
    Ok(Call { result, cmd, args, expect })
}

/// A command by its name, or a parameter.
pub(crate) fn command(name: &str) -> Result<Cmd, String> {
    if let Some(param) = name.strip_prefix('$') {
        return Ok(Cmd::Param(param.to_owned()));
    }
    if let Some((name, number)) = names::command(name) {
        return Ok(Cmd::Named(name, number));
    }
    if let Some(number) = name.strip_prefix("CMD+").and_then(|text| text.parse().ok()) {
        return Ok(Cmd::Number(Expr::Number(number)));
    }
    let mut known = names::commands();
    known.extend(["mem", "prog", "write", "close", "let", "expect", "attr", "set", "rows"]);
    let near = names::suggest(name, &known);
    Err(format!("'{name}' is no command of bpf(2) and no step{near}; a number is 'CMD 999'"))
}

/// A row of a table, without its place.
pub(super) fn row(line: &str) -> Result<Row, String> {
    let (before, expect) = arrow(line)?;
    let words = words(before)?;
    let (name, rest) = words.split_first().ok_or("a row begins with its name")?;
    let changes = rest.iter().map(|word| change(word)).collect::<Result<Vec<_>, _>>()?;
    Ok(Row { name: name_of(name)?, changes, expect, ..Row::default() })
}

fn change(word: &str) -> Result<Change, String> {
    let of = word.split_once(':').filter(|(name, _)| variable(name).is_ok());
    match of {
        Some((name, rest)) => Ok(Change { of: Some(name.to_owned()), arg: arg(rest)? }),
        None => Ok(Change { of: None, arg: arg(word)? }),
    }
}

fn arg(word: &str) -> Result<Arg, String> {
    let (left, right) = word.split_once('=').unwrap_or((word, ""));
    match left {
        "size" => Expr::parse(right).map(Arg::Size),
        "at" => Expr::parse(right).map(Arg::At),
        "mapped" => Expr::parse(right).map(Arg::Mapped),
        _ => assign(word).map(Arg::Set),
    }
}

/// `FIELD=VALUE` or `[4..8]=0xff`.
pub(super) fn assign(word: &str) -> Result<Assign, String> {
    let way_out = || format!("'{word}': write FIELD=VALUE or [FROM..TO]=BYTE, without blanks");
    let (left, right) = word.split_once('=').ok_or_else(way_out)?;
    let place = match left.strip_prefix('[') {
        Some(rest) => {
            let inner = rest.strip_suffix(']').ok_or_else(way_out)?;
            match inner.split_once("..") {
                Some((from, to)) => Place::Bytes(Expr::parse(from)?, Some(Expr::parse(to)?)),
                None => Place::Bytes(Expr::parse(inner)?, None),
            }
        }
        None if left.is_empty() => return Err(way_out()),
        None => Place::Field(left.to_owned()),
    };
    Ok(Assign { place, value: value(right)? })
}

/// What stands before `->`, and what behind it.
fn arrow(line: &str) -> Result<(&str, Vec<Expected>), String> {
    match line.split_once("->") {
        None => Ok((line, Vec::new())),
        Some((before, after)) => Ok((before, expected(after)?)),
    }
}

/// `EINVAL ..4.13, 0 or fd`.
fn expected(text: &str) -> Result<Vec<Expected>, String> {
    let mut all = Vec::new();
    for part in text.split(',') {
        let mut words = part.split_whitespace();
        let mut outcomes = Vec::new();
        let when = loop {
            let said = words.next().ok_or("an outcome is missing: 0, fd or an errno")?;
            outcomes.push(outcome(said)?);
            match words.next() {
                Some("or") => {}
                Some(range) => break Some(Range::parse(range)?),
                None => break None,
            }
        };
        if let Some(more) = words.next() {
            return Err(format!("'{more}': a ',' is missing before it"));
        }
        all.push(Expected { outcomes, when });
    }
    Ok(all)
}

/// `fd`, `0`, `EINVAL` or a parameter.
pub(crate) fn outcome(word: &str) -> Result<Outcome, String> {
    if word == "fd" {
        return Ok(Outcome::Fd);
    }
    if let Some(name) = word.strip_prefix('$') {
        return Ok(Outcome::Param(name.to_owned()));
    }
    if let Some(errno) = Errno::ALL.iter().find(|errno| errno.name() == word) {
        return Ok(Outcome::Errno(*errno));
    }
    match word.parse::<i64>() {
        Ok(number) if number >= 0 => Ok(Outcome::Number(number)),
        Ok(_) | Err(_) => {
            let known: Vec<&str> = Errno::ALL.iter().map(|errno| errno.name()).collect();
            let near = names::suggest(word, &known);
            Err(format!("'{word}' is no outcome: 0, fd and errno names are{near}"))
        }
    }
}
