//! Makes a failing sequence small: calls go first, then what is in them.

use crate::make::create;
use crate::step::{Call, Image, Step, What};

/// The smallest sequence found that still fails, within `budget` trials.
pub fn shrink(steps: Vec<Step>, fails: &mut dyn FnMut(&[Step]) -> bool, budget: u32) -> Vec<Step> {
    let mut work = Work { steps, fails, left: budget };
    work.drop_steps();
    while work.left > 0 && (work.simplify() | work.drop_one_by_one()) {}
    work.steps
}

struct Work<'a> {
    steps: Vec<Step>,
    fails: &'a mut dyn FnMut(&[Step]) -> bool,
    left: u32,
}

impl Work<'_> {
    /// Keeps a candidate that still fails.
    fn keep(&mut self, candidate: Vec<Step>) -> bool {
        if self.left == 0 || candidate == self.steps {
            return false;
        }
        self.left -= 1;
        let fails = (self.fails)(&candidate);
        if fails {
            self.steps = candidate;
        }
        fails
    }

    /// Delta debugging: halves, quarters, and so on.
    fn drop_steps(&mut self) {
        let mut chunk = self.steps.len() / 2;
        while chunk > 0 && self.left > 0 {
            let mut start = 0;
            while start < self.steps.len() && self.left > 0 {
                let end = (start + chunk).min(self.steps.len());
                let mut candidate = self.steps.clone();
                candidate.drain(start..end);
                if !self.keep(candidate) {
                    start = end;
                }
            }
            chunk /= 2;
        }
    }

    fn drop_one_by_one(&mut self) -> bool {
        let mut any = false;
        for at in (0..self.steps.len()).rev() {
            let mut candidate = self.steps.clone();
            candidate.remove(at);
            any |= self.keep(candidate);
        }
        any
    }

    fn simplify(&mut self) -> bool {
        let mut any = false;
        for at in 0..self.steps.len() {
            let mut tried = 0;
            while let Step::Call(call) = &self.steps[at]
                && let Some(simpler) = candidate(call, tried)
            {
                let mut steps = self.steps.clone();
                steps[at] = Step::Call(Box::new(simpler));
                any |= self.keep(steps);
                tried += 1;
            }
        }
        any
    }
}

/// Simplification number `index` of a call; none when there are no more.
fn candidate(call: &Call, index: usize) -> Option<Call> {
    let mut simpler = call.clone();
    let mut index = index;
    let images = 1 + call.buffers.len();
    // Whole buffers first, then names, then words of the attr, then its size.
    if index < call.buffers.len() {
        let buffer = &mut simpler.buffers[index];
        *buffer = Image { bytes: vec![0; buffer.bytes.len()], ..buffer.clone() };
        buffer.names.clear();
        buffer.load = None;
        return Some(simpler);
    }
    index -= call.buffers.len();
    if index < images {
        let image = image(&mut simpler, index);
        (image.load, image.save) = (None, None);
        return Some(simpler);
    }
    index -= images;
    if index < call.buffers.len() {
        let bytes = &mut simpler.buffers[index].bytes;
        let half = bytes.len() / 2;
        bytes.truncate(half);
        return Some(simpler);
    }
    index -= call.buffers.len();
    if index < call.attr.names.len() {
        // Without its name an id would be that of somebody else's object.
        if !matches!(call.attr.names[index].what, What::Id(_) | What::IdBefore(_)) {
            simpler.attr.names.remove(index);
        }
        return Some(simpler);
    }
    index -= call.attr.names.len();
    let words = call.attr.bytes.len().div_ceil(4).min(64);
    if index < words {
        let end = (index * 4 + 4).min(call.attr.bytes.len());
        simpler.attr.bytes[index * 4..end].fill(0);
        // Two machines agree on the order of a hash only as long as it has no seed.
        if index == 4 && create::has_zero_seed(call) {
            simpler.attr.bytes[16] = call.attr.bytes[16] & 64;
        }
        return Some(simpler);
    }
    index -= words;
    match index {
        0 => {
            let end = call.attr.bytes.iter().rposition(|byte| *byte != 0).map_or(0, |at| at + 1);
            let named = call.attr.names.iter().map(|name| name.at as usize + name.what.bytes());
            let end = named.fold(end, usize::max).next_multiple_of(4);
            simpler.attr.bytes.truncate(end);
            simpler.size = simpler.attr.bytes.len() as u32;
            Some(simpler)
        }
        _ => None,
    }
}

/// The attr, or a buffer.
fn image(call: &mut Call, index: usize) -> &mut Image {
    match index {
        0 => &mut call.attr,
        index => &mut call.buffers[index - 1],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::make::{World, sequence};
    use crate::random::Random;

    fn commands(steps: &[Step]) -> Vec<u32> {
        let cmd = |step: &Step| match step {
            Step::Call(call) => Some(call.cmd),
            Step::Close(_) => None,
        };
        steps.iter().filter_map(cmd).collect()
    }

    /// What fails for a reason of two calls ends as these two, with nothing in them.
    #[test]
    fn finds_the_two_calls() {
        let steps = sequence(Random::new(3), World { cpus: 2, pins: false, types: World::ALL }, 60);
        let reason = |steps: &[Step]| {
            let all = commands(steps);
            all.contains(&0) && all.contains(&2)
        };
        assert!(reason(&steps));
        let small = shrink(steps, &mut |steps| reason(steps), 5000);
        let mut left = commands(&small);
        left.sort_unstable();
        assert_eq!((left, small.len()), (vec![0, 2], 2));
        for step in &small {
            let Step::Call(call) = step else { panic!("a call") };
            assert!(call.attr.names.is_empty() && call.attr.bytes.iter().all(|byte| *byte == 0));
        }
    }

    #[test]
    fn keeps_to_its_budget() {
        let steps = sequence(Random::new(3), World { cpus: 2, pins: false, types: World::ALL }, 60);
        let mut trials = 0;
        shrink(
            steps,
            &mut |_| {
                trials += 1;
                false
            },
            17,
        );
        assert_eq!(trials, 17);
    }
}
