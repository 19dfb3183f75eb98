//! Scalars: what is known of a number that is no pointer.
//!
//! Ranges never know more than the kernel's do (v4.14 and later: ranges and known bits). Where the
//! kernel may know more, the scalar is `fuzzy`, and a rejection that depends on it is not ours to
//! give in the kernel's name.

use bpfsim_abi::insn::AluOp;

use crate::era::Era;

/// A 64-bit number between bounds, unsigned and signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Scalar {
    /// Least unsigned value.
    pub umin: u64,
    /// Greatest unsigned value.
    pub umax: u64,
    /// Least signed value.
    pub smin: i64,
    /// Greatest signed value.
    pub smax: i64,
    /// The kernel may know more than these bounds say.
    pub fuzzy: bool,
    /// Scalars of one id are copies of each other; 0 is no id.
    pub id: u32,
}

impl Scalar {
    /// Nothing is known, and the kernel knows no more.
    pub const UNKNOWN: Scalar =
        Scalar { umin: 0, umax: u64::MAX, smin: i64::MIN, smax: i64::MAX, fuzzy: false, id: 0 };

    /// Nothing is known to us.
    pub const FUZZY: Scalar = Scalar { fuzzy: true, ..Scalar::UNKNOWN };

    /// Exactly this value.
    pub const fn constant(value: i64) -> Scalar {
        let u = value as u64;
        Scalar { umin: u, umax: u, smin: value, smax: value, fuzzy: false, id: 0 }
    }

    /// Zero to `umax`.
    pub const fn up_to(umax: u64) -> Scalar {
        Scalar { umin: 0, umax, ..Scalar::UNKNOWN }.settled()
    }

    /// What a load of `bytes` bytes gives.
    pub const fn loaded(bytes: u32) -> Scalar {
        if bytes >= 8 { Scalar::UNKNOWN } else { Scalar::up_to((1 << (bytes * 8)) - 1) }
    }

    /// The value, when there is only one.
    pub const fn value(self) -> Option<i64> {
        if self.umin == self.umax { Some(self.umin as i64) } else { None }
    }

    /// Nothing is known.
    pub const fn is_unknown(self) -> bool {
        self.umin == 0 && self.umax == u64::MAX && self.smin == i64::MIN && self.smax == i64::MAX
    }

    /// Not in any group of copies.
    pub const fn unlinked(self) -> Scalar {
        Scalar { id: 0, ..self }
    }

    /// The same, with a doubt.
    pub const fn doubted(self) -> Scalar {
        Scalar { fuzzy: true, ..self }
    }

    /// Every value of `other` is one of `self`.
    pub const fn covers(self, other: Scalar) -> bool {
        self.umin <= other.umin
            && self.umax >= other.umax
            && self.smin <= other.smin
            && self.smax >= other.smax
    }

    /// No value is left: the path cannot happen.
    pub const fn is_empty(self) -> bool {
        self.umin > self.umax || self.smin > self.smax
    }

    /// Each pair of bounds sharpens the other where the sign is known.
    pub const fn settled(mut self) -> Scalar {
        if self.umax <= i64::MAX as u64 || self.umin > i64::MAX as u64 {
            self.smin = max_i(self.smin, self.umin as i64);
            self.smax = min_i(self.smax, self.umax as i64);
        }
        if self.smin >= 0 || self.smax < 0 {
            self.umin = max_u(self.umin, self.smin as u64);
            self.umax = min_u(self.umax, self.smax as u64);
        }
        self
    }

    fn unsigned(umin: u64, umax: u64) -> Scalar {
        Scalar { umin, umax, ..Scalar::UNKNOWN }.settled()
    }

    /// The low 32 bits, zero-extended.
    pub fn low32(self) -> Scalar {
        match self.value() {
            Some(value) => Scalar::constant(i64::from(value as u32)),
            None if self.umax <= u64::from(u32::MAX) => self,
            None if self.is_unknown() && !self.fuzzy => Scalar::up_to(u32::MAX.into()),
            None => Scalar::up_to(u32::MAX.into()).doubted(),
        }
    }
}

const fn max_i(a: i64, b: i64) -> i64 {
    if a > b { a } else { b }
}

const fn min_i(a: i64, b: i64) -> i64 {
    if a < b { a } else { b }
}

const fn max_u(a: u64, b: u64) -> u64 {
    if a > b { a } else { b }
}

const fn min_u(a: u64, b: u64) -> u64 {
    if a < b { a } else { b }
}

/// `dst op src` as a release with ranges tracks it.
pub(crate) fn alu(era: Era, wide: bool, op: AluOp, dst: Scalar, src: Scalar) -> Scalar {
    if op == AluOp::Mov {
        return if wide { src } else { src.low32() };
    }
    let (a, b) = if wide { (dst, src) } else { (dst.low32(), src.low32()) };
    let fuzzy = a.fuzzy || b.fuzzy;
    let tracked = match binary(era, wide, op, a, b) {
        Some(tracked) => tracked,
        None if wide => Scalar::UNKNOWN,
        // Some releases forget that the upper half is zero, too.
        None => return Scalar::FUZZY,
    };
    // The kernel also tracks single bits, so that only some results are as sharp as its own.
    let sharp = match op {
        AluOp::Add | AluOp::Sub => true,
        AluOp::Div | AluOp::Sdiv | AluOp::Mod | AluOp::Smod => true,
        AluOp::Mul | AluOp::Or | AluOp::And | AluOp::Lsh => false,
        AluOp::Rsh | AluOp::Xor | AluOp::Arsh | AluOp::Mov => false,
    };
    let exact = tracked.value().is_some() || wide && sharp;
    let result = if wide { tracked } else { tracked.low32() };
    Scalar { fuzzy: fuzzy || !exact, id: 0, ..result }
}

fn binary(era: Era, wide: bool, op: AluOp, a: Scalar, b: Scalar) -> Option<Scalar> {
    match op {
        AluOp::Add => Some(add(a, b)),
        AluOp::Sub => Some(sub(a, b)),
        AluOp::Mul => mul(a, b),
        AluOp::And => Some(and(a, b)),
        AluOp::Or => Some(or(a, b)),
        // Tracked since v5.10 (2921c90d4718).
        AluOp::Xor => match (a.value(), b.value()) {
            (Some(x), Some(y)) if era.since(5, 10) => Some(Scalar::constant(x ^ y)),
            _ => None,
        },
        AluOp::Lsh => shift(b, wide).and_then(|by| lsh(a, by)),
        AluOp::Rsh => shift(b, wide).map(|by| Scalar::unsigned(a.umin >> by, a.umax >> by)),
        // Tracked since v4.18 (9cbe1f5a32dc); 32-bit signs are not ours to follow.
        AluOp::Arsh if wide && era.since(4, 18) => shift(b, wide).map(|by| arsh(a, by)),
        AluOp::Arsh => None,
        // The kernel forgets: up to v6.18 a quotient is any number.
        AluOp::Div | AluOp::Mod | AluOp::Sdiv | AluOp::Smod => None,
        AluOp::Mov => Some(b),
    }
}

fn add(a: Scalar, b: Scalar) -> Scalar {
    if let (Some(x), Some(y)) = (a.value(), b.value()) {
        return Scalar::constant(x.wrapping_add(y));
    }
    let mut sum = Scalar::UNKNOWN;
    if let (Some(min), Some(max)) = (a.umin.checked_add(b.umin), a.umax.checked_add(b.umax)) {
        (sum.umin, sum.umax) = (min, max);
    }
    if let (Some(min), Some(max)) = (a.smin.checked_add(b.smin), a.smax.checked_add(b.smax)) {
        (sum.smin, sum.smax) = (min, max);
    }
    sum.settled()
}

fn sub(a: Scalar, b: Scalar) -> Scalar {
    if let (Some(x), Some(y)) = (a.value(), b.value()) {
        return Scalar::constant(x.wrapping_sub(y));
    }
    let mut difference = Scalar::UNKNOWN;
    if a.umin >= b.umax {
        (difference.umin, difference.umax) = (a.umin - b.umax, a.umax - b.umin);
    }
    if let (Some(min), Some(max)) = (a.smin.checked_sub(b.smax), a.smax.checked_sub(b.smin)) {
        (difference.smin, difference.smax) = (min, max);
    }
    difference.settled()
}

fn mul(a: Scalar, b: Scalar) -> Option<Scalar> {
    if let (Some(x), Some(y)) = (a.value(), b.value()) {
        return Some(Scalar::constant(x.wrapping_mul(y)));
    }
    let small = u64::from(u32::MAX);
    (a.umax <= small && b.umax <= small).then(|| Scalar::unsigned(a.umin * b.umin, a.umax * b.umax))
}

fn and(a: Scalar, b: Scalar) -> Scalar {
    match (a.value(), b.value()) {
        (Some(x), Some(y)) => Scalar::constant(x & y),
        _ => Scalar::up_to(a.umax.min(b.umax)),
    }
}

fn or(a: Scalar, b: Scalar) -> Scalar {
    if let (Some(x), Some(y)) = (a.value(), b.value()) {
        return Scalar::constant(x | y);
    }
    let bits = a.umax | b.umax;
    let all = u64::MAX.checked_shr(bits.leading_zeros()).unwrap_or(0);
    Scalar::unsigned(a.umin.max(b.umin), all)
}

fn shift(by: Scalar, wide: bool) -> Option<u32> {
    let width = if wide { 64 } else { 32 };
    by.value().filter(|&by| (0..width).contains(&by)).map(|by| by as u32)
}

fn lsh(a: Scalar, by: u32) -> Option<Scalar> {
    match a.value() {
        Some(value) => Some(Scalar::constant(value << by)),
        None if a.umax.leading_zeros() >= by => Some(Scalar::unsigned(a.umin << by, a.umax << by)),
        None => None,
    }
}

fn arsh(a: Scalar, by: u32) -> Scalar {
    Scalar { smin: a.smin >> by, smax: a.smax >> by, ..Scalar::UNKNOWN }.settled()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::era::v;
    use rstest::rstest;

    const ERA: Era = Era::new(v(6, 18), true);

    fn range(umin: u64, umax: u64) -> Scalar {
        Scalar::unsigned(umin, umax)
    }

    #[rstest]
    #[case::add(AluOp::Add, range(1, 5), range(2, 3), range(3, 8))]
    #[case::add_wraps(AluOp::Add, range(1, u64::MAX), range(1, 1), Scalar::UNKNOWN)]
    #[case::sub(AluOp::Sub, range(10, 20), range(1, 2), range(8, 19))]
    #[case::mul(AluOp::Mul, range(2, 3), range(4, 5), range(8, 15))]
    #[case::and(AluOp::And, Scalar::UNKNOWN, range(7, 7), range(0, 7))]
    #[case::or(AluOp::Or, range(1, 8), range(2, 2), range(2, 15))]
    #[case::lsh(AluOp::Lsh, range(0, 9), range(3, 3), range(0, 72))]
    #[case::lsh_overflows(AluOp::Lsh, range(0, u64::MAX), range(3, 3), Scalar::UNKNOWN)]
    #[case::rsh(AluOp::Rsh, Scalar::UNKNOWN, range(56, 56), range(0, 255))]
    #[case::div_forgets(AluOp::Div, range(8, 8), range(2, 2), Scalar::UNKNOWN)]
    fn tracks(#[case] op: AluOp, #[case] a: Scalar, #[case] b: Scalar, #[case] want: Scalar) {
        let got = alu(ERA, true, op, a, b);
        assert_eq!(Scalar { fuzzy: false, ..got }, want);
    }

    #[test]
    fn every_result_is_in_its_range() {
        let samples = [0u64, 1, 2, 7, 8, 255, 256, 1 << 31, u32::MAX.into(), 1 << 40, 1 << 63];
        let ops = [AluOp::Add, AluOp::Sub, AluOp::Mul, AluOp::And, AluOp::Or, AluOp::Xor];
        for (i, &lo) in samples.iter().enumerate() {
            for &hi in &samples[i..] {
                for &n in &samples {
                    for op in ops {
                        let got = alu(ERA, true, op, range(lo, hi), range(n, n));
                        for x in [lo, hi] {
                            let exact = alu(ERA, true, op, range(x, x), range(n, n));
                            assert!(got.covers(exact), "{op:?} {lo}..{hi} {n}: {got:?} {exact:?}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn a_32_bit_move_keeps_the_low_half() {
        let got = alu(ERA, false, AluOp::Mov, Scalar::UNKNOWN, Scalar::constant(-1));
        assert_eq!(got.value(), Some(0xffff_ffff));
    }
}
