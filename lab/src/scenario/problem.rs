//! What is wrong with a scenario file: place, thing, value, way out.

use std::fmt;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The file has no meaning.
    Error,
    /// The file means something, perhaps not what was meant.
    Warning,
}

/// One finding about a scenario file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The name of the file, as the caller gave it.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// Error or warning.
    pub severity: Severity,
    /// The table it is about, as in `[map.stats]`.
    pub thing: String,
    /// The key with its value, and what is wrong with it.
    pub message: String,
    /// The way out.
    pub help: String,
}

impl fmt::Display for Problem {
    /// `FILE:LINE:COLUMN: error: THING: MESSAGE; HELP`, on one line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        write!(f, "{}:{}:{}: {severity}: ", self.file, self.line, self.column)?;
        if !self.thing.is_empty() {
            write!(f, "{}: ", self.thing)?;
        }
        write!(f, "{}; {}", self.message, self.help)
    }
}

/// Why a file is no scenario: at least one error, and the warnings beside, in file order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    /// One line per problem.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, problem) in self.0.iter().enumerate() {
            let newline = if number == 0 { "" } else { "\n" };
            write!(f, "{newline}{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

/// `text` on one line of bounded length: it may quote names out of a damaged file.
fn printable(text: &str) -> String {
    const LONGEST: usize = 500;
    let mut plain = String::new();
    for c in text.chars().take(LONGEST) {
        if c.is_control() {
            plain.extend(c.escape_default());
        } else {
            plain.push(c);
        }
    }
    if text.chars().nth(LONGEST).is_some() {
        plain.push_str("...");
    }
    plain
}

/// Collects problems while a text is read.
pub(crate) struct Log<'a> {
    file: &'a str,
    text: &'a str,
    line_starts: Vec<usize>,
    problems: Vec<Problem>,
}

impl<'a> Log<'a> {
    pub(crate) fn new(file: &'a str, text: &'a str) -> Self {
        let after_newline = text.match_indices('\n').map(|(at, _)| at + 1);
        let line_starts = std::iter::once(0).chain(after_newline).collect();
        Self { file, text, line_starts, problems: vec![] }
    }

    /// The text between two byte offsets; empty if these are none.
    pub(crate) fn slice(&self, start: usize, end: usize) -> &'a str {
        self.text.get(start..end).unwrap_or("")
    }

    /// Line and column of a byte offset, from 1.
    pub(crate) fn position(&self, at: usize) -> (u32, u32) {
        let line = self.line_starts.partition_point(|&start| start <= at).max(1);
        let start = self.line_starts[line - 1];
        let column = self.text.get(start..at).map_or(0, |before| before.chars().count());
        (line as u32, column as u32 + 1)
    }

    pub(crate) fn error(
        &mut self,
        at: usize,
        thing: &str,
        message: impl fmt::Display,
        help: impl fmt::Display,
    ) {
        self.push(Severity::Error, at, thing, message.to_string(), help.to_string());
    }

    pub(crate) fn warning(
        &mut self,
        at: usize,
        thing: &str,
        message: impl fmt::Display,
        help: impl fmt::Display,
    ) {
        self.push(Severity::Warning, at, thing, message.to_string(), help.to_string());
    }

    fn push(&mut self, severity: Severity, at: usize, thing: &str, message: String, help: String) {
        let (line, column) = self.position(at);
        let (file, thing) = (self.file.to_owned(), printable(thing));
        let (message, help) = (printable(&message), printable(&help));
        self.problems.push(Problem { file, line, column, severity, thing, message, help });
    }

    /// How many errors were found so far.
    pub(crate) fn errors(&self) -> usize {
        self.problems.iter().filter(|problem| problem.severity == Severity::Error).count()
    }

    pub(crate) fn has_errors(&self) -> bool {
        self.errors() > 0
    }

    /// Everything found, in file order.
    pub(crate) fn finish(mut self) -> Vec<Problem> {
        self.problems.sort_by_key(|problem| (problem.line, problem.column));
        self.problems.dedup();
        self.problems
    }
}
