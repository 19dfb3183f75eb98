//! Other implementations of bpf(2), asked over a line of JSON for each call.
//!
//! [`Plugin`] is the asking side, [`Server`] the simulator as the answering one. A request says
//! in `do` what it wants: `hello`, `begin`, `bpf`, `close`. `docs/src/conform.md` has all fields.

mod plugin;
mod server;

pub use plugin::{Plugin, Wire};
pub use server::Server;

/// What both sides say in their first line.
pub const SCHEMA: &str = "bpfsim.plugin/1";

fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) || !text.is_ascii() {
        return None;
    }
    let digits = (0..text.len()).step_by(2);
    digits.map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok()).collect()
}
