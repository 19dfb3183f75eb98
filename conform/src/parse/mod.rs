//! Text to cases.

mod call;
mod check;
mod image;
mod words;

use crate::Problem;
use crate::ast::{
    Act, Case, File, Needs, Origin, Over, Rights, Row, Slice, Source, Step, Value, Want,
};
use crate::range::Ranges;
pub(crate) use call::{command, outcome};
use words::words;

/// Reads cases. `file` is what they are called in errors.
///
/// # Errors
/// The first line that is wrong: what stands there, and the way out. Cases with parameters and
/// rows are expanded once, so that what is read can be run.
pub fn parse(file: &str, text: &str) -> Result<File, Problem> {
    let lines = text.lines().enumerate().map(|(at, text)| Line::new(at + 1, text)).collect();
    let mut reader = Reader { lines, at: 0 };
    let problem = |(line, message)| Problem { file: file.to_owned(), line, message };
    let parsed = reader.file().map_err(problem)?;
    let mut seen = std::collections::BTreeMap::new();
    for case in &parsed.cases {
        for plain in case.expand(file)? {
            check::check(&plain).map_err(problem)?;
            if let Some(first) = seen.insert(plain.name.clone(), plain.line) {
                let message = format!("'{}' is already a case, of line {first}", plain.name);
                return Err(problem((plain.line, message)));
            }
        }
    }
    Ok(parsed)
}

/// What is wrong, and in which line.
type Wrong = (usize, String);

/// One line of the text.
#[derive(Clone, Copy, Debug)]
struct Line<'a> {
    number: usize,
    indent: usize,
    text: &'a str,
}

impl<'a> Line<'a> {
    fn new(number: usize, line: &'a str) -> Self {
        let text = line.trim();
        Line { number, indent: line.len() - line.trim_start().len(), text }
    }

    /// What stands behind `word`, if the line begins with it.
    fn behind(&self, word: &str) -> Option<&'a str> {
        let rest = self.text.strip_prefix(word)?;
        (rest.is_empty() || rest.starts_with(char::is_whitespace)).then(|| rest.trim())
    }

    fn note(&self) -> Option<String> {
        let text = self.text.strip_prefix('#')?;
        Some(text.strip_prefix(' ').unwrap_or(text).to_owned())
    }
}

struct Reader<'a> {
    lines: Vec<Line<'a>>,
    at: usize,
}

impl<'a> Reader<'a> {
    /// The next line that is not empty.
    fn peek(&mut self) -> Option<Line<'a>> {
        while self.lines.get(self.at)?.text.is_empty() {
            self.at += 1;
        }
        self.lines.get(self.at).copied()
    }

    /// Comments from here on.
    fn notes(&mut self) -> Vec<String> {
        let mut notes = Vec::new();
        while let Some(note) = self.peek().and_then(|line| line.note()) {
            notes.push(note);
            self.at += 1;
        }
        notes
    }

    fn file(&mut self) -> Result<File, Wrong> {
        let mut file = File::default();
        loop {
            let notes = self.notes();
            let Some(line) = self.peek() else {
                file.notes = notes;
                return Ok(file);
            };
            let Some(name) = line.behind("case").filter(|_| line.indent == 0) else {
                let found = first_word(line.text);
                let why = format!("'{found}' begins no case: write 'case NAME' in column 1");
                return Err((line.number, why));
            };
            self.at += 1;
            let name = name_of(name).map_err(|message| (line.number, message))?;
            let mut case = Case { notes, name, line: line.number, ..Case::default() };
            self.case(&mut case)?;
            file.cases.push(case);
        }
    }

    fn case(&mut self, case: &mut Case) -> Result<(), Wrong> {
        while let Some(line) = self.peek() {
            if line.indent == 0 {
                return Ok(());
            }
            self.at += 1;
            let wrong = |message| (line.number, message);
            if let Some(text) = line.behind("source") {
                case.source = source(text).map_err(wrong)?;
            } else if let Some(text) = line.behind("kernels") {
                case.kernels = Ranges::parse(text).map_err(wrong)?;
            } else if let Some(text) = line.behind("needs") {
                needs(&mut case.needs, text).map_err(wrong)?;
            } else if let Some(text) = line.behind("for") {
                let more = over(text, line.number).map_err(wrong)?;
                // A long list goes on in another line of the same parameters.
                match case.over.last_mut().filter(|last| last.names == more.names) {
                    Some(last) => last.values.extend(more.values),
                    None => case.over.push(more),
                }
            } else if line.text == "rows" {
                return self.rows(case);
            } else {
                case.steps.push(self.step(line)?);
            }
        }
        Ok(())
    }

    fn rows(&mut self, case: &mut Case) -> Result<(), Wrong> {
        let mut margin = None;
        let mut notes = Vec::new();
        while let Some(line) = self.peek() {
            if line.indent == 0 {
                break;
            }
            self.at += 1;
            let deeper = line.indent > *margin.get_or_insert(line.indent);
            if let Some(note) = line.note().filter(|_| !deeper) {
                notes.push(note);
                continue;
            }
            if deeper {
                let step = self.step(line)?;
                let row = case.rows.last_mut();
                let row = row.ok_or_else(|| (line.number, "no row stands above".to_owned()))?;
                row.after.push(step);
                continue;
            }
            let mut row = call::row(line.text).map_err(|message| (line.number, message))?;
            row = Row { line: line.number, notes: std::mem::take(&mut notes), ..row };
            case.rows.push(row);
        }
        match case.rows.is_empty() {
            true => Err((case.line, "'rows' without a row: take it out".to_owned())),
            false => Ok(()),
        }
    }

    fn step(&mut self, line: Line<'a>) -> Result<Step, Wrong> {
        let wrong = |message| (line.number, message);
        let (when, text) = condition(line.text).map_err(wrong)?;
        let line = Line { text, ..line };
        let act = match line.behind("prog") {
            Some(name) => {
                let name = variable(name).map_err(wrong)?;
                Act::Program(name, self.program())
            }
            None => act(line).map_err(wrong)?,
        };
        Ok(Step { line: line.number, when, act })
    }

    /// The lines behind `|`.
    fn program(&mut self) -> Vec<String> {
        let mut lines = Vec::new();
        while let Some(text) = self.peek().and_then(|line| line.text.strip_prefix('|')) {
            lines.push(text.trim().to_owned());
            self.at += 1;
        }
        lines
    }
}

fn first_word(text: &str) -> &str {
    text.split_whitespace().next().unwrap_or_default()
}

/// A name of a case or a row.
fn name_of(text: &str) -> Result<String, String> {
    match text {
        "" => Err("a name is missing".to_owned()),
        text if text.chars().all(|c| c.is_ascii_graphic() && c != '"') => Ok(text.to_owned()),
        text => Err(format!("'{text}' is no name: it has no blanks, quotes or other alphabets")),
    }
}

/// A name that can stand in an expression.
fn variable(text: &str) -> Result<String, String> {
    let text = text.trim();
    let part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let letter = text.starts_with(|c: char| c.is_ascii_alphabetic());
    let taken = crate::expr::SPECIAL.iter().find(|(name, _)| *name == text);
    match taken {
        Some((name, what)) => Err(format!("'{name}' is taken: it is {what}")),
        None if letter && text.chars().all(part) => Ok(text.to_owned()),
        None => Err(format!("'{text}' is no name: letters, digits and _, a letter first")),
    }
}

fn source(text: &str) -> Result<Source, String> {
    let (kind, what) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let what = what.trim().to_owned();
    match kind {
        "live" if !what.is_empty() => Ok(Source::Live(what)),
        "kernel" if what.split_whitespace().count() >= 3 => Ok(Source::Kernel(what)),
        "header" if !what.is_empty() => Ok(Source::Header(what)),
        "fuzz" => Ok(Source::Fuzz(what)),
        _ => Err(format!(
            "source '{text}': write 'live RELEASE', 'kernel FILE FUNCTION RELEASE' or 'header FILE'"
        )),
    }
}

fn needs(needs: &mut Needs, text: &str) -> Result<(), String> {
    for word in text.split_whitespace() {
        match word.split_once('=') {
            Some(("caps", "none")) => needs.rights = Rights::None,
            Some(("caps", "root")) => needs.rights = Rights::Root,
            Some(("unprivileged_bpf_disabled", "0")) => needs.unprivileged_disabled = Some(false),
            Some(("unprivileged_bpf_disabled", "1")) => needs.unprivileged_disabled = Some(true),
            Some(("cpus", number)) => {
                let cpus = number.parse().ok().filter(|cpus| (1..=64).contains(cpus));
                needs.cpus = Some(cpus.ok_or_else(|| {
                    format!("cpus={number}: write a number of possible CPUs, 1 to 64")
                })?);
            }
            _ => {
                return Err(format!(
                    "'{word}' cannot be needed: write caps=none, cpus=N or \
                     unprivileged_bpf_disabled=0"
                ));
            }
        }
    }
    Ok(())
}

fn over(text: &str, line: usize) -> Result<Over, String> {
    let mut words = text.split_whitespace();
    let way_out = || format!("'for {text}': write 'for $NAME in VALUE …'");
    let names = words.next().ok_or_else(way_out)?.split(':');
    let names = names.map(|name| name.strip_prefix('$').map(str::to_owned).ok_or_else(way_out));
    let names = names.collect::<Result<Vec<_>, _>>()?;
    if words.next() != Some("in") {
        return Err(way_out());
    }
    let values: Vec<Vec<String>> =
        words.map(|word| word.split(':').map(str::to_owned).collect()).collect();
    if values.is_empty() {
        return Err(way_out());
    }
    match values.iter().find(|words| words.len() != names.len()) {
        Some(words) => Err(format!(
            "'{}' has {} parts for {} parameters",
            words.join(":"),
            words.len(),
            names.len()
        )),
        None => Ok(Over { names, values, line }),
    }
}

/// `[5.1..] …`.
fn condition(text: &str) -> Result<(Ranges, &str), String> {
    let Some(rest) = text.strip_prefix('[') else { return Ok((Ranges::default(), text)) };
    let (ranges, rest) =
        rest.split_once(']').ok_or_else(|| format!("'{text}': the ']' is missing"))?;
    Ok((Ranges::parse(ranges)?, rest.trim()))
}

fn act(line: Line<'_>) -> Result<Act, String> {
    if let Some(note) = line.note() {
        return Ok(Act::Note(note));
    }
    if let Some(text) = line.behind("mem") {
        return named_image(text).map(|(name, image)| Act::Memory(name, image));
    }
    if let Some(text) = line.behind("write") {
        return named_image(text).map(|(name, image)| Act::Write(name, image));
    }
    if let Some(name) = line.behind("close") {
        return Ok(Act::Close(variable(name)?));
    }
    if let Some(text) = line.behind("let") {
        return origin(text);
    }
    if let Some(text) = line.behind("expect") {
        return expect(text);
    }
    if let Some(text) = line.behind("attr") {
        return attr(text);
    }
    if let Some(text) = line.behind("set") {
        return set(text);
    }
    call::call(line.text).map(Act::Call)
}

fn halves<'a>(text: &'a str, way_out: &str) -> Result<(&'a str, &'a str), String> {
    let (left, right) =
        text.split_once('=').ok_or_else(|| format!("'{text}': write '{way_out}'"))?;
    Ok((left.trim(), right.trim()))
}

fn named_image(text: &str) -> Result<(String, crate::ast::Image), String> {
    let (name, image) = halves(text, "NAME = IMAGE, as in key = u32 1")?;
    Ok((variable(name)?, image::image(image)?))
}

fn origin(text: &str) -> Result<Act, String> {
    let (name, from) = halves(text, "let NAME = BUFFER[0..4] or let NAME = attr.FIELD")?;
    let origin = match from.strip_prefix("attr.") {
        Some(field) => Origin::Attr(field.to_owned()),
        None => Origin::Slice(slice(from)?),
    };
    Ok(Act::Let(variable(name)?, origin))
}

fn expect(text: &str) -> Result<Act, String> {
    if let Some(of) = text.strip_suffix("untouched").filter(|_| !text.contains('=')) {
        return Ok(Act::Expect(slice(of.trim())?, Want::Untouched));
    }
    let (of, image) = halves(text, "expect BUFFER = IMAGE or expect BUFFER untouched")?;
    Ok(Act::Expect(slice(of)?, Want::Bytes(image::image(image)?)))
}

fn attr(text: &str) -> Result<Act, String> {
    if text == "untouched" {
        return Ok(Act::AttrUntouched);
    }
    let mut fields = Vec::new();
    for word in words(text)? {
        fields.push(call::assign(word)?);
    }
    match fields.is_empty() {
        true => Err("'attr' alone: write 'attr FIELD=VALUE' or 'attr untouched'".to_owned()),
        false => Ok(Act::Attr(fields)),
    }
}

fn set(text: &str) -> Result<Act, String> {
    let (of, images) = halves(text, "set BUFFER … = IMAGE, IMAGE")?;
    let slices = of.split_whitespace().map(slice).collect::<Result<Vec<_>, _>>()?;
    let images = words::split(images, ',')?;
    let images = images.into_iter().map(image::image).collect::<Result<Vec<_>, _>>()?;
    match slices.is_empty() {
        true => Err("'set' names no buffer: write 'set BUFFER … = IMAGE, IMAGE'".to_owned()),
        false => Ok(Act::Set(slices, images)),
    }
}

/// `name`, `name[4..8]`.
fn slice(text: &str) -> Result<Slice, String> {
    let Some((name, rest)) = text.split_once('[') else {
        return Ok(Slice { name: variable(text)?, from: None, to: None });
    };
    let inner = rest.strip_suffix(']').and_then(|inner| inner.split_once(".."));
    let (from, to) = inner.ok_or_else(|| format!("'{text}': write BUFFER[FROM..TO]"))?;
    let end = |text: &str| match text {
        "" => Ok(None),
        text => crate::expr::Expr::parse(text).map(Some),
    };
    Ok(Slice { name: variable(name)?, from: end(from)?, to: end(to)? })
}

/// The value of a field: text in quotes, or a number.
fn value(text: &str) -> Result<Value, String> {
    match text.starts_with('"') {
        true => words::text(text).map(Value::Text),
        false => crate::expr::Expr::parse(text).map(Value::Number),
    }
}
