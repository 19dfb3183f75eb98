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

/// What a map of maps remembers of the map that it was made with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Inner {
    /// `map_type`.
    pub map_type: u32,
    /// In bytes.
    pub key_size: u32,
    /// In bytes.
    pub value_size: u32,
    /// As it was made.
    pub max_entries: u32,
    /// `map_flags`.
    pub flags: u32,
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
    /// Of a map of maps (v4.12): what goes in.
    pub inner: Option<Inner>,
}

impl Shape {
    /// What a map of maps remembers of a map of this shape.
    pub const fn as_inner(&self) -> Inner {
        Inner {
            map_type: self.map_type,
            key_size: self.key_size,
            value_size: self.value_size,
            max_entries: self.max_entries,
            flags: self.flags,
        }
    }

    /// Bytes from one value to the next: the value size, rounded up to eight.
    pub const fn stride(&self) -> u32 {
        self.value_size.next_multiple_of(8)
    }
}
