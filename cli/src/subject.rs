//! What a command works on: a scenario file, a built-in scenario, or a compiled program.

use crate::input;
use crate::report::Failure;
use bpfsim_lab::compare::Subject;
use bpfsim_lab::experiment::SetupError;
use bpfsim_lab::explore::Entry;
use bpfsim_lab::object::builtin as objects;
use bpfsim_lab::scenario::{Scenario, builtin, parse};
use bpfsim_maps::percpu;
use std::path::{Path, PathBuf};

/// A scenario, and where the object files that it names are.
#[derive(Debug)]
pub struct Loaded {
    /// What is to be explored.
    pub scenario: Scenario,
    /// Warnings of the parser, a line each.
    pub notes: String,
    directory: PathBuf,
    program: Option<(String, Vec<u8>)>,
}

impl Loaded {
    /// The bytes of an object file: next to the scenario, or built in.
    ///
    /// # Errors
    /// What could not be read, and why.
    pub fn file(&self, name: &str) -> Result<Vec<u8>, String> {
        if let Some((_, bytes)) = self.program.as_ref().filter(|(own, _)| own == name) {
            return Ok(bytes.clone());
        }
        file(&self.directory, name)
    }
}

/// The bytes of an object file in `directory`, else of the built-in one of that name.
///
/// # Errors
/// What could not be read, and why.
pub fn file(directory: &Path, name: &str) -> Result<Vec<u8>, String> {
    match (std::fs::read(directory.join(name)), objects::builtin(name)) {
        (Ok(bytes), _) => Ok(bytes),
        (Err(_), Some(builtin)) => Ok(builtin.to_vec()),
        (Err(error), None) => Err(format!("{name}: cannot be read, {error}")),
    }
}

/// Reads a scenario, or makes one of a compiled program.
///
/// # Errors
/// All problems of the file.
pub fn load(path: &str) -> Result<Loaded, Failure> {
    let way_out = "name a scenario file, a compiled program, or a built-in scenario as \
                   `bpfsim scenario show --list` lists them";
    let built_in = builtin::builtin(path).map(str::as_bytes).or_else(|| objects::builtin(path));
    let bytes = input::bytes(path, built_in, way_out)?;
    if bytes.starts_with(b"\x7fELF") || path.ends_with(".o") {
        let subject = Subject::from_object(path, &bytes).map_err(|e| Failure::new(path, e))?;
        return Ok(Loaded {
            scenario: subject.scenario,
            notes: String::new(),
            directory: PathBuf::new(),
            program: Some((path.to_owned(), bytes)),
        });
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        Failure::new(path, format!("neither text nor an object file: byte {at} is no UTF-8"))
    })?;
    let parsed = parse(&text, path, percpu::NAMES)
        .map_err(|problems| Failure(format!("{path} is no scenario:\n{problems}")))?;
    Ok(Loaded {
        scenario: parsed.scenario,
        notes: parsed.warnings.iter().map(|warning| format!("{warning}\n")).collect(),
        directory: Path::new(path).parent().map_or_else(PathBuf::new, Path::to_owned),
        program: None,
    })
}

/// A program that cannot be read is bad input, and so is one that no series accepts where nobody
/// expects the verifier to refuse it.
///
/// # Errors
/// The file, the line, what is wrong, and the way out.
pub fn runs_somewhere(path: &str, scenario: &Scenario, entries: &[Entry]) -> Result<(), Failure> {
    let errors = || entries.iter().filter_map(|entry| entry.found.as_ref().err());
    let at = |line: &Option<u32>| line.map_or(path.to_owned(), |line| format!("{path}:{line}"));
    if let Some(SetupError::Source(line, why)) =
        errors().find(|error| matches!(error, SetupError::Source(..)))
    {
        return Err(Failure::new(at(line), why));
    }
    if let Some(error @ SetupError::TooMuch { .. }) =
        errors().find(|error| matches!(error, SetupError::TooMuch { .. }))
    {
        return Err(Failure::new(path, error));
    }
    let expected = scenario.expects.iter().any(|expect| expect.verify.is_some());
    if expected || errors().count() < entries.len() {
        return Ok(());
    }
    match errors().find(|error| matches!(error, SetupError::Rejected { .. })) {
        Some(SetupError::Rejected { program, message, line, .. }) => {
            let way_out = "`bpfsim explore` needs a program that some series accepts; write \
                           [prog.NAME.for.SERIES] where its helpers or maps differ";
            let what = format!("program {program} does not verify: {message}; {way_out}");
            Err(Failure::new(at(line), what))
        }
        Some(_) | None => Ok(()),
    }
}
