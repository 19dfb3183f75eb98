//! Walks a machine along an order of slots.

use super::error::ReplayError;
use super::record::{Event, Machine, Recorder};
use bpfsim_sim::Slot;
use bpfsim_sim::visible::Visible;
use bpfsim_sim::watchman::Watchman;

/// How an order is followed.
#[derive(Clone, Copy, Debug)]
pub enum Order<'a> {
    /// To the letter.
    Exact(&'a [Slot]),
    /// The next recorded slot that can move, then the lowest that can.
    Like(&'a [Slot]),
}

/// What walking showed.
pub struct Walked<'a> {
    /// Everything that happened.
    pub events: Vec<Event>,
    /// The moves among it, in order.
    pub moves: Vec<Move>,
    /// How it ended.
    pub end: Machine<'a>,
}

/// A move of the order: not a unit that runs by itself because nobody can see it.
#[derive(Clone, Copy, Debug)]
pub struct Move {
    /// Index of its event.
    pub event: usize,
    /// Which slot.
    pub slot: Slot,
    /// Rank of the CPU that it ran on.
    pub cpu: u32,
    /// Another frame could have gone on.
    pub preempts: bool,
    /// It cannot go on by itself, though it has not ended.
    pub waits: bool,
}

/// A unit shows steps that `visible` knows nothing of.
struct News(Slot, u16);

/// Follows `order`. `visible` learns which units show steps, where it did not know.
///
/// # Errors
/// A slot that cannot move, and an order that ends too early.
pub fn walk<'a>(
    recorder: &Recorder<'a>,
    visible: &mut Visible,
    order: Order<'_>,
) -> Result<Walked<'a>, ReplayError> {
    loop {
        match once(recorder, visible, order) {
            Ok(walked) => return walked,
            Err(News(slot, unit)) if visible.note_steps(slot.into(), unit) => {}
            Err(News(slot, _)) => return Err(ReplayError::Confused(slot)),
        }
    }
}

fn once<'a>(
    recorder: &Recorder<'a>,
    visible: &Visible,
    order: Order<'_>,
) -> Result<Result<Walked<'a>, ReplayError>, News> {
    recorder.log.borrow_mut().clear();
    let mut machine = recorder.machine();
    let mut moves: Vec<Move> = Vec::new();
    let (mut next, mut last) = (0, None);
    loop {
        let mut gate = Watchman::new(visible, None);
        machine.settle(recorder, &mut gate).map_err(|(slot, unit)| News(slot, unit))?;
        if let Some(at) = moves.last_mut() {
            let alive = machine.is_alive(recorder, at.slot);
            let ended = recorder.log.borrow()[at.event].ended;
            at.waits = !ended && !alive && machine.frame(at.slot).is_some();
            last = (alive && !ended).then_some(at.slot);
        }
        let choices = machine.choices(recorder, visible);
        let slot = match choose(order, &mut next, choices) {
            Ok(Some(slot)) => slot,
            Ok(None) => break,
            Err(error) => return Ok(Err(error)),
        };
        let event = machine.watch.len;
        let moved = machine.advance(recorder, slot, &mut gate);
        let preempts = last.is_some_and(|last| last != slot);
        moves.push(Move { event, slot, cpu: moved.cpu, preempts, waits: false });
    }
    let mut events = recorder.log.borrow_mut();
    events.truncate(machine.watch.len);
    Ok(Ok(Walked { events: std::mem::take(&mut events), moves, end: machine }))
}

/// Which slot moves next; none at the end.
fn choose(order: Order<'_>, next: &mut usize, choices: u64) -> Result<Option<Slot>, ReplayError> {
    let may = |slot: Slot| slot < 64 && choices >> slot & 1 != 0;
    match order {
        Order::Exact(slots) => match slots.get(*next) {
            Some(&slot) if may(slot) => {
                *next += 1;
                Ok(Some(slot))
            }
            Some(&slot) => Err(ReplayError::DoesNotFit { step: *next + 1, slot }),
            None if choices != 0 => Err(ReplayError::EndsEarly { steps: slots.len() }),
            None => Ok(None),
        },
        Order::Like(slots) => {
            while let Some(&slot) = slots.get(*next) {
                *next += 1;
                if may(slot) {
                    return Ok(Some(slot));
                }
            }
            Ok((choices != 0).then(|| choices.trailing_zeros() as Slot))
        }
    }
}
