//! Tags of types stand before qualifiers: btf_check_type_tags(), v5.19 (eb596b090558).

use super::kind::Kind;
use super::{Load, Stop};
use bpfsim_abi::Errno;

/// How many modifiers may follow each other.
const CHAIN: u32 = 32;

impl Load {
    pub(super) fn type_tags(&mut self) -> Result<(), Stop> {
        let mut good = 0;
        for id in 1..self.data.types.len() as u32 {
            if self.data.types[id as usize].kind().is_modifier() {
                self.chain(id, good)?;
                good = id;
            }
        }
        Ok(())
    }

    /// What lies at or below `good` was looked at before.
    fn chain(&mut self, start: u32, good: u32) -> Result<(), Stop> {
        let mut id = start;
        let mut left = CHAIN;
        let mut in_tags = true;
        while let Some(t) = self.data.by_id(id).copied().filter(|t| t.kind().is_modifier()) {
            if left == 0 {
                let why = "Max chain length or cycle detected";
                return self.refuse_with(why, Errno::ELOOP);
            }
            left -= 1;
            match t.kind() {
                Kind::TypeTag if !in_tags => {
                    return self.refuse("Type tags don't precede modifiers");
                }
                Kind::TypeTag => {}
                _ => in_tags = false,
            }
            if id <= good {
                return Ok(());
            }
            id = t.size;
        }
        match self.data.by_id(id) {
            Some(_) => Ok(()),
            None => Err(Errno::EINVAL.into()),
        }
    }
}
