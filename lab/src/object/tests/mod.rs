//! Tests of the object loader.

mod btf;
mod contents;
mod fuzz;
mod rebuild;
mod refusals;

use super::builtin::builtin;
use super::{ObjectError, ObjectFile};

/// The bytes of an object that is there.
fn bytes(name: &str) -> &'static [u8] {
    builtin(name).unwrap_or_else(|| panic!("{name} is not built in"))
}

/// An object that must load.
fn object(name: &str) -> ObjectFile {
    match ObjectFile::parse(bytes(name)) {
        Ok(object) => object,
        Err(error) => panic!("{name}: {error}"),
    }
}

/// Why an object must not load.
fn refusal(bytes: &[u8]) -> ObjectError {
    ObjectFile::parse(bytes).expect_err("must be refused")
}
