//! What a release tracks, row by row: the one place where releases differ in what they *know*.
//! What they *say* stands in `rules`.

use bpfsim_abi::Release;

/// The release `major.minor`.
pub(crate) const fn v(major: u8, minor: u8) -> Release {
    Release::new(major, minor)
}

/// The verifier of one release, for one loader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Era {
    release: Release,
    privileged: bool,
}

impl Era {
    /// The rules of `release`; `privileged` as in [`crate::Env::privileged`].
    pub const fn new(release: Release, privileged: bool) -> Self {
        Self { release, privileged }
    }

    /// The release.
    pub const fn release(self) -> Release {
        self.release
    }

    /// May see pointers.
    pub const fn privileged(self) -> bool {
        self.privileged
    }

    /// This release is `major.minor` or later.
    pub fn since(self, major: u8, minor: u8) -> bool {
        self.release >= v(major, minor)
    }

    /// Scalars have ranges and pointers have offsets (v4.14, f1174f77b50c). Before, the rules are
    /// those of v4.4: a scalar is a known `int` or unknown, and arithmetic loses a pointer.
    pub fn ranges(self) -> bool {
        self.since(4, 14)
    }

    /// A comparison is decided by the ranges of its operands (v4.20, 4f7b3e82589e). Before, only
    /// a constant that equals the immediate decides.
    pub fn ranges_decide(self) -> bool {
        self.since(4, 20)
    }

    /// Back edges are walked instead of refused (v5.3, 2589726d12a1), for privileged loaders.
    pub fn loops(self) -> bool {
        self.since(5, 3) && self.privileged
    }

    /// Copies of a scalar are refined together (v5.10, 75748837b7e5).
    pub fn linked_scalars(self) -> bool {
        self.since(5, 10)
    }

    /// Constants survive a spill to the stack (v5.3, f7cf25b2026d), for privileged loaders.
    pub fn spills_constants(self) -> bool {
        self.since(5, 3) && self.privileged
    }

    /// Any scalar survives a spill to the stack (v5.16, 354e8f1970f8).
    pub fn spills_scalars(self) -> bool {
        self.since(5, 16) && self.privileged
    }

    /// Stack that was never written may be read (v6.3, 6715df8d5d24), for privileged loaders.
    pub fn reads_uninit_stack(self) -> bool {
        self.since(6, 3) && self.privileged
    }

    /// A helper's memory argument may be a map value (v4.11, 5722569bb9c3 and 06c1c049721a).
    pub fn map_value_as_memory(self) -> bool {
        self.since(4, 14)
    }

    /// A map helper's key and value may be a map value (v4.18, d71962f3e627).
    pub fn map_value_as_key(self) -> bool {
        self.since(4, 18)
    }

    /// Instructions that may be walked before the program counts as too large. v4.4: 32768;
    /// v4.7: 65536; v5.2: a million.
    pub fn walk_limit(self) -> usize {
        match self.release {
            r if r < v(4, 7) => 32_768,
            r if r < v(5, 2) => 65_536,
            _ => 1_000_000,
        }
    }

    /// [`Era::walk_limit`] is the kernel's own, and the walk prunes as the kernel's does.
    pub fn walk_limit_is_exact(self) -> bool {
        !self.since(4, 7)
    }

    /// Branches that may wait: 1024, since v5.2 8192.
    pub fn branch_limit(self) -> usize {
        if self.since(5, 2) { 8192 } else { 1024 }
    }
}
