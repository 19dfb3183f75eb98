//! Makes sequences: what is legal most of the time, and one thing wrong now and then.

mod batch;
mod btf;
pub(crate) mod create;
mod elem;
mod object;
mod program;

use crate::random::Random;
use crate::step::{Call, Image, SLOTS, Slot, Step, What};

/// What the maker believes to be in a slot.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Held {
    /// A map.
    Map(Shape),
    /// A program.
    Prog,
    /// A BTF.
    Btf,
}

/// A map as it was asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    pub map_type: u32,
    pub key: u32,
    pub value: u32,
    pub entries: u32,
    /// Nothing about it is wrong on purpose.
    pub sound: bool,
}

/// What a sequence is made for.
#[derive(Clone, Copy, Debug)]
pub struct World {
    /// Possible CPUs.
    pub cpus: u32,
    /// Whether there is a bpffs for pins.
    pub pins: bool,
    /// Which map types are made: bit N is type N.
    pub types: u64,
}

impl World {
    /// Every map type.
    pub const ALL: u64 = u64::MAX;
}

/// One sequence in the making.
pub(crate) struct Maker {
    pub random: Random,
    pub world: World,
    pub slots: [Option<Held>; SLOTS],
}

/// The longest buffer, in bytes.
pub(crate) const LONGEST: usize = 48 << 10;

/// A sequence of about `calls` steps.
pub fn sequence(random: Random, world: World, calls: u32) -> Vec<Step> {
    let mut maker = Maker { random, world, slots: [None; SLOTS] };
    let mut steps = Vec::new();
    for _ in 0..maker.random.within(1, 4) {
        steps.push(create::sound(&mut maker));
    }
    while (steps.len() as u32) < calls {
        steps.push(maker.step());
    }
    steps
}

/// Lowest bytes of fds that have no name, by command: a small number there is somebody's open file
/// on one machine and nothing on another.
const FDS: [(u32, u32); 15] = [
    (0, 20),
    (0, 48),
    (0, 72),
    (0, 76),
    (5, 72),
    (5, 112),
    (5, 144),
    (6, 16),
    (7, 8),
    (7, 16),
    (13, 12),
    (14, 12),
    (18, 36),
    (19, 12),
    (35, 4),
];

/// High bytes of the sizes and of the number of elements of a map, which is to stay small: another
/// machine really has to find the memory.
const LARGE: [u32; 8] = [6, 7, 9, 10, 11, 13, 14, 15];

/// What can be made, with weights.
type Make = fn(&mut Maker) -> Step;

const MAKES: [(u32, Make); 12] = [
    (10, create::create),
    (110, elem::elem),
    (14, batch::batch),
    (6, elem::take),
    (2, object::freeze),
    (7, object::info),
    (4, object::ids),
    (5, object::pins),
    (5, program::load),
    (5, program::run),
    (3, btf::load),
    (5, object::odd),
];

impl Maker {
    fn step(&mut self) -> Step {
        if self.random.once_in(40) {
            let slot = self.random.below(SLOTS as u32) as Slot;
            self.slots[usize::from(slot)] = None;
            return Step::Close(slot);
        }
        let make = self.random.weighted(&MAKES);
        let mut step = make(self);
        if let Step::Call(call) = &mut step {
            self.spoil(call);
        }
        step
    }

    /// A slot for a new object; an empty one where there is one.
    pub(crate) fn new_slot(&mut self, held: Held) -> Slot {
        let empty = self.slots.iter().position(Option::is_none);
        let slot = empty.unwrap_or_else(|| self.random.below(SLOTS as u32) as usize);
        self.slots[slot] = Some(held);
        slot as Slot
    }

    /// A slot that `wanted` picks something out of, if there is one.
    pub(crate) fn slot_of<T>(&mut self, wanted: fn(&Held) -> Option<T>) -> Option<(Slot, T)> {
        let fits =
            |(slot, held): (usize, &Option<Held>)| Some((slot as Slot, wanted(held.as_ref()?)?));
        let mut all: Vec<(Slot, T)> = self.slots.iter().enumerate().filter_map(fits).collect();
        if all.is_empty() {
            return None;
        }
        let index = self.random.below(all.len() as u32) as usize;
        Some(all.swap_remove(index))
    }

    /// Any map, most of the time one that was made without a fault.
    pub(crate) fn map(&mut self) -> Option<(Slot, Shape)> {
        let sound = (!self.random.once_in(8)).then(|| {
            self.slot_of(|held| match held {
                Held::Map(shape) if shape.sound => Some(*shape),
                Held::Map(_) | Held::Prog | Held::Btf => None,
            })
        });
        sound.flatten().or_else(|| {
            self.slot_of(|held| match held {
                Held::Map(shape) => Some(*shape),
                Held::Prog | Held::Btf => None,
            })
        })
    }

    /// Changes one thing about the attr now and then.
    fn spoil(&mut self, call: &mut Call) {
        match self.random.below(160) {
            // A tail that the kernel does not know, clean or not.
            0 | 1 => {
                let size = self.random.within(call.size, 4200);
                call.attr.bytes.resize(size as usize, 0);
                call.size = size;
                if self.random.once_in(2)
                    && let Some(last) = call.attr.bytes.last_mut()
                {
                    *last = 1;
                }
            }
            // Shorter than the arm.
            2 | 3 => {
                let size = self.cut(call);
                call.attr.bytes.truncate(size as usize);
                call.size = size;
            }
            // The mapping ends within the attr.
            4 => {
                let size = self.random.below(call.size.saturating_add(1));
                call.attr.bytes.truncate(size as usize);
            }
            5 => call.size = self.random.pick(&[4096, 4097, u32::MAX]),
            // One byte is another.
            6..=8 if !call.attr.bytes.is_empty() => {
                let at = self.random.below(call.attr.bytes.len() as u32);
                let large = call.cmd == 0 && LARGE.contains(&at);
                if !large && !FDS.contains(&(call.cmd, at)) {
                    call.attr.bytes[at as usize] ^= 1 << self.random.below(8);
                }
            }
            // One pointer leads nowhere, or one fd is another.
            9..=11 if !call.attr.names.is_empty() => {
                let at = self.random.below(call.attr.names.len() as u32) as usize;
                self.misname(call, at);
            }
            _ => {}
        }
    }

    /// A size within the attr. No name is cut in two: half an address means something else on
    /// each machine; and half an id, or none, asks for objects of others.
    fn cut(&mut self, call: &Call) -> u32 {
        let mut size = self.random.below(call.size.saturating_add(1));
        if create::has_zero_seed(call) {
            // Without its flags the order of a hash would be that of a seed of chance.
            size = size.max(20);
        }
        for name in &call.attr.names {
            let end = name.at + name.what.bytes() as u32;
            let is_id = matches!(name.what, What::Id(_) | What::IdBefore(_));
            if size < end && (name.at < size || is_id) {
                size = if is_id { end } else { name.at };
            }
        }
        size
    }

    fn misname(&mut self, call: &mut Call, at: usize) {
        let name = &mut call.attr.names[at];
        match name.what {
            What::Address(buffer, _) => {
                name.what = self.random.pick(&[What::Nowhere, What::Address(buffer, 1)]);
            }
            // 0 is an open file that is no BPF object.
            What::Fd(_) if self.random.once_in(4) => {
                let at = call.attr.names.remove(at).at as usize;
                let end = call.attr.bytes.len().min(at + 4);
                call.attr.bytes[at.min(end)..end].fill(0);
            }
            What::Fd(_) => name.what = What::Fd(self.random.below(SLOTS as u32) as Slot),
            What::Id(_) | What::IdBefore(_) | What::Nowhere => {}
        }
    }
}

/// A call whose attr is all there.
pub(crate) fn call(cmd: u32, attr: Image, buffers: Vec<Image>) -> Call {
    Call { cmd, size: attr.bytes.len() as u32, attr, buffers, into: 0 }
}

/// Fields of an attr: offset and little-endian bytes.
pub(crate) fn attr(len: usize, fields: &[(usize, &[u8])]) -> Image {
    let mut bytes = vec![0; len];
    for (at, field) in fields {
        bytes[*at..at + field.len()].copy_from_slice(field);
    }
    Image::of(bytes)
}
