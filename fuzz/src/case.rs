//! A sequence as a conformance case: what was found becomes a test.

use crate::compare::Difference;
use crate::player::{MAKES_FD, Said, Seen};
use crate::step::{Call, Image, SLOTS, Slot, Step, What};
use bpfsim_abi::{map_type, prog_type};
use bpfsim_conform::ast::{
    Act, Arg, Assign, Call as CaseCall, Case, Cmd, Expected, Image as CaseImage, Origin, Outcome,
    Piece, Place, Slice, Source, Step as CaseStep, Value, Want,
};
use bpfsim_conform::expr::{Expr, Op};
use bpfsim_conform::names;

/// The case in which `difference` shows: `steps` up to it, with what the other machine answered.
pub fn case(name: &str, source: &str, steps: &[Step], difference: &Difference) -> Case {
    let mut writer = Writer { acts: Vec::new(), fds: Default::default(), trail: &difference.trail };
    for (at, step) in steps.iter().enumerate().take(difference.at + 1) {
        match step {
            Step::Close(slot) => writer.close(*slot),
            Step::Call(call) => writer.call(at, call, (at == difference.at).then_some(difference)),
        }
    }
    Case {
        name: name.to_owned(),
        source: Source::Fuzz(source.to_owned()),
        steps: writer.acts.into_iter().map(CaseStep::new).collect(),
        ..Case::default()
    }
}

struct Writer<'a> {
    acts: Vec<Act>,
    /// What the fd in each slot is called, and the command that made it.
    fds: [Option<(String, u32)>; SLOTS],
    trail: &'a [Option<Seen>],
}

impl Writer<'_> {
    fn close(&mut self, slot: Slot) {
        if let Some((name, _)) = self.fds[usize::from(slot)].take() {
            self.acts.push(Act::Close(name));
        }
    }

    fn call(&mut self, at: usize, call: &Call, difference: Option<&Difference>) {
        let names: Vec<String> = (0..call.buffers.len()).map(|n| format!("b{at}_{n}")).collect();
        self.learn_ids(at, call);
        for (image, name) in call.buffers.iter().zip(&names) {
            let image = self.image(at, image, &names);
            self.acts.push(Act::Memory(name.clone(), image));
        }
        let seen = self.trail.get(at).and_then(Option::as_ref);
        if let Some(difference) = difference {
            let simulated = &difference.simulated.said;
            self.acts.push(Act::Note(format!("The simulator answers {simulated} here.")));
        }
        let said = seen.map(|seen| &seen.said);
        let result = matches!(said, Some(Said::Fd)).then(|| format!("f{at}"));
        let args = self.args(call, &names);
        let (cmd, expect) = (command(call.cmd), expected(said));
        self.acts.push(Act::Call(CaseCall { result: result.clone(), cmd, args, expect }));
        if let (Some(seen), Some(difference)) = (seen, difference) {
            self.memory(call, &names, seen, difference);
        }
        if let Some(result) = result
            && MAKES_FD.contains(&call.cmd)
        {
            self.close(call.into);
            self.fds[usize::from(call.into)] = Some((result, call.cmd));
        }
    }

    /// What the other machine left where the simulator left something else.
    fn memory(&mut self, call: &Call, names: &[String], seen: &Seen, difference: &Difference) {
        let both = seen.memory.iter().zip(&difference.simulated.memory).enumerate();
        for (index, (theirs, ours)) in both.filter(|(_, (theirs, ours))| theirs != ours) {
            let first = theirs.iter().zip(ours).position(|(a, b)| a != b).unwrap_or(0);
            let last = theirs.iter().zip(ours).rposition(|(a, b)| a != b).unwrap_or(0);
            let bytes = &theirs[first..=last];
            match index.checked_sub(1) {
                None => {
                    let byte = |(at, byte): (usize, &u8)| Assign {
                        place: Place::Bytes(Expr::Number((first + at) as u64), None),
                        value: Value::Number(Expr::Number((*byte).into())),
                    };
                    self.acts.push(Act::Attr(bytes.iter().enumerate().map(byte).collect()));
                }
                Some(buffer) if buffer < call.buffers.len() => {
                    let slice = Slice {
                        name: names[buffer].clone(),
                        from: Some(Expr::Number(first as u64)),
                        to: Some(Expr::Number(last as u64 + 1)),
                    };
                    self.acts.push(Act::Expect(slice, Want::Bytes(plain(bytes))));
                }
                Some(_) => {}
            }
        }
    }

    /// Asks for the ids that the call names.
    fn learn_ids(&mut self, at: usize, call: &Call) {
        let images = std::iter::once(&call.attr).chain(&call.buffers);
        for name in images.flat_map(|image| image.names.clone()) {
            let (What::Id(slot) | What::IdBefore(slot)) = name.what else { continue };
            let Some((fd, cmd)) = self.fds[usize::from(slot)].clone() else { continue };
            let info = format!("i{at}");
            let from = if matches!(cmd, 18 | 19) { 12 } else { 4 };
            let set = |field: &str, value: Expr| {
                let place = Place::Field(field.to_owned());
                Arg::Set(Assign { place, value: Value::Number(value) })
            };
            let zero = CaseImage(vec![Piece::Zero(Expr::Number(16))]);
            self.acts.push(Act::Memory(info.clone(), zero));
            self.acts.push(Act::Call(CaseCall {
                result: None,
                cmd: command(15),
                args: vec![
                    set("bpf_fd", Expr::Name(fd)),
                    set("info_len", Expr::Number(16)),
                    set("info", Expr::Address(info.clone())),
                ],
                expect: vec![],
            }));
            let slice = Slice {
                name: info,
                from: Some(Expr::Number(from)),
                to: Some(Expr::Number(from + 4)),
            };
            self.acts.push(Act::Let(format!("id{slot}"), Origin::Slice(slice)));
        }
    }

    fn expr(&self, what: What, buffers: &[String]) -> Expr {
        let plus = |expr: Expr, op: Op, number: u32| match number {
            0 => expr,
            number => Expr::Pair(op, Box::new(expr), Box::new(Expr::Number(number.into()))),
        };
        let open = |slot: Slot| self.fds[usize::from(slot)].as_ref();
        match what {
            What::Fd(slot) => {
                Expr::Name(open(slot).map_or_else(|| "nofd".to_owned(), |(name, _)| name.clone()))
            }
            What::Id(slot) | What::IdBefore(slot) if open(slot).is_none() => {
                Expr::Number(i32::MAX as u64)
            }
            What::Id(slot) => Expr::Name(format!("id{slot}")),
            What::IdBefore(slot) => plus(Expr::Name(format!("id{slot}")), Op::Sub, 1),
            What::Address(buffer, skip) => match buffers.get(usize::from(buffer)) {
                Some(name) => plus(Expr::Address(name.clone()), Op::Add, skip),
                None => Expr::Name("unmapped".to_owned()),
            },
            What::Nowhere => Expr::Name("unmapped".to_owned()),
        }
    }

    /// The bytes of a buffer with names in them.
    fn image(&self, at: usize, image: &Image, buffers: &[String]) -> CaseImage {
        let mut bytes = image.bytes.clone();
        if let Some(loaded) = image.load.and_then(|register| self.saved(at, register)) {
            let len = loaded.len().min(bytes.len());
            bytes[..len].copy_from_slice(&loaded[..len]);
        }
        let mut pieces = Vec::new();
        let mut done = 0;
        let mut names = image.names.clone();
        names.sort_by_key(|name| name.at);
        for name in names {
            let (start, len) = (name.at as usize, name.what.bytes());
            if start < done || start + len > bytes.len() {
                continue;
            }
            pieces.extend(plain(&bytes[done..start]).0);
            pieces.push(Piece::Numbers(len as u8, vec![self.expr(name.what, buffers)]));
            done = start + len;
        }
        pieces.extend(plain(&bytes[done..]).0);
        if pieces.is_empty() {
            pieces.push(Piece::Zero(Expr::Number(0)));
        }
        CaseImage(pieces)
    }

    /// What a register holds before step `at`.
    fn saved(&self, at: usize, register: u8) -> Option<Vec<u8>> {
        let before = self.trail[..at.min(self.trail.len())].iter().rev().flatten();
        before.flat_map(|seen| &seen.saved).find(|(to, _)| *to == register).map(|(_, b)| b.clone())
    }

    fn args(&self, call: &Call, buffers: &[String]) -> Vec<Arg> {
        let mut left = call.attr.clone();
        let mut args = Vec::new();
        let container = names::container(call.cmd);
        for field in container.map(names::fields).unwrap_or_default() {
            let Some(field) = container.and_then(|container| names::field(container, field)) else {
                continue;
            };
            let (from, to) = (field.offset as usize, (field.offset + field.size) as usize);
            let named = left.names.iter().rposition(|name| name.at as usize == from);
            if to > left.bytes.len() {
                continue;
            }
            let value = match named.map(|at| left.names[at].what) {
                Some(what) if what.bytes() == to - from => {
                    left.names.retain(|name| name.at as usize != from);
                    Value::Number(self.expr(what, buffers))
                }
                Some(_) => continue,
                None if left.bytes[from..to].iter().all(|byte| *byte == 0) => continue,
                None if to - from > 8 => Value::Text(left.bytes[from..to].to_vec()),
                None => {
                    let bytes = left.bytes[from..to].iter().rev();
                    let number = bytes.fold(0, |number, byte| number << 8 | u64::from(*byte));
                    Value::Number(constant(field.name, number))
                }
            };
            left.bytes[from..to].fill(0);
            let place = Place::Field(field.name.to_owned());
            args.push(Arg::Set(Assign { place, value }));
        }
        let rest = left.bytes.iter().enumerate().filter(|(_, byte)| **byte != 0);
        args.extend(rest.map(|(at, byte)| {
            let place = Place::Bytes(Expr::Number(at as u64), None);
            Arg::Set(Assign { place, value: Value::Number(Expr::Number((*byte).into())) })
        }));
        args.push(Arg::Size(Expr::Number(call.size.into())));
        let mapped = call.attr.bytes.len();
        if mapped != call.size as usize {
            args.push(Arg::Mapped(Expr::Number(mapped as u64)));
        }
        args
    }
}

/// Map and program types by name, as cases write them.
fn constant(field: &str, number: u64) -> Expr {
    let tables = [
        ("map_type", "BPF_MAP_TYPE_", map_type::ALL),
        ("prog_type", "BPF_PROG_TYPE_", prog_type::ALL),
    ];
    let table = tables.iter().find(|(of, _, _)| *of == field);
    let name = table.and_then(|(_, prefix, all)| {
        let entry =
            all.iter().find(|entry| u64::from(entry.number) == number && !entry.is_alias)?;
        entry.name.strip_prefix(prefix)
    });
    name.map_or(Expr::Number(number), |name| Expr::Name(name.to_owned()))
}

fn command(number: u32) -> Cmd {
    let all = names::commands().into_iter();
    let named = all.filter_map(names::command).find(|(_, command)| *command == number);
    named.map_or_else(
        || Cmd::Number(Expr::Number(number.into())),
        |(name, _)| Cmd::Named(name, number),
    )
}

fn expected(said: Option<&Said>) -> Vec<Expected> {
    match said {
        Some(Said::Errno(errno)) => vec![Expected::always(Outcome::Errno(*errno))],
        Some(Said::Value(value)) if *value != 0 => vec![Expected::always(Outcome::Number(*value))],
        Some(Said::Fd | Said::Value(_) | Said::Unknown(_)) | None => vec![],
    }
}

/// Bytes in pieces: runs of one byte are counted.
fn plain(bytes: &[u8]) -> CaseImage {
    const RUN: usize = 8;
    let mut pieces: Vec<Piece> = Vec::new();
    let mut rest = bytes;
    while let Some(first) = rest.first() {
        let run = rest.iter().take_while(|byte| *byte == first).count();
        let taken = if run >= RUN || run == rest.len() { run } else { 1 };
        match (&mut pieces.last_mut(), taken) {
            (Some(Piece::Hex(hex)), 1) => hex.push(*first),
            (_, 1) => pieces.push(Piece::Hex(vec![*first])),
            (_, run) if *first == 0 => pieces.push(Piece::Zero(Expr::Number(run as u64))),
            (_, run) => {
                let byte = Expr::Hex((*first).into());
                pieces.push(Piece::Fill(byte, Expr::Number(run as u64)));
            }
        }
        rest = &rest[taken..];
    }
    CaseImage(pieces)
}
