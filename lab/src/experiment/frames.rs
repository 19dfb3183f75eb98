//! The frames of a stage: a program in its run, a system call in its operation.

use bpfsim_abi::Refusal;
use bpfsim_syscall::Started;

/// What an actor is in the middle of.
#[derive(Debug, PartialEq)]
pub enum LabFrame {
    /// A program.
    Program(bpfsim_vm::Frame),
    /// A system call after its checks, or refused by them.
    Call(Result<Started, Refusal>),
}

impl Clone for LabFrame {
    fn clone(&self) -> Self {
        match self {
            LabFrame::Program(frame) => LabFrame::Program(*frame),
            LabFrame::Call(call) => LabFrame::Call(*call),
        }
    }

    fn clone_from(&mut self, other: &Self) {
        match (self, other) {
            (LabFrame::Program(mine), LabFrame::Program(theirs)) => *mine = *theirs,
            (LabFrame::Call(Ok(mine)), LabFrame::Call(Ok(theirs))) => *mine = *theirs,
            (mine, theirs) => *mine = theirs.clone(),
        }
    }
}

impl bpfsim_sim::Frame for LabFrame {
    fn encode(&self, out: &mut Vec<u64>) {
        match self {
            LabFrame::Program(frame) => frame.encode(out),
            LabFrame::Call(Ok(started)) => started.op.encode(out),
            LabFrame::Call(Err(_)) => out.push(1),
        }
    }
}
