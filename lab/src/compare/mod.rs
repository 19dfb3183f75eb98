//! Compares designs: the same program and workload under each series, row by row.
//!
//! A row is a question, a cell what one series answers. Rows are listed in [`rows::ROWS`]; their
//! ids are stable.

mod json;
pub mod rows;
mod subject;
mod text;
mod variation;

pub use json::json;
pub use subject::{Subject, SubjectError};
pub use text::text;
pub use variation::{Variation, Whose};

use crate::experiment::Files;
use crate::explore::{Entry, Options};
use crate::scenario::Scenario;
use bpfsim_maps::Series;
use bpfsim_sim::CopyPlan;
use serde_json::Value as Json;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// What one series answers to one question.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// For people; lines are kept.
    pub text: String,
    /// For tools.
    pub data: Json,
    /// Replays the witness, where there is one.
    pub token: Option<String>,
    /// Rests on a reconstructed fact.
    pub reconstructed: bool,
}

impl Cell {
    /// A text that says it all.
    pub fn text(text: impl Into<String>) -> Self {
        let text = text.into();
        let data = Json::String(text.clone());
        Self { text, data, token: None, reconstructed: false }
    }

    /// Text for people and data for tools.
    pub fn new(text: impl Into<String>, data: Json) -> Self {
        Self { text: text.into(), data, token: None, reconstructed: false }
    }

    /// The same, resting on what is reconstructed.
    pub fn reconstructed(mut self, reconstructed: bool) -> Self {
        self.reconstructed = reconstructed;
        self
    }
}

/// One question, answered by every series.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Stable.
    pub id: &'static str,
    /// For people.
    pub title: &'static str,
    /// By series, in the order of [`Comparison::series`].
    pub cells: Vec<Cell>,
}

/// The whole table.
#[derive(Debug)]
pub struct Comparison {
    /// Its scenario's name.
    pub scenario: String,
    /// The columns.
    pub series: Vec<&'static Series>,
    /// The rows.
    pub rows: Vec<Row>,
    /// True when every exploration was complete.
    pub complete: bool,
}

/// What a row asks about: the scenario, the series, and the explorations that rows share.
pub struct Bench<'a> {
    /// As given.
    pub scenario: &'a Scenario,
    /// Where object files come from.
    pub files: Files<'a>,
    explored: RefCell<Explored>,
}

/// Explorations by series, variation and copy plan.
type Explored = BTreeMap<(&'static str, Variation, CopyPlan), Rc<Entry>>;

impl Bench<'_> {
    /// Explores a variation of the scenario under one series, once.
    pub fn explore(
        &self,
        series: &'static Series,
        copy: CopyPlan,
        variation: &Variation,
    ) -> Rc<Entry> {
        let key = (series.name, variation.clone(), copy);
        if let Some(known) = self.explored.borrow().get(&key) {
            return known.clone();
        }
        let scenario = variation.of(self.scenario);
        let options = Options::default();
        let entry = Rc::new(crate::explore::one(&scenario, series, copy, self.files, &options));
        self.explored.borrow_mut().insert(key, entry.clone());
        entry
    }
}

/// Compares designs on a scenario, or on the variation of one.
pub fn compare(scenario: &Scenario, files: Files<'_>, series: &[&'static Series]) -> Comparison {
    let bench = Bench { scenario, files, explored: RefCell::default() };
    let rows = rows::ROWS
        .iter()
        .map(|row| Row {
            id: row.id,
            title: row.title,
            cells: series.iter().map(|series| (row.answer)(&bench, series)).collect(),
        })
        .collect();
    let whole = |entry: &Rc<Entry>| entry.found.as_ref().is_ok_and(|found| found.complete);
    let complete =
        bench.explored.borrow().values().all(|entry| entry.found.is_err() || whole(entry));
    Comparison { scenario: scenario.name.clone(), series: series.to_vec(), rows, complete }
}

/// The scenario or the variation of it that has this digest.
pub fn with_digest(scenario: &Scenario, digest: u64) -> Option<Scenario> {
    let varied = Variation::all().into_iter().map(|variation| variation.of(scenario));
    std::iter::once(scenario.clone()).chain(varied).find(|found| found.digest() == digest)
}
