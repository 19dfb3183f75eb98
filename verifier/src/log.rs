//! The verifier's log: lines as v4.4 prints them at any level above zero.
//!
//! Level 2 and higher print the state before every instruction since v4.7. The end of the log
//! since v4.7 says how many instructions were walked.

use std::fmt::Write;

use crate::MapShape;
use crate::era::Era;
use crate::rules::type_name;
use crate::scalar::Scalar;
use crate::state::{Byte, State, Value};

/// A log that is empty unless somebody asked for it.
#[derive(Clone, Debug)]
pub(crate) struct Log {
    level: u32,
    text: String,
}

impl Log {
    pub fn new(level: u32) -> Log {
        Log { level, text: String::new() }
    }

    /// Somebody reads it.
    pub fn is_on(&self) -> bool {
        self.level > 0
    }

    /// The state is wanted before every instruction.
    pub fn is_verbose(&self, era: Era) -> bool {
        self.level > 1 && era.since(4, 7)
    }

    /// `message` on a line of its own; nothing when there is none.
    pub fn message(&mut self, message: &str) {
        if self.is_on() && !message.is_empty() {
            self.text.push_str(message);
            self.text.push('\n');
        }
    }

    pub fn into_text(self) -> String {
        self.text
    }
}

/// A state on one line, each register with a blank before it: `" R1=ctx R10=fp"`.
pub(crate) fn state_line(era: Era, state: &State, maps: &[MapShape]) -> String {
    let mut line = String::new();
    for (number, &value) in state.regs().iter().enumerate() {
        if value != Value::NotInit {
            // Writing to a string cannot fail.
            let _ = write!(line, " R{number}={}", value_text(era, value, maps));
        }
    }
    for (index, slot) in state.slots().iter().enumerate().rev() {
        if slot.bytes[0] == Byte::Spill {
            let off = -8 * (index as i64 + 1);
            let _ = write!(line, " fp{off}={}", type_name(era, slot.spilled));
        }
    }
    line
}

fn value_text(era: Era, value: Value, maps: &[MapShape]) -> String {
    let name = type_name(era, value);
    match value {
        Value::Scalar(scalar) if !era.ranges() => match scalar.value() {
            Some(number) => format!("{name}{number}"),
            None => name.to_owned(),
        },
        Value::Scalar(scalar) => scalar_text(era, name, scalar),
        Value::Stack { off } => format!("{name}{off}"),
        Value::MapPtr { map } | Value::MapValueOrNull { map, .. } => {
            format!("{name}({})", sizes(maps, map))
        }
        Value::MapValue { map, lo, hi, .. } => {
            let sizes = sizes(maps, map);
            match (lo, hi) {
                (0, 0) => format!("{name}({sizes})"),
                (lo, hi) if lo == hi => format!("{name}(off={lo},{sizes})"),
                (lo, hi) => format!("{name}(smin={lo},smax={hi},{sizes})"),
            }
        }
        Value::NotInit | Value::Ctx { .. } | Value::Frame => name.to_owned(),
    }
}

fn sizes(maps: &[MapShape], map: u16) -> String {
    match maps.get(usize::from(map)) {
        Some(shape) => format!("ks={},vs={}", shape.key_size, shape.value_size),
        None => String::new(),
    }
}

fn scalar_text(era: Era, name: &str, scalar: Scalar) -> String {
    match scalar.value() {
        Some(number) if era.since(5, 18) => number.to_string(),
        Some(number) => format!("{name}{number}"),
        None if scalar.is_unknown() => format!("{name}()"),
        None if scalar.umin == 0 => format!("{name}(umax={})", scalar.umax),
        None => format!("{name}(umin={},umax={})", scalar.umin, scalar.umax),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::era::v;
    use bpfsim_abi::insn::Reg;

    #[test]
    fn a_state_reads_like_the_kernels() {
        let shape = MapShape { map_type: 1, key_size: 4, value_size: 16, max_entries: 8, flags: 0 };
        let mut state = State::entry();
        state.set(Reg::R0, Value::MapValue { map: 0, lo: 0, hi: 0, fuzzy: false });
        let reg = |number| Reg::new(number).unwrap();
        state.set(reg(2), Value::Stack { off: -4 });
        state.set(reg(3), Value::constant(7));
        state.set(reg(4), Value::UNKNOWN);
        state.slot_mut(-16).bytes = [Byte::Spill; 8];
        state.slot_mut(-16).spilled = Value::Ctx { off: 0 };
        let line = state_line(Era::new(v(4, 4), true), &state, &[shape]);
        let want = " R0=map_value(ks=4,vs=16) R1=ctx R2=fp-4 R3=imm7 R4=inv R10=fp fp-16=ctx";
        assert_eq!(line, want);
    }
}
