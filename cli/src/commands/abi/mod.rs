//! `bpfsim abi`: the layout of `union bpf_attr` and of the info structs.
//!
//! ```text
//! fields of a container --tree--> members, unions, holes --print--> lines as pahole's
//! ```

mod print;
mod tree;

use crate::names;
use crate::report::{Failure, Outcome, Report};
use crate::text::{paint, painted};
use bpfsim_abi::layout::Field;
use bpfsim_abi::{Release, check_attr, cmd, layout, sizes};
use bpfsim_maps::Series;
use bpfsim_maps::series::{Added, Addition, Tag};
use bpfsim_syscall::Profile;

/// The arm that the commands on one element take.
const ELEMENT_ARM: &str = "bpf_attr.MAP_ELEM";

/// Show the layout of union bpf_attr, arm by arm, as pahole would.
#[derive(Debug, clap::Args)]
#[command(after_help = include_str!("../help/abi.txt"))]
pub struct Args {
    /// The release; that of the series, or else the newest, where it is left out.
    #[arg(long, value_name = "V", value_parser = names::release)]
    kernel: Option<Release>,
    /// With what this series adds, marked by a plus.
    #[arg(long, value_name = "S", value_parser = names::series)]
    series: Option<&'static Series>,
    /// One arm (MAP_ELEM, PROG_LOAD, batch, …), a command, or an info struct (bpf_map_info, …);
    /// all arms where it is left out.
    #[arg(value_name = "STRUCT")]
    subject: Option<String>,
}

/// A release, and what a series puts on top of it.
struct World {
    release: Release,
    overlay: Option<&'static Series>,
}

/// A field that a series adds, and a note about it.
struct Extra {
    field: Field,
    note: String,
}

/// How an addition is known; nothing for what was read. The heading names the series.
fn note(tag: Tag) -> String {
    match tag.note() {
        "" => String::new(),
        note => format!("[{note}]"),
    }
}

/// One container, or all arms.
pub fn run(args: &Args) -> Outcome {
    let world = world(args)?;
    let subject = args.subject.as_deref().unwrap_or("bpf_attr");
    let text = match subject.strip_prefix("union ").unwrap_or(subject) {
        "bpf_attr" => whole(&world),
        subject => {
            let container = find(subject, &world)?;
            let lines = print::container(container, &world.fields(container), 0, &world);
            format!("{}{}", world.heading(), print::align(&lines))
        }
    };
    Ok(Report::good(text))
}

fn world(args: &Args) -> Result<World, Failure> {
    let Some(series) = args.series else {
        return Ok(World {
            release: args.kernel.unwrap_or_else(names::newest_release),
            overlay: None,
        });
    };
    let profile = Profile::with_series(series, args.kernel)
        .map_err(|error| Failure::new(format!("--series {}", series.name), error))?;
    let overlay = profile.series.filter(|_| profile.overlay);
    Ok(World { release: profile.release, overlay })
}

/// Every arm and info struct, arms by their first command.
fn containers() -> Vec<&'static str> {
    let mut found: Vec<&'static str> = vec![];
    for row in sizes::rows() {
        let name = row.container.strip_prefix("struct ").unwrap_or(row.container);
        if !name.starts_with("union ") && !found.contains(&name) {
            found.push(name);
        }
    }
    let first_command = |name: &str| {
        let rows = check_attr::rows().iter().filter(|row| row.container == name);
        rows.map(|row| row.cmd).min().unwrap_or(u32::MAX)
    };
    found.sort_by_key(|name| first_command(name));
    found
}

/// The release that brought a container.
fn since(container: &str) -> Option<Release> {
    let same = |name: &str| name.strip_prefix("struct ").unwrap_or(name) == container;
    sizes::rows().iter().filter(|row| same(row.container)).map(|row| row.from).min()
}

impl World {
    fn heading(&self) -> String {
        let series = self.overlay.map_or_else(String::new, |s| format!(" with {}", s.name));
        painted(paint::FAINT, &format!("/* Linux {}{series}, x86-64 */", self.release)) + "\n"
    }

    /// What the release has, and what the series adds.
    fn fields(&self, container: &'static str) -> Vec<Field> {
        let mut fields: Vec<Field> = layout::fields(container, self.release).copied().collect();
        if container == ELEMENT_ARM {
            fields.extend(self.extras().iter().map(|extra| extra.field));
        }
        fields
    }

    fn extras(&self) -> Vec<Extra> {
        let extra = |added: &Added| match added.what {
            Addition::Field { name, offset, size } => {
                let ctype = if size == 8 { "__u64" } else { "__u32" };
                let since = self.release;
                let container = ELEMENT_ARM;
                let field = Field { container, name, offset, size, ctype, since };
                Some(Extra { field, note: note(added.tag) })
            }
            Addition::Command { .. }
            | Addition::MapType { .. }
            | Addition::Helper { .. }
            | Addition::Flag { .. } => None,
        };
        self.overlay.iter().flat_map(|series| series.adds).filter_map(extra).collect()
    }

    /// Number and name of the commands that take an arm, the first byte that must be zero, and a
    /// note where the series adds the command.
    fn commands(&self, container: &str) -> Vec<(u32, &'static str, u32, Option<String>)> {
        let numbers = cmd::ALL.iter().filter(|entry| !entry.is_alias).map(|entry| entry.number);
        let of_release = numbers.filter_map(|number| {
            let row = check_attr::last_field(number, self.release)?;
            let name = cmd::by_number(number, self.release)?.name;
            (row.container == container).then_some((number, name, row.end, None))
        });
        let mut commands: Vec<_> = of_release.collect();
        if let Some(series) = self.overlay.filter(|_| container == ELEMENT_ARM) {
            commands.extend(series.adds.iter().filter_map(|added| match added.what {
                Addition::Command { name, number, .. } => {
                    let note = note(added.tag);
                    Some((number, name, series.element_end()?, Some(note)))
                }
                Addition::MapType { .. }
                | Addition::Field { .. }
                | Addition::Helper { .. }
                | Addition::Flag { .. } => None,
            }));
        }
        commands
    }
}

/// The union with all its arms.
fn whole(world: &World) -> String {
    let mut lines = vec![print::Line::open("union bpf_attr {")];
    for arm in containers().iter().filter(|name| name.starts_with("bpf_attr.")) {
        let fields = world.fields(arm);
        if !fields.is_empty() {
            lines.extend(print::container(arm, &fields, 1, world));
            lines.push(print::Line::blank());
        }
    }
    let size = sizes::attr_size(world.release);
    lines.push(print::Line::text(1, format!("/* size: {size} */")));
    lines.push(print::Line::open("};"));
    format!("{}{}", world.heading(), print::align(&lines))
}

/// The container that somebody means, in the spelling of the table.
fn find(subject: &str, world: &World) -> Result<&'static str, Failure> {
    let every = containers();
    let short = |name: &'static str| name.strip_prefix("bpf_attr.").unwrap_or(name);
    let asked = subject.strip_prefix("struct ").unwrap_or(subject);
    let asked = asked.strip_prefix("bpf_attr.").unwrap_or(asked);
    let found = every.iter().copied().find(|name| short(name).eq_ignore_ascii_case(asked));
    let found = found.or_else(|| arm_of_command(asked, world));
    let Some(container) = found else {
        let known: Vec<&str> = every.iter().map(|name| short(name)).collect();
        let way_out = names::way_out(asked, &known);
        let what = "no arm of union bpf_attr, no command and no info struct";
        return Err(Failure::new(subject, format!("{what}; {way_out}")));
    };
    match since(container) {
        Some(since) if since > world.release => Err(Failure::new(
            subject,
            format!("{} has none, it came with {since}; use --kernel {since}", world.release),
        )),
        Some(_) | None => Ok(container),
    }
}

/// The arm that a command takes, at the release or the first that has it.
fn arm_of_command(name: &str, world: &World) -> Option<&'static str> {
    let own = world.overlay.and_then(|series| {
        series.adds.iter().find(|added| match added.what {
            Addition::Command { name: own, .. } => own.eq_ignore_ascii_case(name),
            Addition::MapType { .. }
            | Addition::Field { .. }
            | Addition::Helper { .. }
            | Addition::Flag { .. } => false,
        })
    });
    if own.is_some() {
        return Some(ELEMENT_ARM);
    }
    let entry = cmd::ALL.iter().find(|entry| entry.name.eq_ignore_ascii_case(name))?;
    let release = world.release.max(entry.since);
    check_attr::last_field(entry.number, release).map(|row| row.container)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> String {
        anstream::adapter::strip_str(text).to_string()
    }

    /// Everything, at every release: each field has one line, with the numbers of the table.
    #[test]
    fn every_field_of_every_release_has_its_line() {
        for release in bpfsim_abi::known_releases() {
            let world = World { release: *release, overlay: None };
            for container in containers() {
                let fields = world.fields(container);
                let text = plain(&print::align(&print::container(container, &fields, 0, &world)));
                for field in &fields {
                    let numbers = format!("/* {:>4} {:>4} */", field.offset, field.size);
                    let name = field.name.rsplit('.').next().unwrap_or(field.name);
                    let has = |line: &str| line.contains(&numbers) && line.contains(name);
                    assert!(text.lines().any(has), "{release} {container}.{name}:\n{text}");
                }
                let members =
                    text.lines().filter(|line| line.contains("; ") && line.ends_with("*/"));
                assert_eq!(members.count(), fields.len(), "{text}");
                assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
            }
        }
    }

    /// Sizes from headers: v4.4's 48 bytes, v5.10's 120, v6.18's 168.
    #[test]
    fn the_union_has_the_size_of_the_header() {
        for (release, size) in [((4, 4), 48), ((5, 10), 120), ((6, 18), 168)] {
            let release = Release::new(release.0, release.1);
            let text = plain(&whole(&World { release, overlay: None }));
            assert!(text.contains(&format!("\n    /* size: {size} */\n")), "{text}");
        }
    }

    /// Of v7.2's arms each is taken by a command, or the table of last fields has a hole.
    #[test]
    fn every_arm_names_its_commands() {
        let world = World { release: names::newest_release(), overlay: None };
        for container in containers().iter().filter(|name| name.starts_with("bpf_attr.")) {
            assert!(!world.commands(container).is_empty(), "{container}");
        }
    }
}
