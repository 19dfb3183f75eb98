//! Lanes and columns: where everything stands.

use super::rows::{Margin, Row};
use super::{COLUMNS, cut};
use crate::replay::data::{Content, Lane, Replay};
use bpfsim_sim::Ctx;

/// Where the first lane begins, behind the numbers.
const FIRST: usize = 6;

/// Columns that the fields may take at most.
const FIELDS: usize = 24;

/// Columns of a lane at least.
const LANE: usize = 6;

/// The fields that are shown, and the width of each column.
struct Columns {
    fields: Vec<(usize, String, usize)>,
    width: usize,
}

/// Where lanes and margin begin.
struct Starts {
    lanes: Vec<usize>,
    margin: usize,
}

/// The header of the lanes and every row.
pub fn layout(replay: &Replay, rows: &[Row]) -> Vec<String> {
    let columns = columns(replay, rows);
    let starts = starts(replay, rows, columns.width);
    let mut lines = vec![header(replay, &starts, &columns)];
    let mut bars = Vec::new();
    for row in rows {
        lines.push(line(row, &starts, &columns, &bars));
        follow(row, &mut bars);
    }
    lines
}

fn columns(replay: &Replay, rows: &[Row]) -> Columns {
    let fields = replay.focus().map_or(&[][..], |slot| {
        let map = replay.slots[slot].map;
        &replay.maps[map].fields
    });
    let values = |row: &Row| match &row.margin {
        Margin::Values(Some(values)) => Some(values.clone()),
        Margin::Values(None) | Margin::From(_) | Margin::None => None,
    };
    let contents: Vec<Vec<u64>> = rows.iter().filter_map(values).collect();
    let all = fields.iter().enumerate().map(|(index, field)| {
        let digits = |content: &Vec<u64>| content.get(index).map_or(0, |v| v.to_string().len());
        let widest = contents.iter().map(digits).max().unwrap_or(0);
        (index, field.name.clone(), widest.max(field.name.chars().count().min(12)))
    });
    let mut all: Vec<(usize, String, usize)> = all.collect();
    let width = |all: &[(usize, String, usize)]| {
        all.iter().map(|column| column.2 + 1).sum::<usize>().saturating_sub(1)
    };
    while all.len() > 1 && width(&all) > FIELDS {
        // What never changes says least; else the last.
        let still = all.iter().rposition(|(index, ..)| {
            contents.windows(2).all(|pair| pair[0].get(*index) == pair[1].get(*index))
        });
        all.remove(still.unwrap_or(all.len() - 1));
    }
    let from = |row: &Row| match &row.margin {
        Margin::From(text) => text.chars().count(),
        Margin::Values(None) => "absent".len(),
        Margin::Values(Some(_)) | Margin::None => 0,
    };
    let from = rows.iter().map(from).max().unwrap_or(0).min(FIELDS);
    Columns { width: width(&all).max(from), fields: all }
}

/// Lanes as wide as their texts; narrower where the columns would not fit, since the text of one
/// row may reach into the lanes at its right.
fn starts(replay: &Replay, rows: &[Row], margin: usize) -> Starts {
    let count = replay.lanes.len().max(1);
    let in_lane = |lane: usize| rows.iter().filter(move |row| row.lane == lane && !is_fold(row));
    let len = |row: &Row| row.text.chars().count();
    let texts: Vec<usize> =
        (0..count).map(|lane| in_lane(lane).map(len).max().unwrap_or(0)).collect();
    let headers: Vec<usize> =
        replay.lanes.iter().map(|lane| header_text(lane, 2).chars().count() + 1).collect();
    let natural = |lane: usize| texts[lane].max(headers.get(lane).copied().unwrap_or(0)) + 2;
    let mut pitch: Vec<usize> = (0..count).map(natural).collect();
    let place = |pitch: &[usize]| {
        let mut starts = vec![FIRST];
        for lane in 1..count {
            starts.push(starts[lane - 1] + pitch[lane - 1]);
        }
        let end = |lane: usize| {
            let margins = in_lane(lane).filter(|row| row.margin != Margin::None);
            let last = lane + 1 == count;
            let header = if last { headers.get(lane).copied().unwrap_or(0) } else { 0 };
            starts[lane] + margins.map(len).max().unwrap_or(0).max(header) + 2
        };
        let margin = (0..count).map(end).max().unwrap_or(FIRST);
        let free = (0..count).map(|lane| starts[lane] + texts[lane]).max().unwrap_or(FIRST);
        (starts.clone(), margin, free)
    };
    loop {
        let (lanes, at, free) = place(&pitch);
        let fits = at + margin <= COLUMNS && free <= COLUMNS;
        let widest = (0..count.saturating_sub(1)).max_by_key(|lane| pitch[*lane]);
        match widest.filter(|lane| !fits && pitch[*lane] > LANE) {
            Some(lane) => pitch[lane] -= 1,
            None => {
                let folds = rows.iter().filter(|row| is_fold(row) && row.margin != Margin::None);
                let fold = folds.map(|row| FIRST + len(row) + 2).max().unwrap_or(0);
                let at = at.max(fold).min(COLUMNS.saturating_sub(margin));
                return Starts { lanes, margin: at };
            }
        }
    }
}

fn is_fold(row: &Row) -> bool {
    row.number == "..."
}

/// `cpu0 softirq, irqs on`; shorter with less `detail`.
fn header_text(lane: &Lane, detail: u8) -> String {
    let mut contexts: Vec<String> = Vec::new();
    for actor in &lane.actors {
        let masks = match (actor.ctx, actor.irqs_off) {
            (Ctx::Task | Ctx::Softirq, true) if detail > 1 => ", irqs off",
            (Ctx::Softirq, false) if detail > 1 => ", irqs on",
            (Ctx::Task | Ctx::Softirq | Ctx::Hardirq | Ctx::Nmi, _) => "",
        };
        let text = format!("{}{masks}", actor.ctx.name());
        if !contexts.contains(&text) {
            contexts.push(text);
        }
    }
    match detail {
        0 => format!("cpu{}", lane.cpu),
        _ => format!("cpu{} {}", lane.cpu, contexts.join("; ")).trim_end().to_owned(),
    }
}

fn header(replay: &Replay, starts: &Starts, columns: &Columns) -> String {
    let mut text = String::new();
    for (index, lane) in replay.lanes.iter().enumerate() {
        let start = starts.lanes[index] + 1;
        let end = starts.lanes.get(index + 1).copied().unwrap_or(starts.margin);
        let room = end.saturating_sub(start);
        let fits = |detail: &u8| header_text(lane, *detail).chars().count() < room;
        let detail = [2, 1].into_iter().find(fits).unwrap_or(0);
        put(&mut text, start, &cut(&header_text(lane, detail), room.max(4)));
    }
    let names: Vec<String> = columns
        .fields
        .iter()
        .map(|(_, name, width)| format!("{:>width$}", cut(name, *width)))
        .collect();
    put_right(&mut text, starts.margin + columns.width, &names.join(" "));
    text
}

fn line(row: &Row, starts: &Starts, columns: &Columns, bars: &[(usize, usize)]) -> String {
    let wide = row.number.contains(['-', '+']) || is_fold(row);
    let width = if wide { 5 } else { 3 };
    let mut text = format!("{:>width$}", row.number);
    let start = starts.lanes.get(row.lane).copied().unwrap_or(FIRST);
    for (lane, level) in bars {
        let at = starts.lanes.get(*lane).copied().unwrap_or(FIRST);
        if !is_fold(row) && *lane < row.lane && at + level * 2 < start {
            put(&mut text, at, "| ".repeat(*level).trim_end());
        }
    }
    let end = if row.margin == Margin::None { COLUMNS } else { starts.margin.saturating_sub(1) };
    let room = end.saturating_sub(start);
    let fits = |text: &&String| text.chars().count() <= room;
    let said = std::iter::once(&row.text).chain(&row.shorter).find(fits).unwrap_or(&row.text);
    put(&mut text, start, &cut(said, room));
    let right = starts.margin + columns.width;
    match &row.margin {
        Margin::None => {}
        Margin::From(from) => put(&mut text, starts.margin, &cut(from, columns.width)),
        Margin::Values(content) => put_right(&mut text, right, &cells(content, columns)),
    }
    text
}

fn cells(content: &Content, columns: &Columns) -> String {
    let Some(values) = content else { return "absent".to_owned() };
    let cell = |(index, _, width): &(usize, String, usize)| {
        format!("{:>width$}", values.get(*index).copied().unwrap_or_default())
    };
    columns.fields.iter().map(cell).collect::<Vec<_>>().join(" ")
}

/// Which lanes have an interrupt open behind `row`: lane and level.
fn follow(row: &Row, bars: &mut Vec<(usize, usize)>) {
    let level = |text: &str| text.matches("| ").count();
    let own = row.text.trim_start_matches("| ");
    match own {
        own if own.starts_with(",--") => {
            bars.retain(|bar| bar.0 != row.lane);
            bars.push((row.lane, level(&row.text[..row.text.len() - own.len()]) + 1));
        }
        own if own.starts_with("`--") => {
            let level = level(&row.text[..row.text.len() - own.len()]);
            bars.retain(|bar| bar.0 != row.lane);
            if level > 0 {
                bars.push((row.lane, level));
            }
        }
        // Nobody knows what a fold has closed.
        _ if is_fold(row) => bars.clear(),
        _ => {}
    }
}

/// Writes `text` at column `at`, or behind what is there already.
fn put(line: &mut String, at: usize, text: &str) {
    let len = line.chars().count();
    line.push_str(&" ".repeat(at.saturating_sub(len)));
    line.push_str(text);
}

/// Writes `text` so that it ends before column `end`.
fn put_right(line: &mut String, end: usize, text: &str) {
    let start = end.saturating_sub(text.chars().count());
    put(line, start, text);
}
