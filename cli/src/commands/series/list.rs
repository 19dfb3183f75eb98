//! `bpfsim series list`.

use super::describe;
use crate::screen::Screen;
use crate::text::{paint, painted, wrap};
use bpfsim_maps::{Series, percpu};

/// Two lines for each, in three columns.
pub fn text(screen: &Screen) -> String {
    let every = percpu::all();
    if every.is_empty() {
        return "no series in this build: each is a feature of the same name\n".to_owned();
    }
    let widest = |of: fn(&Series) -> usize| every.iter().map(|s| of(s)).max().unwrap_or(0);
    let name_width = widest(|series| series.name.len()).max("KERNEL".len()) + 2;
    let author_width = widest(|series| series.author.len()).max("AUTHOR".len()) + 2;
    let mut text = painted(paint::HEAD, &format!("{:name_width$}TITLE", "NAME"));
    text.push('\n');
    let second = format!("{:name_width$}{:author_width$}POSTED", "KERNEL", "AUTHOR");
    text += &painted(paint::HEAD, &second);
    text.push('\n');
    for series in every {
        let indent = " ".repeat(name_width);
        let titles = wrap(series.title, screen.width.saturating_sub(name_width));
        let gap = " ".repeat(name_width - series.name.len());
        text.push('\n');
        text += &format!("{}{gap}", painted(paint::HEAD, series.name));
        text += &titles.join(&format!("\n{indent}"));
        let kernel = describe::kernel(series);
        text += &format!("\n{kernel:name_width$}{:author_width$}", series.author);
        text += series.posted;
        text.push('\n');
    }
    text += &note(every);
    text
}

/// What a plain name stands for.
fn note(every: &[&Series]) -> String {
    let with_variants =
        every.iter().filter(|series| series.is_default && series.name.contains('@'));
    let notes =
        with_variants.map(|s| format!("\nThe plain name {} means {}.\n", s.base_name(), s.name));
    notes.collect()
}
