//! Serving without poll(2), where a listener wakes up when its last target ends (v6.11).
//!
//! One system call less for each call. Signals are passed on by a thread of their own.

use super::serve::{Child, Supervisor, pass_on, reap};
use super::{Ended, RunError, die_of};
use crate::sys::{Listener, own, spawn};
use bpfsim_abi::Release;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signalfd::SignalFd;
use nix::unistd::Pid;
use std::os::fd::AsFd;

/// The first release whose listener wakes up when its last target ends.
const WAKES_UP: Release = Release::new(6, 11);

/// True when the kernel of this machine is new enough.
pub(super) fn possible() -> bool {
    let Some(fields) = own::uname() else { return false };
    let release = fields[130..195].split(|byte| *byte == 0).next().unwrap_or_default();
    let text = String::from_utf8_lossy(release);
    let mut numbers = text.split(|c: char| !c.is_ascii_digit()).map(str::parse::<u8>);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => Release::new(major, minor) >= WAKES_UP,
        _ => false,
    }
}

impl Supervisor {
    /// Until every target has ended. The inner error is that of exec.
    pub(super) fn serve_blocking(
        &mut self,
        listener: &Listener,
        child: Child,
        signals: Option<SignalFd>,
    ) -> Result<Result<Ended, i32>, RunError> {
        if let Some(signals) = signals {
            pass_signals(signals, child.pid);
        }
        loop {
            match listener.receive() {
                Ok(call) => self.answer(listener, call),
                Err(libc::EINTR) => {}
                // The caller died, or there is none left.
                Err(_) if has_hung_up(listener) => break,
                Err(_) => {}
            }
        }
        if let Some(number) = spawn::exec_error(&child.socket) {
            reap(child.pid, None);
            return Ok(Err(number));
        }
        loop {
            if let Some(ended) = reap(child.pid, None) {
                return Ok(Ok(ended));
            }
        }
    }
}

fn has_hung_up(listener: &Listener) -> bool {
    let mut polled = [PollFd::new(listener.as_fd(), PollFlags::POLLIN)];
    let gone = PollFlags::POLLHUP | PollFlags::POLLERR;
    poll(&mut polled, PollTimeout::ZERO).is_ok()
        && polled[0].revents().is_some_and(|events| events.intersects(gone))
}

/// Passes signals on as long as this process lives. When the program has ended, and what it left
/// behind has not, a signal ends this process.
fn pass_signals(signals: SignalFd, child: Pid) {
    std::thread::spawn(move || {
        loop {
            let mut polled = [PollFd::new(signals.as_fd(), PollFlags::POLLIN)];
            // Interrupted, it looks again.
            let _ = poll(&mut polled, PollTimeout::NONE);
            if !pass_on(&signals, child) {
                die_of(libc::SIGTERM);
            }
        }
    });
}
