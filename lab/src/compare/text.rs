//! The table for a terminal: a column for each series.

use super::{Cell, Comparison, Row};
use crate::explore::{GRANULARITY, MODEL};
use comfy_table::{ContentArrangement, Table};
use std::fmt::Write as _;

/// The table, its limits, and the tokens behind its cells, for a terminal of `width` columns.
pub fn text(comparison: &Comparison, width: usize) -> String {
    let mut out = String::new();
    write(&mut out, comparison, width).expect("a string takes every text");
    out
}

fn write(out: &mut String, comparison: &Comparison, width: usize) -> std::fmt::Result {
    // A space on each side of a cell, and one column for the titles.
    let columns = comparison.series.len() + 1;
    let cell = (width / columns).saturating_sub(2).max(8);
    let shown = |each: &Cell| shown(each, cell);
    writeln!(out, "{}: the same program and reader under each design\n", comparison.scenario)?;
    let mut table = Table::new();
    table.load_preset("     ──            ");
    table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width as u16);
    let labels = comparison.series.iter().map(|series| series.label().to_owned());
    table.set_header(std::iter::once(String::new()).chain(labels));
    let (mut group, mut headings) = ("", Vec::new());
    for (titles, row) in merged(&comparison.rows) {
        let own = group_of(row.id);
        if own != group {
            let heading = HEADINGS.iter().find(|(id, _)| *id == own);
            table.add_row([HEADING.to_owned()]);
            headings.push(heading.map_or("", |(_, text)| *text));
            group = own;
        }
        let cells = row.cells.iter().map(shown);
        table.add_row(std::iter::once(titles).chain(cells));
    }
    let mut headings = headings.into_iter();
    for line in table.to_string().lines() {
        match line.trim() {
            HEADING => writeln!(out, " {}", headings.next().unwrap_or(""))?,
            _ => writeln!(out, "{}", line.trim_end())?,
        }
    }
    writeln!(out)?;
    limits(out, comparison, width)?;
    tokens(out, comparison, width)
}

/// Stands in the table where a line across all columns goes.
const HEADING: &str = "\u{1}";

/// A line above the rows whose ids begin so.
const HEADINGS: &[(&str, &str)] = &[
    ("series", "THE SERIES"),
    ("abi", "WHAT IT ADDS"),
    ("program", "IN A PROGRAM"),
    ("read", "READING"),
    ("outcomes", "A LOOKUP BESIDE A PROGRAM"),
    ("byte-asc", "THE SAME, IF MEMCPY IS NOT WORD-ATOMIC"),
    ("lost-update", "WRITING"),
    ("cpu", "CPU NUMBERS"),
    ("update", "UPDATE AND DELETE"),
    ("walk", "KEYS AND MEMORY"),
];

/// The group of a row: the first part of its id, or the group that it stands with.
fn group_of(id: &'static str) -> &'static str {
    match id.split('.').next().unwrap_or(id) {
        "delete" => "update",
        "capacity" | "memory" => "walk",
        other => other,
    }
}

/// Rows of one group with the same cells, under one title.
fn merged(rows: &[Row]) -> Vec<(String, &Row)> {
    let group = |row: &Row| group_of(row.id);
    let texts = |row: &Row| row.cells.iter().map(|cell| cell.text.clone()).collect::<Vec<_>>();
    let mut out: Vec<(String, &Row)> = Vec::new();
    for row in rows {
        let explores = row.id.contains("outcomes") || row.id.contains("byte-asc");
        let same = out.iter_mut().find(|(_, known)| {
            explores && group(known) == group(row) && texts(known) == texts(row)
        });
        match same {
            Some((titles, _)) => *titles += &format!("\n{}", row.title),
            None => out.push((row.title.to_owned(), row)),
        }
    }
    out
}

/// Names that are wider than a cell break behind an underscore.
fn shown(cell: &Cell, width: usize) -> String {
    let mark = if cell.reconstructed && !cell.text.contains("(R)") { " (R)" } else { "" };
    let mut out = String::new();
    for word in cell.text.split_inclusive([' ', '\n']) {
        let mut rest = word;
        while rest.trim_end().len() > width {
            let Some(at) = rest[..width].rfind('_') else { break };
            out += &rest[..=at];
            out.push('\n');
            rest = &rest[at + 1..];
        }
        out += rest;
    }
    out + mark
}

/// What the marks mean, and what the model does not say.
fn limits(out: &mut String, comparison: &Comparison, width: usize) -> std::fmt::Result {
    let complete = if comparison.complete {
        "every search was complete"
    } else {
        "some searches were cut off: what is not listed may still be reachable"
    };
    let text = format!(
        "@N: reachable with N preemptions at the least. (R): reconstructed, not seen.\n\
         What the model says: {MODEL} (sequentially consistent), granularity {GRANULARITY}, \
         copies in 8-byte words, ascending, unless a row says otherwise; {complete}."
    );
    writeln!(out, "{}", textwrap::fill(&text, width))
}

/// The witness of every cell that explored a context.
fn tokens(out: &mut String, comparison: &Comparison, width: usize) -> std::fmt::Result {
    writeln!(out, "\nWitnesses, for 'bpfsim replay':")?;
    for row in comparison.rows.iter().filter(|row| row.id.starts_with("outcomes.")) {
        for (series, cell) in comparison.series.iter().zip(&row.cells) {
            let Some(token) = &cell.token else { continue };
            let id = row.id.trim_start_matches("outcomes.");
            let worst = cell.text.lines().last().unwrap_or("");
            let line = format!("  {id:<9} {:<11} {worst:<15}", series.label());
            let gap = if line.len() + token.len() < width { " " } else { "\n      " };
            let line = if gap == " " { line.as_str() } else { line.trim_end() };
            writeln!(out, "{line}{gap}{token}")?;
        }
    }
    Ok(())
}
