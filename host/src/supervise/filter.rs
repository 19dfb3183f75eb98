//! The seccomp filter: which system calls of a target come here.
//!
//! Everything else goes to the kernel as always. A filter sees numbers only, so calls that matter
//! by path come here whatever the path is.

use libc::sock_filter;

/// `__X32_SYSCALL_BIT`: the x32 entry of x86-64.
pub(super) const X32: u32 = 0x4000_0000;

/// The kernel's number of an architecture, and of bpf(2) there. Source: `include/uapi/linux/audit.h`
/// and the system call tables.
pub(super) struct Arch {
    pub(super) audit: u32,
    pub(super) bpf: u32,
}

/// The architecture that this was built for.
#[cfg(target_arch = "x86_64")]
pub(super) const NATIVE: Arch = Arch { audit: 0xc000_003e, bpf: 321 };
/// Its 32-bit sibling.
#[cfg(target_arch = "x86_64")]
pub(super) const COMPAT: Arch = Arch { audit: 0x4000_0003, bpf: 357 };

/// The architecture that this was built for.
#[cfg(target_arch = "aarch64")]
pub(super) const NATIVE: Arch = Arch { audit: 0xc000_00b7, bpf: 280 };
/// Its 32-bit sibling.
#[cfg(target_arch = "aarch64")]
pub(super) const COMPAT: Arch = Arch { audit: 0x4000_0028, bpf: 386 };

/// A call that comes here only when arguments have one of these low halves.
pub(super) struct When {
    /// Number of the call.
    pub(super) nr: u32,
    /// Which argument.
    pub(super) arg: u32,
    /// Its values.
    pub(super) values: &'static [u32],
}

const LOAD: u16 = (libc::BPF_LD | libc::BPF_W | libc::BPF_ABS) as u16;
const IF_EQUAL: u16 = (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K) as u16;
const RETURN: u16 = (libc::BPF_RET | libc::BPF_K) as u16;

/// Offsets in `struct seccomp_data`.
const NR: u32 = 0;
const ARCH: u32 = 4;
const ARGS: u32 = 16;

const fn step(code: u16, jt: u8, jf: u8, k: u32) -> sock_filter {
    sock_filter { code, jt, jf, k }
}

const HERE: sock_filter = step(RETURN, 0, 0, libc::SECCOMP_RET_USER_NOTIF);
const ON: sock_filter = step(RETURN, 0, 0, libc::SECCOMP_RET_ALLOW);

/// "If it equals `k`, here".
fn here_if(k: u32) -> [sock_filter; 2] {
    [step(IF_EQUAL, 0, 1, k), HERE]
}

/// bpf(2) by every entry of this machine, the calls in `always`, and those in `when`.
pub(super) fn filter(always: &[u32], when: &[When]) -> Vec<sock_filter> {
    let mut steps = vec![step(LOAD, 0, 0, ARCH), step(IF_EQUAL, 4, 0, NATIVE.audit)];
    // The 32-bit entry; other architectures have none here.
    steps.push(step(LOAD, 0, 0, NR));
    steps.extend(here_if(COMPAT.bpf));
    steps.push(ON);
    debug_assert_eq!(steps.len(), 6, "the native part begins here");
    steps.push(step(LOAD, 0, 0, NR));
    let natives = [NATIVE.bpf, NATIVE.bpf | X32].into_iter().chain(always.iter().copied());
    steps.extend(natives.flat_map(here_if));
    for call in when {
        let tests = call.values.len() * 2;
        steps.push(step(IF_EQUAL, 0, tests as u8 + 2, call.nr));
        steps.push(step(LOAD, 0, 0, ARGS + 8 * call.arg));
        steps.extend(call.values.iter().copied().flat_map(here_if));
        steps.push(ON);
    }
    steps.push(ON);
    steps
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    /// What the kernel would do with a call: a classic BPF machine with these three instructions.
    fn decide(filter: &[sock_filter], nr: u32, arch: u32, args: [u32; 6]) -> u32 {
        let (mut at, mut a) = (0, 0);
        loop {
            let step = filter[at];
            at += 1;
            match step.code {
                LOAD => {
                    a = match step.k {
                        NR => nr,
                        ARCH => arch,
                        k => args[(k - ARGS) as usize / 8],
                    }
                }
                IF_EQUAL => at += usize::from(if a == step.k { step.jt } else { step.jf }),
                _ => return step.k,
            }
        }
    }

    #[rstest]
    #[case::native(NATIVE.bpf, NATIVE.audit, [0; 6], true)]
    #[case::x32(NATIVE.bpf | X32, NATIVE.audit, [0; 6], true)]
    #[case::compat(COMPAT.bpf, COMPAT.audit, [0; 6], true)]
    #[case::same_number_elsewhere(COMPAT.bpf, NATIVE.audit, [0; 6], false)]
    #[case::always(63, NATIVE.audit, [0; 6], true)]
    #[case::always_is_native(63, COMPAT.audit, [0; 6], false)]
    #[case::other(64, NATIVE.audit, [0; 6], false)]
    #[case::by_argument(54, NATIVE.audit, [0, 0, 52, 0, 0, 0], true)]
    #[case::by_other_argument(54, NATIVE.audit, [50, 52, 51, 0, 0, 0], false)]
    #[case::second_rule(16, NATIVE.audit, [0, 9, 0, 0, 0, 0], true)]
    #[case::second_rule_other(16, NATIVE.audit, [0, 8, 0, 0, 0, 0], false)]
    fn picks_calls(
        #[case] nr: u32,
        #[case] arch: u32,
        #[case] args: [u32; 6],
        #[case] comes_here: bool,
    ) {
        let when =
            [When { nr: 54, arg: 2, values: &[50, 52] }, When { nr: 16, arg: 1, values: &[9] }];
        let filter = filter(&[63], &when);
        let want = if comes_here { libc::SECCOMP_RET_USER_NOTIF } else { libc::SECCOMP_RET_ALLOW };
        assert_eq!(decide(&filter, nr, arch, args), want);
    }
}
