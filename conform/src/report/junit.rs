//! JUnit XML: one suite of test cases.

use super::totals;
use crate::run::{Outcome, Verdict};

/// A document with one `testsuite`; the class of a case is its file.
pub fn junit(target: &str, outcomes: &[Outcome]) -> String {
    let totals = totals(outcomes);
    let mut xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite \
         name=\"bpfsim conform {}\" tests=\"{}\" failures=\"{}\" errors=\"0\" skipped=\"{}\">\n",
        escaped(target),
        outcomes.len(),
        totals.failed,
        totals.skipped
    );
    for outcome in outcomes {
        let class = outcome.file.strip_suffix(".case").unwrap_or(&outcome.file);
        let name = outcome.id.strip_prefix(class).unwrap_or(&outcome.id);
        let name = name.trim_start_matches('/');
        xml +=
            &format!("    <testcase classname=\"{}\" name=\"{}\"", escaped(class), escaped(name));
        xml += &match &outcome.verdict {
            Verdict::Passed => "/>\n".to_owned(),
            Verdict::Failed { line, what } => format!(
                "><failure message=\"{}\">{}:{line}</failure></testcase>\n",
                escaped(what),
                escaped(&outcome.file)
            ),
            Verdict::Skipped(why) => {
                format!("><skipped message=\"{}\"/></testcase>\n", escaped(why))
            }
        };
    }
    xml + "  </testsuite>\n</testsuites>\n"
}

fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        match c {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '"' => escaped += "&quot;",
            // XML 1.0 has no other control characters.
            c if c < ' ' && !"\t\n\r".contains(c) => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}
