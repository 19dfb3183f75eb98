//! The protocol of the logs of PROG_LOAD and BTF_LOAD: what the caller must give, what it gets.
//!
//! Up to v6.3 the buffer has the beginning of a log that is too long; since v6.4 its end, unless
//! `BPF_LOG_FIXED` asks for the beginning, and `log_true_size` says how long it is.

use crate::entry::Attr;
use crate::{Failure, Task};
use bpfsim_abi::attr::{BtfLoadAttr, ProgLoadAttr, UserAddr};
use bpfsim_abi::{Because, Refusal, Release, cause};

/// `BPF_LOG_FIXED`, v6.4.
const BPF_LOG_FIXED: u32 = 8;

/// The release of the log that rolls.
pub(crate) const ROLLING: Release = Release::new(6, 4);

/// Where a caller wants its log, and how much of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    level: u32,
    /// In bytes.
    size: u32,
    buf: UserAddr,
    /// Byte of the attr in which the size of the whole log goes.
    true_size: u32,
    /// The release since which levels are a set of known bits.
    levels_since: Release,
}

impl Wanted {
    /// What PROG_LOAD was given.
    pub fn of_program(arm: &ProgLoadAttr) -> Self {
        let (level, size, buf) = (arm.log_level, arm.log_size, arm.log_buf);
        Self { level, size, buf, true_size: 140, levels_since: Release::new(5, 2) }
    }

    /// What BTF_LOAD was given.
    pub fn of_btf(arm: &BtfLoadAttr) -> Self {
        let (level, size, buf) = (arm.btf_log_level, arm.btf_log_size, arm.btf_log_buf);
        Self { level, size, buf, true_size: 28, levels_since: Release::new(5, 15) }
    }

    /// Somebody reads it.
    pub const fn is_on(&self) -> bool {
        self.level != 0
    }
}

/// Level, size and buffer must go together.
pub(crate) fn check(wanted: &Wanted, release: Release) -> Result<(), Refusal> {
    let buffer = !wanted.buf.is_null();
    let known = release >= wanted.levels_since;
    let levels = match release {
        _ if !known => u32::MAX,
        release if release < ROLLING => 7,
        _ => 15,
    };
    let most = if known { u32::MAX >> 2 } else { u32::MAX >> 8 };
    let sane = match release >= ROLLING {
        true => buffer == (wanted.size != 0) && (!buffer || wanted.level != 0),
        false if wanted.level == 0 && !buffer && wanted.size == 0 => return Ok(()),
        false => buffer && wanted.level != 0 && wanted.size >= 128,
    };
    let fits = wanted.size <= most && wanted.level & !levels == 0;
    cause::LOG_ARGUMENTS.unless(sane && fits)
}

/// How much the verifier says: 0, 1 or more. From v5.2 on a level is a set of bits, of which two
/// are for that; asking for statistics alone still brings the message.
pub(crate) fn level(log_level: u32, release: Release) -> u32 {
    match log_level {
        0 => 0,
        level if release < Release::new(5, 2) => level,
        level => (level & 3).max(1),
    }
}

/// Hands the log out. Errors: EFAULT, and ENOSPC for a log that was cut.
pub(crate) fn write(
    task: &mut dyn Task,
    attr: &Attr,
    wanted: &Wanted,
    log: &[u8],
    release: Release,
) -> Result<(), Failure> {
    let written = copy(task, wanted, log, release);
    if release >= ROLLING && attr.size >= wanted.true_size + 4 {
        let size = if wanted.level == 0 || log.is_empty() { 0 } else { log.len() as u32 + 1 };
        let at = attr.at.checked_add(wanted.true_size.into()).because(cause::LOG_UNWRITABLE)?;
        task.write(at, &size.to_le_bytes()).because(cause::LOG_UNWRITABLE)?;
    }
    written
}

fn copy(task: &mut dyn Task, wanted: &Wanted, log: &[u8], release: Release) -> Result<(), Failure> {
    if wanted.level == 0 || wanted.buf.is_null() || log.is_empty() {
        return Ok(());
    }
    let room = wanted.size as usize - 1;
    let rolls = release >= ROLLING && wanted.level & BPF_LOG_FIXED == 0;
    let kept = match log.len().saturating_sub(room) {
        cut if rolls => &log[cut..],
        cut => &log[..log.len() - cut],
    };
    // Before the log rolled, one that filled its buffer to the last byte counted as cut.
    let full = if release < ROLLING { log.len() >= room } else { log.len() > room };
    put(task, wanted.buf, kept)?;
    if full { cause::LOG_FULL.refuse() } else { Ok(()) }
}

fn put(task: &mut dyn Task, at: UserAddr, text: &[u8]) -> Result<(), Failure> {
    let mut bytes = text.to_vec();
    bytes.push(0);
    task.write(at, &bytes).because(cause::LOG_UNWRITABLE)?;
    Ok(())
}
