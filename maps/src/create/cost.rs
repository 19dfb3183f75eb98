//! What a map costs, and what its owner may lock: up to v5.10 every map counts against
//! `RLIMIT_MEMLOCK`; later the memory cgroup pays.
//!
//! Costs are those of the sources without the few hundred bytes of the map's own struct, whose
//! size changes with the configuration: they are right to within a page.

use super::ask::{Ask, PAGE, Rule};
use bpfsim_abi::{Errno, Refusal, Release, cause};

/// `U32_MAX - PAGE_SIZE`: no map may cost as much, up to v5.10.
pub(super) const MOST: u64 = u32::MAX as u64 - PAGE;

/// What its owner has locked for a map, in pages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Pages of 4096 bytes.
    pub pages: u64,
}

/// What the owner of a new map has locked, and may lock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Locked {
    /// Pages of the maps that there are.
    pub pages: u64,
    /// `RLIMIT_MEMLOCK` in pages; none: unlimited.
    pub limit: Option<u64>,
}

impl Locked {
    /// EPERM where one more map of this cost is too much.
    pub fn charge(self, cost: Cost) -> Rule {
        let most = self.limit.unwrap_or(u64::MAX);
        cause::MAP_MEMLOCK.unless(self.pages.saturating_add(cost.pages) <= most)
    }
}

/// bpf_map_precharge_memlock() and bpf_map_charge_init(): `too_much` for a cost that does not fit
/// 32 bits (E2BIG from v5.3 on), then EPERM where the limit is reached. A type that asks for its
/// limit `early` does so since that release; what the others cost is charged once they are made.
pub(super) fn charge(
    ask: &Ask<'_>,
    bytes: u64,
    too_much: Errno,
    early: Release,
) -> Result<Cost, Refusal> {
    if ask.since(5, 11) {
        return Ok(Cost::default());
    }
    if bytes >= MOST {
        let errno = if ask.since(5, 3) { Errno::E2BIG } else { too_much };
        return Err(Refusal::of(errno).or_because(Some(cause::MAP_COST)));
    }
    // Before v4.4 nobody counted.
    let pages = if ask.since(4, 4) { bytes.div_ceil(PAGE).max(1) } else { 0 };
    let cost = Cost { pages };
    if ask.release() >= early {
        ask.around.locked.charge(cost)?;
    }
    Ok(cost)
}
