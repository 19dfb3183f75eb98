//! One schedule again: from a token, as a text diagram.

pub mod token;

pub use token::{DATA_VERSION, Token, TokenError};
