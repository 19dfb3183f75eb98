//! Whether what a reader could check by itself held in a schedule.

use super::record::Recorder;
use super::walk::{Order, walk};
use crate::class::Class;
use crate::experiment::{Stage, decode_fields};
use bpfsim_sim::Slot;
use bpfsim_sim::visible::Visible;

/// Whether `holds` of the map held for every value of `class` that the schedule returned; none
/// where no such value was returned, or the scenario says nothing of its map.
pub(crate) fn holds(
    stage: &Stage,
    visible: &Visible,
    slots: &[Slot],
    class: Class,
) -> Option<bool> {
    let recorder = Recorder::new(stage);
    let walked = walk(&recorder, &mut visible.clone(), Order::Exact(slots)).ok()?;
    let calls = walked.events.iter().filter_map(|event| event.call.as_ref());
    let values = calls.flat_map(|call| &call.values).filter(|(_, _, found)| *found == class);
    let checked = values.filter_map(|(slot, content, _)| {
        let def = stage.def_of(stage.slots[*slot].map)?;
        let bytes: Vec<u8> = content.as_ref()?.iter().flat_map(|word| word.to_le_bytes()).collect();
        Some(def.holds.as_ref()?.eval(&decode_fields(def, &bytes)))
    });
    checked.reduce(|all, one| all && one)
}
