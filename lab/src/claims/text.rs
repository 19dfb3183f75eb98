//! Claims for people: a table of all, the story of one.

use super::ClaimResult;
use super::evidence::side;
use super::setting::find_in;
use crate::experiment::Files;
use crate::replay::{Token, diagram, replay};

/// Columns of the narrowest output.
const LEAST: usize = 60;

/// Words in lines of at most `width` columns; a longer word has a line of its own.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            Some(_) | None => lines.push(word.to_owned()),
        }
    }
    lines
}

/// The first line behind `head`, the others below it.
fn hang(out: &mut String, head: &str, text: &str, width: usize) {
    let indent = head.chars().count();
    for (number, line) in wrap(text, width.saturating_sub(indent)).iter().enumerate() {
        let lead = if number == 0 { head.to_owned() } else { " ".repeat(indent) };
        out.push_str(&format!("{lead}{line}\n"));
    }
}

/// Every claim with its verdict and what the model says, in at most `width` columns.
pub fn table(results: &[ClaimResult], width: usize) -> String {
    let width = width.max(LEAST);
    let mut out = format!("{:<4} {:<12}  {}\n", "id", "verdict", "claim, and what the model says");
    for result in results {
        out.push('\n');
        let head = format!("{:<4} {:<12}  ", result.id, result.verdict);
        hang(&mut out, &head, &result.claim, width);
        hang(&mut out, &" ".repeat(head.len()), &format!("- {}", result.because), width);
    }
    let unmet = results.iter().filter(|result| !result.unmet.is_empty()).count();
    let verdict = match unmet {
        0 => "all expectations are met".to_owned(),
        some => format!("{some} with expectations that are not met"),
    };
    out + &format!("\n{} claims, {verdict}\n", results.len())
}

/// One claim, whole: who said it, the evidence, the limits, the history, the witness.
pub fn story(result: &ClaimResult, files: Files<'_>, width: usize) -> String {
    let width = width.max(LEAST);
    let mut out = format!("{}  {}\n\n", result.id, result.verdict);
    hang(&mut out, "claim     ", &format!("{} ({})", result.claim, result.who), width);
    hang(&mut out, "model     ", &result.because, width);
    hang(&mut out, "history   ", &result.history, width);
    hang(&mut out, "limits    ", &result.limits, width);
    hang(&mut out, "scenario  ", &result.file, width);
    if !result.evidence.is_empty() {
        out.push_str("\nevidence\n");
    }
    for piece in &result.evidence {
        let head = format!("  {:<8} ", side(piece.says));

        hang(&mut out, &head, &piece.name, width);
        for line in &piece.found {
            hang(&mut out, "             ", line, width);
        }
    }
    if !result.unmet.is_empty() {
        out.push('\n');
    }
    for unmet in &result.unmet {
        hang(&mut out, "NOT MET   ", unmet, width);
    }
    if let Some(witness) = witness(result, files) {
        out += &format!("\n{witness}");
    }
    out
}

/// The schedule of the token as a diagram; where it cannot be drawn, why not.
fn witness(result: &ClaimResult, files: Files<'_>) -> Option<String> {
    let token = Token::decode(result.token.as_deref()?).ok()?;
    // Claims share schedules: the file's own name is to stand there.
    let scenario = find_in(&result.id, token.scenario)?;
    let drawn = replay(&token, &scenario, files, None).map(|replay| diagram(&replay));
    Some(drawn.unwrap_or_else(|error| format!("no diagram: {error}\n")))
}
