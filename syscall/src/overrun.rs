//! The memory oracle: what the kernel touches behind a caller's buffer.
//!
//! On a real machine the rest of a page follows a buffer that is too short: the kernel writes over
//! whatever lies there, and the call succeeds. A [`Process`] knows how large its buffers are, notes
//! each access that leaves one, and either faults ([`Behind::Hole`]) or goes on as a real machine
//! does ([`Behind::Page`]).
//!
//! The classic case is a per-CPU map whose value is looked up into `value_size` bytes: the kernel
//! writes `value_size`, rounded up to 8, for each possible CPU.
//!
//! ```
//! use bpfsim_abi::Release;
//! use bpfsim_abi::attr::{MapCreateAttr, MapElemAttr};
//! use bpfsim_syscall::overrun::Behind;
//! use bpfsim_syscall::{Kernel, Process, Profile};
//! use zerocopy::IntoBytes;
//!
//! let profile = Profile::release(Release::new(6, 18)).unwrap(); // two CPUs
//! let mut kernel = Kernel::new(profile);
//! let mut process = Process::default();
//! process.behind = Behind::Page;
//!
//! let create = MapCreateAttr {
//!     map_type: 6, // BPF_MAP_TYPE_PERCPU_ARRAY
//!     key_size: 4,
//!     value_size: 8,
//!     max_entries: 1,
//!     ..MapCreateAttr::default()
//! };
//! let attr = process.alloc(create.as_bytes());
//! let map_fd = process.bpf(&mut kernel, 0, attr, size_of::<MapCreateAttr>() as u32).unwrap();
//!
//! let (key, value) = (process.alloc(&[0; 4]), process.alloc(&[0; 8]));
//! let lookup = MapElemAttr { map_fd, key, value, ..MapElemAttr::default() };
//! let attr = process.alloc(lookup.as_bytes());
//! process.bpf(&mut kernel, 1, attr, 32).unwrap(); // succeeds, as on a real machine
//!
//! let [overrun] = process.overruns() else { panic!("one overrun") };
//! assert_eq!((overrun.field, overrun.touched, overrun.gave), (Some("value"), 16, 8));
//! let text = "BPF_MAP_LOOKUP_ELEM: the kernel writes 16 bytes to value, you gave 8";
//! assert_eq!(overrun.to_string(), text);
//! ```

use crate::{Answer, Kernel, Process, Profile};
use bpfsim_abi::attr::UserAddr;
use bpfsim_abi::{check_attr, cmd, layout, sizes};
use std::fmt;

/// How many overruns a process keeps; later ones are not noted.
pub const MOST: usize = 1024;

/// What follows a buffer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Behind {
    /// Nothing: an access that leaves the buffer is EFAULT, wherever it ends.
    #[default]
    Hole,
    /// The rest of its last page, zero at first: an access that stays within it succeeds.
    Page,
}

/// Which way bytes went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// The kernel read them.
    Read,
    /// The kernel wrote them.
    Write,
}

/// An access that left a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overrun {
    /// The command; none outside [`Process::bpf`].
    pub call: Option<&'static str>,
    /// The field of attr that points to the buffer, `attr` for the attr itself. None outside
    /// [`Process::bpf`], and for buffers that other structs point to.
    pub field: Option<&'static str>,
    /// Where the caller's pointer leads.
    pub at: UserAddr,
    /// Which way.
    pub access: Access,
    /// Bytes from `at` to the end of the access: what the kernel takes the buffer to have.
    pub touched: u64,
    /// Bytes from `at` to the end of the buffer.
    pub gave: u64,
}

impl fmt::Display for Overrun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(call) = self.call {
            write!(f, "{call}: ")?;
        }
        match self.access {
            Access::Read => write!(f, "the kernel reads {} bytes from ", self.touched)?,
            Access::Write => write!(f, "the kernel writes {} bytes to ", self.touched)?,
        }
        match self.field {
            Some(field) => write!(f, "{field}")?,
            None => write!(f, "{:#x}", self.at.0)?,
        }
        write!(f, ", you gave {}", self.gave)
    }
}

/// What a call was, as far as overruns need it.
struct Call {
    name: &'static str,
    /// The fields of attr that may be pointers, with what is in them.
    pointers: Vec<(&'static str, u64)>,
}

impl Process {
    /// bpf(2) by this process. The overruns of the call know its command and their fields.
    ///
    /// # Errors
    /// Those of [`Kernel::bpf`].
    pub fn bpf(&mut self, kernel: &mut Kernel, cmd: u32, attr: UserAddr, size: u32) -> Answer {
        let before = self.overruns().len();
        let answer = kernel.bpf(self, cmd, attr, size);
        if self.overruns().len() > before {
            let call = call(self, &kernel.core.profile, cmd, attr, size);
            self.name_overruns(before, &call);
        }
        answer
    }

    /// Gives the overruns from number `first` on a call and fields, and makes one of those that
    /// are about the same field.
    fn name_overruns(&mut self, first: usize, call: &Call) {
        let mut named: Vec<Overrun> = Vec::new();
        for mut overrun in self.split_overruns(first) {
            overrun.call = Some(call.name);
            let below = call.pointers.iter().filter(|(_, at)| self.same_buffer(*at, overrun.at.0));
            if let Some((field, at)) = below.max_by_key(|(_, at)| *at) {
                overrun.field = Some(field);
                overrun.touched += overrun.at.0 - at;
                overrun.at = UserAddr(*at);
                overrun.gave = self.room(overrun.at);
            }
            let same = |other: &&mut Overrun| {
                other.field.is_some()
                    && other.field == overrun.field
                    && other.access == overrun.access
            };
            match named.iter_mut().find(same) {
                Some(other) => other.touched = other.touched.max(overrun.touched),
                None => named.push(overrun),
            }
        }
        named.into_iter().for_each(|overrun| self.note(overrun));
    }
}

fn call(process: &Process, profile: &Profile, cmd: u32, attr: UserAddr, size: u32) -> Call {
    /// `BPF_MAP_GET_NEXT_KEY`.
    const NEXT_KEY: u32 = 4;
    let release = profile.release;
    let own =
        profile.series.filter(|_| profile.overlay).and_then(|series| series.command_name(cmd));
    let shipped = || cmd::by_number(cmd, release).map(|entry| entry.name);
    let container = match own {
        Some(_) => Some("bpf_attr.MAP_ELEM"),
        None => check_attr::last_field(cmd, release).map(|row| row.container),
    };
    let mut bytes = vec![0; (size as usize).min(sizes::attr_size(release) as usize)];
    // An attr that cannot be read is the only buffer of the call.
    let readable = process.peek(attr, &mut bytes);
    let word = |offset: u32| {
        let at = offset as usize;
        let word = bytes.get(at..at + 8).filter(|_| readable)?;
        Some(u64::from_le_bytes(word.try_into().ok()?))
    };
    let fields = container.into_iter().flat_map(|container| layout::fields(container, release));
    let fields = fields.filter(|field| field.size == 8);
    let mut pointers: Vec<(&'static str, u64)> =
        fields.filter_map(|field| Some((field.name, word(field.offset)?))).collect();
    // `value` and `next_key` are one field with two names; the last one counts.
    let value = if cmd == NEXT_KEY { "value" } else { "next_key" };
    pointers.retain(|(name, at)| *at != 0 && *name != value);
    pointers.push(("attr", attr.0));
    Call { name: own.or_else(shipped).unwrap_or("an unknown command"), pointers }
}
