//! `bpfsim series show`.

use super::describe::{Item, sections};
use crate::names;
use crate::screen::Screen;
use crate::text::{Cell, paint, painted, table};
use bpfsim_maps::Series;
use bpfsim_maps::series::Tag;

/// Every section, one below the other.
pub fn text(series: &'static Series, screen: &Screen) -> String {
    let mut text = painted(paint::HEAD, series.name);
    let others = names::variants(series.base_name());
    if series.is_default && !others.is_empty() {
        text += &painted(paint::FAINT, &format!("  (what {} stands for)", series.base_name()));
    }
    text.push('\n');
    let sections = sections(series);
    let mut groups: Vec<(&str, Vec<Vec<Cell>>)> = vec![];
    for section in &sections {
        let title = section.addition.map_or(section.title.as_str(), |_| ADDITIONS);
        if groups.last().is_none_or(|(last, _)| *last != title) {
            groups.push((title, vec![]));
        }
        if let Some((_, rows)) = groups.last_mut() {
            rows.extend(section.items.iter().map(|item| row(section.addition, item)));
        }
    }
    for (at, (title, rows)) in groups.iter().enumerate() {
        if at > 0 {
            text += &format!("\n{}\n", painted(paint::HEAD, title));
        }
        if rows.is_empty() {
            text += "  nothing\n";
        }
        text += &table(rows, 2, screen.width);
    }
    let mut items = sections.iter().flat_map(|section| &section.items);
    if items.any(|item| item.tag == Tag::Reconstructed) {
        text += &format!("\n{}\n", painted(paint::DOUBT, LEGEND));
    }
    text
}

/// One table for everything that a series adds.
const ADDITIONS: &str = "adds to the ABI";

const LEGEND: &str = "[reconstructed] was inferred, and read in no source.";

/// Only the cells that say something, so that empty columns take no room.
fn row(addition: Option<&str>, item: &Item) -> Vec<Cell> {
    let mut row = vec![];
    if let Some(kind) = addition {
        row.push(Cell::plain(kind));
        row.push(Cell::plain(format!("{:>4}", item.number)));
    }
    if !item.name.is_empty() {
        row.push(Cell::plain(&item.name));
    }
    let style = if item.tag == Tag::Reconstructed { paint::DOUBT } else { paint::PLAIN };
    let text = match (item.text.as_str(), item.note().as_str()) {
        (text, "") => text.to_owned(),
        ("", note) => note.to_owned(),
        (text, note) => format!("{text} {note}"),
    };
    row.push(Cell::painted(style, text));
    row
}
