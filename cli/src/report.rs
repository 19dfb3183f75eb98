//! What a command ends with: all of its text, and the exit status.

use anstream::adapter::strip_str;
use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use std::fmt;
use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;

/// Exit statuses, from the weakest to the one that hides all others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// 0.
    Good,
    /// 3: a limit was hit, of the search or of the model, so that nobody knows.
    Unknown,
    /// 1: a property is violated, a program is rejected.
    Violated,
    /// 2: wrong usage or bad input.
    Bad,
    /// That of a program that was run; 125 to 127 where it was not.
    Program(u8),
}

impl Status {
    /// As the shell sees it.
    pub const fn code(self) -> u8 {
        match self {
            Status::Good => 0,
            Status::Violated => 1,
            Status::Bad => 2,
            Status::Unknown => 3,
            Status::Program(status) => status,
        }
    }
}

/// All that a command has to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// For standard output; colours as escape codes, taken out where nobody wants them.
    pub text: String,
    /// For standard error.
    pub notes: String,
    /// How it ends.
    pub status: Status,
}

impl Report {
    /// Text, and nothing wrong.
    pub fn good(text: String) -> Self {
        Self { text, notes: String::new(), status: Status::Good }
    }
}

/// Bad input: "FILE: what, value, way out". Printed behind the name of the command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure(pub String);

impl Failure {
    /// `thing`: what is wrong with it, and the way out.
    pub fn new(thing: impl fmt::Display, what: impl fmt::Display) -> Self {
        Self(format!("{thing}: {what}"))
    }
}

/// How every command ends.
pub type Outcome = Result<Report, Failure>;

/// What clap has to say: help and version are good, all else is bad usage.
pub fn of_clap(error: &clap::Error) -> Outcome {
    let text = error.render();
    if !error.use_stderr() {
        return Ok(Report::good(text.ansi().to_string()));
    }
    let text = text.to_string();
    let text = text.strip_prefix("error: ").unwrap_or(&text).trim_end();
    if std::env::args_os().nth(1).is_some_and(|command| command == "run") {
        // `run` keeps the small numbers for the program, as env(1) does.
        let notes = complaint(text);
        return Ok(Report { text: String::new(), notes, status: Status::Program(125) });
    }
    Err(Failure(text.to_owned()))
}

/// Writes everything, each stream once, and says how to exit.
pub fn finish(outcome: Outcome) -> ExitCode {
    let report = outcome.unwrap_or_else(|failure| Report {
        text: String::new(),
        notes: complaint(&failure.0),
        status: Status::Bad,
    });
    let mut status = report.status;
    let mut notes = report.notes;
    let out = io::stdout();
    if let Err(error) = write_once(&out, AutoStream::choice(&out), &report.text) {
        status = status.max(Status::Bad);
        notes += &complaint(&format!("standard output: cannot be written: {error}"));
    }
    let err = io::stderr();
    // Nobody is left to tell.
    write_once(&err, AutoStream::choice(&err), &notes).ok();
    ExitCode::from(status.code())
}

/// One line for standard error.
pub fn complaint(text: &str) -> String {
    let red = Style::new().fg_color(Some(AnsiColor::Red.into())).bold();
    format!("{red}bpfsim:{red:#} {text}\n")
}

/// A reader that has gone, as behind `| head`, has read what it wanted.
fn write_once<W>(stream: &W, choice: ColorChoice, text: &str) -> io::Result<()>
where
    for<'a> &'a W: Write,
{
    let plain = (choice == ColorChoice::Never).then(|| strip_str(text).to_string());
    let bytes = plain.as_deref().unwrap_or(text).as_bytes();
    let mut stream = stream;
    match stream.write_all(bytes).and_then(|()| stream.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_input_hides_a_violation_and_that_hides_a_limit() {
        let worst = |statuses: &[Status]| statuses.iter().max().map(|status| status.code());
        assert_eq!(worst(&[Status::Unknown, Status::Bad, Status::Violated]), Some(2));
        assert_eq!(worst(&[Status::Unknown, Status::Violated, Status::Good]), Some(1));
        assert_eq!(worst(&[Status::Good, Status::Unknown]), Some(3));
    }
}
