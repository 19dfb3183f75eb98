//! Files with something wrong, and what is said about them.

mod calls;
mod expects;
mod machine;
mod maps;
mod progs;
mod runs;
mod threads;
mod whole;

use super::{changed, problems};

/// After one change to the good file, exactly this is said: line, column, thing, value, way out.
fn says(from: &str, to: &str, said: &str) {
    assert_eq!(problems(&changed(from, to)).join("\n"), said);
}
