//! Calls of bpf(2) as a file: recorded on one kernel, replayed on any other.
//!
//! ```text
//! Recorder::call(kernel, task, cmd, attr, size)      wraps the task in Recorded, runs the call,
//!      |                                             keeps what crossed as a line
//!      v
//! "bpfsim.trace/1": JSON Lines, a header and a line for each call and each closed fd
//!      |
//!      v
//! Trace::parse(text) --replay(trace, profile)--> Replayed   same, the first difference, or
//!                                                           what the model has no answer to
//! ```
//!
//! The format is described in `docs/src/fuzz.md`.
#![forbid(unsafe_code)]

mod format;
mod images;
mod line;
mod record;
mod recorded;
mod replay;

pub use format::{BadTrace, Line, SCHEMA, Trace};
pub use images::Images;
pub use line::{Answered, CallLine, CloseLine, FdLine, Header, ImageLine};
pub use record::{Recorder, object_name};
pub use recorded::Recorded;
pub use replay::{Difference, Replayed, replay};
