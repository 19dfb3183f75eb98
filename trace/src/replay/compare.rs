//! What a call answered here, against what the trace has.

use super::task::Replaying;
use super::{Difference, Replayed};
use crate::images::Images;
use crate::line::{Answered, CallLine};
use crate::record::{cause, object_name};
use bpfsim_syscall::{Answer, Failure, Kernel};
use std::collections::BTreeSet;

/// Bytes of a difference that are shown.
const SHOWN: u64 = 16;

/// None where everything is the same.
pub(super) fn call(
    kernel: &Kernel,
    task: &Replaying,
    line: usize,
    call: &CallLine,
    answer: &Answer,
) -> Option<Replayed> {
    let name = call.name.clone().unwrap_or_else(|| format!("command {}", call.cmd));
    let different = |field: String, recorded: String, replayed: String| {
        Some(Replayed::Different(Difference {
            call: call.call,
            line,
            name: name.clone(),
            field,
            recorded,
            replayed,
            cause: cause(answer),
        }))
    };
    let unknown = matches!(call.answer, Answered::NotModelled(_));
    if let Err(Failure::NotModelled(why)) = answer {
        // Nobody knew then either, and the call changed nothing.
        if unknown {
            return None;
        }
        let why = why.clone();
        return Some(Replayed::NotModelled { call: call.call, line, name, why });
    }
    if let Some((at, len)) = task.unknown.get() {
        let field = format!("reads {}", place(call, at));
        let replayed = format!("{len} bytes, and answers {}", said(kernel, task, answer));
        return different(field, "not read, so the trace has no bytes".to_owned(), replayed);
    }
    let (recorded, replayed) = (recorded(&call.answer), said(kernel, task, answer));
    if recorded != replayed {
        return different("answer".to_owned(), recorded, replayed);
    }
    let (at, recorded, replayed) = memory(call, task)?;
    different(place(call, at), recorded, replayed)
}

/// An answer in words; fds by their object, since numbers may differ.
fn recorded(answer: &Answered) -> String {
    match answer {
        Answered::Value(value) => value.to_string(),
        Answered::Fd(fd) => format!("an fd of {}", fd.object.as_deref().unwrap_or("nothing")),
        Answered::Errno(name) => name.clone(),
        Answered::NotModelled(why) => format!("not modelled: {why}"),
        Answered::Trapped(why) => why.clone(),
    }
}

fn said(kernel: &Kernel, task: &Replaying, answer: &Answer) -> String {
    match (answer, task.installed) {
        (Ok(fd), Some((made, object))) if *fd == made => {
            format!("an fd of {}", object_name(kernel, object))
        }
        (Ok(value), _) => value.to_string(),
        (Err(Failure::Errno(errno)), _) => errno.errno.name().to_owned(),
        (Err(other), _) => other.to_string(),
    }
}

/// `attr+24`, or an address.
fn place(call: &CallLine, at: u64) -> String {
    let inside = call.attr <= at && at - call.attr < call.size.into();
    if inside { format!("attr+{}", at - call.attr) } else { format!("memory at {at:#x}") }
}

/// The first byte that differs after the call, with those behind it on both sides.
fn memory(call: &CallLine, task: &Replaying) -> Option<(u64, String, String)> {
    let mut then = Images::default();
    for image in &call.read {
        then.fill(image.at, &image.bytes);
    }
    for image in &call.wrote {
        then.put(image.at, &image.bytes);
    }
    let spans = |images: &Images| -> Vec<(u64, u64)> {
        images.iter().map(|(at, bytes)| (at, bytes.len() as u64)).collect()
    };
    let mut touched: BTreeSet<(u64, u64)> = spans(&task.wrote).into_iter().collect();
    touched.extend(call.wrote.iter().map(|image| (image.at, image.bytes.len() as u64)));
    let addresses = touched.into_iter().flat_map(|(at, len)| at..at.saturating_add(len));
    let at = addresses.filter(|at| then.byte(*at) != task.byte(*at)).min()?;
    let show = |byte: &dyn Fn(u64) -> Option<u8>| {
        let bytes = (at..at.saturating_add(SHOWN)).map_while(byte);
        let text: Vec<String> = bytes.map(|byte| format!("{byte:02x}")).collect();
        if text.is_empty() { "not written".to_owned() } else { text.join(" ") }
    };
    Some((at, show(&|at| then.byte(at)), show(&|at| task.byte(at))))
}
