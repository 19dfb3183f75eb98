//! The designs for per-CPU values, one file each: same items in the same order, so that `diff` of
//! two of them reads like a patch.

use crate::series::Series;
use bpfsim_abi::Release;

/// The designs and their features: the one place where a feature gates anything. An overlay is
/// there with its feature only; what a release shipped is always there, and its feature decides
/// whether it can be named.
macro_rules! series {
    ($($kind:ident $feature:literal $module:ident => $($value:ident),+;)*) => {
        $(series! { @module $kind $feature $module })*

        /// Plain names of all designs that there are, built in or not.
        pub const NAMES: &[&str] = &[$($feature),*];

        static ALL: &[&Series] =
            &[$($(#[cfg(feature = $feature)] &$module::$value,)+)*];
    };
    (@module overlay $feature:literal $module:ident) => {
        #[cfg(feature = $feature)]
        mod $module;
    };
    (@module shipped $feature:literal $module:ident) => {
        mod $module;
    };
}

series! {
    overlay "keyed" keyed => SERIES;
    overlay "ming-lei" ming_lei => SERIES;
    overlay "martin-lau" martin_lau => SERIES, V1;
    shipped "merged" merged => SERIES;
    shipped "f-cpu" f_cpu => SERIES;
}

/// What releases have by themselves, whatever the features: newest first.
static SHIPPED: &[&Series] = &[&f_cpu::SERIES, &merged::SERIES];

/// Every series and variant of this build, in the order of the thread.
pub fn all() -> &'static [&'static Series] {
    ALL
}

/// The series with this name; a variant only by its full name.
pub fn by_name(name: &str) -> Option<&'static Series> {
    ALL.iter()
        .copied()
        .find(|series| series.name == name || (series.is_default && series.base_name() == name))
}

/// What `release` has by itself.
pub fn shipped(release: Release) -> Option<&'static Series> {
    let since = |series: &&&Series| series.shipped.is_some_and(|from| from <= release);
    SHIPPED.iter().find(since).copied()
}
