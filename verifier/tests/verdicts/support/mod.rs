//! Fixtures: programs as the kernel prints them, with the verdict per release.
//!
//! ```text
//! [name of the case]
//! type 1                      # enum bpf_prog_type; 1 where nothing is said
//! unprivileged                # the loader; privileged where nothing is said
//! proprietary                 # the license; GPL where nothing is said
//! log 1                       # log level; 0 where nothing is said
//! map 3 type=1 key=4 value=16 max=8 flags=0
//! r1 = map 3                  # instructions, one per line
//! exit
//! at 4.4 accept
//! at 4.4 6.18 reject EACCES R0 !read_ok
//! at 4.14 unknown a part of the message
//! says 4.4 0: (bf) r6 = r1    # a line of the log at that release
//! ```

mod env;
mod parse;

pub use env::World;
pub use parse::{Case, Expect, cases};
