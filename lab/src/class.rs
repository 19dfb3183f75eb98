//! Outcome classes: what one lookup of one slot can turn out to be.
//!
//! The definitions are those of `docs/`: the first that matches names the lookup, in the order in
//! which the variants stand here.

use bpfsim_abi::Errno;
use std::fmt;
use std::str::FromStr;

/// The class of an outcome. `Ord` is the order in which classes are tried and printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// The slot after a whole number of units, as fresh as the end of the lookup allows.
    PreciseFresh,
    /// The slot after a whole number of units, overtaken before the lookup ended.
    PreciseSuperseded,
    /// A whole value older than any that was in memory when the lookup began.
    Stale,
    /// No whole value, but in memory at some instant within the lookup.
    MidUpdate,
    /// An aligned scalar with bytes of two writes that each covered it whole.
    TornWord,
    /// Every word was in memory within the lookup, no instant had all of them.
    Mixed,
    /// Any other value.
    StaleMixed,
    /// The final memory lacks a completed unit. A property of the schedule, beside the partition.
    LostUpdate,
    /// ENOENT although the key was there throughout.
    Missing,
    /// Deadlock: the lookup never returns.
    NoReturn,
    /// An access outside every region, trapped.
    WildPointer,
    /// The call failed with this errno.
    Error(Errno),
}

impl Class {
    /// Every class that is no errno, in order.
    pub const PLAIN: &[Class] = &[
        Class::PreciseFresh,
        Class::PreciseSuperseded,
        Class::Stale,
        Class::MidUpdate,
        Class::TornWord,
        Class::Mixed,
        Class::StaleMixed,
        Class::LostUpdate,
        Class::Missing,
        Class::NoReturn,
        Class::WildPointer,
    ];

    /// The name without the errno: `error` for all of `Class::Error`.
    pub const fn stem(self) -> &'static str {
        match self {
            Class::PreciseFresh => "precise-fresh",
            Class::PreciseSuperseded => "precise-superseded",
            Class::Stale => "stale",
            Class::MidUpdate => "mid-update",
            Class::TornWord => "torn-word",
            Class::Mixed => "mixed",
            Class::StaleMixed => "stale-mixed",
            Class::LostUpdate => "lost-update",
            Class::Missing => "missing",
            Class::NoReturn => "no-return",
            Class::WildPointer => "wild-pointer",
            Class::Error(_) => "error",
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Class::Error(errno) => f.pad(&format!("error:{errno}")),
            plain => f.pad(plain.stem()),
        }
    }
}

/// A name that is no class. Its text says which names there are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotAClass {
    /// What was written.
    pub name: String,
}

impl fmt::Display for NotAClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = &self.name;
        if let Some(errno) = name.strip_prefix("error:") {
            return write!(
                f,
                "'{errno}' is no errno that bpf(2) answers; write the kernel's name, \
                 as in error:ENOENT"
            );
        }
        let hint = match name.as_str() {
            "torn" => "that is three classes: mid-update, torn-word, mixed",
            "precise" => "that is two classes: precise-fresh, precise-superseded",
            "error" => "say which, as in error:ENOENT",
            _ => "",
        };
        write!(f, "'{name}' is no class; ")?;
        if !hint.is_empty() {
            return f.write_str(hint);
        }
        f.write_str("write one of ")?;
        for class in Class::PLAIN {
            write!(f, "{class}, ")?;
        }
        f.write_str("error:NAME")
    }
}

impl std::error::Error for NotAClass {}

impl FromStr for Class {
    type Err = NotAClass;

    /// Reads what `Display` writes.
    fn from_str(name: &str) -> Result<Self, NotAClass> {
        let bad = || NotAClass { name: name.to_owned() };
        if let Some(errno) = name.strip_prefix("error:") {
            let found = Errno::ALL.iter().find(|known| known.name() == errno);
            return found.map(|&errno| Class::Error(errno)).ok_or_else(bad);
        }
        Class::PLAIN.iter().copied().find(|class| class.stem() == name).ok_or_else(bad)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[test]
    fn names_read_back_and_order_is_that_of_the_definitions() {
        let names: Vec<String> = Class::PLAIN.iter().map(Class::to_string).collect();
        assert_eq!(names.len(), 11);
        for (class, name) in Class::PLAIN.iter().zip(&names) {
            assert_eq!(name.parse(), Ok(*class));
        }
        assert!(Class::PLAIN.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(Class::WildPointer < Class::Error(Errno::ENOENT));
        for &errno in Errno::ALL {
            let class = Class::Error(errno);
            assert_eq!(class.to_string().parse(), Ok(class));
        }
        assert_eq!(format!("{:<8}|", Class::Mixed), "mixed   |");
    }

    #[rstest]
    #[case::umbrella("torn", "three classes: mid-update, torn-word, mixed")]
    #[case::half("precise", "two classes")]
    #[case::which("error", "as in error:ENOENT")]
    #[case::no_errno("error:EWHAT", "'EWHAT' is no errno")]
    #[case::case_matters("Mixed", "'Mixed' is no class; write one of precise-fresh, ")]
    #[case::empty("", "'' is no class")]
    fn other_names_say_what_to_write(#[case] name: &str, #[case] part: &str) {
        let error = name.parse::<Class>().expect_err("no class").to_string();
        assert!(error.contains(part), "{error}");
    }
}
