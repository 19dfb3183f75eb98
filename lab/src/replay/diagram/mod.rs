//! A replay as text: at most 72 columns and 25 lines.
//!
//! ```text
//! name / series / model / copy             class      head
//! preemptions, steps                       token
//!
//!        cpu0 softirq        cpu1 task   a    b       lanes, and the fields of one slot
//!   1                        step        0    0       rows
//!   ...  what was folded                 3  192
//!
//! what was returned, how many schedules, ...          foot
//! ```

mod fold;
mod foot;
mod head;
mod layout;
mod pieces;
mod rows;
mod worth;

use super::data::Replay;

/// Columns of a diagram at most.
pub const COLUMNS: usize = 72;

/// Lines of a diagram at most.
pub const LINES: usize = 25;

/// The schedule, drawn.
pub fn diagram(replay: &Replay) -> String {
    let mut lines = head::head(replay);
    let foot = foot::foot(replay);
    // A blank line before the lanes, their header, and a blank line behind.
    let room = LINES.saturating_sub(lines.len() + foot.len() + 3);
    let rows = fold::fold(replay, rows::rows(replay), room.max(3));
    lines.push(String::new());
    lines.extend(layout::layout(replay, &rows));
    lines.push(String::new());
    lines.extend(foot);
    let mut text = String::new();
    for line in lines {
        text += line.trim_end();
        text.push('\n');
    }
    text
}

/// `1 step`, `2 steps`.
fn counted(count: u32, thing: &str) -> String {
    let s = if count == 1 { "" } else { "s" };
    format!("{count} {thing}{s}")
}

/// Lines of at most [`COLUMNS`], `most` at most; the last one is cut where there is more.
fn wrap(text: &str, most: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let line = lines.last_mut().expect("there is one from the beginning");
        let longer = line.chars().count() + 1 + word.chars().count();
        match () {
            () if line.is_empty() => *line = word.to_owned(),
            () if longer <= COLUMNS => *line += &format!(" {word}"),
            () => lines.push(format!("  {word}")),
        }
    }
    if lines.len() > most {
        lines.truncate(most);
        let last = lines.last_mut().expect("at least one line is allowed");
        *last = cut(&format!("{last} ..."), COLUMNS);
    }
    lines.into_iter().map(|line| cut(&line, COLUMNS)).collect()
}

/// At most `most` characters, with a mark where something is missing.
fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most.saturating_sub(2)).collect();
    format!("{}..", kept.trim_end_matches([' ', '.']))
}

/// `left`, and `right` at the last column or at the end of a narrower table.
fn spread(left: &str, right: &str, width: usize) -> Option<String> {
    let room = width.checked_sub(left.chars().count() + right.chars().count())?;
    (room >= 2).then(|| format!("{left}{}{right}", " ".repeat(room)))
}
