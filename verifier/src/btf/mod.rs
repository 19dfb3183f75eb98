//! BTF (BPF Type Format): parsing and validation, as `kernel/bpf/btf.c` of each release does it.
//!
//! ```text
//!   bytes --header--> sections --meta--> types --resolve--> sizes --tags, fields--> Btf
//! ```
//!
//! Two passes: the first (`meta`) looks at each type by itself, the second (`resolve`) follows
//! what types refer to. Errors are those of the kernel, in its order, with its log. v7.2 is taken
//! for v7.1, the last whose source was read.

mod data;
mod fields;
mod find;
mod header;
mod kind;
mod log;
mod member;
mod meta;
mod parts;
mod proto;
mod resolve;
mod rules;
mod tags;

pub use fields::{Fields, Special};
pub use kind::{IntData, Kind, Member, Type};

use bpfsim_abi::{Errno, Release};
use data::Data;
use log::{Log, Where};
use rules::Rules;

/// Why a BTF is not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The kernel's answer.
    Errno(Errno),
    /// The model has none; the reason says what is missing.
    NotModelled(&'static str),
}

impl From<Errno> for Stop {
    fn from(errno: Errno) -> Self {
        Stop::Errno(errno)
    }
}

/// A BTF that the kernel takes.
#[derive(Clone, Debug)]
pub struct Btf {
    data: Data,
    resolved: Vec<Resolved>,
}

/// What the second pass found out about a type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Resolved {
    id: u32,
    size: u32,
}

/// What a load says: verdict and log. The caller cuts the log to its buffer.
#[derive(Clone, Debug)]
pub struct Parsed {
    /// The types, or why not.
    pub result: Result<Btf, Stop>,
    /// Empty unless somebody wants it.
    pub log: Vec<u8>,
}

/// Parses and validates a BTF as `release` does; `log` says whether somebody reads the log.
pub fn parse(bytes: Vec<u8>, release: Release, log: bool) -> Parsed {
    let rules = Rules::new(release);
    let data = Data { rules, bytes, types: vec![Type::VOID], strings: 0, str_len: 0 };
    let mut load = Load { data, log: Log::new(log), resolve: resolve::State::default() };
    let result = load.run();
    let log = std::mem::take(&mut load.log).into_bytes();
    let result = result.map(|()| Btf { data: load.data, resolved: load.resolve.resolved });
    Parsed { result, log }
}

/// A load on its way.
struct Load {
    data: Data,
    log: Log,
    resolve: resolve::State,
}

impl Load {
    fn rules(&self) -> Rules {
        self.data.rules
    }

    fn run(&mut self) -> Result<(), Stop> {
        let header = self.header()?;
        let (start, end) = self.type_section(&header)?;
        self.all_metas(start, end)?;
        self.all_types()?;
        if self.rules().since(5, 19) {
            self.type_tags()?;
        }
        if self.rules().since(6, 2) {
            fields::check_structs(&self.data)?;
        }
        Ok(())
    }

    /// Says why, and EINVAL.
    fn refuse<T>(&mut self, why: &str) -> Result<T, Stop> {
        self.refuse_with(why, Errno::EINVAL)
    }

    fn refuse_with<T>(&mut self, why: &str, errno: Errno) -> Result<T, Stop> {
        self.log.say(why);
        Err(errno.into())
    }

    /// Says why about a type, and EINVAL.
    fn refuse_type<T>(&mut self, id: u32, t: &Type, why: &str) -> Result<T, Stop> {
        self.log.of_type(&self.data, id, t, true, why);
        Err(Errno::EINVAL.into())
    }

    /// The same without the details of the type.
    fn refuse_basic<T>(&mut self, id: u32, t: &Type, why: &str) -> Result<T, Stop> {
        self.log.of_type(&self.data, id, t, false, why);
        Err(Errno::EINVAL.into())
    }

    /// Says why about a member, and EINVAL.
    fn refuse_member<T>(
        &mut self,
        at: Where,
        t: &Type,
        member: &Member,
        why: &str,
    ) -> Result<T, Stop> {
        self.log.member(&self.data, at, t, member, why);
        Err(Errno::EINVAL.into())
    }

    /// Says why about a variable of a section, and EINVAL.
    fn refuse_variable<T>(
        &mut self,
        at: Where,
        t: &Type,
        vsi: [u32; 3],
        why: &str,
    ) -> Result<T, Stop> {
        self.log.variable(&self.data, at, t, vsi, why);
        Err(Errno::EINVAL.into())
    }
}

impl Btf {
    /// Header, types and strings as they were loaded.
    pub fn bytes(&self) -> &[u8] {
        &self.data.bytes
    }

    /// The type with this id; 0 is `void`.
    pub fn by_id(&self, id: u32) -> Option<&Type> {
        self.data.by_id(id)
    }

    /// btf_name_by_offset(): none past the end of the strings.
    pub fn name(&self, offset: u32) -> Option<&[u8]> {
        self.data.string(offset)
    }

    /// btf_type_id_size(): the type that has the size, and its size in bytes. None for types
    /// without a size.
    pub fn size_of(&self, id: u32) -> Option<(u32, &Type, u32)> {
        let (id, size) = resolve::id_size(&self.data, &self.resolved, id)?;
        Some((id, self.by_id(id)?, size))
    }

    /// What follows a type of kind INT.
    pub fn int_data(&self, t: &Type) -> IntData {
        IntData(self.data.extra(t, 0))
    }

    /// A member of a struct, from 0.
    pub fn member(&self, t: &Type, index: u32) -> Member {
        self.data.member(t, index)
    }

    /// Name and type of a parameter, from 0.
    pub fn param(&self, t: &Type, index: u32) -> (u32, u32) {
        self.data.param(t, index)
    }
}
