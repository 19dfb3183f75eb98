//! Replay tokens: one schedule of one scenario under one design, as a short word.
//!
//! `1:` and base32 (RFC 4648, no padding) of: scenario digest, series, model, copy plan, data
//! version, the run-length-coded slots, a checksum.

use bpfsim_sim::{CopyPlan, Slot};
use std::fmt;

/// Version of the tables and rules that answers depend on. Changes when an answer changes.
pub const DATA_VERSION: u16 = 1;

/// What a token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// [`Scenario::digest`](crate::scenario::Scenario::digest).
    pub scenario: u64,
    /// The series, by its label.
    pub series: String,
    /// The copy plan.
    pub copy: CopyPlan,
    /// [`DATA_VERSION`] of whoever made it.
    pub data: u16,
    /// Which slot moves at each step.
    pub slots: Vec<Slot>,
}

/// Why a text is no token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenError {
    /// It does not begin with `1:`.
    Version(String),
    /// A character that base32 does not have, at this position.
    Character(usize, char),
    /// It is cut off, or one character is wrong.
    Checksum,
    /// The bytes say something impossible.
    Content(&'static str),
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TokenError::Version(found) => {
                write!(f, "a token begins with 1:, this one with '{found}'")
            }
            TokenError::Character(at, c) => {
                write!(f, "'{c}' at position {at} is no character of a token (A-Z, 2-7)")
            }
            TokenError::Checksum => {
                f.write_str("the token is damaged: copy it whole, to its last character")
            }
            TokenError::Content(what) => write!(f, "the token is damaged: {what}"),
        }
    }
}

impl std::error::Error for TokenError {}

/// Sequential consistency, the one memory model so far.
const MODEL_SC: u8 = 0;

const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

impl Token {
    /// The token's text.
    pub fn encode(&self) -> String {
        let mut bytes = Vec::new();
        bytes.extend_from_slice(&self.scenario.to_le_bytes());
        bytes.extend_from_slice(&self.data.to_le_bytes());
        bytes.push(MODEL_SC);
        bytes.push(self.copy as u8);
        bytes.push(self.series.len() as u8);
        bytes.extend_from_slice(self.series.as_bytes());
        for run in self.slots.chunk_by(|a, b| a == b) {
            put_run(&mut bytes, run[0], run.len());
        }
        let sum = checksum(&bytes);
        bytes.extend_from_slice(&sum.to_le_bytes()[..3]);
        format!("1:{}", base32(&bytes))
    }

    /// Reads a token; white space in it means nothing.
    pub fn decode(text: &str) -> Result<Token, TokenError> {
        // A diagram breaks a long token over lines.
        let text: String = text.split_ascii_whitespace().collect();
        let rest = text
            .strip_prefix("1:")
            .ok_or_else(|| TokenError::Version(text.chars().take(2).collect()))?;
        let bytes = unbase32(rest)?;
        let (body, sum) = bytes.split_last_chunk::<3>().ok_or(TokenError::Checksum)?;
        if sum.as_slice() != &checksum(body).to_le_bytes()[..3] {
            return Err(TokenError::Checksum);
        }
        Self::from_bytes(body).ok_or(TokenError::Content(
            "it ends too early, or names what this version does not know",
        ))
    }

    fn from_bytes(body: &[u8]) -> Option<Token> {
        let (scenario, rest) = body.split_first_chunk::<8>()?;
        let (data, rest) = rest.split_first_chunk::<2>()?;
        let (&model, rest) = rest.split_first()?;
        let (&copy, rest) = rest.split_first()?;
        if model != MODEL_SC {
            return None;
        }
        let (&len, rest) = rest.split_first()?;
        let (series, mut rest) = rest.split_at_checked(len.into())?;
        let mut slots = Vec::new();
        while let Some((slot, count, after)) = take_run(rest) {
            slots.extend(std::iter::repeat_n(slot, count));
            rest = after;
        }
        if !rest.is_empty() {
            return None;
        }
        Some(Token {
            scenario: u64::from_le_bytes(*scenario),
            series: String::from_utf8(series.to_vec()).ok()?,
            copy: *CopyPlan::ALL.get(usize::from(copy))?,
            data: u16::from_le_bytes(*data),
            slots,
        })
    }
}

/// A slot and how often it moves: five bits and three, then seven bits at a time.
fn put_run(bytes: &mut Vec<u8>, slot: Slot, len: usize) {
    let mut left = len - 1;
    bytes.push(slot << 3 | (left & 3) as u8 | if left > 3 { 4 } else { 0 });
    left >>= 2;
    while left > 0 {
        bytes.push((left & 0x7f) as u8 | if left > 0x7f { 0x80 } else { 0 });
        left >>= 7;
    }
}

/// More steps than any schedule has.
const MOST_STEPS: usize = 1 << 24;

fn take_run(bytes: &[u8]) -> Option<(Slot, usize, &[u8])> {
    let (&first, mut rest) = bytes.split_first()?;
    let mut len = usize::from(first & 3);
    let (mut more, mut shift) = (first & 4 != 0, 2);
    while more {
        let (&byte, after) = rest.split_first()?;
        len |= usize::from(byte & 0x7f) << shift;
        (more, shift, rest) = (byte & 0x80 != 0, shift + 7, after);
        if shift > 30 {
            return None;
        }
    }
    (len < MOST_STEPS).then_some((first >> 3, len + 1, rest))
}

/// FNV-1a, of which the token keeps 24 bits.
fn checksum(bytes: &[u8]) -> u32 {
    let fnv = |hash: u32, byte: &u8| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193);
    let hash = bytes.iter().fold(0x811c_9dc5, fnv);
    hash ^ hash >> 24
}

fn base32(bytes: &[u8]) -> String {
    let (mut text, mut bits, mut held) = (String::new(), 0u32, 0u32);
    for byte in bytes {
        held = held << 8 | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            text.push(ALPHABET[(held >> bits & 31) as usize].into());
        }
    }
    if bits > 0 {
        text.push(ALPHABET[(held << (5 - bits) & 31) as usize].into());
    }
    text
}

fn unbase32(text: &str) -> Result<Vec<u8>, TokenError> {
    let (mut bytes, mut bits, mut held) = (Vec::new(), 0u32, 0u32);
    for (at, c) in text.chars().enumerate() {
        let upper = c.to_ascii_uppercase();
        let digit = ALPHABET.iter().position(|known| char::from(*known) == upper);
        held = held << 5 | digit.ok_or(TokenError::Character(at + 3, c))? as u32;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push((held >> bits) as u8);
        }
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(slots: Vec<Slot>) -> Token {
        let series = "some-series@v1".to_owned();
        Token { scenario: 0x0123_4567_89ab_cdef, series, copy: CopyPlan::Desc, data: 7, slots }
    }

    #[test]
    fn says_again_what_it_was_told() {
        for slots in [vec![], vec![0], vec![1, 0, 0, 2], vec![3; 1000], vec![31; 4]] {
            let token = token(slots);
            assert_eq!(Token::decode(&token.encode()), Ok(token));
        }
    }

    #[test]
    fn every_single_wrong_character_is_noticed() {
        let good = token(vec![0, 0, 1, 2, 1]).encode();
        for at in 2..good.len() {
            for wrong in [b'A', b'Q', b'7'] {
                let mut text = good.clone().into_bytes();
                if text[at] == wrong {
                    continue;
                }
                text[at] = wrong;
                let text = String::from_utf8(text).unwrap();
                // The last character has bits that mean nothing.
                let same = Token::decode(&text) == Token::decode(&good);
                assert!(Token::decode(&text).is_err() || same && at + 1 == good.len(), "{text}");
            }
        }
    }

    #[test]
    fn damage_is_an_error_and_no_panic() {
        assert_eq!(Token::decode("2:AAAA"), Err(TokenError::Version("2:".into())));
        assert_eq!(Token::decode("1:A!"), Err(TokenError::Character(4, '!')));
        assert_eq!(Token::decode("1:"), Err(TokenError::Checksum));
        let good = token(vec![1; 9]).encode();
        for end in 2..good.len() - 1 {
            assert!(Token::decode(&good[..end]).is_err());
        }
    }
}
