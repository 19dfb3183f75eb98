//! What v4.6 merged: Alexei Starovoitov's own series. Programs use their own CPU's value; user
//! space reads and writes the values of all possible CPUs at once.

use crate::shape::{Layout, Shape};
use crate::mover::Where;
use crate::series::{
    Added, Addition, Answer, Ask, Fact, HelperDoes, ProgramView, Series, Tag, UserCall, Whose,
};
use bpfsim_abi::helper::{Arg, HelperProto, Ret};
use bpfsim_abi::{Refusal, Release};
use bpfsim_sim::Topology;

/// `bpf_map_lookup_percpu_elem()`, ten releases of thought later.
pub(super) const LOOKUP_PERCPU: HelperProto = HelperProto {
    id: 195,
    name: "map_lookup_percpu_elem",
    args: [Arg::ConstMapPtr, Arg::MapKey, Arg::Anything, Arg::None, Arg::None],
    ret: Ret::MapValueOrNull,
    gpl_only: false,
    since: Release::new(5, 19),
};

pub(super) const MAP_TYPES: [Added; 2] = [
    Added {
        what: Addition::MapType {
            name: "BPF_MAP_TYPE_PERCPU_HASH",
            number: 5,
            layout: Layout::Hash,
        },
        tag: Tag::Seen,
    },
    Added {
        what: Addition::MapType {
            name: "BPF_MAP_TYPE_PERCPU_ARRAY",
            number: 6,
            layout: Layout::Array,
        },
        tag: Tag::Seen,
    },
];

pub(super) const HELPER: Added = Added {
    what: Addition::Helper { proto: LOOKUP_PERCPU, does: HelperDoes::LookupChecked },
    tag: Tag::Seen,
};

/// The design that v4.6 shipped.
pub static SERIES: Series = Series {
    name: "merged",
    is_default: true,
    title: "bpf: introduce BPF_MAP_TYPE_PERCPU_HASH / PERCPU_ARRAY map",
    author: "Alexei Starovoitov",
    posted: "2016-02-01, 6 patches, merged 2016-02-06",
    cites: "commits 824bd0ce6c7c, a10423b87a7e, 15a07b33814d",
    release: Release::new(4, 6),
    shipped: Some(Release::new(4, 6)),
    adds: &[MAP_TYPES[0], MAP_TYPES[1], HELPER],
    facts: &[
        Fact {
            text: "one call copies all possible CPUs' values, each rounded up to 8 bytes",
            tag: Tag::Seen,
        },
        Fact { text: "copies are made in machine words, without a lock", tag: Tag::Seen },
        Fact { text: "until v5.9 a recycled element keeps other CPUs' old values", tag: Tag::Seen },
        Fact { text: "off-line CPUs' values are included", tag: Tag::Seen },
        Fact { text: "helper 195 came with v5.19", tag: Tag::Seen },
    ],
    scenario_map: (6, Layout::Array, false),
    scenario_hash: (5, Layout::Hash, false),
    programs: ProgramView::Own,
    who_names_the_cpu: "nobody: this_cpu_ptr()",
    read,
    write,
    user,
};

/// All possible CPUs' values, one after the other.
pub(super) fn read(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    Ok(if ask.shape.percpu { Answer::all(ask) } else { Answer::one(ask, 0, Where::Caller) })
}

pub(super) fn write(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    Ok(if ask.shape.percpu { Answer::all(ask) } else { Answer::one(ask, 0, Where::Caller) })
}

/// One call for all of them; whoever wants one CPU's value picks it out of the buffer, and
/// cannot write it alone.
fn user(
    whose: Whose,
    shape: &Shape,
    cpus: &Topology,
    here: u32,
    write: bool,
) -> Option<Vec<UserCall>> {
    let stride = shape.stride();
    let offset = match whose {
        Whose::All => None,
        Whose::Cpu(_) | Whose::Own if write => return None,
        Whose::Cpu(cpu) => Some(cpus.possible.rank(cpu)? as u32 * stride),
        Whose::Own => Some(cpus.possible.rank(here)? as u32 * stride),
    };
    Some(vec![UserCall {
        cmd: if write { 2 } else { 1 },
        flags: 0,
        cpu: 0,
        composite: None,
        buffer: stride * cpus.possible.len() as u32,
        offset,
    }])
}
