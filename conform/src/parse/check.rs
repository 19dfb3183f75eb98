//! What can be seen to be wrong before a plain case runs: names, fields, and their order.

use super::Wrong;
use crate::ast::{
    Act, Arg, Assign, Call, Case, Cmd, Image, Origin, Outcome, Piece, Place, Slice, Value, Want,
};
use crate::expr::{Expr, SPECIAL};
use crate::names;
use std::collections::BTreeSet;

/// Every name is known where it is used.
pub(super) fn check(case: &Case) -> Result<(), Wrong> {
    if case.source == crate::ast::Source::Unknown {
        let way_out = "a case says where it comes from: write 'source live 6.18', \
                       'source kernel FILE FUNCTION RELEASE' or 'source header FILE'";
        return Err((case.line, way_out.to_owned()));
    }
    let mut scope = Scope::default();
    let mut calls = 0;
    for step in &case.steps {
        let wrong = |message| (step.line, message);
        if let Act::Call(call) = &step.act {
            calls += 1;
            scope.call(call).map_err(wrong)?;
        } else {
            scope.act(&step.act).map_err(wrong)?;
        }
    }
    match calls {
        0 => Err((case.line, format!("'{}' calls nothing: name a command of bpf(2)", case.name))),
        _ => Ok(()),
    }
}

#[derive(Default)]
struct Scope {
    numbers: BTreeSet<String>,
    buffers: BTreeSet<String>,
    /// The arm of the last call.
    arm: Option<&'static str>,
}

impl Scope {
    fn act(&mut self, act: &Act) -> Result<(), String> {
        match act {
            Act::Note(_) | Act::AttrUntouched | Act::Call(_) => Ok(()),
            Act::Memory(name, image) => {
                self.image(image)?;
                self.new_buffer(name)
            }
            Act::Program(name, _) => self.new_buffer(name),
            Act::Write(name, image) => {
                self.buffer(name)?;
                self.image(image)
            }
            Act::Close(name) => self.number(name),
            Act::Let(name, origin) => {
                match origin {
                    Origin::Slice(slice) => self.slice(slice)?,
                    Origin::Attr(field) => self.field(field)?,
                }
                self.numbers.insert(name.clone());
                Ok(())
            }
            Act::Expect(slice, want) => {
                self.slice(slice)?;
                match want {
                    Want::Bytes(image) => self.image(image),
                    Want::Untouched => Ok(()),
                }
            }
            Act::Attr(fields) => fields.iter().try_for_each(|field| self.assign(field)),
            Act::Set(slices, images) => {
                slices.iter().try_for_each(|slice| self.slice(slice))?;
                images.iter().try_for_each(|image| self.image(image))
            }
        }
    }

    fn new_buffer(&mut self, name: &str) -> Result<(), String> {
        match self.buffers.insert(name.to_owned()) {
            true => Ok(()),
            false => Err(format!("'{name}' is a buffer already: write 'write {name} = …'")),
        }
    }

    fn call(&mut self, call: &Call) -> Result<(), String> {
        self.arm = match &call.cmd {
            Cmd::Named(_, number) => names::container(*number),
            Cmd::Number(number) => {
                self.expr(number, None)?;
                None
            }
            Cmd::Param(name) => return Err(format!("${name} has no value")),
        };
        for arg in &call.args {
            match arg {
                Arg::Set(assign) => self.assign(assign)?,
                Arg::Size(expr) | Arg::At(expr) | Arg::Mapped(expr) => self.expr(expr, None)?,
            }
        }
        for one in call.expect.iter().flat_map(|expected| &expected.outcomes) {
            if let Outcome::Param(name) = one {
                return Err(format!("${name} has no value"));
            }
        }
        self.numbers.extend(call.result.clone());
        Ok(())
    }

    fn field(&self, name: &str) -> Result<(), String> {
        let Some(arm) = self.arm else {
            return Err(format!("'{name}': this command has no fields, write [FROM..TO]=BYTE"));
        };
        match names::field(arm, name) {
            Some(_) => Ok(()),
            None => {
                let near = names::suggest(name, &names::fields(arm));
                Err(format!("{arm} has no field '{name}'{near}"))
            }
        }
    }

    fn assign(&self, assign: &Assign) -> Result<(), String> {
        let field = match &assign.place {
            Place::Field(name) => {
                self.field(name)?;
                Some(name.as_str())
            }
            Place::Bytes(from, to) => {
                self.expr(from, None)?;
                to.iter().try_for_each(|to| self.expr(to, None))?;
                None
            }
        };
        match &assign.value {
            Value::Number(expr) => self.expr(expr, field),
            Value::Text(_) => Ok(()),
        }
    }

    fn slice(&self, slice: &Slice) -> Result<(), String> {
        self.buffer(&slice.name)?;
        slice.from.iter().chain(&slice.to).try_for_each(|end| self.expr(end, None))
    }

    fn image(&self, image: &Image) -> Result<(), String> {
        image.0.iter().try_for_each(|piece| match piece {
            Piece::Numbers(_, values) => values.iter().try_for_each(|value| self.expr(value, None)),
            Piece::Hex(_) | Piece::Text(_) => Ok(()),
            Piece::Zero(count) => self.expr(count, None),
            Piece::Fill(byte, count) => {
                self.expr(byte, None)?;
                self.expr(count, None)
            }
            Piece::Repeat(count, inner) => {
                self.expr(count, None)?;
                self.image(inner)
            }
        })
    }

    fn expr(&self, expr: &Expr, field: Option<&str>) -> Result<(), String> {
        let mut wrong = Ok(());
        expr.leaves(&mut |leaf| {
            let found = match leaf {
                Expr::Name(name) if self.known(name, field) => Ok(()),
                Expr::Name(name) => self.number(name),
                Expr::Address(name) | Expr::Len(name) => self.buffer(name),
                Expr::Param(name) => Err(format!("${name} has no value")),
                Expr::Number(_) | Expr::Hex(_) | Expr::Negative(_) | Expr::Pair(..) => Ok(()),
            };
            if wrong.is_ok() {
                wrong = found;
            }
        });
        wrong
    }

    fn known(&self, name: &str, field: Option<&str>) -> bool {
        SPECIAL.iter().any(|(known, _)| *known == name) || names::constant(name, field).is_some()
    }

    fn number(&self, name: &str) -> Result<(), String> {
        if self.numbers.contains(name) {
            return Ok(());
        }
        let known: Vec<&str> = self.numbers.iter().map(String::as_str).collect();
        let near = names::suggest(name, &known);
        Err(format!("nothing is called '{name}' up to here{near}"))
    }

    fn buffer(&self, name: &str) -> Result<(), String> {
        if self.buffers.contains(name) {
            return Ok(());
        }
        let known: Vec<&str> = self.buffers.iter().map(String::as_str).collect();
        let near = names::suggest(name, &known);
        Err(format!("no buffer is called '{name}' up to here{near}; write 'mem {name} = …'"))
    }
}
