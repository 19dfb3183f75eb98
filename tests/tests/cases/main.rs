//! The cases of `tests/cases`: on the simulator at every release that they name, and on the live
//! kernel.

mod all;
mod files;
