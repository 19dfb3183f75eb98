//! An errno, and why.

use super::Cause;
use crate::Errno;
use std::fmt;

/// What a call answers that is refused: an errno, and the rule that was broken where it is known.
///
/// Two refusals are equal when their errnos are: that is what a caller of bpf(2) sees. Compare
/// [`Refusal::id`] to tell reasons apart.
#[derive(Clone, Copy)]
pub struct Refusal {
    /// What user space sees.
    pub errno: Errno,
    /// The rule; none where the refusal has no row yet.
    pub cause: Option<&'static Cause>,
}

impl Refusal {
    /// A refusal without an explanation.
    pub const fn of(errno: Errno) -> Self {
        Self { errno, cause: None }
    }

    /// The id of the cause.
    pub fn id(self) -> Option<&'static str> {
        self.cause.map(|cause| cause.id)
    }

    /// The same errno with this cause, unless it has one.
    #[must_use]
    pub fn or_because(self, cause: Option<&'static Cause>) -> Self {
        Self { errno: self.errno, cause: self.cause.or(cause) }
    }
}

impl PartialEq for Refusal {
    fn eq(&self, other: &Self) -> bool {
        self.errno == other.errno
    }
}

impl Eq for Refusal {}

impl PartialEq<Errno> for Refusal {
    fn eq(&self, other: &Errno) -> bool {
        self.errno == *other
    }
}

impl From<Errno> for Refusal {
    fn from(errno: Errno) -> Self {
        Self::of(errno)
    }
}

impl From<&'static Cause> for Refusal {
    fn from(cause: &'static Cause) -> Self {
        cause.refusal()
    }
}

/// The errno alone, for code that has no use for reasons.
impl From<Refusal> for Errno {
    fn from(refusal: Refusal) -> Self {
        refusal.errno
    }
}

/// `E2BIG (Argument list too long)`; with `{:#}` the id and the rule behind it.
impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.errno, self.errno.text())?;
        match self.cause {
            Some(cause) if f.alternate() => write!(f, " [{}]: {}", cause.id, cause.rule),
            Some(_) | None => Ok(()),
        }
    }
}

/// `E2BIG`, as equality has it; with `{:#?}` the id behind it.
impl fmt::Debug for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.errno)?;
        match self.id() {
            Some(id) if f.alternate() => write!(f, " [{id}]"),
            Some(_) | None => Ok(()),
        }
    }
}

impl std::error::Error for Refusal {}

/// Turns what is missing or went wrong into a refusal.
pub trait Because<T> {
    /// The value, or a refusal for this reason.
    ///
    /// # Errors
    /// There is no value.
    fn because(self, cause: &'static Cause) -> Result<T, Refusal>;
}

impl<T> Because<T> for Option<T> {
    #[inline]
    fn because(self, cause: &'static Cause) -> Result<T, Refusal> {
        self.ok_or(cause.refusal())
    }
}

impl<T, E> Because<T> for Result<T, E> {
    #[inline]
    fn because(self, cause: &'static Cause) -> Result<T, Refusal> {
        self.map_err(|_| cause.refusal())
    }
}
