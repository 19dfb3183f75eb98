//! Whether a program of its type may be what it is loaded as: `check_attach_btf_id()`.
//!
//! Sources: `kernel/bpf/verifier.c` of v5.6 to v7.1. There are no types of the kernel here, so
//! that nothing names one (`attach_btf_id`).

use bpfsim_abi::Errno;

use crate::Env;
use crate::era::Era;
use crate::rules::{No, plain};

/// `BPF_PROG_TYPE_STRUCT_OPS` and `_SYSCALL`.
const STRUCT_OPS: u32 = 27;
const SYSCALL: u32 = 31;

/// Programs that sleep, and programs for a struct of the kernel.
pub(crate) fn check(era: Era, env: &dyn Env) -> Result<(), No> {
    match env.prog_type() {
        SYSCALL if env.sleepable() => Ok(()),
        SYSCALL => Err(plain("Syscall programs can only be sleepable")),
        _ if env.sleepable() => Err(No::not_modelled("programs of this type that may sleep")),
        STRUCT_OPS => Err(struct_ops(era, env)),
        _ => Ok(()),
    }
}

/// No struct is named.
fn struct_ops(era: Era, env: &dyn Env) -> No {
    if era.since(5, 12) && !env.gpl_compatible() {
        return plain("struct ops programs must have a GPL compatible license");
    }
    let message = match era.since(6, 9) {
        true => "",
        false => "attach_btf_id 0 is not a supported struct",
    };
    No::new(Errno::ENOTSUPP, message)
}
