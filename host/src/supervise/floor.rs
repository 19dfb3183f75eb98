//! The least that a supervisor can do for a call, to measure the rest against.

use super::RunError;
use super::start;
use crate::sys::{Listener, Reply, remote, spawn};
use std::ffi::OsString;

/// Bytes that are read of an attr, and written of a value.
const READ: usize = 32;
const WRITTEN: usize = 8;

/// Runs `argv` and answers each bpf(2) with 0: one notification, one read of the attr, one
/// `ID_VALID`, one write to its third word, one answer. A command above 1,000 ends that, and the
/// program must make no other.
///
/// # Errors
/// What could not be started, and why.
pub fn floor(argv: &[OsString]) -> Result<(), RunError> {
    let started = start::bare(argv)?;
    if let Some(number) = spawn::exec_error(&started.socket) {
        return Err(start::not_executed(&argv[0].to_string_lossy(), number));
    }
    let listener = Listener::new(started.listener);
    loop {
        let Ok(call) = listener.receive() else { continue };
        let mut attr = [0; READ];
        let read = remote::read(call.pid, call.args[1], &mut attr);
        let mut value = [0; 8];
        value.copy_from_slice(&attr[16..24]);
        if read == Ok(READ) && listener.is_valid(call.id) {
            let _ = remote::write(call.pid, u64::from_ne_bytes(value), &[0; WRITTEN]);
        }
        let _ = listener.reply(call.id, Reply::Value(0));
        if call.args[0] > 1000 {
            spawn::reap(started.pid);
            return Ok(());
        }
    }
}
