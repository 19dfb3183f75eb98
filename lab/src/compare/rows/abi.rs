//! What each series adds to the ABI.

use super::super::{Bench, Cell};
use bpfsim_maps::Series;
use bpfsim_maps::series::{Addition, Tag};
use serde_json::json;

pub fn kernel(_: &Bench<'_>, series: &'static Series) -> Cell {
    let text = match series.shipped {
        Some(release) => format!("{release}, shipped"),
        None if series.adds.is_empty() => format!("{}, as it is", series.release),
        None => format!("{} + series", series.release),
    };
    let release = series.release.to_string();
    let data =
        json!({ "release": release.trim_start_matches('v'), "shipped": series.shipped.is_some() });
    Cell::new(text, data)
}

pub fn proposed(_: &Bench<'_>, series: &'static Series) -> Cell {
    let date = series.posted.split(',').next().unwrap_or(series.posted);
    let text = format!("{}\n{date}", series.author);
    Cell::new(text, json!({ "author": series.author, "posted": series.posted }))
}

pub fn who(_: &Bench<'_>, series: &'static Series) -> Cell {
    Cell::text(series.who_names_the_cpu)
}

/// The additions that `pick` names, with their numbers; reconstructed ones are marked.
fn additions(
    series: &'static Series,
    pick: impl Fn(&Addition) -> Option<(&'static str, String)>,
) -> Cell {
    let mut lines = Vec::new();
    let mut data = Vec::new();
    let mut reconstructed = false;
    for added in series.adds {
        let Some((name, number)) = pick(&added.what) else { continue };
        let mark = if added.tag == Tag::Reconstructed { " (R)" } else { "" };
        reconstructed |= added.tag == Tag::Reconstructed;
        lines.push(format!("{} {number}{mark}", name.trim_start_matches("BPF_")));
        data.push(json!({
            "name": name,
            "number": number,
            "reconstructed": added.tag == Tag::Reconstructed,
        }));
    }
    let text = if lines.is_empty() { "none".to_owned() } else { lines.join("\n") };
    Cell::new(text, data.into()).reconstructed(reconstructed)
}

pub fn commands(_: &Bench<'_>, series: &'static Series) -> Cell {
    additions(series, |what| match what {
        Addition::Command { name, number, .. } => Some((name, number.to_string())),
        Addition::MapType { .. }
        | Addition::Field { .. }
        | Addition::Helper { .. }
        | Addition::Flag { .. } => None,
    })
}

pub fn map_types(_: &Bench<'_>, series: &'static Series) -> Cell {
    additions(series, |what| match what {
        Addition::MapType { name, number, .. } => {
            Some((name.trim_start_matches("BPF_MAP_TYPE_"), number.to_string()))
        }
        Addition::Command { .. }
        | Addition::Field { .. }
        | Addition::Helper { .. }
        | Addition::Flag { .. } => None,
    })
}

pub fn fields(_: &Bench<'_>, series: &'static Series) -> Cell {
    additions(series, |what| match what {
        Addition::Field { name, offset, size } => Some((name, format!("@{offset}, {size} bytes"))),
        Addition::Command { .. }
        | Addition::MapType { .. }
        | Addition::Helper { .. }
        | Addition::Flag { .. } => None,
    })
}

pub fn helpers(_: &Bench<'_>, series: &'static Series) -> Cell {
    additions(series, |what| match what {
        Addition::Helper { proto, .. } if proto.since > series.release => {
            Some((proto.name, format!("{}, {} on", proto.id, proto.since)))
        }
        Addition::Helper { proto, .. } => Some((proto.name, proto.id.to_string())),
        Addition::Command { .. }
        | Addition::MapType { .. }
        | Addition::Field { .. }
        | Addition::Flag { .. } => None,
    })
}

pub fn flags(_: &Bench<'_>, series: &'static Series) -> Cell {
    additions(series, |what| match what {
        Addition::Flag { name, value } => Some((name, value.to_string())),
        Addition::Command { .. }
        | Addition::MapType { .. }
        | Addition::Field { .. }
        | Addition::Helper { .. } => None,
    })
}
