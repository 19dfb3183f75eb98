//! What a case consists of. Every part can be made by hand and printed.

use crate::expr::Expr;
use crate::range::{Range, Ranges};
use bpfsim_abi::Errno;

/// All cases of one text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct File {
    /// In order; with their tables.
    pub cases: Vec<Case>,
    /// Comments behind the last case, without `#`.
    pub notes: Vec<String>,
}

/// One case, or with `over` and `rows` a family of them: see [`Case::expand`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Case {
    /// Comments in front of it, without `#`.
    pub notes: Vec<String>,
    /// Without blanks; unique in its file.
    pub name: String,
    /// Where its facts come from.
    pub source: Source,
    /// The releases that it holds for.
    pub kernels: Ranges,
    /// What it asks of whoever runs it.
    pub needs: Needs,
    /// Parameters and their values: `for $a in 1 2`.
    pub over: Vec<Over>,
    /// What happens, in order.
    pub steps: Vec<Step>,
    /// One change each to the last call of `steps`.
    pub rows: Vec<Row>,
    /// Where it begins, from 1; 0 where it stands in no file.
    pub line: usize,
}

/// Where the facts of a case come from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Source {
    /// A running kernel said so, of this release: `live 6.18`.
    Live(String),
    /// Kernel source: `kernel kernel/bpf/syscall.c map_create v6.18`; file, function, releases.
    Kernel(String),
    /// A uapi header or a table made from it: `header include/uapi/linux/bpf.h`.
    Header(String),
    /// Somebody's generated input on which two sides differed: `fuzz …`.
    Fuzz(String),
    /// Nobody has said.
    #[default]
    Unknown,
}

/// Rights of the caller.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rights {
    /// Every capability.
    #[default]
    Root,
    /// None.
    None,
}

/// What a case asks of whoever runs it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// `caps=none`.
    pub rights: Rights,
    /// `cpus=4`: so many possible CPUs, numbered from 0.
    pub cpus: Option<u32>,
    /// `unprivileged_bpf_disabled=0` or `1`: the sysctl.
    pub unprivileged_disabled: Option<bool>,
}

/// Parameters that go through their values together: `for $type:$size in HASH:8 LPM_TRIE:16`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Over {
    /// Without `$`.
    pub names: Vec<String>,
    /// As many words each as there are names.
    pub values: Vec<Vec<String>>,
    /// From 1.
    pub line: usize,
}

/// One line of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// From 1; 0 where it stands in no file.
    pub line: usize,
    /// It happens at these releases only: `[5.1..] …`.
    pub when: Ranges,
    /// What happens.
    pub act: Act,
}

impl Step {
    /// A step at every release.
    pub fn new(act: Act) -> Self {
        Step { line: 0, when: Ranges::default(), act }
    }
}

/// What happens in a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// A comment, without `#`.
    Note(String),
    /// `mem NAME = IMAGE`: a buffer; the byte behind it is not mapped.
    Memory(String, Image),
    /// `prog NAME` and lines behind `|`: the instructions of a program, as a buffer.
    Program(String, Vec<String>),
    /// `write NAME = IMAGE`: other bytes into a buffer, from its start.
    Write(String, Image),
    /// bpf(2).
    Call(Call),
    /// `close NAME`: an fd.
    Close(String),
    /// `let NAME = SLICE` or `let NAME = attr.FIELD`: a number that the kernel has written.
    Let(String, Origin),
    /// `expect SLICE = IMAGE` or `expect SLICE untouched`.
    Expect(Slice, Want),
    /// `attr FIELD=VALUE …`: what the last call left in the attr.
    Attr(Vec<Assign>),
    /// `attr untouched`: the last call left the attr as it was.
    AttrUntouched,
    /// `set SLICE … = IMAGE, IMAGE`: pieces of memory, in any order.
    Set(Vec<Slice>, Vec<Image>),
}

/// Where a number comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// One to eight bytes of a buffer.
    Slice(Slice),
    /// A field of the attr of the last call.
    Attr(String),
}

/// What memory has to look like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Want {
    /// These bytes.
    Bytes(Image),
    /// What was there before the last call.
    Untouched,
}

/// `name`, `name[4..8]`, `name[4..]`, `name[..8]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slice {
    /// Of a buffer.
    pub name: String,
    /// First byte.
    pub from: Option<Expr>,
    /// First byte behind it.
    pub to: Option<Expr>,
}

impl Slice {
    /// A whole buffer.
    pub fn whole(name: &str) -> Self {
        Slice { name: name.to_owned(), from: None, to: None }
    }
}

/// Bytes, piece by piece.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Image(pub Vec<Piece>);

/// Some bytes of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// `u32 1 2`: numbers of 1, 2, 4 or 8 bytes, little-endian.
    Numbers(u8, Vec<Expr>),
    /// `hex 00ff`.
    Hex(Vec<u8>),
    /// `"GPL\0"`.
    Text(Vec<u8>),
    /// `zero N`: so many zero bytes.
    Zero(Expr),
    /// `fill BYTE N`: so many times this byte.
    Fill(Expr, Expr),
    /// `repeat N ( … )`.
    Repeat(Expr, Image),
}

/// A call of bpf(2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// What its fd is called from here on.
    pub result: Option<String>,
    /// The command.
    pub cmd: Cmd,
    /// What is in the attr, and how it is passed.
    pub args: Vec<Arg>,
    /// What it answers; the first that holds for the release counts. Where none is written, an
    /// fd for a call with a result, and otherwise 0.
    pub expect: Vec<Expected>,
}

/// A command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cmd {
    /// By its kernel name without `BPF_`.
    Named(&'static str, u32),
    /// `CMD 999`.
    Number(Expr),
    /// `$cmd`.
    Param(String),
}

/// One argument of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Arg {
    /// Bytes of the attr.
    Set(Assign),
    /// `size=N`: the third argument of bpf(2).
    Size(Expr),
    /// `at=ADDRESS`: the second argument of bpf(2), instead of an attr.
    At(Expr),
    /// `mapped=N`: so many bytes of the attr are mapped.
    Mapped(Expr),
}

/// `FIELD=VALUE` or `[4..8]=0xff`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assign {
    /// Which bytes.
    pub place: Place,
    /// Their value.
    pub value: Value,
}

/// Bytes of the attr.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// By the kernel's name.
    Field(String),
    /// `[4]` or `[4..8]`: each byte gets the value.
    Bytes(Expr, Option<Expr>),
}

/// What is put into a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A number that fits.
    Number(Expr),
    /// Bytes from the start of the field; the rest is zero.
    Text(Vec<u8>),
}

/// What a call may answer, and at which releases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    /// One of these.
    pub outcomes: Vec<Outcome>,
    /// None: at every release for which no earlier one counts.
    pub when: Option<Range>,
}

impl Expected {
    /// At every release.
    pub fn always(outcome: Outcome) -> Self {
        Expected { outcomes: vec![outcome], when: None }
    }
}

/// What a call may answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A new fd.
    Fd,
    /// This number, at least 0.
    Number(i64),
    /// -1 and this errno.
    Errno(Errno),
    /// `$said`.
    Param(String),
}

/// A case that differs from its neighbours in one thing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// From 1.
    pub line: usize,
    /// Comments in front of it, without `#`.
    pub notes: Vec<String>,
    /// Without blanks.
    pub name: String,
    /// What is different.
    pub changes: Vec<Change>,
    /// What the last call answers instead; empty: what the case says.
    pub expect: Vec<Expected>,
    /// What follows.
    pub after: Vec<Step>,
}

/// `FIELD=VALUE` of the last call, or `NAME:FIELD=VALUE` of the call that made an fd.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The fd.
    pub of: Option<String>,
    /// The argument, in the place of what stood there.
    pub arg: Arg,
}
