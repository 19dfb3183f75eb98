//! Names of maps and programs, v4.15.

use bpfsim_abi::{Refusal, Release, cause};

/// bpf_obj_name_cpy(): letters, digits and `_`, from v5.2 on `.` too, and a NUL at the end. The
/// kernel's letters are those of Latin-1 (`lib/ctype.c`).
pub fn check(name: &[u8; 16], release: Release) -> Result<(), Refusal> {
    let Some(end) = name.iter().position(|byte| *byte == 0) else {
        return cause::NAME_WITHOUT_END.refuse();
    };
    let dots = release >= Release::new(5, 2);
    let fits = |byte: &u8| is_alnum(*byte) || *byte == b'_' || dots && *byte == b'.';
    cause::NAME_CHARACTER.unless(name[..end].iter().all(fits))
}

/// A name as the kernel keeps it: nothing behind the first NUL, and none before v4.15.
pub(crate) fn kept(name: &[u8; 16], release: Release) -> [u8; 16] {
    let named = release >= Release::new(4, 15);
    let end = name.iter().position(|byte| *byte == 0).unwrap_or(0);
    std::array::from_fn(|at| if named && at < end { name[at] } else { 0 })
}

/// The multiplication and division signs stand among the letters.
const fn is_alnum(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || (byte >= 0xc0 && byte != 0xd7 && byte != 0xf7)
}
