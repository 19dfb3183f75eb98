//! A row for each step, with bars for interrupts, before anything is folded.

use super::pieces;
use super::worth::{Worth, worths};
use crate::class::Class;
use crate::replay::data::{Content, Deed, Origin, Replay, ReplayStep, Target, WaitsFor};
use crate::replay::words::{returns, what};
use bpfsim_sim::Step;
use std::collections::BTreeSet;
use std::ops::Range;

/// What stands at the right of a row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Margin {
    /// Nothing.
    #[default]
    None,
    /// The fields of the slot.
    Values(Content),
    /// Who wrote what was read here.
    From(String),
}

/// One row of the lanes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its number, `...` for a fold, or nothing.
    pub number: String,
    /// Index of its lane.
    pub lane: usize,
    /// Bars, then what happens.
    pub text: String,
    /// The same in fewer words, for where it does not fit.
    pub shorter: Vec<String>,
    /// At the right.
    pub margin: Margin,
    /// Indices of its steps; none for what is no step at all.
    pub steps: Range<usize>,
    /// See [`Worth`].
    pub worth: Worth,
}

/// All rows, in order.
pub fn rows(replay: &Replay) -> Vec<Row> {
    let worths = worths(replay);
    let mut rows = Vec::new();
    let (mut shown, mut index) = (false, 0);
    while index < replay.steps.len() {
        let steps = index..pieces::end(replay, index);
        index = steps.end;
        let worth = worths[steps.clone()].iter().copied().max().unwrap_or(Worth::Other);
        of_step(replay, steps, worth, &mut shown, &mut rows);
    }
    rows.extend(replay.waiting.iter().map(|waiting| waits(replay, waiting)));
    rows
}

/// The rows of one step, or of one that was made in several pieces.
fn of_step(
    replay: &Replay,
    steps: Range<usize>,
    worth: Worth,
    shown: &mut bool,
    rows: &mut Vec<Row>,
) {
    let (first, step) = (&replay.steps[steps.start], pieces::joined(replay, &steps));
    let lane = lane(replay, step.cpu);
    let row = |number: String, text: String, margin: Margin| {
        let steps = steps.clone();
        Row { number, lane, text, shorter: Vec::new(), margin, steps, worth }
    };
    let plain = |text: String| row(String::new(), text, Margin::None);
    let outer = "| ".repeat(usize::from(step.level).saturating_sub(1));
    if first.began && step.level > 0 && !first.drained {
        let name = if step.handler { "IPI" } else { step.ctx.name() };
        rows.push(plain(format!("{outer},-- {name}")));
    }
    let bars = bars(step.level);
    if let Some(last) = step.number {
        let margin = margin(replay, &steps, &step, shown);
        let number = match first.number {
            Some(first) if first < last && last < 100 => format!("{first}-{last}"),
            Some(first) if first < last => format!("{first}+"),
            _ => last.to_string(),
        };
        rows.push(row(number, format!("{bars}{}", said(replay, &step)), margin));
    } else if !step.handler && step.ended {
        rows.push(plain(format!("{bars}{}", said(replay, &step))));
    }
    let behind = step.number.is_some() && step.step != Some(Step::Wake);
    if let Some(returned) = step.returned.filter(|_| behind) {
        let returned = returns(&replay.calls[returned]);
        let prefix = prefix(replay, &step);
        rows.extend(returned.map(|returned| plain(format!("{bars}{prefix}{returned}"))));
    }
    if step.ended && step.level > 0 {
        let name = if step.handler { "ack" } else { "end" };
        let corner = if drains(replay, steps.end - 1) { '|' } else { '`' };
        rows.push(plain(format!("{outer}{corner}-- {name}")));
    }
}

/// What stands before the text of a frame: a bar for each interrupt that is open.
fn bars(level: u8) -> String {
    match level {
        0 => " ".to_owned(),
        level => "| ".repeat(level.into()),
    }
}

/// The index of a CPU's lane.
pub fn lane(replay: &Replay, cpu: u32) -> usize {
    replay.lanes.iter().position(|lane| lane.cpu == cpu).unwrap_or(0)
}

/// The handler that ends here is followed by another in the same interrupt.
fn drains(replay: &Replay, index: usize) -> bool {
    let step = &replay.steps[index];
    let later = replay.steps[index + 1..].iter();
    step.handler && later.clone().find(|next| next.cpu == step.cpu).is_some_and(|next| next.drained)
}

fn waits(replay: &Replay, waiting: &crate::replay::data::Waiting) -> Row {
    let what = match &waiting.what {
        WaitsFor::Ack(cpu) => format!("waits for cpu{cpu}"),
        WaitsFor::Lock(who) => format!("waits for the lock of {who}"),
        WaitsFor::Turn => format!("{} waits for its turn", waiting.name),
    };
    let lane = lane(replay, waiting.cpu);
    let mine = |step: &&ReplayStep| step.actor == waiting.actor && !step.handler;
    let level = replay.steps.iter().rfind(mine).map_or(0, |step| step.level);
    Row {
        number: String::new(),
        lane,
        text: format!("{}{what}", bars(level)),
        shorter: Vec::new(),
        margin: Margin::None,
        steps: 0..0,
        worth: Worth::Point,
    }
}

/// A step in words, with whose it is where that is not plain from the lane.
pub fn said(replay: &Replay, step: &ReplayStep) -> String {
    let mut text = prefix(replay, step);
    let returned = step.returned.map(|call| &replay.calls[call]);
    match (step.step, returned) {
        (Some(Step::Wake), Some(call)) => {
            text += "wake";
            text += &returns(call).map_or_else(String::new, |said| format!(": {said}"));
        }
        (Some(_), _) => text += &what(replay, step),
        (None, Some(call)) => text += &returns(call).unwrap_or_else(|| "done".to_owned()),
        (None, None) if step.trapped.is_some() => return text + "trapped",
        (None, None) => text += "runs",
    }
    if step.trapped.is_some() {
        text += ": trapped";
    }
    text
}

/// Whose a step is, where that is not plain from the lane.
fn prefix(replay: &Replay, step: &ReplayStep) -> String {
    let lane = &replay.lanes[lane(replay, step.cpu)];
    let threads = lane.actors.iter().filter(|actor| !actor.program).count();
    let handlers = || {
        let senders =
            replay.steps.iter().filter(|step| matches!(step.step, Some(Step::SendIpi(_))));
        senders.map(|step| step.actor).collect::<BTreeSet<_>>().len()
    };
    let several = || replay.steps.iter().any(|other| other.actor == step.actor && other.unit > 0);
    match step.deed {
        Deed::Hotplug => String::new(),
        Deed::Program => format!("{} ", step.label),
        _ if step.handler && handlers() > 1 => format!("{}: ", step.name),
        _ if step.handler => String::new(),
        _ if threads > 1 => format!("{}: ", step.name),
        Deed::Lookup | Deed::NextKey | Deed::Refused if several() => format!("{}: ", step.label),
        Deed::Update | Deed::Delete if several() => {
            let verb = step.label.split(' ').next().unwrap_or(&step.label);
            format!("{verb}: ")
        }
        Deed::Lookup | Deed::NextKey | Deed::Refused | Deed::Update | Deed::Delete => String::new(),
    }
}

fn margin(replay: &Replay, steps: &Range<usize>, step: &ReplayStep, shown: &mut bool) -> Margin {
    if replay.differs.is_some_and(|index| steps.contains(&index)) {
        return Margin::From("<- differs here".to_owned());
    }
    let Some(focus) = replay.focus() else { return Margin::None };
    let now = &step.contents[focus];
    let before = match steps.start.checked_sub(1) {
        Some(before) => &replay.steps[before].contents[focus],
        None => &replay.slots[focus].start,
    };
    if let Some(from) = from(replay, step) {
        return Margin::From(from);
    }
    if *shown && now == before {
        return Margin::None;
    }
    *shown = true;
    Margin::Values(now.clone())
}

/// `<- step 3`, of a value that a lookup copies; of one that a program loads where an update
/// was lost.
fn from(replay: &Replay, step: &ReplayStep) -> Option<String> {
    let access = step.access.as_ref().filter(|access| !access.writes)?;
    let is_value = matches!(access.target, Target::Value { .. });
    let wanted = match step.deed {
        Deed::Lookup => true,
        Deed::Program => replay.class() == Some(Class::LostUpdate),
        Deed::Update | Deed::Delete | Deed::NextKey | Deed::Hotplug | Deed::Refused => false,
    };
    if !is_value || !wanted {
        return None;
    }
    let start = access.from.contains(&Origin::Start).then(|| "start".to_owned());
    let numbers: Vec<u32> = access.from.iter().filter_map(number).collect();
    let runs = numbers.chunk_by(|a, b| a + 1 == *b).map(|run| match run {
        [first, .., last] => format!("{first}-{last}"),
        one => one.iter().map(u32::to_string).collect(),
    });
    let all: Vec<String> = start.into_iter().chain(runs).collect();
    match (numbers.len(), all.is_empty()) {
        (_, true) => None,
        (0, false) => Some(format!("<- {}", all.join(", "))),
        (1, false) if all.len() == 1 => Some(format!("<- step {}", all.join(", "))),
        (_, false) => Some(format!("<- {}", all.join(", "))),
    }
}

fn number(origin: &Origin) -> Option<u32> {
    match origin {
        Origin::Start => None,
        Origin::Step(number) => Some(*number),
    }
}
