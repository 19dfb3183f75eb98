//! The questions, in the order of the table.

mod abi;
mod calls;
mod outcomes;

use super::{Bench, Cell};
use bpfsim_maps::Series;

/// One question.
pub struct Question {
    /// Stable; documented in `docs/src/rows.md`.
    pub id: &'static str,
    /// For people.
    pub title: &'static str,
    /// What a series answers.
    pub answer: fn(&Bench<'_>, &'static Series) -> Cell,
}

const fn ask(
    id: &'static str,
    title: &'static str,
    answer: fn(&Bench<'_>, &'static Series) -> Cell,
) -> Question {
    Question { id, title, answer }
}

/// Every row of the table.
pub const ROWS: &[Question] = &[
    ask("series.kernel", "kernel", abi::kernel),
    ask("series.proposed", "proposed", abi::proposed),
    ask("abi.commands", "commands", abi::commands),
    ask("abi.map-types", "map types", abi::map_types),
    ask("abi.attr", "attr fields", abi::fields),
    ask("abi.helpers", "helpers", abi::helpers),
    ask("abi.flags", "flags", abi::flags),
    ask("program.cpu", "who names the CPU", abi::who),
    ask("read.one", "one CPU's value", calls::one_lookup),
    ask("read.calls", "all CPUs: calls", calls::read_calls),
    ask("read.ipis", "all CPUs: IPIs", calls::read_ipis),
    ask("read.bytes", "all CPUs: bytes", calls::read_bytes),
    ask("outcomes.task", "in a task", outcomes::task),
    ask("outcomes.softirq", "in softirq", outcomes::softirq),
    ask("outcomes.irqs-off", "in softirq, IRQs off", outcomes::irqs_off),
    ask("outcomes.hardirq", "in hardirq", outcomes::hardirq),
    ask("outcomes.nmi", "in NMI", outcomes::nmi),
    ask("byte-asc.task", "in a task", outcomes::byte_task),
    ask("byte-asc.softirq", "in softirq", outcomes::byte_softirq),
    ask("byte-asc.irqs-off", "in softirq, IRQs off", outcomes::byte_irqs_off),
    ask("byte-asc.hardirq", "in hardirq", outcomes::byte_hardirq),
    ask("byte-asc.nmi", "in NMI", outcomes::byte_nmi),
    ask("lost-update.reset", "reset beside a counting program", outcomes::reset),
    ask("cpu.offline", "off line, read", outcomes::offline),
    ask("cpu.out-of-range.syscall", "out of range, system call", outcomes::range_syscall),
    ask("cpu.out-of-range.program", "out of range, program", outcomes::range_program),
    ask("update.any", "update of a present key", calls::update_any),
    ask("update.noexist", "update NOEXIST of a present key", calls::update_noexist),
    ask("update.exist", "update EXIST of an absent key", calls::update_exist),
    ask("delete", "delete", calls::delete),
    ask("walk", "GET_NEXT_KEY yields, 2 keys", calls::walk),
    ask("capacity", "keys in max_entries = 4", calls::capacity),
    ask("memory", "memory, 1000 keys of 8 bytes", calls::memory),
];
