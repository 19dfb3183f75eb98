//! The machine's CPUs: which there are, and running on one of them.

use crate::failed::Skipped;
use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::unistd::Pid;
use std::fs;
use std::marker::PhantomData;

/// The CPUs that the kernel keeps a slot for, ascending.
/// Source: `Documentation/ABI/testing/sysfs-devices-system-cpu`.
pub fn possible() -> Result<Vec<u32>, Skipped> {
    list("possible")
}

/// The CPUs that are running now, ascending.
pub fn online() -> Result<Vec<u32>, Skipped> {
    list("online")
}

fn list(which: &str) -> Result<Vec<u32>, Skipped> {
    let path = format!("/sys/devices/system/cpu/{which}");
    let text = fs::read_to_string(&path).map_err(|e| Skipped::new(format!("{path}: {e}")))?;
    parse(text.trim()).ok_or_else(|| Skipped::new(format!("{path} is no list of CPUs: '{text}'")))
}

/// Reads `0-3,8`. The kernel has at most 8192 CPUs (`CONFIG_NR_CPUS`), so more is no such list.
fn parse(text: &str) -> Option<Vec<u32>> {
    let mut cpus = Vec::new();
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (first.parse::<u32>().ok()?, last.parse::<u32>().ok()?);
        let ascends = cpus.last().is_none_or(|before| *before < first) && first <= last;
        if !ascends || last >= 8192 {
            return None;
        }
        cpus.extend(first..=last);
    }
    Some(cpus)
}

/// The online CPUs on which this thread may run, ascending.
pub fn allowed() -> Result<Vec<u32>, Skipped> {
    let set = affinity()?;
    let mut cpus = online()?;
    cpus.retain(|cpu| set.is_set(*cpu as usize).unwrap_or(false));
    Ok(cpus)
}

fn affinity() -> Result<CpuSet, Skipped> {
    sched_getaffinity(Pid::from_raw(0))
        .map_err(|e| Skipped::new(format!("sched_getaffinity(2) answers {e}")))
}

/// This thread runs on one CPU as long as this value lives; then where it could run before.
///
/// It belongs to the thread that made it, so it is neither `Send` nor `Sync`.
#[derive(Debug)]
pub struct Pinned {
    before: CpuSet,
    thread: PhantomData<*const ()>,
}

impl Pinned {
    /// Moves this thread to `cpu`. Skipped when it may not run there.
    pub fn to(cpu: u32) -> Result<Self, Skipped> {
        let before = affinity()?;
        let mut only = CpuSet::new();
        only.set(cpu as usize)
            .and_then(|()| sched_setaffinity(Pid::from_raw(0), &only))
            .map_err(|e| Skipped::new(format!("cannot run on CPU {cpu}: {e}")))?;
        Ok(Self { before, thread: PhantomData })
    }
}

impl Drop for Pinned {
    fn drop(&mut self) {
        // The set was this thread's own. If it is refused now (a CPU went off line), the thread
        // stays where it is, and that is all.
        let _ = sched_setaffinity(Pid::from_raw(0), &self.before);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::one("0", Some(vec![0]))]
    #[case::range("0-3", Some(vec![0, 1, 2, 3]))]
    #[case::hole("0-1,4,6-7", Some(vec![0, 1, 4, 6, 7]))]
    #[case::empty("", None)]
    #[case::backwards("3-1", None)]
    #[case::twice("0-2,2", None)]
    #[case::too_many("0-8192", None)]
    #[case::word("all", None)]
    fn lists_of_cpus_are_read(#[case] text: &str, #[case] cpus: Option<Vec<u32>>) {
        assert_eq!(parse(text), cpus);
    }

    #[test]
    fn pinning_ends_with_its_value() {
        let before = allowed().expect("Linux says where a thread may run");
        let last = *before.last().expect("one CPU at least");
        {
            let _here = Pinned::to(last).expect("an allowed CPU");
            assert_eq!(allowed(), Ok(vec![last]));
        }
        assert_eq!(allowed(), Ok(before));
        assert!(Pinned::to(100_000).is_err());
    }
}
