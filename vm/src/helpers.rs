//! Helpers: what a call does. Those that touch maps become operations, which the gate can stop.

use crate::World;
use crate::exec::Next;
use crate::frame::Frame;
use bpfsim_abi::{Errno, Release};
use bpfsim_maps::kinds::Verb;
use bpfsim_maps::mover::{Plan, Where};
use bpfsim_maps::op::Todo;
use bpfsim_maps::series::{HelperDoes, ProgramView};
use bpfsim_maps::update::{Delete, Update, UpdateRules, Want};
use bpfsim_maps::{Map, Op};
use bpfsim_sim::{Cx, Place, Yield};

/// A CPU that no slot belongs to.
const NO_RANK: u32 = u32::MAX;

/// `BPF_FUNC_get_numa_node_id`, `_ktime_get_boot_ns`, `_ktime_get_coarse_ns`.
const GET_NUMA_NODE_ID: i32 = 42;
const KTIME_GET_BOOT_NS: i32 = 125;
const KTIME_GET_COARSE_NS: i32 = 160;

/// Whether a call of the kernel's own helper `id` can be answered. A program may be loaded with
/// calls of others: what they answer (who runs it, jiffies, a packet's checksum) is no input here.
pub const fn has_answer(id: i32) -> bool {
    matches!(
        id,
        1..=3 | 5..=8 | 87..=89 | GET_NUMA_NODE_ID | KTIME_GET_BOOT_NS | KTIME_GET_COARSE_NS
    )
}

impl Frame {
    /// A helper call begins; those without a map end at once.
    pub(crate) fn call(&mut self, id: i32, world: &dyn World, cx: &mut Cx<'_>) -> Next {
        let answer = match id {
            1..=3 | 87..=89 => return self.call_map(id, world, cx),
            // The machine has not slept, and its last tick is now.
            5 | KTIME_GET_BOOT_NS | KTIME_GET_COARSE_NS => world.time_ns(),
            6 => self.trace_printk(cx),
            7 => {
                self.drawn += 1;
                world.random(u64::from(self.drawn)).into()
            }
            // There is one NUMA node.
            GET_NUMA_NODE_ID => 0,
            8 => world.cpus().possible.iter().nth(cx.cpu as usize).unwrap_or(0).into(),
            _ => return self.call_series(id, world, cx),
        };
        self.forget_arguments();
        self.regs[0] = answer;
        Next::Step
    }

    fn call_map(&mut self, id: i32, world: &dyn World, cx: &mut Cx<'_>) -> Next {
        let handle = Self::map_handle(self.regs[1]);
        let Some(map) = world.map(handle) else { return no_such(self.regs[1]) };
        let key = Place(self.regs[2]);
        let hidden = map.shape.percpu
            && map.series.is_some_and(|series| series.programs == ProgramView::Nothing);
        let op = match id {
            1 if hidden => return self.end_call(Place::NULL.0),
            1 => Op::locate(key, None),
            2 if hidden => return self.end_call(errno(Errno::EINVAL)),
            2 => self.update(map, cx.cpu, world),
            3 => Op::new(key, Todo::Delete(Delete::default())),
            _ => Op::new(Place::NULL, Todo::Own(self.verb(id))),
        };
        self.op = Some((handle, op));
        self.resume(world, cx)
    }

    /// Push, pop and peek: maps without keys.
    fn verb(&self, id: i32) -> Verb {
        let value = Place(self.regs[2]);
        match id {
            87 => Verb::Push { value, flags: self.regs[3] },
            88 => Verb::Pop { out: value },
            _ => Verb::Peek { value },
        }
    }

    fn call_series(&mut self, id: i32, world: &dyn World, cx: &mut Cx<'_>) -> Next {
        let Some((_, does)) = world.series().and_then(|series| series.helper(id)) else {
            return no_such(id as u64);
        };
        let handle = Self::map_handle(self.regs[1]);
        let Some(map) = world.map(handle) else { return no_such(self.regs[1]) };
        let key = Place(self.regs[2]);
        let rank =
            |cpu: u64| world.cpus().possible.rank(cpu as u32).map_or(NO_RANK, |rank| rank as u32);
        let op = match does {
            HelperDoes::LookupUnchecked if map.shape.percpu => {
                Op::locate(key, Some(rank(self.regs[3])))
            }
            // The empty functions that the series installs elsewhere.
            HelperDoes::LookupUnchecked => return self.end_call(Place::NULL.0),
            HelperDoes::LookupChecked => match rank(self.regs[3]) {
                NO_RANK => return self.end_call(Place::NULL.0),
                rank => Op::locate(key, Some(rank)),
            },
            HelperDoes::UpdateUnchecked if map.shape.percpu => {
                let cpu = self.regs[5];
                self.update(map, rank(cpu), world)
            }
            HelperDoes::UpdateUnchecked => return self.end_call(errno(Errno::EINVAL)),
        };
        self.op = Some((handle, op));
        self.resume(world, cx)
    }

    /// An update by a program: the value of one CPU, `value_size` bytes.
    fn update(&self, map: &Map, rank: u32, world: &dyn World) -> Op {
        let key = Place(self.regs[2]);
        let rank = if map.shape.percpu { rank } else { 0 };
        let plan = Plan {
            first: rank,
            end: rank.saturating_add(1),
            len: map.shape.value_size,
            buffer_stride: 0,
            place: Where::Caller,
            plan: world.plan(),
        };
        match Want::from_flags(self.regs[4]) {
            Ok(want) => {
                let rules = update_rules(world.release());
                Op::new(key, Todo::Update(Update::new(Place(self.regs[3]), want, plan, rules)))
            }
            Err(errno) => Op::new(key, Todo::Refuse(errno)),
        }
    }

    /// Goes on with the helper that has begun.
    pub(crate) fn resume(&mut self, world: &dyn World, cx: &mut Cx<'_>) -> Next {
        let Some((handle, op)) = &mut self.op else { return Next::Step };
        let Some(map) = world.map(*handle) else { return no_such((*handle).into()) };
        match op.run(map, cx) {
            Yield::Done => {}
            other => return Next::Halt(other),
        }
        let answer = op.result.unwrap_or_else(errno);
        self.op = None;
        self.end_call(answer)
    }

    fn end_call(&mut self, answer: u64) -> Next {
        self.forget_arguments();
        self.regs[0] = answer;
        Next::Step
    }

    /// The text goes nowhere; the answer is its length, conversions at their widest left out.
    fn trace_printk(&self, cx: &Cx<'_>) -> u64 {
        let len = (self.regs[2] as usize).min(512);
        let mut text = vec![0; len];
        match cx.hw.mem.read(Place(self.regs[1]), &mut text) {
            Ok(()) => crate::printk::format(&text, &self.regs[3..=5]).len() as u64,
            Err(_) => errno(Errno::EINVAL),
        }
    }
}

/// What a release does when a program updates a hash.
pub fn update_rules(release: Release) -> UpdateRules {
    UpdateRules {
        full_first: release < Release::new(4, 6),
        // d3bec0138bfb, v5.10, cleans the other CPUs' values of a recycled element.
        keeps_stale: release < Release::new(5, 10),
    }
}

/// A negative error number as a program sees it.
fn errno(errno: Errno) -> u64 {
    i64::from(-errno.number()) as u64
}

/// What the verifier lets no program do.
fn no_such(what: u64) -> Next {
    Next::Halt(Yield::Trapped(bpfsim_sim::Wild(Place(what))))
}
