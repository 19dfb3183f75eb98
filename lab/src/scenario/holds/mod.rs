//! `holds`: a comparison of sums and products of fields and integers, which a reader could check.

mod parse;

pub use parse::HoldsError;

use std::fmt;

/// A comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Compare {
    /// `==`
    Eq,
    /// `!=`
    Ne,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
}

impl Compare {
    /// As it is written.
    pub const fn sign(self) -> &'static str {
        match self {
            Compare::Eq => "==",
            Compare::Ne => "!=",
            Compare::Lt => "<",
            Compare::Le => "<=",
            Compare::Gt => ">",
            Compare::Ge => ">=",
        }
    }

    /// Whether it holds between two numbers.
    pub const fn test(self, left: i128, right: i128) -> bool {
        match self {
            Compare::Eq => left == right,
            Compare::Ne => left != right,
            Compare::Lt => left < right,
            Compare::Le => left <= right,
            Compare::Gt => left > right,
            Compare::Ge => left >= right,
        }
    }
}

/// A sum: products, each added, or subtracted when the flag is set.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Sum(pub Vec<(bool, Product)>);

/// A product of factors.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Product(pub Vec<Factor>);

/// A factor.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Factor {
    /// An integer.
    Number(u64),
    /// A field of the value.
    Field {
        /// Its position in the map's `fields`.
        index: usize,
        /// Its name.
        name: String,
    },
    /// A sum in parentheses.
    Paren(Sum),
}

/// A comparison of two sums. `Display` writes one spelling for all that mean the same letters.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Holds {
    /// Left side.
    pub left: Sum,
    /// Comparison.
    pub compare: Compare,
    /// Right side.
    pub right: Sum,
}

impl Holds {
    /// Reads `text`; the names are those of `fields`, whose order `eval` follows.
    pub fn parse(text: &str, fields: &[&str]) -> Result<Holds, HoldsError> {
        parse::holds(text, fields)
    }

    /// Whether it holds for a value, given by field. Computed in 128 bits, signed; where that
    /// overflows, or a field is missing, it does not hold.
    pub fn eval(&self, fields: &[u64]) -> bool {
        match (self.left.eval(fields), self.right.eval(fields)) {
            (Some(left), Some(right)) => self.compare.test(left, right),
            _ => false,
        }
    }
}

impl Sum {
    fn eval(&self, fields: &[u64]) -> Option<i128> {
        self.0.iter().try_fold(0i128, |total, (minus, product)| {
            let term = product.eval(fields)?;
            if *minus { total.checked_sub(term) } else { total.checked_add(term) }
        })
    }
}

impl Product {
    fn eval(&self, fields: &[u64]) -> Option<i128> {
        self.0.iter().try_fold(1i128, |total, factor| {
            let factor = match factor {
                Factor::Number(number) => i128::from(*number),
                Factor::Field { index, .. } => i128::from(*fields.get(*index)?),
                Factor::Paren(sum) => sum.eval(fields)?,
            };
            total.checked_mul(factor)
        })
    }
}

impl fmt::Display for Holds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.left, self.compare.sign(), self.right)
    }
}

impl fmt::Display for Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (minus, product)) in self.0.iter().enumerate() {
            let sign = match (at, minus) {
                (0, false) => "",
                (0, true) => "-",
                (_, false) => " + ",
                (_, true) => " - ",
            };
            write!(f, "{sign}{product}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Product {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, factor) in self.0.iter().enumerate() {
            f.write_str(if at == 0 { "" } else { " * " })?;
            match factor {
                Factor::Number(number) => write!(f, "{number}")?,
                Factor::Field { name, .. } => f.write_str(name)?,
                Factor::Paren(sum) => write!(f, "({sum})")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    const FIELDS: &[&str] = &["packets", "bytes"];

    #[rstest]
    #[case::the_usual("bytes == 64 * packets", &[3, 192], true)]
    #[case::half_a_run("bytes == 64 * packets", &[1, 0], false)]
    #[case::hex("bytes == 0x40*packets", &[3, 192], true)]
    #[case::underscores("bytes == 1_000", &[0, 1000], true)]
    #[case::product_binds_tighter("packets + packets * 2 == bytes", &[5, 15], true)]
    #[case::parentheses("(packets + packets) * 2 == bytes", &[5, 20], true)]
    #[case::below_zero("packets - bytes < 0", &[1, 2], true)]
    #[case::minus_in_front("-packets < bytes", &[1, 0], true)]
    #[case::minus_is_left_to_right("10 - 3 - 2 == packets", &[5, 0], true)]
    #[case::not_equal("packets != bytes", &[1, 1], false)]
    #[case::at_most("packets <= bytes", &[1, 1], true)]
    #[case::more("packets > bytes", &[1, 1], false)]
    #[case::at_least("packets >= bytes", &[1, 1], true)]
    #[case::largest("packets * packets > bytes", &[u64::MAX, u64::MAX], false)]
    #[case::fits_in_127_bits("packets * 1000 > bytes", &[u64::MAX, 0], true)]
    #[case::overflow_does_not_hold("packets * packets * packets != 0", &[u64::MAX, 0], false)]
    #[case::missing_field("bytes == bytes", &[1], false)]
    fn evaluates(#[case] text: &str, #[case] fields: &[u64], #[case] met: bool) {
        let holds = Holds::parse(text, FIELDS).expect("parses");
        assert_eq!(holds.eval(fields), met);
        let again = Holds::parse(&holds.to_string(), FIELDS).expect("what it prints");
        assert_eq!(again, holds, "{holds}");
    }

    #[test]
    fn prints_one_spelling() {
        let text = " bytes==0x40 *(packets+ 1)-2 ";
        let holds = Holds::parse(text, FIELDS).expect("parses");
        assert_eq!(holds.to_string(), "bytes == 64 * (packets + 1) - 2");
    }
}
