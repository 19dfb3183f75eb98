//! A key: where its bytes are, or the bytes themselves.

use bpfsim_sim::{Memory, Place, Wild};

/// The key of an operation on an array or a hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// It lies in memory, `key_size` bytes.
    At(Place),
    /// Its bytes in memory order, followed by zeros: a key of four or eight bytes that lies
    /// nowhere.
    Short(u64),
}

impl Key {
    /// The first `bytes` (4 or 8) of the key as a number, little endian.
    #[inline]
    pub fn word(self, memory: &Memory, bytes: u32) -> Result<u64, Wild> {
        match self {
            Key::At(place) => memory.load(place, bytes),
            Key::Short(word) => Ok(word),
        }
    }

    /// Where it lies; NULL where it does not.
    #[inline]
    pub const fn place(self) -> Place {
        match self {
            Key::At(place) => place,
            Key::Short(_) => Place::NULL,
        }
    }
}
