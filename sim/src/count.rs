//! Exact counts of schedules: a machine word where it fits, a big integer where it does not.

use num_bigint::BigUint;
use std::fmt;

/// How many schedules there are. Never rounded, never wrapped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Count {
    /// Fits.
    Small(u128),
    /// Does not.
    Big(Box<BigUint>),
}

impl Count {
    /// None.
    pub const ZERO: Count = Count::Small(0);
    /// One.
    pub const ONE: Count = Count::Small(1);

    /// Adds `other`.
    pub fn add(&mut self, other: &Count) {
        if let (Count::Small(a), Count::Small(b)) = (&*self, other)
            && let Some(sum) = a.checked_add(*b)
        {
            *self = Count::Small(sum);
            return;
        }
        *self = Count::Big(Box::new(self.big() + other.big()));
    }

    fn big(&self) -> BigUint {
        match self {
            Count::Small(small) => BigUint::from(*small),
            Count::Big(big) => (**big).clone(),
        }
    }
}

impl From<u128> for Count {
    fn from(small: u128) -> Self {
        Count::Small(small)
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Count::Small(small) => f.pad(&small.to_string()),
            Count::Big(big) => f.pad(&big.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn does_not_wrap() {
        let mut count = Count::Small(u128::MAX);
        count.add(&Count::ONE);
        assert_eq!(count.to_string(), "340282366920938463463374607431768211456");
    }
}
