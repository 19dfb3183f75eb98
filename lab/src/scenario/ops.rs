//! What a thread does and what a plain call is.

use super::model::for_series;
use super::names::{Says, Trap, Verb};
use bpfsim_abi::{Errno, Release};

/// The bytes of a key, little endian.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(pub Vec<u8>);

impl Key {
    /// The key as a number, if it fits in 64 bits.
    pub fn number(&self) -> Option<u64> {
        let (low, high) = self.0.split_at(self.0.len().min(8));
        if high.iter().any(|&byte| byte != 0) {
            return None;
        }
        let mut bytes = [0; 8];
        bytes[..low.len()].copy_from_slice(low);
        Some(u64::from_le_bytes(bytes))
    }
}

/// Whose slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CpuArg {
    /// That of this CPU.
    One(u32),
    /// Those of all possible CPUs.
    All,
    /// That of the caller's CPU.
    Own,
}

/// What an update writes, by field.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Value {
    /// The same into every slot that is written.
    Same(Vec<u64>),
    /// One value for each possible CPU, ascending.
    PerCpu(Vec<Vec<u64>>),
}

/// One operation on a map.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Do {
    /// Which.
    pub verb: Verb,
    /// The map.
    pub map: String,
    /// The key. Absent for `walk`; absent for `next`, the first key is asked for.
    pub key: Option<Key>,
    /// Whose slot; absent, the plain command of the series is meant, without a CPU.
    pub cpu: Option<CpuArg>,
    /// What `update` writes.
    pub value: Option<Value>,
    /// `flags` of the command: ANY 0, NOEXIST 1, EXIST 2, or any number.
    pub flags: u64,
    /// The name under which the result is shown.
    pub into: Option<String>,
}

/// A command of bpf(2).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum RawCmd {
    /// By the name of the header in lower case, without `BPF_`: `map_create`.
    Name(String),
    /// By number.
    Number(u32),
}

/// The value of one field of `union bpf_attr`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum RawValue {
    /// A number; negative ones are written in two's complement.
    Number(i128),
    /// The fd of the map or program with this name.
    Fd(String),
    /// Text: in place where the field is an array, else the address of a copy that ends in NUL.
    Text(String),
    /// The address of a copy of these bytes.
    Bytes(Vec<u8>),
}

/// The attr of a raw call.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum RawAttr {
    /// All bytes; the size is their number.
    Bytes(Vec<u8>),
    /// By field, sorted by name; the rest is zero, the size is the release's.
    Fields(Vec<(String, RawValue)>),
}

/// What a plain call does.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum CallOp {
    /// An operation on a map.
    Map(Do),
    /// Loads a program.
    Load {
        /// Its name.
        prog: String,
    },
    /// Runs a program once.
    Run {
        /// Its name.
        prog: String,
        /// On this CPU.
        cpu: u32,
        /// The bytes of the packet.
        data: Vec<u8>,
    },
    /// Takes a CPU off line.
    Offline(u32),
    /// Brings a CPU back.
    Online(u32),
    /// bpf(2) as it is.
    Raw {
        /// The command.
        cmd: RawCmd,
        /// Its attr.
        attr: RawAttr,
    },
}

/// What a plain call is expected to answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// It fails with this errno.
    Errno(Errno),
    /// It succeeds.
    Ok,
    /// It reads this value, by field.
    Value(Vec<u64>),
    /// It reads these values, by field: one per possible CPU, or of a walk one per key.
    Values(Vec<Vec<u64>>),
    /// The verifier rejects the program with a message that contains this.
    Verify(String),
    /// The verifier accepts the program.
    Accepted,
    /// The program returns this in r0, compared as 32 bits.
    Returns(i64),
    /// The program does not return.
    Trap(Trap),
    /// It answers these keys, in order, each as numbers part by part.
    Keys(Vec<Vec<u64>>),
    /// The series has no such operation.
    NoOperation,
}

/// What is different in one series.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct CallFor {
    /// What it does instead.
    pub op: Option<CallOp>,
    /// What is expected instead.
    pub expect: Option<Outcome>,
}

/// A plain call, on a kernel that saw only the calls before it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Call {
    /// What it does.
    pub op: CallOp,
    /// The caller's CPU.
    pub on: u32,
    /// A release other than the series' own.
    pub kernel: Option<Release>,
    /// What is expected; absent, it is not judged.
    pub expect: Option<Outcome>,
    /// Only in these series; empty: in all that are explored.
    pub series: Vec<String>,
    /// What is different, by series.
    pub for_series: Vec<(String, CallFor)>,
    /// Why it is asked.
    pub why: Option<String>,
    /// Which way the expected answer speaks about the file's claim. Only claims look at it.
    pub says: Option<Says>,
}

impl Call {
    /// Whether `series` (perhaps `name@variant`) makes this call.
    pub fn is_in(&self, series: &str) -> bool {
        let plain = series.split('@').next().unwrap_or(series);
        let named = |name: &String| name == series || name == plain;
        self.series.is_empty() || self.series.iter().any(named)
    }

    /// What it does in `series`.
    pub fn op_for(&self, series: &str) -> &CallOp {
        let own = for_series(&self.for_series, series).and_then(|own| own.op.as_ref());
        own.unwrap_or(&self.op)
    }

    /// What is expected in `series`.
    pub fn expect_for(&self, series: &str) -> Option<&Outcome> {
        let own = for_series(&self.for_series, series).and_then(|own| own.expect.as_ref());
        own.or(self.expect.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_a_number_if_it_fits() {
        assert_eq!(Key(vec![1, 2, 0, 0]).number(), Some(0x201));
        assert_eq!(Key(vec![0xff; 8]).number(), Some(u64::MAX));
        assert_eq!(Key(vec![1, 0, 0, 0, 0, 0, 0, 0, 0, 0]).number(), Some(1));
        assert_eq!(Key(vec![0, 0, 0, 0, 0, 0, 0, 0, 1]).number(), None);
        assert_eq!(Key(vec![]).number(), Some(0));
    }
}
