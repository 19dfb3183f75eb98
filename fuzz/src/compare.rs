//! One sequence on two machines, up to the first difference.

use crate::known;
use crate::machine::Machine;
use crate::player::{MAKES_FD, Player, Said, Seen};
use crate::step::{Call, Step};
use std::collections::BTreeMap;

/// The first call that two machines answer differently.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Which step, from 0.
    pub at: usize,
    /// What the simulator shows.
    pub simulated: Seen,
    /// What the other machine shows.
    pub other: Seen,
    /// What the other machine showed at each step up to this one.
    pub trail: Vec<Option<Seen>>,
}

/// What went by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Calls that both machines made.
    pub calls: u64,
    /// Those of them that succeeded.
    pub succeeded: u64,
    /// Calls by command, and how many succeeded.
    pub commands: BTreeMap<u32, (u64, u64)>,
    /// What the simulator has no answer to, and how often it was asked.
    pub not_modelled: BTreeMap<String, u64>,
    /// Differences that are explained, and how often they were seen.
    pub known: BTreeMap<String, u64>,
    /// Where the other machine could not be asked, and how often.
    pub skipped: BTreeMap<String, u64>,
}

impl Tally {
    /// Adds what another one counted.
    pub fn add(&mut self, other: &Tally) {
        self.calls += other.calls;
        self.succeeded += other.succeeded;
        for (cmd, (calls, succeeded)) in &other.commands {
            let row = self.commands.entry(*cmd).or_default();
            *row = (row.0 + calls, row.1 + succeeded);
        }
        for (why, count) in &other.not_modelled {
            *self.not_modelled.entry(why.clone()).or_default() += count;
        }
        for (why, count) in &other.known {
            *self.known.entry(why.clone()).or_default() += count;
        }
        for (why, count) in &other.skipped {
            *self.skipped.entry(why.clone()).or_default() += count;
        }
    }

    pub(crate) fn count(&mut self, call: &Call, succeeded: bool) {
        self.calls += 1;
        self.succeeded += u64::from(succeeded);
        let row = self.commands.entry(call.cmd).or_default();
        *row = (row.0 + 1, row.1 + u64::from(succeeded));
    }
}

/// Commands that change nothing: `MAP_LOOKUP_ELEM`, `MAP_GET_NEXT_KEY`, `*_GET_NEXT_ID`,
/// `OBJ_GET_INFO_BY_FD`, `MAP_LOOKUP_BATCH`.
const CHANGES_NOTHING: [u32; 8] = [1, 4, 11, 12, 15, 23, 24, 31];

/// Plays `steps` on both. None where they agree as far as the simulator has answers.
pub fn compare(
    simulated: &mut dyn Machine,
    other: &mut dyn Machine,
    steps: &[Step],
    tally: &mut Tally,
) -> Option<Difference> {
    let (mut left, mut right) = (Player::new(simulated), Player::new(other));
    let mut found = None;
    let mut trail = Vec::new();
    for (at, step) in steps.iter().enumerate() {
        let (Some(one), Some(two), Step::Call(call)) = (left.step(step), right.step(step), step)
        else {
            trail.push(None);
            continue;
        };
        match (&one.said, &two.said) {
            (_, Said::Unknown(why)) => {
                *tally.skipped.entry(why.clone()).or_default() += 1;
                break;
            }
            (Said::Unknown(why), _) => {
                *tally.not_modelled.entry(why.clone()).or_default() += 1;
                if !undone(call, &mut left, &mut right) {
                    break;
                }
            }
            (said, _) => {
                tally.count(call, matches!(said, Said::Fd | Said::Value(_)));
                if let Some(why) = (one != two).then(|| known::why(call, &one, &two)).flatten() {
                    *tally.known.entry(why.to_owned()).or_default() += 1;
                    if !CHANGES_NOTHING.contains(&call.cmd) {
                        break;
                    }
                } else if one != two {
                    trail.push(Some(two.clone()));
                    found = Some(Difference { at, simulated: one, other: two, trail: vec![] });
                    break;
                }
            }
        }
        trail.push(Some(two));
    }
    left.end();
    right.end();
    found.map(|difference| Difference { trail, ..difference })
}

/// Takes back what only one of the two did; false where that cannot be.
fn undone(call: &Call, left: &mut Player<'_>, right: &mut Player<'_>) -> bool {
    if MAKES_FD.contains(&call.cmd) {
        left.close(call.into);
        right.close(call.into);
        return true;
    }
    CHANGES_NOTHING.contains(&call.cmd)
}

impl Difference {
    /// What it is about: the same fault in many sequences has one class.
    pub fn class(&self, steps: &[Step]) -> (u32, String, String, Option<usize>) {
        let cmd = match steps.get(self.at) {
            Some(Step::Call(call)) => call.cmd,
            Some(Step::Close(_)) | None => u32::MAX,
        };
        let (one, two) = (self.simulated.said.to_string(), self.other.said.to_string());
        let same = one == two;
        let memory = self.simulated.memory.iter().zip(&self.other.memory);
        let differs = |(a, b): (&Vec<u8>, &Vec<u8>)| a != b;
        let place = memory.map(differs).position(|differs| differs);
        (cmd, one, two, place.filter(|_| same))
    }
}
