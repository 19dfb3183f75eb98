//! From a case with parameters and rows to plain cases, each with a name of its own.

use crate::Problem;
use crate::ast::{
    Act, Arg, Assign, Call, Case, Cmd, Expected, Image, Origin, Outcome, Piece, Place, Row, Slice,
    Step, Value, Want,
};
use crate::expr::Expr;
use crate::parse::{command, outcome};
use crate::range::{Bound, Range, Ranges, bound};

/// Parameters and what they are in one case.
type Given<'a> = Vec<(&'a str, &'a str)>;

impl Case {
    /// The plain cases that this one stands for: a value for each parameter, one row each.
    ///
    /// # Errors
    /// A value that does not fit where its parameter stands, a row that changes what is not there;
    /// `file` is named in it.
    pub fn expand(&self, file: &str) -> Result<Vec<Case>, Problem> {
        let mut cases = Vec::new();
        for given in combinations(self) {
            let mut case = Case { over: Vec::new(), ..self.clone() };
            for over in &self.over {
                let first = over.names.first().and_then(|name| value_of(&given, name));
                case.name = format!("{}/{}", case.name, first.unwrap_or_default());
            }
            let problem = |(line, message)| Problem { file: file.to_owned(), line, message };
            fill_case(&mut case, &given).map_err(problem)?;
            cases.extend(with_rows(case).map_err(problem)?);
        }
        Ok(cases)
    }
}

fn value_of<'a>(given: &Given<'a>, name: &str) -> Option<&'a str> {
    given.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
}

fn combinations(case: &Case) -> Vec<Given<'_>> {
    let mut all: Vec<Given<'_>> = vec![Vec::new()];
    for over in &case.over {
        let pairs = |words: &'_ [String]| -> Vec<(usize, usize)> {
            (0..words.len().min(over.names.len())).map(|at| (at, at)).collect()
        };
        let mut longer = Vec::new();
        for given in &all {
            for words in &over.values {
                let mut more = given.clone();
                for (name, word) in pairs(words) {
                    more.push((over.names[name].as_str(), words[word].as_str()));
                }
                longer.push(more);
            }
        }
        all = longer;
    }
    all
}

/// What is wrong, and in which line.
type Wrong = (usize, String);

fn with_rows(case: Case) -> Result<Vec<Case>, Wrong> {
    if case.rows.is_empty() {
        return Ok(vec![case]);
    }
    let mut cases = Vec::new();
    for row in &case.rows {
        let mut one = Case { rows: Vec::new(), ..case.clone() };
        one.name = format!("{}/{}", case.name, row.name);
        one.line = row.line;
        apply_row(&mut one.steps, row).map_err(|message| (row.line, message))?;
        cases.push(one);
    }
    Ok(cases)
}

fn apply_row(steps: &mut Vec<Step>, row: &Row) -> Result<(), String> {
    for change in &row.changes {
        let mut calls = steps.iter_mut().rev().filter_map(as_call);
        let call = match &change.of {
            None => calls.next().ok_or("there is no call that a row could change")?,
            Some(name) => calls
                .find(|call| call.result.as_ref() == Some(name))
                .ok_or_else(|| format!("no call makes '{name}'"))?,
        };
        let same = |arg: &&mut Arg| same_place(arg, &change.arg);
        match call.args.iter_mut().find(same) {
            Some(arg) => *arg = change.arg.clone(),
            None => call.args.push(change.arg.clone()),
        }
    }
    if !row.expect.is_empty() {
        let call = steps.iter_mut().rev().find_map(as_call);
        let call = call.ok_or("there is no call that a row could change")?;
        call.expect.clone_from(&row.expect);
    }
    steps.extend(row.after.iter().cloned());
    Ok(())
}

fn as_call(step: &mut Step) -> Option<&mut Call> {
    match &mut step.act {
        Act::Call(call) => Some(call),
        Act::Note(_)
        | Act::Memory(..)
        | Act::Program(..)
        | Act::Write(..)
        | Act::Close(_)
        | Act::Let(..)
        | Act::Expect(..)
        | Act::Attr(_)
        | Act::AttrUntouched
        | Act::Set(..) => None,
    }
}

fn same_place(a: &Arg, b: &Arg) -> bool {
    match (a, b) {
        (Arg::Set(a), Arg::Set(b)) => a.place == b.place,
        (Arg::Size(_), Arg::Size(_))
        | (Arg::At(_), Arg::At(_))
        | (Arg::Mapped(_), Arg::Mapped(_)) => true,
        (Arg::Set(_) | Arg::Size(_) | Arg::At(_) | Arg::Mapped(_), _) => false,
    }
}

fn fill_case(case: &mut Case, given: &Given<'_>) -> Result<(), Wrong> {
    let line = case.line;
    fill_ranges(&mut case.kernels, given).map_err(|message| (line, message))?;
    for step in &mut case.steps {
        fill_step(step, given).map_err(|message| (step.line, message))?;
    }
    for row in &mut case.rows {
        fill_row(row, given).map_err(|message| (row.line, message))?;
    }
    Ok(())
}

fn fill_row(row: &mut Row, given: &Given<'_>) -> Result<(), String> {
    for change in &mut row.changes {
        fill_arg(&mut change.arg, given)?;
    }
    fill_expect(&mut row.expect, given)?;
    row.after.iter_mut().try_for_each(|step| fill_step(step, given))
}

fn fill_ranges(ranges: &mut Ranges, given: &Given<'_>) -> Result<(), String> {
    ranges.0.iter_mut().try_for_each(|range| fill_range(range, given))
}

fn fill_range(range: &mut Range, given: &Given<'_>) -> Result<(), String> {
    for end in range.bounds_mut() {
        if let Bound::Param(name) = end {
            *end = bound(known(given, name)?)?;
        }
    }
    Ok(())
}

fn known<'a>(given: &Given<'a>, name: &str) -> Result<&'a str, String> {
    value_of(given, name)
        .ok_or_else(|| format!("${name} has no value: write 'for ${name} in …' above"))
}

fn fill(expr: &mut Expr, given: &Given<'_>) -> Result<(), String> {
    expr.leaves_mut(&mut |leaf| {
        if let Expr::Param(name) = leaf {
            *leaf = Expr::parse(known(given, name)?)?;
        }
        Ok(())
    })
}

fn fill_step(step: &mut Step, given: &Given<'_>) -> Result<(), String> {
    fill_ranges(&mut step.when, given)?;
    match &mut step.act {
        Act::Note(_) | Act::Program(..) | Act::Close(_) | Act::AttrUntouched => Ok(()),
        Act::Let(_, Origin::Attr(_)) => Ok(()),
        Act::Let(_, Origin::Slice(slice)) | Act::Expect(slice, Want::Untouched) => {
            fill_slice(slice, given)
        }
        Act::Memory(_, image) | Act::Write(_, image) => fill_image(image, given),
        Act::Expect(slice, Want::Bytes(image)) => {
            fill_slice(slice, given)?;
            fill_image(image, given)
        }
        Act::Attr(fields) => fields.iter_mut().try_for_each(|field| fill_assign(field, given)),
        Act::Set(slices, images) => {
            slices.iter_mut().try_for_each(|slice| fill_slice(slice, given))?;
            images.iter_mut().try_for_each(|image| fill_image(image, given))
        }
        Act::Call(call) => fill_call(call, given),
    }
}

fn fill_call(call: &mut Call, given: &Given<'_>) -> Result<(), String> {
    match &mut call.cmd {
        Cmd::Named(..) => {}
        Cmd::Number(number) => fill(number, given)?,
        Cmd::Param(name) => call.cmd = command(known(given, name)?)?,
    }
    call.args.iter_mut().try_for_each(|arg| fill_arg(arg, given))?;
    fill_expect(&mut call.expect, given)
}

fn fill_arg(arg: &mut Arg, given: &Given<'_>) -> Result<(), String> {
    match arg {
        Arg::Set(assign) => fill_assign(assign, given),
        Arg::Size(expr) | Arg::At(expr) | Arg::Mapped(expr) => fill(expr, given),
    }
}

fn fill_assign(assign: &mut Assign, given: &Given<'_>) -> Result<(), String> {
    if let Place::Bytes(from, to) = &mut assign.place {
        fill(from, given)?;
        to.iter_mut().try_for_each(|to| fill(to, given))?;
    }
    match &mut assign.value {
        Value::Number(expr) => fill(expr, given),
        Value::Text(_) => Ok(()),
    }
}

fn fill_expect(expect: &mut [Expected], given: &Given<'_>) -> Result<(), String> {
    for one in expect {
        one.when.iter_mut().try_for_each(|range| fill_range(range, given))?;
        for said in &mut one.outcomes {
            if let Outcome::Param(name) = said {
                *said = outcome(known(given, name)?)?;
            }
        }
    }
    Ok(())
}

fn fill_slice(slice: &mut Slice, given: &Given<'_>) -> Result<(), String> {
    slice.from.iter_mut().chain(slice.to.iter_mut()).try_for_each(|end| fill(end, given))
}

fn fill_image(image: &mut Image, given: &Given<'_>) -> Result<(), String> {
    image.0.iter_mut().try_for_each(|piece| match piece {
        Piece::Numbers(_, values) => values.iter_mut().try_for_each(|value| fill(value, given)),
        Piece::Hex(_) | Piece::Text(_) => Ok(()),
        Piece::Zero(count) => fill(count, given),
        Piece::Fill(byte, count) => {
            fill(byte, given)?;
            fill(count, given)
        }
        Piece::Repeat(count, inner) => {
            fill(count, given)?;
            fill_image(inner, given)
        }
    })
}
