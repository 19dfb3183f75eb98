//! The assembler of programs in cases.

use bpfsim_conform::Assemble;
use bpfsim_lab::asm;

/// The lab's assembler; maps are named by the fds of the case.
pub struct Lab;

impl Assemble for Lab {
    fn assemble(&self, source: &str, maps: &[(String, u32)]) -> Result<Vec<u8>, String> {
        asm::with_fds(source, maps).map_err(|error| error.to_string())
    }
}
