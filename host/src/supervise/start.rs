//! Starting the program, and saying in words why it did not start.

use super::overlay::{self, Namespace};
use super::{Options, RunError, filter, intercept};
use crate::failed::errno_name;
use crate::sys::spawn::{self, Stage, Started, Stopped};
use nix::sys::signal::{SigSet, SigmaskHow, Signal, pthread_sigmask};
use std::ffi::{CString, OsString};
use std::os::unix::ffi::OsStrExt;

/// Signals that are passed on to the program.
pub(super) const PASSED: [Signal; 6] = [
    Signal::SIGINT,
    Signal::SIGQUIT,
    Signal::SIGTERM,
    Signal::SIGHUP,
    Signal::SIGUSR1,
    Signal::SIGUSR2,
];

/// A program under the filter.
pub(super) struct Begun {
    /// Its name, for messages.
    pub(super) name: String,
    /// The child with its listener.
    pub(super) started: Started,
    /// Why it has no mounts of its own, where it has none.
    pub(super) bare: Option<String>,
}

/// The arguments for exec, and the name for messages.
fn words(argv: &[OsString]) -> Result<(String, Vec<CString>), RunError> {
    let Some(first) = argv.first() else {
        return Err(RunError::Refused("no command to run; write it behind --".to_owned()));
    };
    let name = first.to_string_lossy().into_owned();
    let no_nul = |arg: &OsString| CString::new(arg.as_bytes());
    let argv = argv.iter().map(no_nul).collect::<Result<Vec<_>, _>>();
    let argv = argv.map_err(|_| RunError::Refused(format!("{name}: an argument has a NUL")))?;
    Ok((name, argv))
}

/// Starts `argv` under a filter for bpf(2) alone, without mounts of its own.
pub(super) fn bare(argv: &[OsString]) -> Result<Started, RunError> {
    let (_, argv) = words(argv)?;
    spawn::spawn(&argv, &[], &mut filter::filter(&[], &[]), mask(false)).map_err(refused)
}

/// Starts `argv` under the filter. In the foreground, the signals that are passed on are blocked
/// from here on.
pub(super) fn start(argv: &[OsString], options: &Options) -> Result<Begun, RunError> {
    let (name, argv) = words(argv)?;
    let mask = mask(options.foreground);
    let mut filter = filter::filter(intercept::ALWAYS, intercept::WHEN);
    let mut bare = format!("there is no {}", bpfsim_syscall::bpffs::MOUNT);
    for namespace in Namespace::to_try() {
        let steps = overlay::steps(&options.profile, *namespace);
        match spawn::spawn(&argv, &steps, &mut filter, mask) {
            Ok(started) => {
                let bare = steps.is_empty().then_some(bare);
                return Ok(Begun { name, started, bare });
            }
            Err(Stopped { stage: Stage::Prepared(step), number }) => {
                let errno = errno_name(number);
                bare = format!("{} answers {errno}", steps[step].name());
            }
            Err(stopped) => return Err(refused(stopped)),
        }
    }
    let started = spawn::spawn(&argv, &[], &mut filter, mask).map_err(refused)?;
    Ok(Begun { name, started, bare: Some(bare) })
}

/// The mask that the program inherits: the one of now. Blocks what is passed on.
fn mask(foreground: bool) -> libc::sigset_t {
    let mut before = SigSet::empty();
    let ours = SigSet::from_iter(if foreground { PASSED.to_vec() } else { vec![] });
    // Fails for a wrong `how` only.
    let _ = pthread_sigmask(SigmaskHow::SIG_BLOCK, Some(&ours), Some(&mut before));
    *before.as_ref()
}

/// Why exec did not work, as env(1) tells it.
pub(super) fn not_executed(name: &str, number: i32) -> RunError {
    let text = std::io::Error::from_raw_os_error(number);
    match number {
        libc::ENOENT => RunError::NotFound(format!("{name}: no such program in PATH ({text})")),
        _ => RunError::CannotRun(format!("{name}: cannot be executed ({text})")),
    }
}

/// What this machine refused, and what can be done.
fn refused(stopped: Stopped) -> RunError {
    let name = errno_name(stopped.number);
    RunError::Refused(match (stopped.stage, stopped.number) {
        (Stage::Filter, libc::EBUSY) => format!(
            "seccomp(2) answers {name}: there is a listener already, of a container or of another \
             bpfsim run; start this outside of it"
        ),
        (Stage::Filter, libc::ENOSYS | libc::EINVAL) => format!(
            "seccomp(2) answers {name}: this kernel has no user notification; it needs Linux 5.9 \
             with CONFIG_SECCOMP_FILTER"
        ),
        (Stage::Filter, _) => format!(
            "seccomp(2) answers {name}: filters with user notification are not allowed here; \
             allow seccomp(2) in the sandbox, or run outside of it"
        ),
        (Stage::NoNewPrivs, _) => format!("prctl(PR_SET_NO_NEW_PRIVS) answers {name}"),
        (Stage::Prepared(step), _) => format!("preparation {step} answers {name}"),
        (Stage::Send | Stage::Exec, _) => format!("no process can be started: {name}"),
    })
}
