//! The side that asks.

use super::{SCHEMA, from_hex, to_hex};
use crate::ast::{Needs, Rights};
use crate::target::{Answer, Target, Trouble};
use bpfsim_abi::{Release, known_releases};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Where a line goes and its answer comes from.
pub trait Wire {
    /// Sends one line without its end, and takes one.
    ///
    /// # Errors
    /// Nobody answers, in a few words.
    fn ask(&mut self, line: &str) -> Result<String, String>;
}

/// Another implementation of bpf(2). Its memory is kept here and goes with every call.
#[derive(Debug)]
pub struct Plugin<W> {
    wire: W,
    name: String,
    release: Release,
    cpus: u32,
    memory: BTreeMap<u64, Vec<u8>>,
    next: u64,
}

const PAGE: u64 = 4096;
const FIRST: u64 = 16 * PAGE;

impl<W: Wire> Plugin<W> {
    /// Says hello.
    ///
    /// # Errors
    /// What the other side answers is no greeting of this schema, or its release is unknown.
    pub fn greet(mut wire: W) -> Result<Self, String> {
        let line = json!({ "do": "hello", "schema": SCHEMA }).to_string();
        let reply = read(&wire.ask(&line)?)?;
        if reply["schema"] != SCHEMA {
            return Err(format!("it greets with {reply}: \"schema\":\"{SCHEMA}\" is missing"));
        }
        let release = reply["release"].as_str().unwrap_or_default();
        let known = release.parse().ok().filter(|release| known_releases().contains(release));
        let release = known
            .ok_or_else(|| format!("it is of release '{release}': v3.18 to v7.2 are known"))?;
        let name = reply["name"].as_str().unwrap_or("plugin").to_owned();
        Ok(Plugin { wire, name, release, cpus: 0, memory: BTreeMap::new(), next: FIRST })
    }

    fn ask(&mut self, request: &Value) -> Result<Value, Trouble> {
        let reply = self.wire.ask(&request.to_string()).and_then(|line| read(&line));
        let reply = reply.map_err(|why| Trouble::Broken(format!("the plugin: {why}")))?;
        match reply["skip"].as_str() {
            Some(why) => Err(Trouble::Skip(why.to_owned())),
            None => Ok(reply),
        }
    }

    fn piece(&self, at: u64, len: usize) -> Result<(u64, usize), Trouble> {
        let none = || Trouble::Broken(format!("{len} bytes at {at:#x} are not mapped"));
        let (start, bytes) = self.memory.range(..=at).next_back().ok_or_else(none)?;
        let from = (at - start) as usize;
        let end = from.checked_add(len).filter(|end| *end <= bytes.len());
        end.map(|_| (*start, from)).ok_or_else(none)
    }
}

fn read(line: &str) -> Result<Value, String> {
    serde_json::from_str(line).map_err(|error| {
        let start: String = line.chars().take(60).collect();
        format!("it answers '{start}', which is no JSON: {error}")
    })
}

fn number(reply: &Value, name: &str) -> Result<i64, Trouble> {
    reply[name]
        .as_i64()
        .ok_or_else(|| Trouble::Broken(format!("the plugin answers {reply}: '{name}' is missing")))
}

impl<W: Wire> Target for Plugin<W> {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn release(&self) -> Release {
        self.release
    }

    fn begin(&mut self, needs: &Needs) -> Result<(), Trouble> {
        (self.memory, self.next) = (BTreeMap::new(), FIRST);
        let caps = match needs.rights {
            Rights::Root => "root",
            Rights::None => "none",
        };
        let reply = self.ask(&json!({
            "do": "begin", "caps": caps, "cpus": needs.cpus,
            "unprivileged_bpf_disabled": needs.unprivileged_disabled,
        }))?;
        let cpus = number(&reply, "cpus")?;
        let fits = u32::try_from(cpus).ok().filter(|cpus| (1..=8192).contains(cpus));
        self.cpus = fits.ok_or_else(|| Trouble::Broken(format!("the plugin has {cpus} CPUs")))?;
        Ok(())
    }

    fn cpus(&self) -> u32 {
        self.cpus
    }

    fn alloc(&mut self, bytes: &[u8]) -> Result<u64, Trouble> {
        // The byte behind the piece is the first of a page that nothing is mapped at.
        let end = (self.next + bytes.len() as u64).next_multiple_of(PAGE).max(self.next + PAGE);
        let at = end - bytes.len() as u64;
        self.memory.insert(at, bytes.to_vec());
        self.next = end + PAGE;
        Ok(at)
    }

    fn read(&mut self, at: u64, len: usize) -> Result<Vec<u8>, Trouble> {
        let (start, from) = self.piece(at, len)?;
        Ok(self.memory[&start][from..from + len].to_vec())
    }

    fn write(&mut self, at: u64, bytes: &[u8]) -> Result<(), Trouble> {
        let (start, from) = self.piece(at, bytes.len())?;
        if let Some(piece) = self.memory.get_mut(&start) {
            piece[from..from + bytes.len()].copy_from_slice(bytes);
        }
        Ok(())
    }

    fn unmapped(&self) -> u64 {
        PAGE
    }

    fn call(&mut self, cmd: u32, attr: u64, size: u32) -> Result<Answer, Trouble> {
        let piece = |(at, bytes): (&u64, &Vec<u8>)| json!({ "at": at, "bytes": to_hex(bytes) });
        let memory: Vec<Value> = self.memory.iter().map(piece).collect();
        let reply = self.ask(&json!({
            "do": "bpf", "cmd": cmd, "attr": attr, "size": size, "memory": memory,
        }))?;
        for written in reply["memory"].as_array().into_iter().flatten() {
            let at = number(written, "at")?.cast_unsigned();
            let bytes = written["bytes"].as_str().and_then(from_hex);
            let bytes = bytes.ok_or_else(|| {
                Trouble::Broken(format!("the plugin writes {written}: 'bytes' is no hex"))
            })?;
            self.write(at, &bytes)?;
        }
        let ret = number(&reply, "ret")?;
        match i32::try_from(ret) {
            Ok(errno) if errno < 0 => Ok(Err(errno.checked_neg().unwrap_or(i32::MAX))),
            Ok(_) | Err(_) if ret >= 0 => Ok(Ok(ret)),
            Ok(_) | Err(_) => Err(Trouble::Broken(format!("the plugin returns {ret}"))),
        }
    }

    fn close(&mut self, fd: i64) -> Result<(), Trouble> {
        self.ask(&json!({ "do": "close", "fd": fd })).map(|_| ())
    }
}
