//! The stage as the explorer's model.

use super::frames::LabFrame;
use super::setup::{Act, Stage};
use super::threads::answered;
use super::watch::Watch;
use bpfsim_sim::machine::Seen;
use bpfsim_sim::visible::{Granule, Kind};
use bpfsim_sim::{Actor, Cx, Hw, Machine, Model, Place, Yield};
use bpfsim_syscall::elem;

impl Model for Stage {
    type Frame = LabFrame;
    type Watch = Watch;

    fn actors(&self) -> &[Actor] {
        &self.actors
    }

    fn start(&self, actor: usize, unit: u16, hw: &mut Hw, cpu: u32) -> LabFrame {
        match &self.acts[actor] {
            Act::Run { program, run, .. } => LabFrame::Program(run.frame(*program)),
            Act::Thread { task, scratch, calls, .. } => {
                let desk = elem::Desk { scratch: *scratch, here: cpu };
                let attr = &calls.on(cpu)[usize::from(unit)].attr;
                let started = elem::start(&self.core, hw, &desk, task, attr);
                match answered(started) {
                    Ok(call) => LabFrame::Call(call),
                    Err(why) => unreachable!("a stage is not set up with such a call: {why}"),
                }
            }
            Act::Hotplug => unreachable!("the machine itself takes CPUs off line and on line"),
        }
    }

    fn run(&self, frame: &mut LabFrame, cx: &mut Cx<'_>) -> Yield {
        match frame {
            LabFrame::Program(frame) if frame.returned.is_some() => Yield::Done,
            LabFrame::Program(frame) => frame.run(&self.core, cx),
            LabFrame::Call(Ok(started)) => match self.core.map(started.map) {
                Some(map) => started.op.run(map, cx),
                None => Yield::Done,
            },
            LabFrame::Call(Err(_)) => Yield::Done,
        }
    }

    fn observe(&self, watch: &mut Watch, seen: Seen<'_, LabFrame>, hw: &mut Hw) {
        watch.observe(self, &seen, hw);
        if seen.ended && !seen.handler {
            self.clean(seen.actor, hw);
        }
    }

    fn outcome(&self, watch: &Watch, _: &Hw, stuck: bool) -> u64 {
        watch.outcome(self, stuck)
    }

    fn encode_watch(&self, watch: &Watch, out: &mut Vec<u64>) {
        watch.encode(out);
    }

    fn granule(&self, at: Place) -> Granule {
        let map = self.core.maps().find(|(_, map)| map.region() == at.region());
        let alone = Granule { first: at.offset() / 8, words: 1, kind: Kind::Value };
        map.map_or(alone, |(_, map)| map.granule(at))
    }
}

impl Stage {
    /// A machine at the beginning.
    pub fn machine(&self) -> Machine<Stage> {
        Machine::new(self, self.root.clone(), Watch::new(self))
    }

    /// Leaves an actor's private memory as its next unit finds it: equal runs leave equal states.
    fn clean(&self, actor: usize, hw: &mut Hw) {
        match &self.acts[actor] {
            Act::Run { run, .. } => run.clean(&mut hw.mem),
            Act::Thread { scratch, .. } => hw.mem.region_mut(*scratch).clear(),
            Act::Hotplug => {}
        }
    }
}
