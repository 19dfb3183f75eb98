//! Images of memory: `u32 1 2 zero 8 "GPL\0" repeat ncpus ( u64 7 )`.

use super::words::{hex, text, words};
use crate::ast::{Image, Piece};
use crate::expr::Expr;

/// `repeat` nests this deep.
const DEEPEST: u32 = 8;

/// Reads an image.
pub(super) fn image(line: &str) -> Result<Image, String> {
    let words = words(line)?;
    if words.is_empty() {
        return Err("an image is missing: write u32 1, hex 00ff, zero 8 or \"text\"".to_owned());
    }
    let mut reader = Reader { words: &words, depth: 0 };
    let image = reader.image()?;
    match reader.words {
        [] => Ok(image),
        [word, ..] => Err(format!("'{word}' begins no piece of an image")),
    }
}

struct Reader<'a> {
    words: &'a [&'a str],
    depth: u32,
}

impl<'a> Reader<'a> {
    fn next(&mut self, what: &str) -> Result<&'a str, String> {
        let (word, rest) =
            self.words.split_first().ok_or_else(|| format!("{what} is missing at the end"))?;
        self.words = rest;
        Ok(word)
    }

    fn number(&mut self, what: &str) -> Result<Expr, String> {
        Expr::parse(self.next(what)?)
    }

    fn image(&mut self) -> Result<Image, String> {
        let mut pieces = Vec::new();
        while let Some(word) = self.words.first().filter(|word| **word != ")") {
            self.words = &self.words[1..];
            pieces.push(self.piece(word)?);
        }
        Ok(Image(pieces))
    }

    fn piece(&mut self, word: &str) -> Result<Piece, String> {
        match word {
            "u8" => self.numbers(1),
            "u16" => self.numbers(2),
            "u32" => self.numbers(4),
            "u64" => self.numbers(8),
            "hex" => hex(self.next("hex digits")?).map(Piece::Hex),
            "zero" => self.number("a number of bytes").map(Piece::Zero),
            "fill" => {
                let byte = self.number("a byte")?;
                Ok(Piece::Fill(byte, self.number("a number of bytes")?))
            }
            "repeat" => self.repeat(),
            word if word.starts_with('"') => text(word).map(Piece::Text),
            word => Err(format!(
                "'{word}' begins no piece of an image: u8, u16, u32, u64, hex, zero, fill, \
                 repeat or \"text\" do"
            )),
        }
    }

    fn numbers(&mut self, bytes: u8) -> Result<Piece, String> {
        let keyword = |word: &str| {
            let known = ["u8", "u16", "u32", "u64", "hex", "zero", "fill", "repeat", ")"];
            known.contains(&word) || word.starts_with('"')
        };
        let mut values = Vec::new();
        while let Some(word) = self.words.first().filter(|word| !keyword(word)) {
            values.push(Expr::parse(word)?);
            self.words = &self.words[1..];
        }
        match values.is_empty() {
            true => Err(format!("a number is missing behind u{}", u32::from(bytes) * 8)),
            false => Ok(Piece::Numbers(bytes, values)),
        }
    }

    fn repeat(&mut self) -> Result<Piece, String> {
        let count = self.number("a number of times")?;
        self.depth += 1;
        if self.next("'('")? != "(" || self.depth > DEEPEST {
            return Err("write 'repeat N ( IMAGE )', with blanks around the brackets".to_owned());
        }
        let inner = self.image()?;
        self.depth -= 1;
        match self.next("')'")? {
            ")" => Ok(Piece::Repeat(count, inner)),
            word => Err(format!("'{word}' stands where a ')' is missing")),
        }
    }
}
