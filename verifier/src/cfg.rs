//! The second pass: the program is a graph whose every instruction can be reached, without loops
//! where the release has none.
//!
//! A depth-first search with the kernel's order of edges, so that the first fault found is the
//! kernel's. Source: `check_cfg()` of v4.4.

use bpfsim_abi::insn::{Insn, code};

use crate::era::Era;
use crate::link::LDDW;
use crate::rules::{self, No};

/// What the search found.
#[derive(Clone, Debug)]
pub(crate) struct Graph {
    /// Here the walk looks for states that it has seen.
    pub prune: Vec<bool>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    Unseen,
    /// On the stack; so many of its edges are followed.
    Open(u8),
    Done,
}

/// The edges of one instruction, in the order in which they are followed.
#[derive(Clone, Copy)]
struct Edges {
    targets: [i64; 2],
    count: u8,
    /// The second is a branch, or the only one is a jump.
    kind: EdgeKind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum EdgeKind {
    Plain,
    Jump,
    Call,
}

/// Checks the graph of a linked program.
pub(crate) fn check(era: Era, program: &[Insn]) -> Result<Graph, (usize, No)> {
    let mut search = Search::new(era, program);
    search.run()?;
    search.all_reached()?;
    Ok(Graph { prune: search.prune })
}

/// Programs of several functions (v4.16) have several graphs, which is not modelled.
fn functions(program: &[Insn]) -> Result<(), (usize, No)> {
    let calls_local = |insn: &Insn| {
        insn.code == code::BPF_JMP | code::BPF_CALL && insn.src() == code::BPF_PSEUDO_CALL
    };
    match program.iter().position(calls_local) {
        Some(pc) => Err((pc, No::not_modelled("calls between BPF functions (v4.16)"))),
        None => Ok(()),
    }
}

/// What v4.16 (cc8b0b92a169) asks before it looks at the graph: jumps stay in the program, and
/// its last instruction leaves it. Source: `check_subprogs()`.
pub(crate) fn ends(era: Era, program: &[Insn]) -> Result<(), (usize, No)> {
    if !era.since(4, 16) {
        return Ok(());
    }
    functions(program)?;
    for (pc, insn) in program.iter().enumerate() {
        let Some(off) = distance(*insn) else { continue };
        let to = pc as i64 + 1 + off;
        if !(0..program.len() as i64).contains(&to) {
            return Err((pc, rules::jump_out_of_range(pc, to)));
        }
    }
    let Some(last) = program.last() else { return Ok(()) };
    let leaves = matches!(last.code & 0xf0, code::BPF_EXIT | code::BPF_JA);
    if is_jump(*last) && leaves {
        return Ok(());
    }
    Err((program.len() - 1, rules::plain("last insn is not an exit or jmp")))
}

fn is_jump(insn: Insn) -> bool {
    matches!(insn.class(), code::BPF_JMP | code::BPF_JMP32)
}

/// How far a jump goes; none for what is no jump.
fn distance(insn: Insn) -> Option<i64> {
    match insn.code & 0xf0 {
        _ if !is_jump(insn) => None,
        code::BPF_CALL | code::BPF_EXIT => None,
        code::BPF_JA if insn.class() == code::BPF_JMP32 => Some(insn.imm.into()),
        _ => Some(insn.off.into()),
    }
}

struct Search<'a> {
    era: Era,
    program: &'a [Insn],
    marks: Vec<Mark>,
    prune: Vec<bool>,
    stack: Vec<usize>,
}

impl<'a> Search<'a> {
    fn new(era: Era, program: &'a [Insn]) -> Self {
        let marks = vec![Mark::Unseen; program.len()];
        Search { era, program, marks, prune: vec![false; program.len()], stack: Vec::new() }
    }

    fn run(&mut self) -> Result<(), (usize, No)> {
        self.marks[0] = Mark::Open(0);
        self.stack.push(0);
        while let Some(&pc) = self.stack.last() {
            let edges = self.edges(pc).map_err(|no| (pc, no))?;
            let Mark::Open(done) = self.marks[pc] else { break };
            if done == edges.count {
                self.finish(pc, edges.kind);
                continue;
            }
            self.marks[pc] = Mark::Open(done + 1);
            let branches = edges.kind == EdgeKind::Jump && done + 1 == edges.count;
            self.follow(pc, edges.targets[usize::from(done)], branches)?;
        }
        Ok(())
    }

    /// Equal states are looked for after every jump, from v4.7 (07016151a446) after calls too, and
    /// since v6.2 (bffdeaa8a5af) after neither.
    fn finish(&mut self, pc: usize, kind: EdgeKind) {
        let after = match kind {
            EdgeKind::Plain => false,
            EdgeKind::Jump => self.is_goto(pc) && !self.era.since(6, 2),
            EdgeKind::Call => self.era.since(4, 7) && !self.era.since(6, 2),
        };
        // v5.3 compares at conditional jumps themselves, too.
        if kind == EdgeKind::Jump && !self.is_goto(pc) && self.era.loops() {
            self.prune[pc] = true;
        }
        if after && pc + 1 < self.prune.len() {
            self.prune[pc + 1] = true;
        }
        self.marks[pc] = Mark::Done;
        self.stack.pop();
    }

    fn is_goto(&self, pc: usize) -> bool {
        self.program[pc].code & 0xf0 == code::BPF_JA
    }

    fn follow(&mut self, pc: usize, target: i64, branches: bool) -> Result<(), (usize, No)> {
        let target = match usize::try_from(target) {
            Ok(to) if to < self.program.len() => to,
            _ => return Err((pc, rules::jump_out_of_range(pc, target))),
        };
        if branches && (!self.is_goto(pc) || self.era.loops()) {
            self.prune[target] = true;
        }
        match self.marks[target] {
            Mark::Unseen => {
                self.marks[target] = Mark::Open(0);
                self.stack.push(target);
                Ok(())
            }
            Mark::Open(_) if self.era.loops() => Ok(()),
            Mark::Open(_) => Err((pc, rules::back_edge(pc, target))),
            Mark::Done => Ok(()),
        }
    }

    /// v6.7 (3feb263bb516) takes a lddw for one instruction of two slots; before, its second
    /// slot is an instruction that the walk stumbles on.
    fn is_double(&self, pc: usize) -> bool {
        self.program[pc].code == LDDW && self.era.since(6, 7)
    }

    fn all_reached(&self) -> Result<(), (usize, No)> {
        let mut pc = 0;
        while pc < self.marks.len() {
            if self.marks[pc] != Mark::Done {
                return Err((pc, rules::unreachable(pc)));
            }
            if self.is_double(pc) {
                if self.marks.get(pc + 1).is_some_and(|&mark| mark != Mark::Unseen) {
                    return Err((pc, rules::into_the_middle(pc)));
                }
                pc += 1;
            }
            pc += 1;
        }
        Ok(())
    }

    fn edges(&self, pc: usize) -> Result<Edges, No> {
        let insn = self.program[pc];
        let next = pc as i64 + 1;
        let one = |to, kind| Ok(Edges { targets: [to, 0], count: 1, kind });
        let narrow = insn.class() == code::BPF_JMP32;
        if insn.class() != code::BPF_JMP && !(narrow && self.era.since(5, 1)) {
            return one(next + i64::from(self.is_double(pc)), EdgeKind::Plain);
        }
        match insn.code & 0xf0 {
            code::BPF_EXIT => Ok(Edges { targets: [0; 2], count: 0, kind: EdgeKind::Plain }),
            code::BPF_CALL => one(next, EdgeKind::Call),
            code::BPF_JA if insn.code & code::BPF_X != 0 => Err(rules::plain("")),
            code::BPF_JA if narrow => one(next + i64::from(insn.imm), EdgeKind::Jump),
            code::BPF_JA => one(next + i64::from(insn.off), EdgeKind::Jump),
            _ => {
                let target = next + i64::from(insn.off);
                Ok(Edges { targets: [next, target], count: 2, kind: EdgeKind::Jump })
            }
        }
    }
}
