//! An assembler and a disassembler for BPF, in the syntax of LLVM.
//!
//! ```text
//! text --lex--> tokens --parse--> statements --link--> Program --print--> text
//! ```
//!
//! One statement a line; a label may stand before it. `#`, `//` and `;` start a comment. The
//! syntax is what `clang -S` and `llvm-objdump -d` print (LLVM 14 to 20), plus what LLVM leaves to
//! relocations: a map by name in `r1 = stats ll`, a helper by name in `call map_lookup_elem`, and
//! `map_fd(3) ll`, `map_value(3, 8) ll`, `call pc+4`, `call kfunc 12` for what a loader patched.
//! `.quad 0x95` states any eight bytes, as in LLVM; the printer falls back to it for encodings
//! that have no other text, so that every program can be printed and assembled again.

mod encode;
mod lex;
mod link;
mod loaded;
mod parse;
mod print;
mod suggest;

use bpfsim_abi::Insn;
use std::fmt;

pub use encode::encode;
pub use loaded::with_fds;
pub use print::{text_at, to_text};

/// What the assembler has to ask about names.
pub trait Names {
    /// The number of the helper `name`, which has no `bpf_` in front.
    fn helper(&self, name: &str) -> Option<i32>;

    /// Whether there is a map `name`.
    fn is_map(&self, name: &str) -> bool;

    /// All helper names, for suggestions; may be empty.
    fn helper_names(&self) -> Vec<String> {
        Vec::new()
    }

    /// All map names, for suggestions; may be empty.
    fn map_names(&self) -> Vec<String> {
        Vec::new()
    }
}

/// Names from two lists.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NameTable {
    /// Helpers, without `bpf_`, with their numbers.
    pub helpers: Vec<(String, i32)>,
    /// Maps.
    pub maps: Vec<String>,
}

impl NameTable {
    /// A table of these helpers and maps.
    pub fn new(helpers: &[(&str, i32)], maps: &[&str]) -> NameTable {
        NameTable {
            helpers: helpers.iter().map(|(name, id)| (name.to_string(), *id)).collect(),
            maps: maps.iter().map(|name| name.to_string()).collect(),
        }
    }
}

impl Names for NameTable {
    fn helper(&self, name: &str) -> Option<i32> {
        self.helpers.iter().find(|(known, _)| known == name).map(|(_, id)| *id)
    }

    fn is_map(&self, name: &str) -> bool {
        self.maps.iter().any(|known| known == name)
    }

    fn helper_names(&self) -> Vec<String> {
        self.helpers.iter().map(|(name, _)| name.clone()).collect()
    }

    fn map_names(&self) -> Vec<String> {
        self.maps.clone()
    }
}

/// The `lddw` at `insn` loads the map `map`: its source register says `BPF_PSEUDO_MAP_FD` and its
/// immediate is 0 until a loader writes the fd.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MapRef {
    /// Position of the first half.
    pub insn: usize,
    /// Name of the map.
    pub map: String,
}

/// An assembled program.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Program {
    /// The instructions; `lddw` takes two.
    pub insns: Vec<Insn>,
    /// Where maps have to be filled in, ascending.
    pub map_refs: Vec<MapRef>,
    /// The source line of each instruction, from 1. Empty when there is no source.
    pub lines: Vec<u32>,
}

/// Why a text is no program, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AsmError {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// What was found, what was expected, and what may have been meant.
    pub message: String,
}

impl fmt::Display for AsmError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: {}", self.line, self.column, self.message)
    }
}

impl std::error::Error for AsmError {}

/// Assembles `text`.
///
/// Errors: the first statement that is none; an unknown helper, map or label, with the nearest
/// known name; a label defined twice; a jump to outside the program or farther than the encoding
/// reaches; a number that does not fit its field.
pub fn assemble(text: &str, names: &dyn Names) -> Result<Program, AsmError> {
    let mut linker = link::Linker::default();
    for (index, source) in text.lines().enumerate() {
        let line = u32::try_from(index + 1).unwrap_or(u32::MAX);
        let at = |(column, message)| AsmError { line, column, message };
        let mut cursor = lex::Cursor::new(lex::tokens(source).map_err(at)?);
        while let Some((label, column)) = cursor.label() {
            linker.label(label, line).map_err(|message| at((column, message)))?;
        }
        if cursor.at_end() {
            continue;
        }
        let statement = parse::statement(&mut cursor, names).map_err(at)?;
        cursor.expect_end().map_err(at)?;
        linker.push(statement, line);
    }
    linker.finish(names)
}

#[cfg(test)]
mod tests;
