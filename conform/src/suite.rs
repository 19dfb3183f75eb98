//! All cases that are built in, or those of other texts, and running them.

use crate::ast::Case;
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

/// Plain cases, in the order of their files.
#[derive(Clone, Debug, Default)]
pub struct Suite {
    /// All of them.
    pub cases: Vec<Named>,
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
        let stem = file.strip_suffix(".case").unwrap_or(file);
        for case in &parse(file, text)?.cases {
            for case in case.expand(file)? {
                let id = format!("{stem}/{}", case.name);
                self.cases.push(Named { id, file: file.to_owned(), case });
            }
        }
        Ok(())
    }

    /// Keeps the cases whose id has `part` in it.
    pub fn keep(&mut self, part: &str) {
        self.cases.retain(|named| named.id.contains(part));
    }

    /// Runs every case.
    pub fn run(&self, target: &mut dyn Target, assembler: &dyn Assemble) -> Vec<Outcome> {
        let outcome = |named: &Named| Outcome {
            id: named.id.clone(),
            file: named.file.clone(),
            line: named.case.line,
            verdict: run(&named.case, target, assembler),
        };
        self.cases.iter().map(outcome).collect()
    }
}
