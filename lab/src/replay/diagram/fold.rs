//! Rows that are beside the point become one.

use super::counted;
use super::rows::{Margin, Row, said};
use super::worth::Worth;
use crate::replay::data::{Deed, Replay};

/// At most `room` rows. The tail behind the point is always folded; the rest as far as it must.
pub fn fold(replay: &Replay, rows: Vec<Row>, room: usize) -> Vec<Row> {
    let tail = rows.iter().rposition(|row| row.worth > Worth::First).map_or(0, |last| last + 1);
    let levels = [Worth::Other, Worth::First, Worth::Part, Worth::Point];
    let mut shown: Vec<bool> = Vec::new();
    for least in levels {
        shown = (0..rows.len())
            .map(|at| rows[at].worth >= least && (at < tail || rows[at].worth > Worth::First))
            .collect();
        keep_single_steps(&rows, &mut shown);
        if count(&shown) <= room {
            return apply(replay, rows, &shown);
        }
    }
    // More points than room: the first and the last of them.
    let kept: Vec<usize> = (0..rows.len()).filter(|at| shown[*at]).collect();
    let (mut head, mut back) = (room.saturating_sub(2).div_ceil(2), room.saturating_sub(2) / 2);
    loop {
        let keep = |rank: usize| rank < head || rank + back >= kept.len();
        let chosen: Vec<usize> =
            kept.iter().enumerate().filter(|(rank, _)| keep(*rank)).map(|(_, at)| *at).collect();
        let shown: Vec<bool> = (0..rows.len()).map(|at| chosen.contains(&at)).collect();
        if count(&shown) <= room || head + back == 0 {
            return apply(replay, rows, &shown);
        }
        (head, back) = if head > back { (head - 1, back) } else { (head, back - 1) };
    }
}

/// Folding one row saves none.
fn keep_single_steps(rows: &[Row], shown: &mut [bool]) {
    for at in 0..rows.len() {
        let before = at == 0 || shown[at - 1];
        let behind = at + 1 == rows.len() || shown[at + 1];
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
        text: format!(" {}", summary(replay, &steps)),
        margin: changed.unwrap_or_default(),
        steps: 0..0,
        worth: Worth::Other,
    }
}

/// The steps of one unit within a fold.
struct Part {
    unit: (usize, bool, u16),
    steps: Vec<usize>,
}

/// What a fold stands for: whole units by name, parts of units step by step.
fn summary(replay: &Replay, steps: &[usize]) -> String {
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
            texts.push(part_text(replay, part));
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
    let label = |part: &&Part| replay.steps[part.steps[0]].label.clone();
    match parts {
        [] => Vec::new(),
        [first, .., last] if parts.len() > 3 => {
            vec![format!("{} to {}", label(first), label(last))]
        }
        few => few.iter().map(label).collect(),
    }
}

/// What it wrote, where that is little; else how many steps it took.
fn part_text(replay: &Replay, part: &Part) -> String {
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
