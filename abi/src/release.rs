//! Kernel releases: `X.Y`, ordered.

use std::fmt;
use std::str::FromStr;

/// A mainline release, X.Y.0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Release {
    /// X of X.Y.
    pub major: u8,
    /// Y of X.Y.
    pub minor: u8,
}

/// By age.
impl Ord for Release {
    #[inline]
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.packed().cmp(&other.packed())
    }
}

impl PartialOrd for Release {
    #[inline]
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Release {
    /// One number, in order of age: rules compare releases at every call.
    #[inline]
    const fn packed(self) -> u16 {
        u16::from_be_bytes([self.major, self.minor])
    }

    /// The release `major.minor`.
    pub const fn new(major: u8, minor: u8) -> Self {
        Self { major, minor }
    }
}

/// How many releases each major number had, from its first minor number up to v7.2.
const SERIES: [(u8, std::ops::Range<u8>); 5] =
    [(3, 18..20), (4, 0..21), (5, 0..20), (6, 0..20), (7, 0..3)];

const KNOWN: [Release; 66] = {
    let mut known = [Release::new(0, 0); 66];
    let (mut at, mut series) = (0, 0);
    while series < SERIES.len() {
        let (major, minors) = (SERIES[series].0, &SERIES[series].1);
        let mut minor = minors.start;
        while minor < minors.end {
            known[at] = Release::new(major, minor);
            at += 1;
            minor += 1;
        }
        series += 1;
    }
    assert!(at == known.len());
    known
};

/// Every mainline release with bpf(2) that the tables cover, v3.18 to v7.2, in order.
pub const fn known_releases() -> &'static [Release] {
    &KNOWN
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v{}.{}", self.major, self.minor)
    }
}

/// The text is not a release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotARelease(pub String);

impl fmt::Display for NotARelease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "'{}' is not a kernel release: write X.Y, as in 4.5 or v6.18", self.0)
    }
}

impl std::error::Error for NotARelease {}

impl FromStr for Release {
    type Err = NotARelease;

    /// Reads `4.5` or `v4.5`.
    fn from_str(text: &str) -> Result<Self, NotARelease> {
        let bad = || NotARelease(text.to_owned());
        let digits = text.strip_prefix('v').unwrap_or(text);
        let (major, minor) = digits.split_once('.').ok_or_else(bad)?;
        let number = |part: &str| {
            if part.is_empty() || !part.bytes().all(|b| b.is_ascii_digit()) {
                return Err(bad());
            }
            part.parse().map_err(|_| bad())
        };
        Ok(Self { major: number(major)?, minor: number(minor)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_both_spellings_and_orders_by_number() {
        assert_eq!("4.5".parse(), Ok(Release::new(4, 5)));
        assert_eq!("v6.18".parse(), Ok(Release::new(6, 18)));
        assert!(Release::new(4, 9) < Release::new(4, 10));
        for bad in ["", "4", "4.", ".5", "4.5.1", "4.x", "+4.5", "4.999"] {
            assert_eq!(bad.parse::<Release>(), Err(NotARelease(bad.to_owned())));
        }
    }
}
