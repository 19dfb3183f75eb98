//! Which schedule it is.

use super::{COLUMNS, counted, cut, spread, wrap};
use crate::explore::MODEL;
use crate::replay::data::Replay;

/// Lines that a token may take.
const TOKEN_LINES: usize = 3;

/// The lines above the lanes.
pub fn head(replay: &Replay) -> Vec<String> {
    let mut lines = vec![title(replay)];
    let preemptions = counted(replay.preemptions, "preemption");
    let counts = format!("{preemptions}, {}", counted(replay.numbered, "step"));
    let token = format!("replay {}", replay.token);
    match spread(&counts, &token, COLUMNS) {
        Some(line) => lines.push(line),
        None => {
            lines.push(counts);
            lines.extend(broken(&token));
        }
    }
    if replay.recorded != replay.series.label() {
        let same = if replay.differs.is_some() { "" } else { "; no step differs" };
        lines.extend(wrap(&format!("in the order of {}{same}", replay.recorded), 1));
    }
    for warning in replay.warnings.iter().take(1) {
        lines.extend(wrap(&format!("warning: {warning}"), 2));
    }
    lines
}

/// What ran, and the classes that it shows: all of them, or the worst where they do not fit.
fn title(replay: &Replay) -> String {
    let copy = replay.copy;
    let name = |name: &str| format!("{name} / {} / {MODEL} / {copy}", replay.series.label());
    let all: Vec<String> = replay.classes.iter().map(ToString::to_string).collect();
    let worst = replay.class().map_or_else(String::new, |class| class.to_string());
    let some = format!("{worst} and {} more", all.len().saturating_sub(1));
    let full = name(&replay.scenario);
    let lines = [&all.join(", "), &some].map(|classes| spread(&full, classes, COLUMNS));
    let title = lines.into_iter().flatten().next().unwrap_or_else(|| {
        let others = name("").chars().count() + worst.chars().count() + 2;
        let short = cut(&replay.scenario, COLUMNS.saturating_sub(others));
        format!("{}  {worst}", name(&short))
    });
    cut(&title, COLUMNS)
}

/// A token over as many lines as it takes; reading one skips the breaks.
fn broken(token: &str) -> Vec<String> {
    let chars: Vec<char> = token.chars().collect();
    let lines: Vec<String> = chars.chunks(COLUMNS).map(|line| line.iter().collect()).collect();
    if lines.len() <= TOKEN_LINES {
        return lines;
    }
    let length = chars.len() - "replay ".len();
    vec![format!("replay with a token of {length} characters, which explore --json prints")]
}
