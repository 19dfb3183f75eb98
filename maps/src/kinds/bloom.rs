//! BLOOM_FILTER, v5.16: values that are pushed and asked about, never handed out.
//!
//! ```text
//! word 0..  the bits
//! ```
//!
//! A value sets one bit for each hash function; the functions are one, with different seeds.
//! Source: `kernel/bpf/bloom_filter.c`, v5.17 and v6.18.

use super::row::{Lookup, NO_BATCH, Take, Update};
use super::whole::{self, By, Fail, New, Whole};
use super::{Kind, Row, System};
use crate::create::{Around, BPF_F_ZERO_SEED};
use crate::jhash::jhash;
use crate::shape::{MOST_BYTES, Shape};
use bpfsim_abi::{Errno, Release};
use bpfsim_sim::{Memory, Place, RegionId};

/// How many hash functions there are where `map_extra` says nothing.
const FUNCTIONS: u32 = 5;

/// Bits of `map_extra` that say how many.
const FUNCTION_BITS: u64 = 0xf;

pub(super) static BLOOM_FILTER: Row = Row {
    number: 30,
    name: "BLOOM_FILTER",
    since: Release::new(5, 16),
    percpu: false,
    build,
    system: System {
        lookup: Lookup::Ask,
        update: Update::Push,
        take: Take::Never,
        batch: NO_BATCH,
    },
};

/// Where the bits are, and how they are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bloom {
    region: RegionId,
    /// One less than the number of bits, a power of two.
    mask: u32,
    functions: u32,
    seed: u32,
    /// In bytes.
    value_size: u32,
}

fn build(memory: &mut Memory, shape: &Shape, around: &Around<'_>) -> Result<Kind, Errno> {
    let functions = match (shape.map_extra & FUNCTION_BITS) as u32 {
        0 => FUNCTIONS,
        functions => functions,
    };
    let mask = mask(shape.max_entries, functions);
    let words = mask / 64 + 1;
    if words > MOST_BYTES / 8 {
        return Err(Errno::ENOMEM);
    }
    let seeded = shape.flags & BPF_F_ZERO_SEED == 0;
    Ok(Kind::Bloom(Bloom {
        region: memory.add(words as usize),
        mask,
        functions,
        seed: if seeded { around.seed } else { 0 },
        value_size: shape.value_size,
    }))
}

/// n values and k functions need n * k / ln 2 bits; 7 / 5 is near enough, and a power of two
/// quick to take the rest of. All bits that 32 bits can name where that is more.
fn mask(entries: u32, functions: u32) -> u32 {
    let bits = entries.checked_mul(functions).and_then(|bits| (bits / 5).checked_mul(7));
    match bits {
        Some(bits) if bits <= 1 << 31 => bits.max(64).next_power_of_two() - 1,
        Some(_) | None => u32::MAX,
    }
}

impl Bloom {
    /// The bits of the value at `value`, as word and mask.
    fn bits(&self, memory: &Memory, value: Place) -> Result<Vec<(u32, u64)>, Fail> {
        let mut bytes = vec![0; self.value_size as usize];
        memory.read(value, &mut bytes)?;
        let bit = |index| {
            let hash = jhash(&bytes, self.seed.wrapping_add(index)) & self.mask;
            (hash / 64, 1 << (hash % 64))
        };
        Ok((0..self.functions).map(bit).collect())
    }
}

impl Whole for Bloom {
    fn region(&self) -> RegionId {
        self.region
    }

    fn words(&self) -> u32 {
        self.mask / 64 + 1
    }

    /// Programs have helpers of their own for it.
    fn find(&self, _: &mut Memory, _: By, _: Place) -> Result<Option<Place>, Fail> {
        Err(Errno::EINVAL.into())
    }

    fn update(&self, _: &mut Memory, _: By, _: Place, _: &New) -> Result<(), Fail> {
        Err(Errno::EINVAL.into())
    }

    fn delete(&self, _: &mut Memory, _: By, _: Place) -> Result<(), Fail> {
        Err(Errno::EOPNOTSUPP.into())
    }

    fn next_key(&self, _: &Memory, _: Option<Place>) -> Result<Place, Fail> {
        Err(Errno::EOPNOTSUPP.into())
    }

    fn push(&self, memory: &mut Memory, value: Place, flags: u64) -> Result<(), Fail> {
        if flags != 0 {
            return Err(Errno::EINVAL.into());
        }
        for (word, bit) in self.bits(memory, value)? {
            let bits = whole::load(memory, self.region, word)?;
            whole::store(memory, self.region, word, bits | bit)?;
        }
        Ok(())
    }

    fn pop(&self, _: &mut Memory, _: Place) -> Result<(), Fail> {
        Err(Errno::EOPNOTSUPP.into())
    }

    /// ENOENT: the value was certainly not pushed.
    fn peek(&self, memory: &mut Memory, value: Place) -> Result<(), Fail> {
        for (word, bit) in self.bits(memory, value)? {
            if whole::load(memory, self.region, word)? & bit == 0 {
                return Err(Errno::ENOENT.into());
            }
        }
        Ok(())
    }

    fn memory_bytes(&self) -> u64 {
        u64::from(self.words()) * 8
    }
}
