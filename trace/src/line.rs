//! The lines of a trace as values.

use serde::{Deserialize, Serialize};

/// The first line: on which kernel the trace was recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// [`crate::SCHEMA`].
    pub schema: String,
    /// As in `6.18`.
    pub release: String,
    /// The patch series on top of it, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub series: Option<String>,
    /// Possible CPUs, in the kernel's list syntax.
    pub possible: String,
    /// CPUs that are on line.
    pub online: String,
    /// Capabilities of the caller by name; those that bpf(2) asks for.
    pub caps: Vec<String>,
    /// sysctl `unprivileged_bpf_disabled`.
    pub unprivileged_disabled: bool,
    /// `ktime_get_ns()`, in nanoseconds.
    #[serde(default)]
    pub time_ns: u64,
    /// What random numbers start from.
    #[serde(default)]
    pub random: u64,
    /// What the hash function of maps starts from.
    #[serde(default)]
    pub hash_seed: u32,
    /// `RLIMIT_MEMLOCK` in bytes; none: unlimited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memlock_limit: Option<u64>,
    /// `CONFIG_NR_CPUS`; none: what a profile has by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nr_cpus: Option<u32>,
}

/// One call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CallLine {
    /// Counts from 1.
    pub call: u64,
    /// Number of the command.
    pub cmd: u32,
    /// The kernel's name of it, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Where the caller has the attr.
    #[serde(with = "crate::format::address")]
    pub attr: u64,
    /// Third argument, in bytes.
    pub size: u32,
    /// Number of the CPU that the caller was on.
    #[serde(default)]
    pub cpu: u32,
    /// Its user.
    #[serde(default)]
    pub uid: u32,
    /// The fds that the kernel looked at.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fds: Vec<FdLine>,
    /// The caller's memory before the call, as far as the kernel read it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub read: Vec<ImageLine>,
    /// What the kernel wrote, as it was after the call.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub wrote: Vec<ImageLine>,
    /// What the caller got.
    pub answer: Answered,
    /// The id of the rule that refused, where the simulator knows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
}

/// An fd, and what it stood for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FdLine {
    /// The number.
    pub fd: u32,
    /// `map3`: kind and id of the object; `other`: a file that is no BPF object; nothing: no such
    /// fd.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<String>,
    /// `r` or `w` where the fd is for one of them only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
}

/// Bytes at an address, or an address that cannot be accessed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImageLine {
    /// As the caller gave it.
    #[serde(with = "crate::format::address")]
    pub at: u64,
    /// Two hexadecimal digits for each byte.
    #[serde(default, with = "crate::format::hex", skip_serializing_if = "Vec::is_empty")]
    pub bytes: Vec<u8>,
    /// How many bytes from here on cannot be accessed (EFAULT); 0 where there are bytes.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub fault: u64,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// What a call answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Answered {
    /// 0, or a count.
    Value(u32),
    /// A new fd.
    Fd(FdLine),
    /// The kernel's name of the error.
    Errno(String),
    /// The simulator had no answer; the reason.
    NotModelled(String),
    /// The kernel would have touched what is no memory.
    Trapped(String),
}

/// The caller closed an fd.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CloseLine {
    /// The number.
    pub close: u32,
}
