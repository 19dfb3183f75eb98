//! The stage as a model that writes down what happens.
//!
//! Everything is written down where the observer is told: there a unit that nobody can see shows
//! too, and the caller's buffer still holds what a call returned. The log belongs to the recorder;
//! a machine knows how much of it is its own past, so that trials leave no trace.

use super::data::{Content, Deed, Target, Trap};
use super::place;
use crate::class::Class;
use crate::experiment::{Judged, LabFrame, Looking, Stage, Watch, class_of_bit, errno_of};
use crate::scenario::{Key, Verb};
use bpfsim_abi::Errno;
use bpfsim_maps::kinds::Verb as Own;
use bpfsim_maps::op::Todo;
use bpfsim_sim::machine::Seen;
use bpfsim_sim::visible::Granule;
use bpfsim_sim::{Actor, Cx, Hw, Memory, Model, Place, Step, Yield};
use std::cell::RefCell;

/// One transition.
#[derive(Clone, Debug)]
pub struct Event {
    pub actor: usize,
    pub unit: u16,
    /// Rank of the CPU that the actor is on.
    pub rank: u8,
    pub handler: bool,
    pub began: bool,
    pub ended: bool,
    pub step: Option<Step>,
    pub trapped: Option<Trap>,
    pub deed: Deed,
    /// What the step touched: target, value before, value afterwards, see `Access::gives`.
    pub touched: Option<(Target, u64, u64, bool)>,
    /// Words that changed without a step of their own.
    pub changed: Vec<Place>,
    pub contents: Vec<Content>,
    /// By CPU rank.
    pub masked: Vec<bool>,
    pub online: Vec<bool>,
    pub call: Option<Call>,
    /// Where the unit begins and ends on slots.
    pub edges: Vec<(usize, Edge)>,
}

/// A unit begins or ends on a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edge {
    Begins,
    Ends,
    /// It ends and has changed nothing.
    Fails,
}

/// How a system call ended.
#[derive(Clone, Debug)]
pub struct Call {
    pub errno: Option<Errno>,
    pub values: Vec<(usize, Content, Class)>,
    pub key: Option<Key>,
}

/// The model.
pub struct Recorder<'a> {
    pub stage: &'a Stage,
    pub log: RefCell<Vec<Event>>,
}

/// The observer, and how much of the log is its past.
#[derive(Clone)]
pub struct Recorded {
    pub inner: Watch,
    pub len: usize,
    memory: Memory,
}

/// A machine that writes down what it does.
pub type Machine<'a> = bpfsim_sim::Machine<Recorder<'a>>;

impl<'a> Recorder<'a> {
    pub fn new(stage: &'a Stage) -> Self {
        Self { stage, log: RefCell::default() }
    }

    pub fn machine(&self) -> Machine<'a> {
        let root = self.stage.root.clone();
        let memory = root.mem.clone();
        let watch = Recorded { inner: Watch::new(self.stage), len: 0, memory };
        Machine::new(self, root, watch)
    }

    fn event(&self, watch: &Recorded, seen: &Seen<'_, LabFrame>, hw: &Hw) -> Event {
        let deed = self.deed(seen);
        Event {
            actor: seen.actor,
            unit: seen.unit,
            rank: self.stage.rank_of(seen.actor, hw) as u8,
            handler: seen.handler,
            began: seen.began,
            ended: seen.ended,
            step: seen.step,
            trapped: seen.trapped.map(|wild| place::trap(self.stage, wild.0)),
            deed,
            touched: seen.step.and_then(|step| self.touched(step, deed, &watch.memory, &hw.mem)),
            changed: changed(&watch.memory, &hw.mem),
            contents: contents(self.stage, hw),
            masked: hw.cpus.iter().map(|cpu| cpu.irqs_off > 0).collect(),
            online: hw.cpus.iter().map(|cpu| cpu.online).collect(),
            call: None,
            edges: Vec::new(),
        }
    }

    fn deed(&self, seen: &Seen<'_, LabFrame>) -> Deed {
        match seen.frame {
            _ if seen.handler => Deed::Lookup,
            None => Deed::Hotplug,
            Some(LabFrame::Program(_)) => Deed::Program,
            Some(LabFrame::Call(Err(_))) => Deed::Refused,
            Some(LabFrame::Call(Ok(started))) => match started.op.todo {
                Todo::Locate(..) | Todo::Read(..) => Deed::Lookup,
                Todo::Update(_) => Deed::Update,
                Todo::Delete(_) => Deed::Delete,
                Todo::NextKey(..) => Deed::NextKey,
                Todo::Own(Own::Peek { .. }) => Deed::Lookup,
                Todo::Own(Own::Push { .. }) => Deed::Update,
                Todo::Own(Own::Pop { .. }) => Deed::Delete,
                Todo::Refuse(_) => Deed::Refused,
            },
        }
    }

    fn touched(
        &self,
        step: Step,
        deed: Deed,
        before: &Memory,
        now: &Memory,
    ) -> Option<(Target, u64, u64, bool)> {
        let (at, bytes) = step.place()?;
        let target = place::locate(self.stage, now, at);
        let old = before.load(at, bytes).unwrap_or_default();
        let new = now.load(at, bytes).unwrap_or_default();
        let gives = match target {
            Target::FreeList(_) => deed == Deed::Delete || self.links_to(at, old, new, now),
            Target::Chain(..) | Target::Link(..) => self.links_to(at, old, new, now),
            Target::Value { .. }
            | Target::Lock(..)
            | Target::Key(..)
            | Target::Count(_)
            | Target::Other => false,
        };
        Some((target, old, new, gives))
    }

    /// The word now leads to an element that leads to where the word led before.
    fn links_to(&self, at: Place, old: u64, new: u64, memory: &Memory) -> bool {
        use bpfsim_maps::{hash::element_of, map::Words};
        let map = self.stage.core.maps().find(|(_, map)| map.region() == at.region());
        let Some(Words::Hash(hash)) = map.map(|(_, map)| &map.words) else { return false };
        let leads = |element| memory.load(hash.link(element), 8) == Ok(old);
        old != new && element_of(new).is_some_and(leads)
    }

    /// What a call returned, with the class of every slot that it read.
    fn call(&self, before: &Watch, seen: &Seen<'_, LabFrame>, hw: &Hw) -> Option<Call> {
        let Some(LabFrame::Call(call)) = seen.frame.filter(|_| seen.ended) else { return None };
        let unit = self.stage.unit(seen.actor, seen.unit)?;
        let errno = errno_of(call);
        let out = call.as_ref().ok().and_then(|started| started.out).map(|(from, ..)| from);
        let out = out.filter(|_| errno.is_none());
        let judged = self.judged(before, seen, hw);
        let value = |index: usize| {
            let judged = judged[index];
            let def = self.stage.def_of(self.stage.slots[judged.slot].map);
            let fields = def.map_or(&[][..], |def| &def.fields);
            let at = out.map(|from| from.plus(judged.offset.into()));
            let content = at.map(|at| place::content_at(&hw.mem, fields, at));
            self.class_of(before, seen, hw, index).map(|class| (judged.slot, content, class))
        };
        let is_key = matches!(unit.verb, Verb::Next | Verb::Walk);
        let key = out.filter(|_| is_key).map(|from| {
            let map = self.stage.core.map(unit.map);
            let mut bytes = vec![0; map.map_or(0, |map| map.shape.key_size as usize)];
            // A buffer that was just filled can be read.
            let read = hw.mem.read(from, &mut bytes);
            debug_assert!(read.is_ok());
            Key(bytes)
        });
        Some(Call { errno, values: (0..judged.len()).filter_map(value).collect(), key })
    }

    /// The slots that a call is judged by: those of the CPU on which it began.
    fn judged(&self, before: &Watch, seen: &Seen<'_, LabFrame>, hw: &Hw) -> Vec<Judged> {
        let mine = before.lookups.iter().find(|lookup| usize::from(lookup.actor) == seen.actor);
        if let Some(lookup) = mine {
            let judged =
                |looking: &Looking| Judged { slot: looking.slot.into(), offset: looking.offset };
            return lookup.slots.iter().map(judged).collect();
        }
        let rank = self.stage.rank_of(seen.actor, hw);
        let unit = self.stage.unit_on(seen.actor, seen.unit, rank);
        unit.map_or_else(Vec::new, |unit| unit.judged.clone())
    }

    /// The class of one slot of a lookup that ends here: the observer's own verdict, had the
    /// lookup read this slot only.
    fn class_of(
        &self,
        before: &Watch,
        seen: &Seen<'_, LabFrame>,
        hw: &Hw,
        index: usize,
    ) -> Option<Class> {
        let mut alone = before.clone();
        if seen.began {
            // The lookup begins and ends here: nothing can have come in between.
            alone.observe(self.stage, &Seen { ended: false, ..*seen }, hw);
        }
        let mut lookups = alone.lookups.iter_mut();
        let lookup = lookups.find(|lookup| usize::from(lookup.actor) == seen.actor)?;
        let wanted = lookup.slots.get(index)?.clone();
        lookup.slots = [wanted].into_iter().collect();
        alone.classes = 0;
        alone.observe(self.stage, &Seen { began: false, ..*seen }, hw);
        (alone.classes != 0).then(|| class_of_bit(alone.classes.trailing_zeros()))
    }
}

/// The followed slots as they are now.
pub fn contents(stage: &Stage, hw: &Hw) -> Vec<Content> {
    let content = |slot: usize| {
        let fields = &stage.def_of(stage.slots[slot].map)?.fields;
        Some(place::content_at(&hw.mem, fields, stage.place(slot, hw)?))
    };
    (0..stage.slots.len()).map(content).collect()
}

/// Shared words that are not what they were.
fn changed(before: &Memory, now: &Memory) -> Vec<Place> {
    let mut all = Vec::new();
    for ((id, now), (_, before)) in now.regions().zip(before.regions()) {
        if !now.is_private() {
            let words = now.words().iter().zip(before.words()).enumerate();
            let other = words.filter(|(_, (now, before))| now != before);
            all.extend(other.map(|(word, _)| Place::new(id, word as u32 * 8)));
        }
    }
    all
}

/// Slots on which the unit has begun or ended.
fn edges(before: &Watch, now: &Watch, unit: (u8, u16), failed: bool) -> Vec<(usize, Edge)> {
    let mut all = Vec::new();
    for (slot, (before, now)) in before.slots.iter().zip(&now.slots).enumerate() {
        let was = before.pending.contains(&unit);
        let began = !was && now.begun > before.begun;
        let ended = (was || began) && !now.pending.contains(&unit);
        let end = if failed { Edge::Fails } else { Edge::Ends };
        all.extend(began.then_some((slot, Edge::Begins)));
        all.extend(ended.then_some((slot, end)));
    }
    all
}

impl Model for Recorder<'_> {
    type Frame = LabFrame;
    type Watch = Recorded;

    fn actors(&self) -> &[Actor] {
        self.stage.actors()
    }

    fn start(&self, actor: usize, unit: u16, hw: &mut Hw, cpu: u32) -> LabFrame {
        self.stage.start(actor, unit, hw, cpu)
    }

    fn run(&self, frame: &mut LabFrame, cx: &mut Cx<'_>) -> Yield {
        self.stage.run(frame, cx)
    }

    fn observe(&self, watch: &mut Recorded, seen: Seen<'_, LabFrame>, hw: &mut Hw) {
        let mut event = self.event(watch, &seen, hw);
        event.call = self.call(&watch.inner, &seen, hw);
        let before = watch.inner.clone();
        watch.memory.clone_from(&hw.mem);
        self.stage.observe(&mut watch.inner, seen, hw);
        let failed = event.call.as_ref().is_some_and(|call| call.errno.is_some());
        event.edges = edges(&before, &watch.inner, (event.actor as u8, event.unit), failed);
        let mut log = self.log.borrow_mut();
        log.truncate(watch.len);
        log.push(event);
        watch.len += 1;
    }

    fn outcome(&self, watch: &Recorded, hw: &Hw, stuck: bool) -> u64 {
        self.stage.outcome(&watch.inner, hw, stuck)
    }

    fn encode_watch(&self, watch: &Recorded, out: &mut Vec<u64>) {
        self.stage.encode_watch(&watch.inner, out);
    }

    fn granule(&self, at: Place) -> Granule {
        self.stage.granule(at)
    }
}
