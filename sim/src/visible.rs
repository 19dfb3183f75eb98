//! Which accesses are steps: those to a location that some frame writes and another can touch.
//!
//! Nobody declares this. An exploration records what each actor touched without a step; where that
//! turns out to be shared, the location becomes visible and the exploration starts again, until
//! nothing new appears.

use crate::gate::Step;
use crate::memory::{Memory, Place, Region, RegionId};

/// What kind of memory a word is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Bytes of a value.
    Value,
    /// A link, a free list, a key: what a map is built of.
    Link,
    /// A lock.
    Lock,
}

/// Words that become visible together: the slot of a value, or a single word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Granule {
    /// First word within the region.
    pub first: u32,
    /// How many words.
    pub words: u32,
    /// Their kind.
    pub kind: Kind,
}

/// The locations that count as steps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Visible {
    /// By region, a bit per word.
    words: Vec<Vec<u64>>,
    /// Some frame changes what maps are built of, so that links and locks count.
    pub structure: bool,
    /// Somebody takes a lock, so that a frame may have to wait for one.
    pub locks: bool,
    /// By CPU rank: interrupts may arrive there, so that masking them within an op counts.
    pub masks: Vec<bool>,
    /// Some unit shows no step, and runs as soon as it may.
    pub silent: bool,
    /// By slot and unit: it has shown a step.
    pub steps: Vec<Vec<bool>>,
}

impl Visible {
    /// Nothing is visible yet.
    pub fn nothing(cpus: usize) -> Self {
        Self { masks: vec![false; cpus], silent: true, ..Self::default() }
    }

    /// True when `step`, taken inside a frame on CPU `cpu`, is one that another CPU can see.
    #[inline]
    pub fn shows(&self, step: Step, cpu: u32) -> bool {
        match step {
            Step::Load { at, .. } | Step::Store { at, .. } | Step::Atomic { at, .. } => self.at(at),
            Step::Lock(at) | Step::Unlock(at) => self.at(at),
            Step::IrqOff | Step::IrqOn => self.masks.get(cpu as usize).copied().unwrap_or(true),
            Step::SendIpi(_) | Step::Wake | Step::Hotplug(..) => true,
        }
    }

    #[inline]
    fn at(&self, at: Place) -> bool {
        let word = (at.offset() >> 3) as usize;
        self.words
            .get(at.region().0.wrapping_sub(1) as usize)
            .and_then(|bits| bits.get(word >> 6))
            .is_some_and(|bits| bits >> (word & 63) & 1 != 0)
    }

    fn set(&mut self, region: usize, granule: Granule) -> bool {
        if self.words.len() <= region {
            self.words.resize(region + 1, Vec::new());
        }
        let bits = &mut self.words[region];
        let end = (granule.first + granule.words) as usize;
        bits.resize(bits.len().max(end.div_ceil(64)), 0);
        let mut new = false;
        for word in granule.first as usize..end {
            new |= bits[word >> 6] >> (word & 63) & 1 == 0;
            bits[word >> 6] |= 1 << (word & 63);
        }
        new
    }

    /// True when this unit of this slot has shown a step so far.
    pub fn has_steps(&self, slot: usize, unit: u16) -> bool {
        self.steps.get(slot).and_then(|units| units.get(usize::from(unit))).copied() == Some(true)
    }

    /// Notes that it has; true when that is news.
    pub fn note_steps(&mut self, slot: usize, unit: u16) -> bool {
        if self.steps.len() <= slot {
            self.steps.resize(slot + 1, Vec::new());
        }
        let units = &mut self.steps[slot];
        if units.len() <= usize::from(unit) {
            units.resize(usize::from(unit) + 1, false);
        }
        !std::mem::replace(&mut units[usize::from(unit)], true)
    }
}

/// Who touched which word, as far as it was seen.
#[derive(Clone, Debug, Default)]
pub struct Touched {
    words: Vec<Vec<(u64, u64)>>,
    interrupted: u64,
    locked: bool,
}

impl Touched {
    /// Nothing touched yet, in this memory.
    pub fn nothing(memory: &Memory) -> Self {
        let len = |r: &Region| if r.is_private() { 0 } else { r.words().len() };
        Self {
            words: memory.regions().map(|(_, r)| vec![(0, 0); len(r)]).collect(),
            interrupted: 0,
            locked: false,
        }
    }

    /// Notes one access by `actor`.
    #[inline]
    pub fn note(&mut self, step: Step, actor: u8) {
        self.locked |= matches!(step, Step::Lock(_));
        let Some((at, bytes)) = step.place() else { return };
        let region = at.region().0.wrapping_sub(1) as usize;
        let Some(words) = self.words.get_mut(region) else { return };
        let last = (at.offset().saturating_add(bytes - 1) >> 3) as usize;
        let Some(words) = words.get_mut((at.offset() >> 3) as usize..=last) else { return };
        for word in words {
            word.0 |= 1 << actor;
            word.1 |= u64::from(step.writes()) << actor;
        }
    }

    /// Notes a visible step: its memory is known to be shared, an interrupt may be news.
    pub fn note_step(&mut self, step: Step, actor: u8) {
        if let Step::SendIpi(cpu) = step {
            self.interrupted |= 1 << cpu;
        }
        self.note(step, actor);
    }

    /// Makes visible what has turned out to be shared; true when anything is new.
    /// `granule` says which words go together; `interrupts` where interrupts arrive anyway.
    pub fn reveal(
        &self,
        visible: &mut Visible,
        granule: impl Fn(Place) -> Granule,
        interrupts: impl Fn(u32) -> bool,
    ) -> bool {
        let mut new = false;
        for cpu in 0..visible.masks.len() {
            let may = self.interrupted >> cpu & 1 != 0 || interrupts(cpu as u32);
            new |= may && !std::mem::replace(&mut visible.masks[cpu], may);
        }
        new |= self.locked && !std::mem::replace(&mut visible.locks, self.locked);
        let granules = self.granules(granule);
        let structure = granules.iter().any(|g| g.1.kind == Kind::Link && g.3 != 0);
        new |= structure && !std::mem::replace(&mut visible.structure, structure);
        for (region, granule, touchers, writers) in granules {
            let shared = writers != 0 && (touchers.count_ones() > 1 || writers.count_ones() > 1);
            if shared && (granule.kind == Kind::Value || visible.structure) {
                new |= visible.set(region, granule);
            }
        }
        new
    }

    /// Touched words by granule: region, granule, who touched it, who wrote it.
    fn granules(&self, granule: impl Fn(Place) -> Granule) -> Vec<(usize, Granule, u64, u64)> {
        let mut all: Vec<(usize, Granule, u64, u64)> = Vec::new();
        for (region, words) in self.words.iter().enumerate() {
            for (word, (touchers, writers)) in words.iter().enumerate().filter(|(_, w)| w.0 != 0) {
                let id = RegionId(region as u32 + 1);
                let found = granule(Place::new(id, word as u32 * 8));
                match all.iter_mut().find(|(r, g, ..)| *r == region && g.first == found.first) {
                    Some(known) => {
                        known.2 |= touchers;
                        known.3 |= writers;
                    }
                    None => all.push((region, found, *touchers, *writers)),
                }
            }
        }
        all
    }
}
