//! Reads `holds`.
//!
//! comparison = sum sign sum; sum = ["-"] product { ("+" | "-") product };
//! product = factor { "*" factor }; factor = integer | field | "(" sum ")".

use super::{Compare, Factor, Holds, Product, Sum};
use crate::scenario::suggest::way_out;

/// Parentheses nest no deeper, so that reading needs a bounded stack.
const DEEPEST: u32 = 32;

/// What is wrong with a comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HoldsError {
    /// Byte offset in the text.
    pub at: usize,
    /// What is wrong.
    pub wrong: String,
    /// The way out.
    pub help: String,
}

pub(super) fn holds(text: &str, fields: &[&str]) -> Result<Holds, HoldsError> {
    let mut parser = Parser { text, at: 0, fields, depth: 0 };
    let left = parser.sum()?;
    let compare = parser.compare()?;
    let right = parser.sum()?;
    parser.blanks();
    match parser.rest().chars().next() {
        None => Ok(Holds { left, compare, right }),
        Some('=' | '!' | '<' | '>') => {
            parser.fail("a second comparison", "write one comparison; split it in two maps' terms")
        }
        Some(other) => parser.fail(
            format!("'{other}' after the end"),
            "write one comparison of sums and products, as in bytes == 64 * packets",
        ),
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    fields: &'a [&'a str],
    depth: u32,
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn blanks(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    fn fail<T>(&self, wrong: impl Into<String>, help: impl Into<String>) -> Result<T, HoldsError> {
        Err(HoldsError { at: self.at, wrong: wrong.into(), help: help.into() })
    }

    fn eat(&mut self, sign: &str) -> bool {
        self.blanks();
        let found = self.rest().starts_with(sign);
        self.at += if found { sign.len() } else { 0 };
        found
    }

    fn compare(&mut self) -> Result<Compare, HoldsError> {
        // The longer signs come first: `<=` begins with `<`.
        let signs = [Compare::Eq, Compare::Ne, Compare::Le, Compare::Ge, Compare::Lt, Compare::Gt];
        if let Some(found) = signs.into_iter().find(|compare| self.eat(compare.sign())) {
            return Ok(found);
        }
        if self.rest().starts_with('=') {
            return self.fail("'=' is no comparison", "write ==");
        }
        let help = "write one of == != < <= > >= between two sums";
        match self.rest().chars().next() {
            Some(other) => self.fail(format!("'{other}' is no comparison"), help),
            None => self.fail("no comparison", help),
        }
    }

    fn sum(&mut self) -> Result<Sum, HoldsError> {
        let mut minus = self.eat("-");
        let mut terms = vec![(minus, self.product()?)];
        loop {
            minus = self.eat("-");
            if !minus && !self.eat("+") {
                return Ok(Sum(terms));
            }
            terms.push((minus, self.product()?));
        }
    }

    fn product(&mut self) -> Result<Product, HoldsError> {
        let mut factors = vec![self.factor()?];
        while self.eat("*") {
            factors.push(self.factor()?);
        }
        Ok(Product(factors))
    }

    fn factor(&mut self) -> Result<Factor, HoldsError> {
        if self.eat("(") {
            if self.depth == DEEPEST {
                let wrong = format!("more than {DEEPEST} parentheses open");
                return self.fail(wrong, "write it flatter");
            }
            self.depth += 1;
            let sum = self.sum()?;
            self.depth -= 1;
            if !self.eat(")") {
                return self.fail("a parenthesis is not closed", "write ) here");
            }
            return Ok(Factor::Paren(sum));
        }
        let in_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let word =
            &self.rest()[..self.rest().find(|c: char| !in_word(c)).unwrap_or(self.rest().len())];
        let factor = match word.chars().next() {
            None => {
                let help = "write a field, an integer or a sum in parentheses";
                return match self.rest().chars().next() {
                    Some(other) => self.fail(format!("'{other}' is no field"), help),
                    None => self.fail("it ends too early", help),
                };
            }
            Some(digit) if digit.is_ascii_digit() => self.number(word)?,
            Some(_) => self.field(word)?,
        };
        self.at += word.len();
        Ok(factor)
    }

    fn number(&self, word: &str) -> Result<Factor, HoldsError> {
        let digits = word.replace('_', "");
        let number = match digits.strip_prefix("0x") {
            Some(hex) => u64::from_str_radix(hex, 16),
            None => digits.parse(),
        };
        match number {
            Ok(number) => Ok(Factor::Number(number)),
            Err(_) => self.fail(
                format!("'{word}' is no integer"),
                "write 0 to 18446744073709551615, or 0x and hex digits",
            ),
        }
    }

    fn field(&self, word: &str) -> Result<Factor, HoldsError> {
        match self.fields.iter().position(|field| *field == word) {
            Some(index) => Ok(Factor::Field { index, name: word.to_owned() }),
            None => self.fail(format!("no field '{word}'"), way_out(word, self.fields)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::unknown_field("bytes == 64 * packet", 14, "no field 'packet'", "'packets'")]
    #[case::assignment("bytes = 64", 6, "'=' is no comparison", "write ==")]
    #[case::no_comparison("bytes", 5, "no comparison", "==")]
    #[case::two("1 < 2 < 3", 6, "a second comparison", "one comparison")]
    #[case::open("(bytes == 1", 7, "not closed", ")")]
    #[case::closed("bytes) == 1", 5, "')' is no comparison", "==")]
    #[case::nothing("", 0, "ends too early", "a field")]
    #[case::no_right_side("bytes == ", 9, "ends too early", "a field")]
    #[case::division("bytes / 64 == packets", 6, "'/' is no comparison", "==")]
    #[case::too_big("bytes == 18446744073709551616", 9, "is no integer", "0x")]
    #[case::letters_in_number("bytes == 64x", 9, "'64x' is no integer", "0x")]
    #[case::rest("bytes == 64 packets", 12, "'p' after the end", "one comparison")]
    #[case::no_ascii("bytes == µ", 9, "'µ' is no field", "a field")]
    fn says_where_and_what(
        #[case] text: &str,
        #[case] at: usize,
        #[case] wrong: &str,
        #[case] help: &str,
    ) {
        let error = holds(text, &["packets", "bytes"]).expect_err("is wrong");
        assert_eq!(error.at, at, "{error:?}");
        assert!(error.wrong.contains(wrong), "{error:?}");
        assert!(error.help.contains(help), "{error:?}");
    }

    #[test]
    fn depth_is_bounded_and_length_is_not() {
        let nest = |depth| format!("{}1{} == 1", "(".repeat(depth), ")".repeat(depth));
        assert!(holds(&nest(32), &[]).is_ok());
        let error = holds(&nest(33), &[]).expect_err("too deep");
        assert_eq!(error.wrong, "more than 32 parentheses open");
        let long = format!("{}0 == 100000", "1 + ".repeat(100_000));
        assert!(holds(&long, &[]).expect("is long").eval(&[]));
    }
}
