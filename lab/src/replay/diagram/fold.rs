//! Rows that are beside the point become one.

use super::counted;
use super::rows::{Margin, Row, said};
use super::worth::Worth;
use crate::replay::data::{Deed, Replay, ReplayStep};
use std::ops::Range;

/// At most `room` rows. The tail behind the point is always folded; the rest only as far as it
/// must, the least worth first, the longest stretch of it first, from its middle.
pub fn fold(replay: &Replay, rows: Vec<Row>, room: usize) -> Vec<Row> {
    let tail = rows.iter().rposition(|row| row.worth > Worth::First).map_or(0, |last| last + 1);
    let mut shown: Vec<bool> =
        (0..rows.len()).map(|at| at < tail || rows[at].worth > Worth::Other).collect();
    keep_single_rows(&mut shown);
    for most in [Worth::Other, Worth::First, Worth::Part, Worth::Point] {
        while let Some(excess) = count(&shown).checked_sub(room).filter(|excess| *excess > 0) {
            let Some(stretch) = longest(&rows, &shown, most) else { break };
            // A fold is a row itself, unless it joins another.
            let open =
                |at: Option<usize>| at.and_then(|at| shown.get(at)).is_none_or(|shown| *shown);
            let joins = !open(stretch.start.checked_sub(1)) || !open(Some(stretch.end));
            let wanted = if joins { excess } else { excess + 1 };
            let len = wanted.min(stretch.len());
            let start = match joins {
                true if open(Some(stretch.end)) => stretch.start,
                true => stretch.end - len,
                false => stretch.start + (stretch.len() - len) / 2,
            };
            shown[start..start + len].fill(false);
        }
    }
    apply(replay, rows, &shown)
}

/// The longest stretch of shown rows that are worth `most` at most, where folding it saves a row.
fn longest(rows: &[Row], shown: &[bool], most: Worth) -> Option<Range<usize>> {
    let mut best: Option<Range<usize>> = None;
    let mut at = 0;
    while at < rows.len() {
        let foldable = |at: &usize| shown[*at] && rows[*at].worth <= most;
        let len = (at..rows.len()).take_while(foldable).count();
        let behind_fold = at > 0 && !shown[at - 1];
        let before_fold = at + len < rows.len() && !shown[at + len];
        let saves = len > 1 || len == 1 && (behind_fold || before_fold);
        if saves && best.as_ref().is_none_or(|best| best.len() < len) {
            best = Some(at..at + len);
        }
        at += len.max(1);
    }
    best
}

/// Folding one row saves none.
fn keep_single_rows(shown: &mut [bool]) {
    for at in 0..shown.len() {
        let before = at == 0 || shown[at - 1];
        let behind = at + 1 == shown.len() || shown[at + 1];
        shown[at] |= before && behind;
    }
}

/// How many rows there will be.
fn count(shown: &[bool]) -> usize {
    let folds = shown.chunk_by(|a, b| a == b).filter(|chunk| !chunk[0]).count();
    shown.iter().filter(|shown| **shown).count() + folds
}

fn apply(replay: &Replay, rows: Vec<Row>, shown: &[bool]) -> Vec<Row> {
    let mut folded = Vec::new();
    let mut at = 0;
    let mut last: Option<Margin> = None;
    for chunk in shown.chunk_by(|a, b| a == b) {
        let rows = &rows[at..at + chunk.len()];
        at += chunk.len();
        if chunk[0] {
            folded.extend(rows.iter().cloned());
        } else {
            folded.push(folded_row(replay, rows, last.as_ref()));
        }
        let values = |row: &&Row| matches!(row.margin, Margin::Values(_));
        last = rows.iter().rfind(values).map(|row| row.margin.clone()).or(last);
    }
    folded
}

fn folded_row(replay: &Replay, rows: &[Row], last: Option<&Margin>) -> Row {
    let mut steps: Vec<usize> = rows.iter().flat_map(|row| row.steps.clone()).collect();
    steps.sort_unstable();
    steps.dedup();
    let values = |row: &&Row| matches!(row.margin, Margin::Values(_));
    let margin = rows.iter().rfind(values).map(|row| row.margin.clone());
    let changed = margin.filter(|margin| Some(margin) != last);
    Row {
        number: "...".to_owned(),
        lane: 0,
        text: format!(" {}", summary(replay, &steps, false)),
        shorter: vec![
            format!(" {}", summary(replay, &steps, true)),
            format!(" {}", counted(numbered(replay, &steps), "step")),
        ],
        margin: changed.unwrap_or_default(),
        steps: 0..0,
        worth: Worth::Other,
    }
}

fn numbered(replay: &Replay, steps: &[usize]) -> u32 {
    steps.iter().filter(|index| replay.steps[**index].number.is_some()).count() as u32
}

/// The steps of one unit within a fold.
struct Part {
    unit: (usize, bool, u16),
    steps: Vec<usize>,
}

/// What a fold stands for: whole units by name, parts of units step by step.
/// `short`: parts by the number of their steps.
fn summary(replay: &Replay, steps: &[usize], short: bool) -> String {
    let mut parts: Vec<Part> = Vec::new();
    for &index in steps {
        let step = &replay.steps[index];
        let unit = (step.actor, step.handler, step.unit);
        match parts.iter_mut().find(|part| part.unit == unit) {
            Some(part) => part.steps.push(index),
            None => parts.push(Part { unit, steps: vec![index] }),
        }
    }
    let mut texts: Vec<String> = Vec::new();
    let mut whole: Vec<&Part> = Vec::new();
    for part in &parts {
        if is_whole_run(replay, part) && whole.last().is_none_or(|last| follows(last, part)) {
            whole.push(part);
            continue;
        }
        texts.extend(runs(replay, &std::mem::take(&mut whole)));
        if is_whole_run(replay, part) {
            whole.push(part);
        } else {
            texts.push(part_text(replay, part, short));
        }
    }
    texts.extend(runs(replay, &whole));
    texts.join(", ")
}

fn is_whole_run(replay: &Replay, part: &Part) -> bool {
    let (first, last) = (part.steps.first(), part.steps.last());
    let steps = &replay.steps;
    first.is_some_and(|first| steps[*first].began && steps[*first].deed == Deed::Program)
        && last.is_some_and(|last| steps[*last].ended)
}

fn follows(last: &Part, part: &Part) -> bool {
    last.unit.0 == part.unit.0 && last.unit.2 + 1 == part.unit.2
}

/// Whole runs, one after the other.
fn runs(replay: &Replay, parts: &[&Part]) -> Vec<String> {
    let label = |part: &&Part| run_name(replay, &replay.steps[part.steps[0]]);
    match parts {
        [] => Vec::new(),
        [first, .., last] if parts.len() > 3 => {
            vec![format!("{} to {}", label(first), label(last))]
        }
        few => few.iter().map(label).collect(),
    }
}

/// A run by name; with its CPU where others run the same program.
fn run_name(replay: &Replay, step: &ReplayStep) -> String {
    let others = replay.lanes.iter().flat_map(|lane| &lane.actors);
    match others.filter(|actor| actor.name == step.name).count() {
        0 | 1 => step.label.clone(),
        _ => format!("{} on cpu{}", step.label, step.cpu),
    }
}

/// What it wrote, where that is little; else how many steps it took.
fn part_text(replay: &Replay, part: &Part, short: bool) -> String {
    let steps = &replay.steps;
    let step = &steps[part.steps[0]];
    let numbered: Vec<usize> =
        part.steps.iter().copied().filter(|index| steps[*index].number.is_some()).collect();
    let stores: Vec<usize> = numbered
        .iter()
        .copied()
        .filter(|index| steps[*index].step.is_some_and(bpfsim_sim::Step::writes))
        .collect();
    match (&numbered[..], &stores[..]) {
        _ if short => {}
        ([one], _) => return said(replay, &steps[*one]),
        (_, [one]) if step.deed == Deed::Program => return said(replay, &steps[*one]),
        (_, _) => {}
    }
    let name = match step.deed {
        Deed::Program => &step.label,
        _ if step.handler => "IPI",
        Deed::Lookup
        | Deed::Update
        | Deed::Delete
        | Deed::NextKey
        | Deed::Hotplug
        | Deed::Refused => &step.name,
    };
    match numbered.len() {
        0 if step.handler => name.to_owned(),
        0 => step.label.clone(),
        many => format!("{name} {}", counted(many as u32, "step")),
    }
}
