//! The passes over a program, in the kernel's order, and what comes of them.
//!
//! Source: `bpf_check()` of v4.4.

use bpfsim_abi::Errno;
use bpfsim_abi::insn::{Imm64, Insn, Op, decode};

use crate::era::Era;
use crate::link::{self, Maps};
use crate::log::Log;
use crate::require::Cx;
use crate::rules::{No, reject};
use crate::walk::Walk;
use crate::{Env, Reject, Stage, Verified, cfg, ctx, kind};

/// Verifies `program`, writing what the kernel writes into `log`.
pub(crate) fn check(
    program: &[Insn],
    env: &mut dyn Env,
    log: &mut Log,
) -> Result<Verified, Reject> {
    let era = Era::new(env.release(), env.privileged());
    if program.is_empty() {
        return Err(reject(era, None, false, No::new(Errno::E2BIG, "")));
    }
    let at = |(pc, no)| reject(era, Some(pc), false, no);
    let of_kind = |no| reject(era, None, false, no);
    let of_types = |(errno, message)| reject(era, None, false, No::new(errno, message));
    env.check_types(program, Stage::Early).map_err(of_types)?;
    // v5.8 looks at the ends first, v4.16 at the maps.
    if era.since(5, 8) {
        cfg::ends(era, program).map_err(at)?;
        env.check_types(program, Stage::Late).map_err(of_types)?;
    }
    // v5.10 looks at what the program is before it looks at the maps, v6.13 after the graph.
    if era.since(5, 10) && !era.since(6, 13) {
        kind::check(era, env).map_err(of_kind)?;
    }
    let maps = link::link(era, program, env).map_err(at)?;
    cfg::ends(era, program).map_err(at)?;
    if !era.since(5, 8) {
        env.check_types(program, Stage::Late).map_err(of_types)?;
    }
    if !era.since(5, 10) {
        kind::check(era, env).map_err(of_kind)?;
    }
    let graph = cfg::check(era, program).map_err(at)?;
    if era.since(6, 13) {
        kind::check(era, env).map_err(of_kind)?;
    }
    if env.sleepable() && !maps.handles.is_empty() {
        let no = No::not_modelled("the maps of a program that may sleep");
        return Err(of_kind(no));
    }
    if !ctx::is_judged(env.prog_type()) {
        let no = No::not_modelled(format!("programs of type {}", env.prog_type()));
        return Err(reject(era, None, false, no));
    }
    let mut walk = Walk::new(Cx { era, env: &*env, maps: &maps }, program, graph, log);
    walk.run()?;
    let binds = walk.attach_type_binds();
    let depth = walk.finish();
    let verified = verified(era, program, &maps, depth, env.prog_type())?;
    Ok(Verified { attach_type_binds: binds, ..verified })
}

fn verified(
    era: Era,
    program: &[Insn],
    maps: &Maps,
    depth: i64,
    prog_type: u32,
) -> Result<Verified, Reject> {
    let mut ops = decode(program).map_err(|no| {
        let why = No::not_modelled(format!("dead code that is no instruction: {no}"));
        reject(era, Some(no.pc), false, why)
    })?;
    for (op, map) in ops.iter_mut().zip(&maps.at) {
        let (Op::LoadImm64 { imm, .. }, Some(map)) = (op, map) else { continue };
        let handle = maps.handles[usize::from(*map)] as i32;
        match imm {
            Imm64::MapFd(fd) | Imm64::MapValue { fd, .. } => *fd = handle,
            Imm64::Value(_) | Imm64::Other { .. } => {}
        }
    }
    Ok(Verified {
        ops: ops.into(),
        maps: maps.handles.clone().into(),
        stack_depth: (depth as u32).next_multiple_of(8),
        prog_type,
        insns: program.into(),
        attach_type_binds: false,
    })
}
