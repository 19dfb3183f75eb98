//! What the output is written for.

/// A terminal, a pipe or a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Screen {
    /// Columns that a line may have.
    pub width: usize,
    /// Columns of a table of five series: wider where nothing says how wide the reader's screen is.
    pub table: usize,
}

impl Screen {
    /// Narrower lines cannot hold a table.
    const LEAST: usize = 80;
    /// Wider lines are hard to read, and two series fit side by side.
    const MOST: usize = 100;
    /// Of files and pipes: what fits into a mail.
    const PLAIN: usize = 80;

    /// `COLUMNS` where it is set, then the terminal's width, then 80; between 80 and 100.
    pub fn detect() -> Self {
        let asked = std::env::var("COLUMNS").ok().and_then(|text| text.parse().ok());
        let terminal =
            || terminal_size::terminal_size_of(std::io::stdout()).map(|(width, _)| width.0.into());
        let known: Option<usize> = asked.or_else(terminal);
        let clamp = |width: usize| width.clamp(Self::LEAST, Self::MOST);
        let width = clamp(known.unwrap_or(Self::PLAIN));
        Self { width, table: clamp(known.unwrap_or(Self::MOST)) }
    }
}
