//! Names with numbers, per release: what the modules `cmd`, `map_type`, `prog_type`,
//! `attach_type`, `link_type` and `helper_id` have in common.
//!
//! Source: `data/kernel_timeline.csv` and `kernel_timeline_extra.csv`, whose last column names the
//! commit or header that each row comes from. "Since" is presence in the uapi header.

use crate::release::Release;

/// One enumerator of a uapi enum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The kernel's name, verbatim.
    pub name: &'static str,
    /// Its number.
    pub number: u32,
    /// The first release that has the name.
    pub since: Release,
    /// The number has an older name.
    pub is_alias: bool,
}

/// The row with `number`, by its oldest name, if `release` has it.
pub(crate) fn by_number(
    table: &'static [Entry],
    number: u32,
    release: Release,
) -> Option<&'static Entry> {
    table.iter().find(|entry| entry.number == number && !entry.is_alias && entry.since <= release)
}

/// The row called `name`, alias or not, whatever its release.
pub(crate) fn by_name(table: &'static [Entry], name: &str) -> Option<&'static Entry> {
    table.iter().find(|entry| entry.name == name)
}

/// Brings in the table of one subject, with its look-ups.
macro_rules! named_table {
    ($file:literal) => {
        use crate::release::Release;
        use crate::tables::{self, Entry};

        include!(concat!(env!("OUT_DIR"), "/", $file));

        /// The row with `number`, by its oldest name, if `release` has it.
        pub fn by_number(number: u32, release: Release) -> Option<&'static Entry> {
            tables::by_number(ALL, number, release)
        }

        /// The row called `name` (alias or not), whatever its release.
        pub fn by_name(name: &str) -> Option<&'static Entry> {
            tables::by_name(ALL, name)
        }

        /// Whether `release` knows `number`.
        pub fn exists(number: u32, release: Release) -> bool {
            by_number(number, release).is_some()
        }
    };
}
pub(crate) use named_table;
