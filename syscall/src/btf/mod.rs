//! Commands about BTF: BPF_BTF_LOAD up to its types, and who may ask for ids.
//!
//! Source: `kernel/bpf/btf.c` of v4.20 to v7.0. v4.18 and v4.19 copied piece by piece, and v7.1
//! has a section more.

use crate::entry::Attr;
use crate::task::Caps;
use crate::{Answer, Failure, Kernel, Task};
use bpfsim_abi::attr::BtfLoadAttr;
use bpfsim_abi::{Errno, Release};

/// `BTF_MAX_SIZE`.
const MOST: u32 = 16 << 20;

/// `sizeof(struct btf_header)` up to v7.0.
const HEADER: usize = 24;

/// `BTF_MAX_NAME_OFFSET` of the older releases; longer string sections are not judged here.
const MOST_STRINGS: usize = 0xffff;

/// `BPF_F_TOKEN_FD`, v6.9.
const BPF_F_TOKEN_FD: u32 = 1 << 16;

/// Types and their names, as they were loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Btf {
    /// Header, types, strings.
    pub data: std::sync::Arc<[u8]>,
}

fn not_modelled(what: &str) -> Answer {
    Err(Failure::NotModelled(what.to_owned()))
}

/// CAP_SYS_ADMIN, from v5.8 on CAP_BPF.
fn may(caps: Caps, release: Release) -> bool {
    if release < Release::new(5, 8) { caps.sys_admin } else { caps.privileged() }
}

/// A flag for a token; no fd is a token.
pub(crate) fn check_token(task: &dyn Task, flags: u32, fd: i32) -> Result<(), Errno> {
    match flags {
        0 => Ok(()),
        BPF_F_TOKEN_FD if task.fd(fd as u32).is_none() => Err(Errno::EBADF),
        _ => Err(Errno::EINVAL),
    }
}

/// BPF_BTF_LOAD: rights, size, header, sections, strings.
pub(crate) fn load(kernel: &mut Kernel, task: &mut dyn Task, attr: &Attr) -> Answer {
    let arm: BtfLoadAttr = attr.arm();
    let release = kernel.core.profile.release;
    check_token(task, arm.btf_flags, arm.btf_token_fd)?;
    if !may(task.caps(), release) {
        return Err(Errno::EPERM.into());
    }
    if arm.btf_size > MOST {
        return Err(Errno::E2BIG.into());
    }
    if arm.btf_log_level != 0 || arm.btf_log_size != 0 || !arm.btf_log_buf.is_null() {
        return not_modelled("the log of BTF_LOAD (btf_log_level)");
    }
    if !(Release::new(4, 20)..Release::new(7, 1)).contains(&release) {
        return not_modelled("the BTF of this release");
    }
    let mut data = vec![0; arm.btf_size as usize];
    task.read(arm.btf, &mut data)?;
    let sections = header(&data)?;
    if strings(&data, &sections)? {
        return not_modelled("string sections of more than 64 KiB (BTF_LOAD)");
    }
    if !sections.type_off.is_multiple_of(4) || sections.type_len == 0 {
        return Err(Errno::EINVAL.into());
    }
    not_modelled("the types of a BTF (BTF_LOAD)")
}

/// Where types and strings are, counted from the end of the header.
#[derive(Clone, Copy, Debug)]
struct Sections {
    hdr_len: u32,
    type_off: u32,
    type_len: u32,
    str_off: u32,
    str_len: u32,
}

/// btf_parse_hdr(): a header may be shorter than ours, or longer if the rest is zero.
fn header(data: &[u8]) -> Result<Sections, Errno> {
    /// `BTF_MAGIC` and `BTF_VERSION`.
    const MAGIC: u32 = 0xeb9f;
    const VERSION: u32 = 1;
    let size = data.len();
    let word = |bytes: &[u8], at: usize| {
        bytes[at..at + 4].iter().rev().fold(0, |word, byte| (word << 8) | u32::from(*byte))
    };
    if size < 8 {
        return Err(Errno::EINVAL);
    }
    let given = word(data, 4) as usize;
    if size < given {
        return Err(Errno::EINVAL);
    }
    if given > HEADER && data[HEADER..given].iter().any(|byte| *byte != 0) {
        return Err(Errno::E2BIG);
    }
    let mut header = [0; HEADER];
    let copied = given.min(HEADER);
    header[..copied].copy_from_slice(&data[..copied]);
    let first = word(&header, 0);
    if first & 0xffff != MAGIC {
        return Err(Errno::EINVAL);
    }
    if first >> 16 != VERSION {
        // Another version, or flags.
        return Err(Errno::ENOTSUPP);
    }
    let [hdr_len, type_off, type_len, str_off, str_len] =
        std::array::from_fn(|at| word(&header, 4 + at * 4));
    if size == hdr_len as usize {
        return Err(Errno::EINVAL);
    }
    let sections = Sections { hdr_len, type_off, type_len, str_off, str_len };
    check_sections(&sections, size as u64 - u64::from(hdr_len))?;
    Ok(sections)
}

/// btf_check_sec_info(): the two sections cover everything and nothing twice.
fn check_sections(sections: &Sections, room: u64) -> Result<(), Errno> {
    let mut both = [(sections.type_off, sections.type_len), (sections.str_off, sections.str_len)];
    both.sort_unstable();
    let mut end = 0;
    for (off, len) in both {
        if u64::from(off) != end || u64::from(len) > room - end {
            return Err(Errno::EINVAL);
        }
        end += u64::from(len);
    }
    if end == room { Ok(()) } else { Err(Errno::EINVAL) }
}

/// btf_parse_str_sec(): strings come last, begin with an empty one, and end with a NUL. True for
/// those that are too long for us.
fn strings(data: &[u8], sections: &Sections) -> Result<bool, Errno> {
    let start = u64::from(sections.hdr_len) + u64::from(sections.str_off);
    if start + u64::from(sections.str_len) != data.len() as u64 {
        return Err(Errno::EINVAL);
    }
    let strings = &data[start as usize..];
    match (strings.first(), strings.last()) {
        _ if strings.len() > MOST_STRINGS + 1 => Ok(true),
        (Some(0), Some(0)) => Ok(false),
        _ => Err(Errno::EINVAL),
    }
}
