//! `bpfsim.compare/1`: what other tools rely on.

use super::{Cell, Comparison, Row};
use serde_json::{Map, Value, json};

/// The whole document.
pub fn json(comparison: &Comparison) -> Value {
    let labels: Vec<&str> = comparison.series.iter().map(|series| series.label()).collect();
    let rows: Vec<Value> = comparison.rows.iter().map(|each| row(&labels, each)).collect();
    json!({
        "schema": "bpfsim.compare/1",
        "scenario": comparison.scenario,
        "series": labels,
        "complete": comparison.complete,
        "rows": rows,
    })
}

fn row(labels: &[&str], row: &Row) -> Value {
    let values: Map<String, Value> =
        labels.iter().zip(&row.cells).map(|(label, each)| ((*label).into(), cell(each))).collect();
    json!({ "id": row.id, "title": row.title, "values": values })
}

fn cell(cell: &Cell) -> Value {
    json!({
        "text": cell.text,
        "data": cell.data,
        "token": cell.token,
        "reconstructed": cell.reconstructed,
    })
}
