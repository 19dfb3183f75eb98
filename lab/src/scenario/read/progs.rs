//! `[prog.NAME]` and `[prog.NAME.for.SERIES]`.

use super::Reader;
use crate::scenario::model::{ProgDef, Source};
use crate::scenario::names::ProgType;
use crate::scenario::node::{Node, Table};

impl<'a> Reader<'a> {
    pub(super) fn progs(&mut self, node: Option<Node<'a>>) {
        for (node, at) in self.named_tables(node, "prog") {
            let name = node.key;
            let table = node.table(&mut self.log, &format!("[prog.{name}]"));
            match table.and_then(|table| self.prog(name, table)) {
                Some(prog) => {
                    self.scenario.progs.push(prog);
                    self.places.progs.push(at);
                }
                None => self.places.broken_progs.push(name.to_owned()),
            }
        }
    }

    fn prog(&mut self, name: &str, mut table: Table<'a>) -> Option<ProgDef> {
        let source = self.source(&mut table);
        let prog_type = match table.take("type") {
            Some(node) => {
                self.places.typed_progs.push(name.to_owned());
                node.choice(&mut self.log, "program type", &ProgType::all())
            }
            None => Some(ProgType::SOCKET_FILTER),
        };
        let others = table.take("for");
        let (thing, start) = (table.thing.clone(), table.start);
        table.finish(&mut self.log);
        let mut for_series = vec![];
        for (series, mut table) in self.for_tables(others) {
            let source = self.source(&mut table);
            table.finish(&mut self.log);
            for_series.push((series, source.ok()?));
        }
        let source = source.ok()?;
        if source.is_none() && for_series.is_empty() {
            let help = "write asm = \"\"\"...\"\"\" or object = \"FILE.o\"";
            self.log.error(start, &thing, "the program has no body", help);
            return None;
        }
        Some(ProgDef { name: name.to_owned(), source, prog_type: prog_type?, for_series })
    }

    /// `asm`, or `object` with `program`, or none of them. `Err`: reported.
    fn source(&mut self, table: &mut Table<'a>) -> Result<Option<Source>, ()> {
        let asm = table.take("asm");
        let object = table.take("object");
        let program = table.take("program");
        if let (Some(program), None) = (&program, &object) {
            let help = "write object = \"FILE.o\", or remove it";
            program.bad(&mut self.log, "names a program of an object file", help);
            return Err(());
        }
        match (asm, object) {
            (Some(_), Some(object)) => {
                object.bad(&mut self.log, "beside asm", "keep one of the two");
                Err(())
            }
            (Some(asm), None) => {
                let text = asm.text(&mut self.log).ok_or(())?;
                Ok(Some(Source::Asm { text, line: asm.content_line(&self.log) }))
            }
            (None, Some(object)) => {
                let file = object.text(&mut self.log).ok_or(())?;
                let program = match program {
                    Some(node) => Some(node.text(&mut self.log).ok_or(())?),
                    None => None,
                };
                Ok(Some(Source::Object { file, program }))
            }
            (None, None) => Ok(None),
        }
    }

    /// Whether a program has neither a body for `series` nor an empty one that says so.
    pub(super) fn lacks_body(&self, name: &str, series: &str) -> bool {
        let plain = series.split('@').next().unwrap_or(series);
        self.scenario.prog(name).is_some_and(|prog| {
            let written = prog.for_series.iter().any(|(own, _)| own == series || own == plain);
            prog.source.is_none() && !written
        })
    }
}

/// What to write where a program has no body.
pub(super) fn body_help(prog: &str, series: &str) -> String {
    format!(
        "write [prog.{prog}.for.{series}] with asm or object; left empty, it says that the \
         series has no such program"
    )
}
