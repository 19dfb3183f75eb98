//! Tests of the assembler and the disassembler.

mod errors;
mod llvm;
mod round_trip;
mod syntax;

use super::{NameTable, Program, assemble};

/// The names that the tests use.
fn names() -> NameTable {
    let helpers = [
        ("map_lookup_elem", 1),
        ("map_update_elem", 2),
        ("map_delete_elem", 3),
        ("get_smp_processor_id", 8),
        ("map_lookup_elem_percpu", 27),
    ];
    NameTable::new(&helpers, &["stats", "other.map"])
}

/// Assembles what must assemble.
fn program(text: &str) -> Program {
    match assemble(text, &names()) {
        Ok(program) => program,
        Err(error) => panic!("{error} in:\n{text}"),
    }
}
