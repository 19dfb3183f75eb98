//! The live kernel as a target of conformance cases.

use crate::caller::Caller;
use crate::failed::Skipped;
use crate::native::Native;
use crate::sys::Rights;
use bpfsim_abi::{Errno, Release, known_releases};
use bpfsim_conform::ast::{Needs, Rights as Needed};
use bpfsim_conform::target::{Answer, Target, Trouble};

impl From<Skipped> for Trouble {
    fn from(skipped: Skipped) -> Self {
        Trouble::Skip(skipped.reason)
    }
}

/// This machine's kernel. Each case gets a caller of its own; its descriptors go with it.
#[derive(Debug)]
pub struct Live {
    native: Native,
    text: String,
    release: Release,
    caller: Caller,
}

impl Live {
    /// Asks the kernel for its release and for a map.
    ///
    /// # Errors
    /// bpf(2) does not answer, or the release is none of the tables'.
    pub fn probe() -> Result<Live, Skipped> {
        let path = "/proc/sys/kernel/osrelease";
        let text =
            std::fs::read_to_string(path).map_err(|e| Skipped::new(format!("{path}: {e}")))?;
        let text = text.trim().to_owned();
        let release = release(&text).ok_or_else(|| {
            Skipped::new(format!("the kernel is {text}; v3.18 to v7.2 are known"))
        })?;
        let native = Native::probe()?;
        let caller = native.caller()?;
        Ok(Live { native, text, release, caller })
    }
}

/// `6.18.1-foo` is v6.18.
fn release(text: &str) -> Option<Release> {
    let mut parts = text.split(|c: char| !c.is_ascii_digit());
    let text = format!("{}.{}", parts.next()?, parts.next()?);
    text.parse().ok().filter(|release| known_releases().contains(release))
}

/// The sysctl; 0 where there is none.
fn unprivileged_disabled() -> bool {
    let text = std::fs::read_to_string("/proc/sys/kernel/unprivileged_bpf_disabled");
    text.is_ok_and(|text| text.trim() != "0")
}

impl Target for Live {
    fn name(&self) -> String {
        format!("live {}", self.text)
    }

    fn release(&self) -> Release {
        self.release
    }

    fn begin(&mut self, needs: &Needs) -> Result<(), Trouble> {
        let possible = self.native.possible();
        let dense = possible.iter().copied().eq(0..possible.len() as u32);
        if needs.cpus.is_some_and(|cpus| !dense || cpus as usize != possible.len()) {
            let why = format!("it needs other CPUs than the {} of this machine", possible.len());
            return Err(Trouble::Skip(why));
        }
        let disabled = unprivileged_disabled();
        if needs.unprivileged_disabled.is_some_and(|needed| needed != disabled) {
            let now = u8::from(disabled);
            let why = format!("unprivileged_bpf_disabled is {now} on this machine");
            return Err(Trouble::Skip(why));
        }
        self.caller = self.native.caller()?;
        self.caller.set_rights(match needs.rights {
            Needed::Root => Rights::Own,
            Needed::None => Rights::None,
        });
        Ok(())
    }

    fn cpus(&self) -> u32 {
        self.native.possible().len() as u32
    }

    fn alloc(&mut self, bytes: &[u8]) -> Result<u64, Trouble> {
        let memory = self.caller.memory();
        let at = memory.alloc_at_page_end(bytes.len()).map_err(Skipped::from)?;
        memory.write(at, bytes).map_err(Skipped::from)?;
        Ok(at)
    }

    fn read(&mut self, at: u64, len: usize) -> Result<Vec<u8>, Trouble> {
        let bytes = self.caller.memory().read(at, len);
        bytes.map_err(|error| Trouble::Broken(error.to_string()))
    }

    fn write(&mut self, at: u64, bytes: &[u8]) -> Result<(), Trouble> {
        let written = self.caller.memory().write(at, bytes);
        written.map_err(|error| Trouble::Broken(error.to_string()))
    }

    fn unmapped(&self) -> u64 {
        self.caller.unmapped()
    }

    fn call(&mut self, cmd: u32, attr: u64, size: u32) -> Result<Answer, Trouble> {
        Ok(self.caller.call_at(cmd, attr, size)?.map_err(Errno::number))
    }

    fn close(&mut self, fd: i64) -> Result<(), Trouble> {
        match self.caller.close(fd) {
            true => Ok(()),
            false => Err(Trouble::Broken(format!("fd {fd} is not open"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_releases() {
        assert_eq!(release("6.18.44-fc-v657"), Some(Release::new(6, 18)));
        assert_eq!(release("5.4"), Some(Release::new(5, 4)));
        assert_eq!(release("9.1.0"), None);
        assert_eq!(release("linux"), None);
    }
}
