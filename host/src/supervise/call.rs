//! One system call of a target: which it is, its answer, its new fd.

use super::filter::{NATIVE, X32};
use super::pins::View;
use super::serve::Supervisor;
use super::strace::{self, ATTR, Crossed};
use super::target::{PENDING_FD, Pending, Target};
use crate::sys::{Listener, Notification, Reply};
use bpfsim_abi::attr::UserAddr;
use bpfsim_abi::{Errno, Release, cmd};
use bpfsim_syscall::{Answer, Failure, ObjectId, Task};
use std::io::Write;
use std::os::fd::AsFd;

/// What a call is answered that the model has no answer to, and one whose kernel would have
/// crashed. bpf(2) itself says 524 for "not supported", so this one stands out.
const NOT_MODELLED: i32 = libc::EOPNOTSUPP;

/// Commands whose answer depends on which objects exist: `*_GET_NEXT_ID`, `*_GET_FD_BY_ID`.
const ASKS_WHO_LIVES: [u32; 8] = [11, 12, 13, 14, 19, 23, 30, 31];

/// Commands that need the tree of pins, or to know what a file is: OBJ_PIN, OBJ_GET, PROG_ATTACH,
/// PROG_DETACH, PROG_QUERY, LINK_CREATE, TOKEN_CREATE.
const ASKS_FOR_FILES: [u32; 7] = [OBJ_PIN, 7, 8, 9, 16, 28, 36];

const MAP_CREATE: u32 = 0;
const PROG_LOAD: u32 = 5;
const OBJ_PIN: u32 = 6;
const LOOKUP: u32 = 1;
const NEXT_KEY: u32 = 4;
const TEST_RUN: u32 = 10;
const LOOKUP_AND_DELETE: u32 = 21;
const FREEZE: u32 = 22;
const LOOKUP_BATCH: u32 = 24;
const DELETE_BATCH: u32 = 27;

/// `RLIMIT_MEMLOCK` of a thread, in bytes; none where it is without limit. Up to v5.10 maps and
/// programs count against it.
fn memlock_limit(pid: u32) -> Option<u64> {
    let limits = std::fs::read_to_string(format!("/proc/{pid}/limits")).ok()?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max locked memory"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// The arguments of a call.
struct Asked {
    id: u64,
    cmd: u32,
    at: u64,
    size: u32,
}

/// So many objects are looked at for each new one.
const SWEPT: usize = 8;

impl Supervisor {
    /// Answers one call.
    pub(super) fn answer(&mut self, listener: &Listener, call: Notification) {
        let nr = call.nr as u32;
        if call.arch == NATIVE.audit && nr == NATIVE.bpf {
            self.calls += 1;
            self.bpf(listener, call);
        } else if call.arch != NATIVE.audit || nr & X32 != 0 {
            self.refuse(listener, call);
        } else {
            self.other(listener, call);
        }
    }

    /// An entry of another ABI: its attrs would have to be read in another way.
    fn refuse(&mut self, listener: &Listener, call: Notification) {
        let entry = if call.arch == NATIVE.audit { "x32" } else { "32-bit" };
        self.note(format!(
            "process {} calls bpf(2) by the {entry} entry, which is not simulated: ENOSYS; build it for the \
             machine's own word size",
            call.pid
        ));
        // It may be gone.
        let _ = listener.reply(call.id, Reply::Errno(libc::ENOSYS));
    }

    fn bpf(&mut self, listener: &Listener, call: Notification) {
        let [cmd, attr, size, ..] = call.args;
        let asked = Asked { id: call.id, cmd: cmd as u32, at: attr, size: size as u32 };
        self.before(&asked, call.pid);
        let mapped = self.mapped(listener, call, &asked);
        for object in &mapped {
            // What cannot be read keeps the words that it has.
            let _ = self.objects.take_in(&mut self.kernel, *object);
        }
        let (caps, online) = (self.options.caps, &self.options.profile.cpus.online);
        let mut target = Target::new(listener, call, &self.objects, &mut self.tables, caps, online);
        if ASKS_FOR_FILES.contains(&asked.cmd) {
            let tree = self.kernel.core.pins.clone();
            target.tree = Some(match &self.pins {
                Some(pins) => pins.view(tree),
                None => View::bare(tree),
            });
        }
        let seen = self.options.trace.is_some().then(|| target.look(attr, asked.size));
        let at = UserAddr(attr);
        let (answer, line) = match &mut self.record {
            None => (self.kernel.bpf(&mut target, asked.cmd, at, asked.size), None),
            Some(record) => {
                let kernel = &mut self.kernel;
                let call = (asked.cmd, at, asked.size);
                let (answer, line) = record.call(kernel, &mut target, call);
                (answer, Some(line))
            }
        };
        let shown = seen.map(|before| target.show(&asked, &before, self.options.profile.release));
        let (pending, refused) = (target.pending, target.refused.get());
        let answer = self.after(answer, &asked, &mapped);
        if asked.cmd == OBJ_PIN
            && answer.is_ok()
            && let Some(pins) = &mut self.pins
        {
            pins.write(&mut self.kernel);
        }
        if refused.is_some() {
            self.note(unreadable(call.pid));
        }
        let (answer, fd) = match (answer, pending) {
            (Ok(PENDING_FD), Some(pending)) => self.give(listener, call.id, pending),
            (answer, pending) => {
                if let Some(pending) = pending {
                    self.kernel.release(pending.object);
                }
                self.reply(listener, &asked, &answer);
                (answer, None)
            }
        };
        if let Some(shown) = shown {
            self.trace(call.pid, &(shown + &strace::answer(&answer, fd)));
        }
        if let (Some(record), Some(line)) = (&mut self.record, line) {
            record.finish(line, &answer, fd);
        }
    }

    /// What the answer depends on and the kernel cannot see by itself.
    fn before(&mut self, asked: &Asked, pid: u32) {
        let who_lives = ASKS_WHO_LIVES.contains(&asked.cmd);
        if (who_lives || ASKS_FOR_FILES.contains(&asked.cmd))
            && let Some(pins) = &mut self.pins
        {
            pins.read(&mut self.kernel);
        }
        if who_lives {
            self.sweep(usize::MAX);
        }
        let charges = asked.cmd == MAP_CREATE || asked.cmd == PROG_LOAD;
        if charges && self.options.profile.release < Release::new(5, 11) {
            self.kernel.core.profile.inputs.memlock_limit = memlock_limit(pid);
        }
    }

    /// The maps of a call that targets may have mapped: that of its fd; all, where programs run.
    fn mapped(&mut self, listener: &Listener, call: Notification, asked: &Asked) -> Vec<ObjectId> {
        if self.objects.shared().is_empty() {
            return Vec::new();
        }
        let at = match asked.cmd {
            TEST_RUN => return self.objects.shared().to_vec(),
            LOOKUP..=NEXT_KEY | LOOKUP_AND_DELETE | FREEZE => 0,
            LOOKUP_BATCH..=DELETE_BATCH => 36,
            _ => return Vec::new(),
        };
        let target = self.target(listener, call);
        let mut fd = [0; 4];
        let field = UserAddr(asked.at).checked_add(at);
        let read = field.is_some_and(|field| target.read(field, &mut fd).is_ok());
        match target.fd(u32::from_ne_bytes(fd)) {
            Some(Ok(object)) if read => vec![object],
            Some(_) | None => Vec::new(),
        }
    }

    /// What a call did to maps that are mapped.
    fn after(&mut self, answer: Answer, asked: &Asked, mapped: &[ObjectId]) -> Answer {
        let mut answer = answer;
        for object in mapped {
            if self.objects.put_out(&self.kernel, *object).is_err() {
                self.note("a program wrote to a frozen map that is mapped: not seen there".into());
            }
            if asked.cmd == FREEZE && answer.is_ok() && !self.objects.freeze(*object) {
                if let Some(meta) = self.kernel.core.meta_mut(*object) {
                    meta.frozen = false;
                }
                answer = Err(Errno::EBUSY.into());
            }
        }
        answer
    }

    fn reply(&mut self, listener: &Listener, asked: &Asked, answer: &Answer) {
        let reply = match answer {
            Ok(value) => Reply::Value((*value).into()),
            Err(Failure::Errno(refusal)) => Reply::Errno(refusal.errno.number()),
            Err(failure @ (Failure::NotModelled(_) | Failure::Trapped(_))) => {
                let entry = cmd::by_number(asked.cmd, self.options.profile.release);
                let name = entry.map_or("bpf(2)", |entry| entry.name);
                self.note(format!("{name}: {failure}; answered EOPNOTSUPP"));
                Reply::Errno(NOT_MODELLED)
            }
        };
        // It may be gone.
        let _ = listener.reply(asked.id, reply);
    }

    /// A new fd in the caller, and the end of the call. The table holds one reference to each
    /// object with fds, however many; the call came with one more.
    fn give(&mut self, listener: &Listener, id: u64, pending: Pending) -> (Answer, Option<u32>) {
        let Pending { object, mode } = pending;
        let had = self.objects.contains(object);
        let refuse = |number: i32| {
            // It may be gone.
            let _ = listener.reply(id, Reply::Errno(number));
            let errno = Errno::from_number(number).unwrap_or(Errno::ENOMEM);
            (Err(Failure::from(errno)), None)
        };
        let file = match self.objects.open(&self.kernel, object, mode) {
            Ok(file) => file,
            Err(number) => {
                self.kernel.release(object);
                return refuse(number);
            }
        };
        if had {
            self.kernel.release(object);
        }
        let given = match listener.reply_fd(id, file.as_fd(), true) {
            Ok(fd) => (Ok(fd), Some(fd)),
            Err(number) => {
                drop(file);
                if self.objects.drop_if_unheld(object) {
                    self.kernel.release(object);
                }
                refuse(number)
            }
        };
        self.sweep(SWEPT);
        given
    }

    /// One line of the trace; who called is said where it is not the program itself.
    fn trace(&mut self, pid: u32, line: &str) {
        let who = if pid == self.program { String::new() } else { format!("[pid {pid:>5}] ") };
        if let Some(out) = &mut self.options.trace {
            // Nobody is left to tell when this fails.
            let _ = writeln!(out, "{who}{line}");
        }
    }
}

fn unreadable(pid: u32) -> String {
    format!(
        "the memory of process {pid} cannot be read (EPERM): its program is not readable, or \
         ptrace is restricted (kernel.yama.ptrace_scope); its calls answer EFAULT"
    )
}

impl Target<'_> {
    /// The attr, as far as it can be read, for the trace.
    fn look(&self, at: u64, size: u32) -> Vec<u8> {
        let mut bytes = vec![0; ATTR.min(size as usize)];
        let read = !bytes.is_empty() && self.read(UserAddr(at), &mut bytes).is_ok();
        if read { bytes } else { Vec::new() }
    }

    /// The call as strace(1) shows it, once it has its answer.
    fn show(&self, asked: &Asked, before: &[u8], release: Release) -> String {
        let after = self.look(asked.at, asked.size);
        let Asked { cmd, at, size, .. } = *asked;
        let crossed = Crossed { cmd, at, size, before, after: &after };
        strace::call(&crossed, release, &|at| self.text(at))
    }

    /// A string of the caller, as much of it as a line has room for.
    fn text(&self, at: u64) -> Option<String> {
        let mut bytes = Vec::new();
        while bytes.len() < 128 {
            let mut byte = [0];
            let here = at.checked_add(bytes.len() as u64)?;
            self.read(UserAddr(here), &mut byte).ok()?;
            if byte[0] == 0 {
                break;
            }
            bytes.push(byte[0]);
        }
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }
}
