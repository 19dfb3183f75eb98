//! Classes as bits: what the explorer passes along.

use crate::class::Class;
use bpfsim_abi::Errno;

/// The bit of a class.
pub fn bit_of(class: Class) -> u32 {
    let plain = Class::PLAIN.iter().position(|known| *known == class);
    let errno = |errno: Errno| Errno::ALL.iter().position(|known| *known == errno);
    match (plain, class) {
        (Some(bit), _) => bit as u32,
        (None, Class::Error(number)) => (Class::PLAIN.len() + errno(number).unwrap_or(0)) as u32,
        (None, _) => 0,
    }
}

/// The class with this bit.
pub fn class_of_bit(bit: u32) -> Class {
    let bit = bit as usize;
    match Class::PLAIN.get(bit) {
        Some(class) => *class,
        None => Class::Error(Errno::ALL[(bit - Class::PLAIN.len()).min(Errno::ALL.len() - 1)]),
    }
}

/// Classes as one word.
pub fn bits_of(classes: &[Class]) -> u64 {
    classes.iter().fold(0, |bits, class| bits | 1 << bit_of(*class))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_has_a_bit_of_its_own() {
        let errors = Errno::ALL.iter().map(|errno| Class::Error(*errno));
        let all: Vec<Class> = Class::PLAIN.iter().copied().chain(errors).collect();
        assert!(all.len() <= 64);
        for (bit, class) in all.into_iter().enumerate() {
            assert_eq!(bit_of(class), bit as u32);
            assert_eq!(class_of_bit(bit as u32), class);
        }
    }
}
