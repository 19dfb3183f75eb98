//! Following one schedule, to show it.

use super::settled;
use crate::machine::{Machine, Model, Moved, Slot};
use crate::visible::Visible;
use crate::watchman::Watchman;

/// Is shown a transition: the machine before and after it, who moved, and how.
pub type See<'a, M> = &'a mut dyn FnMut(&Machine<M>, &Machine<M>, Slot, Moved);

/// Follows a schedule and calls `see` after every transition. Stops at the first slot that
/// cannot move, and says at which position.
pub fn walk<M: Model>(
    model: &M,
    root: &Machine<M>,
    visible: &Visible,
    schedule: &mut dyn FnMut(&Machine<M>, u64) -> Option<Slot>,
    see: See<'_, M>,
) -> Machine<M> {
    let mut machine = root.clone();
    let mut rest = settled(model, &mut machine, visible);
    loop {
        let choices = machine.choices_among(rest.enabled, model, visible);
        let Some(slot) = schedule(&machine, choices).filter(|slot| choices >> slot & 1 != 0) else {
            return machine;
        };
        let before = machine.clone();
        let moved = machine.advance(model, slot, &mut Watchman::new(visible, None));
        rest = settled(model, &mut machine, visible);
        see(&before, &machine, slot, moved);
    }
}
