//! The calls of a run as a file for `bpfsim replay-calls`.
//!
//! The format knows one table of fds. A run may have many processes: where two of them have
//! different objects at one number, a replay drops the object that was there before.

use bpfsim_abi::attr::UserAddr;
use bpfsim_syscall::{Answer, Caps, Failure, Kernel, ObjectId, Profile, Task};
use bpfsim_trace::{Answered, CallLine, Header, Line, Recorder, object_name};
use std::collections::BTreeMap;
use std::io::Write;

/// A file that is being written.
pub(super) struct Record {
    out: Box<dyn Write>,
    calls: Recorder,
    /// What a replay has open by now: fds, and the names of objects.
    open: BTreeMap<u32, String>,
}

impl Record {
    pub(super) fn new(out: Box<dyn Write>, profile: &Profile, caps: Caps) -> Self {
        let mut record = Self { out, calls: Recorder::default(), open: BTreeMap::new() };
        record.write(&Header::new(profile, caps).to_json());
        record
    }

    fn write(&mut self, line: &str) {
        // A full disk ends the record, not the program.
        let _ = self.out.write_all(line.as_bytes());
    }

    /// bpf(2), with its line, which goes to [`Self::finish`].
    pub(super) fn call(
        &mut self,
        kernel: &mut Kernel,
        task: &mut dyn Task,
        (cmd, at, size): (u32, UserAddr, u32),
    ) -> (Answer, Line) {
        self.calls.call(kernel, task, cmd, at, size)
    }

    /// The line, with the number of the fd, which is known only now.
    pub(super) fn finish(&mut self, mut line: Line, answer: &Answer, fd: Option<u32>) {
        if let Line::Call(call) = &mut line {
            match (&mut call.answer, answer, fd) {
                (Answered::Fd(made), _, Some(fd)) => made.fd = fd,
                (made @ Answered::Fd(_), Err(Failure::Errno(refusal)), None) => {
                    *made = Answered::Errno(refusal.errno.name().to_owned());
                }
                _ => {}
            }
            self.opened(call);
        }
        self.write(&line.to_json());
    }

    /// What a replay has open after this call.
    fn opened(&mut self, call: &CallLine) {
        let made = match &call.answer {
            Answered::Fd(made) => Some(made),
            Answered::Value(_)
            | Answered::Errno(_)
            | Answered::NotModelled(_)
            | Answered::Trapped(_) => None,
        };
        for fd in call.fds.iter().chain(made) {
            match &fd.object {
                Some(object) => self.open.insert(fd.fd, object.clone()),
                None => self.open.remove(&fd.fd),
            };
        }
    }

    /// The object's last fd is gone: a replay closes what it has open for it.
    pub(super) fn released(&mut self, kernel: &Kernel, object: ObjectId) {
        let name = object_name(kernel, object);
        let fds: Vec<u32> =
            self.open.iter().filter(|(_, open)| **open == name).map(|(fd, _)| *fd).collect();
        for fd in fds {
            self.open.remove(&fd);
            let line = self.calls.closed(fd).to_json();
            self.write(&line);
        }
    }
}
