//! A call as strace(1) prints it.
//!
//! ```text
//! bpf(BPF_MAP_CREATE, {map_type=BPF_MAP_TYPE_HASH, key_size=4, …}, 72) = 3
//! [pid  4242] bpf(BPF_MAP_LOOKUP_ELEM, {map_fd=3, …}, 32) = -1 ENOENT (No such file or directory)
//! ```
//!
//! Fields are those of the release; of fields that share bytes, the oldest is shown. Behind an
//! error stands the id of the rule that refused, where there is one.

use bpfsim_abi::layout::{self, Field};
use bpfsim_abi::{Release, attach_type, check_attr, cmd, map_type, prog_type};
use bpfsim_syscall::{Answer, Failure};
use std::fmt::Write;

/// The most of an attr that is looked at: more than any release has.
pub(super) const ATTR: usize = 256;

/// Fields that the kernel writes: their values are those after the call.
const WRITTEN: [&str; 6] =
    ["next_id", "retval", "duration", "prog_cnt", "log_true_size", "btf_log_true_size"];

/// Fields that are addresses of strings.
const STRINGS: [&str; 3] = ["pathname", "license", "name"];

/// Fields of eight bytes that are no addresses.
const NUMBERS: [&str; 4] = ["map_extra", "expected_revision", "probe_offset", "tracing.cookie"];

/// What crossed in one call.
pub(super) struct Crossed<'a> {
    pub(super) cmd: u32,
    pub(super) at: u64,
    pub(super) size: u32,
    /// The attr before and after, as far as it could be read.
    pub(super) before: &'a [u8],
    pub(super) after: &'a [u8],
}

/// The call without its answer. `text` reads a string of the caller.
pub(super) fn call(
    crossed: &Crossed<'_>,
    release: Release,
    text: &dyn Fn(u64) -> Option<String>,
) -> String {
    let name = cmd::by_number(crossed.cmd, release);
    let name = name.map_or_else(|| format!("{:#x} /* BPF_??? */", crossed.cmd), |e| e.name.into());
    format!("bpf({name}, {}, {})", attr(crossed, release, text), crossed.size)
}

fn attr(crossed: &Crossed<'_>, release: Release, text: &dyn Fn(u64) -> Option<String>) -> String {
    let arm = check_attr::last_field(crossed.cmd, release).map(|row| row.container);
    let (Some(arm), false) = (arm, crossed.before.is_empty()) else {
        return if crossed.at == 0 { "NULL".to_owned() } else { format!("{:#x}", crossed.at) };
    };
    let (mut parts, mut end) = (Vec::new(), 0);
    let mut fields: Vec<&Field> = layout::fields(arm, release).collect();
    fields.sort_by_key(|field| field.offset);
    for field in fields {
        let given = field.end() <= crossed.size.min(crossed.before.len() as u32);
        if field.offset < end || !given || !belongs(field, crossed.cmd) {
            continue;
        }
        end = field.end();
        let bytes = if WRITTEN.contains(&field.name) { crossed.after } else { crossed.before };
        let bytes = bytes.get(field.offset as usize..end as usize).unwrap_or_default();
        parts.push(format!("{}={}", field.name, value(field, bytes, release, text)));
    }
    format!("{{{}}}", parts.join(", "))
}

/// Of fields that share bytes, the one that the command means.
fn belongs(field: &Field, cmd: u32) -> bool {
    match field.name {
        "start_id" | "next_id" => matches!(cmd, 11 | 12 | 23 | 31),
        "prog_id" => cmd == 13,
        "map_id" => cmd == 14,
        "btf_id" => cmd == 19,
        "link_id" => cmd == 30,
        "value" => cmd != 4,
        "next_key" => cmd == 4,
        _ => true,
    }
}

fn value(
    field: &Field,
    bytes: &[u8],
    release: Release,
    text: &dyn Fn(u64) -> Option<String>,
) -> String {
    if field.ctype.starts_with("char[") {
        return quoted(bytes.split(|byte| *byte == 0).next().unwrap_or_default());
    }
    let number = bytes.iter().rev().fold(0u64, |all, byte| all << 8 | u64::from(*byte));
    let named = |entry: Option<&bpfsim_abi::tables::Entry>| {
        entry.map_or_else(|| format!("{number:#x}"), |entry| entry.name.to_owned())
    };
    match field.name {
        "map_type" => named(map_type::by_number(number as u32, release)),
        "prog_type" => named(prog_type::by_number(number as u32, release)),
        "expected_attach_type" | "attach_type" => {
            named(attach_type::by_number(number as u32, release))
        }
        name if STRINGS.contains(&name) => {
            text(number).map_or_else(|| pointer(number), |text| quoted(text.as_bytes()))
        }
        name if name.ends_with("flags") => match number {
            0 => "0".to_owned(),
            _ => format!("{number:#x}"),
        },
        name if name.ends_with("fd") => (number as i32).to_string(),
        name if field.size == 8 && !NUMBERS.contains(&name) => pointer(number),
        _ => number.to_string(),
    }
}

fn pointer(number: u64) -> String {
    if number == 0 { "NULL".to_owned() } else { format!("{number:#x}") }
}

/// A string as C would write it.
fn quoted(bytes: &[u8]) -> String {
    let mut out = String::from("\"");
    for byte in bytes {
        match byte {
            b'"' | b'\\' => out.extend(['\\', char::from(*byte)]),
            b' '..=b'~' => out.push(char::from(*byte)),
            _ => {
                // Writing to a string does not fail.
                let _ = write!(out, "\\{byte:o}");
            }
        }
    }
    out + "\""
}

/// The answer: ` = 3`, or ` = -1 EINVAL (Invalid argument)` with the rule behind it.
pub(super) fn answer(answer: &Answer, fd: Option<u32>) -> String {
    match (answer, fd) {
        (Ok(_), Some(fd)) => format!(" = {fd}"),
        (Ok(value), None) => format!(" = {value}"),
        (Err(Failure::Errno(refusal)), _) => {
            let errno = refusal.errno;
            let rule = refusal.id().map_or_else(String::new, |id| format!(" [{id}]"));
            format!(" = -1 {errno} ({}){rule}", errno.text())
        }
        (Err(failure @ (Failure::NotModelled(_) | Failure::Trapped(_))), _) => {
            format!(" = -1 EOPNOTSUPP ({failure})")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bpfsim_abi::Errno;
    use rstest::rstest;

    const PATH: &str = "/sys/fs/bpf/\"m";

    fn words(words: &[u32]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_le_bytes()).collect()
    }

    #[rstest]
    #[case::create(0, &[1, 4, 8, 16, 2], 20, "bpf(BPF_MAP_CREATE, {map_type=BPF_MAP_TYPE_HASH, \
        key_size=4, value_size=8, max_entries=16, map_flags=0x2}, 20)")]
    #[case::unknown_type(0, &[99, 4], 8, "bpf(BPF_MAP_CREATE, {map_type=0x63, key_size=4}, 8)")]
    #[case::half_a_field(0, &[1, 4], 6, "bpf(BPF_MAP_CREATE, {map_type=BPF_MAP_TYPE_HASH}, 6)")]
    #[case::element(1, &[3, 0, 0x10, 0, 0, 0, 0, 0], 32,
        "bpf(BPF_MAP_LOOKUP_ELEM, {map_fd=3, key=0x10, value=NULL, flags=0}, 32)")]
    #[case::next_key(4, &[3, 0, 0, 0, 0x20, 0], 24,
        "bpf(BPF_MAP_GET_NEXT_KEY, {map_fd=3, key=NULL, next_key=0x20}, 24)")]
    #[case::string(7, &[0x1000, 0, 0], 12,
        "bpf(BPF_OBJ_GET, {pathname=\"/sys/fs/bpf/\\\"m\", bpf_fd=0}, 12)")]
    #[case::id(14, &[5, 0], 8, "bpf(BPF_MAP_GET_FD_BY_ID, {map_id=5}, 8)")]
    #[case::written(12, &[5, 6], 8, "bpf(BPF_MAP_GET_NEXT_ID, {start_id=5, next_id=6}, 8)")]
    #[case::no_attr(0, &[], 72, "bpf(BPF_MAP_CREATE, 0x7000, 72)")]
    #[case::no_command(99, &[1], 4, "bpf(0x63 /* BPF_??? */, 0x7000, 4)")]
    fn calls(#[case] cmd: u32, #[case] attr: &[u32], #[case] size: u32, #[case] want: &str) {
        let attr = words(attr);
        let crossed = Crossed { cmd, at: 0x7000, size, before: &attr, after: &attr };
        let text = |at: u64| (at == 0x1000).then(|| PATH.to_owned());
        assert_eq!(call(&crossed, Release::new(6, 18), &text), want);
    }

    #[test]
    fn answers() {
        assert_eq!(answer(&Ok(0), None), " = 0");
        assert_eq!(answer(&Ok(u32::MAX), Some(7)), " = 7");
        let refused = Err(Failure::from(Errno::E2BIG));
        assert_eq!(answer(&refused, None), " = -1 E2BIG (Argument list too long)");
        let unknown = Err(Failure::NotModelled("links".to_owned()));
        assert_eq!(answer(&unknown, None), " = -1 EOPNOTSUPP (not modelled: links)");
    }
}
