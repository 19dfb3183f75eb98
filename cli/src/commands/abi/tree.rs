//! Fields by offset, put back into the structs and unions that they came from.
//!
//! The table has dotted names for members of named structs, and equal offsets for members of a
//! union. Everything that overlaps is one union; inside it, members of one struct stay together.
//! Offsets and sizes are the table's; how anonymous structs nest is inferred from what overlaps.

use bpfsim_abi::layout::Field;

/// A field, or a named struct in the arm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    /// A field; its name without what stands before the last dot.
    Field(Field),
    /// A struct, named by what stands before a dot.
    Struct(String, Vec<Node>),
}

/// What stands in one place of a struct.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Slot {
    /// One thing.
    One(Node),
    /// Alternatives; each is a run of nodes that do not overlap.
    Union(Vec<Vec<Node>>),
}

impl Node {
    /// First byte.
    pub fn start(&self) -> u32 {
        match self {
            Node::Field(field) => field.offset,
            Node::Struct(_, members) => members.iter().map(Node::start).min().unwrap_or(0),
        }
    }

    /// First byte after it.
    pub fn end(&self) -> u32 {
        match self {
            Node::Field(field) => field.end(),
            Node::Struct(_, members) => members.iter().map(Node::end).max().unwrap_or(0),
        }
    }
}

/// Groups fields by what stands before their dots.
pub fn nodes(fields: &[Field]) -> Vec<Node> {
    grow(&fields.iter().map(|field| (field.name, *field)).collect::<Vec<_>>())
}

fn grow(fields: &[(&'static str, Field)]) -> Vec<Node> {
    let mut nodes: Vec<Node> = vec![];
    let mut seen: Vec<&str> = vec![];
    for (name, field) in fields {
        let Some((group, _)) = name.split_once('.') else {
            nodes.push(Node::Field(Field { name, ..*field }));
            continue;
        };
        if seen.contains(&group) {
            continue;
        }
        seen.push(group);
        let members = fields.iter().filter_map(|(name, field)| {
            let rest = name.strip_prefix(group)?.strip_prefix('.')?;
            Some((rest, *field))
        });
        nodes.push(Node::Struct(group.to_owned(), grow(&members.collect::<Vec<_>>())));
    }
    nodes
}

/// The slots of a struct, by offset.
pub fn slots(nodes: &[Node]) -> Vec<Slot> {
    let mut by_offset: Vec<(usize, &Node)> = nodes.iter().enumerate().collect();
    by_offset.sort_by_key(|(at, node)| (node.start(), *at));
    let mut clusters: Vec<(u32, Vec<(usize, &Node)>)> = vec![];
    for (at, node) in by_offset {
        match clusters.last_mut() {
            Some((end, cluster)) if node.start() < *end => {
                *end = node.end().max(*end);
                cluster.push((at, node));
            }
            Some(_) | None => clusters.push((node.end(), vec![(at, node)])),
        }
    }
    clusters.into_iter().map(|(_, cluster)| slot(cluster)).collect()
}

/// A union's alternatives in the order of the table. A field joins the one before when it follows
/// it; a named struct is an alternative of its own.
fn slot(mut cluster: Vec<(usize, &Node)>) -> Slot {
    if let [(_, node)] = cluster[..] {
        return Slot::One(node.clone());
    }
    cluster.sort_by_key(|(at, _)| *at);
    let mut arms: Vec<Vec<Node>> = vec![];
    for (_, node) in cluster {
        let follows = |arm: &&mut Vec<Node>| {
            let fields = arm.iter().all(|other| matches!(other, Node::Field(_)));
            fields && arm.iter().all(|other| other.end() <= node.start())
        };
        match (node, arms.last_mut().filter(follows)) {
            (Node::Field(_), Some(arm)) => arm.push(node.clone()),
            (Node::Field(_) | Node::Struct(..), _) => arms.push(vec![node.clone()]),
        }
    }
    Slot::Union(arms)
}

/// What the compiler aligns a struct to: its largest scalar, at most eight bytes.
pub fn alignment(nodes: &[Node]) -> u32 {
    let align = |node: &Node| match node {
        Node::Field(field) => element_size(field),
        Node::Struct(_, members) => alignment(members),
    };
    nodes.iter().map(align).max().unwrap_or(1)
}

/// In bytes; of an array, of one element.
pub fn element_size(field: &Field) -> u32 {
    let count = field.ctype.split_once('[').and_then(|(_, rest)| rest.strip_suffix(']'));
    field.size / count.and_then(|count| count.parse().ok()).unwrap_or(1).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bpfsim_abi::Release;

    fn field(name: &'static str, offset: u32, size: u32) -> Field {
        let since = Release::new(4, 4);
        Field { container: "test", name, offset, size, ctype: "__u32", since }
    }

    #[test]
    fn equal_offsets_are_a_union() {
        let nodes = nodes(&[field("fd", 0, 4), field("value", 8, 8), field("next", 8, 8)]);
        let slots = slots(&nodes);
        assert_eq!(slots[0], Slot::One(nodes[0].clone()));
        assert_eq!(slots[1], Slot::Union(vec![vec![nodes[1].clone()], vec![nodes[2].clone()]]));
    }

    #[test]
    fn a_field_that_follows_stays_in_its_struct() {
        let fields =
            [("info", 16, 8), ("info_len", 24, 4), ("id", 16, 4), ("multi.cookies", 16, 16)];
        let nodes = nodes(&fields.map(|(name, offset, size)| field(name, offset, size)));
        let slots = slots(&nodes);
        let [Slot::Union(arms)] = &slots[..] else { panic!("one union") };
        assert_eq!(arms.iter().map(Vec::len).collect::<Vec<_>>(), [2, 1, 1]);
    }

    #[test]
    fn dots_nest() {
        let nodes = nodes(&[field("a.x", 0, 4), field("b.x", 0, 4), field("a.c.y", 4, 4)]);
        let Node::Struct(name, members) = &nodes[0] else { panic!("a struct") };
        assert_eq!((name.as_str(), members.len()), ("a", 2));
        assert_eq!((nodes[0].start(), nodes[0].end()), (0, 8));
    }
}
