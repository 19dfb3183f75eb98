//! `bpfsim.trace/1`: one line of JSON for the header, for each call, and for each closed fd.

use crate::line::{CallLine, CloseLine, Header};
use std::fmt;

/// Name and version of the format.
pub const SCHEMA: &str = "bpfsim.trace/1";

/// A line after the header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// bpf(2).
    Call(Box<CallLine>),
    /// close(2) of an fd that stood for an object.
    Close(CloseLine),
}

impl Line {
    /// As one line of JSON, with its line end.
    pub fn to_json(&self) -> String {
        let text = match self {
            Line::Call(call) => serde_json::to_string(call),
            Line::Close(close) => serde_json::to_string(close),
        };
        // Strings and numbers only: nothing that JSON could not say.
        text.map_or_else(|error| format!("{error}\n"), |text| text + "\n")
    }
}

impl Header {
    /// As one line of JSON, with its line end.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).map_or_else(|error| format!("{error}\n"), |text| text + "\n")
    }
}

/// A whole trace. Lines are kept with their number in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// On which kernel it was recorded.
    pub header: Header,
    /// Calls and closed fds in order; the number counts from 1.
    pub lines: Vec<(usize, Line)>,
}

/// What is wrong with a trace, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadTrace {
    /// Counts from 1.
    pub line: usize,
    /// What is wrong, and the way out.
    pub what: String,
}

impl fmt::Display for BadTrace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.what)
    }
}

impl std::error::Error for BadTrace {}

const WAY_OUT: &str = "a trace is what `bpfsim run --record FILE` writes, one JSON object a line";

impl Trace {
    /// Reads a trace.
    ///
    /// # Errors
    /// The first line that is none of the format.
    pub fn parse(text: &str) -> Result<Self, BadTrace> {
        let mut lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        let (at, first) = lines
            .next()
            .ok_or_else(|| BadTrace { line: 1, what: format!("the trace is empty; {WAY_OUT}") })?;
        let bad = |line: usize, error: serde_json::Error| BadTrace {
            line: line + 1,
            what: format!("{error}; {WAY_OUT}"),
        };
        let header = header(at, first, &bad)?;
        let mut all = Vec::new();
        for (at, text) in lines {
            let value: serde_json::Value = serde_json::from_str(text).map_err(|e| bad(at, e))?;
            let line = if value.get("close").is_some() {
                Line::Close(serde_json::from_str(text).map_err(|e| bad(at, e))?)
            } else {
                Line::Call(Box::new(serde_json::from_str(text).map_err(|e| bad(at, e))?))
            };
            all.push((at + 1, line));
        }
        Ok(Self { header, lines: all })
    }

    /// The trace as text.
    pub fn to_text(&self) -> String {
        let lines = self.lines.iter().map(|(_, line)| line.to_json());
        std::iter::once(self.header.to_json()).chain(lines).collect()
    }
}

fn header(
    at: usize,
    text: &str,
    bad: &dyn Fn(usize, serde_json::Error) -> BadTrace,
) -> Result<Header, BadTrace> {
    let value: serde_json::Value = serde_json::from_str(text).map_err(|e| bad(at, e))?;
    let schema = value.get("schema").and_then(|schema| schema.as_str());
    if schema != Some(SCHEMA) {
        let found = schema.map_or("no schema".to_owned(), |schema| format!("schema '{schema}'"));
        let what = format!("{found} where a header with schema '{SCHEMA}' must stand; {WAY_OUT}");
        return Err(BadTrace { line: at + 1, what });
    }
    serde_json::from_str(text).map_err(|e| bad(at, e))
}

/// Addresses as `0x1000`, since JSON's numbers are no 64-bit integers everywhere.
pub(crate) mod address {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(at: &u64, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&format!("{at:#x}"))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
        let text = String::deserialize(from)?;
        let digits = text.strip_prefix("0x").unwrap_or_default();
        u64::from_str_radix(digits, 16)
            .map_err(|_| D::Error::custom(format!("'{text}' is no address: write it as 0x1000")))
    }
}

/// Bytes as pairs of hexadecimal digits.
pub(crate) mod hex {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&super::to_hex(bytes))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(from)?;
        let digit = |byte: &u8| (*byte as char).to_digit(16).map(|digit| digit as u8);
        let pair = |pair: &[u8]| match pair {
            [high, low] => Some(digit(high)? << 4 | digit(low)?),
            _ => None,
        };
        let bytes: Option<Vec<u8>> = text.as_bytes().chunks(2).map(pair).collect();
        bytes.ok_or_else(|| D::Error::custom(format!("'{text}' is no bytes: write 0a1b")))
    }
}

/// Two digits for each byte.
pub(crate) fn to_hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| DIGITS[usize::from(nibble & 15)] as char;
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(*byte)]).collect()
}
