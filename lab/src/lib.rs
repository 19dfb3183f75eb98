//! Scenarios and everything that is asked of them: assembler, object loading, exploration, outcome
//! classes, tokens, comparison, claims. No operating system: the browser is a front end too.
#![forbid(unsafe_code)]

pub mod asm;
pub mod claims;
pub mod class;
pub mod compare;
pub mod experiment;
pub mod explore;
pub mod object;
pub mod overlay;
pub mod replay;
pub mod scenario;
