//! `bpfsim series diff`: two columns, a minus where only A has it, a plus where only B has.

use super::describe::{Item, Section, sections};
use crate::screen::Screen;
use crate::text::{paint, painted, width, wrap};
use anstyle::Style;
use bpfsim_maps::Series;

/// An item of A, of B, or of both, side by side.
type Pair<'a> = (Option<&'a Item>, Option<&'a Item>);

/// Every section, both sides.
pub fn text(a: &'static Series, b: &'static Series, screen: &Screen) -> String {
    let side = (screen.width - 3) / 2;
    let mut text = String::new();
    text += &line((paint::BAD, &format!("--- {}", a.name)), (paint::GOOD, &heading(b)), side);
    for (left, right) in sections(a).iter().zip(&sections(b)) {
        text += &section(left, right, side);
    }
    text
}

fn heading(b: &Series) -> String {
    format!("+++ {}", b.name)
}

fn section(left: &Section, right: &Section, side: usize) -> String {
    if left.items.is_empty() && right.items.is_empty() {
        return String::new();
    }
    let mut text = String::new();
    let title = format!("@@ {} @@", left.title);
    text += &format!("{}\n", painted(paint::HEAD, &title));
    for pair in pairs(&left.items, &right.items) {
        text += &rows(pair, side);
    }
    text
}

/// Keeps the order of A; what only B has comes beside what only A has, or at the end.
fn pairs<'a>(left: &'a [Item], right: &'a [Item]) -> Vec<Pair<'a>> {
    let mut rest: Vec<Option<&Item>> = right.iter().map(Some).collect();
    let mut take = |wanted: &dyn Fn(&Item) -> bool| {
        rest.iter_mut().find(|item| item.is_some_and(wanted)).and_then(Option::take)
    };
    let mut pairs: Vec<Pair> = left.iter().map(|item| (Some(item), None)).collect();
    let same: [fn(&Item, &Item) -> bool; 3] = [
        |a, b| (&a.number, &a.name, &a.text) == (&b.number, &b.name, &b.text),
        |a, b| !a.name.is_empty() && a.name == b.name,
        |a, b| !a.number.is_empty() && a.number == b.number,
    ];
    for same in same {
        for (item, partner) in &mut pairs {
            if let (Some(item), None) = (*item, *partner) {
                *partner = take(&|other| same(item, other));
            }
        }
    }
    for (_, partner) in &mut pairs {
        if partner.is_none() {
            *partner = take(&|_| true);
        }
    }
    pairs.extend(rest.into_iter().flatten().map(|item| (None, Some(item))));
    pairs
}

fn unchanged(a: &Item, b: &Item) -> bool {
    (&a.number, &a.name, &a.text) == (&b.number, &b.name, &b.text)
}

fn rows((a, b): Pair<'_>, side: usize) -> String {
    let both = matches!((a, b), (Some(a), Some(b)) if unchanged(a, b));
    let (minus, plus) = if both { (' ', ' ') } else { ('-', '+') };
    let (left, right) = (block(a, minus, side), block(b, plus, side));
    let style = |style: Style| if both { paint::PLAIN } else { style };
    let (red, green) = (style(paint::BAD), style(paint::GOOD));
    let empty = String::new();
    (0..left.len().max(right.len()))
        .map(|row| {
            let left = left.get(row).unwrap_or(&empty);
            let right = right.get(row).unwrap_or(&empty);
            line((red, left), (green, right), side)
        })
        .collect()
}

/// The lines of one item: number and name first, the words below or behind.
fn block(item: Option<&Item>, mark: char, side: usize) -> Vec<String> {
    let Some(item) = item else { return vec![] };
    let mut head = [item.number.as_str(), item.name.as_str()].join(" ").trim().to_owned();
    let text = format!("{} {}", item.text, item.note());
    let text = text.trim();
    let most = side.saturating_sub(2);
    let mut lines = vec![];
    if item.number.is_empty() {
        if !head.is_empty() {
            head += ": ";
        }
        lines.extend(hanging(&format!("{head}{text}"), most));
    } else if width(&head) + 2 + width(text) <= most || text.is_empty() {
        lines.push(format!("{head}  {text}").trim_end().to_owned());
    } else {
        lines.push(head);
        lines.extend(wrap(text, most.saturating_sub(4)).iter().map(|line| format!("    {line}")));
    }
    let marked = lines.iter().map(|line| format!("{mark} {line}"));
    marked.collect()
}

/// Wrapped, with every line after the first set in.
fn hanging(text: &str, most: usize) -> Vec<String> {
    let lines = wrap(text, most.saturating_sub(2));
    let set_in = |(at, line)| if at == 0 { line } else { format!("  {line}") };
    lines.into_iter().enumerate().map(set_in).collect()
}

fn line((red, left): (Style, &str), (green, right): (Style, &str), side: usize) -> String {
    let gap = " ".repeat((side + 3).saturating_sub(width(left)));
    let text = format!("{}{gap}{}", painted(red, left), painted(green, right));
    format!("{}\n", text.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;
    use bpfsim_maps::series::Tag;

    fn item(number: &str, name: &str) -> Item {
        Item { number: number.into(), name: name.into(), text: String::new(), tag: Tag::Seen }
    }

    #[test]
    fn same_items_pair_then_numbers_then_what_is_left() {
        let left = [item("8", "a"), item("9", "b"), item("10", "same")];
        let right = [item("10", "same"), item("9", "c"), item("11", "d"), item("12", "e")];
        let names: Vec<_> = pairs(&left, &right)
            .iter()
            .map(|(a, b)| {
                (a.map_or("", |item| item.name.as_str()), b.map_or("", |item| item.name.as_str()))
            })
            .collect();
        assert_eq!(names, [("a", "d"), ("b", "c"), ("same", "same"), ("", "e")]);
    }

    #[test]
    fn the_other_side_stays_empty_where_there_is_no_partner() {
        let item = item("8", "a");
        let plain = |pair: Pair<'_>| anstream::adapter::strip_str(&rows(pair, 20)).to_string();
        assert_eq!(plain((Some(&item), None)), "- 8 a\n");
        assert_eq!(plain((None, Some(&item))), format!("{:23}+ 8 a\n", ""));
    }
}
