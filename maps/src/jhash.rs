//! The hash that decides in which bucket a key lies, and so the order of GET_NEXT_KEY.
//!
//! Bob Jenkins' lookup3 (public domain), which the kernel calls `jhash` (`include/linux/jhash.h`).

const INIT: u32 = 0xdead_beef;

/// `jhash(key, len, seed)`; equal to `jhash2` where the length is a multiple of four.
#[inline]
pub fn jhash(key: &[u8], seed: u32) -> u32 {
    let start = INIT.wrapping_add(key.len() as u32).wrapping_add(seed);
    let (mut a, mut b, mut c) = (start, start, start);
    let mut rest = key;
    while rest.len() > 12 {
        a = a.wrapping_add(word(rest, 0));
        b = b.wrapping_add(word(rest, 4));
        c = c.wrapping_add(word(rest, 8));
        (a, b, c) = mix(a, b, c);
        rest = &rest[12..];
    }
    if rest.is_empty() {
        return c;
    }
    a = a.wrapping_add(word(rest, 0));
    b = b.wrapping_add(word(rest, 4));
    c = c.wrapping_add(word(rest, 8));
    last(a, b, c)
}

/// [`jhash`] of a key of `len` (4 or 8) bytes that are given as a number, little endian.
#[inline]
pub fn jhash_word(word: u64, len: u32, seed: u32) -> u32 {
    let start = INIT.wrapping_add(len).wrapping_add(seed);
    let high = if len == 8 { (word >> 32) as u32 } else { 0 };
    last(start.wrapping_add(word as u32), start.wrapping_add(high), start)
}

/// Four bytes from `at`, little endian; what is missing reads as zero.
#[inline]
fn word(bytes: &[u8], at: usize) -> u32 {
    if at >= bytes.len() {
        return 0;
    }
    if let Some(word) = bytes[at..].first_chunk() {
        return u32::from_le_bytes(*word);
    }
    (0..4).fold(0, |word, i| word | u32::from(*bytes.get(at + i).unwrap_or(&0)) << (8 * i))
}

fn mix(mut a: u32, mut b: u32, mut c: u32) -> (u32, u32, u32) {
    for (first, second, third) in [(4, 6, 8), (16, 19, 4)] {
        a = a.wrapping_sub(c) ^ c.rotate_left(first);
        c = c.wrapping_add(b);
        b = b.wrapping_sub(a) ^ a.rotate_left(second);
        a = a.wrapping_add(c);
        c = c.wrapping_sub(b) ^ b.rotate_left(third);
        b = b.wrapping_add(a);
    }
    (a, b, c)
}

#[inline]
fn last(mut a: u32, mut b: u32, mut c: u32) -> u32 {
    let cut = |x: u32, y: u32, by: u32| (x ^ y).wrapping_sub(y.rotate_left(by));
    c = cut(c, b, 14);
    a = cut(a, c, 11);
    b = cut(b, a, 25);
    c = cut(c, b, 16);
    a = cut(a, c, 4);
    b = cut(b, a, 14);
    cut(c, b, 24)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_keys_hash_the_same_as_numbers() {
        for word in [0u64, 1, 0x1234_5678, u64::MAX, 0x0102_0304_0506_0708] {
            let bytes = word.to_le_bytes();
            assert_eq!(jhash_word(word & 0xffff_ffff, 4, 7), jhash(&bytes[..4], 7));
            assert_eq!(jhash_word(word, 8, 7), jhash(&bytes, 7));
        }
    }

    /// lookup3's own checks: `hashlittle("", 0)`, and "Four score and seven years ago".
    #[test]
    fn agrees_with_lookup3() {
        assert_eq!(jhash(b"", 0), 0xdead_beef);
        assert_eq!(jhash(b"", 0xdead_beef), 0xbd5b_7dde);
        assert_eq!(jhash(b"Four score and seven years ago", 0), 0x1777_0551);
        assert_eq!(jhash(b"Four score and seven years ago", 1), 0xcd62_8161);
    }
}
