//! `bpfsim load`: an object's maps and programs, through bpf(2) itself.
//!
//! ```text
//! object --MAP_CREATE--> fds --into the instructions--> PROG_LOAD --> log, verdict
//! ```

mod call;
mod verdict;

use crate::input;
use crate::kernel::KernelArgs;
use crate::report::{Failure, Outcome, Report, Status, complaint};
use crate::screen::Screen;
use crate::text::{Cell, counted, paint, painted, table};
use bpfsim_abi::map_type;
use bpfsim_lab::object::{MapDef, ObjectError, ObjectFile, ProgDef, builtin};
use bpfsim_syscall::Profile;
use call::Machine;
use verdict::Verdict;

/// Load a BPF object, and print the verifier's log as the kernel would.
///
/// Maps are created and programs loaded by bpf(2) of the chosen kernel, with all capabilities and
/// log level 2.
#[derive(Debug, clap::Args)]
#[command(after_help = include_str!("../help/load.txt"))]
pub struct Args {
    /// The object file, as clang writes it; `-` reads standard input; or the name of a built-in
    /// one.
    #[arg(value_name = "PROGRAM.o")]
    object: String,
    #[command(flatten)]
    kernel: KernelArgs,
}

/// A map, and the fd that the kernel gave for it.
struct Created<'a> {
    map: &'a MapDef,
    fd: Option<u32>,
    verdict: Verdict,
}

/// Every map, then every program with its log.
pub fn run(args: &Args, screen: &Screen) -> Outcome {
    let chosen = args.kernel.choose()?;
    let profile = chosen.profile.clone();
    let object = match read(&args.object)? {
        Ok(object) => object,
        Err(what) => {
            let notes = complaint(&format!("{}: {what}", args.object));
            return Ok(Report { text: String::new(), notes, status: Status::Unknown });
        }
    };
    let mut machine = Machine::new(&chosen);
    let mut text = heading(&args.object, &object, &profile);
    let maps = create(&object, &mut machine);
    let mut status = maps.iter().map(|map| map.verdict.status()).max();
    text += &map_table(&maps, &profile, screen);
    let mut summary = vec![];
    for prog in &object.progs {
        let loaded = load(prog, &object, &maps, &mut machine);
        let name = format!("{} ({})", prog.name, prog.section);
        if !loaded.log.is_empty() {
            text += &format!("\n{}\n", painted(paint::HEAD, &format!("{name}:")));
            text += &format!("{}\n", loaded.log.trim_end_matches('\n'));
        }
        status = status.max(Some(loaded.verdict.status()));
        let size = counted(prog.insns.len(), "insn");
        summary.push(loaded.verdict.line(&name, &format!("accepted, {size}")));
    }
    text += &format!("\n{}", summary.concat());
    let status = status.unwrap_or(Status::Good);
    Ok(Report { text, notes: String::new(), status })
}

/// The object, or what is not modelled about it.
fn read(path: &str) -> Result<Result<ObjectFile, ObjectError>, Failure> {
    let way_out = "name an object file that clang -target bpf wrote";
    let bytes = input::bytes(path, builtin::builtin(path), way_out)?;
    match ObjectFile::parse(&bytes) {
        Ok(object) if object.maps.is_empty() && object.progs.is_empty() => {
            Err(Failure::new(path, format!("no maps and no programs in it; {way_out}")))
        }
        Ok(object) => Ok(Ok(object)),
        Err(error @ (ObjectError::NotBpf(_) | ObjectError::Malformed(_))) => {
            Err(Failure::new(path, error))
        }
        Err(error @ ObjectError::NotModelled(_)) => Ok(Err(error)),
    }
}

fn heading(path: &str, object: &ObjectFile, profile: &Profile) -> String {
    let series = profile.series.filter(|_| profile.overlay);
    let series = series.map_or_else(String::new, |series| format!(" with {}", series.name));
    let license = match object.license.as_str() {
        "" => "no license".to_owned(),
        license => format!("license {license}"),
    };
    painted(paint::FAINT, &format!("{path}, {license}, on Linux {}{series}", profile.release))
        + "\n"
}

fn create<'a>(object: &'a ObjectFile, machine: &mut Machine) -> Vec<Created<'a>> {
    let create = |map: &'a MapDef| match machine.create_map(map) {
        Ok(fd) => Created { map, fd: Some(fd), verdict: Verdict::Good },
        Err(failure) => {
            let why = verdict::why_no_map(map, machine.profile());
            Created { map, fd: None, verdict: Verdict::of(failure, why) }
        }
    };
    object.maps.iter().map(create).collect()
}

fn map_table(maps: &[Created], profile: &Profile, screen: &Screen) -> String {
    let rows = maps.iter().map(|created| {
        let map = created.map;
        let flags =
            if map.flags == 0 { String::new() } else { format!(", flags {:#x}", map.flags) };
        let shape = format!(
            "{}{}, key {}, value {}, {}{flags}",
            map.map_type,
            type_name(map.map_type, profile),
            map.key_size,
            map.value_size,
            entries(map.max_entries),
        );
        let good = created.fd.map_or_else(String::new, |fd| format!("fd {fd}"));
        let (style, verdict) = created.verdict.words(&good);
        let style = if created.verdict == Verdict::Good { paint::PLAIN } else { style };
        let head = Cell::plain(format!("map {}", map.name));
        vec![head, Cell::painted(style, format!("type {shape}: {verdict}"))]
    });
    table(&rows.collect::<Vec<_>>(), 0, screen.width)
}

fn entries(number: u32) -> String {
    if number == 1 { "1 entry".to_owned() } else { format!("{number} entries") }
}

/// The name of a map type: the series' own, or the kernel's; nothing where neither has one.
fn type_name(number: u32, profile: &Profile) -> String {
    let own = profile.series.and_then(|series| {
        series.map_types().find(|(_, own, _)| *own == number).map(|(name, _, _)| name)
    });
    let shipped = || map_type::by_number(number, profile.release).map(|entry| entry.name);
    own.or_else(shipped).map_or_else(String::new, |name| format!(" {name}"))
}

/// How the load of a program ended.
struct Loaded {
    log: String,
    verdict: Verdict,
}

fn load(prog: &ProgDef, object: &ObjectFile, maps: &[Created], machine: &mut Machine) -> Loaded {
    let mut insns = prog.insns.clone();
    for wanted in &prog.map_refs {
        let created = maps.iter().find(|created| created.map.name == wanted.map);
        let fd = created.and_then(|created| created.fd);
        match (fd, insns.get_mut(wanted.insn)) {
            (Some(fd), Some(insn)) => insn.imm = fd as i32,
            (None, _) | (_, None) => {
                let why = format!("map {} was not created", wanted.map);
                let unknown = created.is_some_and(|c| matches!(c.verdict, Verdict::Unknown(_)));
                let verdict = if unknown { Verdict::Unknown(why) } else { Verdict::Unloaded(why) };
                return Loaded { log: String::new(), verdict };
            }
        }
    }
    let (log, answer) = machine.load(prog.prog_type, &insns, &object.license);
    let verdict = match answer {
        Ok(_) => Verdict::Good,
        Err(failure) => {
            let why = verdict::why_no_program(prog, machine.profile());
            Verdict::of(failure, why)
        }
    };
    Loaded { log, verdict }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bpfsim_abi::Release;
    use bpfsim_maps::percpu;

    /// No object, release or series makes it panic, and what is rejected has a reason.
    #[test]
    fn every_built_in_object_has_a_verdict_everywhere() {
        let releases = [(3, 18), (4, 4), (4, 6), (4, 14), (5, 4), (6, 12), (7, 2)];
        let plain = releases.map(|(major, minor)| (Some(Release::new(major, minor)), None));
        let overlaid = percpu::all().iter().map(|series| (None, Some(*series)));
        for (kernel, series) in plain.into_iter().chain(overlaid) {
            for (name, _) in builtin::BUILTIN {
                let kernel = KernelArgs { kernel, series, ..KernelArgs::default() };
                let args = Args { object: (*name).to_owned(), kernel };
                let report = run(&args, &Screen { width: 80, table: 80 }).expect("it is an object");
                assert_ne!(report.status, Status::Bad, "{name}");
                assert!(!report.text.contains("not modelled: not"), "{}", report.text);
            }
        }
    }
}
