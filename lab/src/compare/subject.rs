//! What is compared: a scenario, or an object file that becomes one.

use crate::object::{self, ObjectFile};
use crate::scenario::{
    CpuArg, Ctx, Do, Explore, Field, FieldType, Irqs, Key, Limits, Machine, MapDef, MapKind, Model,
    ProgDef, ProgType, Run, Scenario, Source, Thread, Verb,
};
use std::fmt;

/// A scenario made from a program.
#[derive(Clone, Debug)]
pub struct Subject {
    /// Three runs on CPU 0, one reader of the first per-CPU map on CPU 1.
    pub scenario: Scenario,
}

/// Why a program is no subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SubjectError {
    /// The file cannot be read.
    Object(String),
    /// A map of a type that is not modelled.
    MapType(String, u32),
    /// There is no per-CPU map in it.
    NoPercpuMap,
    /// There is no program in it.
    NoProgram,
}

impl fmt::Display for SubjectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SubjectError::Object(why) => f.write_str(why),
            SubjectError::MapType(name, number) => write!(
                f,
                "map {name} has type {number}: not modelled; compare takes types 1, 2, 5 and 6"
            ),
            SubjectError::NoPercpuMap => {
                f.write_str("no per-CPU map (type 5 or 6) in it: there is nothing to compare")
            }
            SubjectError::NoProgram => f.write_str("no program in it"),
        }
    }
}

impl std::error::Error for SubjectError {}

impl Subject {
    /// The scenario of a compiled program. `file` is how the files of a stage find it again.
    pub fn from_object(file: &str, bytes: &[u8]) -> Result<Subject, SubjectError> {
        let object = ObjectFile::parse(bytes).map_err(|e| SubjectError::Object(e.to_string()))?;
        let prog = object.progs.first().ok_or(SubjectError::NoProgram)?;
        let maps = object.maps.iter().map(map).collect::<Result<Vec<_>, _>>()?;
        let first = maps.iter().find(|map| map.kind == MapKind::Percpu);
        let first = first.ok_or(SubjectError::NoPercpuMap)?.name.clone();
        let source = Source::Object { file: file.to_owned(), program: Some(prog.name.clone()) };
        let scenario = Scenario {
            name: file.rsplit('/').next().unwrap_or(file).to_owned(),
            question: None,
            cites: None,
            attribution: None,
            machine: Machine::default(),
            progs: vec![ProgDef {
                name: prog.name.clone(),
                source: Some(source),
                prog_type: ProgType::all()
                    .into_iter()
                    .find(|known| known.number() == prog.prog_type)
                    .unwrap_or(ProgType::SOCKET_FILTER),
                for_series: Vec::new(),
            }],
            runs: vec![run(&prog.name)],
            threads: vec![reader(&first)],
            maps,
            calls: Vec::new(),
            hotplug: Vec::new(),
            explore: Explore {
                series: Vec::new(),
                all_series: true,
                models: vec![Model::Sc],
                copy: Vec::new(),
                limits: Limits::default(),
            },
            expects: Vec::new(),
        };
        Ok(Subject { scenario })
    }
}

/// An Ethernet frame with an IPv4 header: enough for programs that look at one.
const PACKET: [u8; 64] = {
    let mut packet = [0; 64];
    packet[12] = 0x08;
    packet[14] = 0x45;
    packet[23] = 17;
    packet
};

fn run(prog: &str) -> Run {
    Run {
        prog: prog.to_owned(),
        cpu: 0,
        ctx: Ctx::Softirq,
        irqs: Irqs::On,
        times: 3,
        data: PACKET.to_vec(),
    }
}

fn reader(map: &str) -> Thread {
    Thread {
        name: "reader".to_owned(),
        cpu: 1,
        ctx: Ctx::Task,
        irqs: Irqs::On,
        ops: vec![Do {
            verb: Verb::Lookup,
            map: map.to_owned(),
            key: Some(Key(vec![0; 4])),
            cpu: Some(CpuArg::One(0)),
            value: None,
            flags: 0,
            into: Some("x".to_owned()),
        }],
        for_series: Vec::new(),
    }
}

/// More elements than this are not made: keys 0 to 255 are present.
const MOST_ENTRIES: u32 = 256;

fn map(def: &object::MapDef) -> Result<MapDef, SubjectError> {
    let (kind, hash) = match def.map_type {
        1 => (MapKind::Hash, true),
        2 => (MapKind::Array, false),
        5 => (MapKind::Percpu, true),
        6 => (MapKind::Percpu, false),
        other => return Err(SubjectError::MapType(def.name.clone(), other)),
    };
    let field = |field: &object::FieldDef| {
        let ty = match field.size {
            1 => FieldType::U8,
            2 => FieldType::U16,
            4 => FieldType::U32,
            _ => FieldType::U64,
        };
        Field { name: field.name.clone(), ty, offset: field.offset }
    };
    let words =
        |index: u32| Field { name: format!("w{index}"), ty: FieldType::U64, offset: index * 8 };
    let fields = match def.value_fields.is_empty() {
        false => def.value_fields.iter().map(field).collect(),
        true => (0..def.value_size / 8).map(words).collect(),
    };
    let entries = def.max_entries.clamp(1, MOST_ENTRIES);
    Ok(MapDef {
        name: def.name.clone(),
        kind,
        entries,
        fields,
        value_size: def.value_size,
        key_size: def.key_size,
        holds: None,
        empty: false,
        max_entries: None,
        prealloc: None,
        hash,
    })
}
