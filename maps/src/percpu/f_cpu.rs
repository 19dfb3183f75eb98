//! What v7.0 brought: `BPF_F_CPU` and `BPF_F_ALL_CPUS`. User space names one CPU in the upper
//! half of the flags, or writes one value to all of them.

use super::merged;
use crate::shape::{Layout, Shape};
use crate::mover::Where;
use crate::series::{
    Added, Addition, Answer, Ask, Fact, ProgramView, Series, Tag, UserCall, Whose,
};
use crate::update::Want;
use bpfsim_abi::{Because, Errno, Refusal, Release, cause};
use bpfsim_sim::Topology;

const BPF_F_LOCK: u64 = 4;
const BPF_F_CPU: u64 = 8;
const BPF_F_ALL_CPUS: u64 = 16;

/// The design that v7.0 shipped.
pub static SERIES: Series = Series {
    name: "f-cpu",
    is_default: true,
    title: "bpf: Introduce BPF_F_CPU and BPF_F_ALL_CPUS flags for percpu maps",
    author: "Leon Hwang",
    posted: "2026-01-07, v13 of the series",
    cites: "lore 20260107022022.12843; commits 8eb76cb03f0f, c6936161fd55",
    release: Release::new(7, 0),
    shipped: Some(Release::new(7, 0)),
    adds: &[
        Added { what: Addition::Flag { name: "BPF_F_CPU", value: BPF_F_CPU }, tag: Tag::Seen },
        Added {
            what: Addition::Flag { name: "BPF_F_ALL_CPUS", value: BPF_F_ALL_CPUS },
            tag: Tag::Seen,
        },
        merged::MAP_TYPES[0],
        merged::MAP_TYPES[1],
        merged::HELPER,
    ],
    facts: &[
        Fact { text: "the CPU stands in the upper 32 bits of flags", tag: Tag::Seen },
        Fact { text: "a CPU that is not possible answers ERANGE", tag: Tag::Seen },
        Fact {
            text: "the copy is memcpy(), not the word copy of the plain lookup",
            tag: Tag::Seen,
        },
        Fact { text: "an off-line CPU's value is read and written by plain copy", tag: Tag::Seen },
        Fact { text: "with BPF_F_CPU, NOEXIST and EXIST are not looked at", tag: Tag::Seen },
        Fact { text: "that this release is v7.0 is derived from dates", tag: Tag::Reconstructed },
    ],
    scenario_map: (6, Layout::Array, false),
    scenario_hash: (5, Layout::Hash, false),
    programs: ProgramView::Own,
    who_names_the_cpu: "nobody: this_cpu_ptr()",
    read,
    write,
    user,
};

/// bpf_map_check_op_flags() of v7.0, after the fd and its mode, before the key.
fn check(ask: &Ask<'_>, allowed: u64) -> Result<(), Refusal> {
    let (low, cpu) = (ask.flags & 0xffff_ffff, (ask.flags >> 32) as u32);
    let names_cpus = low & (BPF_F_CPU | BPF_F_ALL_CPUS) != 0;
    match () {
        () if low & !allowed != 0 => cause::LOOKUP_FLAGS_UNKNOWN.refuse(),
        () if low & BPF_F_LOCK != 0 => cause::LOCK_WITHOUT_SPIN_LOCK.refuse(),
        () if low & BPF_F_CPU == 0 && cpu != 0 => cause::CPU_WITHOUT_FLAG.refuse(),
        () if names_cpus && !ask.shape.percpu => cause::CPU_FLAG_WITHOUT_PERCPU.refuse(),
        () if low & BPF_F_CPU != 0 && low & BPF_F_ALL_CPUS != 0 => {
            cause::CPU_AND_ALL_CPUS.refuse()
        }
        () if low & BPF_F_CPU != 0 && !ask.cpus.possible.contains(cpu) => {
            cause::CPU_NOT_POSSIBLE.refuse()
        }
        () => Ok(()),
    }
}

fn rank(ask: &Ask<'_>) -> Result<u32, Refusal> {
    let cpu = (ask.flags >> 32) as u32;
    ask.cpus.possible.rank(cpu).map(|rank| rank as u32).because(cause::CPU_NOT_POSSIBLE)
}

/// One CPU's value with the flag, all of them without.
fn read(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    check(ask, BPF_F_LOCK | BPF_F_CPU)?;
    match ask.flags & BPF_F_CPU {
        0 => merged::read(ask),
        _ => Ok(Answer::one(ask, rank(ask)?, Where::Caller)),
    }
}

/// The map operation compares the flags for equality: beside `BPF_F_CPU`, NOEXIST and EXIST match
/// nothing; beside `BPF_F_ALL_CPUS` they are past the last flag.
fn write(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    check(ask, !0)?;
    let low = ask.flags & 0xffff_ffff;
    let want = match low {
        0..=2 => Want::from_flags(low),
        3..=BPF_F_ALL_CPUS => Ok(Want::Any),
        _ => Err(Errno::EINVAL),
    };
    let mut answer = match low & (BPF_F_CPU | BPF_F_ALL_CPUS) {
        BPF_F_CPU => Answer::one(ask, rank(ask)?, Where::Caller),
        BPF_F_ALL_CPUS => replicated(ask),
        _ => merged::write(ask)?,
    };
    answer.want = if ask.shape.percpu { want } else { Want::from_flags(low) };
    Ok(answer)
}

fn replicated(ask: &Ask<'_>) -> Answer {
    let mut answer = Answer::one(ask, 0, Where::Caller);
    if let Ok(plan) = &mut answer.moves {
        plan.end = ask.shape.ranks;
    }
    answer
}

/// One call for one CPU, or one for all.
fn user(
    whose: Whose,
    shape: &Shape,
    cpus: &Topology,
    here: u32,
    write: bool,
) -> Option<Vec<UserCall>> {
    let cmd = if write { 2 } else { 1 };
    let one = |cpu: u32| UserCall {
        cmd,
        flags: BPF_F_CPU | u64::from(cpu) << 32,
        cpu: 0,
        composite: None,
        buffer: shape.value_size,
        offset: Some(0),
    };
    Some(vec![match whose {
        Whose::Cpu(cpu) => one(cpu),
        Whose::Own => one(here),
        Whose::All => UserCall {
            cmd,
            flags: 0,
            cpu: 0,
            composite: None,
            buffer: shape.stride() * cpus.possible.len() as u32,
            offset: None,
        },
    }])
}
