//! CPUs by number: the kernel's list syntax, possible and online sets, contexts.

use std::fmt;
use std::str::FromStr;

/// A set of CPU numbers in ascending order, in the kernel's list syntax: `0-3,8`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct CpuList(Vec<u32>);

/// Above every CPU number that a kernel can be built for (`CONFIG_NR_CPUS` is at most 8192).
pub const MAX_CPUS: u32 = 8192;

impl CpuList {
    /// CPUs 0 to `count` - 1.
    pub fn first(count: u32) -> Self {
        Self((0..count).collect())
    }

    /// These CPUs, sorted, without repeats.
    pub fn of(cpus: impl IntoIterator<Item = u32>) -> Self {
        let mut list: Vec<u32> = cpus.into_iter().collect();
        list.sort_unstable();
        list.dedup();
        Self(list)
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// True when there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// In ascending order.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.0.iter().copied()
    }

    /// True when `cpu` is in the set.
    pub fn contains(&self, cpu: u32) -> bool {
        self.rank(cpu).is_some()
    }

    /// The position of `cpu` among the members: the slot of its values.
    #[inline]
    pub fn rank(&self, cpu: u32) -> Option<usize> {
        // Most sets begin with 0 and leave nothing out.
        let here = cpu as usize;
        if self.0.get(here) == Some(&cpu) {
            return Some(here);
        }
        self.0.binary_search(&cpu).ok()
    }
}

impl fmt::Display for CpuList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0.as_slice();
        let mut comma = "";
        while let Some(&first) = rest.first() {
            let run = rest.iter().zip(first..).take_while(|(a, b)| **a == *b).count();
            write!(f, "{comma}{first}")?;
            if run > 1 {
                write!(f, "-{}", first + run as u32 - 1)?;
            }
            rest = &rest[run..];
            comma = ",";
        }
        Ok(())
    }
}

/// The text is not a list of CPUs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotACpuList(String);

impl fmt::Display for NotACpuList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "'{}' is not a list of CPUs below {MAX_CPUS}: write it as in 0-3,8", self.0)
    }
}

impl std::error::Error for NotACpuList {}

impl FromStr for CpuList {
    type Err = NotACpuList;

    fn from_str(text: &str) -> Result<Self, NotACpuList> {
        let bad = || NotACpuList(text.to_owned());
        let number = |part: &str| -> Result<u32, NotACpuList> {
            let number = part.trim().parse().map_err(|_| bad())?;
            if number < MAX_CPUS { Ok(number) } else { Err(bad()) }
        };
        let mut cpus = Vec::new();
        for part in text.split(',') {
            match part.split_once('-') {
                None => cpus.push(number(part)?),
                Some((low, high)) => {
                    let (low, high) = (number(low)?, number(high)?);
                    if low > high {
                        return Err(bad());
                    }
                    cpus.extend(low..=high);
                }
            }
        }
        Ok(Self::of(cpus))
    }
}

/// Which CPUs can exist, and which run now.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Topology {
    /// Every CPU that has a slot in a per-CPU map.
    pub possible: CpuList,
    /// Those that run. A subset of the possible ones.
    pub online: CpuList,
}

impl Topology {
    /// `count` CPUs, all possible and online.
    pub fn all_online(count: u32) -> Self {
        Self { possible: CpuList::first(count), online: CpuList::first(count) }
    }

    /// These CPUs; all of the possible ones run where nothing is said of them.
    ///
    /// # Errors
    /// No CPU is possible, none runs, or one runs that is not possible.
    pub fn new(possible: CpuList, online: Option<CpuList>) -> Result<Self, BadTopology> {
        let online = online.unwrap_or_else(|| possible.clone());
        if possible.is_empty() || online.is_empty() {
            return Err(BadTopology::Empty);
        }
        let strays = CpuList::of(online.iter().filter(|cpu| !possible.contains(*cpu)));
        if strays.is_empty() {
            Ok(Self { possible, online })
        } else {
            Err(BadTopology::NotPossible { strays, possible })
        }
    }

    /// One more than the highest possible CPU number, as the kernel's `nr_cpu_ids`.
    pub fn nr_cpu_ids(&self) -> u32 {
        self.possible.iter().last().map_or(0, |cpu| cpu + 1)
    }
}

/// No machine has these CPUs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BadTopology {
    /// A list without CPUs.
    Empty,
    /// CPUs that run and cannot exist.
    NotPossible {
        /// Those.
        strays: CpuList,
        /// The ones that can.
        possible: CpuList,
    },
}

impl fmt::Display for BadTopology {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BadTopology::Empty => write!(f, "a machine has at least one CPU that runs"),
            BadTopology::NotPossible { strays, possible } => {
                write!(f, "CPU {strays} cannot be online: possible are {possible}")
            }
        }
    }
}

impl std::error::Error for BadTopology {}

/// What a CPU is doing. Higher ones interrupt lower ones on the same CPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ctx {
    /// A process, in a system call or in a program that runs on its behalf.
    Task,
    /// Bottom half.
    Softirq,
    /// Interrupt handler; maskable interrupts are off by entry.
    Hardirq,
    /// Cannot be masked.
    Nmi,
}

impl Ctx {
    /// As written in scenario files.
    pub const fn name(self) -> &'static str {
        match self {
            Ctx::Task => "task",
            Ctx::Softirq => "softirq",
            Ctx::Hardirq => "hardirq",
            Ctx::Nmi => "nmi",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_read_and_print_as_the_kernel_does() {
        for (text, printed) in [("0-3,8", "0-3,8"), ("8,0,1,2,3", "0-3,8"), ("5", "5")] {
            assert_eq!(text.parse::<CpuList>().unwrap().to_string(), printed);
        }
        for bad in ["", "3-1", "a", "0-", "-1", "8192", "0,,1", "1-2-3"] {
            assert!(bad.parse::<CpuList>().is_err(), "{bad}");
        }
        assert_eq!("0-1,8".parse::<CpuList>().unwrap().rank(8), Some(2));
    }

    #[test]
    fn only_possible_cpus_run() {
        let list = |text: &str| text.parse::<CpuList>().unwrap();
        let whole = Topology::new(list("0-3,8"), None).unwrap();
        assert_eq!((whole.online.clone(), whole.nr_cpu_ids()), (whole.possible.clone(), 9));
        assert!(Topology::new(list("0-3,8"), Some(list("8"))).is_ok());
        let bad = Topology::new(list("0-3,8"), Some(list("0,4-5"))).unwrap_err();
        assert_eq!(bad.to_string(), "CPU 4-5 cannot be online: possible are 0-3,8");
        assert_eq!(Topology::new(CpuList::default(), None), Err(BadTopology::Empty));
    }
}
