//! Plays a sequence on one machine, and says what was seen in words that are the same everywhere.

use crate::machine::Machine;
use crate::masks;
use crate::step::{Call, Image, SLOTS, Slot, Step, What};
use bpfsim_abi::Errno;
use bpfsim_syscall::Failure;
use bpfsim_syscall::meta::Kind;
use std::fmt;

/// An fd that no caller has.
const NO_FD: u32 = 0x3fff_fff0;

/// How many registers there are.
pub const REGISTERS: usize = 4;

/// What came of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// What it returned.
    pub said: Said,
    /// The attr and the buffers afterwards; names read as zero as long as nobody wrote there.
    pub memory: Vec<Vec<u8>>,
    /// Registers that it filled.
    pub saved: Vec<(u8, Vec<u8>)>,
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Said::Fd => f.write_str("fd"),
            Said::Value(value) => write!(f, "{value}"),
            Said::Errno(errno) => f.write_str(errno.name()),
            Said::Unknown(why) => f.write_str(why),
        }
    }
}

/// What a call returned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// A new fd.
    Fd,
    /// 0, or another number.
    Value(i64),
    /// The error.
    Errno(Errno),
    /// Nobody knows, and why.
    Unknown(String),
}

/// What is known of the object in a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Known {
    pub kind: Kind,
    pub id: u32,
    /// First word of its info: the type of a map or a program.
    pub of_type: u32,
}

/// One machine in the middle of a sequence.
pub struct Player<'a> {
    machine: &'a mut dyn Machine,
    fds: [Option<u32>; SLOTS],
    known: [Option<Known>; SLOTS],
    registers: [Vec<u8>; REGISTERS],
}

/// The commands that answer a new fd: `enum bpf_cmd` of v6.18, without those that are never made.
pub const MAKES_FD: [u32; 9] = [0, 5, 7, 13, 14, 18, 19, 30, 36];

impl<'a> Player<'a> {
    /// At the start of a sequence.
    pub fn new(machine: &'a mut dyn Machine) -> Self {
        Self { machine, fds: [None; SLOTS], known: [None; SLOTS], registers: Default::default() }
    }

    /// Does one step; none for a step that says nothing.
    pub fn step(&mut self, step: &Step) -> Option<Seen> {
        match step {
            Step::Close(slot) => {
                self.close(*slot);
                None
            }
            Step::Call(call) => Some(self.call(call)),
        }
    }

    /// Closes what is in a slot.
    pub fn close(&mut self, slot: Slot) {
        if let Some(fd) = self.fds[usize::from(slot)].take() {
            self.machine.close(fd);
        }
    }

    /// Ends the sequence.
    pub fn end(mut self) {
        for slot in 0..SLOTS {
            self.close(slot as Slot);
        }
        self.machine.end();
    }

    fn call(&mut self, call: &Call) -> Seen {
        match self.try_call(call) {
            Ok(seen) => seen,
            Err(failure) => {
                let said = Said::Unknown(failure.to_string());
                Seen { said, memory: vec![], saved: vec![] }
            }
        }
    }

    fn try_call(&mut self, call: &Call) -> Result<Seen, Failure> {
        self.learn(call)?;
        let images: Vec<&Image> = std::iter::once(&call.attr).chain(&call.buffers).collect();
        let lens: Vec<usize> = images.iter().map(|image| image.bytes.len()).collect();
        let places = self.machine.place(&lens)?;
        let mut before = Vec::new();
        for (image, at) in images.iter().zip(&places) {
            let bytes = self.resolve(call.cmd, image, &places[1..]);
            self.machine.write(*at, &bytes)?;
            before.push(bytes);
        }
        let answer = self.machine.bpf(call.cmd, places[0], call.size);
        let mut memory = Vec::new();
        for (bytes, at) in before.iter().zip(&places) {
            memory.push(self.machine.read(*at, bytes.len())?);
        }
        let said = self.said(call, answer);
        let mut saved = Vec::new();
        for (image, bytes) in images.iter().zip(&memory) {
            if let Some(register) = image.save {
                self.registers[usize::from(register) % REGISTERS] = bytes.clone();
                saved.push((register, bytes.clone()));
            }
        }
        // An fd that is still there is no id that was written.
        for ((image, before), after) in images.iter().zip(&before).zip(&mut memory) {
            forget_names(image, before, after);
        }
        let succeeded = matches!(said, Said::Fd | Said::Value(_));
        masks::apply(call, succeeded, &self.known, self.kind_asked(call), &mut memory);
        Ok(Seen { said, memory, saved })
    }

    /// The bytes of an image on this machine.
    fn resolve(&self, cmd: u32, image: &Image, places: &[u64]) -> Vec<u8> {
        let mut bytes = image.bytes.clone();
        if let Some(register) = image.load {
            let held = &self.registers[usize::from(register) % REGISTERS];
            let len = held.len().min(bytes.len());
            bytes[..len].copy_from_slice(&held[..len]);
        }
        for name in &image.names {
            let value = self.value(cmd, name.what, places).to_le_bytes();
            let at = name.at as usize;
            let end = bytes.len().min(at + name.what.bytes());
            if at < end {
                bytes[at..end].copy_from_slice(&value[..end - at]);
            }
        }
        bytes
    }

    fn value(&self, cmd: u32, what: What, places: &[u64]) -> u64 {
        // An id of another kind may be somebody else's.
        let known = |slot: Slot| {
            let asked = kind_of(cmd);
            let known = self.known[usize::from(slot)];
            known.filter(|known| asked.is_none_or(|asked| asked == known.kind))
        };
        match what {
            What::Fd(slot) => self.fds[usize::from(slot)].unwrap_or(NO_FD).into(),
            What::Id(slot) => known(slot).map_or(i32::MAX as u64, |known| known.id.into()),
            What::IdBefore(slot) => {
                let open = self.fds[usize::from(slot)].and(known(slot));
                open.map_or(i32::MAX as u64, |known| u64::from(known.id).saturating_sub(1))
            }
            What::Address(buffer, skip) => {
                let place = places.get(usize::from(buffer)).copied();
                place.map_or_else(|| self.machine.nowhere(), |at| at + u64::from(skip))
            }
            What::Nowhere => self.machine.nowhere(),
        }
    }

    /// What the object is whose info a call asks for.
    fn kind_asked(&self, call: &Call) -> Option<Kind> {
        let name = call.attr.names.iter().find(|name| name.at == 0)?;
        match name.what {
            What::Fd(slot) => self.known[usize::from(slot)].map(|known| known.kind),
            What::Id(_) | What::IdBefore(_) | What::Address(..) | What::Nowhere => None,
        }
    }

    fn said(&mut self, call: &Call, answer: Result<i64, Failure>) -> Said {
        match answer {
            Ok(fd) if MAKES_FD.contains(&call.cmd) => {
                self.close(call.into);
                self.fds[usize::from(call.into)] = u32::try_from(fd).ok();
                self.known[usize::from(call.into)] = None;
                Said::Fd
            }
            Ok(value) => Said::Value(value),
            Err(Failure::Errno(refusal)) => Said::Errno(refusal.errno),
            Err(other) => Said::Unknown(other.to_string()),
        }
    }

    /// Asks for kinds and ids of the objects that a call names by id, or whose ids it shows.
    fn learn(&mut self, call: &Call) -> Result<(), Failure> {
        let images = std::iter::once(&call.attr).chain(&call.buffers);
        let mut slots: Vec<Slot> = images
            .flat_map(|image| &image.names)
            .filter_map(|name| match name.what {
                What::Id(slot) | What::IdBefore(slot) => Some(slot),
                What::Fd(_) | What::Address(..) | What::Nowhere => None,
            })
            .collect();
        if let Some(slot) = masks::map_read(call) {
            self.learn_slot(slot)?;
        }
        if masks::shows_ids(call, &self.known) {
            slots.extend(0..SLOTS as Slot);
        }
        slots.into_iter().try_for_each(|slot| self.learn_slot(slot))
    }

    fn learn_slot(&mut self, slot: Slot) -> Result<(), Failure> {
        let slot = usize::from(slot);
        if let Some(fd) = self.fds[slot]
            && self.known[slot].is_none()
        {
            self.known[slot] = self.object(fd)?;
        }
        Ok(())
    }

    /// BPF_OBJ_GET_INFO_BY_FD: how long the info is says the kind. The id is the second word, but
    /// of a BTF the fourth.
    fn object(&mut self, fd: u32) -> Result<Option<Known>, Failure> {
        const ROOM: u32 = 256;
        let places = self.machine.place(&[16, ROOM as usize])?;
        let mut attr = [0; 16];
        attr[..4].copy_from_slice(&fd.to_le_bytes());
        attr[4..8].copy_from_slice(&ROOM.to_le_bytes());
        attr[8..].copy_from_slice(&places[1].to_le_bytes());
        self.machine.write(places[0], &attr)?;
        // What the kernel does not know of it has to be zero.
        self.machine.write(places[1], &[0; ROOM as usize])?;
        if self.machine.bpf(15, places[0], 16).is_err() {
            return Ok(None);
        }
        let len = word(&self.machine.read(places[0], 16)?, 4);
        let info = self.machine.read(places[1], ROOM as usize)?;
        // struct bpf_btf_info, bpf_link_info, bpf_map_info, bpf_prog_info.
        let (kind, at) = match len {
            0..=32 => (Kind::Btf, 12),
            33..=64 => (Kind::Link, 4),
            65..=128 => (Kind::Map, 4),
            129.. => (Kind::Prog, 4),
        };
        Ok(Some(Known { kind, id: word(&info, at), of_type: word(&info, 0) }))
    }
}

/// The kind of objects whose ids a command takes: `*_GET_NEXT_ID` and `*_GET_FD_BY_ID`.
const fn kind_of(cmd: u32) -> Option<Kind> {
    match cmd {
        11 | 13 => Some(Kind::Prog),
        12 | 14 => Some(Kind::Map),
        19 | 23 => Some(Kind::Btf),
        30 | 31 => Some(Kind::Link),
        _ => None,
    }
}

/// Four bytes as a number; 0 where there are fewer.
pub(crate) fn word(bytes: &[u8], at: usize) -> u32 {
    let four = bytes.get(at..at + 4).and_then(|bytes| bytes.try_into().ok());
    four.map_or(0, u32::from_le_bytes)
}

/// Names that nobody has written over read as zero.
fn forget_names(image: &Image, before: &[u8], after: &mut [u8]) {
    for name in &image.names {
        let at = name.at as usize;
        let end = after.len().min(at + name.what.bytes());
        if at < end && after[at..end] == before[at..end] {
            after[at..end].fill(0);
        }
    }
}
