//! What PROG_LOAD says of functions and source lines, v5.0: check_btf_info().
//!
//! Programs here have one function, which begins with the first instruction.

use crate::core::Core;
use crate::{Task, fds};
use bpfsim_abi::attr::{ProgLoadAttr, UserAddr};
use bpfsim_abi::{Errno, Insn, Release};
use bpfsim_verifier::Stage;
use bpfsim_verifier::btf::Kind;

/// `sizeof(struct bpf_func_info)` and `sizeof(struct bpf_line_info)`.
pub(crate) const FUNC: u32 = 8;
pub(crate) const LINE: u32 = 16;

/// The largest record that a caller may have.
const MOST: u32 = 252;

/// The release that looks at functions before it looks at the program.
const EARLY: Release = Release::new(6, 7);

/// Records of a program, as the kernel keeps them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DebugInfo {
    /// Handle of the BTF.
    pub btf: Option<u32>,
    /// Each of 8 bytes: instruction, type.
    pub funcs: Vec<u8>,
    /// Each of 16 bytes: instruction, file, line, number and column.
    pub lines: Vec<u8>,
}

/// Errno and message; the message is empty where the kernel says nothing.
type No = (Errno, String);

fn invalid<T>(message: String) -> Result<T, No> {
    Err((Errno::EINVAL, message))
}

/// Looks at the records of one program.
pub(crate) struct Reader<'a> {
    core: &'a Core,
    task: &'a dyn Task,
    arm: &'a ProgLoadAttr,
    /// What was found.
    pub info: DebugInfo,
    /// A record that is too long: the field of the attr that gets the right size.
    pub size: Option<(u64, u32)>,
}

/// Where records are, and how long they are.
struct Records {
    at: UserAddr,
    /// Bytes of the caller's record, and of the kernel's.
    given: u32,
    known: u32,
    /// Byte of the record size in the attr.
    field: u64,
    name: &'static str,
}

impl<'a> Reader<'a> {
    pub fn new(core: &'a Core, task: &'a dyn Task, arm: &'a ProgLoadAttr) -> Self {
        Self { core, task, arm, info: DebugInfo::default(), size: None }
    }

    /// The checks of a stage; nothing where there are no records.
    pub fn check(&mut self, program: &[Insn], stage: Stage) -> Result<(), No> {
        if self.arm.func_info_cnt == 0 && self.arm.line_info_cnt == 0 {
            return Ok(());
        }
        match (stage, self.core.profile.release >= EARLY) {
            (Stage::Early, false) => Ok(()),
            (Stage::Early, true) => {
                self.btf()?;
                self.functions(false)
            }
            (Stage::Late, true) => {
                self.one_function()?;
                self.layout()?;
                self.lines(program)
            }
            (Stage::Late, false) => {
                self.btf()?;
                self.one_function()?;
                self.functions(true)?;
                self.lines(program)
            }
        }
    }

    fn btf(&mut self) -> Result<(), No> {
        let btf = fds::btf(self.task, self.arm.prog_btf_fd);
        self.info.btf = Some(btf.map_err(|refusal| (refusal.errno, String::new()))?);
        Ok(())
    }

    fn types(&self) -> Option<&super::Btf> {
        self.core.btf(self.info.btf?)
    }

    fn one_function(&self) -> Result<(), No> {
        if self.arm.func_info_cnt <= 1 {
            return Ok(());
        }
        invalid("number of funcs in func_info doesn't match number of subprogs".to_owned())
    }

    /// Up to v6.6 the layout is looked at with each record.
    fn functions(&mut self, with_layout: bool) -> Result<(), No> {
        let (count, given) = (self.arm.func_info_cnt, self.arm.func_info_rec_size);
        if count == 0 {
            return Ok(());
        }
        if !(FUNC..=MOST).contains(&given) || !given.is_multiple_of(4) {
            return invalid(format!("invalid func info rec size {given}"));
        }
        if count > i32::MAX as u32 / FUNC {
            return Err((Errno::ENOMEM, String::new()));
        }
        let records =
            Records { at: self.arm.func_info, given, known: FUNC, field: 76, name: "func info" };
        let mut last = 0;
        for index in 0..count {
            let record = self.record(&records, index)?;
            let [offset, ty] = words(&record);
            if index == 0 && offset != 0 {
                let what = "for the first func info record";
                return invalid(format!("nonzero insn_off {offset} {what}"));
            }
            if index > 0 && offset <= last {
                return invalid(format!(
                    "same or smaller insn offset ({offset}) than previous func info record \
                     ({last})"
                ));
            }
            let is_func = |btf: &super::Btf| btf.by_id(ty).map(|t| t.kind()) == Some(Kind::Func);
            if !self.types().is_some_and(is_func) {
                return invalid(format!("invalid type id {} in func info", ty as i32));
            }
            last = offset;
            self.info.funcs.extend(record);
        }
        if with_layout { self.layout() } else { Ok(()) }
    }

    fn layout(&self) -> Result<(), No> {
        let starts = self.info.funcs.chunks(FUNC as usize).map(|record| words::<1>(record)[0]);
        if starts.take(1).all(|start| start == 0) {
            return Ok(());
        }
        invalid("func_info BTF section doesn't match subprog layout in BPF program".to_owned())
    }

    fn lines(&mut self, program: &[Insn]) -> Result<(), No> {
        let (count, given) = (self.arm.line_info_cnt, self.arm.line_info_rec_size);
        if count == 0 {
            return Ok(());
        }
        let many = count > i32::MAX as u32 / LINE;
        if many && self.core.profile.release < Release::new(5, 15) {
            return Err((Errno::ENOMEM, String::new()));
        }
        if many || !(LINE..=MOST).contains(&given) || !given.is_multiple_of(4) {
            return invalid(String::new());
        }
        let records =
            Records { at: self.arm.line_info, given, known: LINE, field: 92, name: "line_info" };
        let mut last = 0;
        for index in 0..count {
            let record = self.record(&records, index)?;
            self.line(program, index, words(&record), last)?;
            last = words::<1>(&record)[0];
            self.info.lines.extend(record);
        }
        Ok(())
    }

    fn line(
        &self,
        program: &[Insn],
        index: u32,
        [offset, file, line]: [u32; 3],
        last: u32,
    ) -> Result<(), No> {
        let len = program.len();
        let insn = program.get(offset as usize);
        let Some(insn) = insn.filter(|_| index == 0 || offset > last) else {
            return invalid(format!(
                "Invalid line_info[{index}].insn_off:{offset} (prev_offset:{last} \
                 prog->len:{len})"
            ));
        };
        if insn.code == 0 {
            return invalid(format!("Invalid insn code at line_info[{index}].insn_off"));
        }
        let is_name = |name| self.types().is_some_and(|btf| btf.name(name).is_some());
        if !is_name(line) || !is_name(file) {
            return invalid(format!("Invalid line_info[{index}].line_off or .file_name_off"));
        }
        if index == 0 && offset != 0 {
            return invalid("missing bpf_line_info for func#0".to_owned());
        }
        Ok(())
    }

    /// One record, as much of it as the kernel knows; the rest must be zero.
    fn record(&mut self, records: &Records, index: u32) -> Result<Vec<u8>, No> {
        let fault = || (Errno::EFAULT, String::new());
        let at = records.at.checked_add(u64::from(index) * u64::from(records.given));
        let mut bytes = vec![0; records.known as usize];
        let at = at.ok_or_else(fault)?;
        if records.given > records.known {
            let mut rest = vec![0; (records.given - records.known) as usize];
            let tail = at.checked_add(records.known.into()).ok_or_else(fault)?;
            self.task.read(tail, &mut rest).map_err(|_| fault())?;
            if rest.iter().any(|byte| *byte != 0) {
                self.size = Some((records.field, records.known));
                return Err((Errno::E2BIG, format!("nonzero tailing record in {}", records.name)));
            }
        }
        let copied = records.known.min(records.given) as usize;
        self.task.read(at, &mut bytes[..copied]).map_err(|_| fault())?;
        Ok(bytes)
    }
}

/// The first words of a record.
fn words<const N: usize>(record: &[u8]) -> [u32; N] {
    std::array::from_fn(|at| {
        let bytes = &record[at * 4..at * 4 + 4];
        bytes.iter().rev().fold(0, |word, byte| word << 8 | u32::from(*byte))
    })
}
