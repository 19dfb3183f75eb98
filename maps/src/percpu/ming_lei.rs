//! Ming Lei, January 2016: `attr->cpu` names the CPU, for user space and for programs alike.

use crate::shape::{Layout, Shape};
use crate::mover::Where;
use crate::series::{
    Added, Addition, Answer, Ask, Fact, HelperDoes, ProgramView, Role, Series, Tag, UserCall, Whose,
};
use bpfsim_abi::helper::{Arg, HelperProto, Ret};
use bpfsim_abi::{Because, Errno, Refusal, Release, cause};
use bpfsim_sim::Topology;

/// The design as posted on 11 January 2016.
pub static SERIES: Series = Series {
    name: "ming-lei",
    is_default: true,
    title: "bpf: support percpu ARRAY map (attr->cpu)",
    author: "Ming Lei",
    posted: "2016-01-11, 9 patches",
    cites: "\"[PATCH 5/9] bpf: syscall: add percpu version of lookup/update elem\"",
    release: Release::new(4, 5),
    shipped: None,
    adds: &[
        Added {
            what: Addition::Command {
                name: "BPF_MAP_LOOKUP_ELEM_PERCPU",
                number: 8,
                role: Role::Lookup,
            },
            tag: Tag::Seen,
        },
        Added {
            what: Addition::Command {
                name: "BPF_MAP_UPDATE_ELEM_PERCPU",
                number: 9,
                role: Role::Update,
            },
            tag: Tag::Seen,
        },
        Added {
            what: Addition::MapType {
                name: "BPF_MAP_TYPE_ARRAY_PERCPU",
                number: 5,
                layout: Layout::Array,
            },
            tag: Tag::Seen,
        },
        Added { what: Addition::Field { name: "cpu", offset: 32, size: 4 }, tag: Tag::Seen },
        Added {
            what: Addition::Helper {
                proto: HelperProto {
                    id: 27,
                    name: "map_lookup_elem_percpu",
                    args: [Arg::ConstMapPtr, Arg::MapKey, Arg::Anything, Arg::None, Arg::None],
                    ret: Ret::MapValueOrNull,
                    gpl_only: false,
                    since: Release::new(4, 5),
                },
                does: HelperDoes::LookupUnchecked,
            },
            tag: Tag::Seen,
        },
        Added {
            what: Addition::Helper {
                proto: HelperProto {
                    id: 28,
                    name: "map_update_elem_percpu",
                    args: [
                        Arg::ConstMapPtr,
                        Arg::MapKey,
                        Arg::MapValue,
                        Arg::Anything,
                        Arg::Anything,
                    ],
                    ret: Ret::Integer,
                    gpl_only: false,
                    since: Release::new(4, 5),
                },
                does: HelperDoes::UpdateUnchecked,
            },
            tag: Tag::Seen,
        },
    ],
    facts: &[
        Fact { text: "neither helper checks the CPU number", tag: Tag::Seen },
        Fact { text: "plain lookups and updates of the map find nothing", tag: Tag::Seen },
        Fact {
            text: "the system calls answer EINVAL for a CPU that is not possible",
            tag: Tag::Reconstructed,
        },
        Fact { text: "an off-line CPU's memory is read and written", tag: Tag::Reconstructed },
        Fact {
            text: "the two commands look at the same fields in the same order as the plain ones",
            tag: Tag::Reconstructed,
        },
    ],
    scenario_map: (5, Layout::Array, false),
    scenario_hash: (5, Layout::Array, false),
    programs: ProgramView::Nothing,
    who_names_the_cpu: "the program, as an argument",
    read,
    write,
    user,
};

/// One value, of the CPU that the caller names. Nothing without the series' own commands: their
/// map operations are empty functions (patch 2/9).
fn read(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    match ask.role {
        None => Ok(Answer::refuse(ask, Errno::ENOENT)),
        Some(_) if !ask.shape.percpu => Ok(Answer::refuse(ask, Errno::ENOENT)),
        Some(_) => Ok(Answer::one(ask, rank(ask)?, Where::Caller)),
    }
}

fn write(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    match ask.role {
        None => Ok(Answer::refuse(ask, Errno::EINVAL)),
        Some(_) if !ask.shape.percpu => Ok(Answer::refuse(ask, Errno::EINVAL)),
        Some(_) => Ok(Answer::one(ask, rank(ask)?, Where::Caller)),
    }
}

/// Whether `syscall.c` checked `attr->cpu` is unknown; a check is assumed.
fn rank(ask: &Ask<'_>) -> Result<u32, Refusal> {
    ask.cpus.possible.rank(ask.cpu).map(|rank| rank as u32).because(cause::PROPOSED_CPU_NOT_POSSIBLE)
}

/// The sample's wrapper: one call for each CPU (patch 9/9).
fn user(
    whose: Whose,
    shape: &Shape,
    cpus: &Topology,
    here: u32,
    write: bool,
) -> Option<Vec<UserCall>> {
    let call = |cpu| UserCall {
        cmd: if write { 9 } else { 8 },
        flags: 0,
        cpu,
        composite: None,
        buffer: shape.value_size,
        offset: Some(0),
    };
    Some(match whose {
        Whose::Cpu(cpu) => vec![call(cpu)],
        Whose::Own => vec![call(here)],
        Whose::All => cpus.possible.iter().map(call).collect(),
    })
}
