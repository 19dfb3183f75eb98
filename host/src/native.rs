//! Whether the real kernel answers bpf(2) here, and what it can be asked for.

use crate::caller::Caller;
use crate::cpus;
use crate::failed::{Failed, Skipped, errno_name};
use crate::sys::{MapKind, NativeMap, load};
use bpfsim_abi::{Errno, Insn};
use std::fmt;
use std::os::fd::OwnedFd;

/// The first log buffer, in bytes; four times as many after each `ENOSPC`.
const LOG_BYTES: usize = 1 << 16;
/// The largest log buffer: `bpf_verifier_log` takes at most this much since v5.16.
const LOG_MAX: usize = 1 << 28;

/// Proof that bpf(2) answers on this machine.
#[derive(Clone, Debug)]
pub struct Native {
    possible: Vec<u32>,
}

/// What the verifier said against a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// The positive error number.
    pub number: i32,
    /// The verifier's log; empty at log level 0, and when it did not get that far.
    pub log: String,
}

impl Rejected {
    /// The error number by name; `None` where [`Errno`] has no row for it.
    pub const fn errno(&self) -> Option<Errno> {
        Errno::from_number(self.number)
    }
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BPF_PROG_LOAD answers {}\n{}", errno_name(self.number), self.log)
    }
}

impl std::error::Error for Rejected {}

impl Native {
    /// Asks the kernel for an array map of one entry. Skipped where bpf(2) does not exist or is
    /// not allowed, or where the system does not say which CPUs are possible.
    pub fn probe() -> Result<Native, Skipped> {
        let possible = cpus::possible()?;
        NativeMap::create(MapKind::Array, 4, 1, possible.len())
            .map_err(|failed| Failed { command: "bpf(2)", ..failed })?;
        Ok(Native { possible })
    }

    /// The possible CPUs, ascending: the order of the slots of a per-CPU value.
    pub fn possible(&self) -> &[u32] {
        &self.possible
    }

    /// A caller with an empty memory and no descriptors.
    pub fn caller(&self) -> Result<Caller, Skipped> {
        Caller::new()
    }

    /// `BPF_MAP_CREATE` of a map with four-byte keys; sizes in bytes.
    pub fn map(&self, kind: MapKind, value_size: u32, entries: u32) -> Result<NativeMap, Failed> {
        NativeMap::create(kind, value_size, entries, self.possible.len())
    }

    /// Loads a program under the license `GPL` and drops nothing: the descriptor and the log.
    ///
    /// `prog_type` is a number of `enum bpf_prog_type`; `log_level` 0 asks for no log, 1 for the
    /// usual one, 2 for every step. Map descriptors stand in `insns` as numbers, so the maps must
    /// be open. The program is loaded and not attached.
    pub fn verify(
        &self,
        insns: &[Insn],
        prog_type: u32,
        log_level: u32,
    ) -> Result<(OwnedFd, String), Rejected> {
        let mut log = vec![0; if log_level == 0 { 0 } else { LOG_BYTES }];
        loop {
            let answer = load(prog_type, insns, log_level, &mut log);
            match answer {
                Err(f) if f.number == libc::ENOSPC && !log.is_empty() && log.len() < LOG_MAX => {
                    log = vec![0; log.len() * 4];
                }
                Err(failed) => {
                    return Err(Rejected { number: failed.number, log: text(&log) });
                }
                Ok(fd) => return Ok((fd, text(&log))),
            }
        }
    }
}

/// The log up to its NUL.
fn text(log: &[u8]) -> String {
    let end = log.iter().position(|byte| *byte == 0).unwrap_or(log.len());
    String::from_utf8_lossy(&log[..end]).into_owned()
}
