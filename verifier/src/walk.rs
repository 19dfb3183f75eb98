//! The third pass: every path of the program, depth first, with a state on the way.
//!
//! ```text
//!   at a pc -> seen before? -> fields -> requirements -> effect -> next pc
//!      ^            | yes                                  | conditional jump
//!      |            v                                      v
//!      +------- the branch that waits longest last <-- one way walks on, one waits
//! ```
//!
//! Source: `do_check()` and `is_state_visited()` of v4.4; the count of branches per state that
//! finds endless loops is that of v5.3.

use bpfsim_abi::helper_id;
use bpfsim_abi::insn::{Insn, Op, Operand, Reg, Size, code, decode_at};

use crate::cfg::Graph;
use crate::disasm::disasm;
use crate::effect::{self, Ids};
use crate::link::LDDW;
use crate::log::{Log, state_line};
use crate::require::{self, Cx};
use crate::rules::{self, No, reject};
use crate::state::{State, Value};
use crate::{Reject, branch, fields, imply, returns};

/// A state that was seen at a place where states are compared.
struct Seen {
    state: State,
    /// The state before it on its path.
    parent: Option<usize>,
    /// Paths through it that have not ended.
    open: u32,
}

/// A branch that waits.
struct Waiting {
    state: State,
    pc: usize,
    prev: usize,
    parent: Option<usize>,
}

/// The kinds of pointer that one load or store has met: the context, or memory.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Base {
    Ctx,
    Memory,
}

/// States kept for one instruction when ranges make them many.
const SEEN_AT_MOST: usize = 64;

/// One walk over one program.
pub(crate) struct Walk<'a> {
    cx: Cx<'a>,
    program: &'a [Insn],
    graph: Graph,
    log: &'a mut Log,
    seen: Vec<Vec<usize>>,
    arena: Vec<Seen>,
    waiting: Vec<Waiting>,
    bases: Vec<Option<Base>>,
    ids: Ids,
    depth: i64,
    walked: usize,
    jumps: usize,
    /// Some jump went both ways.
    forked: bool,
    /// Some exit ties the program to its attach type.
    binds: bool,
    /// `walked` and `jumps` when the last state was kept.
    kept: (usize, usize),
    parent: Option<usize>,
}

/// What comes after an instruction.
enum Next {
    At(usize),
    PathEnds,
}

impl<'a> Walk<'a> {
    pub fn new(cx: Cx<'a>, program: &'a [Insn], graph: Graph, log: &'a mut Log) -> Self {
        let len = program.len();
        Walk {
            cx,
            program,
            graph,
            log,
            seen: vec![Vec::new(); len],
            arena: Vec::new(),
            waiting: Vec::new(),
            bases: vec![None; len],
            ids: Ids::default(),
            depth: 0,
            walked: 0,
            jumps: 0,
            forked: false,
            binds: false,
            kept: (0, 0),
            parent: None,
        }
    }

    /// Walks every path to its end, or to the first broken rule.
    pub fn run(&mut self) -> Result<(), Reject> {
        let mut state = State::entry();
        let (mut pc, mut prev) = (0, 0);
        let mut resumed = false;
        loop {
            let doubt = state.doubt;
            let era = self.cx.era;
            let fail = |no| reject(era, Some(pc), doubt, no);
            self.count().map_err(fail)?;
            let next = if self.is_covered(pc, &state).map_err(fail)? {
                self.log_safe(prev, pc, resumed);
                Next::PathEnds
            } else {
                self.log_insn(prev, pc, resumed, &state);
                resumed = false;
                let from = pc;
                self.step(pc, &mut state).map_err(|no| reject(era, Some(from), doubt, no))?
            };
            match next {
                Next::At(to) => (prev, pc) = (pc, to),
                Next::PathEnds => {
                    self.path_ends();
                    let Some(waiting) = self.waiting.pop() else { return Ok(()) };
                    (state, pc, prev) = (waiting.state, waiting.pc, waiting.prev);
                    self.parent = waiting.parent;
                    resumed = true;
                }
            }
        }
    }

    fn count(&mut self) -> Result<(), No> {
        self.walked += 1;
        if self.walked > self.cx.era.walk_limit() {
            // Without a fork there is nothing that the kernel could have skipped.
            let exact = self.cx.era.walk_limit_is_exact() || !self.forked;
            return Err(rules::too_large(self.cx.era, self.walked, exact));
        }
        Ok(())
    }

    /// One instruction: fields, requirements, effect.
    fn step(&mut self, pc: usize, state: &mut State) -> Result<Next, No> {
        let (cx, insn) = (self.cx, self.program[pc]);
        fields::reserved(cx.era, insn)?;
        fields::registers(insn)?;
        let op = decode_at(self.program, pc).map_err(|no| No::not_modelled(no.why))?;
        fields::modelled(op)?;
        require::check(cx, state, op)?;
        self.one_kind_of_pointer(pc, state, op)?;
        self.depth = self.depth.max(effect::depth(state, op));
        self.jumps += usize::from(matches!(insn.class(), code::BPF_JMP | code::BPF_JMP32));
        match op {
            Op::Jump { off, .. } => self.jump(pc, state, op, off),
            Op::Goto { off, .. } => Ok(Next::At(target(pc, off.into()))),
            Op::Exit => {
                self.binds |= returns::binds(cx, state);
                Ok(Next::PathEnds)
            }
            _ => {
                effect::apply(cx, state, &mut self.ids, pc, op);
                let slots = if insn.code == LDDW { 2 } else { 1 };
                Ok(Next::At(pc + slots))
            }
        }
    }

    /// One way walks on, the other waits.
    fn jump(&mut self, pc: usize, state: &mut State, op: Op, off: i16) -> Result<Next, No> {
        let to = target(pc, off.into());
        let ways = branch::ways(self.cx, state.clone(), op);
        match (ways.fall, ways.taken) {
            (Some(fall), Some(taken)) => {
                if self.waiting.len() >= self.cx.era.branch_limit() {
                    return Err(rules::too_complex(self.cx.era));
                }
                self.forked = true;
                if let Some(parent) = self.parent {
                    self.arena[parent].open += 1;
                }
                let parent = self.parent;
                self.waiting.push(Waiting { state: taken, pc: to, prev: pc, parent });
                *state = fall;
                if self.log.is_on() {
                    let line = state_line(self.cx.era, state, &self.cx.maps.shapes);
                    self.log.message(&line);
                }
                Ok(Next::At(pc + 1))
            }
            (Some(fall), None) => {
                *state = fall;
                Ok(Next::At(pc + 1))
            }
            (None, Some(taken)) => {
                *state = taken;
                Ok(Next::At(to))
            }
            (None, None) => Ok(Next::PathEnds),
        }
    }

    /// A load or store is rewritten when it meets the context, so that it must meet nothing else.
    /// v4.4 looks at 4-byte loads and at stores, v4.10 at 8-byte loads too.
    fn one_kind_of_pointer(&mut self, pc: usize, state: &State, op: Op) -> Result<(), No> {
        let wide = self.cx.era.since(4, 10);
        let base: Reg = match op {
            Op::Load { size: Size::W, src, .. } => src,
            Op::Load { size: Size::Dw, src, .. } if wide => src,
            Op::Store { dst, src: Operand::Reg(_), .. } => dst,
            _ => return Ok(()),
        };
        let base = match state.reg(base) {
            Value::Ctx { .. } => Base::Ctx,
            _ => Base::Memory,
        };
        match self.bases[pc].replace(base) {
            Some(before) if before != base => Err(rules::two_kinds_of_pointer()),
            _ => Ok(()),
        }
    }

    /// A state seen here implies this one; otherwise this one is remembered.
    fn is_covered(&mut self, pc: usize, state: &State) -> Result<bool, No> {
        if !self.graph.prune[pc] {
            return Ok(false);
        }
        let loops = self.cx.era.loops();
        let mut in_loop = false;
        for &index in self.seen[pc].iter().rev() {
            let seen = &self.arena[index];
            if loops && seen.open > 0 {
                if seen.state == *state {
                    return Err(self.endless(pc, &seen.state, state));
                }
                in_loop = true;
                continue;
            }
            if imply::implies(self.cx.era, &seen.state, state) {
                return Ok(true);
            }
        }
        self.remember(pc, state, in_loop);
        Ok(false)
    }

    fn endless(&self, pc: usize, seen: &State, state: &State) -> No {
        match imply::is_stuck(seen, state) {
            true => rules::infinite_loop(pc),
            false => No::not_modelled("a loop whose bound is not tracked"),
        }
    }

    /// Since v5.3 only states some way apart are kept, and fewer within a loop.
    fn remember(&mut self, pc: usize, state: &State, in_loop: bool) {
        let loops = self.cx.era.loops();
        let (walked, jumps) = (self.walked - self.kept.0, self.jumps - self.kept.1);
        let near = walked < 8 || jumps < 2 || in_loop && jumps < 20 && walked < 100;
        if loops && near {
            return;
        }
        self.kept = (self.walked, self.jumps);
        let index = self.arena.len();
        self.arena.push(Seen { state: state.clone(), parent: self.parent, open: 1 });
        if loops {
            self.parent = Some(index);
        }
        let list = &mut self.seen[pc];
        list.push(index);
        if self.cx.era.ranges() && list.len() > SEEN_AT_MOST {
            let oldest = list.remove(0);
            self.arena[oldest].state = State::entry();
        }
    }

    fn path_ends(&mut self) {
        let mut at = self.parent;
        while let Some(index) = at {
            let seen = &mut self.arena[index];
            seen.open -= 1;
            at = if seen.open == 0 { seen.parent } else { None };
        }
        self.parent = None;
    }

    fn log_safe(&mut self, prev: usize, pc: usize, resumed: bool) {
        if resumed {
            self.log.message(&format!("\nfrom {prev} to {pc}: safe"));
        } else {
            self.log.message(&format!("{pc}: safe"));
        }
    }

    fn log_insn(&mut self, prev: usize, pc: usize, resumed: bool, state: &State) {
        if !self.log.is_on() {
            return;
        }
        let (era, cx) = (self.cx.era, self.cx);
        if resumed || self.log.is_verbose(era) {
            let line = state_line(era, state, &cx.maps.shapes);
            let head = if resumed { format!("\nfrom {prev} to {pc}:") } else { format!("{pc}:") };
            self.log.message(&format!("{head}{line}"));
        }
        let names = |id| helper_name(cx, id);
        let text = match self.cx.maps.at[pc] {
            // The address of a map is nobody's business; the kernel prints 0 to the unprivileged.
            Some(_) => {
                let mut shown = [self.program[pc], self.program[pc + 1]];
                (shown[0].imm, shown[1].imm) = (0, 0);
                disasm(&shown, 0, era.release(), &names)
            }
            None => disasm(self.program, pc, era.release(), &names),
        };
        self.log.message(&format!("{pc}: {text}"));
    }

    /// Whether the program may be attached for its attach type only.
    pub fn attach_type_binds(&self) -> bool {
        self.binds
    }

    /// Writes the end of the log; gives the deepest byte of stack that some path touches.
    pub fn finish(self) -> i64 {
        let era = self.cx.era;
        let walked = self.walked;
        if era.since(5, 2) {
            self.log.message(&format!("processed {walked} insns (limit {})", era.walk_limit()));
        } else if era.since(4, 7) {
            self.log.message(&format!("processed {walked} insns"));
        }
        self.depth
    }
}

/// The name of a helper without its prefix: the release's, or the series'.
fn helper_name(cx: Cx<'_>, id: i32) -> Option<&'static str> {
    let known = helper_id::by_number(u32::try_from(id).ok()?, cx.era.release());
    match known {
        Some(entry) => entry.name.strip_prefix("bpf_"),
        None => cx.env.helper(id).map(|proto| proto.name),
    }
}

/// Where a jump by `off` from `pc` leads; the graph was checked, so that it is in the program.
fn target(pc: usize, off: i64) -> usize {
    (pc as i64 + 1 + off) as usize
}
