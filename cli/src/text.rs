//! Text in columns. Widths are counted before colours come in.

use anstyle::{AnsiColor, Style};

/// What a colour means, everywhere.
pub mod paint {
    use super::{AnsiColor, Style};

    const fn colour(colour: AnsiColor) -> Style {
        Style::new().fg_color(Some(anstyle::Color::Ansi(colour)))
    }

    /// Ordinary text.
    pub const PLAIN: Style = Style::new();
    /// Headings.
    pub const HEAD: Style = Style::new().bold();
    /// What can be left unread.
    pub const FAINT: Style = Style::new().dimmed();
    /// Added, accepted, met.
    pub const GOOD: Style = colour(AnsiColor::Green);
    /// Removed, rejected, violated.
    pub const BAD: Style = colour(AnsiColor::Red);
    /// Reconstructed, unknown.
    pub const DOUBT: Style = colour(AnsiColor::Yellow);
}

/// `text` in a style; nothing stays nothing, and blanks at its ends stay outside.
pub fn painted(style: Style, text: &str) -> String {
    let inner = text.trim();
    if inner.is_empty() || style == paint::PLAIN {
        return text.to_owned();
    }
    let start = text.len() - text.trim_start().len();
    let (before, after) = (&text[..start], &text[start + inner.len()..]);
    format!("{before}{style}{inner}{style:#}{after}")
}

/// Characters, which all take one column here.
pub fn width(text: &str) -> usize {
    text.chars().count()
}

/// Lines of at most `most` columns, broken at blanks. A longer word has a line of its own.
pub fn wrap(text: &str, most: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last_mut().expect("there is one from the start");
        if line.is_empty() {
            line.push_str(word);
        } else if width(line) + 1 + width(word) <= most {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

/// One cell of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// Its text, without colours.
    pub text: String,
    /// Its colour.
    pub style: Style,
}

impl Cell {
    /// Text in the terminal's own colour.
    pub fn plain(text: impl Into<String>) -> Self {
        Self { text: text.into(), style: paint::PLAIN }
    }

    /// Text with a colour.
    pub fn painted(style: Style, text: impl Into<String>) -> Self {
        Self { text: text.into(), style }
    }
}

/// Rows of cells, two blanks between columns. Each column is as wide as its widest cell; the last
/// one takes what is left of `most` and is wrapped. Lines end with a newline.
pub fn table(rows: &[Vec<Cell>], indent: usize, most: usize) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widest = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| width(&cell.text)).max()
    };
    let widths: Vec<usize> =
        (0..columns.saturating_sub(1)).map(|column| widest(column).unwrap_or(0)).collect();
    let last_at = indent + widths.iter().map(|width| width + 2).sum::<usize>();
    let mut text = String::new();
    for row in rows {
        let mut line = " ".repeat(indent);
        for (column, cell) in row.iter().take(columns - 1).enumerate() {
            line += &painted(cell.style, &cell.text);
            line += &" ".repeat(widths[column] + 2 - width(&cell.text));
        }
        let Some(last) = row.get(columns - 1) else {
            text += line.trim_end();
            text.push('\n');
            continue;
        };
        for part in wrap(&last.text, most.saturating_sub(last_at).max(20)) {
            line += &painted(last.style, &part);
            text += line.trim_end();
            text.push('\n');
            line = " ".repeat(last_at);
        }
    }
    text
}

/// `1 call`, `2 calls`.
pub fn counted(number: usize, thing: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {thing}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wraps_at_blanks_and_keeps_long_words() {
        assert_eq!(wrap("a bb ccc", 4), ["a bb", "ccc"]);
        assert_eq!(wrap("abcdef g", 4), ["abcdef", "g"]);
        assert_eq!(wrap("", 4), [""]);
    }

    #[test]
    fn the_last_column_is_wrapped_under_itself() {
        let row = vec![Cell::plain("name"), Cell::plain("one two three four five six")];
        let rows = [row, vec![Cell::plain("n"), Cell::plain("x")]];
        let want = "  name  one two three four\n        five six\n  n     x\n";
        assert_eq!(table(&rows, 2, 28), want);
    }

    #[test]
    fn colours_stand_inside_the_blanks() {
        let text = painted(paint::HEAD, " a ");
        assert!(text.starts_with(" \u{1b}[") && text.ends_with("m "), "{text:?}");
        assert_eq!(painted(paint::HEAD, "  "), "  ");
    }
}
