//! What is known before an instruction: eleven registers and 512 bytes of stack.

use bpfsim_abi::insn::Reg;

use crate::scalar::Scalar;

/// `MAX_BPF_STACK`: bytes below r10.
pub(crate) const STACK_BYTES: i64 = 512;

/// What a register holds. The comments name `enum bpf_reg_type` of v4.4.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::enum_variant_names, reason = "a map's value is what the kernel calls it")]
pub(crate) enum Value {
    /// `NOT_INIT`.
    NotInit,
    /// `UNKNOWN_VALUE` and `CONST_IMM`.
    Scalar(Scalar),
    /// `PTR_TO_CTX`, moved by `off` bytes (v4.14).
    Ctx { off: i64 },
    /// `CONST_PTR_TO_MAP`: index into the program's maps.
    MapPtr { map: u16 },
    /// `PTR_TO_MAP_VALUE`, moved by `lo` to `hi` bytes (v4.14). `fuzzy` as in [`Scalar`].
    MapValue { map: u16, lo: i64, hi: i64, fuzzy: bool },
    /// `PTR_TO_MAP_VALUE_OR_NULL`; copies share the id (v4.10). `fuzzy`: the kernel may know that
    /// it is not null, since v6.14 (d2102f2f5d75) for arrays and keys that it knows.
    MapValueOrNull { map: u16, id: u32, fuzzy: bool },
    /// `FRAME_PTR`: r10 and its copies.
    Frame,
    /// `PTR_TO_STACK`: r10 plus this many bytes.
    Stack { off: i64 },
}

impl Value {
    /// Unknown, as seen by every release.
    pub const UNKNOWN: Value = Value::Scalar(Scalar::UNKNOWN);

    /// Exactly this number.
    pub const fn constant(value: i64) -> Value {
        Value::Scalar(Scalar::constant(value))
    }

    /// No scalar and not unwritten.
    pub const fn is_pointer(self) -> bool {
        !matches!(self, Value::NotInit | Value::Scalar(_))
    }

    /// Distance from r10, of the two kinds that point into the stack.
    pub const fn stack_offset(self) -> Option<i64> {
        match self {
            Value::Frame => Some(0),
            Value::Stack { off } => Some(off),
            Value::NotInit
            | Value::Scalar(_)
            | Value::Ctx { .. }
            | Value::MapPtr { .. }
            | Value::MapValue { .. }
            | Value::MapValueOrNull { .. } => None,
        }
    }
}

/// What a byte of stack holds; `enum bpf_stack_slot_type` of v4.4.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Byte {
    /// `STACK_INVALID`: never written.
    Invalid,
    /// `STACK_SPILL`: part of a spilled register.
    Spill,
    /// `STACK_MISC`: some data.
    Misc,
}

/// Eight aligned bytes of stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Slot {
    pub bytes: [Byte; 8],
    /// The register spilled here.
    pub spilled: Value,
}

impl Slot {
    const EMPTY: Slot = Slot { bytes: [Byte::Invalid; 8], spilled: Value::NotInit };
}

/// All that is known at one point of one path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct State {
    regs: [Value; Reg::COUNT],
    /// Slot `i` starts at `r10 - 8 * (i + 1)`; slots that no instruction touched are not stored.
    slots: Vec<Slot>,
    /// This path depends on a comparison that the kernel may have decided.
    pub doubt: bool,
}

impl State {
    /// At entry: r1 is the context, r10 the frame.
    pub fn entry() -> State {
        let mut regs = [Value::NotInit; Reg::COUNT];
        regs[Reg::R1.index()] = Value::Ctx { off: 0 };
        regs[Reg::R10.index()] = Value::Frame;
        State { regs, slots: Vec::new(), doubt: false }
    }

    pub fn reg(&self, reg: Reg) -> Value {
        self.regs[reg.index()]
    }

    pub fn set(&mut self, reg: Reg, value: Value) {
        self.regs[reg.index()] = value;
    }

    pub fn regs(&self) -> &[Value; Reg::COUNT] {
        &self.regs
    }

    /// The stored slots, the one next to r10 first.
    pub fn slots(&self) -> &[Slot] {
        &self.slots
    }

    /// Every value known: registers first, then what is spilled.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut Value> {
        let spilled = self.slots.iter_mut().map(|slot| &mut slot.spilled);
        self.regs.iter_mut().chain(spilled)
    }

    /// r0 to r5 are gone, as after every call.
    pub fn clobber(&mut self) {
        self.regs[..6].fill(Value::NotInit);
    }

    /// The slot with the byte at `r10 + off`, for -512 <= off < 0.
    pub fn slot(&self, off: i64) -> Slot {
        self.slots.get(slot_index(off)).copied().unwrap_or(Slot::EMPTY)
    }

    pub fn slot_mut(&mut self, off: i64) -> &mut Slot {
        let index = slot_index(off);
        if self.slots.len() <= index {
            self.slots.resize(index + 1, Slot::EMPTY);
        }
        &mut self.slots[index]
    }

    /// The byte at `r10 + off`, for -512 <= off < 0.
    pub fn byte(&self, off: i64) -> Byte {
        self.slot(off).bytes[byte_index(off)]
    }

    pub fn set_byte(&mut self, off: i64, byte: Byte) {
        self.slot_mut(off).bytes[byte_index(off)] = byte;
    }
}

fn slot_index(off: i64) -> usize {
    debug_assert!((-STACK_BYTES..0).contains(&off));
    ((-off - 1) / 8) as usize
}

fn byte_index(off: i64) -> usize {
    off.rem_euclid(8) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_of_a_slot_are_neighbours() {
        let mut state = State::entry();
        state.set_byte(-8, Byte::Misc);
        state.set_byte(-1, Byte::Misc);
        state.set_byte(-9, Byte::Spill);
        assert_eq!(state.slots().len(), 2);
        assert_eq!(state.slot(-8).bytes[0], Byte::Misc);
        assert_eq!(state.slot(-8).bytes[7], Byte::Misc);
        assert_eq!(state.slot(-16).bytes[7], Byte::Spill);
        assert_eq!(state.byte(-512), Byte::Invalid);
    }
}
