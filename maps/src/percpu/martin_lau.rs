//! Martin KaFai Lau, January 2016: programs use their own CPU's value by the plain helper, user
//! space reads one CPU's value by an interrupt to that CPU.

use crate::shape::{Layout, Shape};
use crate::mover::Where;
use crate::series::{
    Added, Addition, Answer, Ask, Fact, ProgramView, Role, Series, Tag, UserCall, Whose,
};
use bpfsim_abi::{Because, Refusal, Release, cause};
use bpfsim_sim::Topology;

const ADDS: &[Added] = &[
    Added {
        what: Addition::Command {
            name: "BPF_MAP_LOOKUP_PERCPU_ELEM",
            number: 8,
            role: Role::Lookup,
        },
        tag: Tag::Reconstructed,
    },
    Added {
        what: Addition::MapType {
            name: "BPF_MAP_TYPE_PERCPU_HASH",
            number: 5,
            layout: Layout::Hash,
        },
        tag: Tag::Reconstructed,
    },
    Added { what: Addition::Field { name: "cpu", offset: 32, size: 4 }, tag: Tag::Reconstructed },
];

const FACTS: &[Fact] = &[
    Fact { text: "the value is copied by smp_call_function_single()", tag: Tag::Seen },
    Fact { text: "an off-line CPU answers ENXIO, one past the last EINVAL", tag: Tag::Seen },
    Fact { text: "plain lookups return the caller's own CPU's value", tag: Tag::Seen },
    Fact {
        text: "a new key holds the value on the caller's CPU, zero on the others",
        tag: Tag::Seen,
    },
    Fact {
        text: "an existing key is updated in place, on the caller's CPU",
        tag: Tag::Reconstructed,
    },
    Fact { text: "the caller waits until the copy has been made", tag: Tag::Reconstructed },
    Fact {
        text: "on a map that is not per-CPU the command answers EINVAL",
        tag: Tag::Reconstructed,
    },
];

/// Version 2, 12 January 2016: the program's lookup uses `this_cpu_ptr()`.
pub static SERIES: Series = Series {
    name: "martin-lau@v2",
    is_default: true,
    title: "bpf: bpf_htab: Add BPF_MAP_TYPE_PERCPU_HASH (IPI), v2",
    author: "Martin KaFai Lau",
    posted: "2016-01-12, 4 patches",
    cites: "lkml 1601.1/02981",
    release: Release::new(4, 5),
    shipped: None,
    adds: ADDS,
    facts: FACTS,
    scenario_map: (5, Layout::Hash, false),
    scenario_hash: (5, Layout::Hash, false),
    programs: ProgramView::Own,
    who_names_the_cpu: "nobody: this_cpu_ptr()",
    read,
    write,
    user,
};

/// Version 1, 7 January 2016: the lookup uses `per_cpu_ptr()` with the CPU's number.
pub static V1: Series = Series {
    name: "martin-lau@v1",
    is_default: false,
    title: "bpf: bpf_htab: Add BPF_MAP_TYPE_PERCPU_HASH (IPI), v1",
    author: "Martin KaFai Lau",
    posted: "2016-01-07, 4 patches",
    cites: "lkml 1601.0/04300",
    release: Release::new(4, 5),
    shipped: None,
    adds: ADDS,
    facts: FACTS,
    scenario_map: (5, Layout::Hash, false),
    scenario_hash: (5, Layout::Hash, false),
    programs: ProgramView::Own,
    who_names_the_cpu: "the kernel: per_cpu_ptr(.., smp_processor_id())",
    read,
    write,
    user,
};

/// The value of the CPU that the caller names, copied on that CPU; the caller's own for the plain
/// command.
fn read(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    match ask.role {
        None => Ok(Answer::one(ask, ask.here, Where::Caller)),
        Some(_) if !ask.shape.percpu => cause::PROPOSED_WRONG_COMMAND.refuse(),
        Some(_) => {
            let rank = ask.cpus.possible.rank(ask.cpu).because(cause::PROPOSED_CPU_NOT_POSSIBLE)?;
            Ok(Answer::one(ask, rank as u32, Where::Owner))
        }
    }
}

/// There is no command that writes another CPU's value.
fn write(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    Ok(Answer::one(ask, ask.here, Where::Caller))
}

/// One call and one interrupt for each CPU; updates reach the caller's own CPU only.
fn user(
    whose: Whose,
    shape: &Shape,
    cpus: &Topology,
    _: u32,
    write: bool,
) -> Option<Vec<UserCall>> {
    let call = |cmd, cpu| UserCall {
        cmd,
        flags: 0,
        cpu,
        composite: None,
        buffer: shape.value_size,
        offset: Some(0),
    };
    match whose {
        Whose::Own => Some(vec![call(if write { 2 } else { 1 }, 0)]),
        Whose::Cpu(_) | Whose::All if write => None,
        Whose::Cpu(cpu) => Some(vec![call(8, cpu)]),
        Whose::All => Some(cpus.possible.iter().map(|cpu| call(8, cpu)).collect()),
    }
}
