//! The simulator as the side that answers.

use super::{SCHEMA, from_hex, to_hex};
use crate::ast::{Needs, Rights};
use crate::simulated::Simulated;
use crate::target::{Target, Trouble};
use serde_json::{Value, json};

/// Answers requests with a simulated kernel.
#[derive(Debug)]
pub struct Server {
    target: Simulated,
}

impl Server {
    /// Answers as `target` does.
    pub fn new(target: Simulated) -> Self {
        Server { target }
    }

    /// The answer to one line.
    ///
    /// # Errors
    /// The line is no request; what it is instead.
    pub fn answer(&mut self, line: &str) -> Result<String, String> {
        let request: Value =
            serde_json::from_str(line).map_err(|error| format!("no JSON: {error}"))?;
        let answer = match request["do"].as_str() {
            Some("hello") => Ok(self.hello()),
            Some("begin") => self.begin(&request),
            Some("bpf") => self.bpf(&request)?,
            Some("close") => {
                let fd = request["fd"].as_i64().unwrap_or(-1);
                self.target.close(fd).map(|()| json!({}))
            }
            Some(_) | None => {
                let way_out = "\"do\" is hello, begin, bpf or close";
                return Err(format!("{}: {way_out}", request["do"]));
            }
        };
        match answer {
            Ok(answer) => Ok(answer.to_string()),
            Err(Trouble::Skip(why)) => Ok(json!({ "skip": why }).to_string()),
            Err(Trouble::Broken(why)) => Err(why),
        }
    }

    fn hello(&self) -> Value {
        let release = self.target.release();
        let release = format!("{}.{}", release.major, release.minor);
        json!({ "schema": SCHEMA, "name": format!("bpfsim {release}"), "release": release })
    }

    fn begin(&mut self, request: &Value) -> Result<Value, Trouble> {
        let rights = if request["caps"] == "none" { Rights::None } else { Rights::Root };
        let cpus = request["cpus"].as_u64().and_then(|cpus| u32::try_from(cpus).ok());
        let unprivileged_disabled = request["unprivileged_bpf_disabled"].as_bool();
        let cpus = cpus.filter(|cpus| (1..=64).contains(cpus));
        self.target.begin(&Needs { rights, cpus, unprivileged_disabled })?;
        Ok(json!({ "cpus": self.target.cpus() }))
    }

    fn bpf(&mut self, request: &Value) -> Result<Result<Value, Trouble>, String> {
        let number = |name: &str| request[name].as_u64().ok_or(format!("'{name}' is missing"));
        let cmd = u32::try_from(number("cmd")?).map_err(|_| "'cmd' has 32 bits".to_owned())?;
        let size = u32::try_from(number("size")?).map_err(|_| "'size' has 32 bits".to_owned())?;
        let mut before = Vec::new();
        for piece in request["memory"].as_array().into_iter().flatten() {
            let at = piece["at"].as_u64().ok_or("a piece of memory has no 'at'")?;
            let bytes = piece["bytes"].as_str().and_then(from_hex);
            before.push((at, bytes.ok_or("a piece of memory has no hex in 'bytes'")?));
        }
        self.target.map(&before);
        let ret = match self.target.call(cmd, number("attr")?, size) {
            Ok(Ok(value)) => value,
            Ok(Err(errno)) => -i64::from(errno),
            Err(trouble) => return Ok(Err(trouble)),
        };
        let mut memory = Vec::new();
        for (at, bytes) in before {
            let after = self.target.read(at, bytes.len()).map_err(|trouble| trouble.to_string())?;
            if after != bytes {
                memory.push(json!({ "at": at, "bytes": to_hex(&after) }));
            }
        }
        Ok(Ok(json!({ "ret": ret, "memory": memory })))
    }
}
