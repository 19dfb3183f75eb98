//! The loop: calls of targets, the end of the program, signals.

use super::objects::Objects;
use super::pins::Pins;
use super::record::Record;
use super::start::Begun;
use super::tables::Tables;
use super::{Ended, Finished, Options, RunError, blocking, start};
use crate::sys::Listener;
use crate::sys::spawn;
use bpfsim_syscall::Kernel;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::signal::{SigSet, Signal, kill};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid, waitpid};
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

/// The program.
pub(super) struct Child {
    pub(super) pid: Pid,
    /// Closes when exec has worked, or says why not.
    pub(super) socket: OwnedFd,
}

fn broken(what: &str, error: &dyn std::fmt::Display) -> RunError {
    RunError::Refused(format!("{what}: {error}"))
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
        self.program = started.pid as u32;
        let signals = self.signals().map_err(|e| broken("signalfd(2)", &e))?;
        let listener = Listener::new(started.listener);
        let child = Child { pid: Pid::from_raw(started.pid), socket: started.socket };
        let ended = match blocking::possible() {
            true => self.serve_blocking(&listener, child, signals),
            false => self.serve_polling(&listener, child, signals),
        };
        match ended? {
            Ok(ended) => Ok(self.finish(ended)),
            Err(number) => Err(start::not_executed(&name, number)),
        }
    }

    /// With poll(2): the listener, the end of the program, signals. The inner error is that of
    /// exec.
    fn serve_polling(
        &mut self,
        listener: &Listener,
        child: Child,
        signals: Option<SignalFd>,
    ) -> Result<Result<Ended, i32>, RunError> {
        let pidfd = spawn::pidfd(self.program as i32).map_err(|e| broken("pidfd_open(2)", &e))?;
        let (mut socket, mut ended, mut hung_up) = (Some(child.socket), None, false);
        loop {
            if let (Some(ended), true) = (ended, hung_up) {
                return Ok(Ok(ended));
            }
            let sources = [
                (!hung_up).then(|| listener.as_fd()),
                ended.is_none().then(|| pidfd.as_fd()),
                socket.as_ref().map(AsFd::as_fd),
                signals.as_ref().map(AsFd::as_fd),
            ];
            let ready = wait(&sources).map_err(|e| broken("poll(2)", &e))?;
            if ready.call {
                self.serve_one(listener);
            }
            hung_up |= ready.hung_up && !ready.call;
            if ready.socket
                && let Some(socket) = socket.take()
                && let Some(number) = spawn::exec_error(&socket)
            {
                let _ = waitpid(child.pid, None);
                return Ok(Err(number));
            }
            if ready.ended {
                ended = reap(child.pid, Some(WaitPidFlag::WNOHANG));
            }
            if ready.signal && !signals.as_ref().is_none_or(|s| pass_on(s, child.pid)) {
                return Ok(Ok(ended.unwrap_or(Ended::Exited(125))));
            }
        }
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

    pub(super) fn serve_one(&mut self, listener: &Listener) {
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
fn wait(sources: &[Option<BorrowedFd<'_>>; 4]) -> nix::Result<Ready> {
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
pub(super) fn reap(pid: Pid, flags: Option<WaitPidFlag>) -> Option<Ended> {
    match waitpid(pid, flags) {
        Ok(WaitStatus::Exited(_, status)) => Some(Ended::Exited(status as u8)),
        Ok(WaitStatus::Signaled(_, signal, _)) => Some(Ended::Killed(signal as i32)),
        Ok(_) | Err(Errno::EINTR) => None,
        // Somebody else has waited for it.
        Err(_) => Some(Ended::Exited(125)),
    }
}

/// Passes signals on to the program. False when it has ended and the user wants to stop.
pub(super) fn pass_on(signals: &SignalFd, child: Pid) -> bool {
    let look = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT;
    while let Ok(Some(info)) = signals.read_signal() {
        match waitid(Id::Pid(child), look) {
            Ok(WaitStatus::StillAlive) => {}
            Ok(_) | Err(_) => return false,
        }
        if info.ssi_code != SI_KERNEL
            && let Ok(signal) = Signal::try_from(info.ssi_signo as i32)
        {
            // It may have ended just now.
            let _ = kill(child, signal);
        }
    }
    true
}
