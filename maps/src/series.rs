//! A patch series as one value: what it adds to the ABI, and how it reads and writes per-CPU
//! values. Everything outside [`crate::percpu`] takes a `&Series` and names none.

use crate::mover::{Plan, Where};
use crate::shape::{Layout, Shape};
use crate::update::Want;
use bpfsim_abi::helper::HelperProto;
use bpfsim_abi::{Errno, Refusal, Release};
use bpfsim_sim::{CopyPlan, Topology};

/// How a fact is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tag {
    /// Read in a source, or measured on a live kernel.
    Seen,
    /// Recalled, not read again.
    Recalled,
    /// Inferred. Shown as such wherever it is printed.
    Reconstructed,
}

impl Tag {
    /// A word for people; nothing for what is known.
    pub const fn note(self) -> &'static str {
        match self {
            Tag::Seen => "",
            Tag::Recalled => "recalled",
            Tag::Reconstructed => "reconstructed",
        }
    }
}

/// One thing that a series adds to the ABI.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Addition {
    /// A command of bpf(2).
    Command {
        /// As in `enum bpf_cmd`.
        name: &'static str,
        /// Its number.
        number: u32,
        /// What it does to one CPU's value.
        role: Role,
    },
    /// A map type.
    MapType {
        /// As in `enum bpf_map_type`.
        name: &'static str,
        /// Its number.
        number: u32,
        /// How its elements are found.
        layout: Layout,
    },
    /// A field of `union bpf_attr`, in the arm of the element commands.
    Field {
        /// Its name.
        name: &'static str,
        /// In bytes.
        offset: u32,
        /// In bytes.
        size: u32,
    },
    /// A helper.
    Helper {
        /// Its prototype.
        proto: HelperProto,
        /// What it does.
        does: HelperDoes,
    },
    /// A flag.
    Flag {
        /// Its name.
        name: &'static str,
        /// Its value.
        value: u64,
    },
}

/// An addition and how it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Added {
    /// What.
    pub what: Addition,
    /// How known: the name first, then number, offset or value.
    pub tag: Tag,
}

/// What a command of a series does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Reads the value of `attr->cpu`.
    Lookup,
    /// Writes it.
    Update,
}

/// What a helper does with per-CPU values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HelperDoes {
    /// Answers the place of the value of the CPU in argument 3, which nobody has checked.
    LookupUnchecked,
    /// The same, and NULL for a CPU that is not possible.
    LookupChecked,
    /// Stores into the value of the CPU in argument 5, which nobody has checked.
    UpdateUnchecked,
}

/// What programs see through the plain helpers 1 and 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProgramView {
    /// The value of the CPU that runs.
    Own,
    /// NULL, and EINVAL for an update.
    Nothing,
}

/// A remark about a series, for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fact {
    /// One sentence.
    pub text: &'static str,
    /// How known.
    pub tag: Tag,
}

/// What a system call asks of a per-CPU map.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    /// Through a command of the series, or a plain one.
    pub role: Option<Role>,
    /// `attr->flags`, all 64 bits.
    pub flags: u64,
    /// `attr->cpu`, where the series has it.
    pub cpu: u32,
    /// Rank of the CPU that the caller runs on.
    pub here: u32,
    /// The map.
    pub shape: &'a Shape,
    /// The CPUs.
    pub cpus: &'a Topology,
    /// In which pieces values are copied.
    pub plan: CopyPlan,
    /// The kernel's release.
    pub release: Release,
}

/// What the map operation will do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Bytes of the caller's buffer.
    pub wire: u32,
    /// How the bytes move, or what the map operation refuses with.
    pub moves: Result<Plan, Errno>,
    /// Flags of an update, as the map operation sees them.
    pub want: Result<Want, Errno>,
}

impl Answer {
    /// One value of `value_size` bytes, at `rank`.
    pub fn one(ask: &Ask<'_>, rank: u32, place: Where) -> Self {
        let plan = Plan {
            first: rank,
            end: rank + 1,
            len: ask.shape.value_size,
            buffer_stride: 0,
            place,
            plan: ask.plan,
        };
        let wire = ask.shape.value_size;
        Self { wire, moves: Ok(plan), want: Want::from_flags(ask.flags) }
    }

    /// The values of all possible CPUs, each rounded up to eight bytes.
    pub fn all(ask: &Ask<'_>) -> Self {
        let (stride, ranks) = (ask.shape.stride(), ranks_of(ask.shape));
        let plan = Plan {
            first: 0,
            end: ranks,
            len: stride,
            buffer_stride: stride,
            place: Where::Caller,
            plan: ask.plan,
        };
        Self { wire: stride * ranks, moves: Ok(plan), want: Want::from_flags(ask.flags) }
    }

    /// The map operation refuses, after the caller's buffers were read.
    pub fn refuse(ask: &Ask<'_>, errno: Errno) -> Self {
        let want = Want::from_flags(ask.flags);
        Self { wire: ask.shape.value_size, moves: Err(errno), want }
    }
}

/// How many CPUs have a slot.
pub fn ranks_of(shape: &Shape) -> u32 {
    if shape.percpu { shape.ranks } else { 1 }
}

/// How user space reads or writes one value under a series: the calls of its own wrapper.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UserCall {
    /// Command number.
    pub cmd: u32,
    /// `attr->flags` beside those of the caller.
    pub flags: u64,
    /// `attr->cpu`.
    pub cpu: u32,
    /// The key has the CPU number behind it.
    pub composite: Option<u32>,
    /// Bytes of the buffer.
    pub buffer: u32,
    /// Offset of the wanted value in it; none where all are wanted.
    pub offset: Option<u32>,
}

/// Which CPUs' values user space wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Whose {
    /// Of one CPU, by number.
    Cpu(u32),
    /// Of every possible CPU.
    All,
    /// Of the CPU that the caller is on.
    Own,
}

/// How user space asks for per-CPU values: which calls, for whose values.
pub type UserCalls = fn(Whose, &Shape, &Topology, here: u32, write: bool) -> Option<Vec<UserCall>>;

/// A patch series on top of a release, or the release that took one.
#[derive(Debug)]
pub struct Series {
    /// As written on the command line; a variant has its version behind an `@`.
    pub name: &'static str,
    /// True for the variant that the plain name stands for.
    pub is_default: bool,
    /// One line.
    pub title: &'static str,
    /// Who proposed it.
    pub author: &'static str,
    /// When it was posted.
    pub posted: &'static str,
    /// Where to read it.
    pub cites: &'static str,
    /// The release that it stands on, or that shipped it.
    pub release: Release,
    /// A release has it by itself from here on.
    pub shipped: Option<Release>,
    /// What it adds to the ABI.
    pub adds: &'static [Added],
    /// What else is known.
    pub facts: &'static [Fact],
    /// What `type = "percpu"` in a scenario means: a number and a layout. `true`: the plain map
    /// of that type, its keys with the CPU number behind them.
    pub scenario_map: (u32, Layout, bool),
    /// The same for `type = "percpu"` with `hash = true`.
    pub scenario_hash: (u32, Layout, bool),
    /// What programs see through the plain helpers.
    pub programs: ProgramView,
    /// Who names the CPU in a program, in a few words.
    pub who_names_the_cpu: &'static str,
    /// What a system call reads; `Err`: it is refused before the key is read.
    pub read: fn(&Ask<'_>) -> Result<Answer, Refusal>,
    /// What a system call writes; `Err`: it is refused before the key is read.
    pub write: fn(&Ask<'_>) -> Result<Answer, Refusal>,
    /// How user space asks.
    pub user: UserCalls,
}

/// Two series are the same when they have the same name.
impl PartialEq for Series {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Series {}

impl Series {
    /// The name without the variant.
    pub fn base_name(&self) -> &'static str {
        self.name.split('@').next().unwrap_or(self.name)
    }

    /// As it is written where people read it: the plain name for the last version.
    pub fn label(&self) -> &'static str {
        if self.is_default { self.base_name() } else { self.name }
    }

    /// The per-CPU map types.
    pub fn map_types(&self) -> impl Iterator<Item = (&'static str, u32, Layout)> {
        self.adds.iter().filter_map(|added| match added.what {
            Addition::MapType { name, number, layout } => Some((name, number, layout)),
            Addition::Command { .. }
            | Addition::Field { .. }
            | Addition::Helper { .. }
            | Addition::Flag { .. } => None,
        })
    }

    /// The role of a command that the series adds.
    pub fn command(&self, cmd: u32) -> Option<Role> {
        self.adds.iter().find_map(|added| match added.what {
            Addition::Command { number, role, .. } if number == cmd => Some(role),
            Addition::Command { .. }
            | Addition::MapType { .. }
            | Addition::Field { .. }
            | Addition::Helper { .. }
            | Addition::Flag { .. } => None,
        })
    }

    /// The name of a command that the series adds.
    pub fn command_name(&self, cmd: u32) -> Option<&'static str> {
        self.adds.iter().find_map(|added| match added.what {
            Addition::Command { number, name, .. } if number == cmd => Some(name),
            Addition::Command { .. }
            | Addition::MapType { .. }
            | Addition::Field { .. }
            | Addition::Helper { .. }
            | Addition::Flag { .. } => None,
        })
    }

    /// The end of the element arm, where the series makes it longer.
    pub fn element_end(&self) -> Option<u32> {
        self.adds.iter().find_map(|added| match added.what {
            Addition::Field { offset, size, .. } => Some(offset + size),
            Addition::Command { .. }
            | Addition::MapType { .. }
            | Addition::Helper { .. }
            | Addition::Flag { .. } => None,
        })
    }

    /// Every flag of elements that the series adds.
    pub fn flag_bits(&self) -> u64 {
        self.adds.iter().fold(0, |bits, added| match added.what {
            Addition::Flag { value, .. } => bits | value,
            Addition::Command { .. }
            | Addition::MapType { .. }
            | Addition::Field { .. }
            | Addition::Helper { .. } => bits,
        })
    }

    /// The helper `id`, where the series adds it.
    pub fn helper(&self, id: i32) -> Option<(HelperProto, HelperDoes)> {
        self.adds.iter().find_map(|added| match added.what {
            Addition::Helper { proto, does } if i64::from(proto.id) == i64::from(id) => {
                Some((proto, does))
            }
            Addition::Command { .. }
            | Addition::MapType { .. }
            | Addition::Field { .. }
            | Addition::Helper { .. }
            | Addition::Flag { .. } => None,
        })
    }
}
