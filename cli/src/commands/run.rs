//! `bpfsim run`: a program as it is, its bpf(2) answered by a simulated kernel.

use crate::kernel::KernelArgs;
use crate::report::{Outcome, Report, Status, complaint};
use bpfsim_host::supervise::{self, Ended, Finished, Options};
use bpfsim_syscall::Caps;
use std::ffi::OsString;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;

/// Run a program on a simulated kernel, as it is.
///
/// Every bpf(2) of the program and of all that it starts is answered by the chosen kernel; none
/// reaches the kernel of this machine. No rights are needed.
#[derive(Debug, clap::Args)]
#[command(after_help = include_str!("help/run.txt"))]
pub struct Args {
    #[command(flatten)]
    kernel: KernelArgs,
    /// What the program may do: root, none, or names as in cap_bpf,cap_net_admin. Root, or what an
    /// overlay says, where it is left out.
    #[arg(long, value_name = "CAPS", value_parser = caps)]
    caps: Option<Caps>,
    /// Print a line for each call, as strace would.
    #[arg(long)]
    trace: bool,
    /// Write every call to a file, for bpfsim replay-calls.
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// Say at the start what is not simulated.
    #[arg(short, long)]
    verbose: bool,
    /// The program and its arguments.
    #[arg(value_name = "CMD", required = true, trailing_var_arg = true)]
    command: Vec<OsString>,
}

/// Reads `root`, `none` or a list of capabilities, for clap.
fn caps(text: &str) -> Result<Caps, String> {
    match text {
        "root" => return Ok(Caps::ROOT),
        "none" => return Ok(Caps::NONE),
        _ => {}
    }
    let mut caps = Caps::NONE;
    for name in text.split(',') {
        match name.to_ascii_lowercase().as_str() {
            "cap_sys_admin" => caps.sys_admin = true,
            "cap_bpf" => caps.bpf = true,
            "cap_net_admin" => caps.net_admin = true,
            "cap_dac_override" => caps.dac_override = true,
            _ => {
                return Err(format!(
                    "'{name}' is no capability that is told apart here; there are root, none, \
                     cap_sys_admin, cap_bpf, cap_net_admin, cap_dac_override"
                ));
            }
        }
    }
    Ok(caps)
}

/// Runs the program; ends as it ended, or as env(1) would: 125 our own failure, 126 it cannot be
/// executed, 127 there is no such program.
pub fn run(args: &Args) -> Outcome {
    let chosen = match args.kernel.choose() {
        Ok(chosen) => chosen,
        Err(failure) => return Ok(failed(&failure.0, 125)),
    };
    let record = match args.record.as_ref().map(|path| (path, File::create(path))) {
        None => None,
        Some((_, Ok(file))) => Some(Box::new(BufWriter::new(file)) as Box<dyn Write>),
        Some((path, Err(error))) => {
            let what = format!("{}: cannot be written: {error}", path.display());
            return Ok(failed(&what, 125));
        }
    };
    let options = Options {
        record,
        profile: chosen.profile,
        caps: args.caps.unwrap_or(chosen.caps),
        trace: args.trace.then(|| Box::new(std::io::stderr()) as Box<dyn Write>),
        notes: Box::new(std::io::stderr()),
        verbose: args.verbose,
        foreground: true,
    };
    Ok(match supervise::run(options, &args.command) {
        Ok(Finished { ended: Ended::Exited(status), .. }) => ended(String::new(), status),
        // Does not come back, but where the signal is ignored by all.
        Ok(Finished { ended: Ended::Killed(signal), .. }) => {
            ended(String::new(), supervise::die_of(signal))
        }
        Err(error) => failed(&error.to_string(), error.status()),
    })
}

fn failed(text: &str, status: u8) -> Report {
    ended(complaint(text), status)
}

fn ended(notes: String, status: u8) -> Report {
    Report { text: String::new(), notes, status: Status::Program(status) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::root("root", Ok(Caps::ROOT))]
    #[case::none("none", Ok(Caps::NONE))]
    #[case::one("CAP_BPF", Ok(Caps { bpf: true, ..Caps::NONE }))]
    #[case::two("cap_bpf,cap_net_admin", Ok(Caps { bpf: true, net_admin: true, ..Caps::NONE }))]
    #[case::slip("cap_bfp", Err("'cap_bfp' is no capability"))]
    #[case::empty("", Err("'' is no capability"))]
    fn rights_are_read(#[case] text: &str, #[case] want: Result<Caps, &str>) {
        match (caps(text), want) {
            (Err(error), Err(why)) => assert!(error.starts_with(why), "{error}"),
            (got, want) => assert_eq!(got, want.map_err(str::to_owned)),
        }
    }
}
