//! Tries every order, one after the other, and remembers nothing. The oracle of the clever one.

use super::settled;
use crate::machine::{Machine, Model, Slot};
use crate::visible::Visible;
use crate::watchman::Watchman;
use std::collections::BTreeMap;

/// What trying every order found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Naive {
    /// Schedules that ended.
    pub schedules: u64,
    /// By class bit: schedules that have it.
    pub classes: BTreeMap<u32, u64>,
    /// Steps taken in all, shared prefixes once.
    pub steps: u64,
    /// False when `limit` was reached first.
    pub complete: bool,
}

/// Every schedule from `root`, depth first, at most `limit` of them.
pub fn naive<M: Model>(model: &M, root: &Machine<M>, visible: &Visible, limit: u64) -> Naive {
    let mut found = Naive { complete: true, ..Naive::default() };
    let mut pool: Vec<(Machine<M>, u64)> = Vec::new();
    let mut depth = 0;
    let mut machine = root.clone();
    let mut choices = settle_and_choose(model, &mut machine, visible);
    loop {
        if choices == 0 {
            finish(model, &machine, &mut found);
            if found.schedules >= limit {
                found.complete = depth == 0;
                return found;
            }
            if depth == 0 {
                return found;
            }
            depth -= 1;
            let (saved, left) = &mut pool[depth];
            choices = *left;
            if choices & (choices - 1) == 0 {
                std::mem::swap(&mut machine, saved);
            } else {
                machine.rewind(saved);
            }
        }
        let slot = choices.trailing_zeros() as Slot;
        let rest = choices & (choices - 1);
        if rest != 0 {
            // The state is needed again for the other choices: keep it, as it is, below.
            match pool.get_mut(depth) {
                Some((saved, left)) => {
                    saved.rewind(&machine);
                    *left = rest;
                }
                None => pool.push((machine.clone(), rest)),
            }
            depth += 1;
        }
        machine.advance(model, slot, &mut Watchman::new(visible, None));
        found.steps += 1;
        choices = settle_and_choose(model, &mut machine, visible);
    }
}

#[inline]
fn settle_and_choose<M: Model>(model: &M, machine: &mut Machine<M>, visible: &Visible) -> u64 {
    let enabled = match visible.silent {
        true => settled(model, machine, visible).enabled,
        false => machine.enabled(model),
    };
    machine.choices_among(enabled, model, visible)
}

fn finish<M: Model>(model: &M, machine: &Machine<M>, found: &mut Naive) {
    found.schedules += 1;
    let mut bits = model.outcome(&machine.watch, &machine.hw, machine.is_stuck(model));
    while bits != 0 {
        *found.classes.entry(bits.trailing_zeros()).or_default() += 1;
        bits &= bits - 1;
    }
}
