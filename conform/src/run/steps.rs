//! One step of a case.

use super::attr::{self, Ready};
use super::env::{Env, LastCall};
use super::{Stop, expected};
use crate::ast::{Act, Assign, Call, Image, Origin, Outcome, Slice, Want};
use crate::names;
use crate::target::{Answer, Assemble, Target, Trouble};
use bpfsim_abi::Errno;

/// Makes a step, and says what is not as expected.
pub(super) fn step(
    env: &mut Env,
    target: &mut dyn Target,
    assembler: &dyn Assemble,
    act: &Act,
) -> Result<(), Stop> {
    match act {
        Act::Note(_) => Ok(()),
        Act::Memory(name, image) => {
            let bytes = env.image(image)?;
            memory(env, target, name, &bytes)
        }
        Act::Program(name, lines) => {
            let source = lines.join("\n");
            let bytes = assembler.assemble(&source, &env.fds);
            let bytes = bytes.map_err(|why| Trouble::Skip(format!("program {name}: {why}")))?;
            memory(env, target, name, &bytes)
        }
        Act::Write(name, image) => {
            let bytes = env.image(image)?;
            let (at, len) = env.buffers[name];
            if bytes.len() > len {
                return Err(format!("{name} has {len} bytes, not {}", bytes.len()).into());
            }
            Ok(target.write(at, &bytes)?)
        }
        Act::Call(call) => make(env, target, call),
        Act::Close(name) => {
            let fd = env.numbers.get(name).copied().unwrap_or(-1);
            env.fds.retain(|(known, _)| known != name);
            Ok(target.close(i64::try_from(fd).unwrap_or(-1))?)
        }
        Act::Let(name, origin) => {
            let value = read_number(env, target, origin)?;
            env.numbers.insert(name.clone(), value);
            Ok(())
        }
        Act::Expect(slice, want) => expect(env, target, slice, want),
        Act::Attr(fields) => fields.iter().try_for_each(|field| expect_attr(env, target, field)),
        Act::AttrUntouched => {
            let LastCall { at, bytes, arm: _ } = &env.last;
            let found = target.read(*at, bytes.len())?;
            differ("attr", bytes, &found)
        }
        Act::Set(slices, images) => expect_set(env, target, slices, images),
    }
}

fn memory(env: &mut Env, target: &mut dyn Target, name: &str, bytes: &[u8]) -> Result<(), Stop> {
    let at = target.alloc(bytes)?;
    env.buffers.insert(name.to_owned(), (at, bytes.len()));
    Ok(())
}

fn make(env: &mut Env, target: &mut dyn Target, call: &Call) -> Result<(), Stop> {
    let release = target.release();
    let Ready { cmd, arm, attr, size } = attr::ready(env, call, release)?;
    let (at, bytes) = match attr {
        Ok(bytes) => (target.alloc(&bytes)?, bytes),
        Err(at) => (at, Vec::new()),
    };
    for (name, (at, len)) in &env.buffers {
        env.before.insert(name.clone(), target.read(*at, *len)?);
    }
    let answer = target.call(cmd, at, size)?;
    env.last = LastCall { at, bytes, arm };
    if let Some(name) = &call.result {
        let value = answer.unwrap_or(-1);
        env.numbers.insert(name.clone(), value.into());
        env.fds.retain(|(known, _)| known != name);
        env.fds.extend(u32::try_from(value).ok().map(|fd| (name.clone(), fd)));
    }
    let default = match call.result {
        Some(_) => Outcome::Fd,
        None => Outcome::Number(0),
    };
    let wanted = match expected(call, release) {
        Some(one) => one.outcomes.clone(),
        None => vec![default],
    };
    if wanted.iter().any(|outcome| matches(outcome, answer)) {
        return Ok(());
    }
    let wanted: Vec<String> = wanted.iter().map(Outcome::to_string).collect();
    let said = said(answer);
    Err(format!("{} answers {said}, not {}", call.cmd, wanted.join(" or ")).into())
}

fn matches(outcome: &Outcome, answer: Answer) -> bool {
    match (outcome, answer) {
        (Outcome::Fd, Ok(value)) => value >= 0,
        (Outcome::Number(number), Ok(value)) => *number == value,
        (Outcome::Errno(errno), Err(number)) => errno.number() == number,
        (Outcome::Fd | Outcome::Number(_) | Outcome::Errno(_) | Outcome::Param(_), _) => false,
    }
}

fn said(answer: Answer) -> String {
    match answer {
        Ok(value) => value.to_string(),
        Err(number) => {
            Errno::from_number(number).map_or_else(|| format!("errno {number}"), |e| e.to_string())
        }
    }
}

fn read_slice(env: &Env, target: &mut dyn Target, slice: &Slice) -> Result<Vec<u8>, Stop> {
    let range = env.bytes_of(slice)?;
    let (at, _) = env.buffers[&slice.name];
    Ok(target.read(at + range.start as u64, range.len())?)
}

fn read_number(env: &Env, target: &mut dyn Target, origin: &Origin) -> Result<i128, Stop> {
    let bytes = match origin {
        Origin::Slice(slice) => read_slice(env, target, slice)?,
        Origin::Attr(name) => {
            let field = env.last.arm.and_then(|arm| names::field(arm, name));
            let field = field.ok_or_else(|| format!("the last call has no field '{name}'"))?;
            target.read(env.last.at + u64::from(field.offset), field.size as usize)?
        }
    };
    if bytes.is_empty() || bytes.len() > 8 {
        return Err(format!("a number has 1 to 8 bytes, not {}", bytes.len()).into());
    }
    let mut wide = [0; 8];
    wide[..bytes.len()].copy_from_slice(&bytes);
    Ok(u64::from_le_bytes(wide).into())
}

fn expect(env: &Env, target: &mut dyn Target, slice: &Slice, want: &Want) -> Result<(), Stop> {
    let found = read_slice(env, target, slice)?;
    let want = match want {
        Want::Bytes(image) => env.image(image)?,
        Want::Untouched => {
            let range = env.bytes_of(slice)?;
            let before = env.before.get(&slice.name);
            before.ok_or("no call was made yet".to_owned())?[range].to_vec()
        }
    };
    differ(&slice.to_string(), &want, &found)
}

fn expect_attr(env: &Env, target: &mut dyn Target, field: &Assign) -> Result<(), Stop> {
    let range = attr::bytes_of(env, env.last.arm, &field.place)?;
    let want = attr::value(env, field, range.len())?;
    let found = target.read(env.last.at + range.start as u64, range.len())?;
    differ(&format!("attr {field}"), &want, &found)
}

fn differ(what: &str, want: &[u8], found: &[u8]) -> Result<(), Stop> {
    if want == found {
        return Ok(());
    }
    if want.len() != found.len() {
        let why = format!("{what}: {} bytes are expected, it has {}", want.len(), found.len());
        return Err(why.into());
    }
    let at = want.iter().zip(found).position(|(a, b)| a != b).unwrap_or(0);
    let from = at - at % 8;
    let part = |bytes: &[u8]| hex(&bytes[from..bytes.len().min(from + 16)]);
    Err(format!("{what}: from byte {from} on is {}, not {}", part(found), part(want)).into())
}

fn hex(bytes: &[u8]) -> String {
    let digits: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    digits.join(" ")
}

/// The pieces of memory, cut as long as each wanted one, in any order.
fn expect_set(
    env: &Env,
    target: &mut dyn Target,
    slices: &[Slice],
    images: &[Image],
) -> Result<(), Stop> {
    let mut found = Vec::new();
    for slice in slices {
        found.extend(read_slice(env, target, slice)?);
    }
    let mut want: Vec<Vec<u8>> =
        images.iter().map(|image| env.image(image)).collect::<Result<_, _>>()?;
    let len = want.first().map_or(0, Vec::len);
    if len == 0 || want.iter().any(|one| one.len() != len) || found.len() != len * want.len() {
        let why = format!("a set of {} pieces does not fit {} bytes", want.len(), found.len());
        return Err(why.into());
    }
    let mut found: Vec<Vec<u8>> = found.chunks(len).map(<[u8]>::to_vec).collect();
    want.sort();
    found.sort();
    match want.iter().find(|one| !found.contains(one)) {
        None if want == found => Ok(()),
        None => Err("a piece of the set is there more than once".to_owned().into()),
        Some(one) => {
            let all: Vec<String> = found.iter().map(|one| hex(one)).collect();
            Err(format!("the set has no {}; it is {}", hex(one), all.join(", ")).into())
        }
    }
}
