//! What came back, held against what was expected.

use super::Came;
use crate::scenario::{CallOp, CpuArg, Do, Key, Outcome, Trap, Value, Verb};

/// True when the answer is the expected one.
pub(super) fn is_met(expected: &Outcome, came: &Came) -> bool {
    match (expected, came) {
        (Outcome::Errno(errno), Came::Errno(found)) => errno == found,
        (Outcome::Errno(errno), Came::Rejected { errno: found, .. }) => Some(*errno) == *found,
        (Outcome::Ok, came) => came.succeeded(),
        (Outcome::Value(fields), Came::Values(found)) => found.len() == 1 && found[0] == *fields,
        (Outcome::Values(all), Came::Values(found) | Came::Walked { values: found, .. }) => {
            all == found
        }
        (Outcome::Verify(part), Came::Rejected { message, .. }) => message.contains(part),
        (Outcome::Accepted, Came::Accepted) => true,
        (Outcome::Returns(number), Came::Returned(found)) => *number as u32 == *found,
        (Outcome::Trap(Trap::WildPointer), Came::Trapped(_)) => true,
        (Outcome::Keys(keys), Came::Key(found)) => keys.len() == 1 && is_key(&keys[0], found),
        (Outcome::Keys(keys), Came::Walked { keys: found, ends: true, .. }) => {
            keys.len() == found.len() && keys.iter().zip(found).all(|(key, it)| is_key(key, it))
        }
        (Outcome::NoOperation, Came::NoOperation(_)) => true,
        (
            Outcome::Errno(_)
            | Outcome::Value(_)
            | Outcome::Values(_)
            | Outcome::Verify(_)
            | Outcome::Accepted
            | Outcome::Returns(_)
            | Outcome::Trap(_)
            | Outcome::Keys(_)
            | Outcome::NoOperation,
            _,
        ) => false,
    }
}

/// A key as numbers part by part, against its bytes.
fn is_key(parts: &[u64], bytes: &[u8]) -> bool {
    let size = bytes.len() / parts.len().max(1);
    size > 0
        && bytes
            .chunks(size)
            .map(|part| Key(part.to_vec()).number())
            .eq(parts.iter().map(|part| Some(*part)))
}

/// An expectation in words.
pub(super) fn outcome_text(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Errno(errno) => errno.to_string(),
        Outcome::Ok => "success".to_owned(),
        Outcome::Value(fields) => format!("{fields:?}"),
        Outcome::Values(values) => values_text(values),
        Outcome::Verify(part) => format!("the verifier's \"{part}\""),
        Outcome::Accepted => "that the verifier accepts".to_owned(),
        Outcome::Returns(number) => format!("r0 = {number}"),
        Outcome::Trap(trap) => trap.to_string(),
        Outcome::Keys(keys) => format!("keys {}", values_text(keys)),
        Outcome::NoOperation => "no such operation".to_owned(),
    }
}

/// Values side by side.
pub(super) fn values_text(values: &[Vec<u64>]) -> String {
    let all: Vec<String> = values.iter().map(|fields| format!("{fields:?}")).collect();
    if all.is_empty() { "none".to_owned() } else { all.join(" ") }
}

/// What a call does, in words.
pub(super) fn op_text(op: &CallOp) -> String {
    match op {
        CallOp::Map(item) => item_text(item),
        CallOp::Load { prog } => format!("load {prog}"),
        CallOp::Run { prog, cpu, .. } => format!("run {prog} on cpu{cpu}"),
        CallOp::Offline(cpu) => format!("take cpu{cpu} off line"),
        CallOp::Online(cpu) => format!("bring cpu{cpu} on line"),
        CallOp::Raw { cmd, .. } => format!("bpf({})", super::raw::name_of(cmd)),
    }
}

fn item_text(item: &Do) -> String {
    let mut text = format!("{} {}", item.verb, item.map);
    if let Some(key) = &item.key {
        text += &key.number().map_or(" a long key".to_owned(), |key| format!(" key {key}"));
    }
    text += &match item.cpu {
        Some(CpuArg::One(cpu)) => format!(" of cpu{cpu}"),
        Some(CpuArg::All) => " of all CPUs".to_owned(),
        Some(CpuArg::Own) => " of the caller's CPU".to_owned(),
        None => String::new(),
    };
    match (&item.value, item.verb) {
        (Some(Value::Same(fields)), Verb::Update) => text += &format!(" = {fields:?}"),
        (Some(Value::PerCpu(all)), Verb::Update) => text += &format!(" = {}", values_text(all)),
        (Some(_) | None, _) => {}
    }
    text
}
