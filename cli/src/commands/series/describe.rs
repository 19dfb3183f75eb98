//! A series in words: sections of items, which `show` prints and `diff` pairs.

use bpfsim_abi::helper::{Arg, HelperProto};
use bpfsim_abi::{Release, cmd};
use bpfsim_maps::series::{Addition, HelperDoes, ProgramView, Role, Series, Tag, UserCall, Whose};
use bpfsim_maps::{Layout, Shape};
use bpfsim_syscall::Profile;

/// What a section is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// Its heading.
    pub title: String,
    /// One of its items, where these are additions to the ABI.
    pub addition: Option<&'static str>,
    /// In the order of the series.
    pub items: Vec<Item>,
}

/// One line about a series.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Number, offset or value; empty where there is none.
    pub number: String,
    /// The kernel's name, or what is asked.
    pub name: String,
    /// In words.
    pub text: String,
    /// How known.
    pub tag: Tag,
}

impl Section {
    fn of(title: &str, items: Vec<Item>) -> Self {
        Self { title: title.to_owned(), addition: None, items }
    }
}

impl Item {
    fn seen(name: &str, text: impl Into<String>) -> Self {
        Self { number: String::new(), name: name.to_owned(), text: text.into(), tag: Tag::Seen }
    }

    /// ` [reconstructed]`, or nothing for what was read.
    pub fn note(&self) -> String {
        match self.tag.note() {
            "" => String::new(),
            note => format!("[{note}]"),
        }
    }
}

/// Every section that a series has, always in the same order.
pub fn sections(series: &'static Series) -> Vec<Section> {
    let mut sections = vec![Section::of("proposal", origin(series))];
    for (title, one, kind) in KINDS {
        let items = series.adds.iter().filter(|added| kind_of(&added.what) == *kind);
        let items = items
            .map(|added| Item { tag: added.tag, ..addition(&added.what, series.release) })
            .collect();
        sections.push(Section { addition: Some(one), ..Section::of(title, items) });
    }
    sections.push(Section::of("programs", programs(series)));
    let title = format!("user space, on {CPUS} CPUs, values of {VALUE} bytes");
    sections.push(Section::of(&title, user(series)));
    let facts = series.facts.iter();
    let facts = facts.map(|fact| Item { tag: fact.tag, ..Item::seen("", fact.text) }).collect();
    sections.push(Section::of("facts", facts));
    sections
}

/// "on v4.5" or "in v4.6".
pub fn kernel(series: &Series) -> String {
    match series.shipped {
        Some(release) => format!("in {release}"),
        None => format!("on {}", series.release),
    }
}

fn origin(series: &Series) -> Vec<Item> {
    let kernel = match series.shipped {
        Some(release) => format!("shipped in {release}"),
        None if series.adds.is_empty() => format!("needs no patch, shown on {}", series.release),
        None => format!("stands on {}, never shipped", series.release),
    };
    vec![
        Item::seen("title", series.title),
        Item::seen("author", series.author),
        Item::seen("posted", series.posted),
        Item::seen("source", series.cites),
        Item::seen("kernel", kernel),
    ]
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Command,
    MapType,
    Field,
    Helper,
    Flag,
}

/// Heading, name of one, kind.
const KINDS: &[(&str, &str, Kind)] = &[
    ("commands", "command", Kind::Command),
    ("map types", "map type", Kind::MapType),
    ("fields of the element arm of union bpf_attr", "attr field", Kind::Field),
    ("helpers", "helper", Kind::Helper),
    ("flags", "flag", Kind::Flag),
];

fn kind_of(what: &Addition) -> Kind {
    match what {
        Addition::Command { .. } => Kind::Command,
        Addition::MapType { .. } => Kind::MapType,
        Addition::Field { .. } => Kind::Field,
        Addition::Helper { .. } => Kind::Helper,
        Addition::Flag { .. } => Kind::Flag,
    }
}

fn addition(what: &Addition, release: Release) -> Item {
    let (number, name, text) = match what {
        Addition::Command { name, number, role } => {
            let text = match role {
                Role::Lookup => "reads the value of attr->cpu",
                Role::Update => "writes the value of attr->cpu",
            };
            (number.to_string(), (*name).to_owned(), text.to_owned())
        }
        Addition::MapType { name, number, layout } => {
            let text = match layout {
                Layout::Array => "elements found by index",
                Layout::Hash => "elements found by hashed key",
                Layout::Own => "elements found as the map type does",
            };
            (number.to_string(), (*name).to_owned(), text.to_owned())
        }
        Addition::Field { name, offset, size } => {
            (format!("@ {offset}"), (*name).to_owned(), format!("{size} bytes"))
        }
        Addition::Helper { proto, does } => {
            (proto.id.to_string(), format!("bpf_{}", proto.name), helper(proto, *does, release))
        }
        Addition::Flag { name, value } => {
            (format!("{value:#x}"), (*name).to_owned(), String::new())
        }
    };
    Item { number, name, text, tag: Tag::Seen }
}

fn helper(proto: &HelperProto, does: HelperDoes, release: Release) -> String {
    let cpu_at = match does {
        HelperDoes::LookupUnchecked | HelperDoes::LookupChecked => 3,
        HelperDoes::UpdateUnchecked => 5,
    };
    let args = proto.args.iter().zip(1..).filter(|(arg, _)| **arg != Arg::None);
    let args = args.map(|(arg, at)| if at == cpu_at { "cpu" } else { arg_name(*arg) });
    let args = args.collect::<Vec<_>>().join(", ");
    let does = match does {
        HelperDoes::LookupUnchecked => "finds that CPU's value, any cpu goes",
        HelperDoes::LookupChecked => "finds that CPU's value, or NULL",
        HelperDoes::UpdateUnchecked => "writes that CPU's value, any cpu goes",
    };
    let since = match proto.since {
        since if since > release => format!(", since {since}"),
        _ => String::new(),
    };
    format!("({args}): {does}{since}")
}

fn arg_name(arg: Arg) -> &'static str {
    match arg {
        Arg::None => "",
        Arg::ConstMapPtr => "map",
        Arg::MapKey => "key",
        Arg::MapValue | Arg::UninitMapValue => "value",
        Arg::Stack => "bytes",
        Arg::ConstStackSize => "size",
        Arg::Ctx => "ctx",
        Arg::Anything => "flags",
    }
}

fn programs(series: &Series) -> Vec<Item> {
    let view = match series.programs {
        ProgramView::Own => "act on the value of the CPU that runs",
        ProgramView::Nothing => "NULL, and EINVAL for an update",
    };
    vec![Item::seen("names the CPU", series.who_names_the_cpu), Item::seen("plain helpers", view)]
}

/// As many CPUs as the example has.
const CPUS: usize = 2;
/// Bytes of a value in the example.
const VALUE: u32 = 16;

/// What one key costs: the calls of the series' own wrapper.
fn user(series: &'static Series) -> Vec<Item> {
    let Ok(profile) = Profile::with_series(series, None) else { return vec![] };
    let (map_type, layout, composite) = series.scenario_map;
    let shape = Shape {
        map_type,
        key_size: if composite { 8 } else { 4 },
        value_size: VALUE,
        max_entries: 1,
        flags: 0,
        map_extra: 0,
        layout,
        percpu: !composite,
        ranks: CPUS as u32,
        inner: None,
    };
    let rows = [
        ("read one CPU", Whose::Cpu(1), false),
        ("read all CPUs", Whose::All, false),
        ("write one CPU", Whose::Cpu(1), true),
        ("write all CPUs", Whose::All, true),
    ];
    let calls = |whose, write| (series.user)(whose, &shape, &profile.cpus, 0, write);
    rows.iter()
        .map(|(name, whose, write)| Item::seen(name, cost(series, calls(*whose, *write))))
        .collect()
}

fn cost(series: &Series, calls: Option<Vec<UserCall>>) -> String {
    let Some(calls) = calls else { return "no call does it".to_owned() };
    let bytes: u32 = calls.iter().map(|call| call.buffer).sum();
    let Some(first) = calls.first() else { return "no call".to_owned() };
    let name = command_name(series, first.cmd);
    let times = if calls.len() == 1 { String::new() } else { format!("{} x ", calls.len()) };
    let flags = flags(series, first.flags);
    let key = if first.composite.is_some() { " key={key, cpu}" } else { "" };
    format!("{times}{name}{key}{flags}, {bytes} bytes")
}

/// ` flags=NAME|1<<32`, with the names that the series has for bits; nothing for no flags.
fn flags(series: &Series, flags: u64) -> String {
    let mut rest = flags;
    let mut parts = vec![];
    for added in series.adds {
        if let Addition::Flag { name, value } = added.what
            && rest & value == value
        {
            parts.push(name.to_owned());
            rest &= !value;
        }
    }
    match (rest >> 32, rest & 0xffff_ffff) {
        (0, 0) => {}
        (high, 0) => parts.push(format!("{high}<<32")),
        (_, _) => parts.push(format!("{rest:#x}")),
    }
    if parts.is_empty() { String::new() } else { format!(" flags={}", parts.join("|")) }
}

fn command_name(series: &Series, number: u32) -> &'static str {
    let own = series.adds.iter().find_map(|added| match added.what {
        Addition::Command { name, number: own, .. } if own == number => Some(name),
        Addition::Command { .. }
        | Addition::MapType { .. }
        | Addition::Field { .. }
        | Addition::Helper { .. }
        | Addition::Flag { .. } => None,
    });
    let name = own.or_else(|| {
        let release: Release = series.release;
        cmd::by_number(number, release).map(|entry| entry.name)
    });
    name.unwrap_or("an unknown command").trim_start_matches("BPF_MAP_")
}
