//! Programs: from the scenario's text or an object file, through PROG_LOAD.

use super::error::SetupError;
use super::setup::{Files, StageMap};
use crate::asm::{self, NameTable, Program};
use crate::object::ObjectFile;
use crate::scenario::{ProgDef, Scenario, Source};
use bpfsim_abi::attr::ProgLoadAttr;
use bpfsim_abi::helper_id;
use bpfsim_maps::series::{Addition, Series};
use bpfsim_syscall::{Failure, Kernel, ObjectId, Process, Task};
use zerocopy::IntoBytes;

/// Helper names as a program of this kernel may write them: the series' own first.
fn names(series: &Series, maps: &[&str]) -> NameTable {
    let own = series.adds.iter().filter_map(|added| match added.what {
        Addition::Helper { proto, .. } => Some((proto.name, proto.id as i32)),
        Addition::Command { .. }
        | Addition::MapType { .. }
        | Addition::Field { .. }
        | Addition::Flag { .. } => None,
    });
    let short = |name: &'static str| name.strip_prefix("bpf_").unwrap_or(name);
    let all = helper_id::ALL.iter().map(|entry| (short(entry.name), entry.number as i32));
    let helpers: Vec<(&str, i32)> = own.chain(all).collect();
    NameTable::new(&helpers, maps)
}

/// Assembles or reads a program.
pub fn source(
    series: &Series,
    scenario: &Scenario,
    def: &ProgDef,
    files: Files<'_>,
) -> Result<Program, SetupError> {
    match def.source_for(series.name) {
        None => Err(SetupError::NoProgram(def.name.clone())),
        Some(Source::Asm { text, line }) => {
            let maps: Vec<&str> = scenario.maps.iter().map(|map| map.name.as_str()).collect();
            asm::assemble(text, &names(series, &maps)).map_err(|error| {
                let line = line + error.line - 1;
                let message = error.message;
                SetupError::Source(Some(line), format!("program {}: {message}", def.name))
            })
        }
        Some(Source::Object { file, program }) => {
            let bytes = files(file).map_err(|why| SetupError::Source(None, why))?;
            let object = ObjectFile::parse(&bytes)
                .map_err(|error| SetupError::Source(None, format!("{file}: {error}")))?;
            let found = match program {
                Some(name) => object.prog(name),
                None => object.prog(&def.name).or(object.progs.first()),
            };
            let missing = || SetupError::Source(None, format!("{file}: no program {}", def.name));
            found.map(crate::object::ProgDef::program).ok_or_else(missing)
        }
    }
}

/// The line of the instruction that the verifier looked at last.
fn last_line(log: &str, lines: &[u32]) -> Option<u32> {
    let position = |line: &str| line.split_once(": (")?.0.parse::<usize>().ok();
    let last = log.lines().filter_map(position).next_back();
    last.and_then(|at| lines.get(at).copied()).or(lines.first().copied())
}

/// PROG_LOAD, with a log. `lines` are those of the instructions in the scenario file, where it has
/// them.
pub(super) fn load(
    kernel: &mut Kernel,
    task: &mut Process,
    maps: &[StageMap],
    def: &ProgDef,
    program: Program,
    lines: &[u32],
) -> Result<ObjectId, SetupError> {
    let mut insns = program.insns;
    for reference in &program.map_refs {
        let found = maps.iter().find(|map| map.def.name == reference.map);
        let map = found.ok_or_else(|| SetupError::NoMap(reference.map.clone()))?;
        insns[reference.insn].imm = map.fd as i32;
    }
    let release = kernel.core.profile.release;
    const LOG: usize = 1 << 20;
    let log_buf = task.alloc_zeroed(LOG);
    let arm = ProgLoadAttr {
        prog_type: def.prog_type.number(),
        insn_cnt: insns.len() as u32,
        insns: task.alloc(insns.as_bytes()),
        license: task.alloc(b"GPL\0"),
        log_level: 1,
        log_size: LOG as u32,
        log_buf,
        // Kprobe programs name the kernel that they are for, up to v4.20.
        kern_version: u32::from(release.major) << 16 | u32::from(release.minor) << 8,
        ..ProgLoadAttr::default()
    };
    let attr = task.alloc(&arm.as_bytes()[..48]);
    let loaded = kernel.bpf(task, 5, attr, 48);
    let log = task.bytes(log_buf, LOG).unwrap_or(&[]);
    let end = log.iter().position(|byte| *byte == 0).unwrap_or(log.len());
    let log = String::from_utf8_lossy(&log[..end]).into_owned();
    match loaded {
        Ok(fd) => {
            let missing = || SetupError::NoProgram(def.name.clone());
            task.fd(fd).and_then(Result::ok).ok_or_else(missing)
        }
        Err(failure) => {
            let last = log.lines().rfind(|line| !line.starts_with("processed"));
            let message = match &failure {
                Failure::NotModelled(what) => what.clone(),
                Failure::Errno(_) | Failure::Trapped(_) => {
                    last.map_or_else(|| failure.to_string(), str::to_owned)
                }
            };
            let program = def.name.as_str().into();
            let message = message.into();
            Err(SetupError::Rejected { program, message, failure, line: last_line(&log, lines) })
        }
    }
}
