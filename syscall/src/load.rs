//! BPF_PROG_LOAD: the order of its errors, and the verifier.

use crate::btf::DebugInfo;
use crate::btf::prog::Reader;
use crate::core::Core;
use crate::entry::Attr;
use crate::verifier_log::Wanted;
use crate::{Answer, Failure, Kernel, Task, attach, fds, name, refs, verifier_log};
use bpfsim_abi::attr::{ProgLoadAttr, UserAddr};
use bpfsim_abi::helper::HelperProto;
use bpfsim_abi::helper_protos::Cap;
use bpfsim_abi::{Because, Cause, Errno, Insn, Refusal, Release, cause, helper_protos};
use bpfsim_verifier::{Env, MapShape, Outcome, RejectKind, Stage, Verdict, verify};
use zerocopy::{FromZeros, IntoBytes};

/// `BPF_MAXINSNS`.
const BPF_MAXINSNS: u32 = 4096;

/// `BPF_COMPLEXITY_LIMIT_INSNS` of v5.2 and later, for those who may.
const MOST_INSNS: u32 = 1_000_000;

const SOCKET_FILTER: u32 = 1;
const KPROBE: u32 = 2;
const CGROUP_SKB: u32 = 8;
const SYSCALL: u32 = 31;

/// `BPF_F_SLEEPABLE`, v5.10.
const BPF_F_SLEEPABLE: u32 = 16;

/// Flags of PROG_LOAD by release.
const PROG_FLAGS: [(Release, u32); 9] = [
    (Release::new(4, 12), 1),
    (Release::new(5, 0), 2),
    (Release::new(5, 3), 4),
    (Release::new(5, 4), 8),
    (Release::new(5, 10), 16),
    (Release::new(5, 18), 32),
    (Release::new(6, 3), 64),
    (Release::new(6, 8), 128),
    (Release::new(6, 9), 1 << 16),
];

/// What the verifier asks of the kernel about one program.
pub struct Surroundings<'a> {
    core: &'a Core,
    task: &'a dyn Task,
    prog_type: u32,
    attach_type: u32,
    gpl: bool,
    sleepable: bool,
    reader: Option<Reader<'a>>,
}

impl<'a> Surroundings<'a> {
    /// A program of `prog_type`, loaded by `task`.
    pub fn new(core: &'a Core, task: &'a dyn Task, prog_type: u32, gpl: bool) -> Self {
        Self { core, task, prog_type, attach_type: 0, gpl, sleepable: false, reader: None }
    }

    /// The same for this `expected_attach_type`.
    #[must_use]
    pub fn attached_as(self, attach_type: u32) -> Self {
        Self { attach_type, ..self }
    }

    /// The same with what the loader says of sleeping, of functions and of lines.
    fn described_by(self, arm: &'a ProgLoadAttr) -> Self {
        let sleepable = arm.prog_flags & BPF_F_SLEEPABLE != 0;
        Self { sleepable, reader: Some(Reader::new(self.core, self.task, arm)), ..self }
    }
}

impl Env for Surroundings<'_> {
    fn release(&self) -> Release {
        self.core.profile.release
    }

    fn prog_type(&self) -> u32 {
        self.prog_type
    }

    fn expected_attach_type(&self) -> u32 {
        self.attach_type
    }

    fn privileged(&self) -> bool {
        privileged(self.task, self.core.profile.release)
    }

    fn sleepable(&self) -> bool {
        self.sleepable
    }

    fn gpl_compatible(&self) -> bool {
        self.gpl
    }

    fn map(&mut self, fd: i32) -> Result<(u32, MapShape), Errno> {
        let handle = fds::map(self.task, fd as u32)?;
        let shape = self.core.map(handle).ok_or(Errno::EBADF)?.shape;
        let shape = MapShape {
            map_type: shape.map_type,
            key_size: shape.key_size,
            value_size: shape.value_size,
            max_entries: shape.max_entries,
            flags: shape.flags,
        };
        Ok((handle, shape))
    }

    fn check_types(&mut self, program: &[Insn], stage: Stage) -> Result<(), (Errno, String)> {
        self.reader.as_mut().map_or(Ok(()), |reader| reader.check(program, stage))
    }

    /// The series' own helpers first; those of the release as far as they run here.
    fn helper(&self, id: i32) -> Option<HelperProto> {
        let release = self.core.profile.release;
        let series = self.core.profile.series.and_then(|series| series.helper(id));
        match series {
            Some((proto, _)) => (proto.since <= release).then_some(proto),
            None => {
                let id = u32::try_from(id).ok()?;
                let left_out = self.core.profile.without.helpers.contains(&id);
                let table = table_of(self.prog_type, id);
                let permission = helper_protos::helper_use(table, id, release)?;
                let allowed = !left_out && holds(self.task, permission.needs_cap);
                helper_protos::helper(table, id, release).copied().filter(|_| allowed)
            }
        }
    }
}

/// The program type whose table says what `prog_type` gets for a helper: every type may look up,
/// update and delete elements of maps (`bpf_base_func_proto()`); beyond those three, types without
/// a table of their own have none.
fn table_of(prog_type: u32, helper: u32) -> u32 {
    let own = helper_protos::uses().iter().any(|row| row.prog_type == prog_type);
    if !own && (1..=3).contains(&helper) { SOCKET_FILTER } else { prog_type }
}

/// The loading task has what a helper asks for.
fn holds(task: &dyn Task, cap: Cap) -> bool {
    let caps = task.caps();
    match cap {
        Cap::None => true,
        Cap::SysAdmin => caps.sys_admin,
        Cap::Bpf | Cap::Perfmon => caps.privileged(),
    }
}

/// License strings that count as compatible with the GPL (`include/linux/license.h`).
pub fn gpl_compatible(license: &str) -> bool {
    matches!(
        license,
        "GPL"
            | "GPL v2"
            | "GPL and additional rights"
            | "Dual BSD/GPL"
            | "Dual MIT/GPL"
            | "Dual MPL/GPL"
    )
}

/// May load what ordinary users may not: CAP_SYS_ADMIN, from v5.8 on CAP_BPF.
fn privileged(task: &dyn Task, release: Release) -> bool {
    let caps = task.caps();
    if release < Release::new(5, 8) { caps.sys_admin } else { caps.privileged() }
}

/// Checks in the kernel's order. The license is read before everything else up to v6.4, and after
/// the instructions since.
pub(crate) fn load(kernel: &mut Kernel, task: &mut dyn Task, attr: &Attr) -> Answer {
    let arm: ProgLoadAttr = attr.arm();
    let release = kernel.core.profile.release;
    let late_license = release >= Release::new(6, 5);
    check_flags(&arm, release)?;
    let early = if late_license { None } else { Some(read_license(task, arm.license)?) };
    if late_license && kernel.core.profile.unprivileged_disabled && !privileged(task, release) {
        return cause::PROG_LOAD_UNPRIVILEGED.refuse();
    }
    check_count(&arm, task, release)?;
    check_kind(&arm, task, release)?;
    check_modelled(&arm)?;
    let attach_type = attach::load_as(arm.prog_type, arm.expected_attach_type, release)?;
    let mut insns = vec![Insn::new_zeroed(); arm.insn_cnt as usize];
    task.read(arm.insns, insns.as_mut_bytes()).because(cause::INSNS_UNREADABLE)?;
    let license = match early {
        Some(license) => license,
        None => read_license(task, arm.license)?,
    };
    let known = bpfsim_abi::prog_type::by_number(arm.prog_type, release).is_some();
    let left_out = kernel.core.profile.without.prog_types.contains(&arm.prog_type);
    if !known || left_out || arm.prog_type == 0 {
        return cause::PROG_TYPE_UNKNOWN.refuse();
    }
    if release >= Release::new(4, 15) {
        name::check(&arm.prog_name, release)?;
    }
    if insns.is_empty() {
        return cause::INSNS_NONE.refuse();
    }
    verifier_log::check(&Wanted::of_program(&arm), release)?;
    let gpl = gpl_compatible(&license);
    let env = Surroundings::new(&kernel.core, task, arm.prog_type, gpl);
    let mut env = env.attached_as(attach_type).described_by(&arm);
    let outcome = verify(&insns, &mut env, verifier_log::level(arm.log_level, release));
    let (debug, size) = env.reader.take().map(|found| (found.info, found.size)).unwrap_or_default();
    if let Some((field, size)) = size {
        let at = attr.at.checked_add(field).ok_or(Errno::EFAULT)?;
        task.write(at, &size.to_le_bytes())?;
    }
    finish(kernel, task, attr, outcome, (gpl, attach_type, debug))
}

/// Flags that the release does not know are EINVAL, the others are not modelled.
fn check_flags(arm: &ProgLoadAttr, release: Release) -> Result<(), Failure> {
    let known: u32 =
        PROG_FLAGS.iter().filter(|(since, _)| *since <= release).map(|(_, flag)| flag).sum();
    match arm.prog_flags {
        0 => Ok(()),
        flags if flags & !known != 0 => cause::PROG_FLAGS_UNKNOWN.refuse(),
        BPF_F_SLEEPABLE if arm.prog_type == SYSCALL => Ok(()),
        flags => Err(Failure::NotModelled(format!("prog_flags {flags:#x} of PROG_LOAD"))),
    }
}

/// v4.10 moved the limits here from the verifier, v5.2 raised them.
fn check_count(arm: &ProgLoadAttr, task: &dyn Task, release: Release) -> Result<(), Refusal> {
    if release < Release::new(4, 10) {
        return cause::INSN_COUNT.unless(arm.insn_cnt < BPF_MAXINSNS);
    }
    let many = release >= Release::new(5, 2) && privileged(task, release);
    let most = if many { MOST_INSNS } else { BPF_MAXINSNS };
    if (1..=most).contains(&arm.insn_cnt) {
        Ok(())
    } else {
        Err(cause::INSN_COUNT.refusal_at(release))
    }
}

/// The version of the kernel in kprobe programs (up to v4.20), and who may load what.
fn check_kind(arm: &ProgLoadAttr, task: &dyn Task, release: Release) -> Result<(), Refusal> {
    let kprobe = arm.prog_type == KPROBE && release < Release::new(5, 0);
    if kprobe && arm.kern_version != version(release) {
        return cause::KERN_VERSION.refuse();
    }
    let ordinary = arm.prog_type == SOCKET_FILTER
        || arm.prog_type == CGROUP_SKB && release >= Release::new(4, 10);
    if !ordinary && !privileged(task, release) {
        return cause::PROG_LOAD_UNPRIVILEGED.refuse();
    }
    let net = attach::needs_net_admin(arm.prog_type, release);
    cause::PROG_LOAD_NET_ADMIN.unless(!net || task.caps().net())
}

/// Fields that decide something which is not modelled. A BTF that nothing refers to decides
/// nothing.
fn check_modelled(arm: &ProgLoadAttr) -> Result<(), Failure> {
    let fields = [
        ("prog_ifindex", arm.prog_ifindex != 0),
        ("attach_btf_id", arm.attach_btf_id != 0),
        ("attach_prog_fd", arm.attach_prog_fd != 0),
        ("core_relos", arm.core_relo_cnt != 0),
        ("fd_array", arm.fd_array_cnt != 0),
        ("signature", !arm.signature.is_null()),
    ];
    match fields.iter().find(|(_, set)| *set) {
        Some((name, _)) => Err(Failure::NotModelled(format!("{name} of PROG_LOAD"))),
        None => Ok(()),
    }
}

/// The verifier's log has the reason; the errno says of what kind it is.
fn why_rejected(errno: Errno) -> Option<&'static Cause> {
    let causes = [
        cause::VERIFIER_EINVAL,
        cause::VERIFIER_EACCES,
        cause::VERIFIER_E2BIG,
        cause::VERIFIER_EPERM,
        cause::VERIFIER_MAP_FD,
    ];
    causes.into_iter().find(|cause| cause.errno == errno)
}

/// `LINUX_VERSION_CODE` of X.Y.0.
fn version(release: Release) -> u32 {
    u32::from(release.major) << 16 | u32::from(release.minor) << 8
}

/// strncpy_from_user(): at most 127 bytes.
fn read_license(task: &dyn Task, at: UserAddr) -> Result<String, Refusal> {
    let mut license = String::new();
    for offset in 0..127 {
        let mut byte = [0];
        let here = at.checked_add(offset).because(cause::LICENSE_UNREADABLE)?;
        task.read(here, &mut byte).because(cause::LICENSE_UNREADABLE)?;
        match byte[0] {
            0 => break,
            byte => license.push(byte.into()),
        }
    }
    Ok(license)
}

/// The log goes out whatever the verdict; one that does not fit is ENOSPC instead of it.
fn finish(
    kernel: &mut Kernel,
    task: &mut dyn Task,
    attr: &Attr,
    outcome: Outcome,
    (gpl, attach_type, debug): (bool, u32, DebugInfo),
) -> Answer {
    if let Verdict::Rejected(reject) = &outcome.verdict
        && reject.kind == RejectKind::NotModelled
    {
        let reason = reject.message.trim_start_matches("not modelled: ");
        return Err(Failure::NotModelled(reason.to_owned()));
    }
    let arm: ProgLoadAttr = attr.arm();
    let wanted = Wanted::of_program(&arm);
    verifier_log::write(task, attr, &wanted, outcome.log.as_bytes(), kernel.core.profile.release)?;
    match outcome.verdict {
        Verdict::Rejected(reject) => {
            Err(Refusal::of(reject.errno).or_because(why_rejected(reject.errno)).into())
        }
        Verdict::Accepted(program) => {
            let object = kernel.core.add_program(program);
            let name = name::kept(&arm.prog_name, kernel.core.profile.release);
            kernel.core.sign(object, name, task.uid());
            kernel.core.set_program(object, gpl, attach_type);
            kernel.core.give_debug_info(object, debug);
            if let Err(failure) = refs::join(&kernel.core, &mut kernel.hw, object) {
                kernel.core.put(&mut kernel.hw, object);
                return Err(failure);
            }
            task.install(object)
                .map_err(|errno| kernel.core.undo(&mut kernel.hw, object, errno).into())
        }
    }
}
