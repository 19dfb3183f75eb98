//! Makes calls and keeps them as lines.

use crate::format::{BadTrace, Line, SCHEMA};
use crate::images::Images;
use crate::line::{Answered, CallLine, CloseLine, FdLine, Header, ImageLine};
use crate::recorded::{Log, Recorded, Seen};
use bpfsim_abi::attr::UserAddr;
use bpfsim_abi::cmd;
use bpfsim_sim::{CpuList, Topology};
use bpfsim_syscall::meta::Kind;
use bpfsim_syscall::task::NotBpf;
use bpfsim_syscall::{Answer, Caps, Failure, Inputs, Kernel, Mode, ObjectId, Profile, Task};

/// The name of a file that is no BPF object.
pub(crate) const OTHER: &str = "other";

/// The most of an attr that is kept although the kernel does not read it, in bytes.
const ATTR: u32 = 4096;

/// Numbers the calls of one trace.
#[derive(Clone, Debug, Default)]
pub struct Recorder {
    calls: u64,
}

/// Names of what a caller may do.
const CAPS: [&str; 4] = ["CAP_SYS_ADMIN", "CAP_BPF", "CAP_NET_ADMIN", "CAP_DAC_OVERRIDE"];

/// The rights as names.
pub(crate) fn caps_to_names(caps: Caps) -> Vec<String> {
    let has = [caps.sys_admin, caps.bpf, caps.net_admin, caps.dac_override];
    CAPS.iter().zip(has).filter(|(_, has)| *has).map(|(name, _)| (*name).to_owned()).collect()
}

/// The rights that are named; names that bpf(2) does not ask for say nothing.
pub(crate) fn caps_from_names(names: &[String]) -> Caps {
    let has = |name: &str| names.iter().any(|given| given == name);
    let [sys_admin, bpf, net_admin, dac_override] = CAPS.map(has);
    Caps { sys_admin, bpf, net_admin, dac_override }
}

/// `map3`: kind and id, as an object is called in a trace.
pub fn object_name(kernel: &Kernel, object: ObjectId) -> String {
    let id = kernel.core.meta(object).map_or(0, |meta| meta.id);
    format!("{}{id}", kind_name(Kind::of(object)))
}

/// The word for a kind of objects.
pub(crate) const fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Map => "map",
        Kind::Prog => "prog",
        Kind::Btf => "btf",
        Kind::Link => "link",
        Kind::Stats => "stats",
    }
}

impl Header {
    /// What stands before the calls of a kernel with this profile.
    pub fn new(profile: &Profile, caps: Caps) -> Self {
        let series = profile.series.filter(|_| profile.overlay);
        Self {
            schema: SCHEMA.to_owned(),
            release: profile.release.to_string().trim_start_matches('v').to_owned(),
            series: series.map(|series| series.name.to_owned()),
            possible: profile.cpus.possible.to_string(),
            online: profile.cpus.online.to_string(),
            caps: caps_to_names(caps),
            unprivileged_disabled: profile.unprivileged_disabled,
            time_ns: profile.inputs.time_ns,
            random: profile.inputs.random,
            hash_seed: profile.inputs.hash_seed,
            memlock_limit: profile.inputs.memlock_limit,
            nr_cpus: Some(profile.inputs.nr_cpus).filter(|cpus| *cpus != Inputs::default().nr_cpus),
        }
    }
}

impl Header {
    /// Gives a profile the CPUs, the time and the chance of the recording.
    ///
    /// # Errors
    /// A list of CPUs that is none, or CPUs on line that are not possible.
    pub fn furnish(&self, profile: &mut Profile) -> Result<(), BadTrace> {
        let bad = |what: String| BadTrace { line: 1, what };
        let list = |text: &str| text.parse::<CpuList>().map_err(|error| bad(error.to_string()));
        let (possible, online) = (list(&self.possible)?, list(&self.online)?);
        if let Some(stray) = online.iter().find(|cpu| !possible.contains(*cpu)) {
            let what = format!("CPU {stray} is on line and not possible ({possible}); add it");
            return Err(bad(what));
        }
        profile.cpus = Topology { possible, online };
        profile.inputs = Inputs {
            time_ns: self.time_ns,
            run_ns: Inputs::default().run_ns,
            random: self.random,
            hash_seed: self.hash_seed,
            memlock_limit: self.memlock_limit,
            nr_cpus: self.nr_cpus.unwrap_or(Inputs::default().nr_cpus),
        };
        profile.unprivileged_disabled = self.unprivileged_disabled;
        Ok(())
    }
}

impl Recorder {
    /// bpf(2) by `task`: the answer, and its line.
    pub fn call(
        &mut self,
        kernel: &mut Kernel,
        task: &mut dyn Task,
        cmd: u32,
        attr: UserAddr,
        size: u32,
    ) -> (Answer, Line) {
        self.calls += 1;
        let (cpu, uid) = (task.cpu(), task.uid());
        let mut recorded = Recorded::new(task);
        // Another release may read more of it.
        recorded.note(attr.0, size.min(ATTR) as usize);
        // Objects are named by what stands behind the fd before the call.
        let answer = kernel.bpf(&mut recorded, cmd, attr, size);
        let log = recorded.into_log();
        let name = cmd::by_number(cmd, kernel.core.profile.release);
        let line = CallLine {
            call: self.calls,
            cmd,
            name: name.map(|entry| entry.name.to_owned()),
            attr: attr.0,
            size,
            cpu,
            uid,
            fds: log.fds.iter().map(|seen| fd_line(kernel, seen)).collect(),
            read: images(&log.read, &log.read_faults),
            wrote: images(&log.wrote, &log.write_faults),
            answer: answered(kernel, &answer, &log),
            cause: cause(&answer).map(str::to_owned),
        };
        (answer, Line::Call(Box::new(line)))
    }

    /// The caller closed an fd.
    pub fn closed(&self, fd: u32) -> Line {
        Line::Close(CloseLine { close: fd })
    }
}

fn fd_line(kernel: &Kernel, (fd, found, mode): &Seen) -> FdLine {
    let object = found.map(|found| match found {
        Ok(object) => object_name(kernel, object),
        Err(NotBpf) => OTHER.to_owned(),
    });
    FdLine { fd: *fd, object, mode: mode_letter(*mode) }
}

pub(crate) fn mode_letter(mode: Mode) -> Option<String> {
    match mode {
        Mode::ReadWrite => None,
        Mode::ReadOnly => Some("r".to_owned()),
        Mode::WriteOnly => Some("w".to_owned()),
    }
}

fn images(known: &Images, faults: &[(u64, u64)]) -> Vec<ImageLine> {
    let bytes = known.iter().map(|(at, bytes)| ImageLine { at, bytes: bytes.to_vec(), fault: 0 });
    let faults =
        faults.iter().map(|(at, fault)| ImageLine { at: *at, bytes: vec![], fault: *fault });
    bytes.chain(faults).collect()
}

/// The id of the rule that refused a call.
pub(crate) fn cause(answer: &Answer) -> Option<&'static str> {
    match answer {
        Err(Failure::Errno(refusal)) => refusal.id(),
        Ok(_) | Err(Failure::NotModelled(_) | Failure::Trapped(_)) => None,
    }
}

fn answered(kernel: &Kernel, answer: &Answer, log: &Log) -> Answered {
    match (answer, log.installed) {
        (Ok(fd), Some((made, object, mode))) if *fd == made => {
            let object = Some(object_name(kernel, object));
            Answered::Fd(FdLine { fd: *fd, object, mode: mode_letter(mode) })
        }
        (Ok(value), _) => Answered::Value(*value),
        (Err(Failure::Errno(errno)), _) => Answered::Errno(errno.errno.name().to_owned()),
        (Err(Failure::NotModelled(why)), _) => Answered::NotModelled(why.clone()),
        (Err(Failure::Trapped(wild)), _) => Answered::Trapped(wild.to_string()),
    }
}
