//! All cases that are built in, or those of other texts, and running them.

use crate::ast::{Case, File};
use crate::run::{Outcome, run};
use crate::target::{Assemble, Target};
use crate::{Problem, parse};

include!(concat!(env!("OUT_DIR"), "/cases.rs"));

/// A plain case and where it is from.
#[derive(Clone, Debug)]
pub struct Named {
    /// `FILE/CASE`, without the folder `tests/cases` and the file's ending.
    pub id: String,
    /// The file.
    pub file: String,
    /// The case, without parameters and rows.
    pub case: Case,
}

/// Cases in the order of their files. What rows and parameters stand for is worked out when it is
/// asked for, so that a process with a suite stays small.
#[derive(Clone, Debug, Default)]
pub struct Suite {
    files: Vec<(String, File)>,
    part: String,
}

/// The files that are built in: path below `tests/cases`, text.
pub const fn builtin() -> &'static [(&'static str, &'static str)] {
    FILES
}

impl Suite {
    /// What is built in.
    ///
    /// # Errors
    /// None in a build whose tests pass.
    pub fn builtin() -> Result<Suite, Problem> {
        let mut suite = Suite::default();
        FILES.iter().try_for_each(|(path, text)| suite.add(path, text))?;
        Ok(suite)
    }

    /// Adds the cases of one text; `file` is what it is called.
    ///
    /// # Errors
    /// The first line that is wrong.
    pub fn add(&mut self, file: &str, text: &str) -> Result<(), Problem> {
        self.files.push((file.to_owned(), parse(file, text)?));
        Ok(())
    }

    /// Keeps the cases whose id has `part` in it.
    pub fn keep(&mut self, part: &str) {
        part.clone_into(&mut self.part);
    }

    /// Every plain case.
    pub fn cases(&self) -> impl Iterator<Item = Named> {
        let expanded = self.files.iter().flat_map(|(file, cases)| {
            // Reading has expanded each of them once, so no error is left.
            let plain = cases.cases.iter().flat_map(|case| case.expand(file).unwrap_or_default());
            let stem = file.strip_suffix(".case").unwrap_or(file);
            plain.map(move |case| Named {
                id: format!("{stem}/{}", case.name),
                file: file.clone(),
                case,
            })
        });
        expanded.filter(|named| named.id.contains(&self.part))
    }

    /// Runs every case.
    pub fn run(&self, target: &mut dyn Target, assembler: &dyn Assemble) -> Vec<Outcome> {
        let outcome = |named: Named| Outcome {
            verdict: run(&named.case, target, assembler),
            id: named.id,
            file: named.file,
            line: named.case.line,
        };
        self.cases().map(outcome).collect()
    }
}
