//! Numbers as they are written: `8*ncpus`, `BPF_F_RDONLY|BPF_F_WRONLY`, `&key+4`, `attr-1`.

use crate::names;
use std::fmt;

/// A number. No blanks stand in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expr {
    /// `8`.
    Number(u64),
    /// `0xff`.
    Hex(u64),
    /// A constant of the kernel, an fd, a number that the kernel wrote, or one of [`SPECIAL`].
    Name(String),
    /// `$size`.
    Param(String),
    /// `&key`: where a buffer is.
    Address(String),
    /// `len(key)`: how many bytes it has.
    Len(String),
    /// `-1`.
    Negative(Box<Expr>),
    /// Two numbers and what stands between them.
    Pair(Op, Box<Expr>, Box<Expr>),
}

/// What stands between two numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    /// `|`.
    Or,
    /// `<<`.
    Shift,
    /// `+`.
    Add,
    /// `-`.
    Sub,
    /// `*`.
    Mul,
    /// `/`, which rounds down.
    Div,
    /// `%`.
    Rem,
}

/// Words with a meaning of their own, and what they are.
pub const SPECIAL: [(&str, &str); 11] = [
    ("NULL", "the address 0"),
    ("unmapped", "an address at which nothing is mapped"),
    ("kernel", "an address of the kernel's half"),
    ("nofd", "an fd that nobody has"),
    ("notbpf", "an fd of a file that is no BPF object"),
    ("ncpus", "how many CPUs are possible"),
    ("version", "KERNEL_VERSION() of the release"),
    ("attr", "sizeof(union bpf_attr) at the release"),
    ("arm", "where the last field of the command ends at the release"),
    ("last", "where CHECK_ATTR ends at the release"),
    ("size", "the third argument of the call"),
];

impl Op {
    const fn text(self) -> &'static str {
        match self {
            Op::Or => "|",
            Op::Shift => "<<",
            Op::Add => "+",
            Op::Sub => "-",
            Op::Mul => "*",
            Op::Div => "/",
            Op::Rem => "%",
        }
    }

    /// The higher, the closer it binds.
    const fn level(self) -> u8 {
        match self {
            Op::Or => 1,
            Op::Shift => 2,
            Op::Add | Op::Sub => 3,
            Op::Mul | Op::Div | Op::Rem => 4,
        }
    }
}

/// Who knows what names stand for.
pub trait Names {
    /// An fd, or a number that the kernel wrote, or a special word.
    fn local(&self, name: &str) -> Option<i128>;
    /// Where a buffer is, and how many bytes it has.
    fn buffer(&self, name: &str) -> Option<(u64, usize)>;
}

impl Expr {
    /// Reads a number.
    ///
    /// # Errors
    /// What was found instead of it.
    pub fn parse(text: &str) -> Result<Expr, String> {
        let mut reader = Reader { text, at: 0, depth: 0 };
        let expr = reader.pair(1)?;
        if reader.at < text.len() {
            return Err(format!("'{text}': '{}' cannot stand here", &text[reader.at..]));
        }
        Ok(expr)
    }

    /// Its value, in the field `field` if it stands in one.
    ///
    /// # Errors
    /// A name that nobody knows, a division by zero, a number out of 64 bits and sign.
    pub fn value(&self, names: &dyn Names, field: Option<&str>) -> Result<i128, String> {
        match self {
            Expr::Number(value) | Expr::Hex(value) => Ok((*value).into()),
            Expr::Name(name) => {
                let known = names.local(name).or_else(|| names::constant(name, field));
                known.ok_or_else(|| format!("nothing is called '{name}'"))
            }
            Expr::Param(name) => Err(format!("${name} has no value: write 'for ${name} in …'")),
            Expr::Address(name) => buffer(names, name).map(|(at, _)| at.into()),
            Expr::Len(name) => buffer(names, name).map(|(_, len)| len as i128),
            Expr::Negative(inner) => Ok(-inner.value(names, field)?),
            Expr::Pair(op, left, right) => {
                let (left, right) = (left.value(names, field)?, right.value(names, field)?);
                let value = apply(*op, left, right);
                let fits = |value: &i128| (-(1 << 64)..1 << 65).contains(value);
                value.filter(fits).ok_or_else(|| format!("'{self}' has no value"))
            }
        }
    }

    /// Every part of it that is no pair, to look at.
    pub(crate) fn leaves(&self, see: &mut dyn FnMut(&Expr)) {
        match self {
            Expr::Negative(inner) => inner.leaves(see),
            Expr::Pair(_, left, right) => {
                left.leaves(see);
                right.leaves(see);
            }
            Expr::Number(_)
            | Expr::Hex(_)
            | Expr::Name(_)
            | Expr::Param(_)
            | Expr::Address(_)
            | Expr::Len(_) => see(self),
        }
    }

    /// Every part of it that is no pair, to change.
    pub(crate) fn leaves_mut(
        &mut self,
        change: &mut dyn FnMut(&mut Expr) -> Result<(), String>,
    ) -> Result<(), String> {
        match self {
            Expr::Negative(inner) => inner.leaves_mut(change),
            Expr::Pair(_, left, right) => {
                left.leaves_mut(change)?;
                right.leaves_mut(change)
            }
            Expr::Number(_)
            | Expr::Hex(_)
            | Expr::Name(_)
            | Expr::Param(_)
            | Expr::Address(_)
            | Expr::Len(_) => change(self),
        }
    }
}

fn buffer(names: &dyn Names, name: &str) -> Result<(u64, usize), String> {
    names.buffer(name).ok_or_else(|| format!("no buffer is called '{name}'"))
}

fn apply(op: Op, left: i128, right: i128) -> Option<i128> {
    match op {
        Op::Or => Some(left | right),
        Op::Shift if (0..64).contains(&right) && left >> 64 == 0 => Some(left << right),
        Op::Shift => None,
        Op::Add => left.checked_add(right),
        Op::Sub => left.checked_sub(right),
        Op::Mul => left.checked_mul(right),
        Op::Div => left.checked_div(right),
        Op::Rem => left.checked_rem(right),
    }
}

/// Parentheses and signs may nest this deep.
const DEEPEST: u32 = 32;

struct Reader<'a> {
    text: &'a str,
    at: usize,
    depth: u32,
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn take(&mut self, what: &str) -> bool {
        let here = self.rest().starts_with(what);
        if here {
            self.at += what.len();
        }
        here
    }

    fn op(&mut self, lowest: u8) -> Option<Op> {
        const OPS: [Op; 7] = [Op::Or, Op::Shift, Op::Add, Op::Sub, Op::Mul, Op::Div, Op::Rem];
        let op = OPS.into_iter().find(|op| self.rest().starts_with(op.text()))?;
        (op.level() >= lowest).then(|| {
            self.at += op.text().len();
            op
        })
    }

    fn pair(&mut self, lowest: u8) -> Result<Expr, String> {
        let mut left = self.one()?;
        while let Some(op) = self.op(lowest) {
            let right = self.pair(op.level() + 1)?;
            left = Expr::Pair(op, Box::new(left), Box::new(right));
        }
        Ok(left)
    }

    fn one(&mut self) -> Result<Expr, String> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(format!("'{}' nests too deep", self.text));
        }
        let expr = self.deep_one();
        self.depth -= 1;
        expr
    }

    fn deep_one(&mut self) -> Result<Expr, String> {
        if self.take("-") {
            return Ok(Expr::Negative(Box::new(self.one()?)));
        }
        if self.take("(") {
            let inner = self.pair(1)?;
            return if self.take(")") { Ok(inner) } else { Err(self.wrong("a ')'")) };
        }
        if self.take("&") {
            return self.word().map(Expr::Address);
        }
        if self.take("$") {
            return self.word().map(Expr::Param);
        }
        if self.take("len(") {
            let name = self.word()?;
            return if self.take(")") { Ok(Expr::Len(name)) } else { Err(self.wrong("a ')'")) };
        }
        if self.rest().starts_with(|c: char| c.is_ascii_digit()) {
            return self.number();
        }
        self.word().map(Expr::Name)
    }

    fn wrong(&self, wanted: &str) -> String {
        match self.rest().chars().next() {
            Some(found) => format!("'{}': {wanted} is missing before '{found}'", self.text),
            None => format!("'{}': {wanted} is missing at the end", self.text),
        }
    }

    fn run(&self) -> usize {
        let part = |c: char| c.is_ascii_alphanumeric() || c == '_';
        self.rest().find(|c| !part(c)).unwrap_or(self.rest().len())
    }

    fn word(&mut self) -> Result<String, String> {
        let len = self.run();
        if len == 0 {
            return Err(self.wrong("a number or a name"));
        }
        let word = self.rest()[..len].to_owned();
        self.at += len;
        Ok(word)
    }

    fn number(&mut self) -> Result<Expr, String> {
        let word = self.word()?;
        let bad = |_| format!("'{word}' is no number of at most 64 bits");
        match word.strip_prefix("0x") {
            Some(hex) => u64::from_str_radix(hex, 16).map(Expr::Hex).map_err(bad),
            None => word.parse().map(Expr::Number).map_err(bad),
        }
    }
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let side = |f: &mut fmt::Formatter<'_>, side: &Expr, lowest: u8| match side {
            Expr::Pair(op, _, _) if op.level() < lowest => write!(f, "({side})"),
            side => write!(f, "{side}"),
        };
        match self {
            Expr::Number(value) => write!(f, "{value}"),
            Expr::Hex(value) => write!(f, "{value:#x}"),
            Expr::Name(name) => f.write_str(name),
            Expr::Param(name) => write!(f, "${name}"),
            Expr::Address(name) => write!(f, "&{name}"),
            Expr::Len(name) => write!(f, "len({name})"),
            Expr::Negative(inner) => {
                f.write_str("-")?;
                side(f, inner, u8::MAX)
            }
            Expr::Pair(op, left, right) => {
                side(f, left, op.level())?;
                f.write_str(op.text())?;
                side(f, right, op.level() + 1)
            }
        }
    }
}

impl From<u64> for Expr {
    fn from(value: u64) -> Self {
        Expr::Number(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    struct Known;

    impl Names for Known {
        fn local(&self, name: &str) -> Option<i128> {
            (name == "ncpus").then_some(4)
        }

        fn buffer(&self, name: &str) -> Option<(u64, usize)> {
            (name == "key").then_some((4096, 12))
        }
    }

    #[rstest]
    #[case::number("8", 8)]
    #[case::hex("0xff", 255)]
    #[case::product("8*ncpus", 32)]
    #[case::precedence("1+2*3", 7)]
    #[case::left("9-2-3", 4)]
    #[case::group("(1+2)*3", 9)]
    #[case::group_on_the_right("9-(2-3)", 10)]
    #[case::shift("1<<31", 1 << 31)]
    #[case::flags("BPF_F_RDONLY|BPF_F_WRONLY", 24)]
    #[case::mixed("BPF_F_CPU|1<<32", 8 | 1 << 32)]
    #[case::minus("-1", -1)]
    #[case::of_a_group("-(1+2)", -3)]
    #[case::address("&key+4", 4100)]
    #[case::length("len(key)/8", 1)]
    fn values_and_texts(#[case] text: &str, #[case] value: i128) {
        let expr = Expr::parse(text).expect("a number");
        assert_eq!(expr.value(&Known, None), Ok(value));
        assert_eq!(expr.to_string(), text);
    }

    #[rstest]
    #[case::empty("", "is missing at the end")]
    #[case::half("1+", "is missing at the end")]
    #[case::open("(1", "')' is missing")]
    #[case::long("99999999999999999999", "no number")]
    #[case::blank("1 2", "cannot stand here")]
    #[case::letter("8z", "no number")]
    fn refuses(#[case] text: &str, #[case] why: &str) {
        let message = Expr::parse(text).expect_err("no number");
        assert!(message.contains(why), "{message}");
    }

    #[rstest]
    #[case::unknown("colour", "nothing is called 'colour'")]
    #[case::no_buffer("&value", "no buffer is called 'value'")]
    #[case::by_zero("1/0", "has no value")]
    #[case::too_far("1<<64", "has no value")]
    #[case::param("$x", "$x has no value")]
    fn has_no_value(#[case] text: &str, #[case] why: &str) {
        let expr = Expr::parse(text).expect("a number");
        let message = expr.value(&Known, None).expect_err("no value");
        assert!(message.contains(why), "{message}");
    }

    #[test]
    fn deep_nesting_is_an_error() {
        let text = "(".repeat(100_000);
        assert!(Expr::parse(&text).is_err());
        assert!(Expr::parse(&"-".repeat(100_000)).is_err());
    }
}
