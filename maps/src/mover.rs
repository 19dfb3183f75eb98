//! Moving the bytes between a caller's buffer and the slots of one element.

use bpfsim_abi::Errno;
use bpfsim_sim::copy::Progress;
use bpfsim_sim::hw::Ipi;
use bpfsim_sim::{Copy, CopyPlan, Cx, Place, Step, Wait, Yield, step};

/// On which CPU the copy runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Where {
    /// On the caller's, whatever the owner does meanwhile.
    Caller,
    /// On the caller's, with interrupts off.
    CallerIrqsOff,
    /// On the owner's, by an interrupt that the caller waits for.
    Owner,
}

/// Which direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Slots to buffer: a lookup.
    Read,
    /// Buffer to slots: an update.
    Write,
}

/// Moves the values of ranks `first` to `last`, one after the other, as a value with a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Mover {
    /// Which ranks, how many bytes, how.
    pub plan: Plan,
    /// The slot of rank 0.
    pub slots: Place,
    /// Bytes between slots.
    pub slot_stride: u32,
    /// The buffer.
    pub buffer: Place,
    /// Which way.
    pub direction: Direction,
    at: At,
    /// The rank that is being copied, and how far it is.
    rank: u32,
    progress: Progress,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
enum At {
    /// It has no place yet.
    #[default]
    Nowhere,
    Start,
    Copying,
    Unmask,
    Waiting,
    Ended,
}

/// What a mover needs to know, before it has a place to begin with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Plan {
    /// First rank.
    pub first: u32,
    /// One past the last.
    pub end: u32,
    /// Bytes of each value.
    pub len: u32,
    /// Bytes between values in the buffer.
    pub buffer_stride: u32,
    /// On which CPU.
    pub place: Where,
    /// In which pieces.
    pub plan: CopyPlan,
}

impl Plan {
    /// Slot by slot: its place, and the offset of its value in the buffer.
    #[inline]
    pub fn pieces(self, slots: Place, stride: u32) -> impl Iterator<Item = (Place, u64)> {
        (self.first..self.end).map(move |rank| {
            let at = u64::from(rank - self.first) * u64::from(self.buffer_stride);
            (slot(slots, stride, rank), at)
        })
    }
}

/// A rank that no possible CPU has leads outside every region.
#[inline]
fn slot(slots: Place, stride: u32, rank: u32) -> Place {
    match u64::from(rank) * u64::from(stride) {
        far if far > u64::from(u32::MAX - slots.offset()) => Place(slots.0 | 0xffff_ffff),
        near => slots.plus(near),
    }
}

impl Mover {
    /// A mover that does not know yet which element is meant; see [`Mover::set_out`].
    pub fn new(plan: Plan, direction: Direction, buffer: Place) -> Self {
        Self {
            plan,
            slots: Place::NULL,
            slot_stride: 0,
            buffer,
            direction,
            at: At::Nowhere,
            rank: plan.first,
            progress: Progress::default(),
        }
    }

    /// From here on it is known where the slots are.
    pub fn set_out(&mut self, slots: Place, slot_stride: u32) {
        (self.slots, self.slot_stride, self.at) = (slots, slot_stride, At::Start);
    }

    /// True once [`Mover::set_out`] has been called.
    pub fn is_set_out(&self) -> bool {
        self.at != At::Nowhere
    }

    #[inline]
    fn copy(&self, rank: u32) -> Copy {
        let slot = slot(self.slots, self.slot_stride, rank);
        let index = u64::from(rank - self.plan.first);
        let buffer = self.buffer.plus(index * u64::from(self.plan.buffer_stride));
        let (src, dst) = match self.direction {
            Direction::Read => (slot, buffer),
            Direction::Write => (buffer, slot),
        };
        Copy { progress: self.progress, ..Copy::new(src, dst, self.plan.len, self.plan.plan) }
    }

    /// Goes on. `failed` is set when the owner's CPU does not run.
    #[inline]
    pub fn run(&mut self, cx: &mut Cx<'_>, failed: &mut Option<Errno>) -> Yield {
        if !cx.watched && self.plan.place == Where::Caller && self.at == At::Start {
            return self.at_once(cx);
        }
        self.in_steps(cx, failed)
    }

    /// Nobody watches, and nothing but the copying is to be done.
    #[inline]
    fn at_once(&mut self, cx: &mut Cx<'_>) -> Yield {
        for rank in self.plan.first..self.plan.end {
            let Copy { src, dst, len, .. } = self.copy(rank);
            if let Err(wild) = cx.hw.mem.copy(src, dst, len) {
                return Yield::Trapped(wild);
            }
        }
        self.at = At::Ended;
        Yield::Done
    }

    fn in_steps(&mut self, cx: &mut Cx<'_>, failed: &mut Option<Errno>) -> Yield {
        loop {
            match self.at {
                At::Start => match self.start(cx, failed) {
                    Yield::Done => {}
                    other => return other,
                },
                At::Copying => {
                    let mut copy = self.copy(self.rank);
                    let yielded = copy.run(cx);
                    self.progress = copy.progress;
                    match yielded {
                        Yield::Done => self.next_rank(),
                        other => return other,
                    }
                }
                At::Unmask => {
                    step!(cx, Step::IrqOn);
                    cx.this_cpu().irqs_off -= 1;
                    self.at = At::Ended;
                }
                At::Waiting => {
                    let wait = Wait::Ack(cx.me);
                    if !cx.hw.is_over(wait) {
                        return Yield::Blocked(wait);
                    }
                    step!(cx, Step::Wake);
                    self.at = At::Ended;
                }
                At::Nowhere | At::Ended => return Yield::Done,
            }
        }
    }

    fn next_rank(&mut self) {
        (self.rank, self.progress) = (self.rank + 1, Progress::default());
        let masked = self.plan.place != Where::Caller;
        self.at = match self.rank < self.plan.end {
            true => At::Copying,
            false if masked => At::Unmask,
            false => At::Ended,
        };
    }

    fn start(&mut self, cx: &mut Cx<'_>, failed: &mut Option<Errno>) -> Yield {
        let rank = self.rank;
        if rank >= self.plan.end {
            self.at = At::Ended;
            return Yield::Done;
        }
        match self.plan.place {
            Where::Caller => self.at = At::Copying,
            // smp_call_function_single() runs the function itself on its own CPU, with
            // interrupts off (kernel/smp.c, v4.4).
            Where::Owner if rank == cx.cpu => return self.mask(cx),
            Where::CallerIrqsOff => return self.mask(cx),
            Where::Owner if !cx.hw.cpus[rank as usize].online => {
                *failed = Some(Errno::ENXIO);
                self.at = At::Ended;
            }
            Where::Owner => {
                step!(cx, Step::SendIpi(rank));
                cx.hw.ipis += 1;
                cx.hw.acked &= !(1 << cx.me);
                let ipi = Ipi { from: cx.me, work: self.copy(rank) };
                cx.hw.cpus[rank as usize].pending.push(ipi);
                self.at = At::Waiting;
            }
        }
        Yield::Done
    }

    fn mask(&mut self, cx: &mut Cx<'_>) -> Yield {
        step!(cx, Step::IrqOff);
        cx.this_cpu().irqs_off += 1;
        self.at = At::Copying;
        Yield::Done
    }

    /// Feeds everything that tells two positions apart.
    pub fn encode(&self, out: &mut Vec<u64>) {
        let how = (self.plan.place as u64) << 8 | (self.plan.plan as u64) << 16;
        out.push(u64::from(self.rank) << 32 | how | self.at as u64);
        out.push(u64::from(self.plan.first) << 32 | u64::from(self.plan.end));
        out.push(u64::from(self.plan.len) << 32 | u64::from(self.plan.buffer_stride));
        if self.at != At::Nowhere {
            out.extend([self.slots.0, self.buffer.0]);
            self.progress.encode(out);
        }
    }
}
