//! Files that are read, and what stands in for them: `-`, and what is built in.

use crate::report::Failure;
use std::io::Read;

/// The bytes of a file; of standard input for `-`; else of `builtin`.
///
/// # Errors
/// The file, the system's reason, and `way_out`.
pub fn bytes(
    path: &str,
    builtin: Option<&'static [u8]>,
    way_out: &str,
) -> Result<Vec<u8>, Failure> {
    let read = match path {
        "-" => {
            let mut bytes = Vec::new();
            std::io::stdin().lock().read_to_end(&mut bytes).map(|_| bytes)
        }
        path => std::fs::read(path),
    };
    match (read, builtin) {
        (Ok(bytes), _) => Ok(bytes),
        (Err(_), Some(builtin)) => Ok(builtin.to_vec()),
        (Err(error), None) => {
            Err(Failure::new(path, format!("cannot be read, {error}; {way_out}")))
        }
    }
}

/// The same, as text.
///
/// # Errors
/// As [`bytes`], and bytes that are no UTF-8.
pub fn text(path: &str, builtin: Option<&'static str>, way_out: &str) -> Result<String, Failure> {
    let bytes = bytes(path, builtin.map(str::as_bytes), way_out)?;
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        Failure::new(path, format!("not text: byte {at} is no UTF-8; {way_out}"))
    })
}
