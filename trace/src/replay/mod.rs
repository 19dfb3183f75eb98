//! A trace on another kernel, up to the first difference.

mod compare;
mod task;

use crate::format::{BadTrace, Line, Trace};
use crate::line::{Answered, CallLine, FdLine};
use crate::record::{OTHER, caps_from_names, kind_name, object_name};
use bpfsim_abi::attr::UserAddr;
use bpfsim_syscall::meta::Kind;
use bpfsim_syscall::task::NotBpf;
use bpfsim_syscall::{Kernel, Mode, ObjectId, Profile};
use std::collections::BTreeMap;
use task::Replaying;

/// How a replay ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Replayed {
    /// Every call answered as in the trace; how many there were.
    Same(u64),
    /// The first call that did not.
    Different(Difference),
    /// The model has no answer to a call, so that nobody knows what comes behind it.
    NotModelled {
        /// Which call.
        call: u64,
        /// Its line in the file.
        line: usize,
        /// The kernel's name of the command, or its number.
        name: String,
        /// What is not modelled.
        why: String,
    },
}

/// The first difference between a trace and its replay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Which call, from 1.
    pub call: u64,
    /// Its line in the file.
    pub line: usize,
    /// The kernel's name of the command, or its number.
    pub name: String,
    /// `answer`, or which byte of memory.
    pub field: String,
    /// What the trace has there.
    pub recorded: String,
    /// What the replay has there.
    pub replayed: String,
    /// The id of the rule that refused the call here, where it is known.
    pub cause: Option<&'static str>,
}

/// Makes the calls of `trace` on a kernel with `profile`, which needs the CPUs of the trace only if
/// its per-CPU values are to be the same.
///
/// # Errors
/// A line that names an object before the trace has it.
pub fn replay(trace: &Trace, profile: Profile) -> Result<Replayed, BadTrace> {
    let caps = caps_from_names(&trace.header.caps);
    let mut session = Session {
        kernel: Kernel::new(profile),
        task: Replaying::new(caps),
        objects: BTreeMap::new(),
    };
    let mut calls = 0;
    for (number, line) in &trace.lines {
        match line {
            Line::Close(close) => session.close(close.close),
            Line::Call(call) => {
                calls += 1;
                if let Some(end) = session.call(*number, call)? {
                    return Ok(end);
                }
            }
        }
    }
    Ok(Replayed::Same(calls))
}

struct Session {
    kernel: Kernel,
    task: Replaying,
    /// Objects by their names in the trace.
    objects: BTreeMap<String, ObjectId>,
}

impl Session {
    fn close(&mut self, fd: u32) {
        if let Some((Ok(object), _)) = self.task.set(fd, None) {
            self.kernel.release(object);
        }
    }

    /// Makes one call; none while everything is the same.
    fn call(&mut self, line: usize, call: &CallLine) -> Result<Option<Replayed>, BadTrace> {
        for fd in &call.fds {
            self.open(line, fd)?;
        }
        let made = match &call.answer {
            Answered::Fd(made) => Some(made),
            Answered::Value(_)
            | Answered::Errno(_)
            | Answered::NotModelled(_)
            | Answered::Trapped(_) => None,
        };
        self.expect_object(made);
        self.task.begin(call, made.map(|made| made.fd));
        let answer = self.kernel.bpf(&mut self.task, call.cmd, UserAddr(call.attr), call.size);
        let end = compare::call(&self.kernel, &self.task, line, call, &answer);
        if let (Some(made), Some((_, object))) = (made, self.task.installed) {
            let name = made.object.clone().unwrap_or_default();
            self.objects.insert(name, object);
        }
        Ok(end)
    }

    /// Lets an fd stand for the object that the trace names.
    fn open(&mut self, line: usize, fd: &FdLine) -> Result<(), BadTrace> {
        let mode = match fd.mode.as_deref() {
            Some("r") => Mode::ReadOnly,
            Some("w") => Mode::WriteOnly,
            _ => Mode::ReadWrite,
        };
        let object = match fd.object.as_deref() {
            None => None,
            Some(OTHER) => Some(Err(NotBpf)),
            Some(name) => Some(Ok(self.object(name).ok_or_else(|| BadTrace {
                line,
                what: format!(
                    "fd {} stands for {name}, which no call before has made; record from the \
                     first call on",
                    fd.fd
                ),
            })?)),
        };
        let wanted = object.map(|object| (object, mode));
        if self.task.open(fd.fd) == wanted {
            return Ok(());
        }
        if let Some(Ok(object)) = object {
            self.kernel.core.get(object);
        }
        if let Some((Ok(before), _)) = self.task.set(fd.fd, wanted) {
            self.kernel.release(before);
        }
        Ok(())
    }

    /// The object of that name, as long as it lives.
    fn object(&self, name: &str) -> Option<ObjectId> {
        let object = *self.objects.get(name)?;
        (object_name(&self.kernel, object) == name).then_some(object)
    }

    /// Ids are inputs: a new object gets the id that it had.
    fn expect_object(&mut self, made: Option<&FdLine>) {
        let Some(name) = made.and_then(|made| made.object.as_deref()) else { return };
        for kind in Kind::ALL {
            let id = name.strip_prefix(kind_name(kind)).and_then(|id| id.parse().ok());
            if let Some(id) = id
                && self.kernel.core.ids.find(kind, id).is_none()
            {
                self.kernel.core.ids.go_on_with(kind, id);
            }
        }
    }
}
