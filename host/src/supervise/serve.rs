//! The loop: calls of targets, the end of the program, signals.

use super::objects::Objects;
use super::pins::Pins;
use super::record::Record;
use super::start::Begun;
use super::tables::Tables;
use super::{Ended, Finished, Options, RunError, start};
use crate::sys::Listener;
use crate::sys::spawn;
use bpfsim_syscall::Kernel;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::signal::{SigSet, Signal, kill};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;
use std::io::Write;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// `si_code` of a signal that the terminal sent, to all of the foreground.
const SI_KERNEL: i32 = 0x80;

/// Said with `-v`.
const MISSING: &[&str] = &[
    "not simulated: /proc/config.gz, /proc/kallsyms, /proc/mounts, tracefs, the vDSO's version note",
    "not simulated: sched_getcpu(3) and affinity are this machine's; a caller is on the first CPU \
     of its affinity that is on line",
    "refused: perf_event_open(2) with ENOSYS; SO_ATTACH_BPF, SO_ATTACH_REUSEPORT_EBPF and \
     PERF_EVENT_IOC_SET_BPF of a simulated program with EOPNOTSUPP",
    "no_new_privs is set: set-id programs and file capabilities give nothing",
];

/// A kernel, and the processes on it.
pub(super) struct Supervisor {
    pub(super) options: Options,
    pub(super) kernel: Kernel,
    pub(super) objects: Objects,
    pub(super) tables: Tables,
    /// What was noted already: once is enough.
    pub(super) noted: Vec<String>,
    pub(super) calls: u64,
    /// Number of the program itself.
    pub(super) program: u32,
    pub(super) record: Option<Record>,
    /// Pins as files, where the program has mounts of its own.
    pub(super) pins: Option<Pins>,
}

/// The program, from its start to its end.
struct Child {
    pid: Pid,
    /// Readable when it has ended.
    pidfd: OwnedFd,
    /// Until exec has worked or failed.
    socket: Option<OwnedFd>,
    ended: Option<Ended>,
}

/// What is ready, in the order of [`Supervisor::wait`].
struct Ready {
    call: bool,
    hung_up: bool,
    ended: bool,
    socket: bool,
    signal: bool,
}

impl Supervisor {
    pub(super) fn new(mut options: Options) -> Self {
        let out = options.record.take();
        Self {
            record: out.map(|out| Record::new(out, &options.profile, options.caps)),
            program: 0,
            pins: None,
            kernel: Kernel::new(options.profile.clone()),
            options,
            objects: Objects::default(),
            tables: Tables::default(),
            noted: Vec::new(),
            calls: 0,
        }
    }

    /// A line for the user, once.
    pub(super) fn note(&mut self, text: String) {
        if !self.noted.contains(&text) && self.noted.len() < 1000 {
            // Nobody is left to tell when this fails.
            let _ = writeln!(self.options.notes, "bpfsim: {text}");
            self.noted.push(text);
        }
    }

    /// Serves until the program and all that it started have ended.
    pub(super) fn serve(mut self, begun: Begun) -> Result<Finished, RunError> {
        let Begun { name, mut started, bare } = begun;
        self.pins = started.directories.pop().and_then(|dir| Pins::new(dir).ok());
        if self.options.verbose {
            self.say_what_is_missing(bare.as_deref());
        }
        let broken = |what: &str, error: &dyn std::fmt::Display| {
            RunError::Refused(format!("{what}: {error}"))
        };
        let pidfd = spawn::pidfd(started.pid).map_err(|e| broken("pidfd_open(2)", &e))?;
        let signals = self.signals().map_err(|e| broken("signalfd(2)", &e))?;
        let socket = Some(started.socket);
        let pid = Pid::from_raw(started.pid);
        self.program = started.pid as u32;
        let mut child = Child { pid, pidfd, socket, ended: None };
        let listener = Listener::new(started.listener);
        let mut hung_up = false;
        let ended = loop {
            if let (Some(ended), true) = (child.ended, hung_up) {
                break ended;
            }
            let listened = (!hung_up).then_some(&listener);
            let ready = wait(listened, &child, signals.as_ref()).map_err(|e| broken("poll", &e))?;
            if ready.call {
                self.serve_one(&listener);
            }
            hung_up |= ready.hung_up && !ready.call;
            if ready.socket
                && let Some(socket) = child.socket.take()
                && let Some(number) = spawn::exec_error(&socket)
            {
                let _ = waitpid(child.pid, None);
                return Err(start::not_executed(&name, number));
            }
            if ready.ended {
                child.ended = reap(child.pid);
            }
            if ready.signal && !pass_on(signals.as_ref(), &child) {
                break child.ended.unwrap_or(Ended::Exited(125));
            }
        };
        Ok(self.finish(ended))
    }

    /// What a program can see that is this machine's.
    fn say_what_is_missing(&mut self, bare: Option<&str>) {
        if let Some(why) = bare {
            self.note(format!(
                "no mounts of its own for the program ({why}): CPU files, sysctls and \
                 /sys/kernel/btf are this machine's, and pins are no files"
            ));
        }
        for what in MISSING {
            self.note((*what).to_owned());
        }
    }

    fn serve_one(&mut self, listener: &Listener) {
        // The caller may have died since poll(2) saw it.
        if let Ok(call) = listener.receive() {
            self.answer(listener, call);
        }
    }

    /// The signals to be passed on, and room for a file for each object.
    fn signals(&self) -> nix::Result<Option<SignalFd>> {
        if !self.options.foreground {
            return Ok(None);
        }
        if let Ok((_, hard)) = getrlimit(Resource::RLIMIT_NOFILE) {
            // Without it there is room for fewer objects.
            let _ = setrlimit(Resource::RLIMIT_NOFILE, hard, hard);
        }
        let mask = SigSet::from_iter(start::PASSED);
        SignalFd::with_flags(&mask, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK).map(Some)
    }

    /// Nobody has fds now: what is left is pinned, or leaked.
    fn finish(mut self, ended: Ended) -> Finished {
        self.sweep(usize::MAX);
        let pinned = self.pins.as_ref().map_or(0, Pins::len);
        Finished { ended, calls: self.calls, leaked: self.objects.len(), pinned }
    }

    /// Drops objects whose fds are gone, looking at up to `most`.
    pub(super) fn sweep(&mut self, most: usize) {
        for object in self.objects.sweep(most) {
            if let Some(record) = &mut self.record {
                record.released(&self.kernel, object);
            }
            self.kernel.release(object);
        }
    }
}

/// Blocks until something happens.
fn wait(
    listener: Option<&Listener>,
    child: &Child,
    signals: Option<&SignalFd>,
) -> nix::Result<Ready> {
    let sources = [
        listener.map(AsFd::as_fd),
        child.ended.is_none().then(|| child.pidfd.as_fd()),
        child.socket.as_ref().map(AsFd::as_fd),
        signals.map(AsFd::as_fd),
    ];
    let mut polled: Vec<PollFd<'_>> =
        sources.iter().flatten().map(|fd| PollFd::new(*fd, PollFlags::POLLIN)).collect();
    loop {
        match poll(&mut polled, PollTimeout::NONE) {
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno),
            Ok(_) => break,
        }
    }
    let mut events = polled.iter().map(|fd| fd.revents().unwrap_or(PollFlags::empty()));
    let mut next = |source: &Option<BorrowedFd<'_>>| match source {
        Some(_) => events.next().unwrap_or(PollFlags::empty()),
        None => PollFlags::empty(),
    };
    let [calls, ended, socket, signal] = [0, 1, 2, 3].map(|index| next(&sources[index]));
    Ok(Ready {
        call: calls.contains(PollFlags::POLLIN),
        hung_up: calls.intersects(PollFlags::POLLHUP | PollFlags::POLLERR),
        ended: !ended.is_empty(),
        socket: !socket.is_empty(),
        signal: !signal.is_empty(),
    })
}

/// The status of a child that has ended.
fn reap(pid: Pid) -> Option<Ended> {
    match waitpid(pid, Some(WaitPidFlag::WNOHANG)) {
        Ok(WaitStatus::Exited(_, status)) => Some(Ended::Exited(status as u8)),
        Ok(WaitStatus::Signaled(_, signal, _)) => Some(Ended::Killed(signal as i32)),
        Ok(_) => None,
        // Somebody else has waited for it.
        Err(_) => Some(Ended::Exited(125)),
    }
}

/// Passes signals on to the program. False when it has ended and the user wants to stop.
fn pass_on(signals: Option<&SignalFd>, child: &Child) -> bool {
    let Some(signals) = signals else { return true };
    while let Ok(Some(info)) = signals.read_signal() {
        if child.ended.is_some() {
            return false;
        }
        if info.ssi_code != SI_KERNEL
            && let Ok(signal) = Signal::try_from(info.ssi_signo as i32)
        {
            // It may have ended just now.
            let _ = kill(child.pid, signal);
        }
    }
    true
}
