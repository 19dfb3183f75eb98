//! One line of text to tokens, each with the column it starts at.

/// Column (from 1) and message of an error within a line.
pub(super) type LineError = (u32, String);

/// A token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// A register, a keyword or a name.
    Word(String),
    /// An unsigned number, and how it was written.
    Number(u64, String),
    /// An operator or a bracket.
    Punct(&'static str),
}

impl Token {
    fn text(&self) -> &str {
        match self {
            Token::Word(text) | Token::Number(_, text) => text,
            Token::Punct(text) => text,
        }
    }
}

/// Longest first, so that the first match is the right one.
const PUNCT: &[&str] = &[
    "s>>=", "<<=", ">>=", "s>=", "s<=", "s/=", "s%=", "==", "!=", ">=", "<=", "+=", "-=", "*=",
    "/=", "%=", "&=", "|=", "^=", "s>", "s<", "=", ">", "<", "&", "+", "-", "*", "(", ")", "[",
    "]", ",", ":",
];

const fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '$')
}

/// The tokens of one line, up to its comment.
pub(super) fn tokens(line: &str) -> Result<Tokens, LineError> {
    let mut list = Vec::new();
    let mut rest = line;
    let mut column = 1;
    loop {
        let trimmed = rest.trim_start();
        column += (rest.chars().count() - trimmed.chars().count()) as u32;
        rest = trimmed;
        let Some(first) = rest.chars().next() else { break };
        if matches!(first, '#' | ';') || rest.starts_with("//") {
            break;
        }
        let (token, length) = next_token(rest, first).map_err(|message| (column, message))?;
        list.push((token, column));
        rest = &rest[length..];
        column += length as u32;
    }
    Ok(Tokens { list, end: column })
}

/// The token at the start of `rest` and its length; tokens are ASCII, so bytes are columns.
fn next_token(rest: &str, first: char) -> Result<(Token, usize), String> {
    if let Some(punct) = PUNCT.iter().find(|punct| rest.starts_with(**punct)) {
        return Ok((Token::Punct(punct), punct.len()));
    }
    if !is_word(first) {
        return Err(format!("`{}` has no meaning here", first.escape_default()));
    }
    let length = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
    let word = &rest[..length];
    if !first.is_ascii_digit() {
        return Ok((Token::Word(word.to_owned()), length));
    }
    Ok((Token::Number(number(word)?, word.to_owned()), length))
}

fn number(word: &str) -> Result<u64, String> {
    let (digits, radix) = match word.strip_prefix("0x").or_else(|| word.strip_prefix("0X")) {
        Some(digits) => (digits, 16),
        None => (word, 10),
    };
    if radix == 10 && word.len() > 1 && word.starts_with('0') {
        return Err(format!("`{word}` could be octal: write it in decimal or with 0x"));
    }
    if digits.is_empty() || !digits.chars().all(|c| c.is_digit(radix)) {
        return Err(format!(
            "`{word}` is no number: expected decimal digits, or 0x and hex digits"
        ));
    }
    u64::from_str_radix(digits, radix).map_err(|_| format!("`{word}` does not fit 64 bits"))
}

/// The tokens of a line, and the column where it ends.
#[derive(Debug)]
pub(super) struct Tokens {
    list: Vec<(Token, u32)>,
    end: u32,
}

/// A position in the tokens of a line.
#[derive(Debug)]
pub(super) struct Cursor {
    tokens: Tokens,
    at: usize,
}

impl Cursor {
    /// At the start.
    pub(super) fn new(tokens: Tokens) -> Cursor {
        Cursor { tokens, at: 0 }
    }

    /// The token `ahead` places from here.
    pub(super) fn peek(&self, ahead: usize) -> Option<&Token> {
        self.tokens.list.get(self.at + ahead).map(|(token, _)| token)
    }

    /// The column of the next token, or of the end of the line.
    pub(super) fn column(&self) -> u32 {
        self.tokens.list.get(self.at).map_or(self.tokens.end, |(_, column)| *column)
    }

    /// Nothing is left.
    pub(super) fn at_end(&self) -> bool {
        self.at >= self.tokens.list.len()
    }

    /// Takes the next token.
    pub(super) fn take(&mut self) -> Option<Token> {
        let token = self.peek(0).cloned();
        self.at += usize::from(token.is_some());
        token
    }

    /// Takes `punct` if it is next.
    pub(super) fn eat(&mut self, punct: &str) -> bool {
        let found = matches!(self.peek(0), Some(Token::Punct(next)) if *next == punct);
        self.at += usize::from(found);
        found
    }

    /// Takes the word `word` if it is next.
    pub(super) fn eat_word(&mut self, word: &str) -> bool {
        let found = matches!(self.peek(0), Some(Token::Word(next)) if next == word);
        self.at += usize::from(found);
        found
    }

    /// Whether the token `ahead` places from here is the word `word`.
    pub(super) fn word_is(&self, ahead: usize, word: &str) -> bool {
        matches!(self.peek(ahead), Some(Token::Word(next)) if next == word)
    }

    /// Takes `punct`, or says what is there instead.
    pub(super) fn expect(&mut self, punct: &str) -> Result<(), LineError> {
        if self.eat(punct) { Ok(()) } else { Err(self.expected(&format!("`{punct}`"))) }
    }

    /// Takes the word `word`, or says what is there instead.
    pub(super) fn expect_word(&mut self, word: &str) -> Result<(), LineError> {
        if self.eat_word(word) { Ok(()) } else { Err(self.expected(&format!("`{word}`"))) }
    }

    /// Takes a label and its colon.
    pub(super) fn label(&mut self) -> Option<(String, u32)> {
        match (self.peek(0), self.peek(1)) {
            (Some(Token::Word(name)), Some(Token::Punct(":"))) => {
                let found = (name.clone(), self.column());
                self.at += 2;
                Some(found)
            }
            _ => None,
        }
    }

    /// An error if anything is left.
    pub(super) fn expect_end(&self) -> Result<(), LineError> {
        if self.at_end() { Ok(()) } else { Err(self.expected("the end of the statement")) }
    }

    /// "found X, expected Y" at the next token.
    pub(super) fn expected(&self, what: &str) -> LineError {
        let found = match self.peek(0) {
            Some(token) => format!("`{}`", token.text()),
            None => "the end of the line".to_owned(),
        };
        (self.column(), format!("found {found}, expected {what}"))
    }
}
