//! Damaged files: whatever is read, it is an answer, in bounded time, and twice the same.

use super::{GOOD, read};
use crate::scenario::builtin::BUILTINS;

/// A small generator of pseudo-random numbers (xorshift64*), so that every run is the same.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % limit.max(1)
    }
}

const PIECES: &[&str] = &[
    "\"",
    "'",
    "\"\"\"",
    "[",
    "]",
    "[[",
    "]]",
    "{",
    "}",
    "=",
    ",",
    ".",
    "\n",
    "\r",
    "\t",
    "#",
    "-",
    "0",
    "1",
    "-1",
    "18446744073709551616",
    "0xffffffffffffffffff",
    "1e9",
    "inf",
    "true",
    "\\u0000",
    "\\",
    "µ",
    "\u{feff}",
    "\0",
    "@",
    "for",
    "do",
    "cpu",
    "key",
    "[thread.x.for.y]",
    "[map]",
    "1979-05-27",
    "\"all\"",
    "((((((((",
    "))))",
];

/// Damages a text in one to four places.
fn mutate(text: &str, other: &str, dice: &mut Dice) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    for _ in 0..1 + dice.below(4) {
        let at = dice.below(chars.len() + 1);
        let end = (at + dice.below(12)).min(chars.len());
        match dice.below(5) {
            0 => drop(chars.drain(at..end)),
            1 => drop(chars.splice(at..at, PIECES[dice.below(PIECES.len())].chars())),
            2 => drop(chars.splice(at..end, PIECES[dice.below(PIECES.len())].chars())),
            3 => chars.truncate(at.max(chars.len() / 2)),
            _ => {
                let lines: Vec<&str> = other.lines().collect();
                let line = format!("\n{}\n", lines[dice.below(lines.len())]);
                drop(chars.splice(at..at, line.chars()));
            }
        }
    }
    chars.into_iter().collect()
}

/// Reads `text`; the answer has places inside the text and no empty help.
fn check(text: &str) -> bool {
    let answer = read(text);
    assert_eq!(answer, read(text), "the same text, the same answer");
    let problems = match &answer {
        Ok(parsed) => &parsed.warnings,
        Err(problems) => &problems.0,
    };
    let lines = text.matches('\n').count() as u32 + 1;
    for problem in problems {
        assert!((1..=lines).contains(&problem.line), "{problem}");
        assert!(problem.column >= 1 && !problem.help.is_empty(), "{problem}");
        assert!(!problem.to_string().contains('\n'), "{problem}");
    }
    match answer {
        Ok(parsed) => {
            let text = parsed.scenario.canonical_text();
            assert!(text.ends_with('\n') && text.starts_with("interleave/1\n"));
            true
        }
        Err(problems) => {
            assert!(!problems.0.is_empty());
            false
        }
    }
}

#[test]
fn no_damage_is_a_panic() {
    let mut dice = Dice(0x1234_5678_9abc_def1);
    let mut texts: Vec<&str> = BUILTINS.iter().map(|(_, text)| *text).collect();
    texts.push(GOOD);
    let (mut good, mut bad) = (0, 0);
    for round in 0..6_000 {
        let text = texts[round % texts.len()];
        let other = texts[dice.below(texts.len())];
        match check(&mutate(text, other, &mut dice)) {
            true => good += 1,
            false => bad += 1,
        }
    }
    // Most damage is seen; some falls into comments and free text.
    assert!(good > 200 && bad > 2_000, "{good} good, {bad} bad");
}

#[test]
fn every_beginning_of_a_file_is_an_answer() {
    let ends = GOOD.char_indices().map(|(at, _)| at);
    let good = ends.filter(|&end| check(&GOOD[..end])).count();
    assert!(good > 0);
}

#[test]
fn every_line_can_be_missing() {
    let lines: Vec<&str> = GOOD.lines().collect();
    for skipped in 0..lines.len() {
        let kept: Vec<&str> =
            lines.iter().enumerate().filter(|(at, _)| *at != skipped).map(|two| *two.1).collect();
        check(&kept.join("\n"));
    }
}

#[test]
fn large_numbers_and_deep_nesting_stay_small() {
    let deep = format!("x = {}", "[".repeat(100_000));
    let deep_tables = format!("{}x{} = 1", "a.".repeat(50_000), "");
    let long = format!("name = \"{}\"", "y".repeat(1_000_000));
    let wide = GOOD.replace("\"0-1,4\"", "\"0-8191,0-8191,0-8191\"");
    let many = GOOD.replace("\"0-1,4\"", &format!("\"{}0\"", "0-8191,".repeat(10_000)));
    for text in ["", "\0", "\u{feff}", &deep, &deep_tables, &long, &wide, &many] {
        assert!(!check(text));
    }
}
