//! Ranges of releases: `4.6..`, `..<4.6`, `5.1..6.18`, `5.4`.

use bpfsim_abi::Release;
use std::fmt;

/// A release, or a parameter that stands for one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bound {
    /// As in `5.4`.
    At(Release),
    /// As in `$since`.
    Param(String),
}

/// One range; both ends are optional and belong to it, unless `before` says otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Range {
    /// One release.
    Only(Bound),
    /// From a release on, to another one, or both.
    Span {
        /// The first release.
        from: Option<Bound>,
        /// The last.
        to: Option<Bound>,
        /// `to` is the first one that does not belong to it: `..<`.
        before: bool,
    },
}

impl Range {
    /// Exactly this release.
    pub const fn only(release: Release) -> Self {
        Range::Only(Bound::At(release))
    }

    /// From this release on.
    pub const fn since(release: Release) -> Self {
        Range::Span { from: Some(Bound::At(release)), to: None, before: false }
    }

    /// Reads a range.
    ///
    /// # Errors
    /// What is wrong with the text, and how ranges are written.
    pub fn parse(text: &str) -> Result<Range, String> {
        let Some((from, to)) = text.split_once("..") else {
            return Ok(Range::Only(bound(text)?));
        };
        let (to, before) = match to.strip_prefix('<') {
            Some(rest) => (rest, true),
            None => (to, false),
        };
        let end = |text: &str| if text.is_empty() { Ok(None) } else { bound(text).map(Some) };
        let (from, to) = (end(from)?, end(to)?);
        if from.is_none() && to.is_none() || before && to.is_none() {
            return Err(format!("'{text}' is no range of releases: {WAY_OUT}"));
        }
        if let (Some(Bound::At(from)), Some(Bound::At(to))) = (&from, &to)
            && (from > to || from == to && before)
        {
            return Err(format!("'{text}' has no release in it: the earlier one comes first"));
        }
        Ok(Range::Span { from, to, before })
    }

    /// Whether `release` is in it. A parameter that nobody has filled in holds for nothing.
    pub fn holds(&self, release: Release) -> bool {
        let is = |bound: &Bound, test: &dyn Fn(Release) -> bool| match bound {
            Bound::At(at) => test(*at),
            Bound::Param(_) => false,
        };
        match self {
            Range::Only(at) => is(at, &|at| at == release),
            Range::Span { from, to, before } => {
                from.as_ref().is_none_or(|from| is(from, &|from| from <= release))
                    && to.as_ref().is_none_or(|to| {
                        is(to, &|to| if *before { release < to } else { release <= to })
                    })
            }
        }
    }

    /// The ends, to be filled in.
    pub(crate) fn bounds_mut(&mut self) -> impl Iterator<Item = &mut Bound> {
        let (one, two) = match self {
            Range::Only(at) => (Some(at), None),
            Range::Span { from, to, before: _ } => (from.as_mut(), to.as_mut()),
        };
        one.into_iter().chain(two)
    }
}

const WAY_OUT: &str = "write 4.6.., ..4.13, ..<4.14, 5.1..6.18 or 5.4";

/// Reads one end of a range.
pub(crate) fn bound(text: &str) -> Result<Bound, String> {
    if let Some(name) = text.strip_prefix('$') {
        return Ok(Bound::Param(name.to_owned()));
    }
    let digits = text.starts_with(|c: char| c.is_ascii_digit());
    match text.parse::<Release>() {
        Ok(release) if digits && bpfsim_abi::known_releases().contains(&release) => {
            Ok(Bound::At(release))
        }
        Ok(release) if digits => Err(format!("{release} is no known release: v3.18 to v7.2 are")),
        Ok(_) | Err(_) => Err(format!("'{text}' is no release: {WAY_OUT}")),
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Bound::At(release) => write!(f, "{}.{}", release.major, release.minor),
            Bound::Param(name) => write!(f, "${name}"),
        }
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Range::Only(at) => write!(f, "{at}"),
            Range::Span { from, to, before } => {
                if let Some(from) = from {
                    write!(f, "{from}")?;
                }
                f.write_str(if *before { "..<" } else { ".." })?;
                match to {
                    Some(to) => write!(f, "{to}"),
                    None => Ok(()),
                }
            }
        }
    }
}

/// Several ranges; none means every release.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ranges(pub Vec<Range>);

impl Ranges {
    /// Whether `release` is in one of them.
    pub fn hold(&self, release: Release) -> bool {
        self.0.is_empty() || self.0.iter().any(|range| range.holds(release))
    }

    /// Reads ranges with commas between them.
    ///
    /// # Errors
    /// The first that is none.
    pub fn parse(text: &str) -> Result<Ranges, String> {
        text.split(',').map(|one| Range::parse(one.trim())).collect::<Result<_, _>>().map(Ranges)
    }
}

impl fmt::Display for Ranges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, range) in self.0.iter().enumerate() {
            write!(f, "{}{range}", if at == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::from("4.6..", "4.5", "4.6")]
    #[case::to("..4.13", "4.14", "4.13")]
    #[case::before("..<4.14", "4.14", "4.13")]
    #[case::both("5.1..6.18", "5.0", "6.18")]
    #[case::one("5.4", "5.5", "5.4")]
    fn holds_and_prints(#[case] text: &str, #[case] out: &str, #[case] inside: &str) {
        let range = Range::parse(text).expect("a range");
        assert_eq!(range.to_string(), text);
        assert!(!range.holds(out.parse().expect("a release")));
        assert!(range.holds(inside.parse().expect("a release")));
    }

    #[rstest]
    #[case::nothing("..")]
    #[case::no_end("5.1..<")]
    #[case::backwards("5.1..4.6")]
    #[case::empty("5.1..<5.1")]
    #[case::future("9.9..")]
    #[case::word("new")]
    #[case::spelling("v5.1")]
    fn refuses(#[case] text: &str) {
        assert!(Range::parse(text).is_err());
    }
}
