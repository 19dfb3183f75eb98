//! What MAP_CREATE fixes for good.

/// A region is addressed by 32 bits; the kernel refuses earlier.
pub const MOST_BYTES: u32 = 1 << 31;

/// How a map finds its elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Layout {
    /// By index.
    Array,
    /// By hashed key.
    Hash,
    /// As the map type does: [`crate::kinds`].
    Own,
}

/// What MAP_CREATE fixed for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// `map_type` as user space gave it.
    pub map_type: u32,
    /// In bytes.
    pub key_size: u32,
    /// In bytes, of one value.
    pub value_size: u32,
    /// As given.
    pub max_entries: u32,
    /// `map_flags`.
    pub flags: u32,
    /// `map_extra`, where the map type reads it (v5.16).
    pub map_extra: u64,
    /// How elements are found.
    pub layout: Layout,
    /// Every possible CPU has a value of its own.
    pub percpu: bool,
    /// How many possible CPUs there are.
    pub ranks: u32,
}

impl Shape {
    /// Bytes from one value to the next: the value size, rounded up to eight.
    pub const fn stride(&self) -> u32 {
        self.value_size.next_multiple_of(8)
    }
}
