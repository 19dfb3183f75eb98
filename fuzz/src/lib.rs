//! Differential fuzzing: the same generated calls on two kernels, and what each makes of them.
//!
//! ```text
//! seed --make--> Steps --Player--> Machine (simulator)  \
//!                      --Player--> Machine (any other)   > compare --> Tally, Difference
//!                                                                          |
//!                                      shrink: drop calls, then fields  <--+
//!                                      case: what is left, as a conformance case
//! ```
//!
//! Steps name fds, ids and addresses, so that each machine can have its own. A [`Machine`] is the
//! simulator ([`Simulated`]), or whatever a front end brings.
#![forbid(unsafe_code)]

mod case;
mod compare;
mod known;
mod machine;
mod make;
mod masks;
mod player;
mod random;
mod session;
mod shrink;
mod step;
pub mod targets;

pub use case::case;
pub use compare::{Difference, Tally, compare};
pub use machine::{Machine, Simulated};
pub use make::{World, sequence};
pub use masks::NOT_COMPARED;
pub use player::{Player, Said, Seen};
pub use random::Random;
pub use session::{Finding, Options, Outcome, against, alone};
pub use shrink::shrink;
pub use step::{Call, Image, Name, SLOTS, Slot, Step, What};
