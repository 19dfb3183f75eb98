//! Sets of CPUs: a number, a list, or the kernel's cpulist.

use super::node::Node;
use super::problem::Log;

/// CPU numbers end here: `NR_CPUS` of the largest x86-64 configuration.
pub(crate) const MAX_CPUS: u32 = 8192;

/// The kernel's cpulist, as in `0-3,8`. `cpus` is ascending.
pub fn cpulist(cpus: &[u32]) -> String {
    let mut parts: Vec<(u32, u32)> = vec![];
    for &cpu in cpus {
        match parts.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(cpu) => *last = cpu,
            _ => parts.push((cpu, cpu)),
        }
    }
    let show = |(first, last): &(u32, u32)| match first == last {
        true => first.to_string(),
        false => format!("{first}-{last}"),
    };
    parts.iter().map(show).collect::<Vec<_>>().join(",")
}

/// Reads a set of CPUs: N is 0 to N-1, a list is itself, a string is a cpulist.
pub(crate) fn cpu_set(node: &Node, log: &mut Log) -> Option<Vec<u32>> {
    if node.is_integer() {
        return Some((0..node.u32(log, 1..=MAX_CPUS)?).collect());
    }
    let mut cpus = if node.is_array() {
        let items = node.items(log)?;
        let numbers = items.iter().map(|item| item.u32(log, 0..=MAX_CPUS - 1));
        numbers.collect::<Vec<_>>().into_iter().collect::<Option<Vec<u32>>>()?
    } else if let Some(text) = node.as_str() {
        let Some(cpus) = read_cpulist(text) else {
            let help = format!("write ranges below {MAX_CPUS}, as in \"0-3,8\"");
            node.bad(log, "no list of CPUs", help);
            return None;
        };
        cpus
    } else {
        node.bad(log, "no set of CPUs", "write a number, a list as [0, 2], or \"0-3,8\"");
        return None;
    };
    cpus.sort_unstable();
    if let Some(pair) = cpus.windows(2).find(|pair| pair[0] == pair[1]) {
        node.bad(log, format!("CPU {} twice", pair[0]), "name each CPU once");
        return None;
    }
    if cpus.is_empty() {
        node.bad(log, "no CPU at all", "name at least one");
        return None;
    }
    Some(cpus)
}

fn read_cpulist(text: &str) -> Option<Vec<u32>> {
    let number = |digits: &str| -> Option<u32> {
        let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        digits.parse().ok().filter(|&cpu| plain && cpu < MAX_CPUS)
    };
    let mut cpus = vec![];
    for part in text.trim().split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (number(first)?, number(last)?);
        if first > last || cpus.len() > MAX_CPUS as usize {
            return None;
        }
        cpus.extend(first..=last);
    }
    Some(cpus)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::one("0", Some(&[0][..]))]
    #[case::range("0-3", Some(&[0, 1, 2, 3][..]))]
    #[case::sparse("0-1,8", Some(&[0, 1, 8][..]))]
    #[case::empty("", None)]
    #[case::backwards("3-0", None)]
    #[case::open("0-", None)]
    #[case::too_large("0-8192", None)]
    #[case::sign("+1", None)]
    #[case::blank_inside("0, 1", None)]
    fn reads_what_the_kernel_prints(#[case] text: &str, #[case] cpus: Option<&[u32]>) {
        assert_eq!(read_cpulist(text).as_deref(), cpus);
        if let Some(cpus) = cpus {
            assert_eq!(cpulist(cpus), text);
        }
    }
}
