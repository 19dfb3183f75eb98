//! The closed sets of names of a scenario file.

use std::fmt;

/// A value out of a closed set that a file names with one word.
pub trait Named: Copy + 'static {
    /// The word.
    fn name(self) -> &'static str;
}

macro_rules! named {
    ($($(#[$doc:meta])* $Enum:ident {
        $($(#[$variant_doc:meta])* $Variant:ident = $name:literal,)*
    })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $Enum { $($(#[$variant_doc])* $Variant,)* }

        impl $Enum {
            /// All of them, in order.
            pub const ALL: &[$Enum] = &[$($Enum::$Variant),*];

            /// The word that a file uses.
            pub const fn name(self) -> &'static str {
                match self { $($Enum::$Variant => $name,)* }
            }
        }

        impl Named for $Enum {
            fn name(self) -> &'static str {
                $Enum::name(self)
            }
        }

        impl fmt::Display for $Enum {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.name())
            }
        }
    )*};
}

named! {
    /// When a task gives its CPU to another: `CONFIG_PREEMPT_*`.
    Preempt {
        /// Only where it sleeps.
        None = "none",
        /// Also where it says that it may.
        Voluntary = "voluntary",
        /// Anywhere that preemption is not off.
        Full = "full",
    }
    /// The type of a map. `Percpu` is what the series has.
    MapKind {
        /// The series' own per-CPU map; a plain hash with key {u32 key, u32 cpu} where it has none.
        Percpu = "percpu",
        /// `BPF_MAP_TYPE_ARRAY`.
        Array = "array",
        /// `BPF_MAP_TYPE_HASH`.
        Hash = "hash",
        /// `BPF_MAP_TYPE_PERCPU_ARRAY`, v4.6.
        PercpuArray = "percpu_array",
        /// `BPF_MAP_TYPE_PERCPU_HASH`, v4.6.
        PercpuHash = "percpu_hash",
    }
    /// The type of a field: unsigned, little endian, aligned to its size.
    FieldType {
        /// One byte.
        U8 = "u8",
        /// Two bytes.
        U16 = "u16",
        /// Four bytes.
        U32 = "u32",
        /// Eight bytes.
        U64 = "u64",
    }
    /// What a CPU is doing while something runs on it.
    Ctx {
        /// A task, in a system call or at a hook reached from one.
        Task = "task",
        /// Bottom half: network receive, timers.
        Softirq = "softirq",
        /// An interrupt handler.
        Hardirq = "hardirq",
        /// A non-maskable interrupt.
        Nmi = "nmi",
    }
    /// Whether interrupts can land in what runs.
    Irqs {
        /// They can.
        On = "on",
        /// Masked by two steps of the run itself.
        Off = "off",
        /// Masked by entering hardirq or NMI, without a step.
        ByEntry = "by-entry",
    }
    /// The command of an operation on a map.
    Verb {
        /// Reads one key.
        Lookup = "lookup",
        /// Writes one key.
        Update = "update",
        /// Removes one key.
        Delete = "delete",
        /// Asks for the key after a key.
        Next = "next",
        /// Follows `next` to the end, with a lookup of every key.
        Walk = "walk",
    }
    /// Whether a CPU goes or comes.
    HotplugDo {
        /// Goes off line.
        Offline = "offline",
        /// Comes back.
        Online = "online",
    }
    /// When a CPU goes or comes.
    At {
        /// At any step that allows it.
        Any = "any",
    }
    /// A memory model.
    Model {
        /// Sequential consistency.
        Sc = "sc",
    }
    /// The order and size of the pieces in which a value is copied.
    CopyPlan {
        /// Eight bytes at a time, upwards.
        WordAsc = "word-asc",
        /// One byte at a time, upwards.
        ByteAsc = "byte-asc",
        /// Words upwards; the last one ends with the value and overlaps the one before.
        OverlapTail = "overlap-tail",
        /// Eight bytes at a time, downwards.
        Desc = "desc",
    }
    /// What the evidence for a claim comes to.
    ClaimVerdict {
        /// All of it speaks for the claim.
        Confirmed = "confirmed",
        /// All of it speaks against.
        Refuted = "refuted",
        /// It depends: on the context, on the series, on the release.
        Conditional = "conditional",
        /// There is none that a model could give.
        NotModelled = "not-modelled",
    }
    /// Which way a piece of evidence speaks, if it is as expected; if not, the other way.
    Says {
        /// For the claim.
        For = "for",
        /// Against the claim.
        Against = "against",
    }
    /// Something that can be counted, and compared between series.
    Quantity {
        /// BPF instructions of one run of a program.
        Instructions = "instructions",
        /// Helper calls of one run of a program.
        Helpers = "helpers",
        /// Calls of bpf(2) that read all CPUs' values of one key.
        Calls = "calls",
        /// Interrupts that this sends.
        Ipis = "ipis",
        /// Bytes that this copies to user space.
        Bytes = "bytes",
        /// Bytes of kernel memory of a map.
        Memory = "memory",
    }
    /// How a program run ends when it does not return.
    Trap {
        /// An access outside every region.
        WildPointer = "wild-pointer",
        /// Deadlock.
        NoReturn = "no-return",
    }
}

impl FieldType {
    /// Size and alignment in bytes.
    pub const fn bytes(self) -> u32 {
        match self {
            FieldType::U8 => 1,
            FieldType::U16 => 2,
            FieldType::U32 => 4,
            FieldType::U64 => 8,
        }
    }

    /// The largest value.
    pub const fn largest(self) -> u64 {
        u64::MAX >> (64 - 8 * self.bytes())
    }
}

impl MapKind {
    /// Whether every CPU has a slot of its own.
    pub const fn is_percpu(self) -> bool {
        match self {
            MapKind::Percpu | MapKind::PercpuArray | MapKind::PercpuHash => true,
            MapKind::Array | MapKind::Hash => false,
        }
    }
}

/// `enum bpf_prog_type` of include/uapi/linux/bpf.h, as of v6.18.
const PROG_TYPES: [&str; 33] = [
    "unspec",
    "socket_filter",
    "kprobe",
    "sched_cls",
    "sched_act",
    "tracepoint",
    "xdp",
    "perf_event",
    "cgroup_skb",
    "cgroup_sock",
    "lwt_in",
    "lwt_out",
    "lwt_xmit",
    "sock_ops",
    "sk_skb",
    "cgroup_device",
    "sk_msg",
    "raw_tracepoint",
    "cgroup_sock_addr",
    "lwt_seg6local",
    "lirc_mode2",
    "sk_reuseport",
    "flow_dissector",
    "cgroup_sysctl",
    "raw_tracepoint_writable",
    "cgroup_sockopt",
    "tracing",
    "struct_ops",
    "ext",
    "lsm",
    "sk_lookup",
    "syscall",
    "netfilter",
];

/// A program type: one of `enum bpf_prog_type`, by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProgType(u32);

impl ProgType {
    /// `BPF_PROG_TYPE_SOCKET_FILTER`.
    pub const SOCKET_FILTER: ProgType = ProgType(1);

    /// The number in `union bpf_attr`.
    pub const fn number(self) -> u32 {
        self.0
    }

    /// Every program type with a name, in numeric order.
    pub fn all() -> Vec<ProgType> {
        (0..PROG_TYPES.len() as u32).map(ProgType).collect()
    }

    /// Where programs of this type run, where that is known: a perf event's in hard interrupts
    /// (software clock) and NMIs (hardware counters), packet programs in tasks and softirqs.
    pub fn contexts(self) -> Option<&'static [Ctx]> {
        match self.name() {
            "socket_filter" | "sched_cls" | "sched_act" | "xdp" | "cgroup_skb" | "sk_skb" => {
                Some(&[Ctx::Task, Ctx::Softirq])
            }
            "perf_event" => Some(&[Ctx::Hardirq, Ctx::Nmi]),
            "syscall" => Some(&[Ctx::Task]),
            _ => None,
        }
    }
}

impl Named for ProgType {
    fn name(self) -> &'static str {
        PROG_TYPES[self.0 as usize]
    }
}

impl fmt::Display for ProgType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("socket_filter", 1)]
    #[case("perf_event", 7)]
    #[case("raw_tracepoint", 17)]
    #[case("tracing", 26)]
    #[case("syscall", 31)]
    #[case("netfilter", 32)]
    fn program_types_have_the_headers_numbers(#[case] name: &str, #[case] number: u32) {
        let found = ProgType::all().into_iter().find(|prog| prog.name() == name);
        assert_eq!(found.map(ProgType::number), Some(number));
    }

    #[test]
    fn field_types_know_their_limits() {
        let limits: Vec<_> = FieldType::ALL.iter().map(|ty| (ty.bytes(), ty.largest())).collect();
        let stated = [(1, 255), (2, 65535), (4, 4_294_967_295), (8, 18_446_744_073_709_551_615)];
        assert_eq!(limits, stated);
    }
}
