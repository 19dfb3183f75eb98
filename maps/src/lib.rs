//! Where values live, and the operations on them.
//!
//! A lookup answers a [`Place`](bpfsim_sim::Place), never bytes. What a map command or a helper
//! does after its checks is an [`Op`]: a plain value with a position, that a plain call
//! runs to its end and an exploration runs step by step. What is special about per-CPU values is
//! a [`Series`]: one file each in [`percpu`].
#![forbid(unsafe_code)]

pub mod array;
pub mod create;
pub mod hash;
pub mod jhash;
pub mod key;
pub mod kinds;
pub mod map;
pub mod mover;
pub mod op;
pub mod percpu;
pub mod series;
pub mod shape;
pub mod update;

pub use key::Key;
pub use map::Map;
pub use op::{Op, Todo};
pub use series::Series;
pub use shape::{Layout, Shape};
