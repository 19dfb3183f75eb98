//! `bpfsim explain`: which rule of bpf(2) a refused call has broken, and the way out.

use crate::names;
use crate::report::{Failure, Outcome, Report};
use crate::screen::Screen;
use crate::text::{Cell, counted, paint, painted, table};
use bpfsim_abi::{Cause, Errno, cause};
use serde_json::{Value, json};

/// Explain a cause of refusal, or list those of an errno.
#[derive(Debug, clap::Args)]
#[command(after_help = include_str!("help/explain.txt"))]
pub struct Args {
    /// The id of a cause, as in attr-too-long; or an errno, as in EINVAL or 22.
    #[arg(value_name = "CAUSE", required_unless_present = "list")]
    subject: Option<String>,
    /// Every cause, by area.
    #[arg(long, conflicts_with = "subject")]
    list: bool,
    /// As JSON, `bpfsim.causes/1`.
    #[arg(long)]
    json: bool,
}

/// One cause, those of an errno, or all.
pub fn run(args: &Args, screen: &Screen) -> Outcome {
    let subject = args.subject.as_deref().unwrap_or_default();
    let errno = errno(subject);
    let found: Vec<&Cause> = match (cause::by_id(subject), errno) {
        _ if args.list => cause::all().collect(),
        (Some(cause), _) => vec![cause],
        (None, Some(errno)) => cause::by_errno(errno).collect(),
        (None, None) => return Err(unknown(subject)),
    };
    let text = match (args.json, found.as_slice(), errno) {
        (true, found, _) => json_of(found),
        (false, [cause], None) if !args.list => one(cause, screen),
        (false, found, Some(errno)) => of_errno(errno, found, screen),
        (false, found, None) => list(found, screen),
    };
    Ok(Report::good(text))
}

/// `EINVAL`, `einval` or `22`.
fn errno(text: &str) -> Option<Errno> {
    let by_name = Errno::ALL.iter().find(|errno| errno.name().eq_ignore_ascii_case(text));
    by_name.copied().or_else(|| Errno::from_number(text.parse().ok()?))
}

fn unknown(subject: &str) -> Failure {
    let ids = cause::all().map(|cause| cause.id);
    let known: Vec<&str> = ids.chain(Errno::ALL.iter().map(|errno| errno.name())).collect();
    let near = names::near(subject, &known);
    let guess = near.map_or_else(String::new, |name| format!("did you mean '{name}'? "));
    Failure::new(subject, format!("no cause and no errno; {guess}'bpfsim explain --list' has all"))
}

/// `E2BIG`, or `EINVAL, from v5.8 on EPERM`.
fn errnos(cause: &Cause) -> String {
    let mut text = format!("{} ({})", cause.errno, cause.errno.text());
    for (since, errno) in cause.later {
        text += &format!(", from {since} on {errno} ({})", errno.text());
    }
    text
}

fn one(cause: &Cause, screen: &Screen) -> String {
    let source = format!("{}, {}", cause.file, cause.function);
    let rows = [
        ("errno", errnos(cause)),
        ("calls", cause.calls.to_owned()),
        ("field", cause.field.unwrap_or("none").to_owned()),
        ("rule", cause.rule.to_owned()),
        ("releases", cause.span.to_string()),
        ("way out", cause.avoid.to_owned()),
        ("source", source),
    ];
    let rows: Vec<Vec<Cell>> = rows
        .into_iter()
        .map(|(head, text)| vec![Cell::painted(paint::FAINT, head), Cell::plain(text)])
        .collect();
    format!("{}\n{}", painted(paint::HEAD, cause.id), table(&rows, 2, screen.width))
}

fn of_errno(errno: Errno, found: &[&Cause], screen: &Screen) -> String {
    let head = format!("{errno} ({}), {}", errno.text(), errno.number());
    let head = painted(paint::HEAD, &head);
    format!("{head}: {}\n{}", counted(found.len(), "cause"), list(found, screen))
}

/// A line or two for each, under a heading for each set of calls.
fn list(found: &[&Cause], screen: &Screen) -> String {
    let mut text = String::new();
    let mut rest = found;
    while let Some(first) = rest.first() {
        let many = rest.iter().take_while(|cause| cause.calls == first.calls).count();
        let rows: Vec<Vec<Cell>> = rest[..many].iter().map(|cause| row(cause)).collect();
        text +=
            &format!("\n{}\n{}", painted(paint::HEAD, first.calls), table(&rows, 2, screen.width));
        rest = &rest[many..];
    }
    text.trim_start_matches('\n').to_owned()
}

fn row(cause: &Cause) -> Vec<Cell> {
    let errnos: Vec<&str> = cause.errnos().map(Errno::name).collect();
    let field = cause.field.unwrap_or("");
    vec![
        Cell::plain(cause.id),
        Cell::painted(paint::FAINT, errnos.join(", ")),
        Cell::painted(paint::FAINT, cause.span.to_string()),
        Cell::plain(field),
    ]
}

fn json_of(found: &[&Cause]) -> String {
    let causes: Vec<Value> = found.iter().map(|cause| value(cause)).collect();
    format!("{:#}\n", json!({ "schema": "bpfsim.causes/1", "causes": causes }))
}

fn value(cause: &Cause) -> Value {
    let later = cause
        .later
        .iter()
        .map(|(since, errno)| json!({ "since": since.to_string(), "errno": errno.name() }));
    json!({
        "id": cause.id,
        "errno": cause.errno.name(),
        "later": later.collect::<Vec<_>>(),
        "calls": cause.calls,
        "field": cause.field,
        "rule": cause.rule,
        "since": cause.span.since.to_string(),
        "until": cause.span.until.map(|until| until.to_string()),
        "avoid": cause.avoid,
        "source": { "file": cause.file, "function": cause.function },
    })
}
