//! Comma-separated tables, and what can be wrong with a row. A cell may stand in double quotes; a
//! quote inside a cell is not needed and not read.

use std::fmt;

/// Why a table cannot be used: file, line (1 is the header, 0 the whole file), reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bad {
    /// Path below the crate.
    pub file: String,
    /// Line, counted from 1.
    pub line: usize,
    /// In a few words, with the value.
    pub why: String,
}

impl fmt::Display for Bad {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.why)
    }
}

/// A parsed table.
#[derive(Clone, Debug)]
pub struct Csv {
    file: String,
    columns: Vec<String>,
    rows: Vec<(usize, Vec<String>)>,
}

/// One row, with the place it stands at.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    csv: &'a Csv,
    line: usize,
    cells: &'a [String],
}

/// A release as (major, minor).
pub type Version = (u8, u8);

/// The cells of one line, or why there are none.
fn split(line: &str) -> Result<Vec<String>, String> {
    let mut cells = vec![String::new()];
    let mut is_quoted = false;
    for c in line.chars() {
        match (c, is_quoted) {
            ('"', _) => is_quoted = !is_quoted,
            (',', false) => cells.push(String::new()),
            (c, _) => cells.last_mut().expect("there is a first cell").push(c),
        }
    }
    if is_quoted {
        return Err("a quoted cell does not end".to_owned());
    }
    Ok(cells)
}

/// Splits `text` into rows as wide as its first line.
pub fn parse(file: &str, text: &str) -> Result<Csv, Bad> {
    let bad = |line, why| Bad { file: file.to_owned(), line, why };
    let mut lines = text.lines().enumerate();
    let (_, header) = lines.next().ok_or_else(|| bad(1, "the header is missing".into()))?;
    let columns = split(header).map_err(|why| bad(1, why))?;
    let mut rows = Vec::new();
    for (index, line) in lines {
        let cells = split(line).map_err(|why| bad(index + 1, why))?;
        if cells.len() != columns.len() {
            let why = format!("{} cells where the header has {}", cells.len(), columns.len());
            return Err(bad(index + 1, why));
        }
        rows.push((index + 1, cells));
    }
    Ok(Csv { file: file.to_owned(), columns, rows })
}

impl Csv {
    /// Every row, in the order of the file.
    pub fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.rows.iter().map(|(line, cells)| Row { csv: self, line: *line, cells })
    }
}

impl<'a> Row<'a> {
    /// An error at this row.
    pub fn bad(&self, why: impl Into<String>) -> Bad {
        Bad { file: self.csv.file.clone(), line: self.line, why: why.into() }
    }

    /// The text in `column`.
    pub fn text(&self, column: &str) -> Result<&'a str, Bad> {
        let at = self.csv.columns.iter().position(|name| name == column);
        at.map(|at| self.cells[at].as_str())
            .ok_or_else(|| self.bad(format!("the header has no column '{column}'")))
    }

    /// The text in `column`, fit to be an identifier of the kernel.
    pub fn name(&self, column: &str) -> Result<&'a str, Bad> {
        let text = self.text(column)?;
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | ' ');
        if text.is_empty() || !text.chars().all(fits) {
            return Err(self.bad(format!("{column} '{text}' is not a kernel name")));
        }
        Ok(text)
    }

    /// The number in `column`.
    pub fn number(&self, column: &str) -> Result<u64, Bad> {
        let text = self.text(column)?;
        text.parse().map_err(|_| self.bad(format!("{column} '{text}' is not a number")))
    }

    /// The number in `column`, at most 32 bits.
    pub fn small(&self, column: &str) -> Result<u32, Bad> {
        let number = self.number(column)?;
        number.try_into().map_err(|_| self.bad(format!("{column} {number} needs over 32 bits")))
    }

    /// The release in `column`, as `X.Y`.
    pub fn version(&self, column: &str) -> Result<Version, Bad> {
        let text = self.text(column)?;
        version(text).ok_or_else(|| self.bad(format!("{column} '{text}' is not a release X.Y")))
    }

    /// The release in `column`, or none where the cell is empty.
    pub fn version_or_none(&self, column: &str) -> Result<Option<Version>, Bad> {
        if self.text(column)?.is_empty() { Ok(None) } else { self.version(column).map(Some) }
    }
}

/// Reads `X.Y`.
pub fn version(text: &str) -> Option<Version> {
    let (major, minor) = text.split_once('.')?;
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if !digits(major) || !digits(minor) {
        return None;
    }
    Some((major.parse().ok()?, minor.parse().ok()?))
}

/// The Rust expression for a release.
pub fn release((major, minor): Version) -> String {
    format!("Release::new({major}, {minor})")
}
