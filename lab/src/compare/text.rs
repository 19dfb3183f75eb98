//! The table for a terminal: a column for each series, 100 columns wide.

use super::{Cell, Comparison, Row};
use crate::explore::{GRANULARITY, MODEL};
use comfy_table::{ContentArrangement, Table};
use std::fmt::Write as _;

/// Columns of a terminal that the table fits in.
const WIDTH: u16 = 100;

/// The table, its limits, and the tokens behind its cells.
pub fn text(comparison: &Comparison) -> String {
    let mut out = String::new();
    write(&mut out, comparison).expect("a string takes every text");
    out
}

fn write(out: &mut String, comparison: &Comparison) -> std::fmt::Result {
    writeln!(out, "{}: the same program and reader under each design\n", comparison.scenario)?;
    let mut table = Table::new();
    table.load_preset("     ──            ");
    table.set_content_arrangement(ContentArrangement::Dynamic).set_width(WIDTH);
    let labels = comparison.series.iter().map(|series| series.label().to_owned());
    table.set_header(std::iter::once(String::new()).chain(labels));
    let mut group = "";
    for (titles, row) in merged(&comparison.rows) {
        let own = group_of(row.id);
        if own != group {
            let heading = HEADINGS.iter().find(|(id, _)| *id == own);
            table.add_row([heading.map_or("", |(_, text)| *text)]);
            group = own;
        }
        let cells = row.cells.iter().map(shown);
        table.add_row(std::iter::once(titles).chain(cells));
    }
    for line in table.to_string().lines() {
        writeln!(out, "{}", line.trim_end())?;
    }
    writeln!(out)?;
    limits(out, comparison)?;
    tokens(out, comparison)
}

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
    let texts = |row: &Row| row.cells.iter().map(shown).collect::<Vec<_>>();
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

/// Columns of a cell.
const CELL: usize = 15;

/// Names that are wider than a cell break behind an underscore.
fn shown(cell: &Cell) -> String {
    let mark = if cell.reconstructed && !cell.text.contains("(R)") { " (R)" } else { "" };
    let mut out = String::new();
    for word in cell.text.split_inclusive([' ', '\n']) {
        let mut rest = word;
        while rest.trim_end().len() > CELL {
            let Some(at) = rest[..CELL].rfind('_') else { break };
            out += &rest[..=at];
            out.push('\n');
            rest = &rest[at + 1..];
        }
        out += rest;
    }
    out + mark
}

fn limits(out: &mut String, comparison: &Comparison) -> std::fmt::Result {
    writeln!(out, "@N: reachable with N preemptions at the least. (R): reconstructed, not seen.")?;
    let complete = if comparison.complete {
        "every search was complete"
    } else {
        "some searches were cut off: what is not listed may still be reachable"
    };
    writeln!(
        out,
        "What the model says: {MODEL} (sequentially consistent), granularity {GRANULARITY}, copies \
         in 8-byte words\nascending unless a row says otherwise; {complete}."
    )
}

/// One witness for each row that explores, of the series that shows the most.
fn tokens(out: &mut String, comparison: &Comparison) -> std::fmt::Result {
    writeln!(out, "\nWitnesses, for 'bpfsim replay':")?;
    for row in comparison.rows.iter().filter(|row| row.id.starts_with("outcomes.")) {
        for (series, cell) in comparison.series.iter().zip(&row.cells) {
            let Some(token) = &cell.token else { continue };
            let id = row.id.trim_start_matches("outcomes.");
            let worst = cell.text.lines().last().unwrap_or("");
            writeln!(out, "  {id:<9} {:<11} {worst:<15} {token}", series.label())?;
        }
    }
    Ok(())
}
