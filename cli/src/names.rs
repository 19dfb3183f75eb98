//! Names that people type, and the way out when they are wrong.

use bpfsim_abi::Release;
use bpfsim_maps::Series;
use bpfsim_maps::percpu;

/// The plain names of this build, in the order of the thread.
fn plain_series() -> Vec<&'static str> {
    let defaults = percpu::all().iter().filter(|series| series.is_default);
    defaults.map(|series| series.base_name()).collect()
}

/// The variants behind a plain name; empty where there are none.
pub fn variants(plain: &str) -> Vec<&'static str> {
    let same = percpu::all().iter().filter(|series| series.base_name() == plain);
    let names: Vec<_> = same.map(|series| series.name).collect();
    if names.iter().any(|name| name.contains('@')) { names } else { vec![] }
}

/// Reads `name` or `name@variant`, for clap.
///
/// # Errors
/// The known names; the feature to build with, where this build has it left out.
pub fn series(text: &str) -> Result<&'static Series, String> {
    percpu::by_name(text).ok_or_else(|| {
        let every = plain_series();
        let plain = text.split('@').next().unwrap_or(text);
        if percpu::NAMES.contains(&plain) && !every.contains(&plain) {
            return format!("this build has it left out; build with --features {plain}");
        }
        if every.is_empty() {
            let names = percpu::NAMES.join(", ");
            return format!("there is no such series, and none in this build; there are {names}");
        }
        let listed = every.iter().map(|name| match variants(name).as_slice() {
            [] => (*name).to_owned(),
            versions => format!("{name} ({})", versions.join(", ")),
        });
        let listed = listed.collect::<Vec<_>>().join(", ");
        format!("there is no such series; {}there are {listed}", guess(text, &every))
    })
}

/// Reads `4.5` or `v4.5`, for clap.
///
/// # Errors
/// The text is no release, or none that the tables know.
pub fn release(text: &str) -> Result<Release, String> {
    let release: Release = text.parse().map_err(|_| {
        "not a kernel release: write X.Y, as in 4.5 or v6.18 (a stable X.Y.Z is X.Y)".to_owned()
    })?;
    let known = bpfsim_abi::known_releases();
    if known.contains(&release) {
        return Ok(release);
    }
    Err(format!("no known release; {} are", span(known)))
}

/// "v3.18 to v7.2".
fn span(known: &[Release]) -> String {
    match (known.first(), known.last()) {
        (Some(first), Some(last)) => format!("{first} to {last}"),
        (None, _) | (_, None) => "none".to_owned(),
    }
}

/// The newest release that the tables know.
pub fn newest_release() -> Release {
    *bpfsim_abi::known_releases().last().expect("the table of releases is not empty")
}

/// The way out of a wrong name: the one that is near, and all that there are unless they are many.
pub fn way_out(text: &str, known: &[&str]) -> String {
    let guess = guess(text, known);
    if known.len() > 12 && !guess.is_empty() {
        return guess.trim_end().to_owned();
    }
    format!("{guess}there are {}", known.join(", "))
}

/// `did you mean 'x'? ` where a name is near.
fn guess(text: &str, known: &[&str]) -> String {
    near(text, known).map_or_else(String::new, |name| format!("did you mean '{name}'? "))
}

/// The known name nearest to `text`, if it is near enough to be a slip.
pub fn near<'a>(text: &str, known: &[&'a str]) -> Option<&'a str> {
    let fold = |text: &str| text.to_ascii_lowercase().replace('-', "_");
    let text = fold(text);
    let most = 1 + text.len().min(64) / 4;
    let far = |name: &str| strsim::osa_distance(&text, &fold(name));
    let scored = known.iter().map(|name| (far(name), *name));
    scored.filter(|(far, _)| *far <= most).min_by_key(|(far, _)| *far).map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::case_and_dash("map-elem", Some("MAP_ELEM"))]
    #[case::swapped("MAP_ELME", Some("MAP_ELEM"))]
    #[case::left_out("PROG_LOD", Some("PROG_LOAD"))]
    #[case::far("colour", None)]
    #[case::empty("", None)]
    fn finds_slips(#[case] text: &str, #[case] want: Option<&str>) {
        assert_eq!(near(text, &["MAP_ELEM", "PROG_LOAD", "query"]), want);
    }

    #[rstest]
    #[case::stable("4.5.3", "not a kernel release")]
    #[case::future("9.9", "no known release; v3.18 to v7.2 are")]
    #[case::past("3.17", "no known release; v3.18 to v7.2 are")]
    fn refuses_releases(#[case] text: &str, #[case] want: &str) {
        let error = release(text).expect_err("must be refused");
        assert!(error.starts_with(want.split(" are").next().unwrap_or(want)), "{error}");
    }
}
