//! What went wrong on the real kernel: an errno, or a reason why it was not asked at all.

use bpfsim_abi::Errno;
use std::fmt;

/// The machine could not be asked, and why. Tests count these and print the reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// In a few words, such as `bpf(2) answers EPERM: needs root or CAP_BPF`.
    pub reason: String,
}

impl Skipped {
    /// A reason.
    pub fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into() }
    }
}

impl fmt::Display for Skipped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "skipped: {}", self.reason)
    }
}

impl std::error::Error for Skipped {}

/// A system call that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failed {
    /// The kernel's name of the command, such as `BPF_MAP_CREATE`.
    pub command: &'static str,
    /// The positive error number.
    pub number: i32,
}

impl Failed {
    /// The error number by name; `None` where [`Errno`] has no row for it.
    pub const fn errno(self) -> Option<Errno> {
        Errno::from_number(self.number)
    }
}

/// `EPERM`, or `errno 75` where no name is known.
pub(crate) fn errno_name(number: i32) -> String {
    match Errno::from_number(number) {
        Some(errno) => errno.name().to_owned(),
        None => format!("errno {number}"),
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} answers {}", self.command, errno_name(self.number))?;
        match self.errno() {
            Some(Errno::EPERM) => f.write_str(": needs root or CAP_BPF"),
            Some(Errno::ENOSYS) => f.write_str(": this kernel has no bpf(2)"),
            Some(errno) => write!(f, ": {}", errno.text()),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Failed {}

impl From<Failed> for Skipped {
    fn from(failed: Failed) -> Self {
        Skipped::new(failed.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::no_rights(1, "bpf(2) answers EPERM: needs root or CAP_BPF")]
    #[case::no_call(38, "bpf(2) answers ENOSYS: this kernel has no bpf(2)")]
    #[case::named(22, "bpf(2) answers EINVAL: Invalid argument")]
    #[case::unnamed(9999, "bpf(2) answers errno 9999")]
    fn a_failure_says_the_call_the_errno_and_the_way_out(#[case] number: i32, #[case] text: &str) {
        let failed = Failed { command: "bpf(2)", number };
        assert_eq!(failed.to_string(), text);
        assert_eq!(Skipped::from(failed).to_string(), format!("skipped: {text}"));
    }
}
