//! Maps: what a scenario's types mean under a series, made by MAP_CREATE and filled by updates.

use super::error::SetupError;
use super::setup::{Stage, StageMap};
use crate::scenario::{MapDef, MapKind};
use bpfsim_abi::attr::{MapCreateAttr, MapElemAttr};
use bpfsim_abi::{Errno, Release};
use bpfsim_maps::Layout;
use bpfsim_maps::series::Series;
use bpfsim_sim::CpuList;
use bpfsim_syscall::{Failure, Kernel, Process, Task};
use zerocopy::IntoBytes;

/// Number and layout of what `percpu` means, and whether keys have the CPU behind them.
fn scenario_map(series: &Series, def: &MapDef) -> (u32, Layout, bool) {
    if def.hash { series.scenario_hash } else { series.scenario_map }
}

/// Number of the map type, and whether keys have the CPU behind them.
fn type_of(series: &Series, def: &MapDef) -> Result<(u32, Layout, bool), SetupError> {
    let own = |layout: Layout| {
        let found = series.map_types().find(|(_, _, known)| *known == layout);
        found.map(|(_, number, _)| (number, layout, false)).ok_or_else(|| {
            SetupError::NoOperation(format!("{} has no {}", series.base_name(), def.kind))
        })
    };
    match def.kind {
        MapKind::Percpu => Ok(scenario_map(series, def)),
        MapKind::Hash => Ok((1, Layout::Hash, false)),
        MapKind::Array => Ok((2, Layout::Array, false)),
        MapKind::PercpuArray => own(Layout::Array),
        MapKind::PercpuHash => own(Layout::Hash),
    }
}

/// Makes a map of the scenario, its keys present and zero unless it is to be empty.
pub(super) fn create(
    kernel: &mut Kernel,
    task: &mut Process,
    series: &'static Series,
    def: &MapDef,
) -> Result<StageMap, SetupError> {
    let (map_type, layout, composite) = type_of(series, def)?;
    let cpus = kernel.core.profile.cpus.possible.clone();
    let entries = def.entries * if composite { cpus.len() as u32 } else { 1 };
    let no_prealloc = def.prealloc == Some(false) && layout == Layout::Hash;
    let arm = MapCreateAttr {
        map_type,
        key_size: def.key_size + if composite { 4 } else { 0 },
        value_size: def.value_size,
        max_entries: def.max_entries.unwrap_or(entries),
        map_flags: u32::from(no_prealloc && kernel.core.profile.release >= Release::new(4, 6)),
        ..MapCreateAttr::default()
    };
    let failed = |failure| SetupError::Map(def.name.clone(), failure);
    let bytes = &arm.as_bytes()[..20];
    let attr = task.alloc(bytes);
    let fd = kernel.bpf(task, 0, attr, bytes.len() as u32).map_err(failed)?;
    let object = task.fd(fd).and_then(Result::ok).ok_or(failed(Errno::EBADF.into()))?;
    if layout == Layout::Hash && !def.empty {
        for key in 0..def.entries {
            for cpu in if composite { cpus.clone() } else { CpuList::first(1) }.iter() {
                let mut bytes = key.to_le_bytes().to_vec();
                bytes.resize(def.key_size as usize, 0);
                if composite {
                    bytes.extend_from_slice(&cpu.to_le_bytes());
                }
                insert(kernel, task, fd, &bytes, def.value_size).map_err(failed)?;
            }
        }
    }
    Ok(StageMap { def: def.clone(), fd, object })
}

/// A key with zero values.
fn insert(
    kernel: &mut Kernel,
    task: &mut Process,
    fd: u32,
    key: &[u8],
    value_size: u32,
) -> Result<u32, Failure> {
    let room = value_size.next_multiple_of(8) as usize * kernel.core.profile.cpus.possible.len();
    let arm = MapElemAttr {
        map_fd: fd,
        key: task.alloc(key),
        value: task.alloc_zeroed(room),
        ..MapElemAttr::default()
    };
    let attr = task.alloc(arm.as_bytes());
    kernel.bpf(task, 2, attr, 32)
}

impl Stage {
    pub(super) fn is_percpu(&self, def: &MapDef) -> bool {
        matches!(def.kind, MapKind::Percpu | MapKind::PercpuArray | MapKind::PercpuHash)
    }

    pub(super) fn is_composite(&self, def: &MapDef) -> bool {
        def.kind == MapKind::Percpu && scenario_map(self.series, def).2
    }
}
