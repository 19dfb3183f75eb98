//! Layouts in lines: the declaration on the left, offset and size in a comment on the right.

use super::World;
use super::tree::{self, Node, Slot};
use crate::text::{paint, painted, width};
use bpfsim_abi::layout::Field;
use bpfsim_abi::sizes;

/// A line before its comment is aligned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    left: String,
    comment: String,
    /// Added by a series: the note about it.
    added: Option<String>,
}

impl Line {
    /// A line at the margin.
    pub fn open(text: &str) -> Self {
        Self::text(0, text)
    }

    /// An empty line.
    pub fn blank() -> Self {
        Self::text(0, "")
    }

    /// A line without a comment.
    pub fn text(depth: usize, text: impl AsRef<str>) -> Self {
        let left = format!("{}{}", indent(depth), text.as_ref());
        Self { left, comment: String::new(), added: None }
    }
}

fn indent(depth: usize) -> String {
    "    ".repeat(depth)
}

/// Offset and size stand in one column. Where a series adds anything there is a margin, as in a
/// patch, with a plus for what it adds.
pub fn align(lines: &[Line]) -> String {
    let commented = lines.iter().filter(|line| !line.comment.is_empty());
    let column = commented.map(|line| width(&line.left)).max().unwrap_or(0) + 2;
    let margin = if lines.iter().any(|line| line.added.is_some()) { "  " } else { "" };
    let mut text = String::new();
    for line in lines {
        let gap = match line.comment.as_str() {
            "" => String::new(),
            _ => " ".repeat(column - width(&line.left)),
        };
        let (left, comment) = (&line.left, &line.comment);
        let line = match &line.added {
            Some(note) => painted(paint::GOOD, &format!("+ {left}{gap}{comment}  {note}")),
            None if comment.is_empty() && left.trim_start().starts_with("/*") => {
                format!("{margin}{}", painted(paint::FAINT, left))
            }
            None => format!("{margin}{left}{gap}{}", painted(paint::FAINT, comment)),
        };
        text += line.trim_end();
        text.push('\n');
    }
    text
}

/// What a struct's last line says.
#[derive(Default)]
struct Tally {
    members: usize,
    holes: usize,
    hole_bytes: u32,
}

/// An arm of `union bpf_attr` (`bpf_attr.NAME`), or an info struct.
pub fn container(name: &str, fields: &[Field], depth: usize, world: &World) -> Vec<Line> {
    let arm = name.strip_prefix("bpf_attr.");
    let mut lines = commands(name, depth, world);
    let named = arm.is_none_or(|arm| arm.chars().any(char::is_lowercase));
    match arm {
        Some(arm) if named => lines.push(Line::text(depth, format!("struct {{  /* {arm} */"))),
        Some(arm) => lines.push(Line::text(depth, format!("struct {{  /* {arm}, no name */"))),
        None => lines.push(Line::text(depth, format!("struct {name} {{"))),
    }
    let nodes = tree::nodes(fields);
    let mut tally = Tally::default();
    members(&mut lines, &nodes, 0, depth + 1, &mut tally, world);
    lines.push(Line::blank());
    lines.push(Line::text(depth + 1, summary(name, &nodes, &tally, world)));
    let end = arm.filter(|_| named).unwrap_or("");
    lines.push(Line::text(depth, format!("}} {end}").trim_end().to_owned() + ";"));
    lines
}

/// The commands that take the arm, and how far CHECK_ATTR lets each go.
fn commands(name: &str, depth: usize, world: &World) -> Vec<Line> {
    let commands = world.commands(name);
    let widest = commands.iter().map(|(_, name, ..)| width(name)).max().unwrap_or(0);
    let line = |(number, name, end, added): (u32, &str, u32, Option<String>)| {
        let text = format!("/* {number:>2} {name:widest$}  zero from byte {end:>3} */");
        let mut line = Line::text(depth, text);
        line.added = added;
        line
    };
    commands.into_iter().map(line).collect()
}

fn summary(name: &str, nodes: &[Node], tally: &Tally, world: &World) -> String {
    let end = nodes.iter().map(Node::end).max().unwrap_or(0);
    let size = sizes::size_of(&format!("struct {name}"), world.release);
    let size = size.unwrap_or_else(|| end.next_multiple_of(tree::alignment(nodes)));
    let mut text = format!("/* size: {size}, members: {}", tally.members);
    if tally.holes > 0 {
        text += &format!(", holes: {}, sum holes: {}", tally.holes, tally.hole_bytes);
    }
    if size > end {
        text += &format!(", padding: {}", size - end);
    }
    text + " */"
}

/// The members of a struct that starts at byte `at`.
fn members(
    lines: &mut Vec<Line>,
    nodes: &[Node],
    mut at: u32,
    depth: usize,
    tally: &mut Tally,
    world: &World,
) {
    for slot in tree::slots(nodes) {
        let (start, end) = span(&slot);
        if start > at {
            tally.holes += 1;
            tally.hole_bytes += start - at;
            lines.push(Line::text(depth, format!("/* hole of {} bytes */", start - at)));
        }
        match &slot {
            Slot::One(node) => member(lines, node, depth, tally, world),
            Slot::Union(arms) => {
                lines.push(Line::text(depth, "union {"));
                for arm in arms {
                    alternative(lines, arm, depth + 1, tally, world);
                }
                lines.push(Line::text(depth, "};"));
            }
        }
        at = end;
    }
}

fn span(slot: &Slot) -> (u32, u32) {
    let nodes: Vec<&Node> = match slot {
        Slot::One(node) => vec![node],
        Slot::Union(arms) => arms.iter().flatten().collect(),
    };
    let start = nodes.iter().map(|node| node.start()).min().unwrap_or(0);
    (start, nodes.iter().map(|node| node.end()).max().unwrap_or(0))
}

fn alternative(
    lines: &mut Vec<Line>,
    arm: &[Node],
    depth: usize,
    tally: &mut Tally,
    world: &World,
) {
    match arm {
        [node] => member(lines, node, depth, tally, world),
        nodes => {
            let start = nodes.iter().map(Node::start).min().unwrap_or(0);
            lines.push(Line::text(depth, "struct {"));
            members(lines, nodes, start, depth + 1, tally, world);
            lines.push(Line::text(depth, "};"));
        }
    }
}

fn member(lines: &mut Vec<Line>, node: &Node, depth: usize, tally: &mut Tally, world: &World) {
    match node {
        Node::Field(field) => {
            tally.members += 1;
            lines.push(declaration(field, depth, world));
        }
        Node::Struct(name, nodes) => {
            lines.push(Line::text(depth, "struct {"));
            members(lines, nodes, node.start(), depth + 1, tally, world);
            lines.push(Line::text(depth, format!("}} {name};")));
        }
    }
}

fn declaration(field: &Field, depth: usize, world: &World) -> Line {
    let (ctype, array) = match field.ctype.find('[') {
        Some(at) => field.ctype.split_at(at),
        None => (field.ctype, ""),
    };
    let added = world.extras().into_iter().find(|extra| extra.field == *field);
    Line {
        left: format!("{}{ctype:<5}  {}{array};", indent(depth), field.name),
        comment: format!("/* {:>4} {:>4} */", field.offset, field.size),
        added: added.map(|extra| extra.note),
    }
}
