//! Links, v5.7: BPF_LINK_CREATE, BPF_LINK_UPDATE, BPF_LINK_DETACH, BPF_ITER_CREATE and
//! BPF_RAW_TRACEPOINT_OPEN (v4.17), and the commands that look at programs beside them.
//!
//! Source: `kernel/bpf/syscall.c`, v4.17 to v7.1, and what each kind of link stands in.

mod change;
mod create;
mod others;
mod trace;

pub(crate) use change::{detach, iterate, update};
pub(crate) use create::create;
pub(crate) use others::{associate, put_text, query_fd, read_stream, statistics, token};
pub(crate) use trace::raw_tracepoint;

use crate::core::ObjectId;
use crate::link::Link;
use crate::{Answer, Failure, Kernel, Task};

/// A link is made, attached, and gets an fd: what fails on the way takes it back, but its id is
/// used up.
fn settle(
    kernel: &mut Kernel,
    task: &mut dyn Task,
    link: Link,
    attach: impl FnOnce(&mut Kernel, &mut dyn Task, u32) -> Result<(), Failure>,
) -> Answer {
    let object = kernel.core.add_link(link);
    let ObjectId::Link(handle) = object else {
        return Err(Failure::NotModelled("a link that is none".to_owned()));
    };
    let done = attach(kernel, task, handle).and_then(|()| Ok(task.install(object)?));
    if done.is_err() {
        kernel.core.put(&mut kernel.hw, object);
    }
    done
}
