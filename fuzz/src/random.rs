//! Chance from a seed: the same seed gives the same sequence everywhere.

/// SplitMix64.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// Starts from a seed.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Sequence number `index` of a seed, without those before it.
    pub fn of(seed: u64, index: u64) -> Self {
        let mut outer = Self(seed);
        let start = outer.word();
        Self(start ^ index.wrapping_mul(0xd134_2543_de82_ef95))
    }

    /// The next 64 bits.
    pub fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    /// Below `n`; 0 where `n` is 0.
    pub fn below(&mut self, n: u32) -> u32 {
        (self.word() % u64::from(n.max(1))) as u32
    }

    /// From `low` to `high`, both included.
    pub fn within(&mut self, low: u32, high: u32) -> u32 {
        low + self.below(high.saturating_sub(low).saturating_add(1))
    }

    /// True once in `n` times.
    pub fn once_in(&mut self, n: u32) -> bool {
        self.below(n) == 0
    }

    /// One of `from`, which has at least one.
    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u32) as usize]
    }

    /// One of `from`, by weight.
    pub fn weighted<T: Copy>(&mut self, from: &[(u32, T)]) -> T {
        let mut left = self.below(from.iter().map(|(weight, _)| weight).sum());
        for (weight, what) in from {
            match left.checked_sub(*weight) {
                Some(rest) => left = rest,
                None => return *what,
            }
        }
        from[0].1
    }

    /// `len` bytes.
    pub fn bytes(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| self.word() as u8).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Weights count, and the rows of weight 0 never come.
    #[test]
    fn weights() {
        let mut random = Random::new(1);
        let mut seen = [0; 3];
        for _ in 0..4000 {
            seen[random.weighted(&[(3, 0), (0, 1), (1, 2)])] += 1;
        }
        assert_eq!(seen[1], 0);
        assert!((2800..3200).contains(&seen[0]), "{seen:?}");
        assert_ne!(Random::of(1, 0).word(), Random::of(1, 1).word());
        assert_eq!(Random::of(7, 9).word(), Random::of(7, 9).word());
    }
}
