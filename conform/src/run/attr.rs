//! The attr of a call, and what the kernel left in it.

use super::env::{Env, sized};
use crate::ast::{Arg, Assign, Call, Cmd, Place, Value};
use crate::expr::Expr;
use crate::names;
use bpfsim_abi::{Release, check_attr_end, sizes};
use std::ops::Range;

/// More of an attr is never mapped: the kernel reads one page at most.
const MOST_MAPPED: usize = 8192;

/// A call, ready to be made.
#[derive(Clone, Debug)]
pub(super) struct Ready {
    /// The command.
    pub cmd: u32,
    /// The arm of `union bpf_attr`.
    pub arm: Option<&'static str>,
    /// The attr, or where the case wants it to be.
    pub attr: Result<Vec<u8>, u64>,
    /// The third argument.
    pub size: u32,
}

/// Works out the arguments.
pub(super) fn ready(env: &mut Env, call: &Call, release: Release) -> Result<Ready, String> {
    let cmd = match &call.cmd {
        Cmd::Named(_, number) => *number,
        Cmd::Number(expr) => number_u32(expr, env.value(expr)?)?,
        Cmd::Param(name) => return Err(format!("${name} has no value")),
    };
    let arm = names::container(cmd);
    let end = arm.and_then(|arm| sizes::end_of(arm, release)).unwrap_or(0);
    let last = check_attr_end(cmd, release).unwrap_or(0);
    env.call = [("size", 0), ("arm", end), ("last", last)];
    let mut ends = last;
    for arg in &call.args {
        // A byte counted from `size` says nothing about the size.
        if let Arg::Set(Assign { place, value: _ }) = arg
            && !uses_size(place)
        {
            ends = ends.max(bytes_of(env, arm, place)?.end as u32);
        }
    }
    let size = option(env, call, |arg| if let Arg::Size(e) = arg { Some(e) } else { None })?;
    let size = size.unwrap_or(ends.into());
    let size = u32::try_from(size).map_err(|_| format!("size={size} is no 32-bit number"))?;
    env.call[0] = ("size", size);
    let at = option(env, call, |arg| if let Arg::At(e) = arg { Some(e) } else { None })?;
    let attr = match at {
        Some(at) => Err(u64::try_from(at).map_err(|_| format!("at={at} is no address"))?),
        None => Ok(image(env, call, arm, size)?),
    };
    Ok(Ready { cmd, arm, attr, size })
}

fn uses_size(place: &Place) -> bool {
    let uses = |expr: &Expr| {
        let mut found = false;
        expr.leaves(&mut |leaf| found |= *leaf == Expr::Name("size".to_owned()));
        found
    };
    match place {
        Place::Field(_) => false,
        Place::Bytes(from, to) => uses(from) || to.as_ref().is_some_and(uses),
    }
}

fn option(
    env: &Env,
    call: &Call,
    pick: impl Fn(&Arg) -> Option<&Expr>,
) -> Result<Option<i128>, String> {
    call.args.iter().find_map(pick).map(|expr| env.value(expr)).transpose()
}

fn image(env: &Env, call: &Call, arm: Option<&'static str>, size: u32) -> Result<Vec<u8>, String> {
    let mut bytes = vec![0; (size as usize).min(MOST_MAPPED)];
    for arg in &call.args {
        let Arg::Set(assign) = arg else { continue };
        let range = bytes_of(env, arm, &assign.place)?;
        if bytes.len() < range.end {
            bytes.resize(range.end, 0);
        }
        let value = value(env, assign, range.len())?;
        bytes[range].copy_from_slice(&value);
    }
    let mapped = option(env, call, |arg| if let Arg::Mapped(e) = arg { Some(e) } else { None })?;
    if let Some(mapped) = mapped {
        let fits = usize::try_from(mapped).ok().filter(|mapped| *mapped <= MOST_MAPPED);
        let mapped = fits.ok_or_else(|| format!("mapped={mapped}: 0 to {MOST_MAPPED} can be"))?;
        bytes.resize(mapped, 0);
    }
    Ok(bytes)
}

/// Which bytes of the attr a place is.
pub(super) fn bytes_of(
    env: &Env,
    arm: Option<&'static str>,
    place: &Place,
) -> Result<Range<usize>, String> {
    match place {
        Place::Field(name) => {
            let field = arm.and_then(|arm| names::field(arm, name));
            let field = field.ok_or_else(|| format!("this command has no field '{name}'"))?;
            Ok(field.offset as usize..field.end() as usize)
        }
        Place::Bytes(from, to) => {
            let offset = |expr: &Expr| {
                let value = env.value(expr)?;
                let fits = usize::try_from(value).ok().filter(|at| *at <= MOST_MAPPED);
                fits.ok_or_else(|| format!("[{expr}] is {value}: 0 to {MOST_MAPPED} can be"))
            };
            let from = offset(from)?;
            let to = to.as_ref().map_or(Ok(from + 1), offset)?;
            if from <= to { Ok(from..to) } else { Err(format!("[{from}..{to}] runs backwards")) }
        }
    }
}

/// The bytes that are put into a place.
pub(super) fn value(env: &Env, assign: &Assign, len: usize) -> Result<Vec<u8>, String> {
    match (&assign.value, &assign.place) {
        (Value::Text(text), _) if text.len() <= len => {
            let mut bytes = text.clone();
            bytes.resize(len, 0);
            Ok(bytes)
        }
        (Value::Text(_), _) => Err(format!("'{assign}': the text is longer than {len} bytes")),
        (Value::Number(expr), Place::Bytes(..)) => {
            let byte = sized(expr, env.value(expr)?, 1)?[0];
            Ok(vec![byte; len])
        }
        (Value::Number(expr), Place::Field(name)) => {
            let value = expr.value(env, Some(name))?;
            match len {
                1..=8 => sized(expr, value, len).map_err(|why| format!("{name}: {why}")),
                _ => Err(format!("{name} has {len} bytes: write text in quotes")),
            }
        }
    }
}

fn number_u32(expr: &Expr, value: i128) -> Result<u32, String> {
    let bytes = sized(expr, value, 4)?;
    Ok(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
}
