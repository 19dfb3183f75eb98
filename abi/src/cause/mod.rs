//! Why a call is refused: every reason has a row with an id that stays the same.
//!
//! One file for each area, one row for each rule. A handler answers a [`Refusal`]: the errno, and
//! the row that says which rule was broken, about which field, since when, and where the kernel
//! has it. An errno without a row is a refusal that nobody has explained yet.
//!
//! ```
//! use bpfsim_abi::{Errno, Refusal, cause};
//!
//! let refusal: Refusal = cause::ATTR_TOO_LONG.refusal();
//! assert_eq!(refusal, Errno::E2BIG);
//! assert_eq!(refusal.id(), Some("attr-too-long"));
//! ```

mod batch;
mod btf;
mod elem;
mod entry;
mod fd;
mod info;
mod link;
mod map_create;
mod object;
mod path;
mod prog_load;
mod refusal;
mod test_run;

pub use batch::*;
pub use btf::*;
pub use elem::*;
pub use entry::*;
pub use fd::*;
pub use info::*;
pub use link::*;
pub use map_create::*;
pub use object::*;
pub use path::*;
pub use prog_load::*;
pub use refusal::{Because, Refusal};
pub use test_run::*;

use crate::{Errno, Release};
use std::fmt;

/// A rule that a call can break.
#[derive(Clone, Copy, Debug)]
pub struct Cause {
    /// Lower case and dashes. Never renamed, never given to another rule.
    pub id: &'static str,
    /// The calls that it belongs to, in words.
    pub calls: &'static str,
    /// What the kernel answers, at first.
    pub errno: Errno,
    /// Later answers, each with its first release.
    pub later: &'static [(Release, Errno)],
    /// The field of attr (or argument of bpf(2)) that the rule is about; none where it is about
    /// no field, as for rights and memory.
    pub field: Option<&'static str>,
    /// The releases that have the rule.
    pub span: Span,
    /// The rule.
    pub rule: &'static str,
    /// How a caller keeps it.
    pub avoid: &'static str,
    /// The kernel's file.
    pub file: &'static str,
    /// The function in it; its name in the newest release that has the rule.
    pub function: &'static str,
}

/// The releases that have a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The first one. A rule older than v3.18, where the tables begin, has v3.18.
    pub since: Release,
    /// The first one without it.
    pub until: Option<Release>,
}

impl Span {
    /// Up to the release before `major.minor`.
    const fn until(self, major: u8, minor: u8) -> Self {
        Self { until: Some(Release::new(major, minor)), ..self }
    }

    /// True where `release` has the rule.
    pub fn contains(self, release: Release) -> bool {
        self.since <= release && self.until.is_none_or(|until| release < until)
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = crate::known_releases();
        let before = |end: Release| known.iter().rev().find(|release| **release < end);
        match self.until.and_then(before) {
            Some(last) => write!(f, "{} to {last}", self.since),
            None => write!(f, "since {}", self.since),
        }
    }
}

const fn since(major: u8, minor: u8) -> Span {
    Span { since: Release::new(major, minor), until: None }
}

impl Cause {
    /// A refusal for this reason, with the errno that it had at first.
    pub const fn refusal(&'static self) -> Refusal {
        Refusal { errno: self.errno, cause: Some(self) }
    }

    /// A refusal for this reason as `release` answers it.
    pub fn refusal_at(&'static self, release: Release) -> Refusal {
        Refusal { errno: self.errno_at(release), cause: Some(self) }
    }

    /// `Err` of a refusal for this reason, of whatever error a function has.
    ///
    /// # Errors
    /// Always.
    pub fn refuse<T, E: From<Refusal>>(&'static self) -> Result<T, E> {
        Err(self.refusal().into())
    }

    /// Ok where `kept`, and a refusal for this reason otherwise.
    ///
    /// # Errors
    /// The rule is not kept.
    #[inline]
    pub fn unless(&'static self, kept: bool) -> Result<(), Refusal> {
        if kept { Ok(()) } else { Err(self.refusal()) }
    }

    /// What `release` answers.
    pub fn errno_at(&self, release: Release) -> Errno {
        let holds = self.later.iter().rev().find(|(since, _)| *since <= release);
        holds.map_or(self.errno, |(_, errno)| *errno)
    }

    /// Every errno that it ever had, the first one first.
    pub fn errnos(&self) -> impl Iterator<Item = Errno> + '_ {
        std::iter::once(self.errno).chain(self.later.iter().map(|(_, errno)| *errno))
    }
}

impl PartialEq for Cause {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Cause {}

/// Rows: `NAME "id": ERRNO, "field", since(X, Y);` and four texts. A field of `""` is none.
macro_rules! causes {
    ($calls:literal; $(
        $name:ident $id:literal: $errno:ident $([$($later:ident from ($x:literal, $y:literal)),*])?,
        $field:literal, $span:expr;
        rule $rule:literal;
        avoid $avoid:literal;
        source $file:literal, $function:literal;
    )*) => {
        $(
            #[doc = $rule]
            pub const $name: &$crate::cause::Cause = &$crate::cause::Cause {
                id: $id,
                calls: $calls,
                errno: $crate::Errno::$errno,
                later: &[$($(
                    ($crate::Release::new($x, $y), $crate::Errno::$later)
                ),*)?],
                field: if $field.is_empty() { None } else { Some($field) },
                span: $span,
                rule: $rule,
                avoid: $avoid,
                file: $file,
                function: $function,
            };
        )*

        pub(super) const ROWS: &[&$crate::cause::Cause] = &[$($name),*];
    };
}
use causes;

/// Every row, by area.
const AREAS: &[&[&Cause]] = &[
    entry::ROWS,
    fd::ROWS,
    map_create::ROWS,
    elem::ROWS,
    batch::ROWS,
    prog_load::ROWS,
    test_run::ROWS,
    object::ROWS,
    path::ROWS,
    link::ROWS,
    btf::ROWS,
    info::ROWS,
];

/// Every cause, by area.
pub fn all() -> impl Iterator<Item = &'static Cause> {
    AREAS.iter().flat_map(|rows| rows.iter().copied())
}

/// The cause with this id.
pub fn by_id(id: &str) -> Option<&'static Cause> {
    all().find(|cause| cause.id == id)
}

/// The causes that have or had this errno.
pub fn by_errno(errno: Errno) -> impl Iterator<Item = &'static Cause> {
    all().filter(move |cause| cause.errnos().any(|other| other == errno))
}
