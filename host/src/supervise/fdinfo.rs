//! `/proc/PID/fdinfo/N` of an object: what bpf_map_show_fdinfo() and its siblings print.
//!
//! Source: `kernel/bpf/syscall.c`. Only what the model knows is printed; a field that is missing is
//! one that loaders do without. `memlock`, run times and jited sizes are such.

use bpfsim_abi::Release;
use bpfsim_syscall::{Kernel, ObjectId};
use std::fmt::Write;

/// The thread and the fd that a path asks for; `me` is the thread that asks.
pub(super) fn parse(path: &[u8], me: u32) -> Option<(u32, u32)> {
    let path = std::str::from_utf8(path).ok()?.strip_prefix("/proc/")?;
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let number = |part: &str| part.parse::<u32>().ok();
    match parts.as_slice() {
        ["self" | "thread-self", "fdinfo", fd] => Some((me, number(fd)?)),
        [pid, "fdinfo", fd] => Some((number(pid)?, number(fd)?)),
        [_, "task", tid, "fdinfo", fd] => Some((number(tid)?, number(fd)?)),
        _ => None,
    }
}

/// The whole file. The first lines are those of the real one.
pub(super) fn text(kernel: &Kernel, object: ObjectId, pid: u32, fd: u32) -> String {
    let real = std::fs::read_to_string(format!("/proc/{pid}/fdinfo/{fd}")).unwrap_or_default();
    let common =
        |line: &&str| ["pos:", "flags:", "mnt_id:", "ino:"].iter().any(|p| line.starts_with(p));
    let mut out = real.lines().filter(common).fold(String::new(), |out, line| out + line + "\n");
    let release = kernel.core.profile.release;
    let id = kernel.core.meta(object).map_or(0, |meta| meta.id);
    let mut field = |name: &str, value: &dyn std::fmt::Display| {
        // Writing to a string does not fail.
        let _ = writeln!(out, "{name}:\t{value}");
    };
    match object {
        ObjectId::Map(handle) => {
            let Some(map) = kernel.core.map(handle) else { return out };
            let shape = &map.shape;
            field("map_type", &shape.map_type);
            field("key_size", &shape.key_size);
            field("value_size", &shape.value_size);
            field("max_entries", &shape.max_entries);
            if release >= Release::new(4, 7) {
                field("map_flags", &format!("{:#x}", shape.flags));
            }
            if release >= Release::new(5, 16) {
                field("map_extra", &"0x0");
            }
            if release >= Release::new(4, 18) {
                field("map_id", &id);
            }
            if release >= Release::new(5, 2) {
                let frozen = kernel.core.meta(object).is_some_and(|meta| meta.frozen);
                field("frozen", &u8::from(frozen));
            }
        }
        ObjectId::Prog(handle) => {
            let Some(program) = kernel.core.program(handle) else { return out };
            field("prog_type", &program.prog_type());
            field("prog_jited", &0);
            if release >= Release::new(4, 18) {
                field("prog_id", &id);
            }
        }
        ObjectId::Btf(_) => field("btf_id", &id),
        ObjectId::Link(_) => field("link_id", &id),
        // The file has nothing of its own.
        ObjectId::Stats => {}
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::own("/proc/self/fdinfo/5", Some((7, 5)))]
    #[case::thread("/proc/thread-self/fdinfo/5", Some((7, 5)))]
    #[case::other("/proc/12/fdinfo/5", Some((12, 5)))]
    #[case::task("/proc/12/task/13/fdinfo/5", Some((13, 5)))]
    #[case::folder("/proc/self/fdinfo", None)]
    #[case::fd("/proc/self/fd/5", None)]
    #[case::word("/proc/self/fdinfo/five", None)]
    #[case::elsewhere("/home/self/fdinfo/5", None)]
    fn paths(#[case] path: &str, #[case] want: Option<(u32, u32)>) {
        assert_eq!(parse(path.as_bytes(), 7), want);
    }
}
