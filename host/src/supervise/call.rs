//! One system call of a target: which it is, its answer, its new fd.

use super::filter::{NATIVE, X32};
use super::serve::Supervisor;
use super::target::{PENDING_FD, Pending, Target};
use crate::sys::{Listener, Notification, Reply};
use bpfsim_abi::attr::UserAddr;
use bpfsim_abi::{Errno, cmd};
use bpfsim_syscall::{Answer, Failure};

/// What a call is answered that the model has no answer to, and one whose kernel would have
/// crashed. bpf(2) itself says 524 for "not supported", so this one stands out.
const NOT_MODELLED: i32 = libc::EOPNOTSUPP;

/// Commands whose answer depends on which objects exist: `*_GET_NEXT_ID`, `*_GET_FD_BY_ID`.
const ASKS_WHO_LIVES: [u32; 8] = [11, 12, 13, 14, 19, 23, 30, 31];

/// So many objects are looked at for each new one.
const SWEPT: usize = 8;

impl Supervisor {
    /// Answers one call.
    pub(super) fn answer(&mut self, listener: &Listener, call: Notification) {
        let nr = call.nr as u32;
        if call.arch == NATIVE.audit && nr == NATIVE.bpf {
            self.calls += 1;
            self.bpf(listener, call);
        } else {
            self.refuse(listener, call);
        }
    }

    /// An entry of another ABI: its attrs would have to be read in another way.
    fn refuse(&mut self, listener: &Listener, call: Notification) {
        let entry = match (call.arch == NATIVE.audit, call.nr as u32 & X32 != 0) {
            (true, true) => "the x32 entry",
            (true, false) => "an entry that is not bpf(2)",
            (false, _) => "the 32-bit entry",
        };
        self.note(format!(
            "process {} calls bpf(2) by {entry}, which is not simulated: ENOSYS; build it for the \
             machine's own word size",
            call.pid
        ));
        // It may be gone.
        let _ = listener.reply(call.id, Reply::Errno(libc::ENOSYS));
    }

    fn bpf(&mut self, listener: &Listener, call: Notification) {
        let [cmd, attr, size, ..] = call.args;
        let (cmd, size) = (cmd as u32, size as u32);
        if ASKS_WHO_LIVES.contains(&cmd) {
            self.sweep(usize::MAX);
        }
        let (caps, online) = (self.options.caps, &self.options.profile.cpus.online);
        let mut target = Target::new(listener, call, &self.objects, &mut self.tables, caps, online);
        let answer = self.kernel.bpf(&mut target, cmd, UserAddr(attr), size);
        let (pending, refused) = (target.pending, target.refused.get());
        if refused.is_some() {
            self.note(format!(
                "the memory of process {} cannot be read (EPERM): its program is not readable, or \
                 ptrace is restricted (kernel.yama.ptrace_scope); its calls answer EFAULT",
                call.pid
            ));
        }
        match (answer, pending) {
            (Ok(PENDING_FD), Some(pending)) => self.give(listener, call.id, pending),
            (answer, pending) => {
                if let Some(pending) = pending {
                    self.kernel.release(pending.object);
                }
                self.reply(listener, call.id, cmd, answer);
            }
        }
    }

    fn reply(&mut self, listener: &Listener, id: u64, cmd: u32, answer: Answer) {
        let name = || {
            let entry = cmd::by_number(cmd, self.options.profile.release);
            entry.map_or_else(|| format!("command {cmd}"), |entry| entry.name.to_owned())
        };
        let reply = match answer {
            Ok(value) => Reply::Value(value.into()),
            Err(Failure::Errno(refusal)) => Reply::Errno(refusal.errno.number()),
            Err(failure @ (Failure::NotModelled(_) | Failure::Trapped(_))) => {
                let name = name();
                self.note(format!("{name}: {failure}: answered EOPNOTSUPP"));
                Reply::Errno(NOT_MODELLED)
            }
        };
        // It may be gone.
        let _ = listener.reply(id, reply);
    }

    /// A new fd in the caller, and the end of the call. The table holds one reference to each
    /// object with fds, however many; the call came with one more.
    fn give(&mut self, listener: &Listener, id: u64, pending: Pending) {
        let Pending { object, mode } = pending;
        let had = self.objects.contains(object);
        let file = match self.objects.open(object, mode) {
            Ok(file) => file,
            Err(number) => {
                self.kernel.release(object);
                let _ = listener.reply(id, Reply::Errno(number));
                return;
            }
        };
        if had {
            self.kernel.release(object);
        }
        use std::os::fd::AsFd;
        if let Err(number) = listener.reply_fd(id, file.as_fd(), true) {
            drop(file);
            if self.objects.drop_if_unheld(object) {
                self.kernel.release(object);
            }
            let number = if number == libc::ENOENT { Errno::EINTR.number() } else { number };
            let _ = listener.reply(id, Reply::Errno(number));
        }
        self.sweep(SWEPT);
    }
}
