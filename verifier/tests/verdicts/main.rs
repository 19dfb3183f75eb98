//! Verdicts from outside: fixtures that say what each release answers, and random programs.

mod fixtures;
mod random;
mod support;
