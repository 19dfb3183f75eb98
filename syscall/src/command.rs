//! The commands: a row each, with its handler and how well it is supported.

use crate::batch::{self, Batch};
use crate::entry::Attr;
use crate::meta::Kind;
use crate::{
    Answer, Kernel, Task, attach, bind, btf, elem, freeze, ids, info, links, load, map_create,
    object, program, take,
};
use bpfsim_maps::series::Role;
use std::fmt;

/// How well a command answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Support {
    /// As the release does, for the map and program types that are modelled.
    Full,
    /// As the release does, apart from what the text names.
    Partial(&'static str),
    /// The errors that the text names; everything else answers "not modelled".
    Errors(&'static str),
}

impl fmt::Display for Support {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Support::Full => f.write_str("full"),
            Support::Partial(what) => write!(f, "partial: {what}"),
            Support::Errors(what) => write!(f, "errors only: {what}"),
        }
    }
}

/// A handler: checks, operation, finish.
pub type Handler = fn(&mut Kernel, &mut dyn Task, &Attr) -> Answer;

/// One command of bpf(2).
#[derive(Clone, Copy, Debug)]
pub struct Command {
    /// In `enum bpf_cmd`.
    pub number: u32,
    /// The kernel's name.
    pub name: &'static str,
    /// What answers it.
    pub handler: Handler,
    /// How well.
    pub support: Support,
}

const fn row(number: u32, name: &'static str, handler: Handler, support: Support) -> Command {
    Command { number, name, handler, support }
}

/// What BPF_PROG_ATTACH and its like know to attach to.
const HOOKS: Support = Support::Partial(
    "cgroups, flow dissectors and tcx; socket maps, infrared and netkit devices are not modelled",
);

/// Every command that has a handler, by number. The others answer "not modelled".
pub const COMMANDS: &[Command] = &[
    row(
        0,
        "BPF_MAP_CREATE",
        map_create::create,
        Support::Partial("devices, tokens, and values with locks or timers are not modelled"),
    ),
    row(1, "BPF_MAP_LOOKUP_ELEM", |k, t, a| elem::lookup(k, t, a, None), Support::Full),
    row(2, "BPF_MAP_UPDATE_ELEM", |k, t, a| elem::update(k, t, a, None), Support::Full),
    row(3, "BPF_MAP_DELETE_ELEM", elem::delete, Support::Full),
    row(4, "BPF_MAP_GET_NEXT_KEY", elem::next_key, Support::Full),
    row(
        5,
        "BPF_PROG_LOAD",
        load::load,
        Support::Partial(
            "the context of program types beyond filters, tc, probes; CO-RE, signatures, tokens",
        ),
    ),
    row(
        6,
        "BPF_OBJ_PIN",
        object::pin,
        Support::Partial("one mount; nothing else is in other file systems"),
    ),
    row(
        7,
        "BPF_OBJ_GET",
        object::get,
        Support::Partial("one mount; nothing else is in other file systems"),
    ),
    row(8, "BPF_PROG_ATTACH", attach::attach, HOOKS),
    row(9, "BPF_PROG_DETACH", attach::detach, HOOKS),
    row(
        10,
        "BPF_PROG_TEST_RUN",
        program::test_run,
        Support::Partial("socket filters and tc; the packet is not changed"),
    ),
    row(11, "BPF_PROG_GET_NEXT_ID", |k, t, a| ids::next(k, t, a, Kind::Prog), Support::Full),
    row(12, "BPF_MAP_GET_NEXT_ID", |k, t, a| ids::next(k, t, a, Kind::Map), Support::Full),
    row(13, "BPF_PROG_GET_FD_BY_ID", ids::program, Support::Full),
    row(14, "BPF_MAP_GET_FD_BY_ID", ids::map, Support::Full),
    row(
        15,
        "BPF_OBJ_GET_INFO_BY_FD",
        info::info,
        Support::Partial(
            "maps and programs of a kernel without a JIT; xlated_prog_len and verified_insns are \
             the loaded instructions, which come back where no release rewrites them",
        ),
    ),
    row(16, "BPF_PROG_QUERY", attach::query, HOOKS),
    row(
        17,
        "BPF_RAW_TRACEPOINT_OPEN",
        links::raw_tracepoint,
        Support::Partial("tracepoints that the targets list; programs with BTF are not modelled"),
    ),
    row(
        18,
        "BPF_BTF_LOAD",
        btf::load,
        Support::Partial("kptrs in structs, which the kernel's own BTF decides"),
    ),
    row(19, "BPF_BTF_GET_FD_BY_ID", ids::btf, Support::Full),
    row(
        20,
        "BPF_TASK_FD_QUERY",
        links::query_fd,
        Support::Partial("the caller's own fds; perf events are not modelled"),
    ),
    row(21, "BPF_MAP_LOOKUP_AND_DELETE_ELEM", take::lookup_and_delete, Support::Full),
    row(
        22,
        "BPF_MAP_FREEZE",
        freeze::freeze,
        Support::Partial("the verifier reads no constants from frozen maps; nothing is mapped"),
    ),
    row(23, "BPF_BTF_GET_NEXT_ID", |k, t, a| ids::next(k, t, a, Kind::Btf), Support::Full),
    row(24, "BPF_MAP_LOOKUP_BATCH", |k, t, a| batch::batch(k, t, a, Batch::Lookup), Support::Full),
    row(
        25,
        "BPF_MAP_LOOKUP_AND_DELETE_BATCH",
        |k, t, a| batch::batch(k, t, a, Batch::LookupAndDelete),
        Support::Full,
    ),
    row(26, "BPF_MAP_UPDATE_BATCH", |k, t, a| batch::batch(k, t, a, Batch::Update), Support::Full),
    row(27, "BPF_MAP_DELETE_BATCH", |k, t, a| batch::batch(k, t, a, Batch::Delete), Support::Full),
    row(
        28,
        "BPF_LINK_CREATE",
        links::create,
        Support::Partial(
            "cgroups, network namespaces, devices and netfilter; events, probes, socket maps, \
             struct_ops and programs with BTF are not modelled",
        ),
    ),
    row(29, "BPF_LINK_UPDATE", links::update, Support::Full),
    row(30, "BPF_LINK_GET_FD_BY_ID", ids::link, Support::Full),
    row(31, "BPF_LINK_GET_NEXT_ID", |k, t, a| ids::next(k, t, a, Kind::Link), Support::Full),
    row(
        32,
        "BPF_ENABLE_STATS",
        links::statistics,
        Support::Partial("a run takes as long as an input says"),
    ),
    row(33, "BPF_ITER_CREATE", links::iterate, Support::Partial("no link is of an iterator")),
    row(34, "BPF_LINK_DETACH", links::detach, Support::Full),
    row(35, "BPF_PROG_BIND_MAP", bind::bind, Support::Full),
    row(
        36,
        "BPF_TOKEN_CREATE",
        links::token,
        Support::Partial("everybody is in the first user namespace, where it is refused"),
    ),
    row(
        37,
        "BPF_PROG_STREAM_READ_BY_FD",
        links::read_stream,
        Support::Partial("nothing writes into streams"),
    ),
    row(
        38,
        "BPF_PROG_ASSOC_STRUCT_OPS",
        links::associate,
        Support::Partial("there are no maps of struct_ops"),
    ),
];

/// The row of a command number.
#[inline]
pub fn by_number(number: u32) -> Option<&'static Command> {
    match number {
        0..=7 => COMMANDS.get(number as usize),
        _ => COMMANDS.iter().find(|command| command.number == number),
    }
}

/// The handler of a command that a series adds.
pub fn of_role(role: Role) -> Handler {
    match role {
        Role::Lookup => |k, t, a| elem::lookup(k, t, a, Some(Role::Lookup)),
        Role::Update => |k, t, a| elem::update(k, t, a, Some(Role::Update)),
    }
}
