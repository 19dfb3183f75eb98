//! Near misses: the name that somebody meant.

/// The candidate nearest to `name`, if it is near enough to be a slip of the pen: at most a third
/// of the letters changed, swapped, added or left out.
pub(crate) fn nearest<'a>(name: &str, candidates: &[&'a str]) -> Option<&'a str> {
    let limit = 1 + name.chars().count().min(64) / 4;
    candidates
        .iter()
        .map(|candidate| (distance(name, candidate), *candidate))
        .filter(|(far, candidate)| *far <= limit && *far < candidate.chars().count())
        .min_by_key(|(far, _)| *far)
        .map(|(_, candidate)| candidate)
}

/// The way out of a wrong name: the near miss, and all there is.
pub(crate) fn way_out(name: &str, candidates: &[&str]) -> String {
    if candidates.is_empty() {
        return "none is declared".to_owned();
    }
    let all = candidates.join(", ");
    match nearest(name, candidates) {
        Some(near) if candidates.len() > 12 => format!("did you mean '{near}'?"),
        Some(near) => format!("did you mean '{near}'? (there are: {all})"),
        None if candidates.len() == 1 => format!("write {all}"),
        None => format!("write one of {all}"),
    }
}

/// Edit distance with swaps of neighbours; upper and lower case, `-` and `_` are the same.
fn distance(a: &str, b: &str) -> usize {
    let fold = |text: &str| -> Vec<char> {
        let same = |c: char| if c == '_' { '-' } else { c.to_ascii_lowercase() };
        text.chars().take(64).map(same).collect()
    };
    let (a, b) = (fold(a), fold(b));
    let mut before: Vec<usize> = vec![];
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let differs = usize::from(a[i - 1] != b[j - 1]);
            let mut best = (last[j] + 1).min(row[j - 1] + 1).min(last[j - 1] + differs);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(before[j - 2] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::left_out("posible", Some("possible"))]
    #[case::swapped("onlien", Some("online"))]
    #[case::added("preeempt", Some("preempt"))]
    #[case::case_only("ONLINE", Some("online"))]
    #[case::far("colour", None)]
    #[case::empty("", None)]
    fn finds_slips(#[case] name: &str, #[case] near: Option<&str>) {
        assert_eq!(nearest(name, &["possible", "online", "preempt"]), near);
    }

    #[test]
    fn an_empty_list_is_said_to_be_empty() {
        assert_eq!(way_out("x", &[]), "none is declared");
        assert_eq!(
            way_out("lokup", &["lookup", "next"]).split('?').next(),
            Some("did you mean 'lookup'")
        );
    }
}
