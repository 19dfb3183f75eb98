//! Programs of the real kernel: loading them, and running the crate's own.

use super::{Attr, Cmd, bpf, take};
use crate::failed::Failed;
use bpfsim_abi::Insn;
use std::os::fd::OwnedFd;

/// Programs may call GPL-only helpers with this license (`license_is_gpl_compatible`).
const LICENSE: &std::ffi::CStr = c"GPL";

/// `BPF_F_TEST_RUN_ON_CPU`, v5.10.
const TEST_RUN_ON_CPU: u32 = 1;

/// `BPF_PROG_LOAD` with a log of at most `log.len()` bytes; no log when `log_level` is 0.
pub(crate) fn load(
    prog_type: u32,
    insns: &[Insn],
    log_level: u32,
    log: &mut [u8],
) -> Result<OwnedFd, Failed> {
    let failed = |number| Failed { command: Cmd::ProgLoad.name(), number };
    let count = u32::try_from(insns.len()).map_err(|_| failed(libc::E2BIG))?;
    let code = encode(insns);
    let mut attr = Attr::new()
        .u32(0, prog_type)
        .u32(4, count)
        .u64(8, code.as_ptr() as u64)
        .u64(16, LICENSE.as_ptr() as u64);
    if log_level != 0 {
        let size = u32::try_from(log.len()).map_err(|_| failed(libc::E2BIG))?;
        attr = attr.u32(24, log_level).u32(28, size).u64(32, log.as_mut_ptr() as u64);
    }
    // SAFETY: 1. The kernel reads `count` instructions of eight bytes, and the license up to its
    // NUL. 2. It writes at most `size` bytes of log, which is borrowed exclusively.
    let fd = unsafe { bpf(Cmd::ProgLoad, &mut attr) }?;
    // SAFETY: 1. PROG_LOAD returns a new descriptor. 2. It returned just now.
    Ok(unsafe { take(fd) })
}

fn encode(insns: &[Insn]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(insns.len() * 8);
    for insn in insns {
        bytes.extend([insn.code, insn.regs]);
        bytes.extend(insn.off.to_ne_bytes());
        bytes.extend(insn.imm.to_ne_bytes());
    }
    bytes
}

/// A program that this crate wrote, so that running it in this process is known to be harmless.
/// Freed on drop.
pub(crate) struct OwnProgram(OwnedFd);

impl OwnProgram {
    /// Loads it. The caller vouches that it calls `bpf_map_lookup_elem` and no other helper.
    pub(crate) fn load(prog_type: u32, insns: &[Insn]) -> Result<Self, Failed> {
        load(prog_type, insns, 0, &mut []).map(Self)
    }

    /// `BPF_PROG_TEST_RUN` on a packet, `repeat` times in a row; what the last run returned.
    pub(crate) fn run_on_packet(&self, packet: &[u8], repeat: u32) -> Result<u32, Failed> {
        let too_long = Failed { command: Cmd::ProgTestRun.name(), number: libc::E2BIG };
        let size = u32::try_from(packet.len()).map_err(|_| too_long)?;
        let attr = Attr::new().fd(0, &self.0).u32(8, size).u64(16, packet.as_ptr() as u64);
        // A data_out of null asks for no packet back.
        self.run(attr.u32(32, repeat).u32(36, 0))
    }

    /// `BPF_PROG_TEST_RUN` of a raw-tracepoint program in an interrupt on `cpu`; its return value.
    /// From another CPU the kernel does this by `smp_call_function_single`
    /// (`bpf_prog_test_run_raw_tp`, `net/bpf/test_run.c`).
    pub(crate) fn run_on_cpu(&self, cpu: u32) -> Result<u32, Failed> {
        self.run(Attr::new().fd(0, &self.0).u32(64, TEST_RUN_ON_CPU).u32(68, cpu))
    }

    fn run(&self, mut attr: Attr) -> Result<u32, Failed> {
        // SAFETY: 1. `data_in` and its size come from one slice, `ctx_in` is null. 2. `data_out`
        // and `ctx_out` are null; `retval` and `duration` are written into `attr` itself. 3. The
        // program writes no memory of user space, since it calls no helper that could (`load`).
        unsafe { bpf(Cmd::ProgTestRun, &mut attr) }?;
        let mut retval = [0; 4];
        retval.copy_from_slice(&attr.bytes[4..8]);
        Ok(u32::from_ne_bytes(retval))
    }
}
