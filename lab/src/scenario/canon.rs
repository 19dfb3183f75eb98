//! One text for all files that mean the same, and its digest.

use super::cpus::cpulist;
use super::model::*;
use super::ops::*;
use crate::class::Class;
use std::fmt::Write;

impl Scenario {
    /// A text that two files share if and only if they mean the same. Comments, formatting, the
    /// order of tables by series, defaults written or not, and what only people read (name,
    /// question, cites, attribution, why, claim) do not show in it.
    pub fn canonical_text(&self) -> String {
        let mut text = self.world_text();
        for call in &self.calls {
            call_text(&mut text, call);
        }
        explore_text(&mut text, &self.explore);
        let mut expects: Vec<&Expect> = self.expects.iter().collect();
        expects.sort_by(|a, b| a.series.cmp(&b.series));
        for expect in expects {
            expect_text(&mut text, expect);
        }
        text
    }

    /// The part of `canonical_text` that decides which schedules there are and what each one
    /// shows: machine, maps, programs, runs, threads, hotplug. An object file counts by its name.
    pub fn world_text(&self) -> String {
        let mut text = String::from("interleave/1\n");
        let machine = &self.machine;
        let (possible, online) = (cpulist(&machine.possible), cpulist(&machine.online));
        line(&mut text, format_args!("machine {possible} online {online} {}", machine.preempt));
        for map in &self.maps {
            map_text(&mut text, map);
        }
        for prog in &self.progs {
            prog_text(&mut text, prog);
        }
        for run in &self.runs {
            let Run { prog, cpu, ctx, irqs, times, data } = run;
            let data = hex(data);
            line(&mut text, format_args!("run {prog} cpu {cpu} {ctx} {irqs} x{times} {data}"));
        }
        for thread in &self.threads {
            thread_text(&mut text, thread);
        }
        for Hotplug { cpu, at, action } in &self.hotplug {
            line(&mut text, format_args!("hotplug {cpu} {at} {action}"));
        }
        text
    }

    /// FNV-1a, 64 bits, of `world_text`. A token carries it: what is expected, and which series
    /// are explored how far, can change without making tokens of the same schedules invalid.
    pub fn digest(&self) -> u64 {
        fnv1a(self.world_text().as_bytes())
    }
}

/// FNV-1a, 64 bits (draft-eastlake-fnv).
fn fnv1a(bytes: &[u8]) -> u64 {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, step)
}

fn line(text: &mut String, what: std::fmt::Arguments) {
    // Writing to a String cannot fail.
    let _ = writeln!(text, "{what}");
}

fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            _ => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

fn hex(bytes: &[u8]) -> String {
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    if digits.is_empty() { "-".to_owned() } else { digits }
}

fn or_dash<T: ToString>(value: Option<T>) -> String {
    value.map_or("-".to_owned(), |value| value.to_string())
}

/// The entries of a list by series, sorted by name.
fn by_series<T>(list: &[(String, T)]) -> Vec<(&str, &T)> {
    let mut sorted: Vec<(&str, &T)> = list.iter().map(|(name, own)| (name.as_str(), own)).collect();
    sorted.sort_by_key(|(name, _)| *name);
    sorted
}

fn numbers(numbers: &[u64]) -> String {
    let parts: Vec<String> = numbers.iter().map(u64::to_string).collect();
    format!("[{}]", parts.join(","))
}

fn lists(lists: &[Vec<u64>]) -> String {
    let parts: Vec<String> = lists.iter().map(|list| numbers(list)).collect();
    format!("[{}]", parts.join(","))
}

fn map_text(text: &mut String, map: &MapDef) {
    let MapDef { name, kind, entries, fields, value_size, key_size, .. } = map;
    let fields: Vec<String> = fields
        .iter()
        .map(|field| format!("{}:{}@{}", field.name, field.ty, field.offset))
        .collect();
    let fields = fields.join(",");
    line(
        text,
        format_args!("map {name} {kind} {entries} key {key_size} value {value_size} {fields}"),
    );
    let holds = map.holds.as_ref().map(|holds| quoted(&holds.to_string()));
    let (max, prealloc) = (or_dash(map.max_entries), or_dash(map.prealloc));
    let (holds, empty, hash) = (or_dash(holds), map.empty, map.hash);
    line(text, format_args!(" empty {empty} max {max} prealloc {prealloc} hash {hash} {holds}"));
}

fn prog_text(text: &mut String, prog: &ProgDef) {
    line(text, format_args!("prog {} {}", prog.name, prog.prog_type));
    line(text, format_args!(" {}", source_text(prog.source.as_ref())));
    for (series, source) in by_series(&prog.for_series) {
        line(text, format_args!(" for {series} {}", source_text(source.as_ref())));
    }
}

fn source_text(source: Option<&Source>) -> String {
    match source {
        None => "none".to_owned(),
        Some(Source::Object { file, program }) => {
            let program = program.as_ref().map(|program| quoted(program));
            format!("object {} {}", quoted(file), or_dash(program))
        }
        Some(Source::Asm { text, .. }) => format!("asm {}", quoted(&plain_asm(text))),
    }
}

/// Assembler text without comments, blank lines, indentation and runs of blanks.
fn plain_asm(text: &str) -> String {
    let code = text.lines().map(|line| line.split(['#', ';']).next().unwrap_or(line));
    let code = code.map(|line| line.split("//").next().unwrap_or(line));
    let words = code.map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
    words.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

fn thread_text(text: &mut String, thread: &Thread) {
    let Thread { name, cpu, ctx, irqs, ops, for_series } = thread;
    line(text, format_args!("thread {name} cpu {cpu} {ctx} {irqs}"));
    for op in ops {
        line(text, format_args!(" {}", do_text(op)));
    }
    for (series, ops) in by_series(for_series) {
        line(text, format_args!(" for {series}"));
        for op in ops {
            line(text, format_args!("  {}", do_text(op)));
        }
    }
}

fn do_text(op: &Do) -> String {
    let Do { verb, map, key, cpu, value, flags, into } = op;
    let key = or_dash(key.as_ref().map(|key| hex(&key.0)));
    let cpu = match cpu {
        None => "-".to_owned(),
        Some(CpuArg::One(cpu)) => cpu.to_string(),
        Some(CpuArg::All) => "all".to_owned(),
        Some(CpuArg::Own) => "self".to_owned(),
    };
    let value = match value {
        None => "-".to_owned(),
        Some(Value::Same(value)) => numbers(value),
        Some(Value::PerCpu(values)) => lists(values),
    };
    let into = or_dash(into.as_ref());
    format!("{verb} {map} key {key} cpu {cpu} value {value} flags {flags} into {into}")
}

fn call_text(text: &mut String, call: &Call) {
    let kernel = or_dash(call.kernel);
    let mut series = call.series.clone();
    series.sort_unstable();
    let series = if series.is_empty() { "-".to_owned() } else { series.join(",") };
    line(text, format_args!("call on {} kernel {kernel} series {series}", call.on));
    line(text, format_args!(" {} -> {}", op_text(&call.op), outcome_text(call.expect.as_ref())));
    for (series, own) in by_series(&call.for_series) {
        let op = own.op.as_ref().map_or("-".to_owned(), op_text);
        let expect = outcome_text(own.expect.as_ref());
        line(text, format_args!(" for {series} {op} -> {expect}"));
    }
}

fn op_text(op: &CallOp) -> String {
    match op {
        CallOp::Map(op) => do_text(op),
        CallOp::Load { prog } => format!("load {prog}"),
        CallOp::Run { prog, cpu, data } => format!("run {prog} cpu {cpu} {}", hex(data)),
        CallOp::Offline(cpu) => format!("offline {cpu}"),
        CallOp::Online(cpu) => format!("online {cpu}"),
        CallOp::Raw { cmd, attr } => {
            let cmd = match cmd {
                RawCmd::Name(name) => name.clone(),
                RawCmd::Number(number) => number.to_string(),
            };
            format!("bpf {cmd} {}", attr_text(attr))
        }
    }
}

fn attr_text(attr: &RawAttr) -> String {
    match attr {
        RawAttr::Bytes(bytes) => hex(bytes),
        RawAttr::Fields(fields) => {
            let parts: Vec<String> = fields
                .iter()
                .map(|(name, value)| match value {
                    RawValue::Number(number) => format!("{}={number}", quoted(name)),
                    RawValue::Fd(of) => format!("{}=fd {of}", quoted(name)),
                    RawValue::Text(text) => format!("{}={}", quoted(name), quoted(text)),
                    RawValue::Bytes(bytes) => format!("{}=bytes {}", quoted(name), hex(bytes)),
                })
                .collect();
            format!("{{{}}}", parts.join(" "))
        }
    }
}

fn outcome_text(outcome: Option<&Outcome>) -> String {
    match outcome {
        None => "-".to_owned(),
        Some(Outcome::Errno(errno)) => errno.to_string(),
        Some(Outcome::Ok) => "ok".to_owned(),
        Some(Outcome::Value(value)) => format!("value {}", numbers(value)),
        Some(Outcome::Values(values)) => format!("values {}", lists(values)),
        Some(Outcome::Verify(message)) => format!("verify {}", quoted(message)),
        Some(Outcome::Accepted) => "accepted".to_owned(),
        Some(Outcome::Returns(number)) => format!("returns {}", *number as u32),
        Some(Outcome::Trap(trap)) => format!("trap {trap}"),
        Some(Outcome::Keys(keys)) => format!("keys {}", lists(keys)),
        Some(Outcome::NoOperation) => "no operation".to_owned(),
    }
}

fn explore_text(text: &mut String, explore: &Explore) {
    let series = if explore.all_series { "all".to_owned() } else { explore.series.join(",") };
    let models: Vec<&str> = explore.models.iter().map(|model| model.name()).collect();
    let Limits { states, preemptions } = explore.limits;
    let preemptions = or_dash(preemptions);
    let models = models.join(",");
    line(text, format_args!("explore {series} {models} states {states} preemptions {preemptions}"));
    for (series, plans) in by_series(&explore.copy) {
        let plans: Vec<&str> = plans.iter().map(|plan| plan.name()).collect();
        line(text, format_args!(" copy {series} {}", plans.join(",")));
    }
}

fn expect_text(text: &mut String, expect: &Expect) {
    let classes =
        |classes: &[Class]| classes.iter().map(Class::to_string).collect::<Vec<_>>().join(",");
    let (yes, no) = (classes(&expect.reachable), classes(&expect.unreachable));
    let verify = match &expect.verify {
        None => "-".to_owned(),
        Some(Verdict::Accepted) => "accepted".to_owned(),
        Some(Verdict::Message(message)) => quoted(message),
    };
    let cost = expect.cost.unwrap_or_default();
    let cost = [cost.calls, cost.ipis, cost.bytes].map(or_dash).join(" ");
    let series = &expect.series;
    line(text, format_args!("expect {series} yes [{yes}] no [{no}] verify {verify} cost {cost}"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fnv_has_its_published_values() {
        assert_eq!(fnv1a(b""), 0xcbf29ce484222325);
        assert_eq!(fnv1a(b"a"), 0xaf63dc4c8601ec8c);
        assert_eq!(fnv1a(b"foobar"), 0x85944171f73967e8);
    }

    #[test]
    fn assembler_text_is_compared_without_its_dress() {
        let plain = plain_asm("  r0 = 0   // zero\n\n# note\n\texit ; done\n");
        assert_eq!(plain, "r0 = 0\nexit");
        assert_ne!(plain_asm("r0 = 1"), plain_asm("r0 = 2"));
    }
}
