//! The protocol of the verifier's log: what the caller must give, what it gets.
//!
//! Up to v6.3 the buffer has the beginning of a log that is too long; since v6.4 its end, unless
//! `BPF_LOG_FIXED` asks for the beginning, and `log_true_size` says how long it is.

use crate::entry::Attr;
use crate::{Failure, Task};
use bpfsim_abi::attr::{ProgLoadAttr, UserAddr};
use bpfsim_abi::{Because, Refusal, Release, cause};

/// `BPF_LOG_FIXED`, v6.4.
const BPF_LOG_FIXED: u32 = 8;

/// The release of the log that rolls.
const ROLLING: Release = Release::new(6, 4);

/// Byte of `log_true_size` in the attr.
const TRUE_SIZE: u32 = 140;

/// Level, size and buffer must go together.
pub(crate) fn check(arm: &ProgLoadAttr, release: Release) -> Result<(), Refusal> {
    let buffer = !arm.log_buf.is_null();
    let levels = match release {
        release if release < Release::new(5, 2) => u32::MAX,
        release if release < ROLLING => 7,
        _ => 15,
    };
    let most = if release < Release::new(5, 2) { u32::MAX >> 8 } else { u32::MAX >> 2 };
    let sane = match release >= ROLLING {
        true => buffer == (arm.log_size != 0) && (!buffer || arm.log_level != 0),
        false if arm.log_level == 0 && !buffer && arm.log_size == 0 => return Ok(()),
        false => buffer && arm.log_level != 0 && arm.log_size >= 128,
    };
    let fits = arm.log_size <= most && arm.log_level & !levels == 0;
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
    log: &str,
    release: Release,
) -> Result<(), Failure> {
    let arm: ProgLoadAttr = attr.arm();
    let written = copy(task, &arm, log.as_bytes(), release);
    if release >= ROLLING && attr.size >= TRUE_SIZE + 4 {
        let size = if arm.log_level == 0 || log.is_empty() { 0 } else { log.len() as u32 + 1 };
        let at = attr.at.checked_add(TRUE_SIZE.into()).because(cause::LOG_UNWRITABLE)?;
        task.write(at, &size.to_le_bytes()).because(cause::LOG_UNWRITABLE)?;
    }
    written
}

fn copy(
    task: &mut dyn Task,
    arm: &ProgLoadAttr,
    log: &[u8],
    release: Release,
) -> Result<(), Failure> {
    if arm.log_level == 0 || arm.log_buf.is_null() {
        return Ok(());
    }
    let room = arm.log_size as usize - 1;
    let rolls = release >= ROLLING && arm.log_level & BPF_LOG_FIXED == 0;
    let kept = match log.len().saturating_sub(room) {
        cut if rolls => &log[cut..],
        cut => &log[..log.len() - cut],
    };
    // Before the log rolled, one that filled its buffer to the last byte counted as cut.
    let full = if release < ROLLING { log.len() >= room } else { log.len() > room };
    put(task, arm.log_buf, kept)?;
    if full { cause::LOG_FULL.refuse() } else { Ok(()) }
}

fn put(task: &mut dyn Task, at: UserAddr, text: &[u8]) -> Result<(), Failure> {
    let mut bytes = text.to_vec();
    bytes.push(0);
    task.write(at, &bytes).because(cause::LOG_UNWRITABLE)?;
    Ok(())
}
