//! What crosses the bpf(2) boundary, as data: attr arms, commands, flags, errnos, instructions and
//! helper prototypes, per release.
//!
//! This crate declares and never decides. Names are the kernel's, verbatim. The tables are made
//! from `data/*.csv` by the build script; `data/README.md` says where each file comes from.
#![forbid(unsafe_code)]

pub mod attach_type;
pub mod attr;
pub mod cause;
pub mod check_attr;
pub mod cmd;
pub mod errno;
pub mod flag;
pub mod helper;
pub mod helper_id;
pub mod helper_protos;
pub mod insn;
pub mod layout;
pub mod link_type;
pub mod map_type;
pub mod prog_type;
pub mod release;
pub mod sizes;
pub mod tables;

pub use attr::{UserAddr, read_arm};
pub use cause::{Because, Cause, Refusal};
pub use check_attr::check_attr_end;
pub use cmd::exists;
pub use errno::Errno;
pub use flag::{MapCreateFlags, MapUpdateFlags};
pub use helper_protos::helper;
pub use insn::Insn;
pub use layout::fields;
pub use release::{Release, known_releases};
pub use sizes::attr_size;
