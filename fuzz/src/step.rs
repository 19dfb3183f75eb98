//! A sequence of calls that any kernel can be asked: fds, ids and addresses stand in it as names.

/// The name of an fd: whichever call put one there last.
pub type Slot = u8;

/// How many slots there are.
pub const SLOTS: usize = 12;

/// One thing that a caller does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// bpf(2).
    Call(Box<Call>),
    /// close(2); nothing where the slot is empty.
    Close(Slot),
}

/// One bpf(2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Number of the command.
    pub cmd: u32,
    /// The mapped bytes of the attr: the byte behind them is not mapped.
    pub attr: Image,
    /// The third argument, in bytes.
    pub size: u32,
    /// What addresses lead to; the byte behind each is not mapped.
    pub buffers: Vec<Image>,
    /// Where a new fd goes.
    pub into: Slot,
}

/// Bytes with names in them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Image {
    /// What is there before the call.
    pub bytes: Vec<u8>,
    /// What is put over them, in order.
    pub names: Vec<Name>,
    /// Begins with what this register holds, as far as both go.
    pub load: Option<u8>,
    /// Goes into this register after the call.
    pub save: Option<u8>,
}

impl Image {
    /// Plain bytes.
    pub fn of(bytes: impl Into<Vec<u8>>) -> Self {
        Self { bytes: bytes.into(), ..Self::default() }
    }

    /// The same with a name in it.
    #[must_use]
    pub fn with(mut self, at: u32, what: What) -> Self {
        self.names.push(Name { at, what });
        self
    }
}

/// A place in an image whose bytes a kernel has to give first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Name {
    /// First byte.
    pub at: u32,
    /// What stands there.
    pub what: What,
}

/// What stands there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// Four bytes: the fd in a slot; of an empty slot a number that is none.
    Fd(Slot),
    /// Four bytes: the id of the object that was last known in a slot.
    Id(Slot),
    /// Four bytes: the number before the id of the object in a slot. `i32::MAX`, which no command
    /// takes, while the slot is empty.
    IdBefore(Slot),
    /// Eight bytes: the address of a buffer, so many bytes into it.
    Address(u8, u32),
    /// Eight bytes: an address at which nothing is mapped.
    Nowhere,
}

impl What {
    /// How many bytes it takes.
    pub const fn bytes(self) -> usize {
        match self {
            What::Fd(_) | What::Id(_) | What::IdBefore(_) => 4,
            What::Address(..) | What::Nowhere => 8,
        }
    }
}
