//! No per-CPU map at all: a plain hash whose key has the CPU number behind it, as people did
//! before, and as Ming Lei thought good enough in the thread.

use crate::shape::{Layout, Shape};
use crate::mover::Where;
use crate::series::{Answer, Ask, Fact, ProgramView, Series, Tag, UserCall, Whose};
use bpfsim_abi::{Refusal, Release};
use bpfsim_sim::Topology;

/// The design as it stands.
pub static SERIES: Series = Series {
    name: "keyed",
    is_default: true,
    title: "plain hash keyed by {key, cpu}",
    author: "common practice",
    posted: "before 2016",
    cites: "the thread, last paragraphs",
    release: Release::new(4, 5),
    shipped: None,
    adds: &[],
    facts: &[
        Fact {
            text: "GET_NEXT_KEY yields one key per CPU in hash order, so a walk needs a second map",
            tag: Tag::Seen,
        },
        Fact { text: "max_entries counts keys times CPUs", tag: Tag::Seen },
        Fact { text: "an update replaces the element, a delete names one CPU", tag: Tag::Seen },
    ],
    scenario_map: (1, Layout::Hash, true),
    scenario_hash: (1, Layout::Hash, true),
    programs: ProgramView::Own,
    who_names_the_cpu: "the program, in the key",
    read,
    write,
    user,
};

fn read(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    Ok(Answer::one(ask, 0, Where::Caller))
}

fn write(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    Ok(Answer::one(ask, 0, Where::Caller))
}

fn user(
    whose: Whose,
    shape: &Shape,
    cpus: &Topology,
    here: u32,
    write: bool,
) -> Option<Vec<UserCall>> {
    let call = |cpu| UserCall {
        cmd: if write { 2 } else { 1 },
        flags: 0,
        cpu: 0,
        composite: Some(cpu),
        buffer: shape.value_size,
        offset: Some(0),
    };
    Some(match whose {
        Whose::Cpu(cpu) => vec![call(cpu)],
        Whose::Own => vec![call(here)],
        Whose::All => cpus.possible.iter().map(call).collect(),
    })
}
