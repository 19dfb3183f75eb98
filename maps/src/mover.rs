//! Moving the bytes between a caller's buffer and the slots of one element.

use bpfsim_abi::Errno;
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
    /// The slot of rank 0.
    pub slots: Place,
    /// Bytes between slots.
    pub slot_stride: u32,
    /// The buffer.
    pub buffer: Place,
    /// Bytes between values in the buffer; 0 writes the same value everywhere.
    pub buffer_stride: u32,
    /// Bytes of each value.
    pub len: u32,
    /// First rank.
    pub first: u32,
    /// One past the last.
    pub end: u32,
    /// Which way.
    pub direction: Direction,
    /// On which CPU.
    pub place: Where,
    /// In which pieces.
    pub plan: CopyPlan,
    at: At,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
enum At {
    #[default]
    Start,
    Copying(u32, Copy),
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

impl Mover {
    /// A mover that has not begun.
    pub fn new(
        plan: Plan,
        direction: Direction,
        slots: Place,
        slot_stride: u32,
        buffer: Place,
    ) -> Self {
        Self {
            slots,
            slot_stride,
            buffer,
            buffer_stride: plan.buffer_stride,
            len: plan.len,
            first: plan.first,
            end: plan.end,
            direction,
            place: plan.place,
            plan: plan.plan,
            at: At::Start,
        }
    }

    fn copy(&self, rank: u32) -> Copy {
        // A rank that no possible CPU has leads outside every region.
        let slot = match u64::from(rank) * u64::from(self.slot_stride) {
            far if far > u64::from(u32::MAX - self.slots.offset()) => {
                Place(self.slots.0 | 0xffff_ffff)
            }
            near => self.slots.plus(near),
        };
        let index = u64::from(rank - self.first);
        let buffer = self.buffer.plus(index * u64::from(self.buffer_stride));
        match self.direction {
            Direction::Read => Copy::new(slot, buffer, self.len, self.plan),
            Direction::Write => Copy::new(buffer, slot, self.len, self.plan),
        }
    }

    /// Goes on. `failed` is set when the owner's CPU does not run.
    pub fn run(&mut self, cx: &mut Cx<'_>, failed: &mut Option<Errno>) -> Yield {
        if !cx.watched && self.place == Where::Caller && self.at == At::Start {
            return self.at_once(cx);
        }
        loop {
            match &mut self.at {
                At::Start => match self.start(cx, failed) {
                    Yield::Done => {}
                    other => return other,
                },
                At::Copying(rank, copy) => {
                    match copy.run(cx) {
                        Yield::Done => {}
                        other => return other,
                    }
                    let next = *rank + 1;
                    let masked = self.place != Where::Caller;
                    self.at = match next < self.end {
                        true => At::Copying(next, self.copy(next)),
                        false if masked => At::Unmask,
                        false => At::Ended,
                    };
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
                At::Ended => return Yield::Done,
            }
        }
    }

    /// Nobody watches, and nothing but the copying is to be done.
    fn at_once(&mut self, cx: &mut Cx<'_>) -> Yield {
        for rank in self.first..self.end {
            let Copy { src, dst, len, .. } = self.copy(rank);
            if let Err(wild) = cx.hw.mem.copy(src, dst, len) {
                return Yield::Trapped(wild);
            }
        }
        self.at = At::Ended;
        Yield::Done
    }

    fn start(&mut self, cx: &mut Cx<'_>, failed: &mut Option<Errno>) -> Yield {
        if self.first >= self.end {
            self.at = At::Ended;
            return Yield::Done;
        }
        let (rank, copy) = (self.first, self.copy(self.first));
        match self.place {
            Where::Caller => self.at = At::Copying(rank, copy),
            // smp_call_function_single() runs the function itself on its own CPU, with
            // interrupts off (kernel/smp.c, v4.4).
            Where::Owner if rank == cx.cpu => return self.mask(cx, rank, copy),
            Where::CallerIrqsOff => return self.mask(cx, rank, copy),
            Where::Owner if !cx.hw.cpus[rank as usize].online => {
                *failed = Some(Errno::ENXIO);
                self.at = At::Ended;
            }
            Where::Owner => {
                step!(cx, Step::SendIpi(rank));
                cx.hw.ipis += 1;
                cx.hw.acked &= !(1 << cx.me);
                cx.hw.cpus[rank as usize].pending.push(Ipi { from: cx.me, work: copy });
                self.at = At::Waiting;
            }
        }
        Yield::Done
    }

    fn mask(&mut self, cx: &mut Cx<'_>, rank: u32, copy: Copy) -> Yield {
        step!(cx, Step::IrqOff);
        cx.this_cpu().irqs_off += 1;
        self.at = At::Copying(rank, copy);
        Yield::Done
    }

    /// Feeds everything that tells two positions apart.
    pub fn encode(&self, out: &mut Vec<u64>) {
        out.extend([self.slots.0, self.buffer.0]);
        match &self.at {
            At::Start => out.push(0),
            At::Copying(rank, copy) => {
                out.push(1 | u64::from(*rank) << 8);
                copy.encode(out);
            }
            At::Unmask => out.push(2),
            At::Waiting => out.push(3),
            At::Ended => out.push(4),
        }
    }
}
